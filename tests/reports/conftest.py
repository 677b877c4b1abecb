"""A fabricated audit run: a lender's binary model over thirty days, with a gap that opens and a feature that drifts.

The numbers come from a seeded generator, so they are realistic and the same on every machine; nothing in `reports` computes figures,
so the tests only ask that these numbers arrive unchanged.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from audits.finding import COLUMNS, AuditRun, Coverage, Failure, ModelRun, Reference

START = dt.datetime(2026, 3, 1)
DAYS = 30
GROUPS = {
    "sex": {"Female": (0.44, 41_200), "Male": (0.58, 52_300)},
    "race": {"Asian": (0.55, 9_800), "Black": (0.43, 21_400), "Hispanic": (0.50, 17_900), "White": (0.58, 43_900), "Pacific": (0.5, 8)},
    "age": {"<25": (0.39, 12_100), "25-45": (0.55, 50_200), "46+": (0.57, 31_200)},
}
FEATURES = (
    "income",
    "debt",
    "loan_amount",
    "employment_years",
    "inquiries",
    "utilisation",
    "purpose",
    "region",
    "channel",
    "score",
    "decision",
    "outcome",
)

SCHEMA = pa.schema(
    [
        (
            name,
            {
                "window_start": pa.timestamp("us"),
                "window_end": pa.timestamp("us"),
                "first_row": pa.int64(),
                "last_row": pa.int64(),
                "n": pa.int64(),
                "partial": pa.bool_(),
                "whole": pa.bool_(),
                "value": pa.float64(),
                "low": pa.float64(),
                "high": pa.float64(),
                "p_value": pa.float64(),
                "q_value": pa.float64(),
                "people": pa.float64(),
                "people_low": pa.float64(),
                "people_high": pa.float64(),
                "threshold_since": pa.timestamp("us"),
                "threshold_until": pa.timestamp("us"),
                "threshold_min": pa.float64(),
                "threshold_max": pa.float64(),
            }.get(name, pa.string()),
        )
        for name in COLUMNS
    ]
)


def finding(name: str, unit: str, value: float | None, **more: Any) -> dict[str, Any]:
    """Make one row of a findings table; what is not given is null, JSON columns are encoded."""
    row: dict[str, Any] = (
        dict.fromkeys(COLUMNS)
        | {
            "name": name,
            "unit": unit,
            "value": value,
            "slice": {},
            "partial": False,
            "whole": True,
            "n": 93_500,
            "method": "wilson",
            "reason": "",
            "window_start": START,
            "window_end": START + dt.timedelta(days=DAYS),
        }
        | more
    )
    for key in ("slice", "reference_slice", "tables"):
        if row[key] is not None:
            row[key] = json.dumps(row[key], ensure_ascii=False)
    return row


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Make a findings table of rows."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def windows() -> Iterator[dict[str, Any]]:
    """Yield the whole period, then each day; the last day is partial."""
    yield {"window_start": START, "window_end": START + dt.timedelta(days=DAYS), "whole": True, "partial": False}
    for day in range(DAYS):
        begin = START + dt.timedelta(days=day)
        yield {"window_start": begin, "window_end": begin + dt.timedelta(days=1), "whole": False, "partial": day == DAYS - 1}


def judged(row: dict[str, Any], minimum: float | None = None, maximum: float | None = None) -> dict[str, Any]:
    """Put a threshold and the verdict that follows from it on a row."""
    value, low, high = row["value"], row["low"], row["high"]
    verdict = "pass"
    if value is None or row["n"] is None or row["n"] < 30:
        verdict = "insufficient"
    elif (minimum is not None and high < minimum) or (maximum is not None and low > maximum):
        verdict = "fail"
    elif (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        verdict = "warn"
    return row | {"threshold_min": minimum, "threshold_max": maximum, "verdict": verdict, "severity": "ticket", "rationale": "fabricated"}


def rate(chance: float, n: int, draw: random.Random) -> dict[str, Any]:
    """Draw a proportion with a Wald interval."""
    spread = math.sqrt(chance * (1 - chance) / max(n, 1))
    value = min(max(round(draw.gauss(chance, spread * 0.6), 6), 0.0), 1.0)
    return {"value": value, "low": max(value - 1.96 * spread, 0.0), "high": min(value + 1.96 * spread, 1.0), "n": n}


def rows(draw: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the findings of the fabricated lender."""
    overall = (
        ("accuracy", 0.81, 0.75, None),
        ("balanced_accuracy", 0.79, 0.7, None),
        ("true_positive_rate", 0.83, None, None),
        ("false_positive_rate", 0.24, None, None),
        ("positive_predictive_value", 0.86, None, None),
        ("base_rate", 0.68, None, None),
        ("selection_rate", 0.52, None, None),
        ("roc_auc", 0.871, 0.75, None),
        ("expected_calibration_error", 0.031, None, 0.05),
    )
    for index, window in enumerate(windows()):
        share = 1.0 if window["whole"] else 0.4 / DAYS if window["partial"] else 1 / DAYS
        immature = not window["whole"] and index > DAYS - 9
        for name, centre, minimum, maximum in overall:
            size = int(93_500 * share)
            if immature and name not in ("selection_rate",):
                yield finding(
                    name, "proportion", None, n=0, reason="no outcomes are known yet for this window", verdict="insufficient", **window
                )
                continue
            tables = None
            if name == "expected_calibration_error" and window["whole"]:
                scores = [0.05 + 0.1 * i for i in range(10)]
                seen = [min(max(s + 0.06 * math.sin(s * 6), 0.0), 1.0) for s in scores]
                tables = {
                    "mean_score": scores,
                    "observed": seen,
                    "low": [s - 0.02 for s in seen],
                    "high": [s + 0.02 for s in seen],
                    "n": [9350] * 10,
                }
            row = finding(name, "proportion", 0.0, **window, tables=tables) | rate(
                max(centre - (0.05 if 12 < index < 16 else 0), 0.02), size, draw
            )
            row["tables"] = json.dumps(tables) if tables else None
            yield judged(row, minimum, maximum) if minimum or maximum else row
        for attribute, levels in GROUPS.items():
            drop = 0.06 if index > 18 and attribute == "sex" else 0.0
            best = max((chance, level) for level, (chance, n) in levels.items() if n > 30)[1]
            drawn = {}
            for level, (chance, n) in levels.items():
                size = max(int(n * share), 0)
                where = {"slice": {attribute: level}, "attribute": attribute, **window}
                lowered = chance - (drop if level == "Female" else 0)
                drawn[level] = rate(lowered, size, draw)
                yield finding("selection_rate", "proportion", 0.0, **where) | drawn[level]
                if not immature:
                    yield finding("true_positive_rate", "proportion", 0.0, **where) | rate(
                        0.83 - (0.04 if level == "Black" else 0), size // 2, draw
                    )
                    yield finding("false_positive_rate", "proportion", 0.0, **where) | rate(0.24, size // 3, draw)
            for level, got in drawn.items():
                ratio = got["value"] / drawn[best]["value"] if drawn[best]["value"] else None
                spread = 2.4 / math.sqrt(max(got["n"], 1))
                row = (
                    finding(
                        "impact_ratio",
                        "ratio",
                        ratio,
                        slice={attribute: level},
                        reference_slice={attribute: best},
                        attribute=attribute,
                        n=got["n"],
                        low=max(ratio - spread, 0.0),
                        high=ratio + spread,
                        method="katz-log",
                        people=(1 - ratio) * got["n"] if ratio < 1 else None,
                        people_low=0.0 if ratio < 1 else None,
                        people_high=(1 - ratio + spread) * got["n"] if ratio < 1 else None,
                        p_value=0.001,
                        q_value=0.004,
                        **window,
                    )
                    if ratio is not None
                    else finding(
                        "impact_ratio",
                        "ratio",
                        None,
                        slice={attribute: level},
                        attribute=attribute,
                        n=got["n"],
                        reason="nobody in this group",
                        **window,
                    )
                )
                yield judged(row, 0.8)
            gap = max(d["value"] for d in drawn.values()) - min(d["value"] for d in drawn.values())
            yield judged(
                finding(
                    "demographic_parity_difference",
                    "difference",
                    gap,
                    attribute=attribute,
                    low=gap * 0.8,
                    high=gap * 1.2,
                    method="bootstrap",
                    **window,
                ),
                None,
                0.1,
            )
        for place, column in enumerate(FEATURES):
            wanders = 0.32 if column == "income" and index > 15 else 0.14 if column == "channel" and index > 20 else 0.01
            value = abs(draw.gauss(wanders, 0.006 + wanders * 0.1))
            counts = [100 + 3 * ((place * 7 + i * 5) % 11) for i in range(10)]
            tables = {
                "labels": [f"{10 * i}–{10 * (i + 1)} k" for i in range(10)],
                "edges": None,
                "reference": [100] * 10,
                "window": [int(c * (1 + (wanders * 3 if i > 6 else -wanders))) for i, c in enumerate(counts)],
            }
            n = int(93_500 * share)
            psi = finding(
                "population_stability_index",
                "index",
                value,
                column=column,
                low=value * 0.7,
                high=value * 1.3,
                method="bootstrap",
                n=n,
                tables=tables,
                **window,
            )
            yield judged(psi, None, 0.2)
            yield finding("jensen_shannon_distance", "distance", value / 2, column=column, low=value * 0.4, high=value * 0.6, n=n, **window)
            yield judged(
                finding("missing_rate", "proportion", 0.0, column=column, **window)
                | rate(0.002 + (0.07 if column == "debt" else 0), n, draw),
                None,
                0.05,
            )
        yield finding("volume", "count", float(int(93_500 * share)), low=None, high=None, n=int(93_500 * share), method="count", **window)
    yield judged(finding("label_coverage", "proportion", 0.71, low=0.70, high=0.72), 0.5)
    for sex in ("Female", "Male"):
        for race, (chance, n) in GROUPS["race"].items():
            where = {"slice": {"race": race, "sex": sex}, "attribute": "race,sex"}
            got = rate(chance - (0.08 if sex == "Female" else 0), n // 2, draw)
            yield finding("selection_rate", "proportion", 0.0, **where) | got
            ratio = got["value"] / 0.58
            yield judged(
                finding(
                    "impact_ratio",
                    "ratio",
                    ratio,
                    **where,
                    reference_slice={"race": "White", "sex": "Male"},
                    n=got["n"],
                    low=max(ratio - 0.04, 0),
                    high=ratio + 0.04,
                    method="katz-log",
                ),
                0.8,
            )


def model_run(findings: list[dict[str, Any]], *, name: str = "loans", title: str = "Loan approvals") -> ModelRun:
    """Wrap findings as the run of one model."""
    card = {
        "model": name,
        "title": title,
        "task": "binary",
        "environment": "production",
        "owner": "credit-risk@example.org",
        "window": "1d",
        "runbook": "see the team's handbook",
        "favorable": "1",
        "positive": "1",
        "attributes": json.dumps(["sex", "race", "age"]),
        "segments": "[]",
        "features": 9,
        "freshness": START + dt.timedelta(days=29, hours=9, minutes=12),
        "label_delay": "14d",
        "ingested": START + dt.timedelta(days=30),
    }
    return ModelRun(
        model=name,
        task="binary",
        card=card,
        reference=Reference(kind="until", start=START - dt.timedelta(days=59), end=START, n=180_000),
        coverage=Coverage(available=281_204, used=93_500, analysed=93_500, quarantined=604, duplicate=1_100, labelled=66_385),
        findings=table(findings),
        errors=[
            Failure(name="latency_p95", reason="the log has no latency_ms column"),
            Failure(name="chi_squared", reason="division by zero in column channel", error=True),
        ],
    )


def audit_run(*models: ModelRun) -> AuditRun:
    """Wrap models as a run with frozen identity and clock."""
    return AuditRun(
        id="20260331T060000Z-4f1c9a",
        format=1,
        created=dt.datetime(2026, 3, 31, 6, 0),
        code_revision="0.1.0+3c1f2ab",
        policy="sha256:" + "a1" * 32,
        data="sha256:" + "b2" * 32,
        bins="sha256:" + "c3" * 32,
        runs=list(models),
    )


@pytest.fixture(scope="session")
def lender() -> AuditRun:
    """Give the fabricated lender's run."""
    return audit_run(model_run(list(rows(random.Random(7)))))


@pytest.fixture(name="finding")
def finding_() -> Callable[..., dict[str, Any]]:
    """Give the function that makes one row."""
    return finding


@pytest.fixture(name="judged")
def judged_() -> Callable[..., dict[str, Any]]:
    """Give the function that puts a threshold on a row."""
    return judged


@pytest.fixture
def one() -> Callable[..., AuditRun]:
    """Give a function that wraps a few findings as a run."""

    def make(*findings: dict[str, Any], **more: Any) -> AuditRun:
        return audit_run(replace(model_run(list(findings)), **more))

    return make
