"""The audit `base_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="base_rate", unit="proportion", needs=("outcome",), favorable=True)
def base_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of known outcomes that are favorable.

    Favorable outcomes / known outcomes; Wilson interval. It is about `favorable`, the value that benefits the person, also where the score
    predicts the other one.

    It misleads when the outcome is known for some kinds of cases sooner, or only at all, than for others.

    Source: S. Barocas, M. Hardt and A. Narayanan, Fairness and Machine Learning (2023), chapter 3.
    """
    c = evidence.counts
    yield rate(evidence, "base_rate", c.favored, c.labelled, reason="no prediction with a known outcome")
