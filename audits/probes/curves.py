"""One column at a time: partial dependence with ICE, and accumulated local effects, of anything that answers rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

if TYPE_CHECKING:
    import pyarrow as pa

POINTS = 20
"""Points of a curve, and intervals of an accumulated one; levels of a category, the most frequent first."""

FEWEST = 10
"""Rows of an interval, about, at least."""

LOWEST = 0.01
"""The share of rows beyond the first point of a curve of partial dependence, and beyond the last."""

BATCH = 50_000
"""Rows asked about at once."""

Ask = Callable[["pa.Table"], Floats]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The values that a column is set to.

    Parameters
    ----------
    numeric
        Whether the values are numbers; else levels.
    points
        Positions of rows that hold each value: a value is only ever set to one that was logged, in its own type.
    values
        What they are, for a reader.
    place
        [row] The nearest point, or the level's; -1 for rows without a value or of a level that is left out.
    """

    numeric: bool
    points: Integers
    values: tuple[Any, ...]
    place: Integers

    def __len__(self) -> int:
        return len(self.points)


def axis(column: pa.ChunkedArray, shares: Floats) -> Axis | None:
    """The axis of a column: its values at these quantiles, all of them where there are few, or its most frequent levels.

    None where everybody has the same value.
    """
    import pyarrow.types as kinds

    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind):
        return _numbers(column, shares)
    from connectors.model_columns import texts

    levels, code = texts(column)
    n = np.bincount(code, minlength=len(levels))
    kept = [place for place in np.argsort(-n, kind="stable").tolist() if levels[place] is not None and n[place]][:POINTS]
    if len(kept) < 2:
        return None
    position = np.full(len(levels), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    place = position[code]
    points = np.asarray([int(np.argmax(place == i)) for i in range(len(kept))], dtype=np.int64)
    return Axis(numeric=False, points=points, values=tuple(levels[i] for i in kept), place=place)


def _numbers(column: pa.ChunkedArray, shares: Floats) -> Axis | None:
    from connectors.model_columns import numbers

    x = numbers(column, "")
    known = np.flatnonzero(np.isfinite(x))
    values, first = np.unique(x[known], return_index=True)
    if len(values) < 2:
        return None
    if len(values) > len(shares):
        kept = np.searchsorted(values, np.unique(np.quantile(x[known], shares, method="nearest")))
        values, first = values[kept], first[kept]
    if len(values) < 2:
        return None
    middle = (values[1:] + values[:-1]) / 2
    place = np.where(np.isfinite(x), np.searchsorted(middle, np.nan_to_num(x)), -1)
    return Axis(numeric=True, points=known[first], values=tuple(values.tolist()), place=place)


def curve_shares() -> Floats:
    """Where the points of a curve of partial dependence lie, as shares of rows below."""
    return np.linspace(LOWEST, 1 - LOWEST, POINTS)


def edge_shares(rows: int) -> Floats:
    """Where the intervals of accumulated local effects end: 20 of them, fewer where there would be less than ten rows in each.

    >>> edge_shares(30).tolist()
    [0.0, 0.3333333333333333, 0.6666666666666666, 1.0]
    """
    return np.linspace(0, 1, min(POINTS, max(rows // FEWEST, 1)) + 1)


def replaced(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    """The rows with another column of that name."""
    return rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)


def individual(ask: Ask, rows: pa.Table, name: str, points: Sequence[int]) -> Floats:
    """[point, row] What each row would be answered with the column set to the value of each of these rows: the ICE curves."""
    import pyarrow as pa

    column, size = rows.column(name), rows.num_rows
    together = max(1, BATCH // max(size, 1))
    found = []
    for start in range(0, len(points), together):
        some = list(points)[start : start + together]
        tables = [replaced(rows, name, column.take(pa.array(np.full(size, point)))) for point in some]
        found.append(ask(pa.concat_tables(tables)).reshape(len(some), size))
    return np.concatenate(found)


def partial(ask: Ask, rows: pa.Table, name: str, along: Axis) -> dict[str, Any]:
    """Partial dependence and ICE of a column.

    The mean answer over all rows with the column set to each value, Student's t interval; quantiles over rows of each row's curve less
    its own first point; and the range of the mean curve, with the interval of the difference between its two ends.
    """
    curves = individual(ask, rows, name, along.points.tolist())
    whole = np.isfinite(curves).all(axis=0)
    curves = curves[:, whole]
    n = curves.shape[1]
    if n < 2:
        return {"reason": "the model gives no answer for these rows"}
    mean = curves.mean(axis=1)
    half = _half(curves.std(axis=1, ddof=1) / np.sqrt(n), n - 1)
    centred = np.quantile(curves - curves[0], [0.1, 0.5, 0.9], axis=1)
    between = curves[int(np.argmax(mean))] - curves[int(np.argmin(mean))]
    value, error = float(between.mean()), float(_half(np.asarray(between.std(ddof=1) / np.sqrt(n)), n - 1))
    held = along.place[along.place >= 0]
    return {
        "at": list(along.values), "mean": mean.tolist(), "low": (mean - half).tolist(), "high": (mean + half).tolist(),
        "ice_p10": centred[0].tolist(), "ice_p50": centred[1].tolist(), "ice_p90": centred[2].tolist(),
        "share": (np.bincount(held, minlength=len(along)) / max(len(along.place), 1)).tolist(), "n": n,
        "range": {"value": value, **_ends(value, error)},
    }  # fmt: skip


def _half(error: Floats, freedom: int) -> Floats:
    """Half the width of a t interval."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(max(freedom, 1), 0.975) * error, dtype=np.float64)


def accumulated(ask: Ask, rows: pa.Table, name: str, along: Axis, order: Sequence[int] | None = None) -> dict[str, Any]:
    """Accumulated local effects of a column.

    Rows are moved from one end of their own interval to the other, and no further; mean differences are added up from interval to
    interval, and the curve is shifted so that its mean over rows is 0. Of a category, rows of two neighbouring levels are moved from one
    to the other, in an `order` of the levels. Intervals: normal, from each row's part in the sum.
    """
    places = list(range(len(along))) if order is None else list(order)
    step, kept = _inside(rows, name, along) if along.numeric else _next(along, places)
    lower = np.asarray(places, dtype=np.int64)[step - 1]
    upper = np.asarray(places, dtype=np.int64)[step]
    difference = _moved(ask, rows, name, kept, along.points[upper]) - _moved(ask, rows, name, kept, along.points[lower])
    known = np.isfinite(difference)
    difference, step, kept = difference[known], step[known], kept[known]
    steps = len(places) - 1
    n = np.bincount(step, minlength=steps + 1)[1:]
    if (n == 0).any():
        return {"reason": "an interval has no row that the model answers"}
    mean = np.bincount(step, weights=difference, minlength=steps + 1)[1:] / n
    weights = _weights(along, places, n)
    effect = weights @ mean
    spread = difference - mean[step - 1]
    grown = np.where(n > 1, np.sqrt(n / np.maximum(n - 1, 1)), 1.0)
    if (n < 2).any():  # one row says nothing of the spread in its interval: that of all is taken
        freedom = int((n - 1).sum())
        overall = float(np.sqrt((spread**2).sum() / freedom)) if freedom else np.nan
        spread = np.where(n[step - 1] < 2, overall, spread)
    parts = np.zeros((rows.num_rows, steps))  # a category's row has a part in two steps
    np.add.at(parts, (kept, step - 1), spread * (grown / n)[step - 1])
    half = 1.959964 * np.sqrt(((parts @ weights.T) ** 2).sum(axis=0))
    top, bottom = int(np.argmax(effect)), int(np.argmin(effect))
    value = float(effect[top] - effect[bottom])
    error = 1.959964 * float(np.sqrt(((parts @ (weights[top] - weights[bottom])) ** 2).sum()))
    return {
        "at": [along.values[place] for place in places], "effect": effect.tolist(), "low": _listed(effect - half),
        "high": _listed(effect + half), "n": [0, *n.tolist()], "rows": len(np.unique(kept)),
        "range": {"value": value, **_ends(value, error)},
    }  # fmt: skip


def _ends(value: float, error: float) -> dict[str, float | None]:
    """An interval of a range, which is never below 0; none where the error is unknown."""
    if not np.isfinite(error):
        return {"low": None, "high": None}
    return {"low": max(value - error, 0.0), "high": value + error}


def _listed(values: Floats) -> list[float | None]:
    """Numbers for a table; None where there is none."""
    return [float(value) if np.isfinite(value) else None for value in values.tolist()]


def _inside(rows: pa.Table, name: str, along: Axis) -> tuple[Integers, Integers]:
    """Of each row with a number the interval that it lies in, 1 for the first; and which rows these are."""
    from connectors.model_columns import numbers

    x = numbers(rows.column(name), name)
    kept = np.flatnonzero(np.isfinite(x))
    step = np.clip(np.searchsorted(np.asarray(along.values), x[kept], side="left"), 1, len(along) - 1)
    return step.astype(np.int64), kept


def _next(along: Axis, places: Sequence[int]) -> tuple[Integers, Integers]:
    """Every step between neighbouring levels, with each row of either."""
    steps, kept = [], []
    for step in range(1, len(places)):
        inside = np.flatnonzero((along.place == places[step - 1]) | (along.place == places[step]))
        steps.append(np.full(len(inside), step, dtype=np.int64))
        kept.append(inside)
    return np.concatenate(steps), np.concatenate(kept)


def _moved(ask: Ask, rows: pa.Table, name: str, kept: Integers, points: Integers) -> Floats:
    """Answers for these rows with each one's column set to that of another row."""
    import pyarrow as pa

    found = []
    for start in range(0, len(kept), BATCH):
        some = pa.array(kept[start : start + BATCH])
        found.append(ask(replaced(rows.take(some), name, rows.column(name).take(pa.array(points[start : start + BATCH])))))
    return np.concatenate(found) if found else np.zeros(0)


def _weights(along: Axis, places: Sequence[int], n: NDArray[Any]) -> Floats:
    """[point, step] What each step's mean adds to each point of the curve, the curve's mean over rows taken off.

    Over the rows of an interval the curve is the mean of its two ends.
    """
    steps = len(places) - 1
    added = np.tril(np.ones((steps + 1, steps)), k=-1)
    if along.numeric:
        share = n / n.sum()
        centre = share @ ((added[:-1] + added[1:]) / 2)
    else:
        held = np.bincount(along.place[along.place >= 0], minlength=len(along))[list(places)]
        centre = (held / held.sum()) @ added
    return np.asarray(added - centre, dtype=np.float64)
