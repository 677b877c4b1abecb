"""Made-up evidence of drift over time, its replay, splits of rates, what a drop is made of, and all columns together."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer

BUDGETS = ("1 per 1d", "1 per 7d", "1 per 14d", "1 per 30d", "1 per 90d")
LINE = 2.6


def evidence(out: Writer, columns: tuple[str, ...], rng: random.Random) -> None:
    """One answer per column and window: income drifts from past the middle on, debt can't be told, the rest is stable."""
    case = out.case
    per = 12 if case.small else 600
    for column in columns:
        if column == "outcome" and not case.labels:
            continue
        onset: str | int | None = None
        for window in range(case.windows):
            along = window / max(case.windows - 1, 1)
            faulty = column == "income" and case.faults and along > 0.6
            size = 0.02 + rng.uniform(-0.005, 0.005) + (0.5 * (along - 0.6) if faulty else 0.0)
            log = 9.0 * (along - 0.6) if faulty else rng.uniform(-1.5, 0.4)
            word = "drifted" if log >= LINE else "can't tell" if faulty or case.small or column == "debt" else "stable"
            if word == "drifted" and onset is None:
                onset = out.spans[window][0].isoformat() if case.clock else window * 5000
            tables: dict[str, Any] = {
                "answer": word, "effect": {"value": size, "low": size - 0.01, "high": size + 0.01}, "zone": 0.05, "line": LINE,
                "since": onset if word == "drifted" else None, "moved": {"what": "below 24,296", "before": 0.1, "now": 0.1 + size},
                "dispersion": 1.4, "season": "weekday", "reason": "the interval reaches past the zone" if word == "can't tell" else "",
            }  # fmt: skip
            out.add("drift_evidence", "score", log, None, None, per, window=window, column=column, tables=json.dumps(tables),
                    p_value=min(10**-log, 1.0), method="exact")  # fmt: skip
    rings = [{"at": onset_of(out, 0.9), "columns": ["income"]}] if case.faults else []
    replay = [{"budget": name, "quiet_per_30d": 3.0 / (1 + 4 * place), "per_30d": 4.0 - 0.5 * place, "alarms": len(rings),
               "marks": rings} for place, name in enumerate(BUDGETS)]  # fmt: skip
    tables = {"replay": replay, "calibration": {"windows": 30, "season": "weekday", "reason": ""}}
    out.add("drift_evidence", "score", 2.0, None, None, per * case.windows, tables=json.dumps(tables), method="exact")


def onset_of(out: Writer, share: float) -> str | int:
    """Start of the window that lies so far along."""
    place = int(share * (out.case.windows - 1))
    return out.spans[place][0].isoformat() if out.case.clock else place * 5000


def attribution(out: Writer) -> None:
    """Approval split over sex, and what a drop of accuracy is made of where the probe has run."""
    case = out.case
    n = (12 if case.small else 600) * case.windows
    if "sex" in case.attributes:
        split = {
            "rate": "selection_rate", "against": "reference", "value": 0.64, "reference": 0.70, "change": -0.06,
            "mix_effect": -0.015, "mix_low": -0.02, "mix_high": -0.01, "rate_effect": -0.045, "rate_low": -0.055, "rate_high": -0.035,
            "levels": ["Female", "Male"], "n": [n // 2, n // 2], "reference_n": [8000, 10000], "share": [0.5, 0.5],
            "reference_share": [0.44, 0.56], "rates": [0.55, 0.73], "reference_rates": [0.62, 0.76], "mix_parts": [0.037, -0.052],
            "rate_parts": [-0.035, -0.01],
        }  # fmt: skip
        for name in ("mix", "rate"):
            size, low, high = (split[f"{name}_{end}"] for end in ("effect", "low", "high"))
            out.add(f"selection_rate_{name}_effect", "difference", size, low, high, n, attribute="sex", tables=json.dumps(split))
    if case.what_if and case.labels:
        kinds = (("data quality", -0.03), ("covariate", -0.004), ("concept", -0.01), ("label delay", 0.002))
        feature = {"column": "income", "value": -0.028, "low": -0.034, "high": -0.022, "words": "logged in another unit"}
        parts = [{"kind": kind, "value": value, "low": value - 0.006, "high": value + 0.006,
                  "features": [feature] if kind == "data quality" else []} for kind, value in kinds]  # fmt: skip
        tables = {"metric": "accuracy", "value": 0.788, "reference": 0.83, "change": -0.042, "low": -0.05, "high": -0.034, "parts": parts,
                  "effective_n": 900, "rows_used": 5000, "rows_available": n, "seconds": 3.4, "auc": 0.71}  # fmt: skip
        out.add("drop_attribution", "difference", -0.042, -0.05, -0.034, n, tables=json.dumps(tables))


def together(out: Writer) -> None:
    """All columns at once, where the probes have run."""
    if not out.case.what_if:
        return
    n = 600 * out.case.windows
    read = {"rows_used": 5000, "rows_available": n, "seconds": 2.5}
    auc = read | {"features": ["income", "score", "debt"], "importance": [0.7, 0.2, 0.1]}
    out.add("domain_classifier_auc", "score", 0.71, 0.68, 0.74, n, tables=json.dumps(auc))
    out.add("maximum_mean_discrepancy", "distance", 0.04, 0.03, 0.05, n, tables=json.dumps(read))
    for window in range(out.case.windows):
        out.add("domain_classifier_auc", "score", 0.5 + 0.01 * window, 0.49 + 0.01 * window, 0.52 + 0.01 * window, 600, window=window)
    said = {"columns": [{"column": "income", "method": "Wasserstein", "statistic": 0.35, "threshold": 0.1, "says": "drifted"}]}
    out.add("second_opinion", "proportion", 0.09, 0.02, 0.3, n, tables=json.dumps(read | said))
    rows = {"t": [0, 100, 200, 300], "statistic": [0.5, 1.0, 2.5, 3.5], "line": [3.0, 3.0, 3.0, 3.0], "first": 300}
    out.add("online_fisher", "proportion", 0.1, None, None, 300, tables=json.dumps(read | rows))
