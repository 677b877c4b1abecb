"""Rows as the model met them: inputs as logged, with the partition, window and groups that each row counts for.

Chosen by a digest of the key, so that the same log gives the same rows and every window gives the same share of its own. Where the log
names a unit, each unit gives one row a window: what is averaged are then units, and rows are independent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.rows import features, joined, reached
from audits.window import DAY, EPOCH
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

Texts = NDArray[np.object_]
Side = Literal["analysed", "reference"]
_SLACK = 1.2
"""How many more rows are read than asked for, at first: digests are only about even."""


@dataclass(frozen=True, kw_only=True)
class ModelRows:
    """Rows of one side of the evidence, in the order of their digests.

    Parameters
    ----------
    table
        Features, protected and segment columns and those asked for besides, as logged: types kept, missing ones null.
    names
        The features among them, in the order of the configuration, else of the log.
    key
        The identity of each prediction, as text.
    partition
        Positions in `tally.partitions`, or in those of the reference's tally.
    window, version
        Positions in `Evidence.windows` and `Evidence.versions`; 0 in the reference, and where there is one version.
    levels
        The level of each protected attribute and segment, as the tallies have it ("Unknown" and "(other)" included).
    score
        As logged; of several classes [row, class] in the order of `Evidence.classes`. NaN where unknown.
    decision, outcome
        1 favorable, 0 not, NaN unknown; codes of `Evidence.classes` where there are several, -1 for others; the number of a regression.
    time
        Days since 1970; NaN without a clock.
    unit
        Which rows are of one unit; the row itself where the log names none.
    available
        Rows that could have been chosen.
    """

    table: pa.Table
    names: tuple[str, ...]
    key: Texts
    partition: Integers
    window: Integers
    version: Integers
    levels: Mapping[str, Texts]
    score: Floats
    decision: Floats
    outcome: Floats
    time: Floats
    unit: Integers
    available: int
    side: Side

    def __len__(self) -> int:
        return len(self.key)

    def where(self, kept: NDArray[Any]) -> ModelRows:
        """Some of the rows, by flags or positions."""
        places = np.flatnonzero(kept) if kept.dtype == bool else np.asarray(kept, dtype=np.int64)
        parts: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "table":
                parts[field.name] = value.take(places)
            elif isinstance(value, Mapping):
                parts[field.name] = {name: x[places] for name, x in value.items()}
            else:
                parts[field.name] = value[places] if isinstance(value, np.ndarray) else value
        return ModelRows(**parts)

    def receipt(self) -> dict[str, Any]:
        """What every probe says of the rows that it used."""
        return {"rows_used": len(self), "rows_available": self.available}

    @cached_property
    def features(self) -> pa.Table:
        """The features alone."""
        return self.table.select(list(self.names))


def read_rows(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int, side: Side = "analysed", version: str | None = None,
    extra: Sequence[str] = (),
) -> ModelRows:  # fmt: skip
    """At most `rows` rows of a side, those with the smallest digests.

    Parameters
    ----------
    version
        Only rows of this version of the model.
    extra
        Further columns of the log to bring along; one that the log lacks is left out.
    """
    tally = evidence.tally if side == "analysed" else evidence.reference_tally
    partitions = [p for p in tally.partitions if version is None or p.version == version]
    available = sum(p.rows for p in partitions)
    reach = min(rows * _SLACK / max(available, 1), 1.0)
    while True:
        table = warehouse.engine.execute(_expression(warehouse, model, evidence, partitions, extra=extra, reach=reach))
        found = _arranged(table.sort_by([("candor:digest", "ascending"), ("candor:key", "ascending")]), model, evidence, available, side)
        if model.columns.unit is not None:
            found = found.where(_one_a_window(found))
        if len(found) >= min(rows, available) or reach >= 1:
            break
        reach = min(reach * 4, 1.0)
    return found if len(found) <= rows else found.where(np.arange(rows))


def one_row(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, id: str, *, extra: Sequence[str] = ()) -> ModelRows:
    """All rows logged under an id, analysed ones first, else those of the reference; none where nobody has it."""
    sides: tuple[Side, ...] = ("analysed", "reference")
    for side in sides:
        partitions = (evidence.tally if side == "analysed" else evidence.reference_tally).partitions
        table = warehouse.engine.execute(_expression(warehouse, model, evidence, partitions, extra=extra, id=id))
        if table.num_rows or side == "reference":
            break
    return _arranged(table, model, evidence, sum(p.rows for p in partitions), side)


def _one_a_window(rows: ModelRows) -> Integers:
    """Positions of one row a unit and window, picked by a digest of its key: the first by time would be another population."""
    digest = np.asarray([hashlib.md5(str(key).encode(), usedforsecurity=False).hexdigest() for key in rows.key.tolist()])
    order = np.lexsort([digest, rows.window, rows.unit])
    pair = np.stack([rows.unit[order], rows.window[order]], axis=1)
    first = np.append(True, (pair[1:] != pair[:-1]).any(axis=1)) if len(pair) else np.zeros(0, dtype=bool)
    return np.sort(order[first])


def _expression(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, partitions: Sequence[Partition], *, extra: Sequence[str],
    reach: float = 1.0, id: str | None = None,
) -> Any:  # fmt: skip
    """One line a row. Names of our own begin with "candor:", which no log's may."""
    from audits.scan import KEY, PARTITION, TIME, equals, label

    found = reached(warehouse, model, evidence, partitions, reach=reach, id=id)
    log, rows = found.log, found.rows
    wanted = [*features(evidence.bins, model), *found.levels, *extra]
    picked: dict[str, Any] = {name: rows[name] for name in dict.fromkeys(wanted) if log.has(name)}
    picked |= {"candor:key": rows[KEY], "candor:digest": found.digest, "candor:partition": rows[PARTITION]}
    picked |= {f"candor:level:{name}": one for name, one in found.levels.items()}
    if log.has(TIME):
        picked["candor:time"] = rows[TIME].cast("timestamp")
    scores = evidence.bins.class_scores if model.task == "multiclass" else (model.columns.score,)
    for place, name in enumerate(scores):
        if name and log.has(name):
            picked[f"candor:score:{place}"] = rows[name].cast("float64")

    def coded(column: Any) -> Any:
        if model.task == "regression":
            return column.cast("float64")
        return label(column) if model.task == "multiclass" or model.favorable is None else equals(column, model.favorable).cast("float64")

    if log.has(model.columns.decision) and model.task != "regression":
        picked["candor:decision"] = coded(rows[model.columns.decision])
    left, known = rows.select(**picked), log.outcomes
    if known is None or model.columns.outcome is None:
        return left
    right = known.select(**{"candor:outcome_key": known[KEY], "candor:outcome": coded(known["outcome"])})
    return joined(left, right, "candor:key", "candor:outcome_key", how="left")


