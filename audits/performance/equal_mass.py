"""Ten bins of equally many rows from a score histogram: what reliability curves and what is read off them are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import share, wilson
from audits.once import once
from audits.performance.score_bins import ScoreBins, score_bins

BINS = 10


def places(block: ScoreBins) -> Integers:
    """Which of the ten bins each cell of the score grid belongs to, by [cell, bin of the grid]."""
    return tenths(block.positives + block.negatives)


def tenths(n: Floats) -> Integers:
    """The tenth of the rows that the middle row of each bin lies in, by [cell, bin]; 0 where a cell holds no row."""
    middle = np.cumsum(n, axis=1) - n / 2
    tenth = np.floor(BINS * np.nan_to_num(share(middle, n.sum(axis=1, keepdims=True))))
    return np.asarray(np.clip(tenth, 0, BINS - 1), dtype=np.int64)


def gathered(values: Floats, place: Integers) -> Floats:
    """Values by [cell, bin of the grid] added up by [cell, bin of ten]."""
    flat = (np.arange(len(values))[:, None] * BINS + place).ravel()
    found = np.bincount(flat, weights=values.ravel(), minlength=len(values) * BINS)
    return np.asarray(found.reshape(-1, BINS), dtype=np.float64)


@once
def curves(evidence: Evidence) -> list[tuple[ScoreBins, Integers, dict[str, Floats]]]:
    """Each block of scores, where its cells belong, and its curve: calibration error and Brier score rest on the same."""
    return [(block, place, equal_mass(block, place)) for block in score_bins(evidence) for place in [places(block)]]


def equal_mass(block: ScoreBins, place: Integers | None = None) -> dict[str, Floats]:
    """Rows, mean score and observed rate with its interval, by [cell, bin of ten]; a bin that got no row has NaN."""
    place = places(block) if place is None else place
    rows, hits = gathered(block.positives + block.negatives, place), gathered(block.positives, place)
    low, high = wilson(hits, rows)
    return {"n": rows, "mean_score": share(gathered(block.score, place), rows), "observed": share(hits, rows), "low": low, "high": high}


def curve_table(curve: dict[str, Floats], cell: int) -> dict[str, Any]:
    """The bins of one cell that hold rows, as lists."""
    kept = curve["n"][cell] > 0
    found: dict[str, Any] = {name: values[cell][kept].tolist() for name, values in curve.items()}
    return found | {"n": [int(rows) for rows in found["n"]]}
