"""What each window is held against, the reference or the window before it, and how a statistic of the two becomes measurements."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import Function, measurement
from audits.drift.cells import Cells, cells
from audits.drift.two_samples import Column, Samples, two_samples
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.once import once

FROM_PREVIOUS = "_from_previous"
"""What the name of a statistic ends in where the window before is the reference."""

FIRST_WINDOW = "compared with the first complete window, because no reference is configured"
NONE_BEFORE = "no window before it holds a value"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Samples of every column, and their reference.

    Parameters
    ----------
    samples
        The numeric columns together, then the categorical ones; either may be absent.
    before
        For each of these stacks, by [column, window], the last window before it in which the column has values, 0 where there is none;
        None where the reference is held against every window.
    """

    evidence: Evidence
    samples: tuple[Samples, ...]
    before: tuple[Integers, ...] | None = None

    @property
    def numeric(self) -> tuple[Samples, ...]:
        """The numeric columns, if there are any."""
        return tuple(samples for samples in self.samples if samples.columns[0].edges is not None)

    @property
    def categorical(self) -> tuple[Samples, ...]:
        """The categorical ones, if there are any."""
        return tuple(samples for samples in self.samples if samples.columns[0].edges is None)

    def cells(self) -> Iterator[Cells]:
        """Each numeric column on its whole grid, in the order of the numeric samples."""
        for place, found in enumerate(cells(self.evidence)):
            yield found if self.before is None else replace(
                found, reference=self.earlier(place, found.windows), reference_total=self.earlier(place, found.total),
                reference_running=self.earlier(place, found.running),
            )  # fmt: skip

    def earlier(self, place: int, windows: Floats) -> Floats:
        """Of a numeric column, the values of the window that each is held against, from values by window; 0 where there is none."""
        assert self.before is not None
        return _taken(windows, self.before[0][place])


def _taken(windows: Floats, before: Integers) -> Floats:
    found = windows[before]
    found[before == 0] = 0.0
    return found


Statistic = Callable[[Comparison], Iterator[Measurement]]


def against_reference(statistic: Statistic) -> Function:
    """The function of an audit: the statistic of the reference and each window."""

    @functools.wraps(statistic)
    def function(evidence: Evidence) -> Iterator[Measurement]:
        return statistic(with_reference(evidence))

    return function


def with_reference(evidence: Evidence) -> Comparison:
    """Every window, and the whole period, held against the reference."""
    return Comparison(evidence=evidence, samples=two_samples(evidence))


@once
def with_previous(evidence: Evidence) -> Comparison:
    """Every window held against the one before it; windows in which a column has no value are passed over."""
    stacks, before = [], []
    for samples in two_samples(evidence):
        windows = np.arange(len(evidence.windows))
        held = np.where((samples.m > 0) & (windows > 0), windows, 0)
        last = np.maximum.accumulate(held, axis=1)
        before.append(np.concatenate([np.zeros_like(last[:, :1]), last[:, :-1]], axis=1).astype(np.int64))
        reference = np.stack([_taken(one, places) for one, places in zip(samples.windows, before[-1], strict=True)])
        stacks.append(Samples(columns=samples.columns, reference=reference, windows=samples.windows))
    return Comparison(evidence=evidence, samples=tuple(stacks), before=tuple(before))


def compared_windows(evidence: Evidence) -> NDArray[np.bool_]:
    """Windows that are held against the reference: all but the one that is the reference itself."""
    kept = np.ones(len(evidence.windows), dtype=bool)
    if evidence.reference.kind == "first window":
        own = (evidence.reference.start, evidence.reference.first_row)
        kept[1:] = [(window.start, window.first_row) != own for window in evidence.windows[1:]]
    return kept


def noted(evidence: Evidence, reason: NDArray[np.object_]) -> NDArray[np.object_]:
    """Reasons, with a word that the reference is the first window where it is."""
    if evidence.reference.kind != "first window":
        return reason
    return np.where(reason == "", FIRST_WINDOW, reason + f"; {FIRST_WINDOW}").astype(object)


Tables = Callable[[Column, int, int], dict[str, Any]]
"""From a column, its place in the stack and a window to named numbers."""


def per_column(
    held: Comparison, name: str, samples: Samples, value: Floats, low: Floats, high: Floats, *, method: str, p_value: Floats,
    tables: Tables | None = None, reason: str | NDArray[np.object_] = "it cannot be computed", unit: str = "distance",
) -> Measurement:  # fmt: skip
    """Measurements by [column, window]: one wherever a window has rows and something to be held against.

    Left out are the reference's own window and, from window to window, the whole period and the first window with rows. `reason` is given
    where both samples have values and the figure still is NaN. n is the window's rows with a value, from window to window the smaller of
    both windows'.
    """
    evidence = held.evidence
    rows = samples.m + np.stack([column.missing for column in samples.columns]) > 0
    lost = np.where(samples.n > 0, "every value of the window is missing", "the reference holds no value")
    if held.before is None:
        shown, n = rows & compared_windows(evidence), np.broadcast_to(samples.m, value.shape)
    else:
        filled = np.flatnonzero(evidence.counts.rows[0, 1:, 0] > 0) + 1
        shown, n = rows & (np.arange(len(evidence.windows)) > (filled[0] if len(filled) else 0)), np.minimum(samples.n, samples.m)
        lost = np.where(samples.m > 0, NONE_BEFORE, "every value of the window is missing")
    known = shown & samples.usable & np.isfinite(value)
    why = np.where(known, "", np.where(samples.usable, reason, lost)).astype(object)
    why = noted(evidence, why) if held.before is None else _passed_over(held, samples, known, why)
    place, window = np.nonzero(shown)
    position = np.asarray([column.position for column in samples.columns], dtype=np.int64)

    def numbers(values: Floats) -> Floats:
        return np.where(known, values, np.nan)[place, window]

    attached: dict[int, dict[str, Any]] = {}
    if tables is not None:
        cells = zip(place.tolist(), window.tolist(), known[place, window].tolist(), strict=True)
        attached = {i: tables(samples.columns[c], c, w) for i, (c, w, found) in enumerate(cells) if found}
    return measurement(
        name if held.before is None else name + FROM_PREVIOUS, unit, value=numbers(value), low=numbers(low), high=numbers(high),
        n=np.rint(n[place, window]), method=method, window=window, slice=0, column=position[place], p_value=numbers(p_value),
        reason=why[place, window], tables=attached,
    )  # fmt: skip


def _passed_over(held: Comparison, samples: Samples, known: NDArray[np.bool_], why: NDArray[np.object_]) -> NDArray[np.object_]:
    """Reasons, with a word which window is compared with where it is not the one just before."""
    assert held.before is not None
    before = held.before[[each is samples for each in held.samples].index(True)]
    for place, window in zip(*np.nonzero(known & (before < np.arange(before.shape[1]) - 1)), strict=True):
        earlier = held.evidence.windows[before[place, window]]
        when = f"from row {earlier.first_row}" if earlier.start is None else f"of {earlier.start:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
        why[place, window] = f"compared with the window {when}: the column has no values in between"
    return why
