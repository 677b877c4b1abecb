"""How much worse the window's rows are described by the reference's own main directions (PCA)."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.probes.whole_rows import Sides

KEPT = 0.65
"""Share of the variance that the kept directions hold."""
LEAST = 100


def reconstructed(held: Sides) -> dict[str, Any]:
    """Mean reconstruction error of the window less that of reference rows that did not fit the directions, over their spread."""
    if min(len(held.reference), len(held.window)) < LEAST or held.reference.shape[1] < 2:
        return {"reason": f"directions need {LEAST} rows of either side and two columns that vary"}
    from scipy.special import erfc
    from sklearn.decomposition import PCA

    middle = len(held.reference) // 2
    model = PCA(n_components=KEPT, svd_solver="full").fit(held.reference[:middle])

    def error(x: Any) -> Any:
        return np.sqrt(((x - model.inverse_transform(model.transform(x))) ** 2).sum(axis=1))

    before, now = error(held.reference[middle:]), error(held.window)
    scale = float(before.std(ddof=1)) or 1.0
    value = (now.mean() - before.mean()) / scale
    deviation = np.sqrt(now.var(ddof=1) / len(now) + before.var(ddof=1) / len(before)) / scale
    return {
        "value": float(value), "low": float(value - 1.959964 * deviation), "high": float(value + 1.959964 * deviation), "n": len(now),
        "method": "welch", "p_value": float(erfc(abs(value) / deviation / np.sqrt(2))) if deviation > 0 else None,
        "components": int(model.n_components_), "reference": float(before.mean()), "window": float(now.mean()),
    }  # fmt: skip
