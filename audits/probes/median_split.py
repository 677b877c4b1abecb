"""A second, exact pass over rows: the median score of each window, and how many of each group lie strictly above it.

The tally's histograms say in which of twenty coarse bins the median lies; only the rows of that bin are read, for many windows at once.
Answers are kept until the window's predictions change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins, NumericBins
from audits.estimate import Floats
from audits.histograms import COARSE
from audits.slices import Slice, slices_of
from audits.tally import Tally
from connectors import partitions
from connectors.config import ModelConfig
from connectors.schema import model_schema
from connectors.warehouse import Warehouse

NAME = "median_split"
MOST_ROWS = 2_000_000
"""Rows read at once, at most, unless a single window needs more."""

Split = tuple[float, dict[Slice, tuple[int, int]]]
"""The median, and for each cell of the protected cross the rows scored and the rows above the median."""


def median_splits(
    warehouse: Warehouse, model: ModelConfig, bins: Bins, tally: Tally, windows: Sequence[NDArray[np.int64]]
) -> dict[int, Split]:
    """The split of each window, given as positions of the tally's partitions; windows without scores are left out."""
    grid = bins.score_bins
    if grid is None or not len(tally.margin["partition"]):
        return {}
    kept, stale = _kept(warehouse, model), []
    stamps = [hashlib.sha256(repr(sorted(tally.partitions[i].prediction_tally or 0 for i in w)).encode()).hexdigest() for w in windows]
    histograms = _histograms(tally, grid.size)
    for stamp, members in zip(stamps, windows, strict=True):
        histogram = histograms[members].sum(axis=0)
        if stamp not in kept and histogram.sum():
            stale.append(_Window(stamp=stamp, members=members, histogram=histogram, span=_span(grid, histogram)))
    fresh = []
    for batch in _batches(stale, histograms):
        rows = _read(warehouse, model, bins, tally, batch)
        fresh += [(window.stamp, _split(grid, tally, window, rows, model.attributes)) for window in batch]
    _keep(warehouse, model, fresh)
    kept.update(fresh)
    return {number: kept[stamp] for number, stamp in enumerate(stamps) if stamp in kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """One window to split: its partitions, its scores by bin, and the bins that hold the median's coarse bins."""

    stamp: str
    members: NDArray[np.int64]
    histogram: Floats
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows read, grouped by partition (as a position), cell of the cross and score; sorted by partition."""

    starts: NDArray[np.int64]
    cell: NDArray[np.int64]
    score: Floats
    bin: NDArray[np.int64]
    n: NDArray[np.int64]
    cells: list[Slice]


def _histograms(tally: Tally, size: int) -> Floats:
    """Scores of everybody by [partition, bin]."""
    rows = np.flatnonzero((tally.margin["slice"] == tally.slices.index(Slice.all())) & (tally.margin["curve"] == 0))
    found = np.zeros((len(tally.partitions), size))
    np.add.at(found, tally.margin["partition"][rows], tally.margin["n"][rows][:, :size])
    return found


def _ranks(histogram: Floats) -> tuple[int, int]:
    total = int(histogram.sum())
    return (total - 1) // 2, total // 2


def _span(grid: NumericBins, histogram: Floats) -> tuple[int, int]:
    """First and last bin of the coarse bins that hold the middle ranks."""
    first, last = (int(np.searchsorted(np.cumsum(histogram), rank, side="right")) for rank in _ranks(histogram))
    coarse = np.arange(grid.size) * COARSE // grid.size
    inside = np.flatnonzero((coarse >= coarse[first]) & (coarse <= coarse[last]))
    return int(inside[0]), int(inside[-1])


def _batches(stale: Sequence[_Window], histograms: Floats) -> list[list[_Window]]:
    """Windows to be read together: in order, as long as they touch no more than `MOST_ROWS` rows."""
    batches: list[list[_Window]] = []
    for window in stale:
        together = [*(batches[-1] if batches else []), window]
        low, high = min(w.span[0] for w in together), max(w.span[1] for w in together)
        members = np.unique(np.concatenate([w.members for w in together]))
        if batches and histograms[members, low : high + 1].sum() <= MOST_ROWS:
            batches[-1].append(window)
        else:
            batches.append([window])
    return batches


def _read(warehouse: Warehouse, model: ModelConfig, bins: Bins, tally: Tally, batch: Sequence[_Window]) -> _Rows:
    """The rows of a batch whose scores lie in its bins, or next to them."""
    from audits.scan import PARTITION, Log, double, families, groupings, level

    grid = bins.score_bins
    assert grid is not None
    assert model.columns.score is not None
    members = np.unique(np.concatenate([window.members for window in batch]))
    numbers = [tally.partitions[i].number for i in members]
    log = Log(predictions=warehouse.engine.table(model_schema(model.name), "predictions"), outcomes=None, model=model)
    rows = log.within(numbers)
    edges = np.concatenate([[-np.inf, -np.inf], grid.edges, [np.inf, np.inf]])
    low, high = float(edges[min(w.span[0] for w in batch)]), float(edges[max(w.span[1] for w in batch) + 3])
    score = rows[model.columns.score].cast("float64")
    wanted = [score >= double(low)] if np.isfinite(low) else [score.notnull()]
    rows = rows.filter(*wanted, *([score <= double(high)] if np.isfinite(high) else []))
    scoped = Log(predictions=rows, outcomes=None, model=model)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    crossed = [groupings(log)[index] for index in families(log)[0]]
    keys = {f"level{i}": level(scoped, attribute, vocabularies.get(attribute.column)) for i, attribute in enumerate(crossed)}
    grouped = rows.group_by(part=rows[PARTITION], score=rows[model.columns.score].cast("float64"), **keys)
    table = warehouse.engine.execute(grouped.aggregate(n=rows.count()))
    order = np.argsort(numbers)
    place = members[order][np.searchsorted(np.asarray(numbers)[order], table.column("part").to_numpy())]
    sort = np.argsort(place, kind="stable")
    cell, cells = slices_of([(attribute.column, table.column(key)) for attribute, key in zip(crossed, keys, strict=True)], table.num_rows)
    scores = table.column("score").to_numpy()[sort]
    return _Rows(
        starts=np.searchsorted(place[sort], np.arange(len(tally.partitions) + 1)), cell=cell[sort], score=scores,
        bin=grid.bin_of(scores), n=table.column("n").to_numpy()[sort], cells=cells,
    )  # fmt: skip


def _split(grid: NumericBins, tally: Tally, window: _Window, rows: _Rows, attributes: Sequence[str]) -> Split:
    """Exact median of a window, and for each cell the rows scored and the rows above it."""
    mine = np.concatenate([np.arange(rows.starts[i], rows.starts[i + 1]) for i in window.members])
    mine = mine[(rows.bin[mine] >= window.span[0]) & (rows.bin[mine] <= window.span[1])]
    order = mine[np.argsort(rows.score[mine], kind="stable")]
    running = window.histogram[: window.span[0]].sum() + np.cumsum(rows.n[order])
    lower, upper = (float(rows.score[order][np.searchsorted(running, rank, side="right")]) for rank in _ranks(window.histogram))
    median = lower + (upper - lower) / 2
    table, coarse = tally.coarse, window.span[1] * COARSE // grid.size
    of_cross = np.asarray([set(found.attributes) <= set(attributes) for found in tally.slices], dtype=bool)[table["slice"]]
    inside = np.isin(table["partition"], window.members) & (table["curve"] == 0) & of_cross
    higher = inside & (table["score_bin"] > coarse)
    scored, sure = (np.bincount(table["slice"][some], table["n"][some], len(tally.slices)) for some in (inside, higher))
    found = {tally.slices[i]: (int(scored[i]), int(sure[i])) for i in np.flatnonzero(scored)}
    over = mine[rows.score[mine] > median]
    for cell, n in enumerate(np.bincount(rows.cell[over], rows.n[over], len(rows.cells)).astype(np.int64).tolist()):
        if n:
            found[rows.cells[cell]] = (found[rows.cells[cell]][0], found[rows.cells[cell]][1] + n)
    return median, found


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
