"""What one prediction is held against, the same for every prediction: rows of the reference and of the analysed period, as numbers."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.bins import CategoricalBins, NumericBins
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.explanation import Value
from audits.explanation_parts import Cell
from audits.probes.cut_off import CutOff, NoCutOff, learn
from audits.probes.deciders import NO_DECISION, UNDECIDED, in_classes
from audits.probes.feasible import Space, space
from audits.probes.model_rows import ModelRows, Texts, read_rows
from audits.probes.scorer import Scorer
from audits.window import DAY, EPOCH
from connectors.config import ModelConfig
from connectors.schema import table as table_of
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 20_000
"""Rows of the analysed period, and of the reference, at most."""
ASKED = 2_000
"""Rows that a model is asked about to learn where decisions turn, where no score is logged."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Rows of both sides, each once, and what the reference usually holds.

    Parameters
    ----------
    names
        The model's inputs, or the features where there is no model to ask.
    table, x
        The inputs as logged, and encoded in `space` [row, input].
    key, version, unit
        [row] identities, versions and units as text.
    score, decision, outcome, time
        [row] as in `ModelRows`.
    reference
        [row] whether a row is of the reference.
    outcomes
        The two outcomes as they were stored, the unfavorable one first; None where no row has it, or where there are more or numbers.
    usual
        Input -> its typical value in the reference, and the 10 % and 90 % quantiles of a number.
    available
        Rows that could have been read of both sides, and of the reference.
    """

    names: tuple[str, ...]
    space: Space
    table: pa.Table
    x: Floats
    key: Texts
    version: Texts
    unit: Texts
    score: Floats
    decision: Floats
    outcome: Floats
    time: Floats
    reference: Any
    usual: dict[str, tuple[Cell, float | None, float | None]]
    outcomes: tuple[str | None, str | None]
    available: tuple[int, int]

    def __len__(self) -> int:
        return len(self.key)


def lay(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, names: Sequence[str], *, rows: int = ROWS) -> Ground:
    """Read at most `rows` rows of either side; a reference that is the first window is a part of the analysed period and read once."""
    inside = {p.number for p in evidence.reference_tally.partitions} <= {p.number for p in evidence.tally.partitions}
    unit = (model.columns.unit,) if model.columns.unit is not None else ()
    extra = (*names, *unit)
    parts = [read_rows(warehouse, model, evidence, rows=rows, side="reference", extra=extra)]
    analysed = read_rows(warehouse, model, evidence, rows=rows, extra=extra)
    versions = [_versions(evidence, parts[0]), _versions(evidence, analysed)]
    if inside:
        held = set(zip(parts[0].key.tolist(), versions[0].tolist(), strict=True))
        fresh = np.asarray([pair not in held for pair in zip(analysed.key.tolist(), versions[1].tolist(), strict=True)], dtype=bool)
        analysed, versions[1] = analysed.where(fresh), versions[1][fresh]
    parts.append(analysed)
    import pyarrow as pa

    wanted = tuple(name for name in names if name in parts[0].table.column_names)
    table = pa.concat_tables([part.table.select(list(wanted)) for part in parts]).combine_chunks()
    found = space(model, evidence, wanted, table)
    x = found.encode(table)
    size = len(parts[0])
    units = [_texts(part.table, unit[0]) if unit and unit[0] in part.table.column_names else part.key for part in parts]
    key, outcome = np.concatenate([part.key for part in parts]), np.concatenate([part.outcome for part in parts])
    return Ground(
        names=wanted, space=found, table=table, x=x, key=key, version=np.concatenate(versions),
        unit=np.concatenate(units), score=np.concatenate([part.score for part in parts]),
        decision=np.concatenate([part.decision for part in parts]), outcome=outcome,
        time=np.concatenate([part.time for part in parts]), reference=np.arange(len(x)) < size,
        usual={name: _usual(found, place, x[:size, place], table.column(name).type) for place, name in enumerate(wanted)},
        outcomes=_outcomes(warehouse, model, key, outcome),
        available=(evidence.coverage.analysed + (0 if inside else parts[0].available), parts[0].available),
    )  # fmt: skip


def _outcomes(warehouse: Warehouse, model: ModelConfig, key: Texts, outcome: Floats) -> tuple[str | None, str | None]:
    """Of two outcomes each as a row has it that holds it: what the configuration does not name, the log does."""
    if model.task != "binary":
        return None, None
    places = [np.flatnonzero(outcome == code)[:1].tolist() for code in (0.0, 1.0)]
    unfavorable, favorable = (outcome_of(warehouse, model.name, key[place[0]]) if place else None for place in places)
    return unfavorable, favorable


def outcome_of(warehouse: Warehouse, model: str, key: object) -> str | None:
    """The outcome as it was stored."""
    sql = f'SELECT CAST(outcome AS VARCHAR) FROM {table_of(model, "outcomes")} WHERE CAST("candor:key" AS VARCHAR) = ?'
    found = warehouse.connection.execute(sql, [str(key)]).fetchall()
    return None if not found or found[0][0] is None else str(found[0][0])


def _versions(evidence: Evidence, rows: ModelRows) -> Texts:
    partitions = (evidence.tally if rows.side == "analysed" else evidence.reference_tally).partitions
    return np.asarray([*(partitions[place].version for place in rows.partition.tolist()), None], dtype=object)[:-1]


def _texts(table: pa.Table, name: str) -> Texts:
    return np.asarray([*table.column(name).cast("string").to_pylist(), None], dtype=object)[:-1]


def _usual(found: Space, place: int, x: Floats, kind: Any) -> tuple[Cell, float | None, float | None]:
    """The median and two quantiles of a number, or the most frequent level; nothing where the reference holds nothing."""
    import pyarrow as pa

    known, change = x[np.isfinite(x)], found.changes[place]
    if not len(known):
        return None, None, None
    if change.levels is not None:
        text = change.levels[int(np.bincount(known.astype(np.int64)).argmax())]
        return (text == "true" if pa.types.is_boolean(kind) else text), None, None
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9), method="inverted_cdf").tolist()
    return (int(middle) if pa.types.is_integer(kind) else middle), low, high


def encoded(ground: Ground, row: pa.Table) -> tuple[Space, Floats]:
    """One row as numbers, in a space that has its levels too, even those that no other row holds."""
    changes = {change.name: change for change in ground.space.changes}
    for name, change in changes.items():
        if change.levels is not None:
            own = [text for text in row.column(name).cast("string").to_pylist() if text is not None]
            changes[name] = replace(change, levels=tuple(dict.fromkeys([*change.levels, *own])))
    wider = Space(changes=tuple(changes.values()))
    return wider, wider.encode(row)


def values_of(ground: Ground, model: ModelConfig, evidence: Evidence, row: pa.Table) -> tuple[Value, ...]:
    """What each input held, beside what the reference usually holds."""
    fixed = () if model.model is None else model.model.immutable
    found = []
    for name in ground.names:
        value, grid = cell(row.column(name)[0].as_py()), evidence.bins.by_name.get(name)
        typical, low, high = ground.usual[name]
        odd: Any = "missing" if value is None else None
        if isinstance(grid, NumericBins) and isinstance(value, (int, float)) and not grid.low <= value <= grid.high:
            odd = "outside"
        if isinstance(grid, CategoricalBins) and grid.complete and value is not None and grid.bin_of(level(value)) < 0:
            odd = "unseen"
        found.append(
            Value(
                column=name, value=value, typical=typical, low=low, high=high, odd=odd, protected=name in model.attributes,
                fixed=name in model.attributes or name in fixed,
            )
        )  # fmt: skip
    return tuple(found)


def cell(value: Any) -> Cell:
    """A logged value as JSON can hold it; NaN and infinities are missing."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def level(value: Cell) -> str:
    """A value as the tallies write levels: flags in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(days: float) -> dt.datetime | None:
    """A time as `ModelRows` has it."""
    return EPOCH + dt.timedelta(seconds=round(days * DAY, 6)) if math.isfinite(days) else None


def cut_off_of(ground: Ground, model: ModelConfig, evidence: Evidence, scorer: Scorer | None, version: str | None) -> CutOff:
    """Where the logged decisions of this version turn on the logged scores; on the model's answers where no score is logged.

    Raises
    ------
    NoCutOff
        The log does not tell.
    CandorError
        The model broke.
    """
    if model.task == "regression":
        raise NoCutOff(NO_DECISION)
    same = ground.version == version
    rows = np.flatnonzero(same if same.any() else np.ones(len(ground), dtype=bool))
    rows = rows[np.isfinite(ground.decision[rows])]
    if not len(rows):
        raise NoCutOff(UNDECIDED)
    score, decision = ground.score[rows], ground.decision[rows]
    classes = scorer.classes if scorer is not None and scorer.classes else evidence.classes
    if scorer is not None and not np.isfinite(score).any() and set(scorer.names) <= set(ground.names):
        rows = rows[:ASKED]
        score, decision = scorer.predict(ground.table.take(rows).select(list(scorer.names))), ground.decision[rows]
    elif score.ndim == 2:
        order = [evidence.classes.index(name) if name in evidence.classes else -1 for name in classes]
        score = np.column_stack([np.zeros(len(score)) if place < 0 else score[:, place] for place in order])
    if model.task != "multiclass":
        return learn(score, decision)
    if scorer is not None and not scorer.classes:  # one number a row, about one class: the decision is for it, or not
        place = evidence.classes.index(scorer.target)
        return learn(score if score.ndim == 1 else score[:, place], (decision == place).astype(np.float64))
    decision = in_classes(scorer, evidence.classes, decision) if scorer is not None else decision
    return learn(score, decision, favorable=classes.index(str(model.favorable)) if str(model.favorable) in classes else -1)
