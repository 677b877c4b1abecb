"""Attributions of one prediction in draws, so that their mean, its error and its stability come from one answer.

Of trees and weighted sums a draw is one reference row, exact against that row; of a model that only answers, a sample of orders and of
reference rows. Their mean is the attribution against the reference.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats
from audits.interval import z_of
from audits.probes.attribute import attribute, attribute_each
from audits.probes.scorer import Scorer
from connectors.errors import CandorError

if TYPE_CHECKING:
    import pyarrow as pa

DRAWS = 200
TOP = 4
COPIES, LEAST_COPIES, PAIRS, BEHIND = 32, 4, 4, 500
"""Of a model that only answers: samples at most and at least, pairs of orders in each, and reference rows at most."""
PILOT = 64
NO_ANSWER = "the model gives no answer for this row, so there is nothing to take apart"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One answer taken apart: `base` + the sum of the means of `each` [draw, input] = `total`, on `scale`."""

    each: Floats
    base: float
    total: float
    scale: str
    method: str
    exact: bool
    background: int

    @property
    def mean(self) -> Floats:
        """[input] what each input adds."""
        return np.asarray(self.each.mean(axis=0))

    def interval(self) -> tuple[Floats, Floats]:
        """[input] how far the choice of reference rows, and of orders where they are sampled, moves each attribution (95 %)."""
        draws = len(self.each)
        reach = z_of() * self.each.std(axis=0, ddof=min(1, draws - 1)) / np.sqrt(draws)
        return self.mean - reach, self.mean + reach

    def drawn_anew(self, *, seed: int, draws: int = DRAWS) -> Floats:
        """[draw, input] the attributions that other reference rows would have given: as many, drawn from these with replacement."""
        rows = len(self.each)
        weights = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1.0 / rows), size=draws)
        return np.asarray(weights @ self.each / rows)


def take_apart(scorer: Scorer, row: pa.Table, background: pa.Table, *, seconds: float, seed: int) -> Taken:
    """Attributions of one row against each row of the background.

    Raises
    ------
    CandorError
        The model broke, or does not answer this row or those mixed from it and the reference.
    """
    parts = scorer.trees() or scorer.linear()
    exact = attribute_each(scorer, row, background) if parts is not None else None
    matrix = scorer.matrix(row) if exact is not None else None
    if exact is not None and parts is not None and matrix is not None:
        exact = exact[np.isfinite(exact).all(axis=1)]
        total = float(parts.margin(matrix)[0])
        if np.isfinite(total) and len(exact):
            return Taken(
                each=exact, base=total - float(exact.sum(axis=1).mean()), total=total,
                scale="log-odds" if parts.link == "logit" else "score", method="tree" if scorer.trees() is not None else "linear",
                exact=True, background=len(exact),
            )  # fmt: skip
    if not np.isfinite(scorer.answer(row)[0]):
        raise CandorError(NO_ANSWER)
    background = background.slice(0, BEHIND)
    copies = row.take(np.zeros(_affordable(scorer, background, seconds), dtype=np.int64))
    found = attribute(scorer, copies, background, seconds=seconds, seed=seed, pairs=PAIRS)
    each = found.values[np.isfinite(found.values).all(axis=1)]
    if not len(each):
        raise CandorError(NO_ANSWER)
    return Taken(
        each=each, base=found.base, total=found.base + float(each.sum(axis=1).mean()), scale="score", method="permutation", exact=False,
        background=found.background,
    )  # fmt: skip


def _affordable(scorer: Scorer, background: pa.Table, seconds: float) -> int:
    """How many samples fit into the time, as a few rows tell how fast the model answers."""
    began = time.monotonic()
    scorer.answer(background.slice(0, PILOT))
    rate = min(PILOT, background.num_rows) / max(time.monotonic() - began, 1e-6)
    left = rate * seconds - background.num_rows
    return int(np.clip(left / (2 * PAIRS * max(len(scorer.names), 1)), LEAST_COPIES, COPIES))


def same_top(values: Floats, mean: Floats, size: int = TOP) -> tuple[float, float, Floats]:
    """Shares of draws with the same most telling inputs, in any order; with the same first one; and by input, with it among them.

    >>> same_top(np.asarray([[3.0, 2.0, 0.1], [1.0, 2.0, 0.1]]), np.asarray([2.0, 1.5, 0.1]), 2)
    (1.0, 0.5, array([1., 1., 0.]))
    """
    places = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :size]
    own = np.argsort(-np.abs(mean), kind="stable")[:size]
    among = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(among, places, True, axis=1)
    return float(among[:, own].all(axis=1).mean()), float((places[:, 0] == own[0]).mean()), np.asarray(among.mean(axis=0))
