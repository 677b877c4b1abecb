"""How often the intervals that Candor reports hold the truth: `python -m benchmarks.coverage [rows|persons]`, about
fifteen minutes on one core.

Samples are drawn from worlds whose figures are known (`worlds.py`), laid out as windows of one evidence (`replicates.py`) and measured by
the audits themselves. Results go to docs/statistics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import NormalDist

import numpy as np

from audits import fairness, performance
from audits.audit import Audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.fairness.compare import REFERENCE_GROUP
from audits.finding import Measurement
from audits.jackknife import Asked, jackknifed
from benchmarks.coverage_table import NOMINAL, Table, lines, percent, row_of, summary
from benchmarks.page import write_part
from benchmarks.regression_worlds import NAMES, RegressionWorld, evidence_of_errors
from benchmarks.replicates import evidence_of, evidence_of_counts, evidence_of_latency
from benchmarks.worlds import World

SIZES = (50, 500, 5000)
BASE_RATES = (0.01, 0.05, 0.10, 0.25, 0.50)
REPLICATES = 2000
BATCH = 500

SINGLE = tuple(a for a in performance.AUDITS if a.name in World(base_rates=(0.1,)).truths())
SCORED = ("roc_auc", "average_precision", "expected_calibration_error")
PAIRS = tuple(a for a in fairness.AUDITS if a.name in World(base_rates=(0.1,)).ratios())
SPREADS = tuple(a for a in fairness.AUDITS if a.name in World(base_rates=(0.1,)).spreads())
CALIBRATION = "expected_calibration_error"
PER_PERSON = 10
PERSON_REPLICATES = 1000
LATENCY = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}

Truth = Callable[[Measurement], Floats]


def blocks_of(audits: Sequence[Audit], evidence: Evidence, *, by_unit: bool = False) -> list[Sequence[Measurement]]:
    """What each audit finds; with `by_unit`, with the intervals of the jackknife."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        asked = [Asked(audit=audit, place=None, blocks=[block for block in audit(evidence) if len(block)]) for audit in audits]
        return [each.blocks for each in (jackknifed(evidence, asked) if by_unit else asked)]


def count(table: Table, blocks: Sequence[Measurement], wanted: Mapping[int, str], truth: Truth, rows: int, rate: float, asked: int) -> None:
    """Add the intervals of the slices in `wanted`, under the names given there; the reference group's own are left out."""
    for place, name in wanted.items():
        for block in blocks:
            kept = (block.slice == place) & (block.reason != REFERENCE_GROUP) & (block.window > 0)
            if kept.any():
                table.cell(name, rows, rate).add(block.low[kept], block.high[kept], truth(block)[kept], block.n[kept], asked)


def of_slice(values: Floats, first: int) -> Truth:
    """The truth of the group that a figure is about; `first` is the slice of the first group, and everybody stands for it too."""
    return lambda block: values[np.maximum(block.slice - first, 0) % len(values)]


def of_pair(values: Floats) -> Truth:
    """The truth of the two groups that a figure compares: groups are slices from 1 on."""
    return lambda block: values[block.slice - 1, np.maximum(block.reference_slice - 1, 0)]


def of_all(value: float) -> Truth:
    """One truth for all."""
    return lambda block: np.full(len(block), value)


