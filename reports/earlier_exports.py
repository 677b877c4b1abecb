"""What earlier exports of the same model have shown, so that no two of them can be subtracted to find a handful of people."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
        was = _at(self.before.get(cell, {}).get(name, ()), number)
        return None if was is None or name not in self.now[cell] else self.now[cell][name] - was

    def moved(self, cell: Cell) -> bool:
        """Whether any measure of a cell has other rows than in an earlier export."""
        return any(self.now[cell][name] != each.n for name, runs in self.before.get(cell, {}).items() for each in runs)

    def completes(self, total: Cell, parts: Sequence[Cell], hidden: Collection[Cell], smallest: int) -> Sequence[Cell]:
        """Return the cells that complete a total together with other exports: what both leave open is a handful; () where none do.

        A part that one export withheld for a smaller one's sake, and another shows, gives the smaller one away.
        """
        of_parts = [self.before.get(part, {}) for part in parts]
        for name, runs in self.before.get(total, {}).items():
            n_now = [0 if part in hidden else self.now.get(part, {}).get(name, 0) for part in parts]
            told = [of.get(name, ()) for of in of_parts]
            # The total of an export, less its parts there, less those that are shown only now: one of these may have changed since.
            for number in {each.first for each in itertools.chain(runs, *told)}:
                was = _at(runs, number)
                then = [_at(each, number) for each in told]
                new = [place for place, n in enumerate(then) if n is None and n_now[place]]
                if was is None or not new:
                    continue
                rest = was - sum(n or 0 for n in then) - sum(n_now[place] for place in new)
                for left_out in (None, *new) if len(new) > 1 else (None,):
                    if 0 < rest + (0 if left_out is None else n_now[left_out]) < smallest:
                        return [parts[place] for place in new if place != left_out]
            # The total of now, less its parts, less those that only an export has shown; again, one of these may have changed.
            last = [max(each, key=lambda e: e.last).n for each, n in zip(told, n_now, strict=True) if each and not n]
            rest = self.now.get(total, {}).get(name, 0) - sum(n_now) - sum(last)
            if last and total not in hidden and any(0 < rest + n < smallest for n in ((0, *last) if len(last) > 1 else (0,))):
                return [part for part, n in zip(parts, n_now, strict=True) if n] or [total]
        return ()


def _at(runs: Iterable[Exported], number: int) -> int | None:
    """Return what an export showed, by its number; None where it did not."""
    return next((each.n for each in runs if each.first <= number <= each.last), None)
