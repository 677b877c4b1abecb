"""A budget of rows for the searches that need them: chosen by a digest of the key, so that the same log gives the same rows.

With several rows a unit, all rows of a chosen unit come along, and a unit is never split over the two halves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins, NumericBins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.schema import model_schema
from connectors.warehouse import Warehouse

Texts = NDArray[np.object_]
_SPAN = 16**8
_SLACK = 1.2
"""How many more rows are read than asked for, at first: digests are only about even."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Rows of the analysed period, column by column, in the order of their digests.

    Parameters
    ----------
    numeric
        Features as floats, missing ones as NaN.
    categorical
        Features as texts, missing ones as None.
    levels
        The level of each protected attribute and segment, as the tallies have it ("Unknown" and "(other)" included).
    decision, outcome
        1 favorable, 0 not, -1 unknown; in a multiclass task positions in `classes`, in a regression -1.
    score, truth
        The logged score, and the outcome of a regression; NaN where unknown.
    half
        0 or 1: what is searched on one half is tested on the other.
    unit
        Which rows are of one unit; None where the log names none.
    available
        Rows that could have been chosen.
    """

    numeric: Mapping[str, Floats]
    categorical: Mapping[str, Texts]
    levels: Mapping[str, Texts]
    decision: Integers
    outcome: Integers
    score: Floats
    truth: Floats
    half: Integers
    unit: Integers | None
    classes: tuple[str, ...]
    available: int

    def __len__(self) -> int:
        return len(self.half)

    def receipt(self, evidence: Evidence) -> dict[str, Any]:
        """What every probe says of the rows it used."""
        period = evidence.windows[0]
        return {
            "rows_used": len(self), "rows_available": self.available,
            "created": dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
            "period": {
                "start": None if period.start is None else period.start.isoformat(),
                "end": None if period.end is None else period.end.isoformat(),
                "first_row": period.first_row, "last_row": period.last_row,
            },
        }  # fmt: skip


def sampled(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int, labelled: bool = True) -> Sampled:
    """At most `rows` rows of the analysed period, those with the smallest digests; `labelled` takes only rows with a known outcome."""
    available = evidence.coverage.labelled if labelled else evidence.coverage.analysed
    names = features(evidence.bins, model)
    table = drawn(warehouse, model, evidence, evidence.tally.partitions, names, rows=rows, available=available, labelled=labelled)
    digest = np.asarray(table.column("digest").to_pylist(), dtype=object)
    return _arranged(table, model, evidence, names, digest, max(available, len(digest)))


def drawn(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, partitions: Sequence[Partition], names: Sequence[str], *, rows: int,
    available: int, labelled: bool = False, times: bool = False,
) -> Any:  # fmt: skip
    """A table of at most `rows` of the available rows of these partitions, in the order of their digests; units stay whole."""
    reach = min(rows * _SLACK / max(available, 1), 1.0)
    while True:
        asked = _expression(warehouse, model, evidence, partitions, names, labelled=labelled, times=times, reach=reach)
        table = warehouse.engine.execute(asked)
        if table.num_rows >= min(rows, available) or reach >= 1:
            break
        reach = min(reach * 4, 1.0)
    table = table.sort_by([("digest", "ascending"), ("key", "ascending")])
    if model.columns.unit is None:
        return table.slice(0, rows)
    return table.slice(0, _whole_units(np.asarray(table.column("digest").to_pylist(), dtype=object), rows))


def features(bins: Bins, model: ModelConfig) -> tuple[str, ...]:
    """The binned columns that are neither the score nor the latency nor anything computed from them."""
    taken = {*model.columns.named().values(), *bins.class_scores}
    return tuple(c.name for c in bins.columns if c.name not in taken and not c.name.startswith("candor:"))


def _whole_units(digest: Texts, rows: int) -> int:
    """The largest number of rows up to `rows` that ends between two units; the first unit whole where it alone is larger."""
    ends = np.flatnonzero(np.append(digest[1:] != digest[:-1], True)) + 1
    fitting = ends[ends <= rows]
    return int(fitting[-1] if len(fitting) else ends[0] if len(digest) else 0)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The lines of a log whose digests are small enough, as expressions: one line a row."""

    log: Any
    rows: Any
    digest: Any
    levels: Mapping[str, Any]


def reached(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, partitions: Sequence[Partition], *, reach: float = 1.0,
    id: str | None = None,
) -> Reached:  # fmt: skip
    """The rows of these partitions, or those of them under an id, whose digests lie in the first `reach` of all, and their levels.

    The digest is of the unit where the log names one, so that all rows of a unit are reached together.
    """
    from audits.scan import KEY, PARTITION, Log, groupings, label, level

    engine, schema = warehouse.engine, model_schema(model.name)
    log = Log(predictions=engine.table(schema, "predictions"), outcomes=engine.table(schema, "outcomes"), model=model)
    rows = log.predictions.filter(log.predictions[PARTITION].isin([p.number for p in partitions]))
    if id is not None:
        rows = rows.filter(label(rows[KEY]) == id)
    unit = model.columns.unit if log.has(model.columns.unit) else None
    digest = label(rows[unit or KEY]).hexdigest("md5")
    if reach < 1:
        rows = rows.mutate(**{"candor:digest": digest}).filter(lambda t: t["candor:digest"] < f"{int(reach * _SPAN):08x}")
        digest = rows["candor:digest"]
    scoped = Log(predictions=rows, outcomes=None, model=model)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in evidence.bins.attributes}
    levels = {each.column: level(scoped, each, vocabularies.get(each.column)) for each in groupings(log)}
    return Reached(log=log, rows=rows, digest=digest, levels=levels)


