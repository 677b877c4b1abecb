"""A published snapshot made up for tests: two models, planted trouble, and the states that pages must survive.

The file has the tables and columns of a real snapshot. The figures are invented, consistently (counts come first, rates and
intervals follow from them), so that a page that shows them can be checked against them.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tests.dashboard.fabricate_checks import checks
from tests.dashboard.fabricate_drift import attribution, evidence, together
from tests.dashboard.fabricate_further import further

TABLES = {
    "runs": "run VARCHAR, created TIMESTAMP, format INTEGER, code_revision VARCHAR, policy VARCHAR, data VARCHAR, bins VARCHAR",
    "models": "run VARCHAR, model VARCHAR, title VARCHAR, task VARCHAR, environment VARCHAR, owner VARCHAR, runbook VARCHAR, "
    '"window" VARCHAR, favorable VARCHAR, positive VARCHAR, attributes VARCHAR, segments VARCHAR, features BIGINT, '
    "reference_start TIMESTAMP, reference_end TIMESTAMP, reference_first_row BIGINT, reference_last_row BIGINT, reference_n BIGINT, "
    "reference_kind VARCHAR, available BIGINT, used BIGINT, analysed BIGINT, quarantined BIGINT, duplicate BIGINT, labelled BIGINT, "
    "freshness TIMESTAMP, label_delay VARCHAR, ingested TIMESTAMP",
    "findings": 'run VARCHAR, model VARCHAR, "position" INTEGER, name VARCHAR, unit VARCHAR, version VARCHAR, slice VARCHAR, '
    'reference_slice VARCHAR, attribute VARCHAR, "column" VARCHAR, window_start TIMESTAMP, window_end TIMESTAMP, first_row BIGINT, '
    'last_row BIGINT, partial BOOLEAN, whole BOOLEAN, "value" DOUBLE, low DOUBLE, high DOUBLE, n BIGINT, "method" VARCHAR, p_value DOUBLE, '
    "q_value DOUBLE, people DOUBLE, people_low DOUBLE, people_high DOUBLE, tables VARCHAR, threshold_min DOUBLE, threshold_max DOUBLE, "
    "severity VARCHAR, rationale VARCHAR, threshold_source VARCHAR, threshold_since TIMESTAMP, threshold_until TIMESTAMP, verdict VARCHAR, "
    "reason VARCHAR",
    "errors": "run VARCHAR, model VARCHAR, name VARCHAR, reason VARCHAR, error BOOLEAN",
    "policy_changes": 'run VARCHAR, "at" TIMESTAMP, model VARCHAR, name VARCHAR, field VARCHAR, before VARCHAR, after VARCHAR, '
    "since TIMESTAMP",
    "ledger": "batch INTEGER, model VARCHAR, source VARCHAR, path VARCHAR, kind VARCHAR, content VARCHAR, size BIGINT, modified BIGINT, "
    "first_line BIGINT, next_line BIGINT, complete BOOLEAN, received BIGINT, accepted BIGINT, duplicate BIGINT, quarantined BIGINT, "
    "outcomes BIGINT, committed TIMESTAMP",
    "quarantine": "batch INTEGER, model VARCHAR, source VARCHAR, path VARCHAR, line BIGINT, "
    '"column" VARCHAR, reason VARCHAR, "row" VARCHAR',
    "quarantine_reasons": 'model VARCHAR, source VARCHAR, reason VARCHAR, "column" VARCHAR, rows BIGINT',
}

RUN = "a3f1c2d4e5b60718"
THRESHOLDS = {
    "impact_ratio": (0.8, None, "page", "Four-fifths screen, 29 CFR 1607.4(D)."),
    "demographic_parity_difference": (None, 0.1, "ticket", "A gap of ten points is a common screen."),
    "population_stability_index": (None, 0.2, "ticket", "Above 0.2 is usually called a large change."),
    "missing_rate": (None, 0.05, "ticket", "Five in a hundred."),
    "roc_auc": (0.7, None, "ticket", "The accepted level at release."),
    "expected_calibration_error": (None, 0.05, "ticket", "Five points."),
}
COLUMNS = (
    "income",
    "debt",
    "loan_amount",
    "years_employed",
    "credit_lines",
    "purpose",
    "housing",
    "channel",
    "score",
    "decision",
    "outcome",
)


@dataclass
class Case:
    """What the made-up world is like; the defaults are a lender with an approval gap and a drifting income."""

    windows: int = 40
    labels: bool = True
    faults: bool = True
    small: bool = False
    clock: bool = True
    versions: bool = True
    attributes: tuple[str, ...] = ("sex", "race")
    task: str = "binary"
    what_if: bool = False
    newest: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0))
    models: tuple[tuple[str, str], ...] = (("loans", "Loan approvals"), ("cards", "Card limits"))


def wilson(hits: float, n: float) -> tuple[float, float, float]:
    """Share and its Wilson interval."""
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


def verdict(name: str, value: float | None, low: float | None, high: float | None, n: int) -> str | None:
    """The five answers of the policy, or none where no threshold applies."""
    if name not in THRESHOLDS or value is None:
        return None
    least, most = THRESHOLDS[name][:2]
    if n < 30:
        return "insufficient"
    if (least is not None and (high or value) < least) or (most is not None and (low or value) > most):
        return "fail"
    return "warn" if (least is not None and value < least) or (most is not None and value > most) else "pass"


class Writer:
    """Collects rows of the findings table in order."""

    def __init__(self, model: str, case: Case) -> None:
        self.model, self.case, self.rows = model, case, list[dict[str, Any]]()
        midnight = case.newest.replace(hour=0)
        self.spans = [(midnight - dt.timedelta(days=case.windows - 1 - i), i) for i in range(case.windows)]

    def add(
        self,
        name: str,
        unit: str,
        value: float | None,
        low: float | None,
        high: float | None,
        n: int,
        *,
        window: int | None = None,
        **more: Any,
    ) -> None:
        """Add one finding; `window` None is the whole period."""
        row: dict[str, Any] = {
            "run": RUN,
            "model": self.model,
            "position": len(self.rows),
            "name": name,
            "unit": unit,
            "slice": "{}",
            "partial": False,
        }
        row |= {"whole": window is None, "value": value, "low": low, "high": high, "n": n, "method": "wilson", "reason": ""}
        if window is not None:
            start = self.spans[window][0]
            if self.case.clock:
                row |= {"window_start": start, "window_end": start + dt.timedelta(days=1)}
            else:
                row |= {"first_row": window * 5000, "last_row": window * 5000 + 4999}
            row["partial"] = window == len(self.spans) - 1
        least, most, severity, rationale = THRESHOLDS.get(name, (None, None, None, None))
        row |= {"threshold_min": least, "threshold_max": most, "severity": severity, "rationale": rationale}
        row["threshold_source"] = "29 CFR 1607.4(D)" if name == "impact_ratio" else None
        row["verdict"] = verdict(name, value, low, high, n)
        if row["verdict"] == "insufficient":
            row["reason"] = f"n = {n}, need 30"
        self.rows.append(row | more)

    def places(self) -> Iterator[tuple[int | None, float]]:
        """The whole period, then each window, with how far along it lies."""
        yield None, 0.6
        for index in range(self.case.windows):
            yield index, index / max(self.case.windows - 1, 1)


def performance(out: Writer, rng: random.Random) -> None:
    """Rates about everyone, per window and per version."""
    case = out.case
    per = 12 if case.small else 600
    rates = {
        "accuracy": 0.83,
        "true_positive_rate": 0.88,
        "false_positive_rate": 0.27,
        "positive_predictive_value": 0.86,
        "f1": 0.87,
        "roc_auc": 0.81,
    }
    rates |= {"expected_calibration_error": 0.021, "brier_score": 0.124, "log_loss": 0.39, "base_rate": 0.74}
    for place, along in out.places():
        n = per * case.windows if place is None else per + rng.randrange(-per // 6, per // 6 + 1)
        out.add("selection_rate", "proportion", *wilson(round((0.71 - 0.05 * along * case.faults) * n), n), n, window=place)
        late = place is not None and place > case.windows - 6
        for name, rate in rates.items():
            if not case.labels:
                continue
            if late:
                out.add(name, "proportion", None, None, None, 0, window=place, reason="no outcomes known yet")
                continue
            level = rate - 0.03 * along * case.faults + rng.uniform(-0.01, 0.01)
            tables = None
            if name == "expected_calibration_error":
                level = rate + 0.01 * along
                scores = [0.05 + 0.1 * i for i in range(10)]
                seen = [min(max(s + 0.03 * math.sin(7 * s), 0.01), 0.99) for s in scores]
                bounds = [wilson(round(v * n / 10), max(n // 10, 1)) for v in seen]
                tables = json.dumps({"mean_score": scores, "observed": [b[0] for b in bounds], "low": [b[1] for b in bounds],
                                     "high": [b[2] for b in bounds], "n": [max(n // 10, 1)] * 10})  # fmt: skip
            value, low, high = wilson(round(level * n), n)
            unit = "score" if name in ("f1", "roc_auc", "brier_score", "log_loss") else "proportion"
            out.add(name, unit, value, low, high, n, window=place, tables=tables)
            if place is None and case.versions:
                for version, shift in (("v3.1", 0.01), ("v3.2", -0.015)):
                    out.add(name, unit, *wilson(round((level + shift) * n / 2), n // 2), n // 2, version=version)


def groups_of(case: Case) -> Iterator[tuple[str, dict[str, str], float, float]]:
    """Attribute, levels, share of people, approval rate; women and Black applicants fare worse when there are faults."""
    sex = (("Female", 0.48, -0.12 * case.faults), ("Male", 0.5, 0.04), ("Unknown", 0.02, 0.0))
    race = (
        ("White", 0.55, 0.03),
        ("Hispanic", 0.18, -0.04),
        ("Black", 0.15, -0.1 * case.faults),
        ("Asian", 0.10, 0.05),
        ("Islander", 0.0006, -0.02),
    )
    if "sex" in case.attributes:
        for level, share, shift in sex:
            yield "sex", {"sex": level}, share, 0.7 + shift
    if "race" in case.attributes:
        for level, share, shift in race:
            yield "race", {"race": level}, share, 0.7 + shift * (1.0 if case.faults else 0.4)
    if {"sex", "race"} <= set(case.attributes):
        for one, share, shift in race:
            for two, portion, more in sex[:2]:
                yield "race,sex", {"race": one, "sex": two}, share * portion, 0.7 + (shift + more) * (1.0 if case.faults else 0.4)


def fairness(out: Writer, rng: random.Random) -> None:
    """Rates per group, ratios, gaps."""
    case = out.case
    per = 12 if case.small else 600
    for place, along in out.places():
        total = per * case.windows if place is None else per
        rates: dict[str, list[tuple[dict[str, str], float, int]]] = {}
        for attribute, levels, share, rate in groups_of(case):
            n = max(round(total * share), 1)
            onset = 1.0 if along > 0.55 else 0.2
            value, low, high = wilson(round((0.7 + (rate - 0.7) * onset + rng.uniform(-0.01, 0.01)) * n), n)
            common = {"slice": json.dumps(levels), "attribute": attribute, "window": place}
            out.add("selection_rate", "proportion", value, low, high, n, **common)
            rates.setdefault(attribute, []).append((levels, value, n))
            if case.labels:
                for name, level in (
                    ("true_positive_rate", 0.86),
                    ("false_positive_rate", 0.25),
                    ("positive_predictive_value", 0.84),
                    ("base_rate", 0.73),
                ):
                    m = max(n // 2, 1)
                    out.add(name, "proportion", *wilson(round((level + (rate - 0.7) * 0.3) * m), m), m, **common)
        for attribute, members in rates.items():
            known = [each for each in members if "Unknown" not in each[0].values()]
            best = max((each for each in known if each[2] >= 30), key=lambda each: each[1], default=known[0])
            for levels, value, n in known:
                if levels == best[0]:
                    continue
                ratio, spread = (
                    value / max(best[1], 1e-9),
                    1.96 * math.sqrt((1 - value) / max(value * n, 1) + (1 - best[1]) / max(best[1] * best[2], 1)),
                )
                out.add("impact_ratio", "ratio", ratio, ratio * math.exp(-spread), ratio * math.exp(spread), n, slice=json.dumps(levels),
                        reference_slice=json.dumps(best[0]), attribute=attribute, window=place, method="katz-log",
                        p_value=0.01, q_value=0.03)  # fmt: skip
            large = [each[1] for each in known if each[2] >= 30] or [each[1] for each in known]
            gap, n = max(large) - min(large), sum(each[2] for each in known)
            for name in ("demographic_parity_difference", "equal_opportunity_difference", "equalized_odds_difference")[
                : 3 if case.labels else 1
            ]:
                out.add(
                    name,
                    "difference",
                    gap,
                    max(gap - 0.03, 0.0),
                    gap + 0.03,
                    n,
                    attribute=attribute,
                    window=place,
                    method="bootstrap",
                    q_value=0.002,
                )


def drift(out: Writer, rng: random.Random) -> None:
    """Effect sizes per column and window, with the shares behind them."""
    case = out.case
    per = 12 if case.small else 600
    for column in COLUMNS:
        if column == "outcome" and not case.labels:
            continue
        labels = ["car", "home", "education", "medical", "(other)"] if column == "purpose" else [f"bin {i + 1}" for i in range(10)]
        for place, along in out.places():
            n = per * case.windows if place is None else per
            size = 0.42 * max(along - 0.55, 0.0) * 2 if column == "income" and case.faults else 0.0
            value = size + rng.uniform(0.002, 0.02)
            reference = [1000] * len(labels)
            shift = [1 + value * 2 * (0.5 - i / (len(labels) - 1)) for i in range(len(labels))]
            window = [round(n / len(labels) * each) for each in shift]
            more = {"column": column, "window": place, "method": "bootstrap"}
            tables = json.dumps({"labels": labels, "edges": None, "reference": reference, "window": window})
            out.add("population_stability_index", "index", value, max(value - 0.01, 0.0), value + 0.015, n, tables=tables, **more)
            out.add("jensen_shannon_distance", "distance", value / 2, max(value / 2 - 0.01, 0), value / 2 + 0.01, n, **more)
            if column not in ("purpose", "housing", "channel", "decision", "outcome"):
                out.add(
                    "kolmogorov_smirnov",
                    "distance",
                    value / 3,
                    max(value / 3 - 0.01, 0),
                    value / 3 + 0.01,
                    n,
                    q_value=0.2 if value < 0.03 else 1e-6,
                    **more,
                )
                out.add("wasserstein_distance", "distance", value / 1.5, max(value / 1.5 - 0.02, 0), value / 1.5 + 0.02, n, **more)


def quality(out: Writer, rng: random.Random) -> None:
    """Missing values, volume and label coverage."""
    case = out.case
    per = 12 if case.small else 600
    for place, along in out.places():
        n = per * case.windows if place is None else per + rng.randrange(-per // 5, per // 5 + 1)
        out.add("volume", "count", float(n), None, None, n, window=place, method="exact")
        out.add("label_coverage", "proportion", *wilson(round((0.9 if along < 0.8 else 0.0) * case.labels * n), n), n, window=place)
        for column in COLUMNS[:8]:
            out.add(
                "missing_rate",
                "proportion",
                *wilson(round((0.07 if column == "debt" and case.faults else 0.004) * n), n),
                n,
                window=place,
                column=column,
            )
            if column in ("purpose", "housing", "channel"):
                out.add("unseen_category_rate", "proportion", *wilson(round(0.001 * n), n), n, window=place, column=column)


def snapshot(path: Path, case: Case | None = None) -> Path:
    """Write a snapshot file and return its path."""
    case = case or Case()
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        connection.execute("insert into runs values (?, ?, 1, '0.1.0', 'sha256:p', 'sha256:d', 'sha256:b')", [RUN, case.newest])
        for number, (name, title) in enumerate(case.models):
            mine = case if number == 0 else Case(**{**case.__dict__, "faults": False, "attributes": case.attributes[:1]})
            out, rng = Writer(name, mine), random.Random(number)
            if mine.task == "binary":
                performance(out, rng)
                if mine.attributes:
                    fairness(out, rng)
            further(out)
            drift(out, rng)
            evidence(out, COLUMNS, rng)
            attribution(out)
            together(out)
            quality(out, rng)
            checks(out)
            fields = [part.strip().split(" ")[0] for part in TABLES["findings"].split(", ")]
            rows = [[row.get(each.strip('"')) for each in fields] for row in out.rows]
            insert(connection, "findings", fields, rows)
            insert_model(connection, name, title, mine, out)
            if mine.versions:
                connection.execute(
                    "insert into policy_changes values (?, ?, ?, 'impact_ratio', 'min', '0.75', '0.8', ?)",
                    [RUN, mine.newest, name, mine.newest - dt.timedelta(days=6)],
                )
            if not mine.labels:
                connection.execute("insert into errors values (?, ?, 'accuracy', 'no outcomes are known yet', false)", [RUN, name])
            connection.execute(
                "insert into errors values (?, ?, 'latency_p95', 'the log has no latency column (columns.latency_ms)', false)", [RUN, name]
            )
            for batch in range(6):
                bad = 452 if batch == 2 else 0
                twice = 1500 if batch == 5 else 0
                received = 4000 + bad + twice
                connection.execute(
                    f"insert into ledger values ({', '.join('?' * 17)})",
                    [batch + 6 * number, name, "decisions", f"data/{name}-week-{batch}.parquet", "predictions", "abc", 1, 1, 0,
                     received, True, received,
                     4000, twice, bad, 2800, mine.newest - dt.timedelta(minutes=30 - batch)],
                )  # fmt: skip
            for reason, column, rows_ in (
                ("not a time: “2026-13-45”", "decided_at", 150),
                ("not a number", "score", 150),
                ("no id", "application_id", 152),
            ):
                connection.execute("insert into quarantine_reasons values (?, 'decisions', ?, ?, ?)", [name, reason, column, rows_])
                for line in range(20):
                    row = json.dumps({"application_id": line, "decided_at": "2026-13-45", "note": '<script>alert("x")</script>'})
                    connection.execute("insert into quarantine values (?, ?, 'decisions', ?, ?, ?, ?, ?)",
                                       [2 + 6 * number, name, f"data/{name}-week-2.csv", 1000 + line, column, reason, row])  # fmt: skip
    return path


def insert_model(connection: duckdb.DuckDBPyConnection, name: str, title: str, case: Case, out: Writer) -> None:
    """Insert what the run says of a model as a whole."""
    used = (12 if case.small else 600) * case.windows
    start = out.spans[0][0]
    connection.execute(
        f"insert into models values ({', '.join('?' * 28)})",
        [RUN, name, title, case.task, "production", "credit-risk@example.org", "https://example.org/runbooks/loans",
         "1d" if case.clock else "5000 rows",
         "1", "1", json.dumps(case.attributes), "[]", 8, start - dt.timedelta(days=30) if case.clock else None,
         start if case.clock else None,
         None if case.clock else 0, None if case.clock else 9999, 18000, "until" if case.clock else "rows",
         used + 18000 + 40, used, used, 452, 1500,
         round(used * 0.72) if case.labels else 0, case.newest if case.clock else None, "14d", case.newest],
    )  # fmt: skip


def insert(connection: duckdb.DuckDBPyConnection, table: str, fields: list[str], rows: list[list[Any]]) -> None:
    """Insert many rows at once, through Arrow."""
    import pyarrow as pa

    columns = {name.strip('"'): [row[index] for row in rows] for index, name in enumerate(fields)}
    for name, values in columns.items():
        if all(value is None for value in values):
            columns[name] = pa.nulls(len(rows))
    found = pa.table(columns)  # noqa: F841  (DuckDB finds it by name)
    connection.execute(f"insert into {table} ({', '.join(fields)}) select * from found")


CONFIG = """
version = 1

[warehouse]
path = "candor.duckdb"

[models.loans]
title = "Loan approvals"
protected = ["sex", "race"]
[models.loans.columns]
decision = "approved"
[[models.loans.sources]]
kind = "file"
path = "data/*.parquet"
"""


def world(folder: Path, case: Case | None = None, *, published: bool = True) -> Path:
    """Write a candor.toml and, beside its warehouse, a published snapshot; return the path of the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "candor.toml"
    config.write_text(CONFIG, encoding="utf-8")
    if published:
        place = folder / "candor.published"
        snapshot(place / "1.duckdb", case)
        (place / "CURRENT").write_text("1.duckdb\n", encoding="utf-8")
    return config
