"""Traces that quantiles leave: a common factor, and two columns that traded places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from audits.cause_figures import Figure, Figures

LEAST = math.log(1.15)
"""How far from 1 a common factor must lie, in logarithms."""

STEADY = 0.15
"""How far a quantile's own factor may lie from the common one, as a share of the common one's logarithm."""

CROWDED = 0.1
"""Width of the middle of a column, as a part of the reference's, below which its percentiles say little."""

MIXED = 0.08
"""Share of rows that must have gone into one bin."""

EVENLY = 0.12
"""How far a bin's loss may lie from the common one, as a part of what is left, chance aside."""

CLOSE = 0.3
"""How near two columns' quantiles must lie, in standard deviations of the reference, to be one column's."""


def scaled(figure: Figure) -> float | None:
    """The factor by which all values of a column were multiplied, from its percentiles; None where no single factor says it.

    >>> given = {"reference_value": [10.0, 20.0, 30.0, 40.0, 50.0], "value": [7.2, 14.4, 21.5, 28.8, 36.0]}
    >>> round(scaled(Figure(name="quantile_shift", column="income", value=-0.5, low=None, high=None, unit="", tables=given)), 2)
    0.72
    """
    before, now = figure.tables.get("reference_value"), figure.tables.get("value")
    if not before or not now:
        return None
    pairs = [(a, b) for a, b in zip(before, now, strict=True) if a is not None and b is not None and a * b > 0]
    if len(pairs) < 4 or len({a for a, _ in pairs}) < 4:
        return None
    factors = sorted(math.log(b / a) for a, b in pairs)
    middle = factors[len(factors) // 2]
    if abs(middle) < LEAST or max(abs(factor - middle) for factor in factors) > STEADY * abs(middle):
        return None
    moves = sorted(b - a for a, b in pairs)  # a move of all values by one amount says it better where it leaves less over
    amount, factor = moves[len(moves) // 2], math.exp(middle)
    return factor if sum(abs(b - a * factor) for a, b in pairs) < sum(abs(b - a - amount) for a, b in pairs) / 2 else None


def swapped(columns: Sequence[str], figures: Figures) -> dict[str, str]:
    """Columns that hold each other's values now, by name.

    The percentiles of one must be the other's; on the other side they may be too coarse to tell, where the values fall into a few cells of
    a grid that was made for others, or beyond it.
    """
    found: dict[str, str] = {}
    held = {column: figure for column in columns if (figure := figures.at("quantile_shift", column)) is not None}
    for one, other in combinations(held, 2):
        ours, theirs = held[one].tables, held[other].tables
        if _alike(ours, ours) or _alike(theirs, theirs):
            continue
        sure = _alike(ours, theirs), _alike(theirs, ours)
        blurred = _blurred(one, figures), _blurred(other, figures)
        if (sure[0] and (sure[1] or blurred[1])) or (sure[1] and blurred[0]):
            found |= {one: other, other: one}
    return found


def _blurred(column: str, figures: Figures) -> bool:
    """Whether a column's values crowd into a few cells of its grid, or lie beyond it."""
    outside, shift = figures.at("out_of_range_rate", column), figures.at("quantile_shift", column)
    if outside is not None and (outside.value or 0.0) > 0.2:
        return True
    window, reference = (shift.tables.get(key) or [] for key in ("value", "reference_value")) if shift is not None else ([], [])
    if len(window) < 2 or None in window or None in reference:
        return False
    return bool(abs(window[-1] - window[0]) < CROWDED * abs(reference[-1] - reference[0]))


def mixed(figure: Figure) -> tuple[float, bool] | None:
    """The share of rows that went from everywhere into one bin, and whether that is the first or the last; None where rows moved otherwise.

    Of the other bins each lost the same part of its rows: some rows carry one value, or another unit, whatever they were.

    >>> given = {"reference": [100] * 10, "window": [750, 750, 3250, 750, 750, 750, 750, 750, 750, 750]}
    >>> mixed(Figure(name="population_stability_index", column="x", value=0.1, low=None, high=None, unit="", tables=given))
    (0.25, False)
    """
    before, now = figure.tables.get("reference") or [], figure.tables.get("window") or []
    if len(before) != len(now) or len(before) < 5 or None in before or None in now or not sum(before) or not sum(now):
        return None
    n = sum(now)
    p, q = [each / sum(before) for each in before], [each / n for each in now]
    place = max(range(len(p)), key=lambda i: q[i] - p[i])
    if p[place] >= 0.5:
        return None
    share = 1 - (1 - q[place]) / (1 - p[place])
    rest = [(a * (1 - share), b) for i, (a, b) in enumerate(zip(p, q, strict=True)) if i != place and a > 0]
    if share < MIXED or any(abs(b - a) > EVENLY * a + 3 * math.sqrt(a / n) for a, b in rest):
        return None
    return round(share, 6), place in (0, len(p) - 1)


def _alike(now: object, before: object) -> bool:
    """Whether the window's percentiles of one column are the reference's of another."""
    if not isinstance(now, dict) or not isinstance(before, dict):
        return False
    window, reference = now.get("value"), before.get("reference_value")
    if not window or not reference or None in window or None in reference:
        return False
    spread = (reference[-1] - reference[0]) / 2.563  # p90 - p10 of a normal column, in standard deviations
    return bool(spread > 0 and max(abs(a - b) for a, b in zip(window, reference, strict=True)) <= CLOSE * spread)
