"""Late outcomes: a tally is a sum, so outcomes that arrive later are added to it, and their rows taken off the unknown ones.

Only the newly labelled rows are read, not the partitions they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from audits.bins import Bins
from audits.count import added, lists, outcome_tables
from audits.tally import KEYS, add_up, columns_of, widest
from connectors import partitions
from connectors.partitions import Partition
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from audits.scan import Log

BATCH = "candor:batch"


def add_late(
    warehouse: Warehouse, log: Log, bins: Bins, known: Sequence[Partition], upto: int, cells: dict[str, int],
    progress: Callable[[str], None],
) -> list[int]:  # fmt: skip
    """Bring partitions up to date that wait for nothing but outcomes; returns the other dirty ones, which must be counted anew.

    Parameters
    ----------
    upto
        The last batch that brought outcomes.
    cells
        The dictionary of slices; new ones are added.
    """
    from audits.scan import facts, unlabelled

    done = partitions.counted_upto(warehouse, log.model.name)
    waiting: dict[int, list[Partition]] = defaultdict(list)
    for partition in known:
        if partition.outcome_dirty and not partition.prediction_dirty and partition.number in done:
            waiting[done[partition.number]].append(partition)
    engine = warehouse.engine
    for since, group in waiting.items():
        progress(f"{log.model.name}: adding late outcomes to {len(group):,} partitions")
        assert log.outcomes is not None
        new = replace(log, outcomes=log.outcomes.filter(log.outcomes[BATCH] > since))
        try:
            held = engine.hold(facts(new, bins, [p.number for p in group], labelled=True))
            plus = outcome_tables(engine, log, bins, held, cells)
            minus = outcome_tables(engine, log, bins, unlabelled(held, bins), cells)
        finally:
            engine.release()
        tables = {name: _merged(warehouse, name, group, bins, plus[name], minus.get(name)) for name in plus}
        partitions.save(warehouse, log.model.name, "outcome", bins.fingerprint, [p.number for p in group], tables, upto=upto)
    handled = {partition.number for group in waiting.values() for partition in group}
    return [p.number for p in known if p.outcome_dirty and p.number not in handled]


def _merged(warehouse: Warehouse, name: str, group: Sequence[Partition], bins: Bins, plus: pa.Table, minus: pa.Table | None) -> pa.Table:
    """A stored table of these partitions with counts added and taken off, rows that came to nothing left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    old = partitions.load(warehouse, name, [p.outcome_tally for p in group if p.outcome_tally is not None])
    number = {p.outcome_tally: p.number for p in group}
    place = pa.array([number[tally] for tally in old.column("tally").to_pylist()], pa.int32())
    old = old.drop_columns(["tally"]).append_column("partition", place)
    if name == "tally_margin":
        return _margins(old, plus, minus, bins)
    if name == "tally_maturity":
        joined = pa.concat_tables([old, plus.select(old.column_names).cast(old.schema)])
        return joined.group_by(["partition", "lag_days"]).aggregate([("n", "sum")]).rename_columns(["partition", "lag_days", "n"])
    parts = [old, plus]
    if minus is not None:
        keys = KEYS[name.removeprefix("tally_")]
        counted = [column for column in minus.column_names if column not in keys and column != "cell"]
        for column in counted:
            minus = minus.set_column(minus.column_names.index(column), column, pc.negate(minus.column(column)))
        parts.append(minus)
    joined = added(pa.concat_tables(parts, promote_options="permissive"), (), None)
    return joined.filter(pc.not_equal(joined.column("n"), 0))


def _margins(old: pa.Table, plus: pa.Table, minus: pa.Table | None, bins: Bins) -> pa.Table:
    """Histograms added up cell by cell."""
    import pyarrow as pa

    keys = ("partition", "cell", "curve", "decision", "outcome")
    sums = [name for name in plus.column_names if name not in keys]
    found = []
    for table, sign in ((old, 1), (plus, 1), (minus, -1)):
        if table is not None and table.num_rows:
            columns = columns_of(table.select([*keys, *(name for name in sums if name in table.column_names)]), widest(bins))
            empty = np.zeros((table.num_rows, widest(bins)[1]))
            columns |= {name: empty for name in sums if name not in columns}
            found.append({name: columns[name] * sign if name in sums else columns[name] for name in (*keys, *sums)})
    joined = add_up({name: np.concatenate([part[name] for part in found]) for name in found[0]}, keys)
    kept = (joined["n"] != 0).any(axis=1)
    kinds = {name: pa.int64() if name == "n" else pa.float64() for name in sums}
    return pa.table({name: pa.array(joined[name][kept]) for name in keys} | {name: lists(joined[name][kept], kinds[name]) for name in sums})
