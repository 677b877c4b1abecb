"""The audit `classifier_drift`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="classifier_drift", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def classifier_drift(evidence: Evidence) -> Iterator[Measurement]:
    """Distance between a logistic regression's answers for the window and for the reference, out of fold (alibi-detect).

    Formula
        max |F(answer | reference) - F(answer | window)|, five folds; at most 5,000 rows of either side.
    Interval and test
        Dvoretzky-Kiefer-Wolfowitz around the distance; p of alibi-detect's Kolmogorov-Smirnov test. n is the window's rows used.
    Tables
        Rows used and available, seconds.
    When it misleads
        A straight line misses what only shows in interactions: see `domain_classifier_auc`. Answers of different folds are pooled.
    Source
        D. Lopez-Paz and M. Oquab (2017), ICLR; alibi-detect ClassifierDrift.
    """
    yield from part(evidence, "classifier_drift", "distance")
