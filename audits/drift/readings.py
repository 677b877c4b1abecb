"""Each column's bin counts, read off the tally once a run: every drift and quality figure starts from them."""

from __future__ import annotations

import weakref

from audits.evidence import ColumnCounts, Evidence

KEPT_BYTES = 64_000_000
"""Counts up to this size together are kept while their evidence lives; the rest are read again."""


class _Kept:
    def __init__(self) -> None:
        self.of: weakref.ref[Evidence] | None = None
        self.counts: dict[str, ColumnCounts] = {}
        self.size = 0

    def start(self, evidence: Evidence) -> None:
        self.counts.clear()
        self.size = 0
        self.of = weakref.ref(evidence, lambda gone: self.counts.clear() if self.of is gone else None)


_kept = _Kept()


def column_counts(evidence: Evidence, name: str) -> ColumnCounts:
    """`evidence.column(name)`, kept for the next audit that asks."""
    if _kept.of is None or _kept.of() is not evidence:
        _kept.start(evidence)
    if name not in _kept.counts:
        found = evidence.column(name)
        _kept.size += found.windows.nbytes + found.total.nbytes
        if _kept.size > KEPT_BYTES:
            return found
        _kept.counts[name] = found
    return _kept.counts[name]
