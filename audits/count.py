"""From scan to store: freeze the bins, count every dirty partition, and keep the counts under new tally numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import MISSING, OTHER, UNSEEN, Bins, CategoricalBins, NumericBins
from audits.freeze import check_values, freeze, with_outcome
from audits.slices import Slice, slices_of
from audits.tally import specification
from connectors import partitions
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.partitions import Partition
from connectors.schema import model_schema
from connectors.warehouse import Engine, Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from audits.scan import Log

MOST_CELLS = 2_000_000
SHOWN_UNSEEN = 20


def tally(
    warehouse: Warehouse, model: ModelConfig, reference: Sequence[Partition], *, refreeze: bool = False, progress: Callable[[str], None]
) -> Bins:
    """Count every partition that changed since it was last counted, and return the bins in force.

    Parameters
    ----------
    reference
        The partitions that bins are frozen on, where none are frozen yet or `refreeze` asks for new ones.

    Raises
    ------
    UsageError
        The log contradicts the configuration: a favorable value never seen although two others were, or three
        decisions in a binary task.
    """
    partitions.prepare(warehouse)
    found = partitions.frozen_bins(warehouse, model.name)
    wanted = specification(model)
    everything = partitions.partitions(warehouse, model.name)
    if found is not None and not refreeze and found[1] == wanted and not any(p.prediction_dirty or p.outcome_dirty for p in everything):
        return Bins.from_json(found[0])
    from audits.late import add_late
    from audits.scan import Log

    engine = warehouse.engine
    log = Log(
        predictions=engine.table(model_schema(model.name), "predictions"),
        outcomes=engine.table(model_schema(model.name), "outcomes"),
        model=model,
    )
    check_values(engine, log)
    if found is None or refreeze:
        progress(f"{model.name}: freezing bins on {sum(p.rows for p in reference):,} reference rows")
        bins = freeze(engine, log, [p.number for p in reference])
    else:
        bins = Bins.from_json(found[0])
    late_grids = model.task == "regression" and bins.outcome_bins is None
    if late_grids and found is not None:  # its first outcomes arrived after bins were frozen
        bins = with_outcome(engine, log, bins, [p.number for p in reference])
        late_grids = bins.outcome_bins is not None
    with warehouse.transaction():
        if found is None or refreeze or found[1] != wanted or late_grids:
            partitions.freeze_bins(warehouse, model.name, body=bins.to_json(), fingerprint=bins.fingerprint, spec=wanted)
        dirty = partitions.partitions(warehouse, model.name)
        cells = partitions.cells(warehouse, model.name)
        known = len(cells)
        upto = partitions.newest_outcomes(warehouse, model.name)
        for side in partitions.TABLES:
            numbers = [p.number for p in dirty if getattr(p, f"{side}_dirty")]
            if side == "outcome" and numbers:
                numbers = add_late(warehouse, log, bins, dirty, upto, cells, progress)
            if numbers:
                progress(f"{model.name}: counting {len(numbers):,} partitions ({side} side)")
                subset = None if len(numbers) == len(dirty) else numbers
                tables = count(engine, log, bins, side, subset, cells)
                partitions.save(warehouse, model.name, side, bins.fingerprint, numbers, tables, upto=upto)
        partitions.add_cells(warehouse, model.name, dict(list(cells.items())[known:]))
    return bins


def count(
    engine: Engine, log: Log, bins: Bins, side: partitions.Side, numbers: Sequence[int] | None, cells: dict[str, int]
) -> dict[str, pa.Table]:
    """One side's tables for some partitions (all of them for None), in the stored form; new slices are added to `cells`."""
    if side == "prediction":
        return count_columns(engine, log, bins, numbers)
    return count_outcomes(engine, log, bins, numbers, cells)


def count_columns(engine: Engine, log: Log, bins: Bins, numbers: Sequence[int] | None) -> dict[str, pa.Table]:
    """The prediction side: bins and moments of every column."""
    import pyarrow as pa

    from audits.scan import categorical_table, moments_table, nonfinite_table, numeric_table

    rows: list[dict[str, Any]] = []
    lost = {(r["partition"], r["name"]): r["n"] for r in engine.execute(nonfinite_table(log, numbers)).to_pylist()}
    numeric = numeric_table(log, bins, numbers)
    if numeric is not None:
        rows += _numeric_rows(_arrays(engine.execute(numeric)), bins, lost)
    categorical = categorical_table(log, bins, numbers)
    if categorical is not None:
        rows += _categorical_rows(engine.execute(categorical).to_pylist(), bins)
    shape = pa.schema(
        [("partition", pa.int32()), ("column", pa.string()), ("n", pa.list_(pa.int64())), ("total", pa.list_(pa.float64()))]
        + [(name, pa.int64()) for name in ("missing", "not_a_number", "other", "unseen")]
        + [("unseen_levels", pa.string())]
    )
    tables = {"tally_bins": pa.Table.from_pylist(rows, schema=shape)}
    moments = moments_table(log, bins, numbers)
    if moments is not None:
        tables["tally_moments"] = _moments(engine.execute(moments).to_pylist(), bins)
    return tables


