"""The audit `attribution_ranking_similarity`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.drift.comparison import compared_windows, noted
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, SIZE, reference_moments, said
from audits.finding import Measurement
from audits.probed_cells import Cells

DRAWS = 1000


@audit(name="attribution_ranking_similarity", unit="score", tasks=EVERY_TASK, compared=True, units="own", probe=PROBE)
def attribution_ranking_similarity(evidence: Evidence) -> Iterator[Measurement]:
    """How alike the order of inputs by attribution is to that of the reference: NDCG, 1 where the order is the same.

    Formula
        With a_i the mean |φ| of input i in the reference, and inputs ranked r by mean |φ| in the window, NDCG = Σ a_i / log2(r_i + 1) over
        the same sum with the reference's own ranks. Swaps among small inputs hardly count; swaps at the top do.
    Interval
        Percentiles of 1,000 draws of both sides' means from normal distributions with their standard errors, widened to hold the figure.
        The means of a row's inputs are taken as independent, which makes the interval a little too wide where they go together. n is the
        window's rows.
    Tables
        `inputs` in the reference's order, `before` and `now` their mean |φ|, `rank` now.
    When it misleads
        It says nothing about sizes: all attributions may double and the order stay; see `attribution_shift`. With few inputs the figure
        cannot be low: of two it is never below 0.63. With equal attributions the order is chance, and costs nothing.
    Source
        K. Järvelin and J. Kekäläinen (2002), ACM Transactions on Information Systems 20; A. Nigenda et al. (2022), Amazon SageMaker Model
        Monitor, KDD, for the use.

    >>> import numpy as np
    >>> from audits.explanations.attribution_ranking_similarity import ndcg
    >>> ndcg(np.asarray([4.0, 2.0, 1.0]), np.asarray([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])).round(3)
    array([1.  , 0.74])
    """
    cells = Cells.of(evidence, PROBE)
    if cells is None:
        return
    columns = cells.columns(SIZE)
    held = [reference_moments(cells, SIZE, column) for column in columns]
    size, before, spread = (np.asarray([each[i] for each in held], dtype=np.float64) for i in range(3))
    if len(columns) < 2 or not (size > 1).all():
        return
    here = [tuple(values[..., 0] for values in cells.means(SIZE, column)) for column in columns]
    n, now, variance = (np.stack([each[i] for each in here], axis=-1) for i in range(3))  # [version, window, column]
    windows = compared_windows(evidence)
    version, window = np.nonzero((n > 1).all(axis=-1) & windows[None, :])
    if not len(version):
        return
    draw = np.random.default_rng(evidence.seed)
    at = (version, window)
    value = ndcg(before, now[at])
    low, high = np.empty(len(value)), np.empty(len(value))
    error = np.sqrt(variance[at] / n[at])
    first = np.maximum(before + draw.standard_normal((DRAWS, len(columns))) * np.sqrt(spread / size), 0.0)
    for i in range(len(value)):
        second = now[at][i] + draw.standard_normal((DRAWS, len(columns))) * error[i]
        drawn = ndcg(first, second)
        low[i], high[i] = np.quantile(drawn, [0.025, 0.975])
    low, high = np.minimum(low, value), np.maximum(high, value)
    yield measurement(
        "attribution_ranking_similarity", "score", value=value, low=low, high=high, n=n[at].min(axis=-1), method="parametric bootstrap",
        window=window, version=version, slice=0, reason=noted(evidence, np.full(len(value), "", dtype=object)),
        tables={int(i): _tables(evidence, columns, before, now[at][i]) for i in np.flatnonzero(window == 0)},
    )  # fmt: skip


def _tables(evidence: Evidence, columns: tuple[str, ...], before: Floats, now: Floats) -> dict[str, object]:
    order = np.argsort(-before, kind="stable")
    rank = np.argsort(np.argsort(-now, kind="stable"), kind="stable") + 1
    return {
        "inputs": [columns[i] for i in order], "before": before[order].tolist(), "now": now[order].tolist(), "rank": rank[order].tolist(),
        "scale": said(evidence)["scale"],
    }  # fmt: skip


def ndcg(before: Floats, now: Floats) -> Floats:
    """Normalised discounted cumulative gain of orders by the sizes now [..., input], gains being the sizes before [..., input]."""
    discount = 1 / np.log2(np.arange(2, now.shape[-1] + 2))
    gains = np.take_along_axis(np.broadcast_to(before, now.shape), np.argsort(-now, axis=-1, kind="stable"), axis=-1)
    found, best = (gains * discount).sum(axis=-1), (np.sort(before, axis=-1)[..., ::-1] * discount).sum(axis=-1)
    return np.asarray(np.divide(found, best, out=np.ones(now.shape[:-1]), where=best > 0))
