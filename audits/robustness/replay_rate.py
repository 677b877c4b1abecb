"""The audit `replay_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.robustness.from_log import QUERIES, marked_rate


@audit(name="replay_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True, units="rows", probe=QUERIES)
def replay_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions whose exact inputs came far more often since the reference than the reference explains.

    Formula
        Rows are of one cluster when all inputs agree, whatever their ids. With N rows in the reference, r of them of this cluster, n rows
        since, and a the share of the reference's later half whose inputs had come in its earlier one, a cluster may hold as many rows as a
        Poisson variable of mean n (r + a) / N exceeds once in a million, times how much more often than that inputs came in the later half
        of the reference (at least 1), and always 4. All rows of larger clusters count. All rows of the log are read.
    Interval and test
        Wilson, taking rows of such clusters as replays. n is all predictions.
    Tables
        `clusters`: rows, expected, allowed, how many clients sent it and which most, first and last time, the inputs; `in_all`;
        `recurring`: a.
    When it misleads
        A health check or a test that sends the same request from some day on is a replay by this definition. Inputs that are few and coarse
        recur by themselves, so that clusters hide among honest rows. Whoever changes one digit each time is not seen here. A row that comes
        again under its own id is a duplicate, and was dropped on arrival: see `duplicate_rate`.
    Source
        A convention of ours; on replays P. Syverson (1994), A Taxonomy of Replay Attacks, IEEE CSFW.

    >>> since, allowed = {"a": 49, "b": 3, "c": 1}, 4  # rows by inputs that the reference never had
    >>> round(sum(n for n in since.values() if n > allowed) / sum(since.values()), 3)
    0.925
    """
    yield from marked_rate(evidence, QUERIES, "replay_rate")
