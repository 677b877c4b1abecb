"""The audit `log_loss`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean, stratified


@audit(name="log_loss", unit="score", needs=("probability", "outcome"), tasks=("binary", "multiclass"))
def log_loss(evidence: Evidence) -> Iterator[Measurement]:
    """The mean negative logarithm of the probability that the score gave to what happened.

    -Σ log(score if positive else 1 - score) / n, natural logarithm, probabilities cut at 2.2e-16 as scikit-learn does. Interval: of
    each outcome's mean by t, and of the share of positive outcomes by Wilson, put together. In a multiclass task: of the probability of
    the class that happened, taken as logged and not made to add up to 1; t interval.

    It misleads when a few scores are exactly 0 or 1 and wrong: each costs 36, so that one row can outweigh a thousand.

    Source: I. J. Good (1952), J. R. Stat. Soc. B 14; scikit-learn, `log_loss`.

    >>> import math
    >>> round(-(math.log(0.8) + math.log(1 - 0.3)) / 2, 4)
    0.2899
    """
    c = evidence.counts
    total, squared, n = (c.sums[each] for each in ("log_loss", "log_loss_squared", "scored"))
    reason = "no scored prediction with a known outcome"
    if evidence.task == "multiclass":
        total, squared, n = (each[..., :2].sum(axis=-1) for each in (total, squared, n))
        yield mean(evidence, "log_loss", "score", total, squared, n, reason=reason)
        return
    yield stratified(evidence, "log_loss", "score", total, squared, n, reason=reason)
