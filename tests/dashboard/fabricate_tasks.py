"""Made-up findings of tasks other than two classes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer

CLASSES = ("home", "office", "care")


def regression(out: Writer, n: int) -> None:
    """Errors of a predicted number."""
    bins = range(10)
    tables = {
        "n": [n // 10] * 10,
        "from": [100.0 * i for i in bins],
        "to": [100.0 * i + 99 for i in bins],
        "mean_prediction": [100.0 * i + 50 for i in bins],
        "mean_error": [5.0 - i for i in bins],
        "low": [3.0 - i for i in bins],
        "high": [7.0 - i for i in bins],
        "mean_absolute_error": [10.0] * 10,
        "root_mean_squared_error": [14.0] * 10,
    }
    out.add("mean_error", "outcome", 0.5, -0.5, 1.5, n, tables=json.dumps(tables))
    for name, unit, value in (
        ("mean_absolute_error", "outcome", 10.0),
        ("root_mean_squared_error", "outcome", 14.0),
        ("r_squared", "score", 0.8),
        ("interval_coverage", "proportion", 0.9),
    ):
        for window in (None, *range(out.case.windows)):
            out.add(name, unit, value, value * 0.95, value * 1.05, n if window is None else 600, window=window)
    for level in ("Female", "Male"):
        out.add("mean_error", "outcome", 0.5, -1.0, 2.0, n // 2, slice=json.dumps({"sex": level}), attribute="sex")


def multiclass(out: Writer, n: int) -> None:
    """A confusion matrix, and the figures of each class."""
    confusion = [[500, 20, 5], [30, 300, 10], [5, 8, 120]]
    out.add("accuracy", "proportion", 0.92, 0.9, 0.94, n, tables=json.dumps({"classes": list(CLASSES), "confusion": confusion}))
    for label in CLASSES:
        for name in ("selection_rate", "true_positive_rate", "f1"):
            out.add(name, "proportion", 0.8, 0.78, 0.82, n, column=label)
        for level, rate in (("Female", 0.6), ("Male", 0.7)):
            about = {"slice": json.dumps({"sex": level}), "attribute": "sex", "column": label}
            out.add("selection_rate", "proportion", rate, rate - 0.02, rate + 0.02, n // 2, **about)
        out.add(
            "impact_ratio",
            "ratio",
            0.857,
            0.84,
            0.87,
            n // 2,
            slice='{"sex": "Female"}',
            reference_slice='{"sex": "Male"}',
            attribute="sex",
            column=label,
        )
