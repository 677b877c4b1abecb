"""The audit `brier_uncertainty`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import wilson
from audits.performance.brier_parts import parts


@audit(name="brier_uncertainty", unit="score", needs=("probability", "outcome"))
def brier_uncertainty(evidence: Evidence) -> Iterator[Measurement]:
    """The Brier score of always answering the base rate: what the outcomes themselves bring, and no model can change.

    b(1 - b), b being the share of positive outcomes among scored predictions with a known outcome. Interval: the values that b(1 - b) takes
    over the Wilson interval of b.

    It misleads as a judgement of the model: it is none.

    Source: A. H. Murphy (1973), Journal of Applied Meteorology 12, 595-600.

    >>> round(0.3 * (1 - 0.3), 4)
    0.21
    """
    for part in parts(evidence):
        ends = wilson(part.base_rate * part.n, part.n)
        low, high = (end * (1 - end) for end in ends)
        top = np.where((ends[0] <= 0.5) & (ends[1] >= 0.5), 0.25, np.maximum(low, high))
        yield part.measurement(evidence, "brier_uncertainty", value=part.uncertainty, low=np.minimum(low, high), high=top, method="wilson")
