"""The audit `weak_spot_by_features_log_loss`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.features import weak_spots_by_features


@audit(name="weak_spot_by_features_log_loss", unit="score", needs=("probability", "outcome"), tasks=("binary",), probe="weak_spots")
def weak_spot_by_features_log_loss(evidence: Evidence) -> Iterator[Measurement]:
    """Conditions on features under which the model's probabilities are worse than elsewhere, found and tested on different rows.

    Formula
        Mean logarithmic loss inside minus outside, on the testing half; the search is that of `weak_spot_by_features`.
    Interval and test
        Welch's t, at 1 - 0.05 x kept / tested.
    When it misleads
        The loss of a perfect model is highest where outcomes are a coin toss, so a region of uncertain outcomes is found without any fault
        of the model; look at `calibration_gap` there before blaming it.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; B. L. Welch (1947), Biometrika 34.
    """
    yield from weak_spots_by_features(evidence, "weak_spot_by_features_log_loss", "score", "log_loss")
