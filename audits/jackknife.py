"""Intervals that respect repeated people: the audits are asked again without each group of units, and what moves is the uncertainty.

Rows of one unit (a customer, a patient) are not independent, so intervals made from counts of rows are too narrow. Units are dealt into
32 groups by a hash; groups are independent of each other. With v_g the figure without group g, of the G groups that hold rows of a cell,

    variance = (G - 1) / G Σ (v_g - mean v)²

Sources: M. H. Quenouille (1956), Biometrika 43, 353-360; J. Shao and D. Tu, The Jackknife and Bootstrap (1995), section 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import Audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import z_of

LEVEL = 0.95
WITHIN_ONE = ("proportion", "score")
SCALED = frozenset({"expected_calibration_error", "brier_reliability", "brier_resolution"})
"""Sums of sizes of gaps, which chance makes larger: their interval over rows, which allows for that, is widened as a whole."""

TEST = ("z", "expected", "test", "p_value")
"""What the tables of `impact_ratio` say of the test over rows."""

FEW_UNITS = "no interval: all its rows are of one group of units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One audit asked of one view of the evidence, and what it found there.

    `place` is the class in view, None for all; `column` the topic that the figures are about because of that, or -1.
    """

    audit: Audit
    place: int | None
    column: int = -1
    blocks: Sequence[Measurement]


def able(audit: Audit, families: Iterable[str]) -> bool:
    """Whether a measure, of these groups of the registry, can be asked without a group of units."""
    return audit.units == "jackknife" and bool({"performance", "fairness", "attribution"} & set(families))


def jackknifed(evidence: Evidence, asked: Sequence[Asked]) -> list[Asked]:
    """The same figures with intervals and p-values from a delete-a-group jackknife; values, support and tables stay.

    Proportions get Wilson's interval for the number of rows that would be as uncertain if they were independent; other scores within
    (0, 1) are put on the logit, ratios on the logarithm, the rest stays as it is; all with Student's t, with one degree of freedom less
    than there are groups that move the figure.
    """
    keys = [np.unique(_keys(evidence, each.blocks)) for each in asked]
    left_out = [np.full((evidence.units, len(key)), np.nan) for key in keys]
    rows = evidence.counts.rows
    held = np.zeros((evidence.units, *rows.shape), dtype=np.bool_)
    for group in range(evidence.units):
        part = evidence.without_unit(group)
        held[group] = part.counts.rows < rows
        if not held[group].any():
            continue
        views: dict[int | None, Evidence] = {None: part}
        for values, key, each in zip(left_out, keys, asked, strict=True):
            if each.place not in views:
                views[each.place] = part.of_class(each.place or 0)
            blocks = [block for block in each.audit(views[each.place]) if len(block)]
            if not blocks:
                continue
            if each.column >= 0:
                blocks = [replace(block, column=np.full(len(block), each.column, dtype=np.int64)) for block in blocks]
            own = _keys(evidence, blocks)
            place = np.clip(np.searchsorted(key, own), 0, len(key) - 1)
            match = key[place] == own
            values[group, place[match]] = np.concatenate([block.value for block in blocks])[match]
    found = []
    for values, key, each in zip(left_out, keys, asked, strict=True):
        done = [_with_units(evidence, block, values[:, np.searchsorted(key, _keys(evidence, [block]))], held)
                for block in each.blocks]  # fmt: skip
        found.append(replace(each, blocks=done))
    return found


def _keys(evidence: Evidence, blocks: Sequence[Measurement]) -> Integers:
    """One number for each cell: which window, version, slice, attribute and column it is about."""
    sizes = (len(evidence.windows), len(evidence.versions), len(evidence.slices), len(evidence.attributes) + 1, len(evidence.topics) + 1)
    parts = [
        np.ravel_multi_index((block.window, block.version, block.slice, block.attribute + 1, block.column + 1), sizes) for block in blocks
    ]
    found: Integers = np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)
    return found