def _numeric_rows(found: Mapping[str, NDArray[Any]], bins: Bins, lost: Mapping[tuple[int, str], int]) -> list[dict[str, Any]]:
    rows = []
    parts, place = _distinct(found["partition"].astype(np.int64))
    for index, grid in enumerate(bins.columns):
        if not isinstance(grid, NumericBins):
            continue
        chosen = found["column"] == index
        part, valued = place[chosen], found["n"][chosen]
        absent = np.bincount(part, weights=found["rows"][chosen] - valued, minlength=len(parts)).astype(np.int64)
        cell = part * grid.size + found["bin"][chosen].astype(np.int64)
        n = np.bincount(cell, weights=valued, minlength=len(parts) * grid.size).astype(np.int64).reshape(len(parts), -1)
        sums = np.nan_to_num(found["total"][chosen])
        total = np.bincount(cell, weights=sums, minlength=len(parts) * grid.size).reshape(len(parts), -1)
        for position, part in enumerate(parts):
            bad = lost.get((int(part), grid.name), 0)
            rows.append(
                {"partition": part, "column": grid.name, "n": n[position], "total": total[position], "missing": absent[position] - bad,
                 "not_a_number": bad, "other": 0, "unseen": 0, "unseen_levels": None}
            )  # fmt: skip
    return rows


def _categorical_rows(found: Sequence[dict[str, Any]], bins: Bins) -> list[dict[str, Any]]:
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for item in found:
        n = int(item["n"])  # a sum of sums comes back as a decimal
        vocabulary = bins.columns[item["column"]]
        assert isinstance(vocabulary, CategoricalBins)
        row = rows.get((item["partition"], item["column"]))
        if row is None:
            row = {"partition": item["partition"], "column": vocabulary.name, "n": [0] * vocabulary.size, "total": [], "missing": 0,
                   "not_a_number": 0, "other": 0, "unseen": 0, "unseen_levels": {}}  # fmt: skip
            rows[item["partition"], item["column"]] = row
        place = item["rest"] or vocabulary.bin_of(item["level"])
        if place >= 0:
            row["n"][place] += n
        else:
            row[{MISSING: "missing", OTHER: "other", UNSEEN: "unseen"}[place]] += n
            if place == UNSEEN and item["level"] is not None:
                row["unseen_levels"][item["level"]] = n
    for row in rows.values():
        shown = sorted(row["unseen_levels"].items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_UNSEEN]
        row["unseen_levels"] = json.dumps(dict(shown), ensure_ascii=False) if shown else None
    return list(rows.values())


def _moments(found: Sequence[dict[str, Any]], bins: Bins) -> pa.Table:
    import pyarrow as pa

    rows = []
    for item in found:
        for index, grid in enumerate(bins.columns):
            n = item.get(f"n{index}")
            if grid.kind == "numeric" and n is not None:
                off = item[f"off{index}"] / n if n else 0.0
                m2 = max(item[f"square{index}"] - n * off * off, 0.0) if n else 0.0
                mean = grid.mean + off if n else 0.0
                if not (math.isfinite(m2) and math.isfinite(mean)):
                    continue  # squares of values beyond 1e150 overflow: better no moments than infinite ones
                rows.append({"partition": item["partition"], "column": grid.name, "n": n, "min": item[f"min{index}"],
                             "max": item[f"max{index}"], "mean": mean, "m2": m2})  # fmt: skip
    shape = [("partition", pa.int32()), ("column", pa.string()), ("n", pa.int64())]
    return pa.Table.from_pylist(rows, schema=pa.schema([*shape, *((name, pa.float64()) for name in ("min", "max", "mean", "m2"))]))


