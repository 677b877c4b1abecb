"""The audit `smallest_flip_distance`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, listed
from audits.robustness.distances import FAR, PROBE, TO_ADVERSE, TO_FAVORABLE, histogram, quantile, quantiles_table, told


@audit(name="smallest_flip_distance", unit="distance", needs=("decision",), tasks=("binary", "multiclass"), units="own", probe=PROBE)
def smallest_flip_distance(evidence: Evidence) -> Iterator[Measurement]:
    """The median size of the smallest possible change that turns a decision, in spreads.

    Formula
        median over rows of min |z|, z_j = (x'_j - x_j) / spread_j, over possible x' with another decision; a changed level counts as one
        spread. See `evasion_rate` for what is possible. Once for all rows; as "to favorable" for decisions that turn favorable, and as "to
        adverse" for those that turn against.
    Beyond the budget
        Rows that nothing turns within three spreads count as farther than any other: they move the median, and where they are half of all
        rows there is none, with that reason.
    Interval
        That of order statistics, whatever the distribution, ending at the edges of bins that are 7.5 % wide.
    Tables
        `quantiles` with their intervals, `bins`, how many rows lie `beyond`; whether a model or a surrogate was asked, rows, questions.
    When it misleads
        As the distance to the boundary: what a search finds is never too small, and too large where it missed a shorter way; see
        docs/robustness.md for by how much. Spreads of different columns are not equally hard to move. A group that is nearer to the
        boundary is not for that treated worse.
    Source
        S.-M. Moosavi-Dezfooli, A. Fawzi and P. Frossard (2016), DeepFool, CVPR, for the distance; W. J. Conover, Practical Nonparametric
        Statistics (1999), section 3.2, for the interval.

    >>> import numpy as np
    >>> weight, spread = np.asarray([0.8, -0.1]), np.asarray([1.0, 10.0])  # of a linear score, whose distance is known
    >>> float(np.round(0.64 / np.linalg.norm(weight * spread), 3))  # the row's score is 0.64 from where the decision turns
    0.5
    """
    cells = Cells.of(evidence, PROBE)
    if cells is None:
        return
    for column in ("", TO_FAVORABLE, TO_ADVERSE):
        n = histogram(cells, column)
        total = n.sum(axis=-1)
        if not total[0, 0, 0]:
            continue
        value, low, high = quantile(n, 0.5)
        far = ~np.isfinite(value)
        version, window, place = at = np.nonzero((total > 0) & evidence.reported)
        whole = np.flatnonzero((version == 0) & (window == 0) & (place == 0))
        table = quantiles_table(n[0, 0, 0]) | told(evidence.probes[PROBE])
        found = measurement(
            "smallest_flip_distance", "distance", value=value[at], low=np.where(far, np.nan, low)[at], high=np.where(far, np.nan, high)[at],
            n=total[at].astype(np.int64), method="order-statistics", window=window, version=version, slice=place,
            attribute=evidence.attribute_places[place], column=evidence.topics.index(column) if column else -1,
            reason=np.where(far[at], FAR, "").astype(object), tables={int(i): table for i in whole},
        )  # fmt: skip
        yield listed(found)
