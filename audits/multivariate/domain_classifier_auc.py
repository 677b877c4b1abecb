"""The audit `domain_classifier_auc`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="domain_classifier_auc", unit="score", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def domain_classifier_auc(evidence: Evidence) -> Iterator[Measurement]:
    """Area under the ROC curve of a classifier that tells the newest complete window's rows from the reference's: 0.5 when it cannot.

    Formula
        Boosted trees (LightGBM: 60 trees of 15 leaves) trained on four fifths of a budget of rows of both, asked about the fifth; ties
        half. A logistic regression stands beside it in the tables.
    Interval and test
        DeLong over all out-of-fold answers; p one-sided against 0.5. n is the window's rows used; tables say how many there were.
    Tables
        `features` and `importance`: how much AUC is lost on rows not trained on when a column's values are dealt out anew; columns that say
        the same share it.
    When it misleads
        It finds any difference, also one that does not matter to the model, and with many rows a small one. Rows that follow each other are
        alike: an identifier or a clock among the features gives every window away.
    Source
        D. Lopez-Paz and M. Oquab (2017), Revisiting Classifier Two-Sample Tests, ICLR; E. DeLong, D. DeLong and D. Clarke-Pearson (1988),
        Biometrics 44.
    """
    yield from part(evidence, "domain_classifier_auc", "score")
