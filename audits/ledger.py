"""The ledger as audits know it: what each batch brought and when, what the gateway served, which requests failed, and what leaks.

Everything here is read or counted when evidence is gathered. A log that was taken in before any of this was remembered has a ledger without
entries, and measures then say so.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from connectors.actions import Event
from connectors.config import ModelConfig
from connectors.config_values import moment
from connectors.partitions import Partition
from connectors.schema import columns_of, model_schema, quote

if TYPE_CHECKING:
    from audits.bins import Bins
    from audits.probes.leakage import Leak
    from connectors.warehouse import Warehouse

NO_CLOCK = np.iinfo(np.int64).min
"""The hour of rows without a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one batch brought.

    Parameters
    ----------
    kind
        "predictions", "outcomes", "both" or "reference".
    first, last
        The earliest and latest time of its rows, of outcomes when they became known; None without a clock.
    columns
        Column -> "number", "text", "time" or "boolean"; None where nothing was remembered. With `more`, it may have had columns besides.
    mixed
        Text column -> values, and how many of them are numbers; columns without any are left out.
    refused
        Column -> rows that were quarantined because of it.
    """

    number: int
    source: str
    kind: str
    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    committed: dt.datetime | None = None
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    columns: Mapping[str, str] | None = None
    more: bool = False
    mixed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Accepted predictions by batch and hour of their time: parallel arrays.

    Parameters
    ----------
    batch, hour
        The batch's number; hours since 1970 (UTC), `NO_CLOCK` without a clock.
    rows, times, future
        Rows, distinct times among them, and rows dated in the future when they came.
    waited
        Seconds from their time to their arrival, added up.
    first_key, last_key
        The least and the greatest identity among them; None for a log without identities.
    """

    batch: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    hour: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: Floats = field(default_factory=lambda: np.zeros(0))
    times: Floats = field(default_factory=lambda: np.zeros(0))
    future: Floats = field(default_factory=lambda: np.zeros(0))
    waited: Floats = field(default_factory=lambda: np.zeros(0))
    first_key: tuple[str | None, ...] = ()
    last_key: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """How many predictions the gateway served: `count` from `time` on, up to the next time. `reason` says why there is nothing."""

    time: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, dtype="datetime64[us]"))
    count: Floats = field(default_factory=lambda: np.zeros(0))
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is known of a log beside its tallies.

    Parameters
    ----------
    sources
        The sources that the configuration names, and whether each brings outcomes alone.
    errors
        Partition number -> requests that failed; empty where no column says so.
    leaks
        Column -> how well it alone explains the outcome.
    releases
        Events of kind "release", oldest first.
    """

    batches: tuple[Batch, ...] = ()
    arrivals: Arrivals = field(default_factory=Arrivals)
    gateway: Gateway | None = None
    sources: tuple[str, ...] = ()
    errors: Mapping[int, int] = field(default_factory=dict)
    leaks: Mapping[str, Leak] = field(default_factory=dict)
    releases: tuple[Event, ...] = ()


def ledger_of(warehouse: Warehouse, model: ModelConfig, bins: Bins, reference: Sequence[Partition]) -> Ledger:
    """The ledger of one model; `reference` are the partitions that drift is judged against."""
    from audits.probes.leakage import leaks

    return Ledger(
        batches=_batches(warehouse, model), arrivals=_arrivals(warehouse, model),
        gateway=None if model.alerts.gateway is None else read_gateway(Path(model.alerts.gateway)),
        sources=tuple(source.name for source in model.sources if source.rows != "reference"),
        errors=_errors(warehouse, model), leaks=leaks(warehouse, model, bins, reference),
    )  # fmt: skip


def _batches(warehouse: Warehouse, model: ModelConfig) -> tuple[Batch, ...]:
    run = warehouse.connection.execute
    columns: dict[int, dict[str, str]] = {}
    for number, shape in run("SELECT DISTINCT batch, columns FROM candor.shapes WHERE model = ?", [model.name]).fetchall():
        columns.setdefault(int(number), {}).update(json.loads(shape))
    mixed: dict[int, dict[str, tuple[int, int]]] = {}
    sql = 'SELECT batch, "column", sum("values"), sum(numbers) FROM candor.mixed WHERE model = ? GROUP BY ALL'
    for number, column, values, numbers in run(sql, [model.name]).fetchall():
        mixed.setdefault(int(number), {})[str(column)] = (int(values), int(numbers))
    refused: dict[int, dict[str, int]] = {}
    sql = 'SELECT batch, "column", count(*) FROM candor.quarantine WHERE model = ? AND "column" IS NOT NULL GROUP BY ALL'
    for number, column, n in run(sql, [model.name]).fetchall():
        refused.setdefault(int(number), {})[str(column)] = int(n)
    sql = "SELECT batch, min(first_time), max(last_time) FROM candor.arrivals WHERE model = ? GROUP BY batch"
    spans = {int(number): (first, last) for number, first, last in run(sql, [model.name]).fetchall()}
    sql = """SELECT batch, source, kind, received, accepted, duplicate, quarantined, committed FROM candor.ledger
    WHERE model = ? ORDER BY batch"""
    found = []
    for row in run(sql, [model.name]).fetchall():
        held = columns.get(int(row[0]))
        names = ("number", "source", "kind", "received", "accepted", "duplicate", "quarantined", "committed")
        first, last = spans.get(int(row[0]), (None, None))
        kinds = None if held is None else {name: kind for name, kind in held.items() if name}
        more = held is not None and "" in held
        brought: dict[str, Any] = dict(zip(names, row, strict=True)) | {"first": first, "last": last, "columns": kinds, "more": more}
        found.append(Batch(**brought, mixed=mixed.get(int(row[0]), {}), refused=refused.get(int(row[0]), {})))
    return tuple(found)


def _arrivals(warehouse: Warehouse, model: ModelConfig) -> Arrivals:
    sql = """SELECT batch, hour, rows, times, future, waited, first_key, last_key FROM candor.arrivals
    WHERE model = ? AND times IS NOT NULL ORDER BY hour, batch, first_time"""
    rows = warehouse.connection.execute(sql, [model.name]).fetchall()
    numbers = [np.asarray([NO_CLOCK if row[i] is None else row[i] for row in rows], dtype=np.int64) for i in (0, 1)]
    sums = [np.asarray([np.nan if row[i] is None else float(row[i]) for row in rows]) for i in (2, 3, 4, 5)]
    keys = [tuple(row[i] for row in rows) for i in (6, 7)]
    return Arrivals(
        batch=numbers[0], hour=numbers[1], rows=sums[0], times=sums[1], future=sums[2], waited=sums[3], first_key=keys[0], last_key=keys[1]
    )


def _errors(warehouse: Warehouse, model: ModelConfig) -> dict[int, int]:
    """Failed requests by partition: true, 1, a status of 400 or more, a code other than 0, or a text that does not say that all is well."""
    column = model.columns.error
    kind = columns_of(warehouse.connection, model.name, "predictions").get(column) if column is not None else None
    if column is None or kind is None:
        return {}
    name = quote(column)
    tests = {
        "BOOLEAN": name, "VARCHAR": f"lower(trim({name})) NOT IN ('', '0', '200', 'false', 'no', 'none', 'null', 'ok', 'success')",
        "BIGINT": f"{name} <> 0 AND {name} NOT BETWEEN 100 AND 399", "DOUBLE": f"{name} <> 0 AND {name} NOT BETWEEN 100 AND 399",
    }  # fmt: skip
    if kind not in tests:
        return {}
    sql = f'SELECT "candor:partition", count(*) FILTER ({tests[kind]}) FROM {quote(model_schema(model.name))}.predictions GROUP BY 1'
    return {int(partition): int(n) for partition, n in warehouse.connection.execute(sql).fetchall()}


def read_gateway(path: Path) -> Gateway:
    """The counts of a gateway: a CSV file with columns `time` and `count`, in any order; a file that cannot be read gives a reason."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        pairs = [(moment(row["time"]), float(row["count"])) for row in rows]
    except OSError as error:
        return Gateway(reason=f"the gateway's counts ({path.name}) cannot be read: {error.strerror or 'no such file'}")
    except (KeyError, TypeError, ValueError, UnicodeDecodeError, csv.Error):
        return Gateway(reason=f"the gateway's counts ({path.name}) need the columns time and count, with a date and a number in each row")
    pairs.sort(key=lambda pair: str(pair[0]))
    times = [at.replace(tzinfo=None) for at, _ in pairs if isinstance(at, dt.datetime)]
    return Gateway(time=np.asarray(times, dtype="datetime64[us]"), count=np.asarray([n for _, n in pairs], dtype=np.float64))
