"""Figures of a run laid out in full, so that any two of them can be subtracted at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mover, two_proportion_p, z_of

Flags = NDArray[np.bool_]
Words = NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Estimates by [measure, ...], the last axes being any of version, window and slice; NaN where there is none.

    `share` says where an estimate is hits / n with a Wilson interval, `units` where its interval is a jackknife's over groups of units.
    """

    value: Floats
    low: Floats
    high: Floats
    n: Floats
    share: Flags
    units: Flags

    def at(self, *place: object) -> Figures:
        """The figures of some places, indexed like an array."""
        return Figures(**{name: getattr(self, name)[place] for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The difference of two figures, cell by cell."""

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    method: Words


def laid_out(evidence: Evidence, blocks: Sequence[Measurement], keys: Sequence[tuple[str, int]]) -> Figures:
    """The figures of some measures, each a name and a column (-1 for none), by [measure, version, window, slice]."""
    shape = (len(keys), *evidence.shape)
    order = {key: position for position, key in enumerate(keys)}
    numbers = {name: np.full(shape, np.nan) for name in ("value", "low", "high")}
    n, share, units = np.zeros(shape), np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    names = {name for name, _ in keys}
    for block in (block for block in blocks if block.name in names and len(block)):
        first = int(block.column[0])
        columns = [first] if (block.column == first).all() else np.unique(block.column).tolist()
        for column in (column for column in columns if (block.name, column) in order):
            kept: slice | Integers = slice(None) if len(columns) == 1 else np.flatnonzero(block.column == column)
            cell = (order[block.name, column], block.version[kept], block.window[kept], block.slice[kept])
            for name, values in numbers.items():
                values[cell] = getattr(block, name)[kept]
            n[cell] = block.n[kept]
            if block.unit == "proportion":
                share[cell] = block.method[kept] == "wilson"
            if evidence.units:
                units[cell] = ["jackknife" in str(text) for text in block.method[kept].tolist()]
    return Figures(n=n, share=share, units=units, **numbers)


def gap(first: Figures, second: Figures, *, freedom: int) -> Gap:
    """The first figures minus the second, with interval and p-value.

    Newcombe's interval and the test of two proportions where both are shares of rows. Otherwise MOVER from the two intervals, and the
    p-value that agrees with it: the standard error is the distance from the gap to the end of its interval on the side of 0, over the
    quantile the interval was made with; that of Student's t with `freedom` degrees where either interval is a jackknife's.
    """
    from scipy.special import ndtr, stdtr, stdtrit

    one, other = np.broadcast_arrays(first.value, second.value)
    value = one - other
    low, high = mover([one, other], [(first.low, first.high), (second.low, second.high)], [1.0, -1.0])
    shares, units = first.share & second.share, first.units | second.units
    reach = np.where(value > 0, value - low, high - value)
    scaled = np.divide(np.abs(value), reach, out=np.full(value.shape, np.nan), where=reach > 0)
    p_value = np.asarray(2 * ndtr(-z_of() * scaled))
    if units.any():
        p_value = np.where(units, 2 * stdtr(freedom, -stdtrit(freedom, 0.975) * scaled), p_value)
    if shares.any():
        pair = [np.broadcast_to(values, value.shape)[shares] for values in (first.value, first.n, second.value, second.n)]
        p_value[shares] = two_proportion_p(np.rint(pair[0] * pair[1]), pair[1], np.rint(pair[2] * pair[3]), pair[3])
    names = np.asarray(["mover", "newcombe", "mover-jackknife"], dtype=object)
    method = names[np.where(units, 2, np.where(shares, 1, 0))]
    p_value = np.where(np.isfinite(value), p_value, np.nan)
    return Gap(value=value, low=low, high=high, p_value=p_value, method=method)


def people(value: Floats, low: Floats, high: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """How many of n rows a gap between shares amounts to, with the interval that follows from the gap's; never below 0.

    >>> import numpy as np
    >>> [float(x[0]) for x in people(np.array([-0.1]), np.array([-0.15]), np.array([0.05]), np.array([200.0]))]
    [20.0, 0.0, 30.0]
    """
    across = (low <= 0) & (high >= 0)
    ends = np.abs(low) * n, np.abs(high) * n
    return np.abs(value) * n, np.where(across, 0.0, np.minimum(*ends)), np.maximum(*ends)
