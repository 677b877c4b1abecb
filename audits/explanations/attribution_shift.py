"""The audit `attribution_shift`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.drift.comparison import compared_windows, noted
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, SIGNED, SIZE, difference, reference_moments, said
from audits.finding import Measurement
from audits.probed_cells import Cells


@audit(name="attribution_shift", unit="difference", tasks=EVERY_TASK, compared=True, units="own", probe=PROBE)
def attribution_shift(evidence: Evidence) -> Iterator[Measurement]:
    """Mean size of an input's attribution now, minus that in the reference: the model has come to use it more, or less.

    Formula
        mean |φ| of the window - mean |φ| of the reference's rows, all against the same background: the whole reference. The window's rows
        are explained by their own release; so are the reference's where there is a file for it, else by the first release. The figure
        therefore holds changes of rows and of the model alike; within one version it is the rows.
    Interval and test
        Welch's t over rows; one row a unit and window where the log names a unit. n is the window's rows. Where the reference is the first
        window, that window has no figure, and the whole period holds the reference's own rows: the difference is drawn towards 0 and p,
        which takes the two sides as independent, is too large. Other windows are not touched; the reason says it.
    Tables
        `before`, `now`: the two means; `signed_before`, `signed_now`: those of φ with its sign.
    When it misleads
        An input can be used as much as before and for the other side: look at the signed means. Rows that moved outside what the model
        learned have attributions like any others. With many rows a small shift is beyond chance.
    Source
        A. Nigenda et al. (2022), Amazon SageMaker Model Monitor, KDD, for drift of attributions; B. L. Welch (1947), Biometrika 34, for
        the test.

    >>> import numpy as np
    >>> before, now = np.asarray([0.2, -0.4]), np.asarray([0.9, -0.5])
    >>> round(float(np.abs(now).mean() - np.abs(before).mean()), 2)
    0.4
    """
    cells = Cells.of(evidence, PROBE)
    if cells is None:
        return
    topics, windows = evidence.topics, compared_windows(evidence)
    for column in cells.columns(SIZE):
        before = reference_moments(cells, SIZE, column)
        n, mean, variance = (values[..., 0] for values in cells.means(SIZE, column))
        value, low, high, p_value = difference((n, mean, variance), before)
        signed_before, signed = reference_moments(cells, SIGNED, column)[1], cells.means(SIGNED, column)[1][..., 0]
        at = np.nonzero((n > 0) & windows[None, :] & (before[0] > 0))
        version, window = at
        tables = {
            int(i): {
                "before": float(before[1]), "now": float(mean[at][i]), "signed_before": float(signed_before),
                "signed_now": float(signed[at][i]), "scale": said(evidence)["scale"], "reference_rows": int(before[0]),
            }
            for i in np.flatnonzero(window == 0)
        }  # fmt: skip
        few = np.where(np.isfinite(low[at]), "", "fewer than two rows on either side").astype(object)
        yield measurement(
            "attribution_shift", "difference", value=value[at], low=low[at], high=high[at], n=n[at], method="welch-t", window=window,
            version=version, slice=0, p_value=p_value[at], column=topics.index(column), reason=noted(evidence, few), tables=tables,
        )  # fmt: skip
