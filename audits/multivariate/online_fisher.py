"""The audit `online_fisher`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="online_fisher", unit="proportion", needs=("decision",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def online_fisher(evidence: Evidence) -> Iterator[Measurement]:
    """Share of the newest rows at which Fisher's online test of the decision stood above its line, either way (alibi-detect).

    Formula
        Windows of 50 decisions against 1,000 of the reference, row by row; the line is simulated for one false alarm in 1,500 rows,
        both ways together.
    Interval and test
        None: the share is read by the line, which holds the false alarms. n is the rows followed, 300 at most, in the order of time.
    Tables
        `t`, `statistic`, `line`: row by row; `first`: the row of the first alarm; `run_time`.
    When it misleads
        Three hundred rows at one false alarm in 1,500 ring by chance in a fifth of all quiet windows.
    Source
        G. J. Ross, D. K. Tasoulis and N. M. Adams (2013), Sequential monitoring of a Bernoulli sequence, Computational Statistics 28;
        alibi-detect FETDriftOnline.
    """
    yield from part(evidence, "online_fisher", "proportion")
