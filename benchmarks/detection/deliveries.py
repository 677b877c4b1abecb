"""What ingest would remember of a simulated log's deliveries: a batch of predictions and one of outcomes a day, and when rows came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.ledger import Arrivals, Batch
from benchmarks.detection.world import CATEGORICAL, NUMERIC, Log, arrivals

KINDS = {"id": "number", "time": "time", "version": "text", "sex": "text", "score": "number", "decision": "number", "latency_ms": "number"}
GRACE = np.timedelta64(5, "m")


def deliveries(log: Log, kept: NDArray[np.bool_], refused: Mapping[str, NDArray[np.bool_]]) -> tuple[tuple[Batch, ...], Arrivals]:
    """Batches in the order of their arrival, and the arrivals of accepted predictions by batch and hour.

    `kept` are the rows that ingest accepts, `refused` the rows that it turns away because of a column.
    """
    moments, batch = np.unique(log["arrived"], return_inverse=True)
    batches, found = [], []
    for number, moment in enumerate(moments.tolist()):
        rows = np.flatnonzero(batch == number)
        some = rows[kept[rows]]
        time = log["time"][some]
        kinds = {**KINDS, **dict.fromkeys(CATEGORICAL, "text"), **{name: _kind(log[name][rows]) for name in NUMERIC}}
        turned = {name: int(mask[rows].sum()) for name, mask in refused.items() if mask[rows].any()}
        quarantined = int(np.any([mask[rows] for mask in refused.values()], axis=0).sum()) if refused else 0
        batches.append(
            Batch(
                number=2 * number + 1, source="log", kind="predictions", received=len(rows),
                accepted=len(some), duplicate=len(rows) - len(some) - quarantined, quarantined=quarantined, committed=moment,
                first=time.min().item() if len(some) else None,
                last=time.max().item() if len(some) else None, columns=kinds, refused=turned,
            )
        )  # fmt: skip
        if len(some):
            found.append(_hours(2 * number + 1, log["id"][some], time, np.datetime64(moment, "us")))
    for number, (moment, n, first, last) in enumerate(_outcomes(log, kept)):
        of_outcomes = Batch(
            number=2 * number + 2, source="outcomes", kind="outcomes", received=n, accepted=n, committed=moment, first=first, last=last
        )
        batches.append(of_outcomes)
    names = ("batch", "hour", "rows", "times", "future", "waited")
    columns = {name: np.concatenate([part[name] for part in found]) for name in (*names, "first", "last")}
    keys = [tuple(str(key) for key in columns[side].tolist()) for side in ("first", "last")]
    batches.sort(key=lambda each: (each.committed is not None, each.committed, each.number))
    return tuple(batches), Arrivals(**{name: columns[name] for name in names}, first_key=keys[0], last_key=keys[1])


def _kind(values: NDArray[Any]) -> str:
    return "text" if values.dtype.kind == "O" and any(isinstance(value, str) for value in values.tolist()) else "number"


def _hours(number: int, ids: NDArray[Any], time: NDArray[Any], moment: np.datetime64) -> dict[str, NDArray[Any]]:
    """One batch's accepted rows by hour of their time."""
    hour = time.astype("datetime64[h]").astype(np.int64)
    hours, place, rows = np.unique(hour, return_inverse=True, return_counts=True)
    distinct = np.unique(np.stack([place, time.astype(np.int64)]), axis=1)[0]
    size = len(hours)
    least, most = np.full(size, ids.max()), np.full(size, ids.min())
    np.minimum.at(least, place, ids)
    np.maximum.at(most, place, ids)
    waited = (moment - time).astype("timedelta64[us]").astype(np.float64) / 1e6
    return {
        "batch": np.full(size, number), "hour": hours, "rows": rows.astype(np.float64),
        "times": np.bincount(distinct, minlength=size).astype(np.float64),
        "future": np.bincount(place, weights=time > moment + GRACE, minlength=size),
        "waited": np.bincount(place, weights=waited, minlength=size), "first": least, "last": most,
    }  # fmt: skip


def _outcomes(log: Log, kept: NDArray[np.bool_]) -> list[tuple[Any, int, Any, Any]]:
    """Of each day: when the outcomes that became known in it arrive, how many they are, the first and the last time."""
    known = kept & ~np.isnan(log["outcome"].astype(np.float64)) & ~np.isnat(log["outcome_time"])
    time = np.sort(log["outcome_time"][known])
    moments, first, n = np.unique(arrivals(time), return_index=True, return_counts=True)
    found = zip(moments.tolist(), n.tolist(), first.tolist(), strict=True)
    return [(moment, count, time[at].item(), time[at + count - 1].item()) for moment, count, at in found]
