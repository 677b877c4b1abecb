"""The audit `weak_spot_absolute_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.groups import weak_spots


@audit(name="weak_spot_absolute_error", unit="outcome", needs=("score", "outcome"), tasks=("regression",), units="own")
def weak_spot_absolute_error(evidence: Evidence) -> Iterator[Measurement]:
    """A group, a segment level or a cross of them in which predictions are further off than for everybody else, beyond chance.

    Formula
        Mean |prediction - outcome| inside minus outside, in the outcome's unit, searched for and kept as in `weak_spot`.
    Interval and test
        Welch's t, at 1 - 0.05 x kept / tested.
    When it misleads
        Errors grow with what is predicted: a slice of large amounts has large errors, which may be small as a share. A few huge errors
        hide or make a weak spot.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; B. L. Welch (1947), Biometrika 34.

    >>> (4 + 6) / 2 - (1 + 1) / 2
    4.0
    """
    yield from weak_spots(evidence, "weak_spot_absolute_error", "outcome", "absolute_error")
