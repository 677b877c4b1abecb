"""Small cells: figures about fewer than ten people are withheld from everything that leaves as a report.

A cell is one group in one window. A group with a small cell is withheld on that side of the log (decisions, or outcomes)
as a whole, because rates with different denominators give each other away. Whatever could be found by subtraction is
withheld too: every published total (the attribute, each level of an intersection, the whole period, all versions) has
either no withheld part or at least two that hold ten rows together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from reports.figure import Figure

SMALLEST: Final = 10
# Largest minus smallest (or smallest over largest) of these rates, so they say no more than the rates that are shown.
PARTS: Final = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equal_opportunity_difference": ("true_positive_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
    "predictive_parity_difference": ("positive_predictive_value",),
}
_DECISIONS: Final = frozenset({
    "selection_rate", "impact_ratio", "demographic_parity_difference", "demographic_parity_ratio", "scoring_rate", "scoring_impact_ratio",
    "standardized_mean_difference", "odds_ratio", "exposure_ratio",
})  # fmt: skip

Levels = tuple[tuple[str, str], ...]
Where = tuple[Any, ...]
# A cell: side of the log, column, version, window, group.
Cell = tuple[str, str | None, str | None, Where, Levels]


def suppressed(figures: Sequence[Figure], *, smallest: int = SMALLEST) -> list[Figure]:
    """Return the figures in order, small cells and what would give them away without value, interval, n, p, tables and verdict."""
    support = _support(figures)
    hidden = _closed({cell for cell, n in support.items() if n < smallest}, support, smallest)
    shown: dict[tuple[str, str | None, Where, tuple[str, ...]], list[float]] = defaultdict(list)
    gone: set[tuple[str, str | None, Where, tuple[str, ...]]] = set()
    for figure in figures:
        if figure.slice:
            place = (figure.name, figure.version, _window(figure), tuple(sorted(figure.slice)))
            if _cell(figure, figure.slice) in hidden:
                gone.add(place)
            elif figure.value is not None:
                shown[place].append(figure.value)
    result = []
    for figure in figures:
        withhold = _small(figure, smallest)
        withhold |= bool(figure.slice) and _cell(figure, figure.slice) in hidden
        withhold |= bool(figure.reference_slice) and _cell(figure, figure.reference_slice or {}) in hidden
        withhold |= not figure.slice and figure.attribute is not None and _gives_away(figure, shown, gone)
        result.append(withheld(figure) if withhold else replace(figure, tables=_tables(figure.tables, smallest)))
    return result


def withheld(figure: Figure) -> Figure:
    """Return the figure without anything that was measured."""
    return replace(
        figure,
        value=None,
        low=None,
        high=None,
        n=None,
        p_value=None,
        q_value=None,
        tables=None,
        verdict=None,
        reason="suppressed",
        suppressed=True,
    )


def _small(figure: Figure, smallest: int) -> bool:
    # Nobody at all is no secret, as long as there is no value: "no outcomes are known yet" stays readable.
    return figure.n is not None and figure.n < smallest and (figure.n > 0 or figure.value is not None)


def _side(name: str) -> str:
    return "decisions" if name in _DECISIONS else "outcomes"


def _window(figure: Figure) -> Where:
    return (figure.whole, figure.window_start, figure.window_end, figure.first_row, figure.last_row)


def _cell(figure: Figure, levels: Any) -> Cell:
    return (_side(figure.name), figure.column, figure.version, _window(figure), tuple(sorted(levels.items())))


def _support(figures: Iterable[Figure]) -> dict[Cell, int]:
    """Return the smallest n of each cell, of all figures that rest on it."""
    support: dict[Cell, int] = {}
    for figure in figures:
        if figure.slice and figure.n is not None and (figure.n > 0 or figure.value is not None):
            cell = _cell(figure, figure.slice)
            support[cell] = min(support.get(cell, figure.n), figure.n)
    return support


def _totals(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return, for each published total, the cells that add up to it."""
    sums: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        side, column, version, window, levels = cell
        names = tuple(name for name, _ in levels)
        sums[("attribute", side, column, version, window, names)].append(cell)
        if len(levels) > 1:
            for level in levels:
                sums[("level", side, column, version, window, names, level)].append(cell)
        if not window[0]:
            sums[("period", side, column, version, levels)].append(cell)
        if version is not None:
            sums[("versions", side, column, window, levels)].append(cell)
    return list(sums.values())


def _closed(hidden: set[Cell], support: dict[Cell, int], smallest: int) -> set[Cell]:
    """Return the hidden cells with the smallest others added until no total gives one of them away."""
    totals = _totals(support)
    changed = bool(hidden)
    while changed:
        changed = False
        for parts in totals:
            inside = [cell for cell in parts if cell in hidden]
            if not inside or (len(inside) > 1 and sum(support[c] for c in inside) >= smallest):
                continue
            others = [cell for cell in parts if cell not in hidden]
            if others:
                hidden.add(min(others, key=lambda c: (support[c], repr(c))))
                changed = True
    return hidden


def _gives_away(figure: Figure, shown: dict[Any, list[float]], gone: set[Any]) -> bool:
    """Say whether a figure about a whole attribute rests on a withheld group; one that follows from shown rates does not."""
    names = tuple(sorted((figure.attribute or "").split(",")))
    place = (figure.version, _window(figure), names)
    parts = PARTS.get(figure.name)
    if parts is None:
        return any(
            (version, window, attributes) == place for name, version, window, attributes in gone if _side(name) == _side(figure.name)
        )
    if not any((part, *place) in gone for part in parts):
        return False
    rates = [shown.get((part, *place), []) for part in parts]
    if figure.value is None or any(len(values) < 2 for values in rates):
        return True
    spreads = [(min(v) / max(v) if max(v) else 0.0) if figure.name.endswith("_ratio") else max(v) - min(v) for v in rates]
    return abs(abs(figure.value) - max(spreads)) > 1e-9


def _tables(tables: Any, smallest: int) -> Any:
    """Return a figure's tables with small counts withheld, bin by bin; one withheld bin takes the next smallest with it."""
    if not tables:
        return tables
    clean = dict(tables)
    if isinstance(clean.get("levels"), dict):  # values of a column and their rows: a rare one may name a person
        clean["levels"] = {level: rows for level, rows in clean["levels"].items() if rows >= smallest}
    for names in (("reference",), ("window",), ("n", "observed", "low", "high", "mean_score")):
        counts = clean.get(names[0])
        if not isinstance(counts, list):
            continue
        small = {i for i, c in enumerate(counts) if c is not None and 0 < c < smallest}
        while small and len(small) < len(counts) and (len(small) == 1 or sum(counts[i] for i in small) < smallest):
            rest = [i for i, c in enumerate(counts) if i not in small and c]
            if not rest:
                break
            small.add(min(rest, key=lambda i: (counts[i], i)))
        if small and names[0] in ("reference", "window"):
            clean[f"{names[0]}_total"] = sum(c for c in counts if c is not None)
        for name in names:
            if isinstance(clean.get(name), list):
                clean[name] = [None if i in small else v for i, v in enumerate(clean[name])]
    return clean
