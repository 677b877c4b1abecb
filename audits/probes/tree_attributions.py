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
_GROUP = 1 << 16
"""Patterns of twigs that are made together."""


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
    return _exact(trees, coded(matrix, cuts), cuts, owner, behind, progress)


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
    return _exact(trees, coded(matrix, cuts), cuts, owner, None, progress)


def has_cover(trees: Trees) -> bool:
    """Whether every split knows how much training weight came through."""
    inner = trees.left >= 0
    return bool((trees.cover[inner] > 0).all())


def _exact(
    trees: Trees, rows: Coded, cuts: Sequence[Floats], owner: Integers | None, behind: Coded | None,
    progress: Callable[[float], None] | None,
) -> Exact:  # fmt: skip
    """Trees block by block: tables first, then all rows, chunk by chunk in two threads."""
    inputs = np.arange(len(trees.names), dtype=np.int64) if owner is None else owner
    found = np.zeros((max(int(inputs.max(initial=-1)) + 1, len(trees.encode.inputs)), rows.rows))
    made = plans(trees, cuts, inputs)
    base, done = trees.base, 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for block in _blocks(made):
            tables, expected = _tables(block, behind, pool)

            def one(first: int, block: Any = block, tables: Any = tables) -> None:
                end = min(first + _CHUNK, rows.rows)
                _add(block, tables, rows.part(first, end), found[:, first:end])

            list(pool.map(one, range(0, rows.rows, _CHUNK)))
            base, done = base + expected, done + len(block)
            if progress is not None:
                progress(done / len(made))
    return Exact(values=np.ascontiguousarray(found.T), base=base)


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

    def expected(self) -> float:
        """What the twig adds to a row of the background, in the mean."""
        full = (1 << len(self.twig.players)) - 1
        if self.background is None:
            before = float(np.prod(self.twig.share[:-1]))
            last = float(self.twig.share[-1])
            return before * (self.twig.value * last + (self.twig.sibling or 0.0) * (1 - last))
        top = 1 << (len(self.twig.players) - 1)
        here, there = self.frequency[self.background == full].sum(), self.frequency[self.background == full ^ top].sum()
        return float(self.twig.value * here + (self.twig.sibling or 0.0) * there)

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


Tables = Sequence[Sequence[Any]]
"""For each tree and twig its attributions by [player, pattern], a `_Rare`, or None for a tree without splits."""


def _tables(block: Sequence[Plan], behind: Coded | None, pool: ThreadPoolExecutor) -> tuple[Tables, float]:
    """The tables of some trees, and their mean over the background; twigs with paths of one length are made together."""
    if behind is not None:
        seen = list(pool.map(lambda plan: seen_by(plan, behind), block))
    else:
        seen = [[None if len(twig.players) > DENSE else tree_tables.product(twig.share[None])[0] for twig in plan.twigs] for plan in block]
    tables: list[list[Any]] = [[None] * len(plan.twigs) for plan in block]
    expected = 0.0
    alike: dict[int, list[tuple[int, int]]] = {}
    for tree, plan in enumerate(block):
        for place, twig in enumerate(plan.twigs):
            d = len(twig.players)
            if d == 0:
                expected += twig.value
            elif d > DENSE:
                kinds, frequency = (None, np.zeros(0)) if behind is None else seen[tree][place]
                tables[tree][place] = rare = _Rare(twig=twig, background=kinds, frequency=frequency)
                expected += rare.expected()
            else:
                alike.setdefault(d, []).append((tree, place))
    groups = [
        (d, places[first : first + (_GROUP >> d) + 1]) for d, places in alike.items() for first in range(0, len(places), (_GROUP >> d) + 1)
    ]

    def one(group: tuple[int, list[tuple[int, int]]]) -> float:
        d, places = group
        twigs = [block[tree].twigs[place] for tree, place in places]
        frequency = np.stack([seen[tree][place] for tree, place in places])
        value = np.asarray([twig.value for twig in twigs])
        sibling = np.asarray([twig.sibling or 0.0 for twig in twigs])
        for (tree, place), table in zip(places, tree_tables.mirrored(frequency, value, sibling), strict=True):
            tables[tree][place] = table
        return float(value @ frequency[:, -1] + sibling @ frequency[:, (1 << (d - 1)) - 1])

    return tables, expected + sum(pool.map(one, groups))


def seen_by(plan: Plan, behind: Coded) -> list[Any]:
    """How often each pattern occurs in the background at each twig; of long paths the patterns that occur, and how often."""
    found: list[Any] = [None] * len(plan.twigs)
    for place, pattern in patterns(plan, behind):
        d = len(plan.twigs[place].players)
        if d > DENSE:
            kinds, counts = np.unique(pattern.astype(np.int64), return_counts=True)
            found[place] = kinds, counts / behind.rows
        else:
            found[place] = np.bincount(pattern, minlength=1 << d) / behind.rows
    return found


def _add(block: Sequence[Plan], tables: Tables, rows: Coded, into: Floats) -> None:
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
