"""A budget of rows of one period, with how long each outcome took: what a change is taken apart on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import NumericBins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.rows import drawn, features
from audits.window import DAY, EPOCH
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.warehouse import Warehouse

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of one period in the order of the digests of their keys.

    Parameters
    ----------
    numeric, categorical
        Features, groups and segments by name: floats with NaN, texts with None.
    decision, outcome
        1 favorable, 0 not, NaN unknown; in a regression the number itself, and no decision. Of several classes the codes of `classes`.
    score
        NaN where there is none.
    time
        Days since 1970; NaN without a clock.
    lag
        Days from prediction to outcome; NaN where unknown.
    unit, fold
        Which rows are of one unit, the row itself where the log names none; and a number that rows of one unit share in every period.
    available
        Rows of the period.
    """

    numeric: Mapping[str, Floats]
    categorical: Mapping[str, NDArray[np.object_]]
    decision: Floats
    outcome: Floats
    score: Floats
    time: Floats
    lag: Floats
    unit: Integers
    fold: Integers
    available: int

    def __len__(self) -> int:
        return len(self.decision)

    def where(self, kept: Flags) -> Rows:
        """Some of the rows."""
        parts: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                parts[field.name] = {name: x[kept] for name, x in value.items()}
            else:
                parts[field.name] = value[kept] if isinstance(value, np.ndarray) else value
        return Rows(**parts)


def read(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, partitions: Sequence[Partition], *, rows: int) -> Rows:
    """At most `rows` rows of these partitions, those with the smallest digests: the same log gives the same rows."""
    available = sum(p.rows for p in partitions)
    names = features(evidence.bins, model)
    table = drawn(warehouse, model, evidence, partitions, names, rows=rows, available=available, times=True)
    return _arranged(table, model, evidence, names, available)


def _arranged(table: Any, model: ModelConfig, evidence: Evidence, names: Sequence[str], available: int) -> Rows:
    size = table.num_rows

    def floats(name: str) -> Floats:
        if name not in table.column_names:
            return np.full(size, np.nan)
        return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def texts(name: str) -> NDArray[np.object_]:
        return np.asarray([*table.column(name).to_pylist(), None], dtype=object)[:-1]

    def days(name: str) -> Floats:
        if name not in table.column_names:
            return np.full(size, np.nan)
        moments = table.column(name).to_pylist()
        return np.asarray([np.nan if at is None else (at.replace(tzinfo=None) - EPOCH).total_seconds() / DAY for at in moments])

    numeric, categorical = {}, {}
    for index, name in enumerate(names):
        if isinstance(evidence.bins.by_name[name], NumericBins):
            numeric[name] = np.where(np.isfinite(x := floats(f"x{index}")), x, np.nan)
        else:
            categorical[name] = texts(f"x{index}")
    for name in table.column_names:
        if name.startswith("level:") and name.removeprefix("level:") not in names:
            categorical[name.removeprefix("level:")] = texts(name)
    codes = _codes(table, texts, floats, model, evidence)
    time = days("time")
    digests = np.asarray(table.column("digest").to_pylist(), dtype=str)
    return Rows(
        numeric=numeric, categorical=categorical, decision=codes[0], outcome=codes[1], score=floats("score"), time=time,
        lag=days("outcome_time") - time, unit=np.unique(digests, return_inverse=True)[1].astype(np.int64),
        fold=np.asarray([int(text[8:12], 16) for text in digests.tolist()], dtype=np.int64), available=available,
    )  # fmt: skip


def _codes(table: Any, texts: Any, floats: Any, model: ModelConfig, evidence: Evidence) -> tuple[Floats, Floats]:
    """Decisions and outcomes as numbers; of several classes as their places, other ones last."""
    if model.task != "multiclass":
        return floats("decision"), floats("outcome")
    order = {name: float(code) for code, name in enumerate(evidence.classes)}
    found = []
    for name in ("decision", "outcome"):
        column = texts(name).tolist() if name in table.column_names else [None] * table.num_rows
        found.append(np.asarray([np.nan if text is None else order.get(text, float(len(order))) for text in column], dtype=np.float64))
    return found[0], found[1]
