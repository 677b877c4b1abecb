"""Score histograms of positive and negative outcomes: what the measures of ranking and calibration are made of."""

from __future__ import annotations

from collections.abc import Iterator
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


def score_bins(evidence: Evidence) -> Iterator[ScoreBins]:
    """Histograms of everybody, of single groups and segments on the frozen grid; of intersections, for all versions together, in 20 bins.

    Cells without any row are left out; cells whose outcomes are all unknown stay, with nothing in them.
    """
    fine = [i for i, found in enumerate(evidence.slices) if len(found.attributes) <= 1]
    crossed = [i for i, found in enumerate(evidence.slices) if len(found.attributes) > 1]
    for version in range(len(evidence.versions)):
        yield _block(evidence, version, fine, *evidence.margin(fine, version=version))
    if crossed:
        yield _block(evidence, 0, crossed, *evidence.coarse(crossed))


def _block(evidence: Evidence, version: int, slices: list[int], n: Floats, score: Floats) -> ScoreBins:
    window, place = np.nonzero(evidence.counts.rows[version][:, slices] > 0)
    counted, scores = n[window, place], score[window, place]
    positive, negative = (YES, NO) if evidence.counts.same else (NO, YES)
    return ScoreBins(
        version=version, window=window.astype(np.int64), slice=np.asarray(slices, dtype=np.int64)[place],
        positives=counted[:, positive], negatives=counted[:, negative], score=scores[:, YES] + scores[:, NO],
    )  # fmt: skip