def batches(replicates: int, rows: int) -> Iterable[int]:
    """Replicates to draw at a time, so that no batch takes much memory."""
    size = max(1, min(BATCH, 4_000_000 // rows))
    return [size] * (replicates // size) + ([replicates % size] if replicates % size else [])


def of_one_group(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Measures of one group: all rates, and those of scores, in 20 bins too."""
    world = World(base_rates=(rate,))
    truths = world.truths()
    for size in batches(replicates, rows):
        evidence = evidence_of(world, world.draw(random, size, rows))
        for audit, blocks in zip(SINGLE, blocks_of(SINGLE, evidence), strict=True):
            wanted = {0: audit.name} | ({1: f"{audit.name}, 20 bins"} if audit.name in SCORED else {})
            count(table, blocks, wanted, of_slice(truths[audit.name], 0), rows, rate, size)


def of_calibrated(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Calibration error of a score that has none."""
    world = World(base_rates=(rate,), slope=1.0, shift=0.0)
    chosen = [audit for audit in SINGLE if audit.name == CALIBRATION]
    for size in batches(replicates, rows):
        evidence = evidence_of(world, world.draw(random, size, rows))
        truth = of_slice(world.truths()[CALIBRATION], 0)
        count(table, blocks_of(chosen, evidence)[0], {0: f"{CALIBRATION}, calibrated score"}, truth, rows, rate, size)


def of_two_groups(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Measures of a group against another, named beforehand: `rows` of each, base rates as 1 to 0.8."""
    world = World(base_rates=(rate, 0.8 * rate))
    pairs, singles = world.ratios(), world.truths()
    audits = (*PAIRS, *(audit for audit in fairness.AUDITS if audit.name == "scoring_rate"))
    for size in batches(replicates, 2 * rows):
        evidence = evidence_of(world, world.draw(random, size, rows), scored=False)
        for audit, blocks in zip(audits, blocks_of(audits, evidence), strict=True):
            truth = of_pair(pairs[audit.name]) if audit.name in pairs else of_slice(singles[audit.name], 1)
            count(table, blocks, {2: audit.name}, truth, rows, rate, size)


def of_several_groups(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Largest minus smallest over two groups and over five, that differ and that do not."""
    steps = {"2 groups": (1, 0.8), "5 groups": (1, 0.95, 0.9, 0.85, 0.8), "2 equal groups": (1, 1), "5 equal groups": (1,) * 5}
    for words, factors in steps.items():
        world = World(base_rates=tuple(rate * factor for factor in factors))
        cells = world.confusion.reshape(len(factors), 4)
        drawn = random.multinomial(rows, cells / cells.sum(axis=1, keepdims=True), size=(replicates, len(factors)))
        evidence = evidence_of_counts(drawn.astype(np.float64).reshape(replicates, len(factors), 2, 2))
        for audit, blocks in zip(SPREADS, blocks_of(SPREADS, evidence), strict=True):
            count(table, blocks, {0: f"{audit.name}, {words}"}, of_all(world.spreads()[audit.name]), rows, rate, replicates)


def of_latency(table: Table, random: np.random.Generator, rows: int, replicates: int) -> None:
    """Percentiles of a log-normal latency; it has no base rate."""
    deviation, normal = 0.8, NormalDist()
    quantiles = np.exp(deviation * np.asarray([normal.inv_cdf(q) for q in np.linspace(1e-5, 1 - 1e-5, 401)]))
    audits = [audit for audit in performance.AUDITS if audit.name in LATENCY]
    for size in batches(replicates, rows):
        evidence = evidence_of_latency(np.exp(deviation * random.standard_normal((size, rows))), quantiles)
        for audit, blocks in zip(audits, blocks_of(audits, evidence), strict=True):
            truth = of_all(float(np.exp(deviation * normal.inv_cdf(LATENCY[audit.name]))))
            count(table, blocks, {0: audit.name}, truth, rows, 0.0, size)


def of_numbers(table: Table, random: np.random.Generator, rows: int, replicates: int) -> None:
    """Measures of predicted numbers, with normal and with log-normal errors; they have no base rate."""
    audits = [audit for audit in performance.AUDITS if audit.name in NAMES]
    for world in (RegressionWorld(noise="normal"), RegressionWorld(noise="log-normal")):
        truths = world.truths()
        for size in batches(replicates, rows):
            evidence = evidence_of_errors(world, *world.draw(random, size, rows))
            for audit, blocks in zip(audits, blocks_of(audits, evidence), strict=True):
                count(table, blocks, {0: f"{audit.name}, {world.noise} errors"}, of_all(truths[audit.name]), rows, 0.0, size)


def of_persons(tables: Mapping[str, Table], random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Ten rows a person: intervals over rows, as if rows were independent, beside those of the jackknife over 32 groups of persons."""
    for base_rates in ((rate,), (rate, 0.8 * rate)):
        world, alone = World(base_rates=base_rates), len(base_rates) == 1
        truths, audits = world.truths(), SINGLE if alone else (*PAIRS, *SPREADS)
        pairs, spreads = world.ratios(), world.spreads()
        audits = tuple(audit for audit in audits if audit.name != "scoring_impact_ratio")
        for size in batches(replicates, len(base_rates) * rows):
            evidence = evidence_of(world, world.draw(random, size, rows, per_person=PER_PERSON), scored=alone)
            for name, table in tables.items():
                for audit, blocks in zip(audits, blocks_of(audits, evidence, by_unit=name == "jackknife"), strict=True):
                    if alone:
                        truth, place = of_slice(truths[audit.name], 0), 0
                    else:
                        pair = audit.name in pairs
                        truth, place = of_pair(pairs[audit.name]) if pair else of_all(spreads[audit.name]), 2 if pair else 0
                    count(table, blocks, {place: audit.name}, truth, rows, rate, size)


def simulate(*, sizes: Sequence[int] = SIZES, base_rates: Sequence[float] = BASE_RATES, replicates: int = REPLICATES) -> Table:
    """The whole table, with a seed for each cell."""
    table = Table()
    for rows in sizes:
        for rate in base_rates:
            random = np.random.default_rng([rows, round(1000 * rate)])
            for part in (of_one_group, of_calibrated, of_two_groups, of_several_groups):
                part(table, random, rows, rate, replicates)
        of_latency(table, np.random.default_rng(rows), rows, replicates)
        of_numbers(table, np.random.default_rng(rows + 1), rows, replicates)
        print(f"n = {rows}: done", file=sys.stderr)
    return table


NOTES = """
{replicates:,} samples for each n and base rate: a single cell is known to ± {noise:.1f} points, a mean over base rates to half of that.
n counts the rows of the sample, in comparisons the rows of each group; what a measure divides by is often less (true positive rate at
n = 50 and 1 %: half a row on average). The score has an AUC of 0.86 and is somewhat too timid, for "calibrated score" exactly right.
In comparisons base rates are as 1 to 0.8, over five groups as 1, 0.95, 0.9, 0.85, 0.8 (of "equal" groups all the same), and the group
that others are compared with is named beforehand. The aim is a mean over base rates between 94 and 96 %: "wide" is above it, "no"
below. In brackets, and left out of the mean: fewer than half of the samples gave an interval, so that those which did were unusual.
Measures without a base rate have a mean only.
"""

PERSONS = """
The same with {rows} rows of each person, who share half of the variance of outcome and score; {replicates:,} samples each. Taken as
independent, rows promise far too much: that is the reason for the `unit` column and the jackknife over 32 groups of persons. n = 50 are
five persons.
"""


def text(replicates: int = REPLICATES) -> str:
    """The part of the page about independent rows."""
    table = simulate(replicates=replicates)
    noise = 196 * (NOMINAL * (1 - NOMINAL) / replicates) ** 0.5
    parts = ["## Coverage of 95 % intervals", NOTES.format(replicates=replicates, noise=noise), *summary(table, SIZES)]
    for rows in SIZES:
        parts += ["", *lines(table, rows)]
    return "\n".join(parts)


def people(replicates: int = PERSON_REPLICATES) -> str:
    """Ten rows a person: both ways of making an interval side by side."""
    tables = {"rows": Table(), "jackknife": Table()}
    for rows in SIZES:
        for rate in BASE_RATES:
            of_persons(tables, np.random.default_rng([rows, round(1000 * rate), PER_PERSON]), rows, rate, replicates)
        print(f"ten rows a person, n = {rows}: done", file=sys.stderr)
    head = ["mean coverage", *(f"{words}, n = {rows:,}" for rows in SIZES for words in tables)]
    parts = ["## Ten rows a person", PERSONS.format(rows=PER_PERSON, replicates=replicates), row_of(head), "|---" * len(head) + "|"]
    for name in tables["jackknife"].names:
        parts.append(row_of([name, *(percent(table.mean(name, rows)) for rows in SIZES for table in tables.values())]))
    for rows in SIZES:
        parts += ["", f"With the jackknife, n = {rows:,}:", "", *lines(tables["jackknife"], rows)]
    return "\n".join(parts)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["rows", "persons"]
    if "rows" in wanted:
        write_part("coverage", text())
    if "persons" in wanted:
        write_part("ten rows a person", people())
