"""Made-up findings of robustness: disturbances, smallest flips, rules, membership, and signs of an attack in the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.dashboard.fabricate_values import v

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer

NOISE = {0.01: 0.002, 0.1: 0.02, 0.3: 0.07, 1.0: 0.2}
GROUPS = ("Female", "Male")


def with_model(out: Writer) -> None:
    """What was asked of the model."""
    kinds = [(f"noise {size:g}", rate, {"kind": "noise", "size": size}) for size, rate in NOISE.items()]
    kinds += [("missing income", 0.31, {"kind": "missing", "size": None}), ("typo", 0.004, {"kind": "text", "size": None})]
    for name, rate, tables in kinds:
        held = json.dumps(tables | {"columns": 4, "model": "model", "rows_used": 5000, "rows_available": 7200, "seconds": 3.0})
        out.add("flip_rate", "proportion", rate, rate * 0.9, rate * 1.1, 5000, column=name, tables=held)
        for version, factor in (("v3.1", 0.5), ("v3.2", 1.2)):
            out.add("flip_rate", "proportion", rate * factor, rate * factor * 0.9, rate * factor * 1.1, 2500, column=name, version=version)
        for group, factor in zip(GROUPS, (1.5, 0.7), strict=True):
            out.add("flip_rate", "proportion", rate * factor, rate * factor * 0.8, rate * factor * 1.2, 2400, column=name,
                    slice=json.dumps({"sex": group}))  # fmt: skip
    distances(out)
    rules(out)
    tables = {"training_rows": 4000, "served_rows": 5000, "control": v(0.51), "excess": 0.06, "excess_low": 0.04, "excess_high": 0.08}
    out.add("membership_inference_auc", "score", 0.57, 0.55, 0.59, 9000, column="loss", tables=json.dumps(tables), method="delong-weighted")


def distances(out: Writer) -> None:
    """The smallest change that turns a decision round, and how far an attacker gets."""
    shares = [0.05, 0.25, 0.5, 0.75]
    for column, middle in ((None, 0.8), ("to favorable", 0.9), ("to adverse", 0.5)):
        value = [middle * share * 2 for share in shares[:3]] + [None]
        quantiles = {"share": shares, "value": value, "low": value, "high": value}
        tables = json.dumps({"quantiles": quantiles, "beyond": 900, "budget": 3.0, "model": "model"})
        out.add("smallest_flip_distance", "distance", middle, middle - 0.05, middle + 0.05, 4000, column=column, tables=tables)
    curve = {"distance": [0.1, 0.25, 0.5, 1.0], "value": [0.02, 0.1, 0.3, 0.6], "low": [0.01, 0.08, 0.27, 0.57],
             "high": [0.03, 0.12, 0.33, 0.63], "n": [2000] * 4}  # fmt: skip
    tables = json.dumps({"within": 0.5, "curve": curve, "budget": 3.0, "queries": 250_000, "seconds": 12.0, "rows_used": 2000,
                         "rows_available": 7200})  # fmt: skip
    out.add("evasion_rate", "proportion", 0.3, 0.27, 0.33, 2000, tables=tables)
    for group, middle in zip(GROUPS, (0.6, 1.0), strict=True):
        of: dict[str, Any] = {"slice": json.dumps({"sex": group})}
        out.add("smallest_flip_distance", "distance", middle, middle - 0.1, middle + 0.1, 1900, **of)
        rate = 0.25 / middle
        out.add("evasion_rate", "proportion", rate, rate - 0.05, rate + 0.05, 950, **of)


def rules(out: Writer) -> None:
    """A rule that is broken, one that holds, one that cannot be asked; an invariant that is broken, one that holds."""
    tables: dict[str, Any] = {"kind": "monotone", "change": "+10%", "columns": ["income"], "direction": "up", "by": 0.02, "scorer": "model"}
    tables |= {"mean_change": 0.03, "low": 0.02, "high": 0.04}
    out.add("rule_violation_rate", "proportion", 0.12, 0.11, 0.13, 5000, column="more income never hurts", tables=json.dumps(tables),
            threshold_max=0.05, severity="ticket", verdict="fail")  # fmt: skip
    steady = tables | {"kind": "invariant", "change": "typo", "columns": ["purpose"], "direction": None, "by": 0.0}
    out.add("rule_violation_rate", "proportion", 0.0, 0.0, 0.001, 5000, column="a typo changes nothing", tables=json.dumps(steady))
    out.add("rule_violation_rate", "proportion", None, None, None, 0, column="no such column", reason="the log has no column “zip”")
    tables = {"never": "dose > 40", "severity": "page", "share": 0.0006, "low": 0.0002, "high": 0.0018, "untold": 12, "rows": 7200}
    out.add("invariant_violations", "count", 4.0, 4.0, 4.0, 7188, column="dose", tables=json.dumps(tables), method="exact")
    for window in range(out.case.windows):
        times = 4.0 if window == 3 else 0.0
        out.add("invariant_violations", "count", times, None, None, 1200, column="dose", window=window, method="exact")
    calm = {"never": "age is missing", "severity": "ticket", "share": 0.0, "low": 0.0, "high": 0.0005, "untold": 0, "rows": 7200}
    out.add("invariant_violations", "count", 0.0, 0.0, 0.0, 7200, column="age", tables=json.dumps(calm), method="exact")


def from_log(out: Writer, *, attacked: bool) -> None:
    """Signs of an attack; where nobody attacks, the same figures without any."""
    n, read = 7200, {"rows_used": 7200, "rows_available": 7200, "seconds": 0.4, "created": "2026-11-20T12:00:00Z"}
    probing = {"client": "c-17", "rows": 400, "near": 300, "probes": 280, "expected": 12.0, "p_value": 1e-12,
               "first": "2026-11-01T00:00:00", "last": "2026-11-02T00:00:00"}  # fmt: skip
    copying = {"client": "c-99", "score": 0.91, "low": 0.85, "high": 0.95, "rows": 2000, "bucket": "2026-11-03T00:00:00",
               "signs": {"volume": 1.0, "coverage": 0.9, "sweeps": 0.4}, "figures": {}}  # fmt: skip
    cluster = {"rows": 60, "expected": 0.2, "allowed": 4, "clients": 2, "client": "c-17", "first": "2026-11-01T00:00:00",
               "last": "2026-11-01T06:00:00", "inputs": {"income": 21000, "debt": 300, "purpose": "car", "years_employed": 2}}  # fmt: skip
    burst = {"client": "c-99", "hour": "2026-11-03T04:00:00", "rows": 900, "usual": 10, "allowed": 40}
    campaign = {"by": "region", "level": "north", "direction": "reported unfavorable", "first": "2026-11-03T00:00:00",
                "last": "2026-11-04T00:00:00", "rows": 120,
                "contradicted": 90, "expected": 10.0, "p_value": 1e-9}  # fmt: skip
    some = int(attacked)
    values: dict[str, tuple[float, dict[str, Any]]] = {
        "boundary_probe_rate": (0.04 * some, {"by": "client", "band": 0.02, "clients": [probing] * some}),
        "extraction_score": (0.91 if attacked else 0.2, {"by": "client", "ordinary": 30, "clients": [copying] * some}),
        "replay_rate": (0.008 * some, {"clusters": [cluster] * some, "in_all": some}),
        "flood_rate": (0.125 * some, {"by": "client", "bursts": [burst] * some, "in_all": some}),
        "outcome_flip_rate": (0.0125 * some, {"campaigns": [campaign] * some, "in_all": some}),
    }
    for name, (value, tables) in values.items():
        fact = name == "extraction_score"
        low, high = (None, None) if fact else (value * 0.9, value * 1.1 + 0.0005)
        unit = "score" if fact else "proportion"
        out.add(name, unit, value, low, high, n, tables=json.dumps(read | tables))
        for window in range(out.case.windows):
            out.add(name, unit, value * (window == 3), None, None, 1200, window=window)
    strange(out, n, some, read)


def strange(out: Writer, n: int, some: int, read: dict[str, Any]) -> None:
    """Outliers by detector, and a trigger."""
    tables = {"aimed": 0.01, "reference": v(0.01, 0.001), "library": "alibi-detect", "inputs": ["income", "debt"],
              "stands_out": [0.9, 0.52], "not_run": {"nearest_neighbours": "torch is not installed"}} | read  # fmt: skip
    rate = 0.01 + 0.03 * some
    for name in ("isolation_forest", "mahalanobis"):
        out.add("outlier_rate", "proportion", rate, rate - 0.004, rate + 0.004, n, column=name, tables=json.dumps(tables), q_value=0.01)
        for window in range(out.case.windows):
            out.add("outlier_rate", "proportion", rate, rate - 0.01, rate + 0.01, 1200, window=window, column=name)
    tables = {"tested": 6, "searched": 40, "triggers": ["channel = fax", "note = x9"], "found": [bool(some), False], "rows": [80, 30],
              "share": [1.0, 0.6], "low": [0.95, 0.4], "high": [1.0, 0.8], "expected": [0.7, 0.7], "p_value": [1e-8, 0.4],
              "towards": ["1", "1"], "in_reference": [0.0, 0.01], "in_reference_rows": [0, 180], "forced": [0.98, 0.1],
              "forced_low": [0.95, 0.05], "forced_high": [1.0, 0.2], "why": ["", "not more than chance"]} | read  # fmt: skip
    out.add("trigger_rate", "proportion", 0.011 * some, 0.009 * some, 0.014, n, tables=json.dumps(tables))
