"""Attributions by tree paths, by their definition: every subset of inputs, one after the other. An oracle for a handful of columns."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from connectors.model_parts import Trees


def mean_given(trees: Trees, x: Any, known: frozenset[int]) -> float:
    """The trees' sum where the columns `known` are followed and at every other split both children count by their cover."""

    def below(node: int) -> float:
        left, right = int(trees.left[node]), int(trees.right[node])
        if left < 0:
            return float(trees.value[node])
        column = int(trees.feature[node])
        if column in known:
            value = x[column]
            goes_left = value < trees.threshold[node] if trees.strict else value <= trees.threshold[node]
            return below(int(trees.default[node]) if np.isnan(value) else left if goes_left else right)
        whole = trees.cover[left] + trees.cover[right]
        return float(trees.cover[left] / whole * below(left) + trees.cover[right] / whole * below(right))

    return trees.base + sum(below(int(root)) for root in trees.offsets[:-1])


def attributions(trees: Trees, x: Any) -> list[float]:
    """[column] Shapley values of the game `mean_given`, and the mean without anything known at the end."""
    count = len(trees.names)
    out = []
    for column in range(count):
        others = [c for c in range(count) if c != column]
        out.append(sum(
            factorial(size) * factorial(count - size - 1) / factorial(count)
            * (mean_given(trees, x, frozenset({*chosen, column})) - mean_given(trees, x, frozenset(chosen)))
            for size in range(count) for chosen in combinations(others, size)
        ))  # fmt: skip
    return [*out, mean_given(trees, x, frozenset())]
