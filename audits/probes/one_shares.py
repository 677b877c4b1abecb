"""The waterfall of one prediction and how stable it is."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from audits.explanation import Value
from audits.explanation_parts import Kept, Share, Stability, Waterfall
from audits.probes.one_asked import NO_INPUTS, NO_MODEL, AbsentError, Asked
from audits.probes.one_attribution import DRAWS, TOP, Taken, same_top, take_apart

if TYPE_CHECKING:
    import pyarrow as pa

BACKGROUND = 5_000
"""Reference rows that attributions are held against."""


def taken_apart(asked: Asked, inputs: pa.Table | None) -> Taken:
    """The answer for one row, taken apart against the reference.

    Raises
    ------
    AbsentError, CandorError
        There is nothing to ask, or it does not answer.
    """
    if asked.scorer is None or inputs is None:
        raise AbsentError(asked.broken or NO_MODEL)
    if not asked.scorer.names:
        raise AbsentError(NO_INPUTS)
    asked.progress("taking the answer apart")
    began = time.monotonic()
    reference = np.flatnonzero(asked.ground.reference)[:BACKGROUND]
    background = asked.ground.table.take(reference).select(list(asked.scorer.names))
    taken = take_apart(asked.scorer, inputs, background, seconds=asked.seconds, seed=asked.evidence.seed)
    asked.spent("attributions", taken.background, asked.ground.available[1], began)
    return taken


def waterfall_of(asked: Asked, taken: Taken, values: tuple[Value, ...]) -> Waterfall:
    """What each input adds, the largest first, and which side it pushed to."""
    assert asked.scorer is not None
    low, high = taken.interval()
    known = {value.column: value for value in values}
    mean = taken.mean
    least = 1e-9 * float(np.abs(mean).max(initial=0.0))
    names = asked.scorer.names
    shares = []
    for place in np.argsort(-np.abs(mean), kind="stable").tolist():
        pushed = asked.sign * mean[place] if abs(mean[place]) > least else 0.0
        shares.append(
            Share(
                column=names[place], value=known[names[place]].value, attribution=float(mean[place]), low=float(low[place]),
                high=float(high[place]), side="favorable" if pushed > 0 else "unfavorable" if pushed < 0 else "neither",
            )
        )  # fmt: skip
    base, total = _linked(taken.base, taken.scale), _linked(taken.total, taken.scale)
    scale = "prediction" if asked.model.task == "regression" and taken.scale == "score" else taken.scale
    return Waterfall(
        scale=scale, method=taken.method, exact=taken.exact, base=taken.base, total=taken.total, base_score=base, total_score=total,
        shares=tuple(shares),
    )  # fmt: skip


def _linked(value: float, scale: str) -> float:
    """The score that belongs to log-odds."""
    return 1.0 / (1.0 + math.exp(-min(max(value, -700.0), 700.0))) if scale == "log-odds" else value


def stability_of(taken: Taken, names: tuple[str, ...], seed: int) -> tuple[Stability, dict[str, float]]:
    """What other reference rows would have given, and for each input how often it is among the most telling."""
    anew = taken.drawn_anew(seed=seed)
    size = min(TOP, len(names))
    same, first, among = same_top(anew, taken.mean, size)
    side = (np.sign(anew) == np.sign(taken.mean)).mean(axis=0)
    order = np.argsort(-np.abs(taken.mean), kind="stable")[: 2 * size].tolist()
    kept = tuple(Kept(column=names[place], top=float(among[place]), same_side=float(side[place])) for place in order)
    share = {name: float(among[place]) for place, name in enumerate(names)}
    return Stability(draws=DRAWS, rows=taken.background, size=size, same=same, first=first, kept=kept), share
