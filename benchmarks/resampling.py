"""Whether resampling cells is resampling rows: `python -m benchmarks.resampling`, a minute on one core.

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
    return np.asarray(found[..., -1] / found[..., 0])


def widest(counts: Floats) -> Floats:
    """The largest selection rate minus the smallest."""
    return np.asarray(np.ptp(rates(counts), axis=-1))


def cells_of(drawn: Drawn, sample: int) -> dict[str, tuple[Floats, int, Statistic]]:
    """For each statistic, the cell of every row of a sample, how many cells there are, and the statistic of their counts."""
    score, decision, outcome = (values[sample] for values in (drawn.score, drawn.decision, drawn.outcome))
    group = np.repeat(np.arange(drawn.groups), len(score) // drawn.groups)
    return {
        "AUC": (outcome * BINS + np.minimum(score * BINS, BINS - 1).astype(np.int64), 2 * BINS, auc),
        "F1": (2 * decision + outcome, 4, f1),
        "impact ratio": (2 * group + decision, 2 * GROUPS, impact_ratio),
        "largest minus smallest of four rates": (2 * group + decision, 2 * GROUPS, widest),
    }


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
    drawn = World(base_rates=(0.3, 0.28, 0.25, 0.22)).draw(random, samples, ROWS)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for sample in range(samples):
        for name, (cell, size, statistic) in cells_of(drawn, sample).items():
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
    return "\n".join(lines)


if __name__ == "__main__":
    write_part("resampling", text())
