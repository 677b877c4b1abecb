"""A second, exact pass over rows: the median score of each window, and how many of each group lie strictly above it.

The tally's histograms say which cell holds the median; only the rows around that cell are read for the exact value, and only those
of its coarse bin to split the groups. Answers are kept until the window's partitions change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins, NumericBins
from audits.estimate import Floats
from audits.slices import Slice
from audits.tally import Tally
from connectors import partitions
from connectors.config import ModelConfig
from connectors.schema import model_schema
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from audits.scan import Log

NAME = "median_split"
COARSE = 20
SCORE = "candor:score"

Split = tuple[float, dict[Slice, tuple[int, int]]]
"""The median, and for each cell of the protected cross the rows scored and the rows above the median."""


def median_splits(
    warehouse: Warehouse, model: ModelConfig, bins: Bins, tally: Tally, windows: Sequence[NDArray[np.int64]]
) -> dict[int, Split]:
    """The split of each window, given as positions of the tally's partitions; windows without scores are left out."""
    grid = bins.score_bins
    if grid is None or not len(tally.margin["partition"]):
        return {}
    kept, log, found = _kept(warehouse, model), None, {}
    fresh: list[tuple[str, Split]] = []
    for number, members in enumerate(windows):
        stamp = hashlib.sha256(repr(sorted(tally.partitions[i].prediction_tally or 0 for i in members)).encode()).hexdigest()
        if stamp not in kept:
            histogram = _histogram(tally, members)
            if not histogram.sum():
                continue
            log = log or _log(warehouse, model)
            kept[stamp] = _split(warehouse, log, bins, grid, tally, members, histogram)
            fresh.append((stamp, kept[stamp]))
        found[number] = kept[stamp]
    _keep(warehouse, model, fresh)
    return found


def _histogram(tally: Tally, members: NDArray[np.int64]) -> Floats:
    everybody = tally.slices.index(Slice.all())
    rows = (tally.margin["slice"] == everybody) & np.isin(tally.margin["partition"], members)
    return np.asarray(tally.margin["n"][rows].sum(axis=0), dtype=np.float64)


def _log(warehouse: Warehouse, model: ModelConfig) -> Log:
    from audits.scan import Log

    return Log(predictions=warehouse.engine.table(model_schema(model.name), "predictions"), outcomes=None, model=model)


def _split(
    warehouse: Warehouse, log: Log, bins: Bins, grid: NumericBins, tally: Tally, members: NDArray[np.int64], histogram: Floats
) -> Split:
    from audits.scan import double

    rows = log.within([tally.partitions[i].number for i in members])
    rows = rows.mutate(**{SCORE: rows[log.model.columns.score].cast("float64")})
    edges = np.concatenate([[-np.inf, -np.inf], grid.edges, [np.inf, np.inf]])

    def near(first: int, last: int) -> ir.Table:
        """Rows of these bins and a little more, by their scores alone."""
        low, high = float(edges[first]), float(edges[last + 3])
        found = rows.filter(rows[SCORE] >= double(low)) if np.isfinite(low) else rows
        return found.filter(found[SCORE] <= double(high)) if np.isfinite(high) else found.filter(found[SCORE].notnull())

    ranks = [(int(histogram.sum()) - 1) // 2, int(histogram.sum()) // 2]
    upto = np.cumsum(histogram)
    first, last = (int(np.searchsorted(upto, rank, side="right")) for rank in ranks)
    inside = near(first, last)
    counted = warehouse.engine.execute(inside.group_by(SCORE).aggregate(n=inside.count()).order_by(SCORE))
    scores, n = counted.column(SCORE).to_numpy(), counted.column("n").to_numpy()
    held = (grid.bin_of(scores) >= first) & (grid.bin_of(scores) <= last)
    running = upto[first] - histogram[first] + np.cumsum(n[held])
    lower, upper = (float(scores[held][np.searchsorted(running, rank, side="right")]) for rank in ranks)
    median = lower + (upper - lower) / 2
    coarse = [place * COARSE // grid.size for place in (first, last)]
    span = [place for place in range(grid.size) if coarse[0] <= place * COARSE // grid.size <= coarse[1]]
    return median, _above(warehouse, log, bins, near(span[0], span[-1]), (span[0], span[-1]), median, _sure(tally, members, coarse[1]))


def _sure(tally: Tally, members: NDArray[np.int64], coarse: int) -> dict[Slice, tuple[int, int]]:
    """For each cell of the cross, the rows scored and those in coarse bins above this one."""
    table = tally.coarse
    inside = np.isin(table["partition"], members)
    found = {}
    for position in np.unique(table["slice"][inside]):
        chosen = inside & (table["slice"] == position)
        found[tally.slices[position]] = (int(table["n"][chosen].sum()), int(table["n"][chosen & (table["score_bin"] > coarse)].sum()))
    return found


def _above(
    warehouse: Warehouse, log: Log, bins: Bins, rows: ir.Table, span: tuple[int, int], median: float, found: dict[Slice, tuple[int, int]]
) -> dict[Slice, tuple[int, int]]:
    """`found`, with the rows of these bins that lie above the median added to each cell."""
    from audits.scan import Log, bin_of, double, families, groupings, level

    grid = bins.score_bins
    assert grid is not None
    rows = rows.filter(bin_of(rows[SCORE], grid).between(*span))
    scoped = Log(predictions=rows, outcomes=None, model=log.model)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    crossed = [groupings(log)[index] for index in families(log)[0]]
    keys = {f"level{i}": level(scoped, attribute, vocabularies.get(attribute.column)) for i, attribute in enumerate(crossed)}
    above = (rows[SCORE] > double(median)).cast("int64").sum()
    for item in warehouse.engine.execute(rows.group_by(**keys).aggregate(above=above)).to_pylist():
        cell = Slice.of([(attribute.column, item[key]) for attribute, key in zip(crossed, keys, strict=True)])
        found[cell] = (found[cell][0], found[cell][1] + int(item["above"] or 0))
    return found


def _kept(warehouse: Warehouse, model: ModelConfig) -> dict[str, Split]:
    cells = {cell: Slice.from_json(text) for text, cell in partitions.cells(warehouse, model.name).items()}
    sql = "SELECT stamp, cell, n, hits, value FROM candor.tally_probe WHERE model = ? AND name = ?"
    found: dict[str, Split] = {}
    for stamp, cell, n, hits, value in warehouse.connection.execute(sql, [model.name, NAME]).fetchall():
        found.setdefault(stamp, (value, {}))[1][cells[cell]] = (n, hits)
    return found


def _keep(warehouse: Warehouse, model: ModelConfig, fresh: Sequence[tuple[str, Split]]) -> None:
    if not fresh:
        return
    import pyarrow as pa

    cells: Mapping[str, int] = partitions.cells(warehouse, model.name)
    rows = [
        {"model": model.name, "name": NAME, "stamp": stamp, "cell": cells[found.to_json()], "n": n, "hits": hits, "value": median}
        for stamp, (median, groups) in fresh
        for found, (n, hits) in groups.items()
    ]
    table = pa.Table.from_pylist(rows)
    warehouse.connection.register("incoming", table)
    warehouse.connection.execute("INSERT INTO candor.tally_probe BY NAME SELECT * FROM incoming")
    warehouse.connection.unregister("incoming")
