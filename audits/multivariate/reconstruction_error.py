"""The audit `reconstruction_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="reconstruction_error", unit="difference", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def reconstruction_error(evidence: Evidence) -> Iterator[Measurement]:
    """How much worse the reference's main directions describe the window's rows, in standard deviations of the reference's own error.

    Formula
        Principal components that hold 65 % of the variance, fitted on one half of the reference's rows; mean error of the window less that
        of the other half, over its standard deviation.
    Interval and test
        Welch; p two-sided. n is the window's rows used.
    Tables
        `components`, and the mean error of both sides.
    When it misleads
        It sees when columns stop moving together, and misses a shift along the directions that are kept. Categories are numbers 0 and 1
        here.
    Source
        K. Pearson (1901), Philosophical Magazine 2; the drift measure is NannyML's, with other scaling.
    """
    yield from part(evidence, "reconstruction_error", "difference")
