"""Faults in which rows arrive and when: lost, repeated, stale, sampled, or dated wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.simulated.planting import Scene, changed, kept, known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from connectors.simulated.planting import Log

KEPT_SHARE = 0.3
AHEAD = np.timedelta64(6, "h")
DAY = np.timedelta64(1, "D")


def rows_dropped(log: Log, scene: Scene) -> Log:
    """Lose the rows that the next step cannot read: here, the larger half of a numeric feature, written with a thousands separator."""
    assert scene.numeric is not None
    values = log[scene.numeric].astype(np.float64)
    middle = np.nanmedian(values)
    with np.errstate(invalid="ignore"):
        return kept(log, ~(scene.after & (values > middle)))


def sampled(log: Log, scene: Scene) -> Log:
    """Keep `KEPT_SHARE` of the rows, at random."""
    return kept(log, ~scene.after | (scene.rng.random(len(scene.after)) < KEPT_SHARE))


def source_gone(log: Log, scene: Scene) -> Log:
    """Lose every row."""
    return kept(log, ~scene.after)


def delivered_twice(log: Log, scene: Scene) -> Log:
    """Deliver every row again, as it was."""
    return kept(log, np.concatenate([np.arange(len(scene.after)), np.flatnonzero(scene.after)]))


def stale_day(log: Log, scene: Scene) -> Log:
    """Give every day the features, scores and decisions of the day before the fault, under identities of its own."""
    roles = scene.roles
    time = log[roles.time or ""].astype("datetime64[us]")
    held = np.flatnonzero((time >= scene.since - DAY) & ~scene.after)
    if not len(held):
        return log
    fresh = {roles.id, roles.time, roles.version, roles.outcome, roles.outcome_time}
    days = time.astype("datetime64[D]")
    first = scene.since.astype("datetime64[D]")
    parts = [kept(log, ~scene.after)]
    for day in np.unique(days[scene.after]).tolist():
        rows = np.flatnonzero(scene.after & (days == np.datetime64(day)))
        own = np.resize(rows, len(held))
        part = {name: values[own if name in fresh else held] for name, values in log.items()}
        part[roles.time or ""] = (time[held] + ((np.datetime64(day) - first).astype(int) + 1) * DAY).astype(log[roles.time or ""].dtype)
        if roles.id in log:
            part[roles.id or ""] = _unlike(part[roles.id or ""], log[roles.id or ""], len(rows), day)
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in log}


def _unlike(ids: NDArray[Any], every: NDArray[Any], own: int, day: object) -> NDArray[Any]:
    """Identities of which the first `own` are kept, and the rest, which would repeat them, are new."""
    if len(ids) <= own:
        return ids
    extra = len(ids) - own
    if ids.dtype.kind in "iu":
        start = int(every.max()) + 1 + 10_000_000 * (np.datetime64(str(day)).astype(int) % 1_000)
        return np.concatenate([ids[:own], np.arange(start, start + extra, dtype=ids.dtype)])
    made = np.asarray([f"stale-{day}-{number}" for number in range(extra)], dtype=object)
    return np.concatenate([ids[:own].astype(object), made])


def clock_skew(log: Log, scene: Scene) -> Log:
    """Date every row `AHEAD` of when it was made."""
    name = scene.roles.time or ""
    time = log[name].astype("datetime64[us]")
    return {**log, name: np.where(scene.after, time + AHEAD, time).astype(log[name].dtype)}


def one_time_stamp(log: Log, scene: Scene) -> Log:
    """Date every row of an hour by the hour."""
    name = scene.roles.time or ""
    time = log[name].astype("datetime64[us]")
    return {**log, name: np.where(scene.after, time.astype("datetime64[h]").astype("datetime64[us]"), time).astype(log[name].dtype)}


def labels_late(log: Log, scene: Scene) -> Log:
    """Let every outcome become known two weeks later than it would have."""
    name = scene.roles.outcome_time or ""
    time = log[name].astype("datetime64[us]")
    return {**log, name: np.where(scene.after, time + 14 * DAY, time).astype(log[name].dtype)}


def negative_labels_stop(log: Log, scene: Scene) -> Log:
    """Never learn of an outcome that is not favorable; where none is called favorable, of the rarest."""
    roles = scene.roles
    outcome = log[roles.outcome or ""]
    rows = scene.after & known(outcome)
    levels, counts = np.unique(outcome[known(outcome)], return_counts=True)
    good = outcome == scene.favorable
    lost = rows & (~good if good.any() else outcome == levels[np.argmin(counts)])
    empty = np.nan if outcome.dtype.kind in "iufb" else None
    found = changed(log, roles.outcome or "", lost, np.asarray([empty]))
    if roles.outcome_time in log:
        never = np.asarray([np.datetime64("NaT", "us")])
        found = changed(found, roles.outcome_time or "", lost, never.astype(log[roles.outcome_time or ""].dtype))
    return found
