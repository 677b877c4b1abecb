"""The audit `maximum_mean_discrepancy`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="maximum_mean_discrepancy", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def maximum_mean_discrepancy(evidence: Evidence) -> Iterator[Measurement]:
    """Squared maximum mean discrepancy between rows of the window and of the reference, Gaussian kernel (alibi-detect, needs PyTorch).

    Formula
        E k(x, x') + E k(y, y') - 2 E k(x, y), unbiased; the kernel's width is the median distance. At most 1,000 rows of either side.
    Interval and test
        Student's t over five disjoint parts of the rows, so wider than for all of them; p by 200 permutations, counted as (1 + b) / (1 +
        B). n is the window's rows used.
    Tables
        Rows used and available, seconds.
    When it misleads
        One width for all columns: a shift of one column among many is blurred. Unbiased, so it can lie below 0.
    Source
        A. Gretton et al. (2012), A Kernel Two-Sample Test, JMLR 13; B. Phipson and G. K. Smyth (2010), Statistical Applications in Genetics
        9.
    """
    yield from part(evidence, "maximum_mean_discrepancy", "distance")
