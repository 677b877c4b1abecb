"""Rows scored above the median of everybody, laid out by window and slice: what both scoring measures divide."""

from __future__ import annotations

import numpy as np

from audits.audit import measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement

NO_SECOND_PASS = "the exact median of the scores needs a second pass over the rows, which found none"


def above_median(evidence: Evidence) -> tuple[Floats, Floats]:
    """Rows above the median and rows scored, by [window, slice]; zeros where the second pass over rows found nothing."""
    shape = (len(evidence.windows), len(evidence.slices))
    above, scored = np.zeros(shape), np.zeros(shape)
    for (window, place), (n, higher) in evidence.above.items():
        scored[window, place], above[window, place] = n, higher
    return above, scored


def without_second_pass(name: str, unit: str) -> Measurement:
    """The one measurement that says why there is none."""
    empty = np.full(1, np.nan)
    return measurement(name, unit, value=empty, low=empty, high=empty, n=np.zeros(1), method="", reason=NO_SECOND_PASS)
