"""The audit `spot_the_difference`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="spot_the_difference", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def spot_the_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Distance along one learned difference between the window's rows and the reference's (alibi-detect, needs PyTorch).

    Formula
        A kernel classifier with one test location that is learned on three quarters of the rows; Kolmogorov-Smirnov distance of its answers
        on the rest.
    Interval and test
        Dvoretzky-Kiefer-Wolfowitz around the distance; p of alibi-detect's test. n is the window's rows used.
    Tables
        `features` and `importance`: the size of the learned difference by column.
    When it misleads
        It is made to be read, not to be strong: a classifier finds more. Training is short, and another seed may find another difference.
    Source
        W. Jitkrittum et al. (2016), Interpretable Distribution Features, NIPS; alibi-detect SpotTheDiffDrift.
    """
    yield from part(evidence, "spot_the_difference", "distance")
