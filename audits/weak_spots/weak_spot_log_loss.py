"""The audit `weak_spot_log_loss`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.groups import weak_spots


@audit(name="weak_spot_log_loss", unit="score", needs=("probability", "outcome"), tasks=("binary", "multiclass"), units="own")
def weak_spot_log_loss(evidence: Evidence) -> Iterator[Measurement]:
    """A group, a segment level or a cross of them in which the model's probabilities are worse than for everybody else, beyond chance.

    Formula
        Mean logarithmic loss inside minus outside, searched for and kept as in `weak_spot`; it sees wrong probabilities that the cut-off
        hides.
    Interval and test
        Welch's t, at 1 - 0.05 x kept / tested.
    When it misleads
        The loss of a perfect model is highest where outcomes are a coin toss, so a slice whose outcomes are less certain is a weak spot
        without any fault. A few sure and wrong probabilities weigh as much as hundreds of right ones.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; B. L. Welch (1947), Biometrika 34.

    >>> import math
    >>> round(-math.log(0.6) + math.log(0.9), 3)  # each outcome was given 0.6 inside and 0.9 outside
    0.405
    """
    yield from weak_spots(evidence, "weak_spot_log_loss", "score", "log_loss")
