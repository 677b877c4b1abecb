"""A second, exact pass over rows: the median score of each window, and how many of each group lie strictly above it.

The tally's histograms say which cell holds the median; only the rows of that cell are read for the exact value, and only those of
its coarse bin to split the groups. Answers are kept until the window's partitions change.
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
    from audits.scan import Log

NAME = "median_split"
COARSE = 20

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
    from audits.scan import facts, families, groupings

    numbers = [tally.partitions[i].number for i in members]
    rows = facts(log, bins, numbers)
    total = int(histogram.sum())
    ranks = [(total - 1) // 2, total // 2]
    places = np.searchsorted(np.cumsum(histogram), ranks, side="right")
    before = np.concatenate([[0], np.cumsum(histogram)])
    inside = rows.filter(rows["score_bin"].isin([int(place) for place in np.unique(places)]))
    values = inside.group_by("score_bin", "score").aggregate(n=inside.count()).order_by("score")
    counted = warehouse.engine.execute(values)
    scores, cell, n = (counted.column(name).to_numpy() for name in ("score", "score_bin", "n"))
    middle = []
    for rank, place in zip(ranks, places, strict=True):
        upto = np.cumsum(n[cell == place])
        middle.append(scores[cell == place][np.searchsorted(upto, rank - before[place], side="right")])
    median = float(middle[0] + (middle[1] - middle[0]) / 2)
    coarse = int(places[1]) * COARSE // grid.size
    low = int(places[0]) * COARSE // grid.size
    near = rows.filter(((rows["score_bin"].cast("int32") * COARSE) // grid.size).between(low, coarse))
    family = families(log)[0]
    keys = [f"level{index}" for index in family]
    above = (near["score"] > _double(median)).cast("int64").sum()
    split = warehouse.engine.execute(near.group_by(keys).aggregate(above=above) if keys else near.aggregate(above=above)).to_pylist()
    names = [groupings(log)[index].column for index in family]
    found: dict[Slice, tuple[int, int]] = {}
    table = tally.coarse
    inside_window = np.isin(table["partition"], members)
    for position in np.unique(table["slice"][inside_window]):
        chosen = inside_window & (table["slice"] == position)
        sure = int(table["n"][chosen & (table["score_bin"] > coarse)].sum())
        found[tally.slices[position]] = (int(table["n"][chosen].sum()), sure)
    for item in split:
        cell_slice = Slice.of([(name, item[key]) for name, key in zip(names, keys, strict=True)])
        scored, sure = found[cell_slice]
        found[cell_slice] = (scored, sure + int(item["above"] or 0))
    return median, found


def _double(value: float) -> object:
    from audits.scan import double

    return double(value)


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
