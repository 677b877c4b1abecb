"""Distances to the nearest turned decision, counted in bins so that they add up over windows and groups, and their quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.interval import quantile_ranks, wilson
from audits.probed_cells import Cells

PROBE = "evasion"
BUDGET = 3.0
"""Spreads beyond which no change is looked for: a row that far from where it was is another row."""
WITHIN = 0.5
"""Spreads within which an attacker is taken to move: what a person can plausibly restate."""
EDGES: Floats = BUDGET * 10.0 ** np.linspace(-3.0, 0.0, 97)
"""Upper edges of the bins, each 7.5 % above the one before; one more bin holds what lies beyond the budget."""
OF_BIN = "distance:{:02d}"
TO_FAVORABLE, TO_ADVERSE = "to favorable", "to adverse"
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
FAR = f"more than half of the decisions do not turn within {BUDGET:g} spreads"


def histogram(cells: Cells, column: str) -> Floats:
    """Rows by [version, window, slice, bin]; of all directions together for the column ""."""
    names = ("", TO_FAVORABLE, TO_ADVERSE) if column == "" else (column,)
    found = np.zeros((*cells.evidence.shape, len(EDGES) + 1))
    held = set(cells.tally.quantities)
    for place in range(len(EDGES) + 1):
        if OF_BIN.format(place) in held:
            for name in names:
                found[..., place] += cells.sums(OF_BIN.format(place), name)[0]
    return found


def quantile(n: Floats, share: float) -> tuple[Floats, Floats, Floats]:
    """A quantile of distances counted by [..., bin], and the order statistics that it lies between with 95 % probability.

    The quantile is read off evenly in the logarithm within its bin; the interval ends at the outer edges of the bins that hold the two
    order statistics. NaN stands for what lies beyond the budget, and for an upper end that too few rows do not give.
    """
    total = n.sum(axis=-1)
    reached = np.cumsum(n, axis=-1)
    lower = np.concatenate([[0.0], EDGES])
    upper = np.concatenate([EDGES, [np.nan]])

    def bin_of(rank: Floats) -> Integers:
        return np.asarray(np.minimum((reached < rank[..., None] - 1e-9).sum(axis=-1), len(EDGES)), dtype=np.int64)

    wanted = np.maximum(share * total, 1e-9)
    place = bin_of(wanted)
    before = np.take_along_axis(reached - n, place[..., None], axis=-1)[..., 0]
    inside = np.take_along_axis(n, place[..., None], axis=-1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.clip((wanted - before) / inside, 0.0, 1.0)
        start = np.where(place == 0, EDGES[0] ** 2 / EDGES[1], lower[place])
        value = start * (upper[place] / start) ** part
    first, last = quantile_ranks(total, share)
    low = np.where(first > 0, lower[bin_of(first.astype(np.float64))], 0.0)
    high = np.where(last <= total, upper[bin_of(last.astype(np.float64))], np.nan)
    empty = total <= 0
    return np.where(empty, np.nan, value), np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def quantiles_table(n: Floats) -> dict[str, Any]:
    """What is told of a whole distribution: quantiles with their intervals, its bins that hold rows, and how many rows lie beyond."""
    each = [[_number(x) for x in quantile(n, share)] for share in SHARES]
    kept = np.flatnonzero(n[:-1])
    return {
        "quantiles": {
            "share": list(SHARES), "value": [one[0] for one in each], "low": [one[1] for one in each],
            "high": [one[2] for one in each],
        },
        "bins": {
            "low": np.concatenate([[0.0], EDGES])[kept].tolist(), "high": EDGES[kept].tolist(), "n": n[kept].astype(np.int64).tolist(),
        },
        "beyond": int(n[-1]), "budget": BUDGET,
    }  # fmt: skip


def curve(n: Floats) -> dict[str, list[float]]:
    """The share of rows that turn within each distance, with Wilson's interval."""
    places = np.arange(8, len(EDGES), 8)
    hits, total = np.cumsum(n)[places], float(n.sum())
    low, high = wilson(hits, np.full(len(places), total))
    return {
        "distance": EDGES[places].tolist(), "value": (hits / max(total, 1.0)).tolist(), "low": low.tolist(), "high": high.tolist(),
        "n": [int(total)] * len(places),
    }  # fmt: skip


def told(body: Any) -> dict[str, Any]:
    """What is said with every figure of a probe that asked models: whether any was a surrogate, and what was asked."""
    models = [each for each in body.get("models", ()) if "kind" in each]
    return {
        "model": "surrogate" if any(each["kind"] == "surrogate" for each in models) else "model",
        "rows_used": body.get("rows_used", 0), "rows_available": body.get("rows_available", 0), "seconds": body.get("seconds", 0.0),
        "queries": sum(each.get("queries", 0) for each in models),
    }  # fmt: skip


def _number(x: Floats) -> float | None:
    return float(x) if np.isfinite(x) else None
