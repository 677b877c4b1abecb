"""Made-up findings between groups: gaps, conflicts, what could be done, proxies, groups by probability."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.dashboard.fabricate_values import NOT_RUN, point, v, vs

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer


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
