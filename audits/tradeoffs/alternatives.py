"""Ways to decide that are held against a baseline: what each gains and loses, and which are worth having."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.interval import benjamini_hochberg
from audits.tradeoffs.confusion import Interval, exact, listed
from audits.tradeoffs.paired import Paired
from audits.tradeoffs.points import Ways, at

TOLERATED = 0.01
"""Accuracy, balanced accuracy or share of the costs' range that an alternative may lose: one point, however few rows make that
insignificant."""

SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class Judged:
    """All ways of one kind against the baseline; intervals by [way].

    Parameters
    ----------
    why
        "" where a way is kept, else why it is not, in words with numbers.
    """

    paired: Paired
    loss: Interval
    balanced_loss: Interval
    cost_increase: Interval | None
    gain: Interval
    p_value: Floats
    impact_ratio: Interval
    why: tuple[str, ...]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which ways lose nothing significant and are significantly less disparate."""
        return np.asarray([not why for why in self.why], dtype=np.bool_)


def judged(paired: Paired, costs: Floats | None) -> Judged:
    """Hold ways against their baseline.

    A way is kept if it is not significantly worse and its smallest impact ratio is significantly higher. Worse is by cost where costs are
    given, else by accuracy or balanced accuracy: the paired 95 % interval of the loss lies above 0, or the loss itself above one point
    (one hundredth of the range of the costs). Higher: q below 0.05, after Benjamini and Hochberg over all ways that were searched.
    """
    loss, balanced = paired.loss(), paired.balanced_loss()
    increase = None if costs is None else paired.cost_increase(costs)
    gain, p_value = paired.gain()
    q_value = benjamini_hochberg(p_value)
    why = []
    for i in range(len(p_value)):
        worse = (
            _worse("accuracy", loss, i) or _worse("balanced accuracy", balanced, i)
            if increase is None or costs is None
            else _dearer(increase, i, TOLERATED * float(np.ptp(costs)))
        )
        why.append(worse or _no_gain(gain, q_value, i))
    return Judged(
        paired=paired, loss=loss, balanced_loss=balanced, cost_increase=increase, gain=gain, p_value=p_value,
        impact_ratio=paired.impacts[1].smallest, why=tuple(why),
    )  # fmt: skip


def _worse(name: str, loss: Interval, i: int) -> str:
    value, low, high = (100 * float(ends[i]) for ends in loss)
    if not np.isfinite(value):
        return f"its {name} cannot be computed"
    if low > 0 or value > 100 * TOLERATED:
        return f"its {name} is {value:.1f} points lower [{low:.1f}, {high:.1f}]"
    return ""


def _dearer(increase: Interval, i: int, tolerated: float) -> str:
    value, low, high = (float(ends[i]) for ends in increase)
    if not np.isfinite(value):
        return "its cost cannot be computed"
    if low > 0 or value > tolerated > 0:
        return f"it costs {value:.3g} more per decision [{low:.3g}, {high:.3g}]"
    return ""


def _no_gain(gain: Interval, q_value: Floats, i: int) -> str:
    value = float(gain[0][i])
    if not np.isfinite(value):
        return "its impact ratio cannot be compared"
    if value <= 1:
        return "its impact ratio is no higher"
    if not q_value[i] < SIGNIFICANT:
        return f"its impact ratio is {value:.2f} times the present one, which may be chance (q = {q_value[i]:.2f})"
    return ""


def described(
    found: Judged, ways: Sequence[int], named: Sequence[Mapping[str, Any]], names: Sequence[dict[str, str]], costs: Floats | None
) -> list[dict[str, Any]]:
    """Some ways for tables: what each is, whether it is kept, and its figures; `names` are the groups."""
    paired = found.paired
    every = Ways(confusion=paired.other, same=paired.same, allowed=paired.allowed, costs=costs, names=names)
    before = listed(paired.impacts[0].smallest)
    pairs = {name: listed(getattr(found, name)) for name in ("loss", "balanced_loss", "cost_increase", "gain")}
    n, p_value = paired.other.n.sum(axis=0), exact(found.p_value)
    return [
        {
            "threshold": None, "dropped": [], **given, "kept": not found.why[way], "why": found.why[way], "n": round(float(n[way])),
            **{name: at(values, way) for name, values in pairs.items()}, "baseline_impact_ratio": at(before, way), "p_value": p_value[way],
            **figures,
        }
        for way, given, figures in zip(ways, named, every.points(ways), strict=True)
    ]  # fmt: skip
