"""How far the order of inputs by attribution rests on the background that happened to be there.

The background is dealt into parts; attributions are means over background rows, so those against any resampled background are weighted
means of those against the parts. Each resample gives an order of the inputs, held against that of the whole background by Kendall's tau.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.probes.attribute import attribute

if TYPE_CHECKING:
    import pyarrow as pa

    from audits.probes.scorer import Scorer

PARTS = 6
ROWS = 200
SAMPLED_ROWS = 40
"""Rows of a model that only answers."""
RESAMPLES = 500
SECONDS = 5.0
"""A part."""


def stability(scorer: Scorer, rows: pa.Table, background: pa.Table, *, method: str, seed: int) -> dict[str, Any] | None:
    """Agreement of orders over resampled backgrounds: mean tau, its range, and how often each input keeps its place.

    None where there are fewer than two inputs or too few rows to deal. Of a sampled attribution, sampling noise counts as instability too.
    """
    if len(scorer.names) < 2 or background.num_rows < 2 * PARTS or not rows.num_rows:
        return None
    draw = np.random.default_rng(seed)
    some = rows.slice(0, ROWS if method != "permutation" else SAMPLED_ROWS)
    part_of = np.resize(np.arange(PARTS), background.num_rows)
    draw.shuffle(part_of)
    parts = [
        attribute(scorer, some, background.take(np.flatnonzero(part_of == part)), seconds=SECONDS, seed=seed + part).values
        for part in range(PARTS)
    ]
    done = min(len(part) for part in parts)
    each = np.stack([part[:done] for part in parts])  # [part, row, input]
    each = each[:, np.isfinite(each).all(axis=(0, 2))]
    if not each.shape[1]:
        return None
    whole = np.abs(each.mean(axis=0)).mean(axis=0)
    weight = draw.multinomial(PARTS, np.full(PARTS, 1 / PARTS), size=RESAMPLES) / PARTS
    sizes = np.stack([np.abs(np.tensordot(w, each, axes=1)).mean(axis=0) for w in weight])
    tau = agreement(whole, sizes)
    first = np.argsort(-whole, kind="stable")
    places = np.argsort(np.argsort(-sizes, axis=1, kind="stable"), axis=1)
    kept = (places[:, first] == np.arange(len(first))).mean(axis=0)
    low, high = np.quantile(tau, [0.025, 0.975])
    return {
        "value": float(tau.mean()), "low": float(low), "high": float(high), "rows": int(each.shape[1]), "parts": PARTS,
        "resamples": RESAMPLES, "order": [scorer.names[place] for place in first], "keeps_place": [float(x) for x in kept],
    }  # fmt: skip


def agreement(whole: Floats, sizes: Floats) -> Floats:
    """Kendall's tau of one order with each of several: [resample]. Pairs of inputs that neither uses are left out.

    >>> agreement(np.asarray([3.0, 2.0, 1.0]), np.asarray([[3.0, 2.0, 1.0], [2.0, 3.0, 1.0]]))
    array([1.        , 0.33333333])
    """
    i, j = np.triu_indices(len(whole), 1)
    told = whole[i] != whole[j]
    i, j = i[told], j[told]
    if not len(i):
        return np.ones(len(sizes))
    return np.asarray((np.sign(whole[i] - whole[j]) * np.sign(sizes[:, i] - sizes[:, j])).mean(axis=1))
