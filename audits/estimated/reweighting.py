"""Covariate shift: a window whose mix of groups or of decisions differs from the reference's, weighted to its own mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.curve import pulled

BEYOND = 2.24
"""Standard errors by which the weighted outcome rate of either decision must differ from the plain one: 5 % for the two together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """How the cells of the protected cross make up slices, and how their reference outcomes depart from the slice's curve.

    Parameters
    ----------
    slice, cell
        Pairs of places: a slice and a cell in it, slices ascending.
    departure
        By [pair, decision, coarse bin]: outcome rate of the cell minus what the slice's curve expects there.
    variance
        Of the departure, as the reference sampled it.
    """

    slice: Integers
    cell: Integers
    departure: Floats
    variance: Floats


def weighting(rates: Floats, coarse: Floats, within: NDArray[np.bool_]) -> Weighting:
    """Departures of cells: their own rates (`pulled`) minus the slice's, with variance p(1-p)/(n + 2).

    A decision that a cell never has in the reference departs by nothing that is known: it is taken to follow the slice's curve.

    Parameters
    ----------
    rates
        What each slice's curve expects, by [slice, decision, coarse bin].
    coarse
        Reference rows of the cells by [cell, decision, outcome, coarse bin].
    within
        By [slice, cell].
    """
    place, cell = np.nonzero(within)
    known, hits, rate = coarse[cell, :, :2].sum(axis=2), coarse[cell, :, 1], rates[place]
    own = pulled(rate, known, hits)
    seen = known.sum(axis=-1, keepdims=True) > 0
    return Weighting(
        slice=place.astype(np.int64), cell=cell.astype(np.int64), departure=own - rate,
        variance=np.where(seen, own * (1 - own) / (known + 2), 0.0),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What weighting changes: outcomes by [window, slice, decision, coarse bin], and the variance of their number.

    `used` says by [window, slice] where it differs from the plain estimate beyond what sampling the reference explains.
    """

    outcomes: Floats
    variance: Floats
    used: NDArray[np.bool_]


def shift(found: Weighting, cells: Floats, slices: int) -> Shift:
    """Weight the departures of cells to a window's own mix, rows of the cells given by [window, cell, decision, coarse bin].

    With the reference's mix the departures of all cells cancel, and nothing changes: the cells' own rates average to the curve.
    """
    shape = (len(cells), slices, *cells.shape[2:])
    outcomes, variance = np.zeros(shape), np.zeros(shape)
    if not len(found.slice):
        return Shift(outcomes=outcomes, variance=variance, used=np.zeros(shape[:2], dtype=np.bool_))
    rows = cells[:, found.cell]
    first = np.flatnonzero(np.append(True, np.diff(found.slice) > 0))
    held = found.slice[first]
    outcomes[:, held] = np.add.reduceat(rows * found.departure, first, axis=1)
    variance[:, held] = np.add.reduceat(rows**2 * found.variance, first, axis=1)
    moved, spread = outcomes.sum(axis=-1), np.sqrt(variance.sum(axis=-1))
    used = (np.abs(moved) > BEYOND * spread) & (np.abs(moved) > 1e-9)
    return Shift(outcomes=outcomes, variance=variance, used=used.any(axis=-1))
