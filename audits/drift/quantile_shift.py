"""Quantile shift: which way a numeric column has moved, and how far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.cells import Cells
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.moments import moments_by_window, reference_moments, scales
from audits.drift.two_samples import Column
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mover, z_of
from audits.performance.quantiles import quantiles, values_at

SHOWN = (10, 25, 50, 75, 90)
"""Percentiles in the tables."""

STILL = 0.01
"""Standard deviations below which a percentile counts as standing still."""


@audit(name="quantile_shift", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def quantile_shift(held: Comparison) -> Iterator[Measurement]:
    """Median of a window minus that of the reference, over the reference's standard deviation; above 0 is up.

    Formula
        Medians are read off the frozen grid of about 960 cells: within the cell that holds the middle row, in proportion to the rows below
        it; exact where every cell holds one whole number. Numeric columns only; no figure where the reference has no spread.
    Interval and test
        Of each median from the lower edge of the cell of one order statistic to the upper edge of the cell of another, so that the width
        of cells is in it; MOVER of the two. With fewer than six rows an end is missing: it reaches without limit. p from the distance to
        0 over that to the end of the interval on its side. n is the window's rows with a value.
    Tables
        `percentile` 10, 25, 50, 75, 90 with `reference_value`, `value` and `shift` (in standard deviations) of each, and `direction`: "up"
        or "down" where all that moved went that way, "apart" where they went both ways, "none" where none moved by a hundredth of a
        deviation.
    When it misleads
        The median of a column with few distinct values stands still, and then jumps. A column may spread, or change its tails, around a
        median that stays: see `direction` and the distances.
    Source
        W. J. Conover (1999), Practical Nonparametric Statistics, section 3.2; G. Y. Zou and A. Donner (2008), Statistics in Medicine 27.
    """
    from scipy.special import ndtr

    for samples in held.numeric:
        scale, why = scales(held.evidence)
        found = [_percentiles(held.evidence, column) for column in held.cells()]
        value, low, high, before, now = (np.stack(parts) for parts in zip(*found, strict=True))
        shift = (now - before) / scale[..., None]
        value, low, high = (part / scale for part in (value, low, high))
        reach = np.where(value > 0, value - low, high - value)
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = np.where(value == 0, 1.0, 2 * ndtr(-z_of() * np.abs(value) / reach))
        lists = tuple(part.tolist() for part in (before[:, 0], now, shift))
        up, down = (shift >= STILL).any(axis=-1), (shift <= -STILL).any(axis=-1)
        words = np.asarray(["none", "up", "down", "apart"])[up + 2 * down].tolist()

        def table(
            column: Column, place: int, window: int, lists: tuple[list[Any], ...] = lists, words: list[list[str]] = words
        ) -> dict[str, Any]:
            return {
                "percentile": list(SHOWN), "reference_value": lists[0][place], "value": lists[1][place][window],
                "shift": lists[2][place][window], "direction": words[place][window],
            }  # fmt: skip

        yield per_column(
            held, "quantile_shift", samples, value, low, high, method="mover, order-statistics", p_value=p_value, tables=table, reason=why
        )


def _percentiles(evidence: Evidence, cells: Cells) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Shift of the median with its interval by [window], percentiles of the reference by [1, percentile] and of the windows."""
    smallest, largest = _ends(evidence, cells)
    sides = ((cells.reference, cells.reference_running), (cells.windows, cells.running))
    before, now = (quantiles(n, cells.grid, 0.5, smallest=smallest, largest=largest, running=below) for n, below in sides)
    low, high = mover([now.value, before.value], [(now.low, now.high), (before.low, before.high)], [1.0, -1.0])
    qs = [percent / 100 for percent in SHOWN]
    shown = [values_at(n, cells.grid, qs, smallest=smallest, largest=largest, running=below) for n, below in sides]
    return now.value - before.value, low, high, shown[0], shown[1]


def _ends(evidence: Evidence, cells: Cells) -> tuple[float, float]:
    """The smallest and the largest value ever seen; of a numeric outcome, whose extremes are not kept, the means of what lies beyond."""
    grid = cells.grid
    if grid.name in evidence.tally.columns:
        place = evidence.tally.columns.index(grid.name)
        sides = (reference_moments(evidence), moments_by_window(evidence))
        least, most = ([getattr(side, end)[place].ravel() for side in sides] for end in ("low", "high"))
    else:
        least, most = ([cells.total[:, end] / np.where(cells.windows[:, end] > 0, cells.windows[:, end], np.nan)] for end in (0, -1))
    return (
        float(np.fmin.reduce(np.concatenate(least), initial=grid.low)),
        float(np.fmax.reduce(np.concatenate(most), initial=grid.high)),
    )
