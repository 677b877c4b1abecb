"""The analysed period's rows, laid out by piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.counts import NO, UNKNOWN, YES, add_rows
from audits.estimate import Floats, Integers
from audits.estimated.pieces import Pieces, turned
from audits.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows by [window, decision, piece]: all that have a score, those with a known outcome, and those whose outcome is positive.

    Decisions are, in this order: against the positive outcome, for it, none logged.
    """

    n: Floats
    known: Floats
    hits: Floats


def rows_by_version(evidence: Evidence, pieces: Pieces) -> list[Rows]:
    """The rows of all versions together and then of each, window by window."""
    fine, cells = _fine(evidence, pieces), pieces.slices[pieces.fine :].tolist()
    found = []
    for version in range(len(evidence.versions)):
        crossed, _ = evidence.decided_coarse(cells, version=version)
        flat = np.moveaxis(crossed, 1, 3).reshape(len(crossed), 3, 3, -1)
        found.append(split(np.concatenate([fine[version], flat], axis=-1), evidence.counts.same))
    return found


def _fine(evidence: Evidence, pieces: Pieces) -> Floats:
    """Counts by [version, window, decision, outcome, piece] of the fine slices: a histogram is cut to pieces before anything is added up.

    It is `evidence.decided_rows` of each version, without laying out a thousand bins for every cell.
    """
    tally, held = evidence.tally, evidence.tally.margin
    versions, windows = len(evidence.versions), len(evidence.windows)
    order = {evidence.slices[int(position)]: place for place, position in enumerate(pieces.slices[: pieces.fine])}
    target = np.asarray([order.get(found, -1) for found in tally.slices] + [-1], dtype=np.int64)[held["slice"]]
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.int64)
    buckets = np.asarray([p.bucket for p in tally.partitions], dtype=np.int64)
    window = np.searchsorted(starts, buckets, side="right")
    numbers = {name: place for place, name in enumerate(evidence.versions)}
    version = np.asarray([numbers.get(p.version, 0) for p in tally.partitions], dtype=np.int64)
    part = held["partition"]
    cell: Integers = version[part] * windows + window[part]
    for name in ("decision", "outcome"):
        cell = cell * 3 + np.where(held[name] < 0, UNKNOWN, held[name]).astype(np.int64)
    size = int(pieces.starts[pieces.fine]) if pieces.fine < len(pieces.parts) else int(pieces.lengths.sum())
    found = np.zeros((versions * windows * 9, size))
    of_curve = held["curve"] == (evidence.view or 0)
    grid = evidence.bins.score_bins
    bins = 0 if grid is None else grid.size
    for place in range(pieces.fine):
        chosen = np.flatnonzero((target == place) & of_curve)
        if len(chosen):
            cut = np.add.reduceat(held["n"][chosen, :bins], pieces.parts[place].bins, axis=1)
            first = int(pieces.starts[place])
            add_rows(found[:, first : first + cut.shape[1]], cell[chosen], cut)
    table = found.reshape(versions, windows, 3, 3, size)
    table[:, 0] = table[:, 1:].sum(axis=1)
    if versions > 1:
        table[0] = table.sum(axis=0)
    return table


def split(table: Floats, same: bool) -> Rows:
    """Rows from counts by [window, decision, outcome, piece], as logged."""
    found = turned(table, same, 1, 2)
    return Rows(n=found.sum(axis=2), known=found[:, :, NO] + found[:, :, YES], hits=found[:, :, YES])


