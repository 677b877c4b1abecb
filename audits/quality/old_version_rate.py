"""Old-version rate: share of predictions that a version answered which another should have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion
from audits.quality.versions import rows_by_version

ALL, FEW = 0.99, 30
"""A version answered a window alone with this share of at least so many rows."""


@audit(name="old_version_rate", unit="proportion", needs=("version",), tasks=EVERY_TASK, units="own")
def old_version_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions answered by a version that had been replaced.

    Formula
        rows of old versions / rows with a version, per window. Where the version that should answer is said (`alerts.version`, or the
        newest release event that names a version), every version that answered before it is old, from its first row on; one that never
        answered makes all rows old from the release on, or without a release in the newest complete window. Otherwise a version is old once
        a later one has answered 99 % of a complete window. Versions with a declared share of the traffic are never old.
    Interval
        Wilson. n is the rows with a version. Tables list the rows of each version.
    When it misleads
        A roll-back on purpose looks the same: say so with `alerts.version`. A model that was pushed under an old name is invisible here;
        see `unexplained_score_shift`.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems; E. B. Wilson (1927), JASA 22, for the interval.
    """
    seen, rows = rows_by_version(evidence)
    named = [place for place, version in enumerate(seen) if version is not None]
    if not named:
        return
    versions, rows = tuple(str(seen[place]) for place in named), rows[named]
    wanted = _wanted(evidence, versions)
    old = _replaced(evidence, rows) if wanted is None else _before(evidence, versions, rows, wanted)
    for place, version in enumerate(versions):
        if evidence.model.alerts.shares.get(version, 0.0) > 0:
            old[place] = False
    total, hits = rows.sum(axis=0), np.where(old, rows, 0.0).sum(axis=0)
    hits[0] = hits[1:].sum()
    windows = np.flatnonzero(total > 0)
    found = proportion(hits[windows], total[windows])
    tables = {
        i: {"expected": wanted, "versions": {version: int(rows[k, w]) for k, version in enumerate(versions) if rows[k, w]}}
        for i, w in enumerate(windows.tolist())
    }
    yield measurement(
        "old_version_rate", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(total[windows]), method=found.method,
        window=windows, slice=0, tables=tables,
    )  # fmt: skip


def _wanted(evidence: Evidence, versions: Sequence[str]) -> str | None:
    """The version that should answer, where somebody said so: the longest name that the newest release which names one has."""
    given = evidence.model.alerts.version
    if given is not None:
        return given
    for event in reversed(evidence.ledger.releases):
        words = {word.strip(".,;:()\"'") for word in event.text.split()}
        named = [version for version in versions if version in words]
        if named:
            return max(named, key=len)
    return None


def _before(evidence: Evidence, versions: Sequence[str], rows: Floats, wanted: str) -> NDArray[np.bool_]:
    """Where versions are old, by [version, window], because they answered before the wanted one did."""
    old = np.zeros(rows.shape, dtype=bool)
    if wanted in versions:
        place = versions.index(wanted)
        answered = np.flatnonzero(rows[place, 1:] > 0) + 1
        since = int(answered[0]) + 1 if len(answered) else 1  # in the window of the change itself both are right
        old[:place, since:] = True
        return old
    released = [event.at for event in evidence.ledger.releases]
    complete = [i for i, window in enumerate(evidence.windows) if i and not window.partial and rows[:, i].sum() > 0]
    after = [i for i in complete if released and (start := evidence.windows[i].start) is not None and start >= released[-1]]
    old[:, after or complete[-1:]] = True
    return old


def _replaced(evidence: Evidence, rows: Floats) -> NDArray[np.bool_]:
    """Where versions are old, by [version, window], because a later one had answered a whole window alone."""
    total = rows.sum(axis=0)
    old = np.zeros(rows.shape, dtype=bool)
    newest = 0
    for window in range(1, rows.shape[1]):
        old[:newest, window] = True
        alone = np.flatnonzero((rows[:, window] >= ALL * total[window]) & (total[window] >= FEW))
        if len(alone) and not evidence.windows[window].partial:
            newest = max(newest, int(alone[0]))
    return old
