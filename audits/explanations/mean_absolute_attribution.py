"""The audit `mean_absolute_attribution`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, SIGNED, SIZE, listed, release_of, said
from audits.finding import Measurement
from audits.interval import mean_t
from audits.probed_cells import Cells


@audit(name="mean_absolute_attribution", unit="score", tasks=EVERY_TASK, units="own", probe=PROBE)
def mean_absolute_attribution(evidence: Evidence) -> Iterator[Measurement]:
    """Mean size of what an input adds to the model's margin, row by row: how much the model uses it here.

    Formula
        Σ |φ| / n, where φ is the Shapley value of the input for the row: the mean, over all orders of the inputs, of what the margin
        changes by when the row's own value takes the place of a reference row's, averaged over the whole reference. The φ of a row add up
        to its margin minus the reference's mean margin. Of trees and weighted sums φ is exact and the margin is in log-odds where the
        model ends in a logistic link; of a model that only answers it is sampled, and in units of the answer. The columns that one
        category was made into are one input.
    Interval
        Student's t over rows; one row a unit and window where the log names a unit. n is the rows explained. Of a sampled φ the figure is
        a little too large, for noise has size too; the tables hold the standard error of a single φ.
    Tables
        `mean`: the signed mean. `rank` among inputs. `path_dependent`: the figure where inputs left out follow the training weights in
        the trees instead of the reference. `check`: the largest difference to the library shap's values on some rows.
    When it misleads
        Where inputs go together, those the model uses get all of the credit and those that merely go along none; a model trained again may
        swap them. It asks for combinations that nobody has. It says what this model uses, not what causes the outcome. Of a surrogate it
        is as good as the surrogate's fidelity.
    Source
        S. Lundberg and S.-I. Lee (2017), NeurIPS 30; S. Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67; D. Janzing, L.
        Minorics and P. Blöbaum (2020), AISTATS, for the reference as it is.

    >>> import numpy as np
    >>> x, reference = np.asarray([[1.0, 4.0], [3.0, 0.0]]), np.asarray([2.0, 1.0])  # of the margin 2 x1 - x2
    >>> phi = np.asarray([2.0, -1.0]) * (x - reference)
    >>> np.abs(phi).mean(axis=0)
    array([2., 2.])
    """
    cells = Cells.of(evidence, PROBE)
    if cells is None:
        return
    topics, kept = evidence.topics, listed(evidence)
    for column in cells.columns(SIZE):
        n, total, squares = cells.sums(SIZE, column)
        value, low, high = mean_t(total, squares, n)
        at = np.nonzero((n > 0) & kept)
        version, window, place = at
        mean = cells.means(SIGNED, column)[1]
        tables = {
            int(i): _tables(evidence, evidence.versions[int(version[i])], column, float(mean[at][i]))
            for i in np.flatnonzero((window == 0) & (place == 0))
        }
        yield measurement(
            "mean_absolute_attribution", "score", value=value[at], low=low[at], high=high[at], n=n[at], method="t", window=window,
            version=version, slice=place, attribute=evidence.attribute_places[place], column=topics.index(column), tables=tables,
        )  # fmt: skip


def _tables(evidence: Evidence, version: str | None, column: str, mean: float) -> dict[str, object]:
    release = release_of(evidence, version)
    order = release.get("order", [])
    rank = order.index(column) if column in order else None
    other = release.get("path_dependent")
    return said(evidence, version) | {
        "mean": mean, "rank": None if rank is None else rank + 1,
        "path_dependent": None if other is None or rank is None else other[rank],
    }  # fmt: skip
