"""The audit `weak_spot_by_features_absolute_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.features import weak_spots_by_features


@audit(name="weak_spot_by_features_absolute_error", unit="outcome", needs=("score", "outcome"), tasks=("regression",), probe="weak_spots")
def weak_spot_by_features_absolute_error(evidence: Evidence) -> Iterator[Measurement]:
    """Conditions on features under which predictions are further off than elsewhere, found and tested on different rows.

    Formula
        Mean |prediction - outcome| inside minus outside, in the outcome's unit, on the testing half; the search is that of
        `weak_spot_by_features`.
    Interval and test
        Welch's t, at 1 - 0.05 x kept / tested.
    When it misleads
        Errors grow with what is predicted: a region of large amounts is found although its errors may be small as a share.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; B. L. Welch (1947), Biometrika 34.
    """
    yield from weak_spots_by_features(evidence, "weak_spot_by_features_absolute_error", "outcome", "absolute_error")
