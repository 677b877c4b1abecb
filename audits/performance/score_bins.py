"""Score histograms of positive and negative outcomes: what the measures of ranking and calibration are made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import NO, YES, Evidence
from audits.finding import Measurement
from audits.histograms import COARSE
from audits.once import once
from audits.performance.rates import FEW_OF_ONE_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBins:
    """Labelled rows by score bin, lowest scores first, for K cells of version x window x slice.

    Parameters
    ----------
    version, window, slice
        Positions in the evidence, length K.
    positives, negatives
        Rows by [cell, bin].
    score, score_positives
        Sums of scores by [cell, bin], both outcomes together and of the positive ones.
    crossed
        Whether the cells are intersections.
    merged
        Whether a bin holds several cells of the score's grid, so that scores count as tied that are not.
    column
        The topic that the findings are about: the class, in a multiclass task; -1 for none.
    """

    version: int
    window: Integers
    slice: Integers
    positives: Floats
    negatives: Floats
    score: Floats
    score_positives: Floats
    crossed: bool = False
    merged: bool = False
    column: int = -1

    @property
    def charted(self) -> NDArray[np.bool_]:
        """The cells that readers look into: the whole period, and everybody in each window."""
        return np.asarray((self.window == 0) | (self.slice == 0), dtype=np.bool_)

    def measurement(
        self, evidence: Evidence, name: str, unit: str, *, value: Floats, low: Floats, high: Floats, n: NDArray[Any],
        method: str | NDArray[np.object_], reason: str, tables: dict[int, dict[str, Any]] | None = None,
    ) -> Measurement:  # fmt: skip
        """The block of findings over these cells; `reason` says why a value is absent."""
        return measurement(
            name, unit, value=value, low=low, high=high, n=np.rint(n), method=method, window=self.window, version=self.version,
            slice=self.slice, attribute=evidence.attribute_places[self.slice], column=self.column, tables=tables,
            reason=np.where(np.isfinite(value), np.where(np.isnan(low), FEW_OF_ONE_KIND, ""), reason).astype(object),
        )  # fmt: skip


KEPT_BYTES = 256_000_000
"""Histograms of one evidence up to this size together are kept while it lives; the rest are laid out again when asked for."""


@once
def score_bins(evidence: Evidence) -> list[ScoreBins]:
    """Histograms of everybody, of single groups and segments on the frozen grid; of intersections in 20 bins; one block a version.

    Cells without any row are left out; cells whose outcomes are all unknown stay, with nothing in them.
    """
    return _blocks(evidence)


@dataclass
class _Kept:
    blocks: dict[int, list[ScoreBins]] = field(default_factory=dict)
    size: int = 0


@once
def _classes(_: Evidence) -> _Kept:
    """The blocks of classes made so far: all measures of scores in one run ask about the same."""
    return _Kept()


def class_bins(evidence: Evidence, k: int) -> list[ScoreBins]:
    """The blocks of class k of a multiclass task, or of the top label with k = number of classes: positive is then a right decision."""
    kept = _classes(evidence)
    if k not in kept.blocks:
        found = _blocks(evidence.of_class(k), column=len(evidence.columns) + k if k < len(evidence.classes) else -1)
        kept.size += 4 * sum(block.positives.nbytes for block in found)
        if kept.size > KEPT_BYTES:
            return found
        kept.blocks[k] = found
    return kept.blocks[k]


def _blocks(evidence: Evidence, *, column: int = -1) -> list[ScoreBins]:
    fine, crossed = split(evidence)
    grid, blocks = evidence.bins.score_bins, []
    merged = grid is not None and grid.size > COARSE
    fines = [evidence.margin(fine, version=version) for version in range(1, len(evidence.versions))]
    if fines and {partition.version for partition in evidence.tally.partitions} <= set(evidence.versions[1:]):
        together = sum((n for n, _ in fines[1:]), start=fines[0][0]), sum((score for _, score in fines[1:]), start=fines[0][1])
    else:
        together = evidence.margin(fine)
    for version, (n, score) in enumerate([together, *fines]):
        blocks.append(replace(_block(evidence, version, fine, n, score), column=column))
        if crossed:
            block = _block(evidence, version, crossed, *evidence.coarse(crossed, version=version, whole=version > 0))
            blocks.append(replace(block, column=column, crossed=True, merged=merged))
    return blocks


def split(evidence: Evidence) -> tuple[list[int], list[int]]:
    """The slices that have the frozen grid, and the intersections, which have 20 bins."""
    crossed = [len(found.attributes) > 1 for found in evidence.slices]
    return [i for i, many in enumerate(crossed) if not many], [i for i, many in enumerate(crossed) if many]


def _block(evidence: Evidence, version: int, slices: list[int], n: Floats, score: Floats) -> ScoreBins:
    window, place = np.nonzero(evidence.reported[version][:, slices])
    positive, negative = (YES, NO) if evidence.counts.same else (NO, YES)
    if not n.shape[-1]:  # a class without a probability: one bin with nothing in it
        n = score = np.zeros((*n.shape[:-1], 1))
    of_positives = score[window, place, positive]
    return ScoreBins(
        version=version, window=window.astype(np.int64), slice=np.asarray(slices, dtype=np.int64)[place],
        positives=n[window, place, positive], negatives=n[window, place, negative],
        score=of_positives + score[window, place, negative], score_positives=of_positives,
    )  # fmt: skip


def squared_errors(evidence: Evidence) -> Floats:
    """Σ (score - outcome)² by [version, window, slice, outcome]; of one class of several from its bins, as if a bin had one score.

    The latter only serves the width of intervals, which it makes too short by the spread within a bin: some 0.1 % with 20 bins.
    """
    sums = evidence.counts.sums
    if "error_2" in sums:
        return sums["error_2"]
    found = np.zeros((*evidence.shape, 3))
    for block in score_bins(evidence):
        of_positives = block.score_positives / np.maximum(block.positives, 1)
        of_negatives = (block.score - block.score_positives) / np.maximum(block.negatives, 1)
        at = block.version, block.window, block.slice
        found[(*at, NO)] = (block.negatives * of_negatives**2).sum(axis=1)
        found[(*at, YES)] = (block.positives * (1 - of_positives) ** 2).sum(axis=1)
    return found
