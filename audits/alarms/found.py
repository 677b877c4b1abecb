"""What the detector found: evidence, shift and span of every column and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.alarms.calibration import Calibration
from audits.alarms.shares import Shares
from audits.estimate import Floats, Integers

NOT_MOVED = -1
"""`Detected.share` where the total variation shows most."""


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What the detector says of every column and analysed window.

    Parameters
    ----------
    shares, calibration
        What it looked at.
    evidence
        Logarithm to base 10 of the e-value, by [column, window].
    span
        The span, in windows, that shows most.
    effect, low, high
        The part of rows that would have to move back, with 95 % interval, over the span that the answer rests on (`rests`).
    share, before, now
        The watched share (`NOT_MOVED` for the total variation) that shows most over that span: as the reference has it, and over the span.
    judged
        Where the window has rows enough, and the reference its like.
    other
        For a column that is told of by two series of `shares`, the position of the second and the windows where it shows more.
    """

    shares: Shares
    calibration: Calibration
    zone: float
    evidence: Floats
    span: Integers
    share: Integers
    effect: Floats
    low: Floats
    high: Floats
    rests: Integers
    before: Floats
    now: Floats
    judged: NDArray[np.bool_]
    other: Mapping[int, tuple[int, NDArray[np.bool_]]] = field(default_factory=dict)

    def what(self, column: int, window: int) -> str | None:
        """The name of the share that shows most; None for the total variation."""
        share = int(self.share[column, window])
        second, more = self.other.get(column, (column, np.zeros(0)))
        return None if share == NOT_MOVED else self.shares.what(second if len(more) and more[window] else column, share)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, in the order of the arrays."""
        return tuple(column.name for column in self.shares.columns[: len(self.evidence)])

    @property
    def everywhere(self) -> Floats:
        """Logarithm to base 10 of the mean over columns: evidence that any column has moved, by window."""
        return mean_evidence(self.evidence)


def mean_evidence(evidence: Floats) -> Floats:
    """The average of e-values over the first axis, of and as logarithms to base 10; an e-value again.

    >>> round(float(mean_evidence(np.array([[2.0], [0.0]]))[0]), 3)
    1.703
    """
    top = np.maximum(evidence.max(axis=0), -300.0)
    return np.asarray(top + np.log10(np.mean(10.0 ** (evidence - top), axis=0)))


def joined(found: Detected) -> Detected:
    """What is told under one name as one column: its evidence is the average, the rest is that of the part that shows more."""
    names = found.columns
    if len(set(names)) == len(names):
        return found
    last = len(names) - 1
    first = names.index(names[last])
    both = found.judged[first] & found.judged[last]
    other = both & (found.evidence[last] > found.evidence[first])
    evidence = np.where(both, mean_evidence(found.evidence[[first, last]]), found.evidence[first])
    changed: dict[str, Any] = {"evidence": found.evidence[:last].copy(), "judged": found.judged[:last]}
    changed["evidence"][first] = evidence
    for name in ("span", "share", "effect", "low", "high", "rests", "before", "now"):
        values = getattr(found, name)
        kept = values[:last].copy()
        kept[first] = np.where(other, values[last], values[first])
        changed[name] = kept
    return replace(found, other={first: (last, other)}, **changed)
