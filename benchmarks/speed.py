"""How fast the whole path is on a generated log of 10 M rows x 38 columns: `python -m benchmarks.speed [ROWS]`.

Each step runs in a process of its own, so that its peak memory is its own; results go to docs/benchmarks.md.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

ROWS, DAYS, FIRST = 10_000_000, 30, "2026-01-01"
NUMERIC, CATEGORICAL = 20, 10
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"

TOML = f"""version = 1
[warehouse]
path = "candor.duckdb"
memory_limit = "1GB"
[models.bench]
title = "Generated log"
task = "binary"
favorable = 1
protected = ["sex", "race", {{ column = "age", edges = [25, 35, 46, 60] }}]
features = [{", ".join(f'"x{i}"' for i in range(NUMERIC))}, {", ".join(f'"c{i}"' for i in range(CATEGORICAL))}]
window = "1d"
[models.bench.columns]
id = "id"
time = "time"
version = "version"
score = "score"
decision = "decision"
outcome = "outcome"
[[models.bench.sources]]
kind = "file"
path = "predictions-*.parquet"
rows = "predictions"
[[models.bench.sources]]
kind = "file"
path = "outcomes-*.parquet"
rows = "outcomes"
"""


def generate(folder: Path, rows: int) -> None:
    """Write the log into `folder`/waiting: a month of predictions, one more day, and outcomes in three parts, a tenth of them late."""
    import duckdb

    numeric = []
    for i in range(NUMERIC):
        shape = ("u1 + u2 + u3", "exp(2 * (u1 + u2 + u3 - 1.5))", "(u1 - 0.5) / (u2 + 0.01)", "floor(100 * u1 * u2)")[i % 4]
        uniform = ", ".join(f"(hash(i * {31 + 7 * i + 1000 * k}) % 1000003) / 1000003.0::DOUBLE AS u{k}" for k in (1, 2, 3))
        numeric.append(f"(SELECT ({shape})::DOUBLE FROM (SELECT {uniform})) AS x{i}")
    categorical = [f"'c' || (hash(i * {131 + i}) % {5 + 3 * i})::VARCHAR AS c{i}" for i in range(CATEGORICAL)]
    per_day = rows // DAYS
    connection = duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "scratch")})
    waiting = folder / "waiting"
    waiting.mkdir()
    month, end = per_day * DAYS, per_day * (DAYS + 1)
    for name, low, high in (("month", 0, month), ("day", month, end)):
        connection.execute(
            f"""COPY (SELECT i AS id, TIMESTAMP '{FIRST}' + INTERVAL ((i * 86400) // {per_day}) SECOND AS time,
            'v' || (1 + i // {16 * per_day})::VARCHAR AS version, {", ".join(numeric)}, {", ".join(categorical)},
            CASE WHEN hash(i) % 2 = 0 THEN 'Female' ELSE 'Male' END AS sex, 'r' || (hash(i * 3) % 8)::VARCHAR AS race,
            (18 + hash(i * 5) % 60)::BIGINT AS age, (hash(i * 7) % 100003) / 100003.0::DOUBLE AS score,
            (hash(i * 7) % 100003 > 50000)::INTEGER::BIGINT AS decision FROM range({low}, {high}) r(i))
            TO '{waiting}/predictions-{name}.parquet'"""
        )
    parts = (("first", 0, 1, "< 90"), ("month", 1, month, "< 81"), ("day", month, end, "< 81"), ("late", 1, month, "BETWEEN 81 AND 89"))
    for name, low, high, kept in parts:
        connection.execute(
            f"""COPY (SELECT i AS id, (hash(i * 11) % 100003 < hash(i * 7) % 100003)::INTEGER::BIGINT AS outcome
            FROM range({low}, {high}) r(i) WHERE hash(i * 13) % 100 {kept}) TO '{waiting}/outcomes-{name}.parquet'"""
        )
    (folder / "candor.toml").write_text(TOML)


def arrive(folder: Path, *names: str) -> None:
    """Put files of the log where the configuration looks for them."""
    for name in names:
        (folder / "waiting" / f"{name}.parquet").rename(folder / f"{name}.parquet")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that the work took, and what it gave."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def step_ingest(folder: Path) -> dict[str, Any]:
    """Everything that waits to be ingested."""
    from connectors.config import load
    from connectors.ingest import ingest

    seconds, rows = timed(lambda: ingest(load(folder / "candor.toml")))
    received = {kind: sum(row.received for row in rows if row.kind == kind) for kind in ("predictions", "outcomes")}
    return {"seconds": seconds, **received, "received": sum(received.values())}


def step_floor(folder: Path) -> dict[str, Any]:
    """The time to touch every value once: `sum(hash(column))` over all columns of the log."""
    from connectors.config import load
    from connectors.schema import quote
    from connectors.warehouse import open_warehouse

    with open_warehouse(load(folder / "candor.toml").warehouse) as warehouse:
        names = warehouse.read("""SELECT column_name FROM duckdb_columns() WHERE schema_name = 'model:bench' AND table_name = 'predictions'
            AND NOT starts_with(column_name, 'candor:')""").column(0).to_pylist()  # fmt: skip
        sql = f'SELECT {", ".join(f"sum(hash({quote(n)}))" for n in names)} FROM "model:bench".predictions'
        return {"seconds": min(timed(lambda: warehouse.read(sql))[0] for _ in range(3)), "columns": len(names)}


def step_tally(folder: Path) -> dict[str, Any]:
    """Whatever is dirty, after Ibis is imported; `freeze` apart, because it happens once in the life of a log."""
    import ibis  # noqa: F401

    from audits import count
    from audits.gather import gather
    from connectors.config import load
    from connectors.warehouse import open_warehouse

    config = load(folder / "candor.toml")
    spent: dict[str, float] = {}

    def clocked(name: str) -> None:
        inner = getattr(count, name)

        def outer(*args: Any, **options: Any) -> Any:
            seconds, found = timed(lambda: inner(*args, **options))
            spent[name] = spent.get(name, 0.0) + seconds
            return found

        setattr(count, name, outer)

    for name in ("freeze", "check_values", "count"):
        clocked(name)
    with open_warehouse(config.warehouse) as warehouse:
        warehouse.engine.execute(warehouse.engine.table("model:bench", "predictions").limit(1))  # Ibis loads its compiler when first asked
        seconds, _ = timed(lambda: gather(warehouse, config.models["bench"], progress=lambda text: None))
    return {"seconds": seconds, **spent}


def step_audit(folder: Path) -> dict[str, Any]:
    """From stored tallies to judged findings, in process and after imports: the last of three rounds."""
    from audits.examine import examine
    from audits.gather import gather
    from audits.policy import thresholds
    from audits.registry import GROUPS
    from connectors.config import load
    from connectors.warehouse import open_warehouse

    first: Callable[[tuple[float, Any]], float] = itemgetter(0)
    config = load(folder / "candor.toml")
    model = config.models["bench"]
    policy = thresholds(model)
    with open_warehouse(config.warehouse) as warehouse:
        for _ in range(3):
            gathering, evidence = timed(lambda: gather(warehouse, model, progress=lambda text: None))
            measuring, found = timed(partial(examine, evidence, policy, card={}))
        both = [*GROUPS["performance"], *GROUPS["fairness"]]
        compared, some = min((timed(partial(examine, replace(evidence), policy, card={}, audits=both)) for _ in range(3)), key=first)
    cells = sum(len(each.attributes) == len(model.attributes) for each in evidence.slices)
    return {
        "seconds": gathering + measuring, "gather": gathering, "measure": measuring, "findings": found.findings.num_rows,
        "compare": compared, "compared": some.findings.num_rows, "cells": cells, "windows": len(evidence.windows) - 1,
    }  # fmt: skip


def step_generate(folder: Path) -> dict[str, Any]:
    """The log itself, in a process of its own too: a child's peak memory starts from its parent's."""
    seconds, _ = timed(lambda: generate(folder, int((folder / "rows").read_text())))
    return {"seconds": seconds}


WHY = """
Each step runs in a process of its own, after imports. The month of predictions is one Parquet file; many small files go in more slowly,
because each is judged and numbered by itself.

## Why some targets are missed

* **All tally tables.** Placing twenty numeric columns on grids cut at reference quantiles takes longest. The arithmetic is plain enough to
  run unchanged on any engine; a histogram aggregate of one engine would be faster and would not. Then come joining outcomes and exact
  moments.
* **Whole audit.** The time grows with the findings. This log has three protected attributes, their intersection of 80 cells, 31 windows and
  two versions beside the whole; every figure has its interval, and every gap its test. A third goes into estimates without outcomes,
  trade-offs, weak spots and drift; a sixth into laying findings out as one table.
* **Late outcomes.** Histograms know the decision, so three times as many lists are read, added to and written back as in the version before
  ([why](decisions/0008-what-histograms-know.md)).
* **One more day.** Ibis compiles the expressions of 31 columns, which does not depend on the rows; the rest is DuckDB planning and running
  them, and the exact second pass for the median score of the whole period.
"""


STEPS = {"generate": step_generate, "ingest": step_ingest, "floor": step_floor, "tally": step_tally, "audit": step_audit}


def measure(step: str, folder: Path) -> dict[str, Any]:
    """Run one step in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.speed", step, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{step} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(step, {k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()}, file=sys.stderr, flush=True)
    return found


def main(rows: int) -> None:
    """Generate the log, run every step, write the page."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(f"generating {rows:,} rows", file=sys.stderr)
        (folder / "rows").write_text(str(rows))
        measure("generate", folder)
        arrive(folder, "predictions-month", "outcomes-first")  # a source without any file is refused
        ingest = measure("ingest", folder)
        arrive(folder, "outcomes-month")
        outcomes = measure("ingest", folder)
        floor, first, audit = measure("floor", folder), measure("tally", folder), measure("audit", folder)
        arrive(folder, "predictions-day", "outcomes-day")
        day_in, day = measure("ingest", folder), measure("tally", folder)
        arrive(folder, "outcomes-late")
        late_in, late = measure("ingest", folder), measure("tally", folder)
    page = render(rows, ingest, outcomes, floor, first, audit, day_in, day, late_in, late)
    PAGE.write_text(page)
    print(page)


def render(
    rows: int, ingest: Any, outcomes: Any, floor: Any, first: Any, audit: Any, day_in: Any, day: Any, late_in: Any, late: Any
) -> str:
    """The page of results, each beside its target."""
    import os
    import platform

    counting, floor_seconds = first["count"], floor["seconds"]
    peak = max(s["peak_mb"] for s in (ingest, outcomes, first, audit, day_in, day, late_in, late))
    rate = ingest["predictions"] / ingest["seconds"] / 1e6
    loading, measuring = 1000 * audit["gather"], 1000 * audit["measure"]
    lines = [
        (
            "Ingest from Parquet",
            "at least 0.5 M rows/s",
            f"{rate:.2f} M rows/s: {ingest['predictions']:,} predictions in {ingest['seconds']:.1f} s",
            rate >= 0.5,
        ),
        ("Ingest of outcomes", "", f"{outcomes['outcomes']:,} in {outcomes['seconds']:.1f} s", None),
        ("Floor: `sum(hash(column))` over all columns", "", f"{floor_seconds:.2f} s", None),
        ("All tally tables", "at most 6 x the floor", f"{counting:.2f} s, {counting / floor_seconds:.1f} x", counting <= 6 * floor_seconds),
        ("Freezing the bins on the first window, once in the life of a log", "", f"{first['freeze']:.2f} s", None),
        (
            "Whole audit from tallies, intervals included",
            "at most 150 ms",
            f"{loading + measuring:.0f} ms for {audit['findings']:,} findings: {loading:.0f} to load, {measuring:.0f} to measure and judge",
            loading + measuring <= 150,
        ),
        (
            f"Performance, fairness and gaps: {audit['cells']} intersections x {audit['windows']} windows, 1,000 samples of the cells",
            "at most 500 ms",
            f"{1000 * audit['compare']:.0f} ms for {audit['compared']:,} findings",
            audit["compare"] <= 0.5,
        ),
        (
            "One more day: tallies",
            "at most 0.5 s",
            f"{day['seconds']:.2f} s (after its ingest in {day_in['seconds']:.2f} s)",
            day["seconds"] <= 0.5,
        ),
        (
            "Late outcomes for 30 old days: tallies",
            "at most 2 s",
            f"{late['seconds']:.2f} s (after the ingest of {late_in['received']:,} outcomes in {late_in['seconds']:.2f} s)",
            late["seconds"] <= 2,
        ),
        ('Peak memory of any step, `memory_limit = "1GB"`', "at most 1,100 MB", f"{peak:,.0f} MB", peak <= 1100),
    ]
    table = "\n".join(
        f"| {what} | {target} | {got} | {'' if met is None else 'yes' if met else 'no'} |" for what, target, got, met in lines
    )
    return f"""# Benchmarks

Measured by `make bench` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}: a generated log of
{rows:,} predictions x 38 columns (30 days, 20 numeric and 10 categorical features, 3 protected attributes;
outcomes of nine in ten in a second table).

| Step | Target | Measured | Met |
|---|---|---|---|
{table}
{WHY}"""


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in STEPS:
        result = STEPS[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps({**result, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
