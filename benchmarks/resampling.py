"""Whether resampling cells is resampling rows: `python -m benchmarks.resampling`, three minutes on one core.

Candor bootstraps from counts: drawing cells from a multinomial instead of rows with replacement. Both are done here on the same samples,
and the distributions of what they give are compared. Results go to docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.interval import bootstrap, share
from audits.performance.roc_auc import delong
from benchmarks.coverage import BASE_RATES, SIZES
from benchmarks.coverage_table import Table
from benchmarks.coverage_table import lines as markdown
from benchmarks.page import write_part
from benchmarks.worlds import Drawn, World

REPLICATES, SAMPLES, ROWS, BINS, GROUPS = 2000, 20, 400, 40, 4
Statistic = Callable[[Floats], Floats]


def auc(counts: Floats) -> Floats:
    """AUC from counts [..., outcome x bin]."""
    by_bin = counts.reshape(-1, 2, BINS)
    return np.asarray(delong(by_bin[:, 1], by_bin[:, 0])[0].reshape(counts.shape[:-1]))


def f1(counts: Floats) -> Floats:
    """F1 from counts [..., decision x outcome]."""
    _, fn, fp, tp = np.moveaxis(counts, -1, 0)
    return share(2 * tp, 2 * tp + fp + fn)


def rates(counts: Floats) -> Floats:
    """Selection rates from counts [..., group x decision]."""
    by_group = counts.reshape(*counts.shape[:-1], GROUPS, 2)
    return share(by_group[..., 1], by_group.sum(axis=-1))


def impact_ratio(counts: Floats) -> Floats:
    """The last group's selection rate over the first's."""
    found = rates(counts)
    return share(found[..., -1], found[..., 0])


def widest(counts: Floats) -> Floats:
    """The largest selection rate minus the smallest."""
    return np.asarray(np.ptp(rates(counts), axis=-1))


def cells_of(drawn: Drawn, sample: int, cuts: Floats) -> dict[str, tuple[Floats, int, Statistic]]:
    """For each statistic, the cell of every row of a sample, how many cells there are, and the statistic of their counts.

    `cuts` divide scores into bins. Without several groups there is nothing to compare.
    """
    score, decision, outcome = (values[sample] for values in (drawn.score, drawn.decision, drawn.outcome))
    group = np.repeat(np.arange(drawn.groups), len(score) // drawn.groups)
    found: dict[str, tuple[Floats, int, Statistic]] = {
        "AUC": (outcome * BINS + np.searchsorted(cuts, score), 2 * BINS, auc),
        "F1": (2 * decision + outcome, 4, f1),
    }
    return found if drawn.groups == 1 else found | {
        "impact ratio": (2 * group + decision, 2 * GROUPS, impact_ratio),
        "largest minus smallest of four rates": (2 * group + decision, 2 * GROUPS, widest),
    }  # fmt: skip


def cuts_of(world: World) -> Floats:
    """Quantiles that divide the scores of a world into bins of equally many."""
    return world.quantiles[10:-1:10]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Both ways on many samples: Kolmogorov-Smirnov distances and in how many samples the test tells them apart at 5 %."""

    distance: float
    told_apart: float
    ends: float
    """Mean difference of the ends of the intervals, as a share of the width."""


