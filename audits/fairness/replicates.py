"""Bootstrap of the figures that are a largest against a smallest: 1,000 samples of all rows at once, drawn by cell.

They show how a figure scatters around what was seen. That is no interval for the truth: a sample of a sample adds noise to a largest minus
a smallest once more, so that all samples may lie above a small gap. `spread` has the intervals.
"""

from __future__ import annotations

import numpy as np

from audits.estimate import Floats
from audits.evidence import NO, YES, Evidence
from audits.fairness.yardstick import Groups
from audits.interval import bootstrap
from audits.once import once

REPLICATES = 1000
NAMES = (
    "demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference", "equalized_odds_difference",
)  # fmt: skip


@once
def _known(_: Evidence) -> dict[int, dict[str, tuple[float, float]]]:
    """By attribute, the intervals made so far: four measures ask for the same samples."""
    return {}


def replicated(evidence: Evidence, groups: Groups) -> dict[str, tuple[float, float]]:
    """The middle 95 % of the four resampled figures over the whole period, by name; none where a figure has none.

    A sample of all rows with replacement is a multinomial sample of the cells that rows fall into: group x decision x outcome, and all the
    rest as one cell. The seed is the evidence's.
    """
    if evidence.without is not None or len(groups.slices) < 2:
        return {}
    known = _known(evidence)
    if groups.attribute not in known:
        table = evidence.counts.table[0, 0]
        cells = table[groups.slices][:, : YES + 1]  # [group, decision, outcome]
        rest = max(float(table[0].sum() - cells.sum()), 0.0)
        shape = cells.shape
        low, high = bootstrap(
            np.append(cells.ravel(), rest), lambda drawn: spreads(drawn[:, :-1].reshape(-1, *shape)),
            seed=evidence.seed + groups.attribute, replicates=REPLICATES,
        )  # fmt: skip
        both = zip(NAMES, low.tolist(), high.tolist(), strict=True)
        known[groups.attribute] = {name: (a, b) for name, a, b in both if np.isfinite(a) and np.isfinite(b)}
    return known[groups.attribute]


def spreads(cells: Floats) -> Floats:
    """The four figures, in the order of `NAMES`, of tables [sample, group, decision (no, yes), outcome (no, yes, unknown)]."""
    decided = cells.sum(axis=(2, 3))
    highest, lowest = _ends(cells[:, :, YES].sum(axis=2), decided)
    gaps = []
    for outcome in (YES, NO):
        top, bottom = _ends(cells[:, :, YES, outcome], cells[:, :, :, outcome].sum(axis=2))
        gaps.append(top - bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([highest - lowest, lowest / highest, gaps[0], np.maximum(*gaps)], axis=1)


def _ends(hits: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The highest and the lowest proportion of each sample; NaN where fewer than two groups have rows."""
    present = n > 0
    rate = np.divide(hits, n, out=np.zeros_like(hits), where=present)
    enough = present.sum(axis=1) >= 2
    highest, lowest = np.where(present, rate, -np.inf).max(axis=1), np.where(present, rate, np.inf).min(axis=1)
    return np.where(enough, highest, np.nan), np.where(enough, lowest, np.nan)
