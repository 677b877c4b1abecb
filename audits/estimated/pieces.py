"""One axis for all that is estimated: the pieces of every slice, slice after slice, so that a figure of all slices is one sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.curve import distrust
from audits.estimated.parts import Part, cell_parts, common_of, expected, fine_part
from audits.estimated.ranking import Runs, precise, ranked
from audits.estimated.reweighting import Weighting, weighting
from audits.evidence import NO, UNKNOWN, YES, Evidence


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The layout, and what the reference says of each piece.

    Parameters
    ----------
    slices
        Positions in the evidence: `fine` ones on the frozen grid (everybody first, then groups and segments), then cells of the protected
        cross; `shown` says which are reported.
    parts
        One for each slice.
    within
        By [fine slice, cell]: which cells make up a slice; none for segments, which the cross does not hold.
    weighting
        How the outcomes of cells depart from the curves of the slices they make up.
    optimism
        By slice, what a figure of ranking exceeds the observed one by on the reference itself: a rising curve sorts its own noise.
    parents
        For each slice, the places of the slices whose failure is its own: everybody and its groups.
    """

    slices: Integers
    fine: int
    shown: NDArray[np.bool_]
    parts: tuple[Part, ...]
    within: NDArray[np.bool_]
    weighting: Weighting
    optimism: Mapping[str, Floats]
    parents: tuple[tuple[int, ...], ...]

    @cached_property
    def runs(self) -> Runs:
        """The pieces of each slice."""
        return Runs(starts=self.starts, lengths=self.lengths)

    @cached_property
    def lengths(self) -> Integers:
        """Pieces of each slice."""
        return np.asarray([len(part.bins) for part in self.parts], dtype=np.int64)

    @cached_property
    def starts(self) -> Integers:
        """The first piece of each slice."""
        return (np.cumsum(self.lengths) - self.lengths).astype(np.int64)

    @cached_property
    def owner(self) -> Integers:
        """The place of the slice of each piece."""
        return np.repeat(np.arange(len(self.parts), dtype=np.int64), self.lengths)

    @cached_property
    def blocks(self) -> Integers:
        """The first piece of each block of one rate."""
        found = [start + part.blocks for start, part in zip(self.starts, self.parts, strict=True)]
        joined: Integers = np.concatenate(found)
        return joined

    @cached_property
    def block_starts(self) -> Integers:
        """The first block of each slice."""
        lengths = np.asarray([len(part.blocks) for part in self.parts], dtype=np.int64)
        return np.asarray(np.cumsum(lengths) - lengths, dtype=np.int64)

    def joined(self, name: str) -> NDArray[np.float64]:
        """An array of every part, along its last axis."""
        return np.concatenate([getattr(part, name) for part in self.parts], axis=-1)

    @cached_property
    def rate(self) -> Floats:
        """Expected outcome rate by [decision, piece]."""
        return self.joined("rate")

    @cached_property
    def variance(self) -> Floats:
        """Of each block's rate."""
        return self.joined("variance")

    @cached_property
    def losses(self) -> Floats:
        """By [kind, piece]."""
        return self.joined("losses")

    @cached_property
    def unsupported(self) -> Floats:
        """1 where the reference has no outcomes at such scores."""
        return 1.0 - self.joined("supported")

    @cached_property
    def labels(self) -> Floats:
        """Labelled reference rows of each slice."""
        return np.asarray([part.known.sum() for part in self.parts])

    def by_slice(self, values: Floats) -> Floats:
        """Sums over the pieces of each slice, the last axis."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=-1))

    def by_block(self, values: Floats) -> Floats:
        """Sums over the pieces of each block, the last axis."""
        return np.asarray(np.add.reduceat(values, self.blocks, axis=-1))


def turned(table: Floats, same: bool, *axes: int) -> Floats:
    """Unfavorable, favorable, unknown on some axes as negative, positive, unknown: no change where positive and favorable are the same."""
    for axis in () if same else axes:
        table = np.take(table, [YES, NO, UNKNOWN], axis=axis)
    return table


def lay_out(evidence: Evidence) -> Pieces | str:
    """The pieces and their rates, from the reference alone; why there are none, where everybody's reference cannot carry a curve."""
    same, grid = evidence.counts.same, evidence.bins.score_bins
    if grid is None:
        return "no prediction carries a numeric score"
    many = np.asarray([len(found.attributes) > 1 for found in evidence.slices])
    groups = [i for i in range(len(evidence.slices)) if evidence.attribute_of(i) >= 0]
    fine = np.flatnonzero(~many & (evidence.counts.rows[0, 0] > 0) | (np.arange(len(many)) == 0)).astype(np.int64)
    cells = np.flatnonzero(many) if many.any() else np.asarray(groups or [0])
    table, score = evidence.reference_margin(fine.tolist())
    coarse, _ = evidence.reference_coarse(cells.tolist())
    everybody = table[0].sum(axis=(0, 1))
    mean = np.where(everybody > 0, score[0].sum(axis=(0, 1)) / np.maximum(everybody, 1), np.append(grid.edges, grid.edges[-1]))
    nested = [[set(evidence.slices[i].levels) <= set(evidence.slices[j].levels) for j in cells] for i in fine]
    comparable = [i == 0 or evidence.attribute_of(int(i)) >= 0 for i in fine]
    within = np.asarray(nested, dtype=np.bool_).reshape(len(fine), len(cells)) & np.asarray(comparable)[:, None]
    return assemble(
        np.concatenate([fine, cells]).astype(np.int64), turned(table, same, 1, 2), turned(coarse, same, 1, 2), mean, within,
        reported=bool(many.any()),
    )  # fmt: skip


