"""Values with intervals, as the tables of made-up findings hold them."""

from __future__ import annotations

from typing import Any

NOT_RUN = 'the features together need rows, not tallies: run "candor audit --what-if"'


def v(value: float, spread: float = 0.01) -> dict[str, float]:
    """A value with its interval."""
    return {"value": value, "low": value - spread, "high": value + spread}


def vs(values: list[float], spread: float = 0.01) -> dict[str, list[float]]:
    """A column of values with intervals."""
    return {"value": values, "low": [each - spread for each in values], "high": [each + spread for each in values]}


def point(**more: Any) -> dict[str, Any]:
    """A way of deciding."""
    return {
        "threshold": 0.5,
        "selection_rate": v(0.7),
        "accuracy": v(0.74),
        "balanced_accuracy": v(0.7),
        "cost": None,
        "demographic_parity_difference": v(0.12),
        "impact_ratio": v(0.84),
        "equal_opportunity_difference": v(0.1),
        "equalized_odds_difference": v(0.11),
        "groups": [],
    } | more