def count_outcomes(engine: Engine, log: Log, bins: Bins, numbers: Sequence[int] | None, cells: dict[str, int]) -> dict[str, pa.Table]:
    """The outcome side: groups by decision, outcome and score, and the lag of labels."""
    from audits.scan import facts

    try:
        return outcome_tables(engine, log, bins, engine.hold(facts(log, bins, numbers)), cells)
    finally:
        engine.release()


def outcome_tables(engine: Engine, log: Log, bins: Bins, held: ir.Table, cells: dict[str, int]) -> dict[str, pa.Table]:
    """The outcome side's tables of some facts that the engine holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from audits.scan import coarse_table, families, groupings, margin_table, maturity_table, outcome_table

    names = [grouping.column for grouping in groupings(log)]
    curves = [index for index in range(len(bins.curves)) if f"bin{index}" in held.columns]
    together = len(bins.curves) == 1 and curves == [0]  # one curve is counted in one pass with the outcomes
    tables: dict[str, pa.Table] = {}
    outcome, coarse = [], []
    for number, family in enumerate(families(log)):
        first_of_segment = number > 0 and "unit" in held.columns and not any(family[-1] in f for f in families(log)[1:number])
        size = bins.by_name[bins.curves[0]].size if together and number == 0 else 0
        summed = engine.hold(outcome_table(log, held, family, coarse=size))
        rows = engine.execute(summed.count().name("n").as_table()).column(0)[0].as_py()
        if rows > MOST_CELLS:
            shown = " x ".join(names[i] for i in family)
            raise CandorError(
                f"model {log.model.name}: {shown} makes {rows:,} groups, more than {MOST_CELLS:,}; give edges to numeric attributes "
                f'in "protected", or leave out the attribute with the most levels'
            )
        table = _celled(engine.execute(summed), family, names, cells)
        if size:
            scored = table.filter(pc.is_valid(table["score_bin"]))
            coarse.append(_of_curve(added(scored, (), ("n", "score")), 0))
            table = added(table, ("score_bin",), None)
        elif number == 0 or first_of_segment:
            kept = family if number == 0 else family[-1:]
            coarse += [_of_curve(_celled(engine.execute(coarse_table(held, kept, bins, c)), kept, names, cells), c) for c in curves]
        outcome.append(table.append_column("family", pa.array(np.full(table.num_rows, number), pa.int16())))
    if curves:
        tables["tally_coarse"] = pa.concat_tables([part.select(coarse[0].column_names) for part in coarse], promote_options="permissive")
        parts = [_margin(engine.execute(margin_table(log, held, bins, c)), bins, c, names, cells) for c in curves]
        tables["tally_margin"] = pa.concat_tables(parts, promote_options="default")
    tables["tally_outcome"] = pa.concat_tables([part.select(outcome[0].column_names) for part in outcome])
    if "weight0" in held.columns:
        tables["tally_weighted"] = _weighted(engine, log, held, cells)
    if "lag_days" in held.columns:
        tables["tally_maturity"] = engine.execute(maturity_table(held))
    return tables


def _celled(table: pa.Table, family: Sequence[int], names: Sequence[str], cells: dict[str, int]) -> pa.Table:
    """A table with the number of each row's cell instead of its levels, unknown decisions and outcomes as -1."""
    import pyarrow as pa

    cell = _cells([(names[i], table.column(f"level{i}")) for i in family], table.num_rows, cells)
    found = _known(table.drop_columns([f"level{i}" for i in family]).append_column("cell", pa.array(cell, pa.int32())))
    return found if "unit" in found.column_names else found.append_column("unit", pa.array(np.full(found.num_rows, -1), pa.int8()))


def _of_curve(table: pa.Table, curve: int) -> pa.Table:
    import pyarrow as pa

    return table.append_column("curve", pa.array(np.full(table.num_rows, curve), pa.int16()))


def _weighted(engine: Engine, log: Log, held: ir.Table, cells: dict[str, int]) -> pa.Table:
    """Counts of the groups that are known by probabilities only, one row a level, decision and outcome."""
    import pyarrow as pa

    from audits.scan import weighted_table, weights

    imputed = log.model.imputed
    assert imputed is not None
    levels = list(weights(log))
    table = _known(engine.execute(weighted_table(held, len(levels))))
    parts = []
    for index, name in enumerate(levels):
        cell = cells.setdefault(Slice.of([(imputed.column, name)]).to_json(), len(cells))
        columns = {key: table.column(key) for key in ("partition", "decision", "outcome")}
        columns |= {"cell": pa.array(np.full(table.num_rows, cell), pa.int32()), "n": table.column(f"n{index}").cast(pa.int64())}
        columns |= {"weight": table.column(f"weight{index}"), "weight_squared": table.column(f"squared{index}")}
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def added(table: pa.Table, without: Sequence[str], sums: Sequence[str] | None) -> pa.Table:
    """The table without some keys, its rows added up; `sums` names the sums to keep, all for None."""
    every = ("partition", "family", "unit", "cell", "curve", "decision", "outcome", "score_bin")
    keys = [name for name in every if name in table.column_names and name not in without]
    wanted = sums or [name for name in table.column_names if name not in (*keys, *without)]
    grouped = table.group_by(keys).aggregate([(name, "sum") for name in wanted])
    return grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names])


