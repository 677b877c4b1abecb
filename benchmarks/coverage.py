"""How often the intervals that Candor reports hold the truth: `python -m benchmarks.coverage`, about ten minutes on one core.

Samples are drawn from worlds whose figures are known (`worlds.py`), laid out as windows of one evidence (`replicates.py`) and measured by
the audits themselves. Results go to docs/statistics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from audits import fairness, performance
from audits.audit import Audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from benchmarks.replicates import evidence_of, evidence_of_counts, evidence_of_latency
from benchmarks.worlds import World

SIZES = (50, 500, 5000)
BASE_RATES = (0.01, 0.05, 0.10, 0.25, 0.50)
REPLICATES = 4000
BATCH = 500
MIN_N = 30
NOMINAL = 0.95

SINGLE = tuple(a for a in performance.AUDITS if a.name in World(base_rates=(0.1,)).truths())
SCORED = ("roc_auc", "average_precision", "expected_calibration_error")
PAIRS = tuple(a for a in fairness.AUDITS if a.name in World(base_rates=(0.1,)).ratios())
SPREADS = tuple(a for a in fairness.AUDITS if a.name in World(base_rates=(0.1,)).spreads())
LATENCY = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}

Truth = Callable[[Measurement], Floats]


@dataclass
class Cell:
    """Intervals of one measure at one n and base rate: asked for, made, holding the truth; and those of figures on 30 rows or more."""

    asked: int = 0
    made: int = 0
    held: int = 0
    judged: int = 0
    judged_held: int = 0

    @property
    def coverage(self) -> float:
        """Share of the intervals made that hold the truth."""
        return self.held / self.made if self.made else float("nan")

    @property
    def judged_coverage(self) -> float:
        """The same of figures that a policy would judge."""
        return self.judged_held / self.judged if self.judged else float("nan")

    def add(self, low: Floats, high: Floats, truth: Floats, n: Floats, asked: int) -> None:
        """Count intervals; those without either end are not made."""
        made = np.isfinite(low) & np.isfinite(high)
        held = made & (low <= truth + 1e-12) & (truth - 1e-12 <= high)
        enough = n >= MIN_N
        self.asked += asked
        self.made += int(made.sum())
        self.held += int(held.sum())
        self.judged += int((made & enough).sum())
        self.judged_held += int((held & enough).sum())


@dataclass
class Table:
    """Cells by measure, n and base rate; in order of appearance."""

    cells: dict[tuple[str, int, float], Cell] = field(default_factory=dict)

    def cell(self, name: str, rows: int, rate: float) -> Cell:
        """The cell, new when first asked for."""
        return self.cells.setdefault((name, rows, rate), Cell())

    @property
    def names(self) -> list[str]:
        """Measures, in order."""
        return list(dict.fromkeys(name for name, _, _ in self.cells))

    def mean(self, name: str, rows: int, *, judged: bool = False) -> float:
        """Mean coverage over the base rates at which any interval was made."""
        found = [cell.judged_coverage if judged else cell.coverage for (n, r, _), cell in self.cells.items() if (n, r) == (name, rows)]
        known = [value for value in found if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")


def measure(table: Table, audit: Audit, evidence: Evidence, wanted: Mapping[int, str], truth: Truth, rows: int, rate: float) -> None:
    """Add the intervals of one audit: of the slices in `wanted`, under the names given there; the reference group's own are left out."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        blocks = [block for block in audit(evidence) if len(block)]
    for place, name in wanted.items():
        for block in blocks:
            kept = (block.slice == place) & (block.method != "by definition") & (block.window > 0)
            asked = len(evidence.windows) - 1
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


def of_one_group(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int, per_person: int = 1) -> None:
    """Measures of one group: all rates, and those of scores, in 20 bins too."""
    world = World(base_rates=(rate,))
    truths = world.truths()
    for size in batches(replicates, rows):
        evidence = evidence_of(world, world.draw(random, size, rows, per_person=per_person))
        for audit in SINGLE:
            wanted = {0: audit.name}
            if audit.name in SCORED and per_person == 1:
                wanted[1] = f"{audit.name}, 20 bins"
            if audit.name != "scoring_rate":
                measure(table, audit, evidence, wanted, of_slice(truths[audit.name], 0), rows, rate)


