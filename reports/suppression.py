"""Small cells: figures about fewer than ten people are withheld from everything that leaves as a report.

A cell is one group in one window. A group with a small cell is withheld on that side of the log (decisions, outcomes, scores)
as a whole, because rates with different denominators give each other away. Whatever could be found by subtraction is
withheld too: every published total (the attribute, each level of an intersection, the whole period, all versions, all classes) has
either no withheld part or at least two that hold ten rows together. A gap goes with either of its groups, a change of
versions with either version, and a slice that was found by search with what would be left of a larger one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from reports import glossary
from reports.earlier_exports import HARMLESS, Earlier
from reports.figure import Figure
from reports.suppressed_tables import Around, Levels, cleaned, levels_of

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
    "standardized_mean_difference", "odds_ratio", "exposure_ratio", "mean_prediction", "cochran_mantel_haenszel", "detectable_gap",
    "quantile_impact_ratio",
})  # fmt: skip
# Figures that rest on other rows than a group's decisions or outcomes; each is a side of its own, so that a small one takes no other along.
_APART: Final = ("label_selectivity", "label_maturity", "weak_spot", "proxy_strength")
# So does whatever was asked of a model about a part of the rows, or read from the log row by row.
_PROBED: Final = ("explanations", "robustness")
# Their n counts windows, batches or columns, not people; they go when their group's outcomes do.
_NOT_PEOPLE: Final = ("estimation_error", "estimation_coverage", "schema_change", "second_opinion")
_SIDES: Final = ("decisions", "outcomes")
# Figures about a whole attribute that say what they say about groups in their tables: those are pruned group by group.
_TABLED: Final = frozenset({
    "threshold_curve", "mitigation_frontier", "less_discriminatory_alternatives", "reductions_frontier", "criteria_conflict",
    "proxy_strength",
})  # fmt: skip
# Their n is the number of rows in which a model can be seen to err.
_LABELLED: Final = frozenset({"accuracy", "brier_score", "log_loss", "mean_absolute_error"})
# Counts inside tables that the figure's own value, or interval, gives away.
_WITHIN: Final = ("weight", "effective_n", "n_outside", "unknown_favorable", "unknown_unfavorable", "known", "rows")

# The whole analysed period, whatever its ends: there is one in a run.
WHOLE: Final = (True, None, None, None, None)
Where = tuple[Any, ...]
# A measure of an attribute's groups: name, version, column, window, attribute names.
Place = tuple[Any, ...]
# A cell: side of the log, column, version, window, group.
Cell = tuple[str, str | None, str | None, Where, Levels]


def suppressed(figures: Sequence[Figure], *, smallest: int = SMALLEST, earlier: Earlier | None = None) -> list[Figure]:
    """Return the figures in order, small cells and what would give them away without value, interval, n, p, people, tables and verdict.

    With `earlier` exports, cells whose rows differ from what those showed by fewer than ten are withheld too.
    """
    support = _support(figures)
    changed: set[Cell] = set()
    if earlier is not None:
        earlier.look(figures, {place: _cell(figure, figure.slice) for place, figure in enumerate(figures)})
        changed = earlier.changed(smallest)
    small = {cell for cell, n in support.items() if n < smallest}
    hidden = _closed(small | (changed & support.keys()), support, smallest, earlier, changed) | changed
    shown: dict[Place, list[float]] = defaultdict(list)
    gone: set[Place] = set()
    counts: dict[tuple[str, Levels], int | None] = {}
    alike: dict[Place, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.slice:
            place = _place(figure, tuple(sorted(figure.slice)))
            if _cell(figure, figure.slice) in hidden:
                gone.add(place)
            elif figure.value is not None:
                shown[place].append(figure.value)
            if figure.tables:
                alike[place].append(figure)
            if figure.whole and figure.version is None and figure.column is None:
                counts[figure.name, _levels(figure.slice)] = figure.n
    versions = {(side, column, window, levels) for side, column, version, window, levels in hidden if version is not None}
    out = {levels for of, column, version, window, levels in hidden if of in _SIDES and column is None and version is None and window[0]}
    around = Around(hidden=lambda levels: levels in out, n=lambda name, levels: counts.get((name, levels)), smallest=smallest)
    larger = _larger(figures)
    result = []
    for figure in figures:
        withhold = _small(figure, smallest)
        withhold |= (bool(figure.slice) or figure.name not in HARMLESS) and _cell(figure, figure.slice) in hidden
        withhold |= bool(figure.reference_slice) and _cell(figure, figure.reference_slice or {}) in hidden
        withhold |= (
            figure.name.endswith("_version_difference") and _cell(figure, figure.slice)[:2] + _cell(figure, figure.slice)[3:] in versions
        )
        withhold |= not figure.slice and figure.attribute is not None and figure.name not in _TABLED and _gives_away(figure, shown, gone)
        withhold |= figure.name.startswith("weak_spot") and _leaves_few(figure, larger, smallest)
        withhold |= figure.name in _TABLED and _rests_on(figure, out)
        if withhold:
            result.append(withheld(figure))
        else:
            result.append(
                replace(figure, tables=cleaned(figure, around, alike.get(_place(figure, tuple(sorted(figure.slice))), ())))
                if figure.tables
                else figure
            )
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
        people=None,
        people_low=None,
        people_high=None,
        tables=None,
        verdict=None,
        reason="suppressed",
        suppressed=True,
    )


def _small(figure: Figure, smallest: int) -> bool:
    n = least(figure)
    # Nobody at all is no secret, as long as there is no value: "no outcomes are known yet" stays readable.
    return n is not None and n < smallest and (n > 0 or figure.value is not None)


def least(figure: Figure) -> int | None:
    """Return the smallest number of people that a figure's value or interval rests on; None where it counts none."""
    n = figure.n
    if figure.name in _NOT_PEOPLE:
        return None
    if side(figure.name) in (*_SIDES, "scores"):
        return n
    tables = figure.tables or {}
    parts = [tables, *(tables.get(name) for name in ("favorable", "unfavorable"))]
    within = [part[name] for part in parts if isinstance(part, Mapping) for name in _WITHIN if isinstance(part.get(name), (int, float))]
    found = [int(count) for count in within if count > 0]
    return min([*found, n] if n is not None else found, default=n)


