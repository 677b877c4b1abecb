"""The audit `cost_per_prediction`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="cost_per_prediction", unit="currency", needs=("cost",), tasks=EVERY_TASK)
def cost_per_prediction(evidence: Evidence) -> Iterator[Measurement]:
    """The mean cost of a prediction, in the currency of the log.

    Σ cost / n over the predictions that carry one; t interval.

    It misleads when costs have a long tail or come later than predictions (batch bills): look at the count beside it.

    Source: the log's own column, mapped by `columns.cost`.
    """
    c = evidence.counts
    yield mean(
        evidence, "cost_per_prediction", "currency", c.total("cost"), c.total("cost_squared"), c.total("cost_n"),
        reason="no prediction of these carries a value",
    )  # fmt: skip
