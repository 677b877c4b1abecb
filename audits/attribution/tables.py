"""A split as named numbers: both effects, and each level's part of them, small levels put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.attribution.kitagawa import Period, Split
from audits.estimate import Floats
from audits.interval import z_of

SMALL = 10
"""Levels of fewer rows than this in either period are listed together, so that nobody can be counted out of them."""

POOLED = "(small levels together)"


def parts_table(levels: tuple[str, ...], before: Period, now: Period, found: Split, window: int) -> dict[str, Any]:
    """Both effects with intervals, and parallel lists by level; `before` by [level] or by [window, level].

    Lists are in the order of `levels`, those put together last; the parts of each list add up to the effect.
    """
    past = before.n if before.n.ndim == 1 else before.n[window]
    past_total = before.total if before.total.ndim == 1 else before.total[window]
    n, total = now.n[window], now.total[window]
    groups = pooled(past, n)
    names = [levels[group[0]] if len(group) == 1 else POOLED for group in groups]

    def added(values: Floats) -> Floats:
        return np.asarray([float(values[group].sum()) for group in groups])

    rows, rows_before = added(n), added(past)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, rate_before = added(total) / rows, added(past_total) / rows_before
    half = {"mix": z_of() * found.mix_error[window], "rate": z_of() * found.rate_error[window]}
    value = now.value[window]
    return {
        "value": _number(value), "reference": _number(value - found.change[window]), "change": _number(found.change[window]),
        "mix_effect": _number(found.mix[window]), "mix_low": _number(found.mix[window] - half["mix"]),
        "mix_high": _number(found.mix[window] + half["mix"]), "rate_effect": _number(found.rate_effect[window]),
        "rate_low": _number(found.rate_effect[window] - half["rate"]), "rate_high": _number(found.rate_effect[window] + half["rate"]),
        "levels": names, "n": [round(x) for x in rows.tolist()], "reference_n": [round(x) for x in rows_before.tolist()],
        "share": _numbers(rows / rows.sum()), "reference_share": _numbers(rows_before / rows_before.sum()),
        "rates": _numbers(rate), "reference_rates": _numbers(rate_before),
        "mix_parts": _numbers(added(found.mix_parts[window])), "rate_parts": _numbers(added(found.rate_parts[window])),
    }  # fmt: skip


def pooled(before: Floats, now: Floats) -> list[list[int]]:
    """Places of levels to list together: each alone, but for small ones, which take the next smallest along until they hide each other.

    >>> pooled(np.array([90.0, 4, 50, 30]), np.array([80.0, 20, 60, 12]))
    [[0], [2], [1, 3]]
    """
    least = np.minimum(before, now)
    held = [i for i in range(len(now)) if before[i] + now[i] > 0]
    small = [i for i in held if 0 < before[i] < SMALL or 0 < now[i] < SMALL]
    rest = sorted((i for i in held if i not in small), key=lambda i: (least[i], i))
    while small and rest and (len(small) == 1 or min(before[small].sum(), now[small].sum()) < SMALL):
        small.append(rest.pop(0))
    return [*([i] for i in sorted(rest)), *([sorted(small)] if small else [])]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _numbers(values: Floats) -> list[float | None]:
    return [_number(x) for x in values.tolist()]
