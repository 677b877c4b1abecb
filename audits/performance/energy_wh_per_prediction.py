"""The audit `energy_wh_per_prediction`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="energy_wh_per_prediction", unit="Wh", needs=("energy_wh",), tasks=EVERY_TASK)
def energy_wh_per_prediction(evidence: Evidence) -> Iterator[Measurement]:
    """The mean energy of a prediction, in watt hours.

    Σ energy_wh / n over the predictions that carry one; t interval.

    It misleads when the meter sees the machine and not the request: idle energy is then left out or shared by a rule unknown here.

    Source: the log's own column, mapped by `columns.energy_wh`.
    """
    c = evidence.counts
    yield mean(
        evidence, "energy_wh_per_prediction", "Wh", c.total("energy_wh"), c.total("energy_wh_squared"), c.total("energy_wh_n"),
        reason="no prediction of these carries a value",
    )  # fmt: skip