def _arranged(table: Any, model: ModelConfig, evidence: Evidence, available: int, side: Side) -> ModelRows:
    size, held = table.num_rows, table.column_names

    def floats(name: str) -> Floats:
        if name not in held:
            return np.full(size, np.nan)
        return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def texts(name: str) -> Texts:
        return np.asarray([*table.column(name).to_pylist(), None], dtype=object)[:-1]

    def codes(name: str) -> Floats:
        if model.task != "multiclass" or name not in held:
            return floats(name)
        order = {label: float(code) for code, label in enumerate(evidence.classes)}
        return np.asarray([np.nan if text is None else order.get(text, -1.0) for text in texts(name).tolist()], dtype=np.float64)

    classes = len(evidence.bins.class_scores) if model.task == "multiclass" else 1
    scores = np.stack([floats(f"candor:score:{place}") for place in range(max(classes, 1))], axis=1)
    partitions = (evidence.tally if side == "analysed" else evidence.reference_tally).partitions
    place_of = {p.number: place for place, p in enumerate(partitions)}
    partition = np.asarray([place_of[number] for number in table.column("candor:partition").to_pylist()], dtype=np.int64)
    window, version = places_of(evidence, side)
    digest = np.asarray(table.column("candor:digest").to_pylist(), dtype=str)
    wanted = dict.fromkeys([*(model.features or ()), *features(evidence.bins, model)])
    moments = table.column("candor:time").to_pylist() if "candor:time" in held else [None] * size
    return ModelRows(
        table=table.select([name for name in held if not name.startswith("candor:")]), names=tuple(name for name in wanted if name in held),
        key=np.asarray([*map(str, table.column("candor:key").to_pylist()), None], dtype=object)[:-1],
        partition=partition, window=window[partition], version=version[partition],
        levels={name.removeprefix("candor:level:"): texts(name) for name in held if name.startswith("candor:level:")},
        score=scores if model.task == "multiclass" else scores[:, 0], decision=codes("candor:decision"), outcome=codes("candor:outcome"),
        time=np.asarray([np.nan if at is None else _days(at) for at in moments], dtype=np.float64),
        unit=np.unique(digest, return_inverse=True)[1].astype(np.int64) if size else np.zeros(0, dtype=np.int64),
        available=available, side=side,
    )  # fmt: skip


def _days(at: dt.datetime) -> float:
    return (at.replace(tzinfo=None) - EPOCH).total_seconds() / DAY


def places_of(evidence: Evidence, side: Side) -> tuple[Integers, Integers]:
    """For each partition of a side, the positions of its window and its version."""
    if side == "analysed":
        return evidence.window_of, evidence.version_of
    none = np.zeros(len(evidence.reference_tally.partitions), dtype=np.int64)
    return none, none