def _known(table: pa.Table) -> pa.Table:
    """Unknown decisions and outcomes as -1."""
    import pyarrow.compute as pc

    for name in ("decision", "outcome"):
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, pc.fill_null(table.column(name), -1))
    return table


def _cells(levels: Sequence[tuple[str, pa.ChunkedArray]], rows: int, cells: dict[str, int]) -> NDArray[np.int64]:
    """The cell number of each row's slice; slices not seen before get the next numbers."""
    place, found = slices_of(levels, rows)
    numbers = np.asarray([cells.setdefault(one.to_json(), len(cells)) for one in found], dtype=np.int64)
    return numbers[place]


def _margin(table: pa.Table, bins: Bins, curve: int, names: Sequence[str], cells: dict[str, int]) -> pa.Table:
    """Histograms of each group on one curve, one row of counts each; everybody's is that of the first grouping, added up."""
    import pyarrow as pa

    size = bins.by_name[bins.curves[curve]].size
    encoded = table.column("level").combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    found = _arrays(_known(table).drop_columns(["level"]))
    grouping = found["grouping"].astype(np.int64)
    spot, spot_of = _distinct((grouping + 1) * max(len(values), 1) + encoded.indices.to_numpy())
    everybody = cells.setdefault(Slice.all().to_json(), len(cells))
    numbers = []
    for group, level in (divmod(int(code), max(len(values), 1)) for code in spot):
        numbers.append(cells.setdefault(Slice.of([(names[group - 1], values[level])]).to_json(), len(cells)) if group else everybody)
    cell = np.asarray(numbers, dtype=np.int64)[spot_of]
    first = np.flatnonzero(grouping == 0)  # its levels make up everybody
    rows = np.concatenate([np.arange(len(cell)), first])
    cell = np.concatenate([cell, np.full(len(first), everybody)])
    known = (found["decision"][rows].astype(np.int64) + 1) * 3 + found["outcome"][rows].astype(np.int64) + 1
    code, place = _distinct((found["partition"][rows].astype(np.int64) * len(cells) + cell) * 9 + known)
    flat = place * size + found["score_bin"][rows]
    spots, decision, outcome = code // 9, (code % 9 // 3 - 1).astype(np.int8), (code % 3 - 1).astype(np.int8)
    columns = {
        "partition": pa.array((spots // len(cells)).astype(np.int32)), "cell": pa.array((spots % len(cells)).astype(np.int32)),
        "curve": pa.array(np.full(len(code), curve, dtype=np.int16)), "decision": pa.array(decision), "outcome": pa.array(outcome),
    }  # fmt: skip
    for name in ("n", "score", "error", "error_abs", "error_2"):
        if name in found:
            sums = np.bincount(flat, weights=np.nan_to_num(found[name][rows].astype(np.float64)), minlength=len(code) * size)
            columns[name] = lists(sums.astype(np.int64 if name == "n" else np.float64).reshape(len(code), size),
                                  pa.int64() if name == "n" else pa.float64())  # fmt: skip
    return pa.table(columns)


def _distinct(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct codes and the place of each row's code among them, by counting: codes are small."""
    values = np.flatnonzero(np.bincount(codes))
    place = np.zeros(int(values[-1]) + 1 if len(values) else 0, dtype=np.int64)
    place[values] = np.arange(len(values))
    return values, place[codes]


def lists(matrix: NDArray[Any], kind: Any) -> Any:
    import pyarrow as pa

    offsets = np.arange(0, matrix.size + 1, max(matrix.shape[1], 1), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(matrix.ravel(), kind))


def _arrays(table: pa.Table) -> dict[str, NDArray[Any]]:
    """Columns as NumPy arrays; integers with nulls become floats with NaN."""
    return {name: table.column(name).to_numpy() for name in table.column_names}
