"""Made-up findings of everything that is drawn in parts: estimates, labels, cut-offs, weak spots, and what the files beside hold.

Their tables have the keys that audits write. Numbers are round, so that a page that shows them can be checked by eye.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.dashboard.fabricate_groups import groups
from tests.dashboard.fabricate_tasks import multiclass, regression
from tests.dashboard.fabricate_values import NOT_RUN, v, vs

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer

CUTS = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def further(out: Writer) -> None:
    """Add everything that suits the case."""
    case = out.case
    n = (12 if case.small else 600) * case.windows
    if case.task == "regression":
        regression(out, n)
        return
    if case.task == "multiclass":
        multiclass(out, n)
        return
    labels(out, n)
    estimates(out, n)
    cut_offs(out, n)
    if case.labels:
        changes(out, n)
        weak_spots(out, n)
    if case.attributes:
        groups(out, n)


def labels(out: Writer, n: int) -> None:
    """How outcomes arrive, and whose."""
    known = round(n * 0.72) if out.case.labels else 0
    curve = {
        "days": [0, 5, 10, 15, 20],
        "share": [0.0, 0.2, 0.5, 0.8, 0.95],
        "low": [0.0, 0.19, 0.49, 0.79, 0.94],
        "high": [0.0, 0.21, 0.51, 0.81, 0.96],
    }
    whole = {
        "rows": n,
        "known": known,
        "due": n * 0.75,
        "curve": curve,
        "median_days": 10,
        "days_95": 20,
        "eventually": 0.97,
        "source": "outcome_time",
    }
    if out.case.labels:
        out.add("label_maturity", "proportion", 0.96, 0.95, 0.97, known, tables=json.dumps(whole))
        for window in range(out.case.windows - 5):
            out.add("label_maturity", "proportion", 0.96, 0.93, 0.98, 500, window=window)
    else:
        out.add("label_maturity", "proportion", None, None, None, 0, reason="no outcome is due yet")
    sides = {"favorable": {"rows": n // 2, "known": known // 2}, "unfavorable": {"rows": n // 2, "known": known // 10}, "selective": True}
    if out.case.labels:
        out.add("label_selectivity", "difference", 0.58, 0.55, 0.61, n, tables=json.dumps(sides), q_value=1e-9)
        out.add(
            "base_rate_bounds",
            "proportion",
            0.74,
            0.41,
            0.93,
            n,
            method="worst and best case",
            reason="between 0.41 and 0.93 whatever the missing outcomes are",
        )


def estimates(out: Writer, n: int) -> None:
    """Estimated figures, in every window; withheld in the last but one."""
    out.add("estimated_accuracy", "proportion", 0.82, 0.80, 0.84, n, method="cbpe")
    out.add("estimated_roc_auc", "score", None, None, None, n, reason="can't tell: the scores left the range of the reference")
    for window in range(out.case.windows):
        if window == out.case.windows - 2:
            out.add(
                "estimated_accuracy",
                "proportion",
                None,
                None,
                None,
                600,
                window=window,
                reason="can't tell: the scores left the range of the reference",
            )
        else:
            out.add("estimated_accuracy", "proportion", 0.82, 0.79, 0.85, 600, window=window, method="cbpe")
    if out.case.labels:
        measures = {"accuracy": {"windows": 4, "mean_absolute_error": 0.005, "mean_error": 0.002, "largest_error": 0.01, "coverage": 0.75}}
        tables = {"measure": "accuracy", "windows": 4, "withheld": 1, "measures": measures}
        out.add("estimation_error", "proportion", 0.005, None, None, 4, tables=json.dumps(tables))


def changes(out: Writer, n: int) -> None:
    """Against the reference, and of a version against the one before; the parts of the Brier score; the cost."""
    out.add("accuracy_change", "difference", -0.025, -0.03, -0.02, n, q_value=1e-6, people=180.0, people_low=144.0, people_high=216.0)
    for name, value in (("brier_reliability", 0.002), ("brier_resolution", 0.02), ("brier_uncertainty", 0.142)):
        out.add(name, "score", value, value - 0.001, value + 0.001, n)
    if out.case.versions:
        tables = json.dumps({"value": 0.82, "reference": 0.84, "against": "v3.1"})
        out.add("accuracy_version_difference", "difference", -0.025, -0.04, -0.01, n // 2, version="v3.2", q_value=0.001, tables=tables)
    kinds = ("true_positive", "false_positive", "false_negative", "true_negative")
    tables = json.dumps(
        {
            "costs": dict(zip(kinds, (0.0, 5.0, 1.0, 0.0), strict=True)),
            "n": dict.fromkeys(kinds, n // 4),
            "share": dict(zip(kinds, (0.0, 0.8, 0.2, 0.0), strict=True)),
        }
    )
    out.add("expected_cost", "currency", 1.5, 1.4, 1.6, n, tables=tables)


def cut_offs(out: Writer, n: int) -> None:
    """The threshold explorer; without labels only the shares selected are known."""
    rate = [0.95, 0.9, 0.8, 0.7, 0.55, 0.4, 0.2]
    held = out.case.labels
    tables: dict[str, Any] = {
        "selected": "above",
        "scored": n,
        "n": n if held else 0,
        "bins": 960,
        "threshold": CUTS,
        "selection_rate": vs(rate),
    }
    for name, base in (
        ("accuracy", 0.7),
        ("balanced_accuracy", 0.65),
        ("true_positive_rate", 0.8),
        ("false_positive_rate", 0.3),
        ("positive_predictive_value", 0.8),
    ):
        tables[name] = vs([base + 0.01 * place for place in range(7)]) if held else None
    tables |= {"cost": None, "best": {"accuracy": 6 if held else None, "balanced_accuracy": None, "cost": None}}
    tables["log"] = {"threshold": 0.5, "place": 3, "agreement": 0.98, "selection_rate": v(0.7)} | ({"accuracy": v(0.73)} if held else {})
    out.add("threshold_curve", "proportion", 0.76 if held else None, None, None, n, tables=json.dumps(tables))
    if "sex" in out.case.attributes:
        ratio = vs([0.98, 0.95, 0.9, 0.84, 0.8, 0.75, 0.7])
        group = {
            "scored": n // 2,
            "n": n // 2,
            "selection_rate": vs(rate),
            "true_positive_rate": tables["true_positive_rate"],
            "false_positive_rate": tables["false_positive_rate"],
            "impact_ratio": ratio,
            "log": {"selection_rate": v(0.6), "impact_ratio": v(0.83)},
        }
        tables |= {
            "impact_ratio": ratio,
            "lowest": [0] * 7,
            "highest": [1] * 7,
            "groups": [{"slice": {"sex": "Female"}} | group, {"slice": {"sex": "Male"}} | group],
        }
        out.add("threshold_curve", "proportion", 0.76 if held else None, None, None, n, attribute="sex", tables=json.dumps(tables))


def weak_spots(out: Writer, n: int) -> None:
    """One slice among groups; by features only after the probe."""
    tables = {
        "rank": 1,
        "words": "race = Black and region = north",
        "conditions": [],
        "measure": "error_rate",
        "inside": 0.31,
        "inside_low": 0.27,
        "inside_high": 0.35,
        "outside": 0.12,
        "outside_low": 0.11,
        "outside_high": 0.13,
        "n": 1200,
        "n_outside": n,
        "share": 0.029,
        "tested": 38,
        "found": 1,
        "level": 0.99,
        "explains": ["race = Black"],
    }
    out.add(
        "weak_spot",
        "difference",
        0.19,
        0.15,
        0.23,
        1200,
        slice=json.dumps({"race": "Black", "region": "north"}),
        q_value=1e-5,
        people=228.0,
        people_low=180.0,
        people_high=276.0,
        tables=json.dumps(tables),
    )
    if out.case.what_if:
        tables |= {"words": "income < 20,000", "rows_used": 5000, "rows_available": n, "rows_tested": 2500}
        out.add(
            "weak_spot_by_features", "difference", 0.1, 0.05, 0.15, 300, slice=json.dumps({"income": "< 20,000"}), tables=json.dumps(tables)
        )
    else:
        out.add("weak_spot_by_features", "difference", None, None, None, 0, reason=NOT_RUN)
