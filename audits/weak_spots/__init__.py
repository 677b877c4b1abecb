"""Where the model does worst: slices searched for over groups and segments, and over features."""

from __future__ import annotations

from audits.audit import Audit
from audits.weak_spots.weak_spot import weak_spot
from audits.weak_spots.weak_spot_absolute_error import weak_spot_absolute_error
from audits.weak_spots.weak_spot_by_features import weak_spot_by_features
from audits.weak_spots.weak_spot_by_features_absolute_error import weak_spot_by_features_absolute_error
from audits.weak_spots.weak_spot_by_features_log_loss import weak_spot_by_features_log_loss
from audits.weak_spots.weak_spot_log_loss import weak_spot_log_loss

AUDITS: tuple[Audit, ...] = (
    weak_spot,
    weak_spot_log_loss,
    weak_spot_absolute_error,
    weak_spot_by_features,
    weak_spot_by_features_log_loss,
    weak_spot_by_features_absolute_error,
)
"""In the order of the page."""