def _with_units(evidence: Evidence, block: Measurement, without: Floats, held: NDArray[np.bool_]) -> Measurement:
    """A block with the intervals that the figures without each group call for."""
    if not len(block):
        return block
    unit, pairs = block.unit, _pairs(evidence, block)
    member = held[:, block.version, block.window, block.slice]
    if (block.reference_slice >= 0).any():
        member = member | (held[:, block.version, block.window, block.reference_slice] & (block.reference_slice >= 0))
    held_by, value = member.sum(axis=0), block.value
    with np.errstate(invalid="ignore"):  # a group of which a figure takes no row, as the men of women, tells nothing of how it varies
        groups = (member & ~(np.abs(without - value) <= 1e-12 * np.maximum(np.abs(value), 1e-9))).sum(axis=0)
    defined = np.isfinite(without) | ~member
    scale = np.full(len(block), "plain", dtype=object) if block.name in SCALED else _scale(unit, value)
    moved = _on(scale, np.where(member, without, np.nan))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = _spread(moved, member, held_by)
        low, high, p_value = _intervals(scale, block, spread, groups, pairs)
    low, high, p_value = _where_degenerate(block, low, high, p_value, spread, held_by)
    lost = np.isfinite(value) & ((held_by < 2) | (groups == 1) | ~defined.all(axis=0)) & (unit != "proportion")
    low, high, p_value = (np.where(lost | ~np.isfinite(value), np.nan, numbers) for numbers in (low, high, p_value))
    given = np.isfinite(block.low) | np.isfinite(block.high)  # what has no interval over rows has none over units
    low, high = np.where(given, low, np.nan), np.where(given, high, np.nan)
    names = np.asarray([f"jackknife over {n} groups of {evidence.model.columns.unit}" for n in range(evidence.units + 1)], dtype=object)
    reason = np.where(lost & (block.reason == ""), FEW_UNITS, block.reason).astype(object)
    return replace(
        block, low=low, high=high, p_value=np.where(np.isfinite(block.p_value), p_value, np.nan), method=names[held_by], reason=reason,
        people=_people(unit, block, low, high), tables={place: _untested(table) for place, table in block.tables.items()},
    )  # fmt: skip


def _untested(table: dict[str, Any]) -> dict[str, Any]:
    """A table without the test of its two groups, which takes every row as somebody else; the figure's own p-value takes its place."""
    return {name: found for name, found in table.items() if name not in TEST} if "test" in table else table


def _scale(unit: str, value: Floats) -> NDArray[np.object_]:
    """What each figure is measured on while its uncertainty is: "logit", "log" or "plain"."""
    if unit in WITHIN_ONE:
        return np.where((value > 0) & (value < 1) & (unit != "proportion"), "logit", "plain").astype(object)
    return np.where((value > 0) & (unit == "ratio"), "log", "plain").astype(object)


