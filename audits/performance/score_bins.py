"""Score histograms of positive and negative outcomes: what the measures of ranking and calibration are made of."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import NO, YES, Evidence
from audits.finding import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBins:
    """Labelled rows by score bin, lowest scores first, for K cells of version x window x slice.

    Parameters
    ----------
    version, window, slice
        Positions in the evidence, length K.
    positives, negatives
        Rows by [cell, bin].
    score
        Sums of scores by [cell, bin], both outcomes together.
    """

    version: int
    window: Integers
    slice: Integers
    positives: Floats
    negatives: Floats
    score: Floats

    def measurement(
        self, evidence: Evidence, name: str, unit: str, *, value: Floats, low: Floats, high: Floats, n: NDArray[Any],
        method: str | NDArray[np.object_], reason: str, tables: dict[int, dict[str, Any]] | None = None,
    ) -> Measurement:  # fmt: skip
        """The block of findings over these cells; `reason` says why a value is absent."""
        attribute = np.asarray([evidence.attribute_of(i) for i in range(len(evidence.slices))], dtype=np.int64)
        return measurement(
            name, unit, value=value, low=low, high=high, n=np.rint(n), method=method, window=self.window, version=self.version,
            slice=self.slice, attribute=attribute[self.slice], tables=tables,
            reason=np.where(np.isfinite(value), "", reason).astype(object),
        )  # fmt: skip


_kept: list[tuple[weakref.ref[Evidence], list[ScoreBins]]] = []
"""The blocks of the evidence last asked about: all measures of scores in one run ask about the same."""


def score_bins(evidence: Evidence) -> list[ScoreBins]:
    """Histograms of everybody, of single groups and segments on the frozen grid; of intersections, for all versions together, in 20 bins.

    Cells without any row are left out; cells whose outcomes are all unknown stay, with nothing in them.
    """
    if _kept and _kept[0][0]() is evidence:
        return _kept[0][1]
    fine = [i for i, found in enumerate(evidence.slices) if len(found.attributes) <= 1]
    crossed = [i for i, found in enumerate(evidence.slices) if len(found.attributes) > 1]
    blocks = [_block(evidence, version, fine, *evidence.margin(fine, version=version)) for version in range(len(evidence.versions))]
    if crossed:
        blocks.append(_block(evidence, 0, crossed, *evidence.coarse(crossed)))
    _kept[:] = [(weakref.ref(evidence, lambda _: _kept.clear()), blocks)]
    return blocks


def _block(evidence: Evidence, version: int, slices: list[int], n: Floats, score: Floats) -> ScoreBins:
    window, place = np.nonzero(evidence.counts.rows[version][:, slices] > 0)
    positive, negative = (YES, NO) if evidence.counts.same else (NO, YES)
    return ScoreBins(
        version=version, window=window.astype(np.int64), slice=np.asarray(slices, dtype=np.int64)[place],
        positives=n[window, place, positive], negatives=n[window, place, negative],
        score=score[window, place, YES] + score[window, place, NO],
    )  # fmt: skip
