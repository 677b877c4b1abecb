"""How a sentence joins a measure to what its column names, where that is no column of the log."""

from __future__ import annotations

from typing import Final

_JOINED: Final = {
    "flip_rate": "under {}", "protected_flip_rate": "when only {} changes", "smallest_flip_distance": "{}",
    "rule_violation_rate": "of “{}”", "invariant_violations": "of “{}”", "outlier_rate": "by {}",
    "membership_inference_auc": "by {}", "trigger_rate": "{}",
}  # fmt: skip
_DETECTORS: Final = {
    "mahalanobis": "Mahalanobis distance", "gaussian_mixture": "Gaussian mixture", "one_class_machine": "one-class machine",
}  # fmt: skip


def topic(measure: str, column: str) -> str:
    """Return what a figure is about, after its measure's name: a column, or a disturbance, a rule, a detector.

    >>> topic("missing_rate", "income"), topic("flip_rate", "noise 0.1"), topic("outlier_rate", "isolation_forest")
    ('of income', 'under noise 0.1', 'by isolation forest')
    """
    return _JOINED.get(measure, "of {}").replace("{}", detector(column) if measure == "outlier_rate" else column)


def spoken(column: str) -> str:
    """Return a column's name for a running sentence; tables and charts have it as the log does.

    >>> spoken("mean_concave_points")
    'mean concave points'
    """
    return " ".join(column.replace("_", " ").split()) or column


def detector(name: str) -> str:
    """Return a detector's name in words.

    >>> detector("mahalanobis"), detector("isolation_forest")
    ('Mahalanobis distance', 'isolation forest')
    """
    return _DETECTORS.get(name, name.replace("_", " "))
