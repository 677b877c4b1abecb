"""Unexplained score shift: the score moved further than any feature did."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.distances import total_variation
from audits.quality.layout import absent, binned, valued


@audit(
    name="unexplained_score_shift",
    unit="difference",
    needs=("score", "columns"),
    tasks=("binary", "regression"),
    compared=True,
    units="rows",
)
def unexplained_score_shift(evidence: Evidence) -> Iterator[Measurement]:
    """How much further the score moved from the reference than the feature that moved furthest.

    Formula
        d(score) - max over features of max(d(feature), change of its missing rate), d the total variation distance ½ Σ |q - p| over the
        reference's deciles or categories. A model is a function of its features: where none of them moved, a score that did comes of
        another model, other code or other parameters than the reference's.
    Interval
        Of d(score) less the furthest feature's, end against end, so it is wide. n is the rows with a score. Tables name that feature.
    When it misleads
        Many features that move a little in one direction move the score more than each of them; features that the log does not hold explain
        nothing here.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems, on prediction bias; E. Breck et al. (2017), The ML Test
        Score, Monitor 4.
    """
    roles = evidence.model.columns
    held = {bins.name: (column, bins, counts) for column, bins, counts in binned(evidence) if bins.name != roles.latency_ms}
    features = [name for name in held if name != roles.score]
    if roles.score not in held or not features:
        return
    score, low, high = total_variation(*held[roles.score][1:])
    moved = []
    for name in features:
        _, bins, counts = held[name]
        values, lost = total_variation(bins, counts), absent(counts) / np.maximum(absent(counts) + valued(counts), 1.0)
        before = sum(counts.reference_special[kind] for kind in ("missing", "not_a_number"))
        size = float(counts.reference.sum() + sum(counts.reference_special.values()))
        change = np.abs(lost - before / max(size, 1.0))
        moved.append(np.fmax(np.stack(values), change))
    furthest = np.argmax(np.stack([each[0] for each in moved]), axis=0)
    most = np.stack(moved).max(axis=0)
    n = valued(held[roles.score][2])
    shown = np.flatnonzero((n > 0) & np.isfinite(score) & np.isfinite(most).all(axis=0))
    if evidence.reference.kind == "first window":
        own = (evidence.reference.start, evidence.reference.first_row)
        shown = shown[[i == 0 or (evidence.windows[i].start, evidence.windows[i].first_row) != own for i in shown.tolist()]]
    tables = {
        i: {"score": round(float(score[w]), 4), "largest": round(float(most[0, w]), 4), "column": features[int(furthest[w])]}
        for i, w in enumerate(shown.tolist())
    }
    yield measurement(
        "unexplained_score_shift", "difference", value=(score - most[0])[shown], low=np.minimum(low - most[2], score - most[0])[shown],
        high=np.maximum(high - most[1], score - most[0])[shown], n=np.rint(n[shown]), method="delta", window=shown, slice=0, tables=tables,
    )  # fmt: skip
