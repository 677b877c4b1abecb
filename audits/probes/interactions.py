"""Shapley interaction values by [row] for pairs of inputs: how far two move the margin together, beyond what each does alone.

φ_ij is the mean of f(S, i, j) - f(S, i) - f(S, j) + f(S) over the inputs S that come before both in a random order; of trees it is exact
against every row of a background, of a model that only answers it is sampled. It is the whole interaction of the pair; laid out as a
matrix, half of it stands on either side.

Source: M. Grabisch and M. Roubens (1999), Int. J. of Game Theory 28, 547-565; S. Lundberg et al. (2020), Nature Machine Intelligence 2.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes import tree_tables
from audits.probes.permutation_attributions import Answer, goes, mixed
from audits.probes.tree_attributions import DENSE, seen_by
from audits.probes.tree_paths import Coded, Plan, coded, cuts_of, patterns, plans

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Trees

Pair = tuple[int, int]
SAMPLES = 12
"""Orders a row and pair of a model that only answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Values by pair of inputs (the smaller position first), of the first `rows` rows."""

    values: Mapping[Pair, Floats]
    rows: int
    evaluations: int = 0


def tree_interactions(
    trees: Trees, matrix: Floats, background: Floats, owner: Integers, among: Collection[int] | None = None
) -> Interactions:  # fmt: skip
    """Exact interactions on the margin of all pairs of inputs that share a path, or of those among some inputs."""
    cuts = cuts_of(trees)
    rows, behind = coded(matrix, cuts), coded(background, cuts)
    found: dict[Pair, Floats] = {}
    chosen = set(owner.tolist()) if among is None else set(among)
    for plan in plans(trees, cuts, owner):
        about = [[bit for bit, player in enumerate(twig.players) if player in chosen] for twig in plan.twigs]
        if any(len(bits) > 1 for bits in about):
            _add(plan, rows, behind, about, found)
    return Interactions(values=found, rows=len(matrix))


def _add(plan: Plan, rows: Coded, behind: Coded, about: Sequence[Sequence[int]], found: dict[Pair, Floats]) -> None:
    seen = seen_by(plan, behind)
    tables = _tables(plan, seen, about)
    for place, pattern in patterns(plan, rows):
        twig = plan.twigs[place]
        d = len(twig.players)
        if len(about[place]) < 2:
            continue
        named = [(i, j) for rank, i in enumerate(about[place]) for j in about[place][rank + 1 :]]
        if d > DENSE:
            kinds, index = np.unique(pattern.astype(np.int64), return_inverse=True)
            top = 1 << (d - 1)
            table = tree_tables.sparse_pairs(kinds, seen[place][0], seen[place][1], d, about[place]) * twig.value
            if twig.sibling:
                table += tree_tables.sparse_pairs(kinds ^ top, seen[place][0] ^ top, seen[place][1], d, about[place]) * twig.sibling
        else:
            index, table = pattern.astype(np.intp), tables[place]
        for (i, j), values in zip(named, table, strict=True):
            a, b = twig.players[i], twig.players[j]
            key = (min(a, b), max(a, b))
            if key not in found:
                found[key] = np.zeros(rows.rows)
            found[key] += values[index]


def _tables(plan: Plan, seen: Sequence[Any], about: Sequence[Sequence[int]]) -> dict[int, Floats]:
    """For each twig of a tree that is not too long, its interactions by [pair, pattern]; twigs alike in shape are made together."""
    tables: dict[int, Floats] = {}
    alike: dict[tuple[int, ...], list[int]] = {}
    for place, twig in enumerate(plan.twigs):
        if len(about[place]) > 1 and len(twig.players) <= DENSE:
            alike.setdefault((len(twig.players), *about[place]), []).append(place)
    for (d, *bits), places in alike.items():
        frequency = np.stack([seen[place] for place in places])
        half = 1 << (d - 1)
        value = np.asarray([plan.twigs[place].value for place in places])
        sibling = np.asarray([plan.twigs[place].sibling or 0.0 for place in places])
        table = tree_tables.pairs(frequency, bits) * value[:, None, None]
        if sibling.any():
            other = tree_tables.pairs(np.roll(frequency, half, axis=1), bits) * sibling[:, None, None]
            table += np.roll(other, half, axis=2)
        tables |= dict(zip(places, table, strict=True))
    return tables


def sampled_interactions(
    answer: Answer, rows: pa.Table, background: pa.Table, names: Sequence[str], pairs: Sequence[Pair], *, samples: int = SAMPLES,
    seconds: float | None = None, seed: int = 0,
) -> Interactions:  # fmt: skip
    """Interactions of some pairs, sampled: for each row and pair some orders, each against a background row of its own.

    Rows are begun until the time is over. The size of a sampled value is a little too large, because noise has size too.
    """
    start, draw = time.perf_counter(), np.random.default_rng(seed)
    each = 4 * samples * len(pairs)
    parts, done = [], 0
    for part in goes(rows, each, seconds, start):
        parts.append(_part(answer, part, background, names, pairs, samples, draw))
        done += part.num_rows
    values = np.concatenate(parts) if parts else np.zeros((0, len(pairs)))
    return Interactions(values={pair: values[:, place] for place, pair in enumerate(pairs)}, rows=done, evaluations=done * each)


def _part(
    answer: Answer, rows: pa.Table, background: pa.Table, names: Sequence[str], pairs: Sequence[Pair], samples: int,
    draw: np.random.Generator,
) -> Floats:  # fmt: skip
    """Values by [row, pair]. Inputs before a pair in a random order: as many as it likes, any of them."""
    n, d = rows.num_rows, len(names)
    shape = (n, len(pairs), samples)
    rank = draw.random((*shape, d))
    for place, (i, j) in enumerate(pairs):
        rank[:, place, :, [i, j]] = 2.0
    order = np.argsort(np.argsort(rank, axis=-1), axis=-1)
    own = order < draw.integers(0, d - 1, size=shape)[..., None]  # of the d - 2 others 0 to all come first
    corners = np.repeat(own[..., None, :], 4, axis=-2)
    for place, (i, j) in enumerate(pairs):
        corners[:, place, :, :, i] = (False, True, False, True)
        corners[:, place, :, :, j] = (False, False, True, True)
    mine = np.arange(n)[:, None, None, None, None]
    other = n + draw.integers(background.num_rows, size=shape)[..., None, None]
    said = answer(mixed(rows, background, names, np.where(corners, mine, other).reshape(-1, d))).reshape(*shape, 4)
    return np.asarray((said[..., 3] - said[..., 1] - said[..., 2] + said[..., 0]).mean(axis=2))
