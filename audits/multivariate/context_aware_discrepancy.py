"""The audit `context_aware_discrepancy`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="context_aware_discrepancy", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def context_aware_discrepancy(evidence: Evidence) -> Iterator[Measurement]:
    """Discrepancy of rows given the declared segments: what moved beyond who came (alibi-detect, needs PyTorch).

    Formula
        Maximum mean discrepancy of the window and the reference conditional on the segments' levels. At most 500 rows of either side.
    Interval and test
        No interval: the statistic is read by its p-value, by 200 permutations within context, counted as (1 + b) / (1 + B). n is the
        window's rows used.
    Tables
        `contexts`: the segments.
    When it misleads
        It allows for segments that are declared and for nothing else; levels that only one side has cannot be compared.
    Source
        O. Cobb and A. Van Looveren (2022), Context-Aware Drift Detection, ICML.
    """
    yield from part(evidence, "context_aware_discrepancy", "distance")
