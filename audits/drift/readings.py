"""Each column's bin counts, read off the tally once a run: every drift and quality figure starts from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from audits.evidence import ColumnCounts, Evidence
from audits.once import once

KEPT_BYTES = 64_000_000
"""Counts up to this size together are kept while their evidence lives; the rest are read again."""


@dataclass
class _Kept:
    counts: dict[str, ColumnCounts] = field(default_factory=dict)
    size: int = 0


@once
def _kept(_: Evidence) -> _Kept:
    return _Kept()


def column_counts(evidence: Evidence, name: str) -> ColumnCounts:
    """`evidence.column(name)`, kept for the next audit that asks."""
    kept = _kept(evidence)
    if name not in kept.counts:
        found = evidence.column(name)
        kept.size += found.windows.nbytes + found.total.nbytes
        if kept.size > KEPT_BYTES:
            return found
        kept.counts[name] = found
    return kept.counts[name]
