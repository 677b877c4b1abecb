"""Rows unlike the reference's, by every detector that is installed, and how many there would be without any change.

Rows of the reference are dealt into three parts by the order of their digests, which is no order: detectors are fitted on the first, their
thresholds set on the second so that `AIMED` of it lies beyond, and on the third it is counted how many really do. That share, which neither
fit nor threshold has seen, is what the analysed rows are held against.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.batch_detectors import quietly
from audits.probes.cells import tally_of
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.outlier_detectors import DETECTORS, ELSEWHERE, OF_SERIES, absent, library
from audits.probes.row_numbers import Scale, scale_of
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

ROWS = 20_000
"""Rows of the reference and rows of the analysed period, at most."""
AIMED = 0.01
PARTS = (1 / 3, 2 / 3)
"""Where the reference's rows are cut: fit, threshold, check."""
LEAST = 400
"""Rows of the reference, at least: with fewer the threshold rests on a handful."""
FEW = "the reference has {n:,} rows, and it takes {least:,} to fit a detector, set its threshold and check it"


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Flag strange rows of both sides; one detector that breaks says so and the rest go on."""
    began = time.perf_counter()
    before = read_rows(warehouse, model, evidence, rows=rows, side="reference")
    now = read_rows(warehouse, model, evidence, rows=rows)
    counts = {
        "rows_used": len(now), "rows_available": now.available, "reference_rows_used": len(before),
        "reference_rows_available": before.available,
    }  # fmt: skip
    if len(before) < LEAST:
        return counts | {"reason": FEW.format(n=len(before), least=LEAST)}
    cuts = [round(len(before) * part) for part in PARTS]
    scale = scale_of(before.features.slice(0, cuts[0]))
    if not scale.names:
        return counts | {"reason": "no feature varies in the reference"}
    numbers = (scale(before.features), scale(now.features))
    fitted = np.isin(now.key, before.key[: cuts[1]]) if evidence.reference.kind == "first window" else np.zeros(len(now), dtype=np.bool_)
    detectors, flags = {}, {}
    for name in DETECTORS:
        if absent(name):
            continue
        started = time.perf_counter()
        try:
            beyond, told = _flagged(name, scale, numbers, cuts, seed=evidence.seed)
        except Exception as error:  # noqa: BLE001  one broken detector must not take the others down
            detectors[name] = {"reason": f"it broke: {type(error).__name__}: {' '.join(str(error).split())[:200]}"}
            continue
        beyond = (np.where(np.arange(len(before)) < cuts[1], np.nan, beyond[0]), np.where(fitted, np.nan, beyond[1]))
        flags[name] = beyond
        detectors[name] = told | stands_out(scale, numbers[1], beyond[1]) | {"seconds": round(time.perf_counter() - started, 2)}
        progress(
            f"{model.name}: {name.replace('_', ' ')}: {np.nanmean(beyond[1]):.1%} of {len(now):,} rows, {np.nanmean(beyond[0]):.1%} before"
        )
    sides: list[tuple[ModelRows, dict[tuple[str, str], Floats]]] = [
        (held, {("outlier_rate", name): pair[side] for name, pair in flags.items()}) for side, held in enumerate((before, now))
    ]
    return counts | {
        "cells": tally_of(evidence, *sides), "topics": list(detectors), "aimed": AIMED, "detectors": detectors,
        "not_run": {name: absent(name) for name in (*DETECTORS, *ELSEWHERE, *OF_SERIES) if absent(name)},
        "seconds": round(time.perf_counter() - began, 2),
    }  # fmt: skip


def _flagged(
    name: str, scale: Scale, numbers: tuple[Floats, Floats], cuts: list[int], *, seed: int
) -> tuple[tuple[Floats, Floats], dict[str, Any]]:
    """For both sides 1 where a row's score lies beyond the threshold, else 0; and the threshold."""
    with quietly(seed):
        score = DETECTORS[name](numbers[0][: cuts[0]], scale.measured, seed)
        before, now = score(numbers[0]), score(numbers[1])
    line = threshold(before[cuts[0] : cuts[1]])
    return ((before > line).astype(np.float64), (now > line).astype(np.float64)), {"library": library(name), "threshold": line}


def threshold(scores: Floats, aimed: float = AIMED) -> float:
    """The score beyond which a new row of the same kind lies with a chance of `aimed`, at most, whatever the scores' distribution.

    The k-th largest of n scores, k = ⌊aimed (n + 1)⌋, at least the largest (V. Vovk et al., 2005, Algorithmic Learning in a Random World).

    >>> threshold(np.arange(1.0, 200.0), 0.01)
    198.0
    """
    k = max(int(aimed * (len(scores) + 1)), 1)
    return float(np.sort(scores)[-k])


def stands_out(scale: Scale, numbers: Floats, beyond: Floats) -> dict[str, Any]:
    """Which features set the flagged rows apart, each by itself: the area under the ROC curve of how far out its value lies.

    0.5 for a feature in which they are like the others; a joint oddity need not show in any of them.
    """
    from scipy.stats import rankdata

    known: NDArray[np.bool_] = np.isfinite(beyond)
    flagged, others = beyond[known] == 1, beyond[known] == 0
    if flagged.sum() < 2 or others.sum() < 2:
        return {"inputs": list(scale.names), "stands_out": [None] * len(scale.names)}
    usual = numbers[known] - numbers[known].mean(axis=0)
    spread = np.maximum(numbers[known].std(axis=0), 1e-9)
    far = np.stack([((usual / spread)[:, scale.owner == place] ** 2).sum(axis=1) for place in range(len(scale.names))], axis=1)
    ranks = rankdata(far, axis=0)
    n, m = int(flagged.sum()), int(others.sum())
    area = (ranks[flagged].sum(axis=0) - n * (n + 1) / 2) / (n * m)
    order = np.argsort(-area, kind="stable")
    return {"inputs": [scale.names[i] for i in order], "stands_out": [round(float(area[i]), 4) for i in order]}
