"""Attributions of any scorer by the method that suits it: exact for trees and weighted sums, sampled for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.linear_attributions import linear_attributions
from audits.probes.permutation_attributions import PAIRS, permutation_attributions
from audits.probes.tree_attributions import Exact, interventional
from audits.probes.tree_paths import MOST_PLAYERS, longest_path

if TYPE_CHECKING:
    import pyarrow as pa

    from audits.probes.scorer import Scorer
    from connectors.model_parts import Trees

Method = Literal["tree", "linear", "permutation"]
Scale = Literal["log-odds", "score"]
SAMPLED_FROM = 10_000
"""Background rows that sampled attributions draw from, the first ones: all are asked once, and a model may be slow."""
_PILOT = 256
_LITTLE = 5e7
"""Rows times nodes that surely are done in a second: then nothing need be tried first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributions:
    """Attributions by [row, input]: each row adds up to its margin (or answer) less `base`.

    Parameters
    ----------
    se
        Standard error of each value; None where they are exact.
    scale
        What they add up in: log-odds for models with a logistic link that show their parts, else the answer itself.
    background
        Rows of the background that were used: all that it has, where `method` is "tree", and all in which nothing is missing, where it is
        "linear".
    """

    values: Floats
    se: Floats | None
    base: float
    names: tuple[str, ...]
    method: Method
    scale: Scale
    background: int
    evaluations: int
    seconds: float

    def __len__(self) -> int:
        return len(self.values)


def attribute(
    scorer: Scorer, rows: pa.Table, background: pa.Table, *, seconds: float | None = None, seed: int = 0, pairs: int = PAIRS,
    progress: Callable[[float], None] | None = None,
) -> Attributions:  # fmt: skip
    """What each input adds to each row's margin, against every row of a background.

    Parameters
    ----------
    seconds
        About how long it may take; rows beyond it are left out, so that there may be fewer values than rows. None: all rows.
    pairs
        Of a sampled attribution: pairs of orders a row.

    Raises
    ------
    CandorError
        The model broke, hung, or does not know these columns.
    """
    start = time.perf_counter()
    owner, trees, linear = scorer.owner(), scorer.trees(), scorer.linear()
    fits = trees is not None and longest_path(trees, owner) <= MOST_PLAYERS
    se: Floats | None = None
    method: Method
    scale: Scale = "score"
    asked, used = 0, background.num_rows
    if (trees is not None and fits) or linear is not None:
        matrix, behind = scorer.matrix(rows), scorer.matrix(background)
        assert matrix is not None
        assert behind is not None
        asked = len(matrix) + len(behind)
        if trees is not None and fits:
            method, scale = "tree", "log-odds" if trees.link == "logit" else "score"
            exact = _timed(trees, matrix, behind, owner, seconds, progress)
        else:
            assert linear is not None
            method, scale = "linear", "log-odds" if linear.link == "logit" else "score"
            exact = linear_attributions(linear, matrix, behind, owner)
            used = int(np.isfinite(behind).all(axis=1).sum())  # a weighted sum has no answer for the others
        values, base = exact.values, exact.base
    else:
        method, sampled_from = "permutation", background.slice(0, SAMPLED_FROM)
        found = permutation_attributions(
            scorer.answer, rows, sampled_from, scorer.names, pairs=pairs, seconds=seconds, seed=seed, progress=progress
        )
        values, base, se, asked, used = found.values, found.base, found.se, found.evaluations, sampled_from.num_rows
    return Attributions(
        values=values, se=se, base=base, names=scorer.names, method=method, scale=scale, background=used, evaluations=asked,
        seconds=time.perf_counter() - start,
    )  # fmt: skip


def attribute_each(scorer: Scorer, row: pa.Table, background: pa.Table) -> Floats | None:
    """One row's attributions against each background row by [background row, input], whose mean is its attribution; None if not exact.

    Against a single row the game turned around is its own negative: what x has over b is what b lacks of x.
    """
    owner, trees, linear = scorer.owner(), scorer.trees(), scorer.linear()
    if (trees is None or longest_path(trees, owner) > MOST_PLAYERS) and linear is None:
        return None
    one, behind = scorer.matrix(row), scorer.matrix(background)
    assert one is not None
    assert behind is not None
    if trees is not None:
        return -interventional(trees, behind, one, owner).values
    assert linear is not None
    return -linear_attributions(linear, behind, one, owner).values


def _timed(
    trees: Trees, matrix: Floats, behind: Floats, owner: Integers, seconds: float | None, progress: Callable[[float], None] | None
) -> Exact:  # fmt: skip
    """As many rows as fit into the time: a few rows tell how long tables take and how long a row does."""
    if seconds is None or len(matrix) <= 2 * _PILOT or len(matrix) * len(trees.left) < _LITTLE * seconds:
        return interventional(trees, matrix, behind, owner, progress=progress)
    marks = [time.perf_counter()]
    for count in (1, _PILOT):
        pilot = interventional(trees, matrix[:count], behind, owner)
        marks.append(time.perf_counter())
    tables, more = marks[1] - marks[0], max(marks[2] - marks[1] - (marks[1] - marks[0]), 1e-9)
    left = seconds - (marks[2] - marks[0]) - tables
    most = int(min(len(matrix), left / more * _PILOT)) if left > 0 else 0
    if most <= _PILOT:
        return pilot
    return interventional(trees, matrix[:most], behind, owner, progress=progress)
