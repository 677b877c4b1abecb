"""The audit `selection_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="selection_rate", unit="proportion", needs=("decision",), favorable=True)
def selection_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that are favorable.

    Favorable decisions / all decisions; Wilson interval. Needs no outcomes. It is about `favorable`, the value that benefits the person.

    It misleads when the people who apply change: a rate can move without any change in the model (compare with drift in the features).

    Source: fairlearn, `selection_rate`; 29 CFR 1607.4(B).

    >>> from audits.interval import share
    >>> float(share(30, 120))
    0.25
    """
    c = evidence.counts
    yield rate(evidence, "selection_rate", c.selected, c.decided, reason="no prediction with a decision")
