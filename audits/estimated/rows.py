"""The analysed period's rows, laid out by piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.estimated.pieces import Pieces, turned
from audits.evidence import NO, YES, Evidence


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
    fine, cells = pieces.slices[: pieces.fine].tolist(), pieces.slices[pieces.fine :].tolist()
    starts, found = [part.bins for part in pieces.parts[: pieces.fine]], []
    for version in range(len(evidence.versions)):
        crossed, _ = evidence.decided_coarse(cells, version=version)
        parts = [evidence.decided_runs(fine, starts, version=version), np.moveaxis(crossed, 1, 3).reshape(len(crossed), 3, 3, -1)]
        found.append(split(np.concatenate(parts, axis=-1), evidence.counts.same))
    return found


def split(table: Floats, same: bool) -> Rows:
    """Rows from counts by [window, decision, outcome, piece], as logged."""
    found = turned(table, same, 1, 2)
    return Rows(n=found.sum(axis=2), known=found[:, :, NO] + found[:, :, YES], hits=found[:, :, YES])
