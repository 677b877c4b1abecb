"""The audit `mean_error`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit
from audits.evidence import YES, Evidence
from audits.finding import Measurement
from audits.interval import mean_t, share
from audits.performance.equal_mass import gathered, tenths
from audits.performance.rates import charted, mean, with_tables
from audits.performance.score_bins import split


@audit(name="mean_error", unit="outcome", needs=("score", "outcome"), tasks=("regression",))
def mean_error(evidence: Evidence) -> Iterator[Measurement]:
    """The mean of prediction minus outcome (bias), in the unit of the outcome.

    Σ (prediction - outcome) / n over scored predictions with a known outcome; t interval. Above 0 the model predicts too much. The errors
    by size of the prediction, in ten bins of about equally many rows, are in `tables`.

    It misleads when errors cancel: too much for one half and too little for the other is no bias (see the bins, and
    `mean_absolute_error`).

    Source: C. J. Willmott (1982), Bulletin of the American Meteorological Society 63, 1309-1313.

    >>> ((3 - 2) + (5 - 8)) / 2
    -1.0
    """
    c = evidence.counts
    n = c.total("scored", labelled=True)
    total, squared = c.total("error", labelled=True), c.total("error_2", labelled=True)
    block = mean(evidence, "mean_error", "outcome", total, squared, n, reason="no scored prediction with a known outcome")
    yield with_tables(block, _by_prediction(evidence, block))


def _by_prediction(evidence: Evidence, block: Measurement) -> dict[int, dict[str, Any]]:
    """Errors in ten bins of the prediction, lowest first, by position of the figure; all versions together."""
    grid = evidence.bins.score_bins
    if grid is None:
        return {}
    slices, _ = split(evidence)
    place = {position: i for i, position in enumerate(slices)}
    shown = [i for i in charted(evidence, block).tolist() if block.version[i] == 0]
    at = (
        np.asarray([block.window[i] for i in shown], dtype=np.int64),
        np.asarray([place[int(block.slice[i])] for i in shown], dtype=np.int64),
    )
    sums = {name: values[at] for name, values in evidence.error_margin(slices).items()}
    sums["score"] = evidence.margin(slices)[1][:, :, YES][at]
    tenth = tenths(sums["n"])
    of_ten = {name: gathered(values, tenth) for name, values in sums.items()}
    rows = of_ten["n"]
    value, low, high = mean_t(of_ten["error"], of_ten["error_2"], rows)
    lists = {
        "mean_prediction": share(of_ten["score"], rows), "mean_error": value, "low": low, "high": high,
        "mean_absolute_error": share(of_ten["error_abs"], rows), "root_mean_squared_error": np.sqrt(share(of_ten["error_2"], rows)),
    }  # fmt: skip
    lower, upper = np.concatenate([[-np.inf], grid.edges]), np.concatenate([grid.edges, [np.inf]])
    held = sums["n"] > 0
    found = {}
    for line, i in enumerate(shown):
        kept = np.flatnonzero(rows[line] > 0)
        inside = [np.flatnonzero(held[line] & (tenth[line] == one)) for one in kept]
        bins: dict[str, Any] = {"n": [int(x) for x in rows[line][kept]]}
        bins["from"] = [_finite(lower[cells[0]]) for cells in inside]
        bins["to"] = [_finite(upper[cells[-1]]) for cells in inside]
        found[i] = bins | {name: [_finite(x) for x in values[line][kept]] for name, values in lists.items()}
    return found


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
