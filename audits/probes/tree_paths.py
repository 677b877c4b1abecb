"""Trees as paths: for every leaf, which inputs decide whether a row gets there, and which of them let a given row through.

The pattern of a row at a leaf has one bit an input on the path: 1 where the row passes all splits on that input. Columns of one input (a
category made of several numbers) are one bit, because they change together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from connectors.model_parts import Trees

Flags = NDArray[np.bool_]
MOST_PLAYERS = 62
"""Inputs on one path that a pattern has bits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twig:
    """A leaf, or the two leaves of one split where its input decides nothing above it.

    Parameters
    ----------
    players
        The inputs on the path, in the order of their bits.
    value
        What the leaf adds to the margin.
    sibling
        What the other leaf adds, whose pattern differs in the last bit; None for a leaf alone.
    share
        For each input, the share of training weight that passes all its splits; NaN where the file holds no weights.
    """

    players: tuple[int, ...]
    value: float
    sibling: float | None
    share: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split as patterns need it: rows whose code in a column is at most `code` go to the first child."""

    column: int
    code: int
    missing_first: bool
    bit: int
    again: bool
    """The input was met before on this path, so its bit is there already."""
    children: tuple[int, int]
    """Positions of splits in the plan, or -1 - position of a twig; None of these for a leaf that its sibling speaks for."""
    told: bool
    """The first child speaks for the second one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One tree: its splits, the first one being the root, and its twigs."""

    splits: tuple[Split, ...]
    twigs: tuple[Twig, ...]
    width: int
    """The most bits of a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """Rows as positions among the thresholds of the ensemble: [column, row], and where something is missing (None where nothing is)."""

    codes: NDArray[Any]
    missing: Sequence[Flags | None]
    rows: int

    def part(self, first: int, end: int) -> Coded:
        """Some of the rows."""
        missing = [None if flags is None else flags[first:end] for flags in self.missing]
        return Coded(codes=self.codes[:, first:end], missing=missing, rows=min(end, self.rows) - first)


def cuts_of(trees: Trees) -> list[Floats]:
    """For each column the thresholds of the ensemble, ascending; rows at a threshold go to the first child.

    x < t is x <= the largest number below t, so both kinds of splits are one.
    """
    inner = trees.left >= 0
    limit = limits(trees)
    return [np.unique(limit[inner & (trees.feature == column)]) for column in range(len(trees.names))]


def limits(trees: Trees) -> Floats:
    """[node] The largest number that goes to the first child."""
    return np.nextafter(trees.threshold, -np.inf) if trees.strict else trees.threshold


def coded(matrix: Floats, cuts: Sequence[Floats]) -> Coded:
    """Rows [row, column] laid out as codes; a missing value has the last code, which is no split's."""
    kind = np.uint8 if max((len(cut) for cut in cuts), default=0) < 255 else np.uint16 if max(map(len, cuts)) < 65_535 else np.uint32
    codes = np.empty((len(cuts), len(matrix)), dtype=kind)
    missing: list[Flags | None] = []
    for column, cut in enumerate(cuts):
        values = np.ascontiguousarray(matrix[:, column])
        codes[column] = np.searchsorted(cut, values, side="left")
        flags = np.isnan(values)
        missing.append(flags if flags.any() else None)
    return Coded(codes=codes, missing=missing, rows=len(matrix))


def plans(trees: Trees, cuts: Sequence[Floats], owner: Integers) -> list[Plan]:
    """Every tree of the ensemble as a plan; `owner` is the input of each column."""
    return [_plan(trees, tree, cuts, owner) for tree in range(len(trees.offsets) - 1)]


