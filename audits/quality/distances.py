"""How far a column's window is from the reference, as one figure with an interval: the total variation distance."""

from __future__ import annotations

import numpy as np

from audits.bins import ColumnBins, NumericBins
from audits.estimate import Floats
from audits.evidence import ColumnCounts


def total_variation(bins: ColumnBins, counts: ColumnCounts) -> tuple[Floats, Floats, Floats]:
    """½ Σ |q - p| over the reference's deciles, or over the categories, by window, with its interval; missing values are left out.

    The interval is the delta method's, its lower end less what chance alone makes of equal shares, ½ Σ √(2 p (1 - p) (1/n + 1/m) / π).
    """
    if isinstance(bins, NumericBins):
        part = bins.decile_of
        starts = np.flatnonzero(np.append(True, part[1:] != part[:-1]))
        before, after = np.add.reduceat(counts.reference, starts), np.add.reduceat(counts.windows, starts, axis=1)
    else:
        before = np.append(counts.reference, [counts.reference_special[name] for name in ("other", "unseen")])
        after = np.concatenate([counts.windows, *(counts.special[name][:, None] for name in ("other", "unseen"))], axis=1)
    n, m = float(before.sum()), after.sum(axis=1)
    p, q = before / max(n, 1.0), after / np.maximum(m, 1.0)[:, None]
    sign = np.sign(q - p)
    value = np.abs(q - p).sum(axis=1) / 2
    scale = 1 / max(n, 1.0) + 1 / np.maximum(m, 1.0)
    both = (p + q) / 2
    bias = np.sqrt(2 * both * (1 - both) * scale[:, None] / np.pi).sum(axis=1) / 2

    def spread(share: Floats, size: Floats | float) -> Floats:
        return np.asarray(((share * sign**2).sum(axis=1) - (share * sign).sum(axis=1) ** 2) / size)

    half = 1.96 * np.sqrt(spread(q, np.maximum(m, 1.0)) + spread(np.broadcast_to(p, q.shape), max(n, 1.0))) / 2
    known = (n > 0) & (m > 0)
    low = np.where(known, np.clip(value - bias - half, 0.0, 1.0), np.nan)
    return np.where(known, value, np.nan), np.minimum(low, value), np.where(known, np.clip(value + half, 0.0, 1.0), np.nan)
