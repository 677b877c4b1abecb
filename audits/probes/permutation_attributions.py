"""Shapley values of a model that only answers, sampled, by [row, input]: with a standard error, and as many rows as time allows.

Inputs of a background row are replaced one by one by those of the explained row, in a random order and then in the reverse order; what the
answer changes by is the input's. Each pair of orders meets another background row. The orders of a pair cancel all that is linear or of
second order in the inputs, so few pairs go far.

Source: E. Strumbelj and I. Kononenko (2014), Knowledge and Information Systems 41; R. Mitchell, J. Cooper, E. Frank and G. Holmes (2022),
Journal of Machine Learning Research 23(43), for reversed orders.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats, Integers

if TYPE_CHECKING:
    import pyarrow as pa

Answer = Callable[["pa.Table"], Floats]
PAIRS = 10
"""Pairs of orders a row."""
_AT_ONCE, _FIRST = 20_000, 2_000
"""Rows that a model is asked about in one go, at most and at first."""
_GO = 2.0
"""Seconds that a go is to take, so that a slow model is not asked long beyond its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Attributions and their standard errors by [row, input]; fewer rows than asked for where time ran out, the first ones."""

    values: Floats
    se: Floats
    base: float
    evaluations: int


def mixed(rows: pa.Table, background: pa.Table, names: Sequence[str], take: Integers) -> pa.Table:
    """A table made of both: for each new row and input [new row, input] a position among the rows, then the background rows."""
    import pyarrow as pa

    made = {}
    for place, name in enumerate(names):
        kind = rows.schema.field(name).type
        both = pa.chunked_array([*rows.column(name).chunks, *background.column(name).cast(kind).chunks], type=kind)
        made[name] = both.take(pa.array(take[:, place]))
    return pa.table(made)


def permutation_attributions(
    answer: Answer, rows: pa.Table, background: pa.Table, names: Sequence[str], *, pairs: int = PAIRS, seconds: float | None = None,
    seed: int = 0, progress: Callable[[float], None] | None = None,
) -> Sampled:  # fmt: skip
    """Sampled attributions of rows against a background.

    What sampling leaves between the sum of a row's values and its answer less `base` is dealt out in proportion to the variance of each
    value, so that they add up; `base` is the mean answer over the whole background.

    Parameters
    ----------
    pairs
        Pairs of orders a row, each with a background row of its own.
    seconds
        Rows are begun until this much time is over; None explains all.
    """
    start, draw = time.perf_counter(), np.random.default_rng(seed)
    held = answer(background.select(list(names)))
    base = float(np.nanmean(held)) if np.isfinite(held).any() else float("nan")
    values, errors, asked = [], [], len(held)
    each = pairs * 2 * len(names)
    for part in goes(rows, each, seconds, start):
        found, error, top = _part(answer, part, background, names, pairs, draw)
        values.append(_levelled(found, error, top - base))
        errors.append(error)
        asked += part.num_rows * each
        if progress is not None:
            progress((asked - len(held)) / max(each * rows.num_rows, 1))
    shape = (0, len(names))
    return Sampled(
        values=np.concatenate([np.zeros(shape), *values]), se=np.concatenate([np.zeros(shape), *errors]), base=base, evaluations=asked
    )  # fmt: skip


def goes(rows: pa.Table, each: int, seconds: float | None, start: float) -> Iterator[pa.Table]:
    """Rows part by part until they, or the time since `start`, are over; `each` questions a row, as many at once as the model is quick."""
    first, size = 0, _FIRST
    while first < rows.num_rows and not (first and seconds is not None and time.perf_counter() - start > seconds):
        part = rows.slice(first, max(1, size // max(each, 1)))
        begun = time.perf_counter()
        yield part
        spent = max(time.perf_counter() - begun, 1e-3)
        first += part.num_rows
        size = int(min(_AT_ONCE, max(part.num_rows * each * _GO / spent, 1)))


def _part(
    answer: Answer, rows: pa.Table, background: pa.Table, names: Sequence[str], pairs: int, draw: np.random.Generator
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Values, standard errors [row, input] and answers [row] of some rows."""
    n, d = rows.num_rows, len(names)
    order = np.argsort(draw.random((n, pairs, d)), axis=2)
    place = np.argsort(order, axis=2)  # of each input in the order
    other = n + draw.integers(background.num_rows, size=(n, pairs))
    mine = np.arange(n)[:, None, None, None]
    # [row, pair, step, input]: k = 0 .. d inputs are the row's own, from the front; then 1 .. d - 1 from the back
    own = np.concatenate(
        [place[:, :, None, :] < np.arange(d + 1)[:, None], place[:, :, None, :] >= d - np.arange(1, d)[:, None]], axis=2
    )  # fmt: skip
    take = np.where(own, mine, other[:, :, None, None]).reshape(-1, d)
    said = answer(mixed(rows, background, names, take)).reshape(n, pairs, 2 * d)
    front = said[:, :, : d + 1]
    back = np.concatenate([said[:, :, :1], said[:, :, d + 1 :], said[:, :, d : d + 1]], axis=2)
    gain = np.take_along_axis(np.diff(front, axis=2), place, axis=2)
    gain_back = np.take_along_axis(np.diff(back, axis=2), d - 1 - place, axis=2)
    both = (gain + gain_back) / 2
    error = both.std(axis=1, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.full((n, d), np.nan)
    return both.mean(axis=1), error, said[:, 0, d]


def _levelled(values: Floats, error: Floats, total: Floats) -> Floats:
    """Values that add up to a total [row]: the rest goes to each in proportion to its variance, evenly where none has any."""
    rest = total - values.sum(axis=1)
    variance = np.nan_to_num(error**2)
    weight = variance.sum(axis=1, keepdims=True)
    part = np.divide(variance, weight, out=np.full(variance.shape, 1.0 / max(variance.shape[1], 1)), where=weight > 0)
    return np.asarray(values + part * rest[:, None])
