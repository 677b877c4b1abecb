"""Made-up findings of everything that is drawn in parts: estimates, labels, cut-offs, gaps, conflicts, proxies, weak spots.

Their tables have the keys that audits write. Numbers are round, so that a page that shows them can be checked by eye.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer

CUTS = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
NOT_RUN = 'the features together need rows, not tallies: run "candor audit --what-if"'
CLASSES = ("home", "office", "care")


def v(value: float, spread: float = 0.01) -> dict[str, float]:
    """A value with its interval."""
    return {"value": value, "low": value - spread, "high": value + spread}


def vs(values: list[float], spread: float = 0.01) -> dict[str, list[float]]:
    """A column of values with intervals."""
    return {"value": values, "low": [each - spread for each in values], "high": [each + spread for each in values]}


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


def point(**more: Any) -> dict[str, Any]:
    """A way of deciding."""
    return {
        "threshold": 0.5,
        "selection_rate": v(0.7),
        "accuracy": v(0.74),
        "balanced_accuracy": v(0.7),
        "cost": None,
        "demographic_parity_difference": v(0.12),
        "impact_ratio": v(0.84),
        "equal_opportunity_difference": v(0.1),
        "equalized_odds_difference": v(0.11),
        "groups": [],
    } | more


def groups(out: Writer, n: int) -> None:
    """Gaps, conflicts, what could be done, proxies, groups by probability, and how small a gap could be seen."""
    case = out.case
    one, other = {"sex": "Female"}, {"sex": "Male"}
    common = {"slice": json.dumps(one), "reference_slice": json.dumps(other), "attribute": "sex"}
    for window in (None, *range(case.windows)):
        rows = n if window is None else 600
        out.add(
            "selection_rate_difference",
            "difference",
            -0.16,
            -0.18,
            -0.14,
            rows // 2,
            window=window,
            q_value=1e-9,
            people=0.16 * rows / 2,
            people_low=0.14 * rows / 2,
            people_high=0.18 * rows / 2,
            **common,
        )
    out.add(
        "detectable_gap",
        "difference",
        0.03,
        None,
        None,
        n // 2,
        **common,
        tables=json.dumps(
            {
                "power": 0.8,
                "reference_rate": 0.7,
                "reference_n": n // 2,
                "policy_gap": 0.02,
                "n_needed": 2 * n,
                "enough": False,
                "true_positive_rate": None,
            }
        ),
    )
    shares = [0.1, 0.3, 0.5, 0.7, 0.9]
    ratio = [0.5, 0.6, 0.7, 0.8, 0.95]
    out.add(
        "quantile_impact_ratio",
        "ratio",
        0.8,
        0.78,
        0.82,
        n // 2,
        **common,
        tables=json.dumps(
            {
                "shares": shares,
                "thresholds": shares,
                "ratio": ratio,
                "low": [each - 0.02 for each in ratio],
                "high": [each + 0.02 for each in ratio],
                "rate": shares,
                "reference_rate": shares,
                "at": 0.7,
            }
        ),
    )
    strata = {
        "segment": "region",
        "levels": ["north", "south"],
        "selected": [30, 60],
        "decided": [100, 100],
        "reference_selected": [20, 50],
        "reference_decided": [100, 100],
        "odds_ratio": [1.7, 1.5],
        "low": [1.1, 1.0],
        "high": [2.5, 2.2],
        "crude": {"odds_ratio": 0.8, "low": 0.7, "high": 0.9},
        "chi_squared": 9.0,
        "homogeneity": None,
        "opposite": 2,
        "simpson": True,
    }
    out.add(
        "cochran_mantel_haenszel",
        "ratio",
        1.6,
        1.2,
        2.0,
        n // 2,
        column="region",
        q_value=0.001,
        **common,
        tables=json.dumps(strata),
        reason="Simpson’s paradox: in all, Female less often, but within 2 of 2 levels of region more often",
    )
    for place, column in enumerate(("income", "purpose", "housing")):
        tables = {
            "rank": place + 1,
            "accuracy": 0.6,
            "majority": 0.5,
            "auc": 0.65,
            "first": "Female",
            "telling": [{"level": "Female", "bin": "< 12", "n": 310, "share": 0.93, "overall": 0.48}],
        }
        out.add("proxy_strength", "score", 0.4 - 0.1 * place, 0.3, 0.5, n, attribute="sex", column=column, tables=json.dumps(tables))
    if case.what_if:
        out.add(
            "proxy_strength",
            "score",
            0.5,
            0.45,
            0.55,
            n,
            attribute="sex",
            tables=json.dumps(
                {
                    "auc": 0.8,
                    "auc_low": 0.78,
                    "auc_high": 0.82,
                    "chance": 0.5,
                    "folds": 5,
                    "rows_used": 5000,
                    "rows_available": n,
                    "recall": {"Female": 0.7, "Male": 0.75},
                }
            ),
        )
        probe = {"rows_used": 5000, "rows_available": n}
        reduced = point(constraint="demographic_parity", strength=0.01)
        out.add(
            "reductions_frontier",
            "difference",
            0.02,
            0.0,
            0.04,
            n,
            attribute="sex",
            tables=json.dumps({"baseline": point(), "points": [reduced], "probe": probe}),
        )
    else:
        out.add("proxy_strength", "score", None, None, None, 0, attribute="sex", reason=NOT_RUN)
        out.add("reductions_frontier", "difference", None, None, None, 0, attribute="sex", reason=NOT_RUN)
    for name in ("selection_rate", "impact_ratio"):
        out.add(
            f"probability_weighted_{name}",
            "ratio" if name == "impact_ratio" else "proportion",
            0.85,
            0.7,
            1.0,
            n,
            slice=json.dumps({"origin": "North"}),
            method="bounds",
            tables=json.dumps(
                {"weight": 100.0, "effective_n": 80.4, "sampling": {"low": 0.8, "high": 0.9}, "bounds": {"low": 0.7, "high": 1.0}}
            ),
        )
    if not case.labels:
        return
    out.add(
        "criteria_conflict",
        "difference",
        0.05,
        0.03,
        0.07,
        n,
        attribute="sex",
        reason="The positive outcome is more common among Male.",
        tables=json.dumps(
            {
                "groups": [one, other],
                "n": [n // 2, n // 2],
                "base_rate": [0.7, 0.75],
                "positive_predictive_value": [0.8, 0.82],
                "true_positive_rate": [0.6, 0.7],
                "false_positive_rate": [0.3, 0.4],
                "highest": 1,
                "lowest": 0,
                "conflict": True,
                "sentences": ["The positive outcome is more common among Male.", "Both cannot hold."],
            }
        ),
    )
    near = {
        "threshold": [0.4, 0.5, 0.6],
        "selection_rate": vs([0.8, 0.7, 0.6]),
        "accuracy": vs([0.72, 0.74, 0.75]),
        "balanced_accuracy": vs([0.7, 0.7, 0.7]),
        "cost": None,
        "demographic_parity_difference": vs([0.05, 0.08, 0.12]),
        "impact_ratio": vs([0.93, 0.9, 0.84]),
        "equal_opportunity_difference": vs([0.05, 0.08, 0.1]),
        "equalized_odds_difference": vs([0.05, 0.08, 0.1]),
        "frontier": [True, True, True],
    }
    curves = [
        {
            "constraint": "demographic_parity",
            "objective": "accuracy",
            "tolerance": [0.0, 0.05],
            "objective_value": vs([0.73, 0.74]),
            "accuracy": vs([0.73, 0.74]),
            "balanced_accuracy": vs([0.7, 0.7]),
            "cost": None,
            "gap": vs([0.0, 0.05]),
            "demographic_parity_difference": vs([0.0, 0.05]),
            "impact_ratio": vs([1.0, 0.94]),
            "exact": None,
        }
    ]
    out.add(
        "mitigation_frontier",
        "difference",
        0.08,
        0.07,
        0.09,
        n,
        attribute="sex",
        tables=json.dumps(
            {
                "selected": "above",
                "n": n,
                "baseline": point(kind="logged decisions", threshold=None),
                "common": near,
                "recommended": point(demographic_parity_difference=v(0.08)),
                "groups": [],
                "left_out": [],
                "per_group": {"note": "possible disparate treatment", "recommended": False, "curves": curves},
            }
        ),
    )
    other_cut = {
        "kind": "common threshold",
        "description": "cut-off 0.4 for everybody",
        "kept": True,
        "why": "",
        "threshold": 0.4,
        "dropped": [],
        "n": n,
        "accuracy": v(0.74),
        "loss": v(0.0),
        "balanced_loss": v(0.0),
        "cost": None,
        "cost_increase": None,
        "impact_ratio": v(0.93),
        "gain": v(0.09),
        "selection_rate": v(0.8),
        "demographic_parity_difference": v(0.05),
        "groups": [],
    }
    out.add(
        "less_discriminatory_alternatives",
        "ratio",
        0.93,
        0.9,
        0.96,
        n,
        attribute="sex",
        tables=json.dumps(
            {
                "baseline": point(kind="logged decisions"),
                "yardstick": "accuracy",
                "searched": ["common thresholds"],
                "not_searched": [] if case.what_if else [{"kind": "reductions", "reason": "it needs rows"}],
                "alternatives": [other_cut],
            }
        ),
    )


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
