"""What a row says apart from one value: boosted trees that have never seen the value, held against rows without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.probes.surrogate_trees import encoding

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]
TREES, LEAVES = 80, 15
BINS = 10
CONTROLS = 50
"""Rows without the value that each step of the expected chance rests on, at least."""
FEW_CONTROLS = 200
SMALL = 20_000
"""Rows below which a second thread costs more than it brings."""


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What the rest of rows says.

    Parameters
    ----------
    says
        By row, on the scale that was learned: log-odds of the score, the score, or the chance of the decision.
    chance
        By row, how often the decision is 1 among rows without the value of which the rest says the same.
    """

    says: Floats
    chance: Floats


def rest_of(rows: pa.Table, learned: Floats, value: Floats, *, learn: Flags, control: Flags) -> Rest | None:
    """The rest's say on all rows, learned from some rows and put on the scale of chances by others; None where either are too few.

    Parameters
    ----------
    learned
        What is imitated, by row: see `scale_of_scores`.
    value
        1 where the decision is the one that may be turned, 0 where not, NaN unknown.
    """
    known = learn & np.isfinite(learned)
    compared = control & np.isfinite(value)
    if min(int(known.sum()), int(compared.sum())) < FEW_CONTROLS:
        return None
    says = imitated(rows, learned, known)
    return Rest(says=says, chance=chances(says, says[compared], value[compared]))


def imitated(rows: pa.Table, learned: Floats, known: Flags, *, coarse: bool = False) -> Floats:
    """By row, what trees answer that were trained on the known rows.

    `coarse` ones see numbers in `BINS` steps and frequent levels only, and each looks at one column: together they cannot single out rows
    with a rare value, much less those among them of which the rest says otherwise, so one training serves to search all values.
    """
    import lightgbm
    import pyarrow as pa

    part = rows.filter(pa.array(known))
    matrix = _coarse(rows, known, learned) if coarse else encoding(part, learned[known]).matrix(rows)
    threads = 1 if known.sum() < SMALL else 2
    options = {
        "objective": "regression", "num_leaves": 2 if coarse else LEAVES, "learning_rate": 0.1, "min_data_in_leaf": 20, "seed": 0,
        "deterministic": True, "force_row_wise": True, "num_threads": threads, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix[known], learned[known], params={"feature_pre_filter": False, "verbosity": -1})
    return np.asarray(lightgbm.train(options, data, num_boost_round=TREES).predict(matrix, num_threads=threads), dtype=np.float64)


def _coarse(rows: pa.Table, known: Flags, learned: Floats) -> Floats:
    """[row, column] steps of numbers, and mean of what is imitated by level for levels that one row in `BINS` has."""
    import pyarrow as pa

    from connectors.model_columns import texts

    parts = []
    for name in rows.column_names:
        column = rows.column(name)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            x = np.asarray(column.to_numpy(), dtype=np.float64)
            held = x[known & np.isfinite(x)]
            edges = np.unique(np.quantile(held, np.arange(1, BINS) / BINS)) if len(held) else np.zeros(0)
            parts.append(np.searchsorted(edges, np.where(np.isfinite(x), x, np.median(held) if len(held) else 0.0), side="right"))
            continue
        levels, code = texts(column)
        n = np.bincount(code[known], minlength=len(levels))
        total = np.bincount(code[known], weights=learned[known], minlength=len(levels))
        often = n >= known.sum() / BINS
        rest = float(learned[known].mean()) if known.any() else 0.0
        parts.append(np.where(often, total / np.maximum(n, 1), rest)[code])
    return np.stack([np.asarray(part, dtype=np.float64) for part in parts], axis=1)


def chances(says: Floats, control: Floats, value: Floats) -> Floats:
    """By row, the share of 1 among the controls of which the rest says about the same: steps of equal numbers of controls, each with one
    row of either kind added, so that no chance is ever 0 or 1.

    >>> chances(np.asarray([0.0, 9.0]), np.arange(100.0), (np.arange(100.0) >= 50).astype(float)).round(3).tolist()
    [0.019, 0.019]
    """
    steps = max(len(control) // CONTROLS, 1)
    order = np.argsort(control, kind="stable")
    parts = np.array_split(order, steps)
    edges = np.asarray([control[part[0]] for part in parts[1:]], dtype=np.float64)
    share = np.asarray([(value[part].sum() + 1) / (len(part) + 2) for part in parts])
    return share[np.searchsorted(edges, says, side="right")]


def scale_of_scores(score: Floats) -> Floats:
    """Scores as they are best imitated: log-odds where all lie between 0 and 1, else as they are."""
    known = score[np.isfinite(score)]
    if len(known) and known.min() >= 0 and known.max() <= 1:
        kept = np.clip(score, 1e-4, 1 - 1e-4)
        return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)
    return score


def slope(says: Floats, seen: Floats) -> tuple[float, float]:
    """The least-squares slope of what is seen on what the rest says, and its standard error; NaN where nothing varies.

    >>> found, error = slope(np.asarray([0.0, 1.0, 2.0, 3.0]), np.asarray([1.0, 3.1, 4.9, 7.0]))
    >>> round(found, 2), round(error, 3)
    (1.98, 0.042)
    """
    known = np.isfinite(says) & np.isfinite(seen)
    n = int(known.sum())
    x, y = says[known] - says[known].mean() if n else says[:0], seen[known]
    spread = float((x**2).sum())
    if n < 4 or spread <= 1e-12:
        return float("nan"), float("nan")
    found = float((x * y).sum() / spread)
    left = y - y.mean() - found * x
    return found, float(np.sqrt((left**2).sum() / (n - 2) / spread))


def upper_tail(chance: Floats, seen: int) -> float:
    """The probability of `seen` or more ones where row i is one with its own chance: Poisson-binomial, exactly.

    >>> round(upper_tail(np.asarray([0.5, 0.5, 0.5]), 2), 3)
    0.5
    """
    mass = np.zeros(len(chance) + 1)
    mass[0] = 1.0
    for p in chance.tolist():
        mass[1:] = mass[1:] * (1 - p) + mass[:-1] * p
        mass[0] *= 1 - p
    return float(min(mass[seen:].sum(), 1.0))
