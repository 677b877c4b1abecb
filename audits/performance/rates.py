"""What the rate measures share: a proportion of counts over every version, window and slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import over_slices
from audits.estimate import Estimates, Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mean_t, proportion


def rate(evidence: Evidence, name: str, hits: Floats, n: Floats, *, reason: str) -> Measurement:
    """hits / n by [version, window, slice] with Wilson intervals; `reason` says what n = 0 means."""
    return over_slices(evidence, name, "proportion", proportion(hits, n), reason=reason)


def mean(evidence: Evidence, name: str, unit: str, total: Floats, total_squared: Floats, n: Floats, *, reason: str) -> Measurement:
    """Σx / n by [version, window, slice] with t intervals."""
    value, low, high = mean_t(total, total_squared, n)
    return over_slices(evidence, name, unit, Estimates(value=value, low=low, high=high, n=whole(n), method="t"), reason=reason)


def whole(n: NDArray[Any]) -> NDArray[np.int64]:
    """Counts as integers."""
    found: NDArray[np.int64] = np.rint(n).astype(np.int64)
    return found
