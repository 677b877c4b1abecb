"""Splits on sets of categories as splits on thresholds, so that all that can be asked of numeric trees can be asked of them too.

A set of codes is a number of runs on the line of codes, and a few thresholds tell the runs apart; the branch that several runs lead to is
there once a run. Covers are shared out among the copies, which leaves every conditional mean over the training rows as it was: the share
of weight that goes left and right of the set is the same, and so is each subtree. Attributions by tree paths stay what they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connectors.model_parts import Floats, Integers

GROWN = 60
"""How many times as many nodes a model may have afterwards; beyond that it stays opaque."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree as its library has it: node 0 is the root, -1 for no child; `sets` holds the codes that go left of a split on categories."""

    left: Sequence[int]
    right: Sequence[int]
    default: Sequence[int]
    feature: Sequence[int]
    threshold: Sequence[float]
    value: Sequence[float]
    cover: Sequence[float]
    sets: Mapping[int, frozenset[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Nodes:
    """Nodes of all trees as they are written down, parents first."""

    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    default: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    cover: list[float] = field(default_factory=list)
    offsets: list[int] = field(default_factory=lambda: [0])

    def new(self, value: float, cover: float) -> int:
        """A leaf, which may become a split later."""
        self.left.append(-1)
        self.right.append(-1)
        self.default.append(-1)
        self.feature.append(-1)
        self.threshold.append(np.nan)
        self.value.append(value)
        self.cover.append(cover)
        return len(self.left) - 1

    def arrays(self) -> dict[str, Integers | Floats]:
        """As `Trees` wants them."""
        whole = {name: np.asarray(getattr(self, name), dtype=np.int64) for name in ("left", "right", "default", "feature", "offsets")}
        return {**whole, **{name: np.asarray(getattr(self, name), dtype=np.float64) for name in ("threshold", "value", "cover")}}


def threshold_trees(trees: Sequence[Tree], order: Mapping[int, Mapping[int, int]]) -> Nodes | None:
    """The same trees with thresholds alone; `order` has for each feature with named categories the place of each code on the line.

    None where they would grow beyond `GROWN` times their nodes.
    """
    nodes = Nodes()
    most = 1_000 + GROWN * sum(len(tree.left) for tree in trees)
    for tree in trees:
        stack = [(0, nodes.new(0.0, 1.0), 1.0)]
        while stack:
            old, new, share = stack.pop()
            nodes.cover[new] = tree.cover[old] * share
            if tree.left[old] < 0:
                nodes.value[new] = tree.value[old]
                continue
            if old in tree.sets:
                stack += _told_apart(tree, old, new, share, nodes, order.get(tree.feature[old]))
            else:
                left, right = nodes.new(0.0, 0.0), nodes.new(0.0, 0.0)
                default = left if tree.default[old] == tree.left[old] else right
                _split(nodes, new, tree.feature[old], tree.threshold[old], (left, right, default))
                stack += [(tree.left[old], left, share), (tree.right[old], right, share)]
            if len(nodes.left) > most:
                return None
        nodes.offsets.append(len(nodes.left))
    return nodes


def places(trees: Sequence[Tree], codes: Mapping[int, Sequence[int]]) -> dict[int, dict[int, int]]:
    """An order of each column's codes in which its sets are in few runs: levels that go to the higher side often come late."""
    pull = {feature: dict.fromkeys(held, 0.0) for feature, held in codes.items()}
    for tree in trees:
        for node, held in tree.sets.items():
            lift = (_mean(tree, tree.left[node]) - _mean(tree, tree.right[node])) * tree.cover[node]
            here = pull[tree.feature[node]]
            for code in held:
                here[code] = here.get(code, 0.0) + lift
    return {feature: {code: place for place, code in enumerate(sorted(held, key=held.__getitem__))} for feature, held in pull.items()}


def _mean(tree: Tree, node: int) -> float:
    total = weight = 0.0
    stack = [node]
    while stack:
        at = stack.pop()
        if tree.left[at] < 0:
            total, weight = total + tree.value[at] * tree.cover[at], weight + tree.cover[at]
        else:
            stack += [tree.left[at], tree.right[at]]
    return total / weight if weight else 0.0


def _split(nodes: Nodes, at: int, feature: int, threshold: float, children: tuple[int, int, int]) -> None:
    nodes.left[at], nodes.right[at], nodes.default[at] = children
    nodes.feature[at], nodes.threshold[at] = feature, threshold


def _told_apart(
    tree: Tree, old: int, new: int, share: float, nodes: Nodes, line: Mapping[int, int] | None
) -> list[tuple[int, int, float]]:
    """Thresholds in a row that tell the runs apart, lowest first; what is missing is sent on to a run of its own side."""
    held = tree.sets[old]
    held_places = sorted(held if line is None else (line[code] for code in held if code in line))
    bounds: list[float] = []  # between two runs; the first run is outside of the set unless it starts at the lowest place
    for place in held_places:
        if bounds and bounds[-1] == place - 0.5:
            bounds[-1] = place + 0.5
        else:
            bounds += [place - 0.5, place + 0.5]
    inside = False
    if line is not None:  # a line with two ends: what lies outside it is missing, and needs no run
        if bounds and bounds[0] < 0:
            bounds, inside = bounds[1:], True
        if bounds and bounds[-1] > len(line) - 1:
            bounds = bounds[:-1]
    sides = [inside ^ bool(i % 2) for i in range(len(bounds) + 1)]
    left, right = tree.left[old], tree.right[old]
    missing_left = tree.default[old] == left
    if missing_left not in sides or (not missing_left) not in sides:  # one side only holds what is missing, or nothing
        bounds, sides = [*bounds, np.inf], [*sides, not sides[-1]]
    shares = {side: share / sides.count(side) for side in (True, False)}
    out: list[tuple[int, int, float]] = []
    rest = [tree.cover[left if side else right] * shares[side] for side in sides]
    at = new
    for i, bound in enumerate(bounds):
        nodes.cover[at] = sum(rest[i:])
        run, others = nodes.new(0.0, 0.0), nodes.new(0.0, 0.0)
        here = sides[i] == missing_left
        _split(nodes, at, tree.feature[old], bound, (run, others, run if here else others))
        out.append((left if sides[i] else right, run, shares[sides[i]]))
        at = others
    out.append((left if sides[-1] else right, at, shares[sides[-1]]))
    return out
