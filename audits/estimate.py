"""Estimates: values that carry their interval, their support and how the interval was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Many figures at once, as arrays of one shape; NaN stands for a number that cannot be computed."""

    value: Floats
    low: Floats
    high: Floats
    n: Integers
    method: str
    p_value: Floats | None = None
