"""The audit `model_mismatch_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import over_cells


@audit(name="model_mismatch_rate", unit="proportion", tasks=EVERY_TASK, units="own", probe="answers")
def model_mismatch_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of logged scores that the model file does not answer again: train/serve skew, an old file, or other columns.

    Formula
        Rows with |logged score - answer| > `tolerance`, or with an answer that is no number, over rows with a logged score; 0.001 is the
        default tolerance. Of several classes the largest distance counts. Where only decisions are logged, they are held against those
        that the answers lead to at the cut-off that follows the log most. A release is asked about rows of its own version only.
    Interval
        Wilson, over a budget of rows (20,000 by default) whose keys have the smallest digests; with several rows a unit, one row a unit
        and window. The tables say how many rows there were, which versions each file matches, how many rows got no answer or two different
        ones, levels that the model was not trained with, and, where a few more questions could tell, what makes the answers match:
        columns exchanged or in another order, another unit, the other class, or one level or missing value that is encoded otherwise.
    When it misleads
        Explanations and attacks are about the file, so where it does not match they are not about what people met. A match says nothing
        of rows unlike the logged ones, and a tolerance above the rounding of the log hides small differences that turn decisions.
    Source
        The check before any use of a model beside its log; compare E. Breck et al. (2017), The ML Test Score, IEEE Big Data, on
        training and serving that compute the same.

    >>> import numpy as np
    >>> logged, answered = np.array([0.2, 0.7, 0.9, 0.4]), np.array([0.2, 0.7004, 0.8, np.nan])
    >>> float((~(abs(logged - answered) <= 0.001)).mean())
    0.5
    """
    body = {key: value for key, value in evidence.probes.get("answers", {}).items() if key != "cells"}
    yield from over_cells(
        evidence, "answers", "model_mismatch_rate", "proportion", quantity="mismatch", tables=lambda cells, column: body
    )  # fmt: skip
