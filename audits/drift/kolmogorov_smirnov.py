"""Kolmogorov-Smirnov distance: the largest gap between two cumulative distributions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import NumericBins
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Column
from audits.estimate import Floats
from audits.evidence import ColumnCounts
from audits.finding import Measurement


@audit(name="kolmogorov_smirnov", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def kolmogorov_smirnov(held: Comparison) -> Iterator[Measurement]:
    """Largest absolute difference between the cumulative distributions of reference and window.

    Formula
        max |F(x) - G(x)| over all cell edges of the column's frozen grid, which holds every decile of the reference. Inside a cell the
        difference could be larger by at most `resolution` (in the tables), worked out from the rows that both samples have in the
        cell: 0 where every cell holds one whole number. Numeric columns only.
    Interval and test
        Dvoretzky, Kiefer and Wolfowitz: value ± √(ln(2 / 0.05) / 2 (1/n + 1/m)), the upper end raised by the resolution. p from
        Kolmogorov's distribution of √(n m / (n + m)) times the value: asymptotic, and conservative for values with ties. n is the
        window's rows with a value.
    When it misleads
        It sees the middle of a distribution better than its tails. With many rows any change is significant: read the value.
    Source
        A. Dvoretzky, J. Kiefer and J. Wolfowitz (1956), Annals of Mathematical Statistics 27; P. Massart (1990), Annals of
        Probability 18; F. Wei and R. M. Dudley (2012) for two samples.
    """
    from scipy.special import kolmogorov

    for samples in held.numeric:
        found = [gap(grid, counts) for grid, counts in held.grids()]
        value, resolution = np.stack([d for d, _ in found]), np.stack([r for _, r in found])
        half = np.sqrt(np.log(2 / 0.05) / 2 * samples.c)
        p_value = kolmogorov(value / np.sqrt(samples.c))
        bounds = resolution.tolist()

        def table(column: Column, place: int, window: int, bounds: list[list[float]] = bounds) -> dict[str, Any]:
            return {"resolution": bounds[place][window]}

        yield per_column(
            held, "kolmogorov_smirnov", samples, value, np.maximum(value - half, 0.0), np.minimum(value + resolution + half, 1.0),
            method="dkw", p_value=p_value, tables=table,
        )  # fmt: skip


def gap(grid: NumericBins, counts: ColumnCounts) -> tuple[Floats, Floats]:
    """The distance on the grid and by how much it may be too small, by window.

    With d the difference at a cell's upper edge, p and q the shares of the cell, the difference inside the cell stays between d - p
    and d + q: at the lower edge it is d - p + q, from there it rises by at most p and falls by at most q. Where one of them is 0 it
    is monotone and its largest is at an edge; likewise where all rows of the cell are the one whole number at its lower edge.
    """
    p = counts.reference / np.maximum(counts.reference.sum(axis=-1, keepdims=True), 1.0)
    q = counts.windows / np.maximum(counts.windows.sum(axis=-1, keepdims=True), 1.0)
    difference = np.cumsum(q, axis=-1)
    np.subtract(np.cumsum(p, axis=-1), difference, out=difference)
    value = np.minimum(np.abs(difference).max(axis=-1), 1.0)
    loose = (q > 0) & (p > 0)
    loose &= ~grid.points
    if grid.whole:
        lower = np.concatenate([[0.0], grid.edges])
        loose &= (counts.total != counts.windows * lower) | (counts.reference_total != counts.reference * lower)
    difference[~loose] = 0.0
    reach = np.maximum((difference + q * loose).max(axis=-1), (p * loose - difference).max(axis=-1))
    return value, np.clip(reach - value, 0.0, 1.0)