def of_calibrated(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Calibration error of a score that has none."""
    world = World(base_rates=(rate,), slope=1.0, shift=0.0)
    chosen = next(audit for audit in SINGLE if audit.name == "expected_calibration_error")
    for size in batches(replicates, rows):
        evidence = evidence_of(world, world.draw(random, size, rows))
        truth = of_slice(world.truths()[chosen.name], 0)
        measure(table, chosen, evidence, {0: f"{chosen.name}, calibrated score"}, truth, rows, rate)


def of_two_groups(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int, per_person: int = 1) -> None:
    """Measures of a group against another: `rows` of each, base rates as 1 to 0.8."""
    world = World(base_rates=(rate, 0.8 * rate))
    pairs, scoring = world.ratios(), next(audit for audit in fairness.AUDITS if audit.name == "scoring_rate")
    for size in batches(replicates, 2 * rows):
        evidence = evidence_of(world, world.draw(random, size, rows, per_person=per_person), scored=False)
        for audit in PAIRS:
            measure(table, audit, evidence, {1: audit.name, 2: audit.name}, of_pair(pairs[audit.name]), rows, rate)
        measure(table, scoring, evidence, {2: scoring.name}, of_slice(world.truths()[scoring.name], 1), rows, rate)


def of_several_groups(table: Table, random: np.random.Generator, rows: int, rate: float, replicates: int) -> None:
    """Largest minus smallest over two groups and over five, that differ and that do not."""
    steps = {"2 groups": (1, 0.8), "5 groups": (1, 0.95, 0.9, 0.85, 0.8), "2 equal groups": (1, 1), "5 equal groups": (1,) * 5}
    for words, factors in steps.items():
        world = World(base_rates=tuple(rate * factor for factor in factors))
        cells = world.confusion.reshape(len(factors), 4)
        drawn = random.multinomial(rows, cells / cells.sum(axis=1, keepdims=True), size=(replicates, len(factors)))
        evidence = evidence_of_counts(drawn.astype(np.float64).reshape(replicates, len(factors), 2, 2))
        for audit in SPREADS:
            measure(table, audit, evidence, {0: f"{audit.name}, {words}"}, of_all(world.spreads()[audit.name]), rows, rate)


def of_latency(table: Table, random: np.random.Generator, rows: int, replicates: int) -> None:
    """Percentiles of a log-normal latency; it has no base rate."""
    deviation, normal = 0.8, NormalDist()
    quantiles = np.exp(deviation * np.asarray([normal.inv_cdf(q) for q in np.linspace(1e-5, 1 - 1e-5, 401)]))
    audits = {audit.name: audit for audit in performance.AUDITS}
    for size in batches(replicates, rows):
        evidence = evidence_of_latency(np.exp(deviation * random.standard_normal((size, rows))), quantiles)
        for name, q in LATENCY.items():
            measure(table, audits[name], evidence, {0: name}, of_all(float(np.exp(deviation * normal.inv_cdf(q)))), rows, 0.0)


def simulate(*, sizes: Sequence[int] = SIZES, base_rates: Sequence[float] = BASE_RATES, replicates: int = REPLICATES) -> Table:
    """The whole table, with a seed for each cell."""
    table = Table()
    for rows in sizes:
        for rate in base_rates:
            random = np.random.default_rng([rows, round(1000 * rate)])
            for part in (of_one_group, of_calibrated, of_two_groups, of_several_groups):
                part(table, random, rows, rate, replicates)
        of_latency(table, np.random.default_rng(rows), rows, replicates)
        print(f"n = {rows}: done", file=sys.stderr)
    return table


def lines(table: Table, rows: int) -> list[str]:
    """One n as a table in Markdown: coverage in percent by measure and base rate."""
    rates = list(dict.fromkeys(rate for _, _, rate in table.cells if rate))
    head = [f"n = {rows:,}", *(f"{100 * rate:g} %" for rate in rates), "mean", "judged", "met"]
    found = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in table.names:
        cells = {rate: cell for (n, r, rate), cell in table.cells.items() if (n, r) == (name, rows)}
        shown = [_percent(cells[rate].coverage) if rate in cells else "" for rate in rates]
        mean, judged = table.mean(name, rows), table.mean(name, rows, judged=True)
        found.append(f"| {name} | {' | '.join(shown)} | {_percent(mean)} | {_percent(judged)} | {verdict(mean)} |")
    return found


def verdict(mean: float) -> str:
    """Whether a mean coverage lies within a point of 95 %."""
    if not np.isfinite(mean):
        return ""
    return "yes" if abs(mean - NOMINAL) <= 0.01 else ("wide" if mean > NOMINAL else "no")


def _percent(value: float) -> str:
    return f"{100 * value:.1f}" if np.isfinite(value) else "-"
