"""The audit `online_cramer_von_mises`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="online_cramer_von_mises", unit="proportion", needs=("score",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def online_cramer_von_mises(evidence: Evidence) -> Iterator[Measurement]:
    """Share of the newest rows at which the score's online Cramér-von Mises statistic stood above its line (alibi-detect).

    Formula
        Windows of 50 scores against 1,000 of the reference, row by row; the line is simulated for one false alarm in 1,500 rows.
    Interval and test
        None: the share is read by the line, which holds the false alarms. n is the rows followed, 300 at most, in the order of time.
    Tables
        `t`, `statistic`, `line`: row by row; `first`: the row of the first alarm; `run_time`.
    When it misleads
        Three hundred rows at one false alarm in 1,500 ring by chance in a fifth of all quiet windows. The reference is taken to be
        independent rows: a season rings.
    Source
        G. J. Ross and N. M. Adams (2012), Journal of Quality Technology 44; alibi-detect CVMDriftOnline.
    """
    yield from part(evidence, "online_cramer_von_mises", "proportion")
