"""An order for the levels of a category: neighbours are those whose rows are most alike in all other columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats, Integers

if TYPE_CHECKING:
    import pyarrow as pa

CELLS = 50
"""Parts that a number is cut into, and levels of another category that are told apart."""


def order_of(rows: pa.Table, name: str, place: Integers, levels: int) -> list[int]:
    """Levels along the first axis of classical scaling of their distances; `place` is the level of each row, -1 for none.

    The distance of two levels is the sum over the other columns of how far their distributions are apart: the largest gap between the
    cumulative shares of a number (Kolmogorov-Smirnov), half the sum of the gaps between the shares of a category's levels.
    """
    if levels < 3:
        return list(range(levels))
    distance = np.zeros((levels, levels))
    kept = place >= 0
    for other in rows.column_names:
        if other != name:
            distance += _apart(rows.column(other), kept, place, levels)
    middle = np.eye(levels) - 1.0 / levels
    values, vectors = np.linalg.eigh(-0.5 * middle @ distance**2 @ middle)
    first = vectors[:, -1] if values[-1] > 1e-12 else np.arange(levels, dtype=np.float64)
    turned = first * np.sign(first[int(np.argmax(np.abs(first)))])  # an eigenvector has no direction of its own
    found: list[int] = np.argsort(turned, kind="stable").tolist()
    return found


def _apart(column: pa.ChunkedArray, kept: np.ndarray[tuple[int], np.dtype[np.bool_]], place: Integers, levels: int) -> Floats:
    """[level, level] How far the distributions of one column are apart."""
    import pyarrow.types as kinds

    from connectors.model_columns import numbers, texts

    kind = column.type
    numeric = kinds.is_integer(kind) or kinds.is_floating(kind)
    if numeric:
        x = numbers(column, "")
        known = np.isfinite(x)
        cuts = np.unique(np.quantile(x[known], np.linspace(0, 1, CELLS + 1)[1:-1])) if known.any() else np.zeros(0)
        code = np.searchsorted(cuts, np.nan_to_num(x))
        kept = kept & known
        cells = len(cuts) + 1
    else:
        held, code = texts(column)
        cells = min(len(held), CELLS)
        code = np.minimum(code, cells - 1)
    counts = np.zeros((levels, cells))
    np.add.at(counts, (place[kept], code[kept]), 1.0)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    if numeric:
        reached = share.cumsum(axis=1)
        return np.asarray(np.abs(reached[:, None] - reached[None]).max(axis=2))
    return np.asarray(np.abs(share[:, None] - share[None]).sum(axis=2) / 2)