@cache
def side(name: str) -> str:
    """Return which rows of the log a measure rests on; a gap, a change or a ratio rests on those of its measure."""
    for affix in ("_version_difference", "_difference", "_change"):
        base = glossary.base_of(name, affix)
        if base is not None:
            return side(base)
    if name in _DECISIONS:
        return "decisions"
    if name.startswith("estimated_"):
        return "scores"
    if name.startswith("probability_weighted_"):
        return "weights"
    apart = name.endswith("_bounds") or name.startswith(_APART) or glossary.term(name).family in _PROBED
    return name if apart else "outcomes"


def _levels(levels: Mapping[str, str]) -> Levels:
    return tuple(sorted(levels.items()))


def _window(figure: Figure) -> Where:
    if figure.whole:
        return WHOLE
    return (False, figure.window_start, figure.window_end, figure.first_row, figure.last_row)


def _cell(figure: Figure, levels: Any) -> Cell:
    return (side(figure.name), figure.column, figure.version, _window(figure), _levels(levels))


def _support(figures: Iterable[Figure]) -> dict[Cell, int]:
    """Return the smallest n of each cell, of all figures that rest on it."""
    support: dict[Cell, int] = {}
    for figure in figures:
        # Everybody in a window, or of a version, is a cell as well: the period less the other windows would tell it.
        everybody = figure.attribute is None and figure.column is None and figure.name not in HARMLESS
        n = least(figure) if figure.slice or everybody else None
        if n is not None and (n > 0 or figure.value is not None):
            cell = _cell(figure, figure.slice)
            support[cell] = min(support.get(cell, n), n)
    return support