def assemble(slices: Integers, table: Floats, coarse: Floats, mean: Floats, within: NDArray[np.bool_], *, reported: bool) -> Pieces | str:
    """Lay out pieces from the reference's counts, decisions and outcomes as negative, positive, unknown.

    Parameters
    ----------
    table
        Of the fine slices, everybody first, by [slice, decision, outcome, bin].
    coarse
        Of the cells, by [cell, decision, outcome, coarse bin].
    mean
        Mean score of each bin.
    within
        By [fine slice, cell]: which cells make up a slice; none for segments, which the cross does not hold.
    reported
        Whether the cells are slices of their own, and not only what the others are made of.
    """
    why = distrust(table[0, :, YES].sum(axis=0), table[0, :, :2].sum(axis=(0, 1)))
    if why:
        return why
    common = common_of(table[0], mean)
    parts = [fine_part(common, found) for found in table]
    fine = len(parts)
    rates = np.stack([expected(_by_bin(part, table.shape[-1]), found.sum(axis=1)) for part, found in zip(parts, table, strict=True)])
    parts += cell_parts(common, coarse)
    own = np.asarray([part.own for part in parts[:fine]])
    parents = [() if place == 0 else (0,) for place in range(fine)]
    parents += [tuple(np.flatnonzero(within[:, cell]).tolist()) for cell in range(len(coarse))]
    return Pieces(
        slices=slices, fine=fine, shown=np.arange(len(parts)) < (len(parts) if reported else fine), parts=tuple(parts),
        within=within, weighting=weighting(rates, coarse, within & own[:, None]), optimism=_optimism(parts, table), parents=tuple(parents),
    )  # fmt: skip


def _by_bin(part: Part, size: int) -> Floats:
    """A slice's expected rates by [decision, bin]."""
    return np.repeat(part.rate, np.diff(np.append(part.bins, size)), axis=-1)


def _optimism(parts: Sequence[Part], table: Floats) -> dict[str, Floats]:
    """Figures of ranking that the curves give their own reference, minus those observed there; everybody's where a slice has no curve.

    Cells have rates that need not rise with the score, and so none of it.
    """
    size, fine = table.shape[-1], len(table)
    runs = Runs(starts=np.arange(fine) * size, lengths=np.full(fine, size))
    known, hits = table[:, :, :2].sum(axis=2), table[:, :, YES].sum(axis=1).ravel()
    rate = np.stack([_by_bin(part, size) for part in parts[:fine]])
    n, positives = known.sum(axis=1).ravel(), (known * rate).sum(axis=1).ravel()
    spread = (known * rate * (1 - rate)).sum(axis=1).ravel()
    own = np.asarray([part.own or place == 0 for place, part in enumerate(parts[:fine])])
    found = {}
    for name, measure in (("roc_auc", ranked), ("average_precision", precise)):
        seen, _ = measure(runs, n, hits, hits * (1 - hits / np.maximum(n, 1.0)))
        gap = np.nan_to_num(measure(runs, n, positives, spread)[0] - seen)
        found[name] = np.concatenate([np.where(own, gap, gap[0]), np.zeros(len(parts) - fine)])
    return found
