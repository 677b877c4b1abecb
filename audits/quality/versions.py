"""Rows of each version by window, from the partitions alone: also where the log has a single version."""

from __future__ import annotations

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence


def rows_by_version(evidence: Evidence) -> tuple[tuple[str | None, ...], Floats]:
    """Versions in the order in which they first answered (the reference included), and their rows by [version, window], the whole first."""
    first: dict[str | None, int] = {}
    for tally in (evidence.reference_tally, evidence.tally):
        for partition in tally.partitions:
            first[partition.version] = min(first.get(partition.version, partition.bucket), partition.bucket)
    versions = tuple(sorted(first, key=lambda version: (first[version], version or "")))
    rows = np.zeros((len(versions), len(evidence.windows)))
    starts = np.asarray([span[0] for span in evidence.spans[1:]], dtype=np.int64)
    for partition in evidence.tally.partitions:
        rows[versions.index(partition.version), int(np.searchsorted(starts, partition.bucket, side="right"))] += partition.rows
    rows[:, 0] = rows[:, 1:].sum(axis=1)
    return versions, rows