def _totals(cells: Iterable[Cell]) -> list[tuple[Cell, list[Cell]]]:
    """Return each published total with the cells that add up to it."""
    sums: dict[tuple[tuple[Any, ...], Cell], list[Cell]] = defaultdict(list)
    for cell in cells:
        of, column, version, window, levels = cell
        names = tuple(name for name, _ in levels)
        sums[("attribute", names), (of, column, version, window, ())].append(cell)
        if len(levels) > 1:
            for level in levels:
                sums[("level", names), (of, column, version, window, (level,))].append(cell)
        if not window[0]:
            sums[("period",), (of, column, version, WHOLE, levels)].append(cell)
        if version is not None:
            sums[("versions",), (of, column, None, window, levels)].append(cell)
        if column is not None:  # the classes of a task with several
            sums[("classes",), (of, None, version, window, levels)].append(cell)
    return [(total, parts) for (_, total), parts in sums.items()]


def _closed(
    hidden: set[Cell], support: dict[Cell, int], smallest: int, earlier: Earlier | None = None, changed: Collection[Cell] = ()
) -> set[Cell]:
    """Return the hidden cells with the smallest others added until no total gives one of them away, alone or beside earlier exports."""
    totals = _totals(support)
    turn = bool(hidden) or earlier is not None
    while turn:
        turn = False
        for total, parts in totals:
            inside = [cell for cell in parts if cell in hidden]
            others = [cell for cell in parts if cell not in hidden]
            few = bool(inside) and (len(inside) == 1 or sum(support[c] for c in inside) < smallest)
            if not few and earlier is not None and total not in hidden and total not in changed:
                others = [cell for cell in others if earlier.moved(cell)] if earlier.tells(total, others, smallest) else []
            elif not few:
                others = []
            if not others and earlier is not None:
                others = list(earlier.completes(total, parts, hidden, smallest))
            if others:
                hidden.add(min(others, key=lambda c: (support[c], repr(c))))
                turn = True
    return hidden


def _place(figure: Figure, names: tuple[str, ...]) -> Place:
    """Return what the figures of an attribute's groups have in common."""
    return (figure.name, figure.version, figure.column, _window(figure), names)


def _gives_away(figure: Figure, shown: Mapping[Place, list[float]], gone: Collection[Place]) -> bool:
    """Say whether a figure about a whole attribute rests on a withheld group; one that follows from shown rates does not."""
    _, *place = _place(figure, tuple(sorted((figure.attribute or "").split(","))))
    parts = PARTS.get(figure.name)
    if parts is None:
        return any(rest == place and side(name) == side(figure.name) for name, *rest in gone)
    if not any((part, *place) in gone for part in parts):
        return False
    rates = [shown.get((part, *place), []) for part in parts]
    if figure.value is None or any(len(values) < 2 for values in rates):
        return True
    spreads = [(min(v) / max(v) if max(v) else 0.0) if figure.name.endswith("_ratio") else max(v) - min(v) for v in rates]
    return abs(abs(figure.value) - max(spreads)) > 1e-9


def _rests_on(figure: Figure, out: Collection[Levels]) -> bool:
    """Whether the one number about an attribute rests on a withheld group: its best gap, or the two groups that it compares."""
    tables = figure.tables or {}
    if figure.name == "criteria_conflict":
        groups = tables.get("groups") or []
        ends = [groups[place] for place in (tables.get("highest"), tables.get("lowest")) if place is not None]
        return any(_levels(each) in out for each in ends)
    compared = tables.get("groups") or (tables.get("baseline") or {}).get("groups") or () if figure.name != "threshold_curve" else ()
    return any(levels_of(each) in out for each in compared)


def _larger(figures: Iterable[Figure]) -> dict[Levels, set[int]]:
    """Return the sizes of the slices that are published over the whole period, in rows with outcome, by their levels."""
    found: dict[Levels, set[int]] = defaultdict(set)
    for figure in figures:
        counted = figure.name in _LABELLED or figure.name.startswith("weak_spot")
        if counted and figure.whole and figure.version is None and figure.column is None and figure.n:
            found[_levels(figure.slice)].add(figure.n)
    return found


def _leaves_few(figure: Figure, larger: Mapping[Levels, set[int]], smallest: int) -> bool:
    """Whether a slice that was found by search leaves fewer than ten people of a larger slice that is published as well."""
    own = set(figure.slice.items())
    if not own or not figure.n:
        return False
    return any(0 < n - figure.n < smallest for levels, sizes in larger.items() if set(levels) < own for n in sizes)