def compare(*, samples: int = SAMPLES, replicates: int = REPLICATES, seed: int = 7) -> dict[str, Compared]:
    """Rows and cells, side by side, by statistic."""
    from scipy.stats import ks_2samp

    random = np.random.default_rng(seed)
    world = World(base_rates=(0.3, 0.28, 0.25, 0.22))
    drawn, cuts = world.draw(random, samples, ROWS), cuts_of(world)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for sample in range(samples):
        for name, (cell, size, statistic) in cells_of(drawn, sample, cuts).items():
            place = cell.astype(np.int64)
            picked = place[random.integers(0, len(place), (replicates, len(place)))] + np.arange(replicates)[:, None] * size
            by_rows = statistic(np.bincount(picked.ravel(), minlength=replicates * size).reshape(replicates, size).astype(np.float64))
            counts = np.bincount(place, minlength=size)
            kept: list[Floats] = []
            ends = np.asarray(bootstrap(counts, remembered(statistic, kept), seed=seed + sample, replicates=replicates))
            test = ks_2samp(by_rows, kept[0])
            beside = np.quantile(by_rows, [0.025, 0.975])
            apart = float(np.abs(ends - beside).mean() / np.ptp(beside))
            found.setdefault(name, []).append((float(test.statistic), float(test.pvalue), apart))
    return {
        name: Compared(distance=float(np.mean([d for d, _, _ in each])), told_apart=float(np.mean([p < 0.05 for _, p, _ in each])),
                       ends=float(np.mean([e for _, _, e in each])))
        for name, each in found.items()
    }  # fmt: skip


def remembered(statistic: Statistic, kept: list[Floats]) -> Statistic:
    """The statistic, with its values kept: the bootstrap itself gives two quantiles of them only."""

    def found(counts: Floats) -> Floats:
        kept.append(statistic(counts))
        return kept[-1]

    return found


def coverage(table: Table, rows: int, rate: float, *, samples: int = 500, replicates: int = 500) -> None:
    """Add how often percentile intervals from cells hold the truth: `rows` of each group, of one or of four."""
    random = np.random.default_rng([rows, round(1000 * rate)])
    for factors in ((1.0,), (1.0, 0.95, 0.9, 0.85)):
        world = World(base_rates=tuple(rate * factor for factor in factors))
        drawn, cuts, one = world.draw(random, samples, rows), cuts_of(world), world.truths()
        selected = one["selection_rate"]
        truths = {"AUC": one["roc_auc"][0], "F1": one["f1"][0]} if len(factors) == 1 else {
            "impact ratio": selected[-1] / selected[0], "largest minus smallest of four rates": float(np.ptp(selected)),
        }  # fmt: skip
        listed = [cells_of(drawn, sample, cuts) for sample in range(samples)]
        for name, truth in truths.items():
            size, statistic = listed[0][name][1:]
            counts = np.stack([np.bincount(each[name][0].astype(np.int64), minlength=size) for each in listed])
            low, high = bootstrap(counts, statistic, seed=rows, replicates=replicates)
            low, high = (np.where(np.isfinite(statistic(counts.astype(np.float64))), ends, np.nan) for ends in (low, high))
            table.cell(name, rows, rate).add(low, high, np.full(samples, truth), np.full(samples, rows), samples)


def text(samples: int = 100) -> str:
    """The whole part of the page."""
    found = compare(samples=samples)
    expected = float(np.sqrt(np.pi / 2) * np.log(2) * np.sqrt(2 / REPLICATES))  # mean of Kolmogorov's distribution over root of n / 2
    lines = [
        "## Resampling cells is resampling rows",
        "",
        f"{samples} samples of {GROUPS * ROWS:,} rows, {REPLICATES:,} bootstrap replicates each, once by drawing rows with replacement and",
        "once by drawing the counts of cells, as Candor does. Were both the same distribution, the Kolmogorov-Smirnov distance of two sets",
        f"of replicates would be {expected:.4f} on average, and a test at 5 % would tell them apart in about 5 % of samples.",
        "",
        "| statistic | mean distance | told apart | ends of the interval differ by, of its width |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {each.distance:.4f} | {100 * each.told_apart:.0f} % | {100 * each.ends:.1f} % |" for name, each in found.items()]
    table = Table()
    for rows in SIZES:
        for rate in BASE_RATES:
            coverage(table, rows, rate)
    lines += ["", "How often such percentile intervals hold the truth (500 samples, 500 replicates each), which is why intervals of single"]
    lines += ["figures are closed forms, and a largest minus a smallest has one that knows it was picked:"]
    for rows in SIZES:
        lines += ["", *markdown(table, rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    write_part("resampling", text())
