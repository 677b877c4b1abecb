"""Kolmogorov-Smirnov distance: the largest gap between two cumulative distributions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.cells import Cells
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Column
from audits.estimate import Floats
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
        found = [gap(column) for column in held.cells()]
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


def gap(cells: Cells) -> tuple[Floats, Floats]:
    """The distance on the grid and by how much it may be too small, by window.

    With d the difference at a cell's upper edge, p and q the shares of the cell, the difference inside the cell stays between d - p
    and d + q: at the lower edge it is d - p + q, from there it rises by at most p and falls by at most q. Where one of them is 0 it
    is monotone and its largest is at an edge; likewise where all rows of the cell are the one whole number at its lower edge.
    """
    n, m = np.maximum(cells.reference_running[:, -1:], 1.0), np.maximum(cells.running[:, -1:], 1.0)
    difference = cells.running / -m
    difference += cells.reference_running / n
    value = np.minimum(np.maximum(difference.max(axis=-1), -difference.min(axis=-1)), 1.0)
    loose = (cells.windows > 0) & (cells.reference > 0)
    loose &= ~cells.grid.points
    if cells.grid.whole:
        lower = np.concatenate([[0.0], cells.grid.edges])
        loose &= (cells.total != cells.windows * lower) | (cells.reference_total != cells.reference * lower)
    difference *= loose
    above, below = cells.windows / m, cells.reference / n * loose
    above *= loose
    above += difference
    below -= difference
    reach = np.maximum(above.max(axis=-1), below.max(axis=-1))
    return value, np.clip(reach - value, 0.0, 1.0)