def _plan(trees: Trees, tree: int, cuts: Sequence[Floats], owner: Integers) -> Plan:
    """Splits in the order of a walk from the root; children are filled in when they are met."""
    first, end = int(trees.offsets[tree]), int(trees.offsets[tree + 1])
    column, value, cover = (each[first:end].tolist() for each in (trees.feature, trees.value, trees.cover))
    left, right, default = ((each[first:end] - first).tolist() for each in (trees.left, trees.right, trees.default))
    limit = limits(trees)[first:end]
    splits: list[dict[str, Any]] = []
    twigs: list[Twig] = []

    def share_of(parent: int, child: int) -> float:
        return cover[child] / cover[parent] if cover[parent] > 0 else float("nan")

    # node, its players, the share of each, and where its position has to be written
    waiting: list[tuple[int, tuple[int, ...], tuple[float, ...], tuple[int, int] | None]] = [(0, (), (), None)]
    while waiting:
        node, players, shares, mark = waiting.pop()
        if left[node] < 0:
            place = -1 - len(twigs)
            twigs.append(Twig(players=players, value=value[node], sibling=None, share=np.asarray(shares)))
        else:
            player = int(owner[column[node]])
            again = player in players
            bit = players.index(player) if again else len(players)
            both = (left[left[node]] < 0) and (left[right[node]] < 0) and not again
            place = len(splits)
            splits.append({
                "column": column[node], "code": int(np.searchsorted(cuts[column[node]], limit[node])), "bit": bit, "again": again,
                "missing_first": default[node] == left[node], "children": [0, 0], "told": both,
            })  # fmt: skip
            below = []
            for child in (left[node], right[node]):
                passed = share_of(node, child)
                kept = tuple(s * passed if i == bit else s for i, s in enumerate(shares)) if again else (*shares, passed)
                below.append((child, players if again else (*players, player), kept))
            if both:
                splits[-1]["children"] = [-1 - len(twigs)] * 2
                pair = (value[left[node]], value[right[node]])
                twigs.append(Twig(players=below[0][1], value=pair[0], sibling=pair[1], share=np.asarray(below[0][2])))
            else:
                waiting += [(*below[1], (place, 1)), (*below[0], (place, 0))]
        if mark is not None:
            splits[mark[0]]["children"][mark[1]] = place
    made = tuple(Split(**{**split, "children": tuple(split["children"])}) for split in splits)
    return Plan(splits=made, twigs=tuple(twigs), width=max(len(twig.players) for twig in twigs))


def patterns(plan: Plan, rows: Coded) -> Iterator[tuple[int, NDArray[Any]]]:
    """For each twig of a tree its position and the pattern of every row."""
    width = plan.width
    kind: Any = np.uint8 if width <= 8 else np.uint16 if width <= 16 else np.uint32 if width <= 32 else np.int64
    start = np.zeros(rows.rows, dtype=kind)
    if not plan.splits:
        yield 0, start
        return
    waiting: list[tuple[int, NDArray[Any]]] = [(0, start)]
    while waiting:
        place, pattern = waiting.pop()
        if place < 0:
            yield -1 - place, pattern
            continue
        split = plan.splits[place]
        passes = rows.codes[split.column] <= split.code
        missing = rows.missing[split.column]
        if missing is not None and split.missing_first:
            passes |= missing
        bits = passes.astype(kind)
        bits <<= kind(split.bit)
        mark = kind(1 << split.bit)
        if split.told:
            bits |= pattern
            yield -1 - split.children[0], bits
        elif split.again:
            waiting.append((split.children[1], pattern & ~bits))
            bits |= ~mark
            bits &= pattern
            waiting.append((split.children[0], bits))
        else:
            waiting.append((split.children[1], pattern | (bits ^ mark)))
            bits |= pattern
            waiting.append((split.children[0], bits))


def longest_path(trees: Trees, owner: Integers) -> int:
    """A bound on the inputs on any path: its splits, or all inputs that any tree uses."""
    depth = np.zeros(len(trees.left), dtype=np.int64)
    inner = np.flatnonzero(trees.left >= 0)
    for node in inner.tolist():  # children come after their parents
        depth[[trees.left[node], trees.right[node]]] = depth[node] + 1
    return min(int(depth.max(initial=0)), len(np.unique(owner[trees.feature[inner]])))