def joined(left: Any, right: Any, key: str, outcome_key: str, *, how: str) -> Any:
    """Predictions with their outcomes; ids of two types meet as texts."""
    if left[key].type() != right[outcome_key].type():
        left = left.mutate(**{key: left[key].cast("string")})
        right = right.mutate(**{outcome_key: right[outcome_key].cast("string")})
    return left.join(right, left[key] == right[outcome_key], how=how).drop(outcome_key)


def _expression(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, partitions: Sequence[Partition], names: Sequence[str], *, labelled: bool,
    times: bool, reach: float,
) -> Any:  # fmt: skip
    """One line a row: features, levels, decision, score, outcome, where asked for the times of both, and the digest it is chosen by."""
    from audits.scan import KEY, TIME, equals, label

    found = reached(warehouse, model, evidence, partitions, reach=reach)
    log, rows = found.log, found.rows
    picked: dict[str, Any] = {"key": rows[KEY], "digest": found.digest}
    for index, name in enumerate(names):
        numeric = isinstance(evidence.bins.by_name[name], NumericBins)
        picked[f"x{index}"] = rows[name].cast("float64") if numeric else label(rows[name])
    picked |= {f"level:{name}": one for name, one in found.levels.items()}
    if times and log.has(TIME):
        picked["time"] = rows[TIME].cast("timestamp")
    if log.has(model.columns.score):
        picked["score"] = rows[model.columns.score].cast("float64")

    def coded(column: Any) -> Any:
        return label(column) if model.task == "multiclass" or model.favorable is None else equals(column, model.favorable).cast("int8")

    if log.has(model.columns.decision) and model.task != "regression":
        picked["decision"] = coded(rows[model.columns.decision])
    left = rows.select(**picked)
    known = log.outcomes
    if known is None or (model.columns.outcome is None and not labelled):
        return left
    truth = known["outcome"].cast("float64") if model.task == "regression" else coded(known["outcome"])
    told = {"outcome_key": known[KEY], "outcome": truth}
    if times and model.columns.outcome_time is not None and "outcome_time" in known.columns:
        told["outcome_time"] = known["outcome_time"].cast("timestamp")
    return joined(left, known.select(**told), "key", "outcome_key", how="inner" if labelled else "left")


def _arranged(table: Any, model: ModelConfig, evidence: Evidence, names: Sequence[str], digest: Texts, available: int) -> Sampled:
    size = table.num_rows

    def floats(name: str) -> Floats:
        if name not in table.column_names:
            return np.full(size, np.nan)
        return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def texts(name: str) -> Texts:
        column = table.column(name).to_pylist() if name in table.column_names else [None] * size
        return np.asarray([*column, None], dtype=object)[:-1]

    numeric, categorical = {}, {}
    for index, name in enumerate(names):
        if isinstance(evidence.bins.by_name[name], NumericBins):
            numeric[name] = floats(f"x{index}")
        else:
            categorical[name] = texts(f"x{index}")
    held = [name.removeprefix("level:") for name in table.column_names if name.startswith("level:")]
    classes, codes = _codes(texts, floats, model)
    units = np.unique(digest.astype(str), return_inverse=True)[1].astype(np.int64) if model.columns.unit is not None else None
    return Sampled(
        numeric=numeric, categorical=categorical, levels={name: texts(f"level:{name}") for name in held},
        decision=codes[0], outcome=codes[1], score=floats("score"),
        truth=floats("outcome") if model.task == "regression" else np.full(size, np.nan),
        half=np.asarray([int(text[8], 16) % 2 for text in digest.tolist()], dtype=np.int64), unit=units, classes=classes,
        available=available,
    )  # fmt: skip


def _codes(texts: Any, floats: Any, model: ModelConfig) -> tuple[tuple[str, ...], tuple[Integers, Integers]]:
    """Decisions and outcomes as codes, and the classes that codes stand for."""
    if model.task == "multiclass":
        both = [texts(name) for name in ("decision", "outcome")]
        classes = tuple(sorted({text for column in both for text in column if text is not None}))
        order = {name: code for code, name in enumerate(classes)}
        found = [np.asarray([order.get(text, -1) for text in column], dtype=np.int64) for column in both]
        return classes, (found[0], found[1])
    flags = [np.nan_to_num(floats(name), nan=-1.0).astype(np.int64) for name in ("decision", "outcome")]
    if model.task == "regression":
        flags = [np.full(len(one), -1, dtype=np.int64) for one in flags]
    return (), (flags[0], flags[1])
