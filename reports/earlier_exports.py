"""What earlier exports of the same model have shown, so that no two of them can be subtracted to find a handful of people."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.actions import Exported
from reports import scales
from reports.figure import Figure

Cell = tuple[Any, ...]
# These count rows and say nothing about anybody's decision or outcome.
HARMLESS: Final = frozenset({"volume", "freshness", "label_coverage", "label_maturity", "duplicate_rate", "quarantine_rate"})


def key(figure: Figure) -> int:
    """Return a number for what a figure is about: measure, version, column, group, attribute, and where its window starts.

    The end is left out: a period that has grown by three rows since the last export is the same period, seen twice.
    """
    start = "" if figure.at is None else repr(scales.position(figure.at))
    about = (figure.name, figure.version, figure.column, sorted(figure.slice.items()), figure.attribute, figure.whole, start)
    return int.from_bytes(hashlib.sha256(repr(about).encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)


def shown(figures: Iterable[Figure]) -> dict[int, int]:
    """Return the number of rows behind each figure that an export shows."""
    return {key(f): f.n for f in figures if f.n is not None and f.value is not None and not f.suppressed and f.name not in HARMLESS}


@dataclass(slots=True)
class Earlier:
    """Earlier exports, beside the figures that are about to leave: by cell and measure, n now and n in each run that left before."""

    record: Sequence[Exported]
    now: dict[Cell, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    before: dict[Cell, dict[str, list[Exported]]] = field(default_factory=lambda: defaultdict(dict))

    def look(self, figures: Iterable[Figure], cell_of: Mapping[int, Cell]) -> None:
        """Take note of the figures; `cell_of` gives the cell of each by its place."""
        known: dict[int, list[Exported]] = defaultdict(list)
        for each in self.record:
            known[each.cell].append(each)
        for place, figure in enumerate(figures):
            if figure.n is None or figure.value is None or figure.name in HARMLESS or not known:
                continue
            cell, name = cell_of[place], (figure.name if figure.slice or not figure.attribute else f"{figure.name} by {figure.attribute}")
            self.now[cell][name] = figure.n
            found = known.get(key(figure))
            if found:
                self.before[cell][name] = found

    def changed(self, smallest: int) -> set[Cell]:
        """Return the cells that differ from an earlier export by fewer than ten rows, in any of their measures."""
        return {
            cell
            for cell, names in self.before.items()
            if any(0 < abs(self.now[cell][name] - each.n) < smallest for name, runs in names.items() for each in runs)
        }

    def tells(self, total: Cell, parts: Sequence[Cell], smallest: int) -> bool:
        """Whether a total, less the parts of it that are shown now and were then, differs from the same in an export by a handful."""
        if not self.moved(total) and not any(self.moved(part) for part in parts):
            return False
        for name, runs in self.before.get(total, {}).items():
            # Counts change only where one of them begins: it is enough to look at those exports.
            for number in {each.first for cell in (total, *parts) for each in self.before.get(cell, {}).get(name, runs)}:
                rest = self._since(total, name, number)
                if rest is None:
                    continue
                rest -= sum(self._since(part, name, number) or 0 for part in parts)
                if 0 < abs(rest) < smallest:
                    return True
        return False

    def _since(self, cell: Cell, name: str, number: int) -> int | None:
        """Return by how many rows a measure of a cell differs from an export; None where that did not show it."""
        was = next((e.n for e in self.before.get(cell, {}).get(name, ()) if e.first <= number <= e.last), None)
        return None if was is None or name not in self.now[cell] else self.now[cell][name] - was

    def moved(self, cell: Cell) -> bool:
        """Whether any measure of a cell has other rows than in an earlier export."""
        return any(self.now[cell][name] != each.n for name, runs in self.before.get(cell, {}).items() for each in runs)
