"""Intervals counted: how many were made and how many hold the truth, by measure, n and base rate, and as tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audits.estimate import Floats

MIN_N = 30
NOMINAL = 0.95


@dataclass
class Cell:
    """Intervals of one measure at one n and base rate: asked for, made, holding the truth; and those of figures on 30 rows or more."""

    asked: int = 0
    made: int = 0
    held: int = 0
    judged: int = 0
    judged_held: int = 0

    @property
    def coverage(self) -> float:
        """Share of the intervals made that hold the truth."""
        return self.held / self.made if self.made else float("nan")

    @property
    def judged_coverage(self) -> float:
        """The same of figures that a policy would judge."""
        return self.judged_held / self.judged if self.judged else float("nan")

    def add(self, low: Floats, high: Floats, truth: Floats, n: Floats, asked: int) -> None:
        """Count intervals; those without either end are not made."""
        made = np.isfinite(low) & np.isfinite(high)
        held = made & (low <= truth + 1e-12) & (truth - 1e-12 <= high)
        enough = n >= MIN_N
        self.asked += asked
        self.made += int(made.sum())
        self.held += int(held.sum())
        self.judged += int((made & enough).sum())
        self.judged_held += int((held & enough).sum())


@dataclass
class Table:
    """Cells by measure, n and base rate; in order of appearance."""

    cells: dict[tuple[str, int, float], Cell] = field(default_factory=dict)

    def cell(self, name: str, rows: int, rate: float) -> Cell:
        """The cell, new when first asked for."""
        return self.cells.setdefault((name, rows, rate), Cell())

    @property
    def names(self) -> list[str]:
        """Measures, in order."""
        return list(dict.fromkeys(name for name, _, _ in self.cells))

    def mean(self, name: str, rows: int, *, judged: bool = False) -> float:
        """Mean coverage over the base rates at which most samples gave an interval; `judged`: of those on 30 rows or more."""
        found = [cell for (n, r, _), cell in self.cells.items() if (n, r) == (name, rows)]
        known = [
            cell.judged_coverage if judged else cell.coverage for cell in found if (cell.judged if judged else cell.made) > cell.asked / 2
        ]
        return float(np.mean(known)) if known else float("nan")


def lines(table: Table, rows: int) -> list[str]:
    """One n as a table in Markdown: coverage in percent by measure and base rate."""
    rates = list(dict.fromkeys(rate for _, _, rate in table.cells if rate))
    head = [f"n = {rows:,}", *(f"{100 * rate:g} %" for rate in rates), "mean", "of those on 30 rows", "met"]
    found = [row_of(head), "|---" * len(head) + "|"]
    for name in table.names:
        cells = {rate: cell for (n, r, rate), cell in table.cells.items() if (n, r) == (name, rows)}
        if not cells:
            continue
        shown = [shown_cell(cells[rate]) if rate in cells else "" for rate in rates]
        mean, judged = table.mean(name, rows), table.mean(name, rows, judged=True)
        found.append(row_of([name, *shown, percent(mean), percent(judged), verdict(mean)]))
    return found


def shown_cell(cell: Cell) -> str:
    """Coverage in percent; in brackets where most samples gave no interval, a dash where none did."""
    shown = percent(cell.coverage)
    return shown if cell.made > cell.asked / 2 or not cell.made else f"({shown})"


def verdict(mean: float) -> str:
    """Whether a mean coverage lies within a point of 95 %: "wide" above, "no" below."""
    if not np.isfinite(mean):
        return ""
    return "yes" if abs(round(mean, 3) - NOMINAL) <= 0.01 + 1e-9 else ("wide" if mean > NOMINAL else "no")


def row_of(cells: Sequence[str]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def percent(value: float) -> str:
    """In percent with one decimal; a dash for what there is not."""
    return f"{100 * value:.1f}" if np.isfinite(value) else "-"


def summary(table: Table, sizes: Sequence[int]) -> list[str]:
    """How many measures meet the aim at each n, and the names of those that fall short."""
    found = ["| n | within a point of 95 % | wider | narrower |", "|---|---|---|---|"]
    for rows in sizes:
        said: dict[str, list[str]] = {"yes": [], "wide": [], "no": []}
        for name in table.names:
            word = verdict(table.mean(name, rows))
            if word:
                said[word].append(name)
        short = f"{len(said['no'])}: {'; '.join(said['no'])}" if said["no"] else "0"
        found.append(row_of([f"{rows:,}", str(len(said["yes"])), str(len(said["wide"])), short]))
    return found
