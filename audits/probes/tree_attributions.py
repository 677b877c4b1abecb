"""Exact Shapley values of tree ensembles on the margin, by [row, input]: against a whole background, or against the training weights.

`interventional` replaces inputs that are left out by those of each background row in turn and averages over all of them; `path_dependent`
follows both children by the training weight that went there. Rows enter as patterns (`tree_paths`), so that the work grows with rows plus
background rows and not with their product; what a leaf gives to a pattern is computed in double precision (`tree_tables`). The values of a
row add up to its margin less `base`.

Source: S. Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67, for both games; A. Nadel and R. Wettenstein (2026), AAAI 40,
24476-24485, for patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.probes import tree_tables
from audits.probes.tree_paths import Coded, Plan, Twig, coded, cuts_of, patterns, plans
from connectors.model_parts import Trees

DENSE = 10
"""The most inputs on a path for which all patterns are tabled; beyond that only patterns that occur."""
WORKERS = 2
_BLOCK = 24_000_000
"""Bytes of tables that are held at once."""
_CHUNK = 16_384


class NoCover(ValueError):
    """The file does not say how much training weight went where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Attributions by [row, input], and the margin that they start from: each row adds up to its margin less `base`."""

    values: Floats
    base: float


def interventional(
    trees: Trees, matrix: Floats, background: Floats, owner: Integers | None = None, *, progress: Callable[[float], None] | None = None
) -> Exact:  # fmt: skip
    """Attributions against every row of a background [row, column].

    Parameters
    ----------
    owner
        The input that each column belongs to; columns of one input are replaced together. None: every column is an input.
    progress
        Told the share that is done.
    """
    cuts = cuts_of(trees)
    behind = coded(background, cuts)
    base = float(trees.margin(background).mean())
    return Exact(values=_values(trees, coded(matrix, cuts), cuts, _owner(trees, owner), behind, progress), base=base)


def path_dependent(
    trees: Trees, matrix: Floats, owner: Integers | None = None, *, progress: Callable[[float], None] | None = None
) -> Exact:  # fmt: skip
    """Attributions against the training weight that went to either side of each split; nothing but the file is needed.

    Raises
    ------
    NoCover
        The file holds no weights.
    """
    if not has_cover(trees):
        raise NoCover("the model file does not say how many training rows went where")
    cuts = cuts_of(trees)
    inputs = _owner(trees, owner)
    values = _values(trees, coded(matrix, cuts), cuts, inputs, None, progress)
    return Exact(values=values, base=trees.base + _expected(trees))


def has_cover(trees: Trees) -> bool:
    """Whether every split knows how much training weight came through."""
    inner = trees.left >= 0
    return bool((trees.cover[inner] > 0).all())


def _owner(trees: Trees, owner: Integers | None) -> Integers:
    return np.arange(len(trees.names), dtype=np.int64) if owner is None else owner


def _expected(trees: Trees) -> float:
    """The mean over leaves by training weight, node by node from behind, because children come after their parents."""
    mean = trees.value.copy()
    for node in range(len(mean) - 1, -1, -1):
        if trees.left[node] >= 0:
            left, right = trees.left[node], trees.right[node]
            mean[node] = (trees.cover[left] * mean[left] + trees.cover[right] * mean[right]) / trees.cover[node]
    return float(mean[trees.offsets[:-1]].sum())


def _values(
    trees: Trees, rows: Coded, cuts: Sequence[Floats], owner: Integers, behind: Coded | None, progress: Callable[[float], None] | None
) -> Floats:  # fmt: skip
    """Trees block by block: tables first, then all rows, chunk by chunk in two threads."""
    found = np.zeros((max(int(owner.max(initial=-1)) + 1, len(trees.encode.inputs)), rows.rows))
    made = plans(trees, cuts, owner)
    done = 0
    bounds = list(range(0, rows.rows, _CHUNK))
    with ThreadPoolExecutor(WORKERS) as pool:
        for block in _blocks(made):
            tables = list(pool.map(lambda plan: _tables(plan, behind), block))

            def one(first: int, block: Any = block, tables: Any = tables) -> None:
                end = min(first + _CHUNK, rows.rows)
                _add(block, tables, rows.part(first, end), found[:, first:end])

            list(pool.map(one, bounds))
            done += len(block)
            if progress is not None:
                progress(done / len(made))
    return np.ascontiguousarray(found.T)


def _blocks(made: Sequence[Plan]) -> Iterator[list[Plan]]:
    """Trees whose tables fit into the memory for them, at least one at a time."""
    block: list[Plan] = []
    held = 0
    for plan in made:
        size = sum(8 * len(twig.players) << min(len(twig.players), DENSE) for twig in plan.twigs)
        if block and held + size > _BLOCK:
            yield block
            block, held = [], 0
        block.append(plan)
        held += size
    if block:
        yield block


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rare:
    """Patterns of the background at a long path, and how often each occurs; None where training weights stand for it."""

    twig: Twig
    background: NDArray[Any] | None
    frequency: Floats

    def values(self, pattern: NDArray[Any]) -> Floats:
        """[player, pattern]"""
        d, twig = len(self.twig.players), self.twig
        top = 1 << (d - 1)
        if self.background is None:
            found = tree_tables.sparse_product(pattern, twig.share) * twig.value
            if twig.sibling:
                other = np.append(twig.share[:-1], 1 - twig.share[-1])
                found += tree_tables.sparse_product(pattern ^ top, other) * twig.sibling
            return found
        found = tree_tables.sparse(pattern, self.background, self.frequency, d) * twig.value
        if twig.sibling:
            found += tree_tables.sparse(pattern ^ top, self.background ^ top, self.frequency, d) * twig.sibling
        return found


def _tables(plan: Plan, behind: Coded | None) -> list[Floats | _Rare | None]:
    """For each twig of a tree its attributions by [player, pattern]."""
    tables: list[Floats | _Rare | None] = [None] * len(plan.twigs)
    seen = {} if behind is None else dict(patterns(plan, behind))
    alike: dict[int, list[int]] = {}
    for place, twig in enumerate(plan.twigs):
        d = len(twig.players)
        if 0 < d <= DENSE:
            alike.setdefault(d, []).append(place)
        elif d > DENSE:
            kinds, counts = (None, np.zeros(0)) if behind is None else np.unique(seen[place].astype(np.int64), return_counts=True)
            tables[place] = _Rare(twig=twig, background=kinds, frequency=counts / max(counts.sum(), 1))
    for d, places in alike.items():
        twigs = [plan.twigs[place] for place in places]
        if behind is None:
            frequency = tree_tables.product(np.stack([twig.share for twig in twigs]))
        else:
            frequency = np.stack([np.bincount(seen[place], minlength=1 << d) for place in places]) / behind.rows
        value = np.asarray([twig.value for twig in twigs])
        sibling = np.asarray([twig.sibling or 0.0 for twig in twigs])
        for place, table in zip(places, tree_tables.mirrored(frequency, value, sibling), strict=True):
            tables[place] = table
    return tables


def _add(block: Sequence[Plan], tables: Sequence[Sequence[Any]], rows: Coded, into: Floats) -> None:
    """Add what every twig gives to every row of a chunk."""
    given = np.empty(rows.rows)
    for plan, held in zip(block, tables, strict=True):
        for place, pattern in patterns(plan, rows):
            table = held[place]
            if table is None:
                continue
            if isinstance(table, _Rare):
                kinds, index = np.unique(pattern.astype(np.int64), return_inverse=True)
                table = table.values(kinds)
            else:
                index = pattern.astype(np.intp)
            for player, values in zip(plan.twigs[place].players, table, strict=True):
                np.take(values, index, out=given, mode="clip")
                into[player] += given
