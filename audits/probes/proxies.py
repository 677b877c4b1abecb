"""Proxies: groups counted by bins of each feature on the reference, once for each set of frozen bins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.bins import Bins, CategoricalBins, ColumnBins
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.conditions import Condition, Cut
from audits.probes.group_prediction import MOST_ROWS, predicted_groups
from audits.probes.rows import features, sampled
from audits.proxies import ProxyCounts
from audits.slices import OTHER
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.schema import create_tables, model_schema
from connectors.warehouse import Engine, Warehouse

if TYPE_CHECKING:
    from audits.scan import Log

COARSE = 20
DDL = ("CREATE TABLE IF NOT EXISTS candor.proxies (model VARCHAR, fingerprint VARCHAR, created TIMESTAMP, body VARCHAR)",)


def proxies(warehouse: Warehouse, model: ModelConfig, bins: Bins, reference: Sequence[Partition]) -> ProxyCounts | None:
    """The counts of groups by feature on the reference partitions: those kept for these bins and groups, or made now and kept.

    None without a protected attribute, a feature or a reference row.
    """
    stamp = hashlib.sha256(
        repr((bins.fingerprint, [asdict(p) for p in model.protected], model.unknown, model.features)).encode()
    ).hexdigest()
    create_tables(warehouse.connection, DDL)
    kept = warehouse.connection.execute(
        "SELECT body FROM candor.proxies WHERE model = ? AND fingerprint = ?", [model.name, stamp]
    ).fetchall()
    if kept:
        return ProxyCounts.from_json(kept[0][0])
    from audits.scan import Log

    log = Log(predictions=warehouse.engine.table(model_schema(model.name), "predictions"), outcomes=None, model=model)
    found = counted(warehouse.engine, log, bins, [p.number for p in reference])
    if found is not None:
        with warehouse.transaction():
            warehouse.connection.execute("DELETE FROM candor.proxies WHERE model = ?", [model.name])
            row = [model.name, stamp, found.to_json()]
            warehouse.connection.execute("INSERT INTO candor.proxies VALUES (?, ?, now()::TIMESTAMP, ?)", row)
    return found


def coarse(column: ColumnBins) -> Cut:
    """At most 20 bins of a frozen column, missing values apart: near-equal parts of the reference, or its most frequent levels.

    A numeric column is cut at its deciles and then at other knots of its grid, so no bin edge is new.
    """
    if isinstance(column, CategoricalBins):
        return Cut(column=column.name, edges=None, levels=column.levels[: COARSE - 2])
    if column.whole and column.size - 2 < COARSE:
        return Cut(column=column.name, edges=tuple(column.low + step for step in range(1, column.size - 2)))
    knots = [knot for knot in column.knots[1:-1] if knot not in column.deciles]
    room = max(COARSE - 2 - len(column.deciles), 0)
    more = (
        [knots[i] for i in np.unique(np.linspace(0, len(knots) - 1, min(room, len(knots))).astype(int)).tolist()] if knots and room else []
    )
    return Cut(column=column.name, edges=tuple(sorted({*column.deciles, *more})))


def bin_names(cut: Cut) -> tuple[str, ...]:
    """What each bin is called, the last "missing"; rare levels come together, and edges are rounded where they may be."""
    if cut.edges is None:
        return (*cut.levels, OTHER, "missing")
    rounded = tuple(edge if edge == round(edge) else float(f"{edge:.4g}") for edge in cut.edges)
    named = replace(cut, edges=rounded) if len(set(rounded)) == len(rounded) else cut
    return (*(named.words(Condition(cut.column, code, code)) for code in range(cut.size)), "missing")


def proxy_table(log: Log, bins: Bins, cut: Sequence[Cut], numbers: Sequence[int] | None) -> Any:
    """The rows of some partitions: levels of the protected attributes, and the coarse bin of each column as text, null where missing."""
    from audits.scan import Log, double, groupings, halving, label, level

    rows = log.within(numbers)
    scoped = Log(predictions=rows, outcomes=None, model=log.model)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    held = [one for one in groupings(log) if one.column in log.model.attributes]
    picked: dict[str, Any] = {f"level{i}": level(scoped, one, vocabularies.get(one.column)) for i, one in enumerate(held)}

    for i, one in enumerate(cut):
        column = rows[one.column]
        if one.edges is None:
            text = label(column)
            picked[f"bin{i}"] = (text.isnull() | text.isin(list(one.levels))).ifelse(text, OTHER) if one.levels else text
        else:
            codes = [double(code) for code in range(one.size)]
            picked[f"bin{i}"] = column.isnull().ifelse(double(-1.0), halving(column.cast("float64"), one.edges, codes)).cast("int16")
    return rows.select(**picked)


def counted(engine: Engine, log: Log, bins: Bins, numbers: Sequence[int]) -> ProxyCounts | None:
    """The counts of some partitions, in one scan of the groups and features; None where there is nothing to count."""
    from audits.scan import groupings
    from audits.scan.log import double, joined

    model = log.model
    attributes = [one.column for one in groupings(log) if one.column in model.attributes]
    cut = [coarse(column) for column in bins.columns if log.has(column.name) and column.name in features(bins, model)]
    if not attributes or not cut or not numbers:
        return None
    try:
        held = engine.hold(proxy_table(log, bins, cut, numbers))
        keys = [f"level{i}" for i in range(len(attributes))]
        parts = []
        for i in range(len(cut)):
            part = held.group_by(*keys, bin=held[f"bin{i}"].cast("string")).aggregate(n=held.count())
            parts.append(part.mutate(column=double(i)))
        table = engine.execute(joined(parts))
    finally:
        engine.release()
    return arranged(table, attributes, cut)


def arranged(table: Any, attributes: Sequence[str], cut: Sequence[Cut]) -> ProxyCounts:
    """The table of counts by all attributes together, column and bin, laid out for each attribute by itself."""
    n = np.asarray(table.column("n").to_numpy(), dtype=np.float64)
    column = np.asarray(table.column("column").to_numpy(), dtype=np.int64)
    names = {one.column: bin_names(one) for one in cut}
    place = np.asarray(
        [_place(cut[i], text) for i, text in zip(column.tolist(), table.column("bin").to_pylist(), strict=True)], dtype=np.int64
    )
    groups: dict[str, tuple[str, ...]] = {}
    counts: dict[tuple[str, str], Floats] = {}
    for i, attribute in enumerate(attributes):
        texts = np.asarray(table.column(f"level{i}").to_pylist(), dtype=str)
        levels, code = np.unique(texts, return_inverse=True)
        groups[attribute] = tuple(str(level) for level in levels)
        for k, one in enumerate(cut):
            rows = column == k
            shape = (len(levels), len(names[one.column]))
            flat = np.bincount(code[rows] * shape[1] + place[rows], n[rows], shape[0] * shape[1])
            counts[attribute, one.column] = np.asarray(flat.reshape(shape), dtype=np.float64)
    return ProxyCounts(groups=groups, bins=names, counts=counts)


def _place(cut: Cut, text: str | None) -> int:
    """The bin that a text of the table stands for."""
    size = len(bin_names(cut))
    if text is None or (cut.edges is not None and text == "-1"):
        return size - 1
    return int(text) if cut.edges is not None else cut.levels.index(text) if text in cut.levels else size - 2


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = MOST_ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Predict each protected attribute from all features together, out of fold, from at most `rows` rows of the analysed period.

    Returns what `Evidence.probes["proxies"]` is to hold: a receipt of the rows, and figures or a reason for each attribute.
    """
    found = sampled(warehouse, model, evidence, rows=min(rows, MOST_ROWS), labelled=False)
    progress(f"{model.name}: predicting groups from features, on {len(found):,} of {found.available:,} predictions")
    return {**found.receipt(evidence), "attributes": predicted_groups(found, [name for name in model.attributes if name in found.levels])}
