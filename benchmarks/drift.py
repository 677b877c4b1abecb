"""How fast drift is measured from tallies: 30 columns x 30 windows of a log of 10 M rows: `python -m benchmarks.drift [ROWS]`.

The tallies are drawn directly, cell by cell, in the shape that a scan would give them: no row is made. Times are of the processor,
so that what else the machine does is no part of them, and the best of several rounds, each on evidence that nothing has been read from yet,
so that reading the counts is.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from audits.audit import Audit, missing
from audits.bins import Bins, CategoricalBins, NumericBins, numeric_bins
from audits.drift import AUDITS
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.examine import suits
from audits.finding import Coverage, Measurement, Reference
from audits.slices import Slice
from audits.tally import KEYS, Table, Tally
from audits.window import EPOCH, Window, WindowLength
from benchmarks.page import with_part
from connectors.config import Columns, ModelConfig
from connectors.partitions import Partition

ROWS, DAYS, REFERENCE_DAYS, FIRST = 10_000_000, 30, 30, 20454
NUMERIC, CATEGORICAL, ROUNDS = 19, 10, 7
PAGE = Path(__file__).parent.parent / "docs" / "drift.md"
DRAW = np.random.default_rng(7)


def shape_of(place: int) -> Floats:
    """Values of a numeric column: bell-shaped, skewed, long-tailed, or whole numbers."""
    size = 40_000
    kinds = (DRAW.normal(size=size), DRAW.exponential(size=size), DRAW.standard_t(3, size=size), DRAW.poisson(30, size))
    return np.asarray(kinds[place % 4], dtype=np.float64)


def bins() -> Bins:
    """Grids of numeric columns, vocabularies of 5 to 32 levels, and a score."""
    columns: list[NumericBins | CategoricalBins] = []
    for place in range(NUMERIC):
        x = shape_of(place)
        columns.append(_grid(f"x{place}", x))
    columns += [
        CategoricalBins(name=f"c{place}", levels=tuple(f"c{k}" for k in range(5 + 3 * place)), complete=True)
        for place in range(CATEGORICAL)
    ]
    columns.append(_grid("score", DRAW.beta(2, 3, 40_000)))
    return Bins(columns=tuple(columns), score="score")


def _grid(name: str, x: Floats) -> NumericBins:
    return numeric_bins(
        name, low=float(x.min()), high=float(x.max()), mean=float(x.mean()), deviation=float(x.std()),
        integers=bool((x == np.floor(x)).all()), quantiles=np.quantile(x, np.linspace(0, 1, 401)).tolist(),
    )  # fmt: skip


def tally(found: Bins, days: range, rows: int, *, reference: bool) -> Tally:
    """Counts of some days, `rows` a day, half of the columns drifting a little from day to day."""
    numbers = range(len(days))
    parts = tuple(
        Partition(
            number=i, version=None, bucket=FIRST + day, reference=reference, rows=rows, prediction_dirty=False, outcome_dirty=False,
            prediction_tally=2 * i, outcome_tally=2 * i + 1,
        )
        for i, day in enumerate(days)
    )  # fmt: skip
    width = max(column.size for column in found.columns)
    size = len(days) * len(found.columns)
    n, total = np.zeros((size, width), dtype=np.int64), np.zeros((size, width))
    moments: list[tuple[float, ...]] = []
    for place, column in enumerate(found.columns):
        numeric = isinstance(column, NumericBins)
        middle = np.zeros(column.size)
        shares = DRAW.gamma(2.0, size=column.size)
        if isinstance(column, NumericBins):
            middle = np.concatenate([[column.low], (column.edges[1:] + column.edges[:-1]) / 2, [column.high]])
            shares = DRAW.gamma(40.0, size=column.size) / column.size
            shares[[0, -1]] *= 0.01
        for i, day in zip(numbers, days, strict=True):
            tilt = 1 + 0.002 * min(day, 300) * (place % 2) * np.linspace(-1, 1, column.size) * (not reference)
            row = place * len(days) + i
            n[row, : column.size] = DRAW.multinomial(rows, shares * tilt / (shares * tilt).sum())
            total[row, : column.size] = n[row, : column.size] * middle
            if numeric:
                mean = total[row].sum() / rows
                square = float((n[row, : column.size] * (middle - mean) ** 2).sum())
                moments.append((i, place, rows, middle[0], middle[-1], mean, square))
    special = {name: np.zeros(size, dtype=np.int64) for name in ("missing", "not_a_number", "other", "unseen")}
    special["missing"] += DRAW.poisson(rows / 100, size)
    keys = {"partition": np.tile(np.arange(len(days)), len(found.columns)), "column": np.repeat(np.arange(len(found.columns)), len(days))}
    names = ("partition", "column", "n", "min", "max", "mean", "m2")
    kinds = dict.fromkeys(("partition", "column", "n"), np.int64)
    tables: dict[str, Table] = {
        "bins": keys | {"n": n, "total": total} | special | {"unseen_levels": np.full(size, None, dtype=object)},
        "moments": {name: np.asarray([row[k] for row in moments], dtype=kinds.get(name, np.float64)) for k, name in enumerate(names)},
        "outcome": _outcome(len(days), rows), "margin": _margin(found, len(days), rows), "maturity": _maturity(len(days), rows),
    }  # fmt: skip
    tables |= {name: {key: np.zeros(0, dtype=np.int64) for key in (*KEYS[name], "n")} for name in ("coarse", "weighted")}
    return Tally(
        partitions=parts, slices=(Slice.all(),), columns=tuple(column.name for column in found.columns), fingerprint=found.fingerprint,
        **tables,  # type: ignore[arg-type]
    )  # fmt: skip


def _outcome(days: int, rows: int) -> Table:
    codes = [(d, o) for d in (0, 1) for o in (-1, 0, 1)]
    lines = [(i, d, o, rows // len(codes)) for i in range(days) for d, o in codes]
    names = ("partition", "decision", "outcome", "n")
    table = {name: np.asarray([line[k] for line in lines], dtype=np.int64) for k, name in enumerate(names)}
    none = np.zeros(len(lines), dtype=np.int64)
    return table | {"family": none, "slice": none, "unit": none - 1, "scored": table["n"]}


def _margin(found: Bins, days: int, rows: int) -> Table:
    """The score by decision and outcome."""
    grid = found.score_bins
    assert grid is not None
    middle = np.concatenate([[grid.low], (grid.edges[1:] + grid.edges[:-1]) / 2, [grid.high]])
    lines = [(i, d, o) for i in range(days) for d in (0, 1) for o in (-1, 0, 1)]
    weight = np.stack([np.where((middle > 0.5) == d, 1.0, 0.0) * {-1: 0.2, 0: 0.8 * (1 - middle), 1: 0.8 * middle}[o] for _, d, o in lines])
    n = DRAW.poisson(np.maximum(weight, 0) * rows / grid.size)
    keys = {name: np.asarray([line[k] for line in lines], dtype=np.int64) for k, name in enumerate(("partition", "decision", "outcome"))}
    none = np.zeros(len(lines), dtype=np.int64)
    return keys | {"slice": none, "curve": none, "n": n, "score": n * middle}


def _maturity(days: int, rows: int) -> Table:
    share = np.diff(1 - np.exp(-np.arange(22) / 4))
    place, lag = np.repeat(np.arange(days), len(share)), np.tile(np.arange(len(share)), days)
    return {"partition": place, "lag_days": lag, "n": DRAW.poisson(np.tile(share, days) * rows * 0.8)}


def evidence(rows: int = ROWS) -> Evidence:
    """Evidence of a month after a month of reference."""
    found = bins()
    model = ModelConfig(
        name="bench", title="Bench", policy={}, window="1d", protected=(),
        columns=Columns(time="time", score="score", decision="decision", outcome="outcome", outcome_time="known_at"),
    )  # fmt: skip
    length = WindowLength("1d")
    days = [FIRST + day for day in range(DAYS)]
    windows = tuple(length.window(day) for day in days)
    end = EPOCH + dt.timedelta(days=days[-1] + 1)
    return Evidence(
        model=model, bins=found, tally=tally(found, range(DAYS), rows // DAYS, reference=False),
        reference_tally=tally(found, range(-REFERENCE_DAYS, 0), rows // DAYS, reference=True),
        reference=Reference(kind="until", start=windows[0].start, end=windows[0].start, n=rows),
        coverage=Coverage(available=rows, used=rows, analysed=rows, quarantined=0, duplicate=0, labelled=rows // 2),
        windows=(Window(start=windows[0].start, end=windows[-1].end), *windows),
        spans=((days[0], days[-1] + 1), *((day, day + 1) for day in days)), versions=(None,), slices=(Slice.all(),), attributes=(),
        columns=(*(column.name for column in found.columns), "decision", "outcome"), clock=end, freshness=end - dt.timedelta(seconds=1),
        seed=1, medians={}, above={},
    )  # fmt: skip


def timed(log: Evidence, audits: tuple[Audit, ...]) -> Iterator[tuple[str, float, int]]:
    """Milliseconds of processor time and findings of each measure, asked in the order of the registry."""
    fresh = replace(log, shared={})
    for audit in audits:
        start = time.process_time()
        unmet = [reason for need in audit.needs if (reason := missing(fresh, need))]
        found: list[Measurement] = []
        if not unmet:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                found = list(audit(fresh))
        yield audit.name, (time.process_time() - start) * 1000, sum(map(len, found))


def table(log: Evidence) -> str:
    """Milliseconds by measure, the best of several rounds, and of all in the best round, as Markdown."""
    audits = tuple(audit for audit in AUDITS if suits(audit, log.task) and not audit.probe)
    list(timed(log, audits))  # imports of scipy are no part of it
    rounds = [list(timed(log, audits)) for _ in range(ROUNDS)]
    lines = [
        f"| `{each[0][0]}` | {min(ms for _, ms, _ in each):.1f} | {each[0][2]:,} |" for each in zip(*rounds, strict=True)
    ]  # fmt: skip
    total, count = min(sum(ms for _, ms, _ in each) for each in rounds), sum(n for *_, n in rounds[0])
    head = (
        f"{NUMERIC + 1} numeric and {CATEGORICAL} categorical columns, decision and outcome; {DAYS} windows and the whole period; "
        f"{log.coverage.analysed:,} rows after a reference of as many. Processor time in milliseconds, which on an idle machine is the "
        f"time that passes; the best of {ROUNDS} rounds. What several measures share is counted with the first of them.\n\n"
        "| measure | ms | findings |\n|---|---|---|\n"
    )
    return head + "\n".join(lines) + f"\n| all, in the best round | {total:.0f} | {count:,} |"


def main() -> None:
    """Write the table to the page, and to standard output."""
    text = table(evidence(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "speed", text), encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
