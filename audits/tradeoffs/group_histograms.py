"""Logged scores of the whole period, by group and outcome: all that a change of threshold needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import NO, UNKNOWN, YES, Evidence
from audits.fairness.yardstick import Groups, compared_groups
from audits.histograms import COARSE
from audits.once import once
from audits.slices import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHistograms:
    """Score histograms of the known groups of one attribute, of the full intersection, or of everybody.

    Parameters
    ----------
    attribute
        Position in `Evidence.attributes`; -1 for everybody as a single group.
    slices
        Positions in `Evidence.slices`, one a group.
    negatives, positives, unlabelled
        Rows by [group, bin], lowest scores first, by whether the outcome is the one the score predicts.
    edges
        Lower edges of bins 1, 2, ...: a score at or above edges[k] is in a bin above k.
    same
        Whether the positive outcome is the favorable one.
    allowed
        Which groups the others may be compared with.
    decided
        Rows with a decision by [group, decision (negative, positive), outcome (negative, positive, unknown), bin].
    """

    attribute: int
    slices: Integers
    negatives: Floats
    positives: Floats
    unlabelled: Floats
    edges: Floats
    same: bool
    allowed: NDArray[np.bool_]
    decided: Floats

    def within(self, kept: NDArray[np.bool_]) -> GroupHistograms:
        """Those of some of the groups."""
        return GroupHistograms(
            attribute=self.attribute, slices=self.slices[kept], negatives=self.negatives[kept], positives=self.positives[kept],
            unlabelled=self.unlabelled[kept], edges=self.edges, same=self.same, allowed=self.allowed[kept],
            decided=self.decided[kept],
        )  # fmt: skip


@once
def histograms(evidence: Evidence) -> tuple[GroupHistograms, ...]:
    """Everybody first, then the known groups of each attribute on the score's own grid, then of the intersection in 20 bins."""
    grid = evidence.bins.score_bins
    assert grid is not None
    every = list(compared_groups(evidence))
    singles = [groups for groups in every if evidence.attributes[groups.attribute] in evidence.model.attributes]
    everybody = Groups(attribute=-1, slices=np.zeros(1, dtype=np.int64), allowed=np.ones(1, dtype=np.bool_))
    n = evidence.decided_rows(np.concatenate([groups.slices for groups in (everybody, *singles)]).tolist(), whole=True)[0]
    found, start = [], 0
    for groups in (everybody, *singles):
        found.append(_of(evidence, groups, n[start : start + len(groups.slices)], grid.edges))
        start += len(groups.slices)
    for groups in every:
        if evidence.attributes[groups.attribute] not in evidence.model.attributes:
            first = -(-np.arange(1, COARSE) * grid.size // COARSE)  # the first fine bin of coarse bins 1, 2, ...
            rows = evidence.decided_coarse(groups.slices.tolist(), whole=True)[0][0]
            found.append(_of(evidence, groups, rows, np.append(grid.edges, np.inf)[first - 1]))  # a grid of few bins fills few of the 20
    return tuple(found)


def _of(evidence: Evidence, groups: Groups, table: Floats, edges: Floats) -> GroupHistograms:
    """From rows by [group, decision, outcome, bin], on both axes no, yes and unknown."""
    same, n = evidence.counts.same, table.sum(axis=1)
    positive, negative = (YES, NO) if same else (NO, YES)
    order = [negative, positive]
    return GroupHistograms(
        attribute=groups.attribute, slices=groups.slices, negatives=n[:, negative], positives=n[:, positive], unlabelled=n[:, UNKNOWN],
        edges=edges, same=same, allowed=groups.allowed, decided=table[:, order][:, :, [*order, UNKNOWN]],
    )  # fmt: skip


def levels(evidence: Evidence, slices: Sequence[int] | Integers) -> list[dict[str, str]]:
    """The levels of slices, for tables."""
    return [dict(found.levels) for found in (evidence.slices[int(i)] for i in slices)]


def name_of(found: Slice) -> str:
    """A group in words: its levels, joined."""
    return ", ".join(level for _, level in found.levels) or "everybody"