def _on(scale: NDArray[np.object_], values: Floats) -> Floats:
    """Values on their scale; beyond it NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(scale == "logit", np.log(values) - np.log1p(-values), np.where(scale == "log", np.log(values), values))
    return np.where(np.isfinite(found), found, np.nan)


def _spread(moved: Floats, member: NDArray[np.bool_], groups: Integers) -> Floats:
    """Standard error by cell: √((G - 1) / G Σ (v_g - mean)²) over the G groups that hold rows of it."""
    usable = member & np.isfinite(moved)
    filled = np.where(usable, moved, 0.0)
    mean = filled.sum(axis=0) / usable.sum(axis=0)
    squares = np.where(usable, (filled - mean) ** 2, 0.0).sum(axis=0)
    return np.asarray(np.sqrt((groups - 1) / groups * squares))


def _intervals(
    scale: NDArray[np.object_], block: Measurement, spread: Floats, groups: Integers, pairs: Integers
) -> tuple[Floats, Floats, Floats]:
    """Ends of the interval and the p-value of no gap, for cells whose figure moves.

    The widest of several gaps lies above the truth by chance: its lower end (of a lowest ratio the upper) makes up for having looked at so
    many pairs by Bonferroni's bound, and so does its p-value.
    """
    from scipy.special import stdtr, stdtrit

    unit, value, free = block.unit, block.value, np.maximum(groups - 1, 1)
    t: Floats = np.asarray(stdtrit(free, 0.5 + LEVEL / 2), dtype=np.float64)
    wide = stdtrit(free, 1 - (0.5 - LEVEL / 2) / pairs)
    if unit == "proportion":
        as_many: Floats = np.minimum(value * (1 - value) / spread**2, block.n).astype(np.float64)
        low, high = _wilson(value, as_many, t)
        return low, high, np.asarray(2 * stdtr(free, -np.abs(value) / spread))
    centre = _on(scale, value)
    if block.name in SCALED:
        times = np.maximum(t * spread / ((block.high - block.low) / 2), 1.0)
        ends = value - times * (value - block.low), value + times * (block.high - value)
        return np.minimum(np.maximum(ends[0], 0.0), value), np.minimum(ends[1], 1.0), np.full(len(block), np.nan)
    ends = centre - np.where(unit == "ratio", t, wide) * spread, centre + np.where(unit == "ratio", wide, t) * spread
    low, high = (_back(scale, end) for end in ends)
    if unit in WITHIN_ONE or unit == "difference":
        within = (np.abs(block.low) <= 1) & (np.abs(block.high) <= 1)  # some differences are in hundredths
        low, high = np.where(within, np.maximum(low, -1.0), low), np.where(within, np.minimum(high, 1.0), high)
    if unit in ("score", "ratio"):
        low = np.where(value >= 0, np.maximum(low, 0.0), low)
    return low, high, np.minimum(2 * pairs * stdtr(free, -np.abs(centre) / spread), 1.0)


def _pairs(evidence: Evidence, block: Measurement) -> Integers:
    """Of how many pairs of groups a figure is the widest gap: more than one only where it is one number for an attribute."""
    several = [len(evidence.known_groups(name)) for name in evidence.attributes]
    pairs = np.asarray([*(max(k * (k - 1) // 2, 1) for k in several), 1], dtype=np.int64)
    return np.where((block.slice == 0) & (block.attribute >= 0), pairs[block.attribute], 1)


def _wilson(p: Floats, n: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Wilson's interval for n rows, n not being whole, at t standard errors."""
    centre = (p + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t * np.sqrt(p * (1 - p) / n + t**2 / (4 * n**2)) / (1 + t**2 / n)
    return np.where(p <= 0, 0.0, np.maximum(centre - half, 0.0)), np.where(p >= 1, 1.0, np.minimum(centre + half, 1.0))


def _back(scale: NDArray[np.object_], values: Floats) -> Floats:
    return np.where(scale == "logit", 1 / (1 + np.exp(-values)), np.where(scale == "log", np.exp(values), values))


def _where_degenerate(
    block: Measurement, low: Floats, high: Floats, p_value: Floats, spread: Floats, groups: Integers
) -> tuple[Floats, Floats, Floats]:
    """Where no group moves the figure (a rate of 0 or 1) the groups count as rows: each may be one unit, and no more is known.

    A proportion gets Wilson's interval for G rows; of any other figure the interval over rows is widened by √(rows / G), and of a ratio of
    0, whose upper end goes down as 1 / rows, by rows / G.
    """
    from scipy.special import ndtr, ndtri

    unit = block.unit
    still = ~(spread > 1e-12 * np.maximum(np.abs(block.value), 1e-6))
    if not still.any():
        return low, high, p_value
    if unit == "proportion":
        ends = _wilson(block.value, np.maximum(groups, 1).astype(np.float64), np.full(len(block.value), z_of(LEVEL)))
    else:
        factor = np.maximum(block.n / np.maximum(groups, 1), 1.0)
        widened = np.where((unit == "ratio") & (block.value == 0), factor, np.sqrt(factor))
        ends = block.value - (block.value - block.low) * widened, block.value + (block.high - block.value) * widened
        if unit in (*WITHIN_ONE, "difference"):
            within = (np.abs(block.low) <= 1) & (np.abs(block.high) <= 1)
            least = 0.0 if unit in WITHIN_ONE else -1.0
            ends = np.where(within, np.maximum(ends[0], least), ends[0]), np.where(within, np.minimum(ends[1], 1.0), ends[1])
        if unit == "ratio":
            ends = np.maximum(ends[0], 0.0), ends[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        weaker = 2 * ndtr(ndtri(block.p_value / 2) * np.sqrt(np.minimum(groups / np.maximum(block.n, 1), 1.0)))
    return np.where(still, ends[0], low), np.where(still, ends[1], high), np.where(still, weaker, p_value)


def _people(unit: str, block: Measurement, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats] | None:
    """As many people as before for each point of the gap, between the new ends of it."""
    if block.people is None:
        return None
    nothing = 1.0 if unit == "ratio" else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        each = block.people[0] / np.abs(block.value - nothing)
        ends = np.abs(low - nothing) * each, np.abs(high - nothing) * each
    across = (low <= nothing) & (high >= nothing)
    known = np.isfinite(each) & np.isfinite(ends[0]) & np.isfinite(ends[1])
    return (
        block.people[0], np.where(known, np.where(across, 0.0, np.minimum(*ends)), np.nan), np.where(known, np.maximum(*ends), np.nan)
    )  # fmt: skip
