"""What decisions cost: the confusion-cost matrix of the configuration, and the mean cost of counts with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from audits.estimate import Floats
from audits.interval import z_of
from connectors.config import ModelConfig

CELLS = ("true_positive", "false_positive", "false_negative", "true_negative")


def costs_of(model: ModelConfig) -> Floats | None:
    """The cost of a true positive, a false positive, a false negative and a true negative; None where none is given."""
    given = model.costs
    return None if given is None else np.asarray([getattr(given, cell) for cell in CELLS], dtype=np.float64)


def mean_cost(cells: ArrayLike, costs: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean cost of rows counted by [..., cell], with its interval.

    Value: Σ n_c cost_c / n. Interval: the normal one of a weighted sum of multinomial shares, after z² / 4 rows have been added to each
    of the four cells, as Agresti and Coull do for a proportion: where only right and wrong count it is theirs, and a cell that was never
    seen (a rare, dear mistake) still widens it. It never leaves the range of the costs. NaN without rows.

    Source: A. Agresti and B. A. Coull (1998), The American Statistician 52; R. M. Price and D. G. Bonett (2004), Computational
    Statistics and Data Analysis 45, for weighted sums.

    >>> value, low, high = mean_cost([10, 0, 0, 90], np.array([0.0, 5.0, 1.0, 0.0]))
    >>> float(value), float(low), round(float(high), 2)
    (0.0, 0.0, 0.15)
    """
    n = np.asarray(cells, dtype=np.float64)
    z = z_of()
    total, added = n.sum(axis=-1), n + z * z / 4
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(total > 0, n @ costs / total, np.nan)
    size = added.sum(axis=-1)
    centre = added @ costs / size
    half = z * np.sqrt(np.maximum(added @ costs**2 / size - centre**2, 0.0) / size)
    low = np.maximum(np.minimum(centre - half, value), costs.min())
    high = np.minimum(np.maximum(centre + half, value), costs.max())
    return value, low, high
