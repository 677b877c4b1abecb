"""Faults in the values of a feature: what arrives is not what the model was trained on, though every row is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.simulated.planting import Scene, changed, known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from connectors.simulated.planting import Log

MISSING_SHARE, NEW_SHARE = 0.4, 0.15
UNIT, NET = 1000.0, 0.72


def missing_values(log: Log, scene: Scene) -> Log:
    """Take away `MISSING_SHARE` of a numeric feature's values."""
    assert scene.numeric is not None
    lost = scene.after & (scene.rng.random(len(scene.after)) < MISSING_SHARE)
    return changed(log, scene.numeric, lost, np.full(int(lost.sum()), np.nan))


def column_gone(log: Log, scene: Scene) -> Log:
    """Take away all of a numeric feature's values."""
    assert scene.numeric is not None
    return changed(log, scene.numeric, scene.after, np.full(int(scene.after.sum()), np.nan))


def unit_change(log: Log, scene: Scene) -> Log:
    """Give a numeric feature in a thousandth of its unit."""
    return _scaled(log, scene, UNIT)


def net_for_gross(log: Log, scene: Scene) -> Log:
    """Give a numeric feature net of tax."""
    return _scaled(log, scene, NET)


def _scaled(log: Log, scene: Scene, factor: float) -> Log:
    assert scene.numeric is not None
    values = log[scene.numeric].astype(np.float64)
    return changed(log, scene.numeric, scene.after, values[scene.after] * factor)


def category_renamed(log: Log, scene: Scene) -> Log:
    """Write the most frequent category in capitals."""
    assert scene.text is not None
    values = log[scene.text].astype(object)
    level = _most_frequent(values)
    return changed(log, scene.text, scene.after & (values == level), np.asarray([str(level).upper() + "_V2"], dtype=object))


def new_category(log: Log, scene: Scene) -> Log:
    """Let `NEW_SHARE` of the rows carry a category that was never there."""
    assert scene.text is not None
    rows = scene.after & (scene.rng.random(len(scene.after)) < NEW_SHARE)
    return changed(log, scene.text, rows, np.asarray(["never seen before"], dtype=object))


def category_explosion(log: Log, scene: Scene) -> Log:
    """Write a running number behind every category, as when an identity is logged in its place."""
    assert scene.text is not None
    rows = np.flatnonzero(scene.after)
    pairs = zip(log[scene.text][rows].tolist(), rows.tolist(), strict=True)
    return changed(log, scene.text, scene.after, np.asarray([f"{value}-{number}" for value, number in pairs], dtype=object))


def frozen_column(log: Log, scene: Scene) -> Log:
    """Repeat the last value of a numeric feature from before the fault."""
    assert scene.numeric is not None
    values = log[scene.numeric].astype(np.float64)
    before = values[~scene.after & known(values)]
    last = before[-1] if len(before) else values[known(values)][0]
    return changed(log, scene.numeric, scene.after, np.full(int(scene.after.sum()), last))


def columns_swapped(log: Log, scene: Scene) -> Log:
    """Let two numeric features trade places."""
    assert scene.numeric is not None
    assert scene.second is not None
    one, other = (log[name].astype(np.float64) for name in (scene.numeric, scene.second))
    return changed(changed(log, scene.numeric, scene.after, other[scene.after]), scene.second, scene.after, one[scene.after])


def type_change(log: Log, scene: Scene) -> Log:
    """Write a numeric feature as text with its unit behind it."""
    return _as_text(log, scene, lambda value: f"{value:.2f} EUR")


def decimal_comma(log: Log, scene: Scene) -> Log:
    """Write a numeric feature as text with a comma for the point."""
    return _as_text(log, scene, lambda value: f"{value:.2f}".replace(".", ","))


def _as_text(log: Log, scene: Scene, write: Any) -> Log:
    assert scene.numeric is not None
    values = log[scene.numeric].astype(np.float64)[scene.after]
    texts = np.asarray([None if np.isnan(value) else write(value) for value in values.tolist()], dtype=object)
    return changed(log, scene.numeric, scene.after, texts)


def _most_frequent(values: NDArray[Any]) -> Any:
    levels, counts = np.unique(values[known(values)].astype(str), return_counts=True)
    return levels[np.argmax(counts)]
