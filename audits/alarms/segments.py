"""Scores, decisions and outcomes level by level of the declared segments: where a shift sits, and shifts that others hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.alarms.detector import ZONE, detect, detected, looks_of
from audits.alarms.found import Detected
from audits.alarms.shares import LEAST, Counted, reference_windows, stacked
from audits.counts import DECISION, OUTCOME
from audits.drift.comparison import compared_windows
from audits.drift.two_samples import coarse_bins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.once import once
from audits.performance.maturity import immature

MOST = 30
"""Levels of all segments together that are watched: those with the most rows."""


@dataclass(frozen=True, kw_only=True)
class BySegment:
    """What the detector says of each column in each level; `column` and `slice` are positions in the evidence, by series."""

    found: Detected
    column: Integers
    slice: Integers


@once
def by_segment(evidence: Evidence) -> BySegment | None:
    """The detector on levels of segments; None where there are none with `LEAST` rows a window in both periods."""
    whole = detected(evidence)
    if whole is None or not evidence.model.segments:
        return None
    held = reference_windows(evidence)
    rows = [side.counts.rows[0, 1:] for side in (evidence, held)]
    usual = np.minimum(*(each.mean(axis=0) for each in rows))
    levels = [i for i, one in enumerate(evidence.slices) if len(one.attributes) == 1 and one.attributes[0] in evidence.model.segments]
    chosen = sorted(sorted((i for i in levels if evidence.slices[i].known and usual[i] >= LEAST), key=lambda i: -usual[i])[:MOST])
    if not chosen:
        return None
    kept = compared_windows(evidence)[1:].astype(np.float64)
    mature = kept * np.asarray([not said for said in immature(evidence)[1:]])
    columns: list[Counted] = []
    places: list[tuple[int, int]] = []
    for name, sides, edges in _sides(evidence, held, chosen):
        outcome = name == evidence.model.columns.outcome
        for n, position in enumerate(chosen):
            windows, reference = sides[0][n] * (mature if outcome else kept)[:, None], sides[1][n]
            if outcome:
                windows[:, -1], reference[:, -1] = 0, 0
            labels = next((each.labels for each in whole.shares.columns if each.name == name), ())
            columns.append(Counted(name=name, ordered=bool(edges), reference=reference, windows=windows, labels=labels, edges=edges))
            places.append((evidence.columns.index(name), position))
    found = detect(
        stacked(columns, starts=whole.shares.starts, length=whole.shares.length), newest=looks_of(evidence),
        zone=ZONE if evidence.model.alerts.zone is None else evidence.model.alerts.zone,
    )  # fmt: skip
    column, place = np.asarray(places, dtype=np.int64).T
    return BySegment(found=found, column=column, slice=place)


def _sides(evidence: Evidence, held: Evidence, chosen: list[int]) -> list[tuple[str, tuple[Floats, Floats], tuple[float, ...]]]:
    """Of each column, rows by [level, window, bin] of the analysed windows and of the reference's, missing last, and its decile edges."""
    roles, grid = evidence.model.columns, evidence.bins.score_bins
    made: list[tuple[str, tuple[Floats, Floats], tuple[float, ...]]] = []
    if grid is not None and grid.name in evidence.columns and evidence.task != "multiclass":
        starts, edges = coarse_bins(grid)
        scored = [_scores(side, chosen, starts) for side in (evidence, held)]
        made.append((grid.name, (scored[0], scored[1]), edges))
    for name, axis in ((roles.decision, DECISION), (roles.outcome, OUTCOME)):
        if name is None or name not in evidence.columns or (evidence.task == "regression" and axis == OUTCOME):
            continue
        rest = (OUTCOME if axis == DECISION else DECISION) - 1
        tables = [side.confusion if evidence.task == "multiclass" else side.counts.table for side in (evidence, held)]
        levels = [table[0, 1:, chosen].sum(axis=rest) for table in tables]
        made.append((name, (levels[0], levels[1]), ()))
    return made


def _scores(side: Evidence, chosen: list[int], starts: Integers) -> Floats:
    runs = side.decided_runs(chosen, [starts] * len(chosen)).sum(axis=(1, 2))[1:]
    counted = np.moveaxis(runs.reshape(len(runs), len(chosen), len(starts)), 1, 0)
    missing = np.maximum(side.counts.rows[0, 1:, chosen] - counted.sum(axis=-1), 0.0)
    return np.concatenate([counted, missing[..., None]], axis=-1)
