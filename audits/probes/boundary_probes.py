"""Who feels for the cut-off: small steps at it, far more of them than the reference's clients take."""

from __future__ import annotations

import numpy as np

from audits.estimate import Floats, Integers

NEAR_SHARE = 0.02
"""The share of the reference's scores that lie within the band around the cut-off."""
SMALL_SHARE = 0.01
"""The share of the reference's steps that are called small."""
LEAST_PROBES = 5
ALPHA = 0.01
"""The chance that anybody in a log without probes is called a prober."""
LEAST_SPREAD, MOST_SPREAD = 1e-3, 0.5


def usual(probes: Floats, n: Floats) -> tuple[float, float]:
    """The beta distribution of the share of probes among the reference's clients, by moments.

    Source: J. C. Kleinman (1973), JASA 68, 46-54: Proportions with extraneous variance. The share has half a row added, and the spread
    between clients is taken to be at least `LEAST_SPREAD`: a reference without probes does not say that there can be none.

    >>> a, b = usual(np.asarray([1.0, 1.0, 1.0, 1.0]), np.asarray([100.0, 100.0, 100.0, 100.0]))
    >>> round(a / (a + b), 4)
    0.0112
    """
    total = float(n.sum())
    share = (float(probes.sum()) + 0.5) / (total + 1.0)
    spread = LEAST_SPREAD
    kept = n > 0
    clients = int(kept.sum())
    if clients > 1:
        between = float((n[kept] * (probes[kept] / n[kept] - share) ** 2).sum())
        chance = share * (1 - share)
        room = chance * (total - float((n[kept] ** 2).sum()) / total - (clients - 1))
        spread = (between - chance * (clients - 1)) / room if room > 0 else spread
    spread = min(max(spread, LEAST_SPREAD), MOST_SPREAD)
    return share * (1 / spread - 1), (1 - share) * (1 / spread - 1)


def p_values(probes: Floats, n: Floats, prior: tuple[float, float], before: tuple[Floats, Floats]) -> Floats:
    """How likely so many probes or more are, of a client that did so often before (probes, rows): beta-binomial.

    A client without a past is one of the reference's clients, drawn at random.
    """
    from scipy.stats import betabinom

    a, b = prior[0] + before[0], prior[1] + before[1] - before[0]
    return np.asarray(betabinom.sf(probes - 1, n, a, b), dtype=np.float64)


def found(probes: Floats, p_value: Floats) -> Integers:
    """Positions of the groups that are called probers, surest first: beyond chance for all groups together (Bonferroni)."""
    kept = np.flatnonzero((p_value <= ALPHA / max(len(p_value), 1)) & (probes >= LEAST_PROBES))
    order: Integers = np.lexsort([-probes[kept], p_value[kept]])
    return kept[order]
