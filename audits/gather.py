"""From a warehouse to the evidence about one model: windows, reference, fresh tallies, ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from audits import tally as tallies
from audits.bins import Bins
from audits.count import tally
from audits.evidence import Evidence
from audits.finding import Coverage, Reference
from audits.ledger import ledger_of
from audits.probes.median_split import Split, median_splits
from audits.probes.proxies import proxies
from audits.slices import UNKNOWN, Slice
from audits.tally import Tally
from audits.window import DAY, EPOCH, HOUR, Window, WindowLength
from connectors import layout, partitions
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.partitions import Partition
from connectors.schema import model_schema, quote
from connectors.warehouse import Warehouse

Kind = Literal["until", "rows", "version", "source"]
SEED = 20260101
MOST_EMPTY = 400
"""Windows without any row are reported too, unless the log has more of them than this."""


def gather(
    warehouse: Warehouse, model: ModelConfig, *, window: str | None = None, refreeze: bool = False, progress: Callable[[str], None]
) -> Evidence:
    """Bring a model's tallies up to date and lay out all that its audits may know.

    Raises
    ------
    CandorError
        The warehouse holds no prediction of this model.
    """
    if window is not None:
        model = dataclasses.replace(model, window=window)
    if layout.relayout(warehouse, model):
        progress(f"{model.name}: rows renumbered and cut into other windows, as the configuration now asks")
    partitions.prepare(warehouse)
    everything = partitions.partitions(warehouse, model.name)
    if not everything:
        raise CandorError(f'model "{model.name}": the warehouse holds no predictions of it; run "candor ingest" first')
    length = WindowLength(layout.resolve_window(warehouse, model))
    analysed = [p for p in everything if not p.reference]
    if not analysed:
        raise CandorError(
            f'model "{model.name}": all {sum(p.rows for p in everything):,} rows belong to the reference; '
            f"change models.{model.name}.reference so that something is left to analyse"
        )
    newest = newest_of(warehouse, model)
    last_row = sum(p.rows for p in analysed) - 1
    spans, windows = cut(length, analysed, newest, last_row)
    held, reference = reference_of(model, length, everything, spans, windows)
    bins = tally(warehouse, model, held, refreeze=refreeze, progress=progress)
    current = partitions.partitions(warehouse, model.name)
    numbers = {p.number for p in held}
    analysed_tally = tallies.load(warehouse, model.name, bins, [p for p in current if not p.reference])
    reference_tally = tallies.load(warehouse, model.name, bins, [p for p in current if p.number in numbers])
    slices = _slices(model, analysed_tally)
    members = [np.arange(len(analysed_tally.partitions))]
    members += [_members(analysed_tally, first, end) for first, end in spans[1:]]
    splits = median_splits(warehouse, model, bins, analysed_tally, members) if model.attributes else {}
    return Evidence(
        model=model, bins=bins, tally=analysed_tally, reference_tally=reference_tally, reference=reference,
        coverage=_coverage(warehouse, model, everything, analysed_tally), windows=windows, spans=spans,
        versions=versions_of(analysed_tally), slices=slices, attributes=_attributes(slices, model),
        columns=_columns(model, bins, analysed_tally), clock=dt.datetime.now(dt.UTC).replace(tzinfo=None), freshness=newest, seed=SEED,
        medians={number: split[0] for number, split in splits.items()}, above=_above(splits, slices),
        proxies=proxies(warehouse, model, bins, held), ledger=ledger_of(warehouse, model, bins, held),
    )  # fmt: skip


def cut(
    length: WindowLength, analysed: Sequence[Partition], newest: dt.datetime | None, last_row: int
) -> tuple[tuple[tuple[int, int], ...], tuple[Window, ...]]:
    """Spans of buckets and windows, the whole period first."""
    rows: dict[int, int] = {}
    for partition in analysed:
        start = length.start_of(partition.bucket)
        rows[start] = rows.get(start, 0) + partition.rows
    starts = sorted(rows)
    filled = [starts[0]]
    while filled[-1] < starts[-1] and len(filled) <= len(starts) + MOST_EMPTY:
        filled.append(length.next(filled[-1]))
    if len(filled) <= len(starts) + MOST_EMPTY:
        starts = filled
    windows = [length.window(s, last=newest, last_row=last_row, rows=rows.get(s, 0)) for s in starts]
    if length.rows is not None:
        whole = Window(first_row=0, last_row=last_row)
    else:
        whole = Window(start=windows[0].start, end=windows[-1].end, partial=windows[-1].partial)
    spans = [(starts[0], length.next(starts[-1])), *((s, length.next(s)) for s in starts)]
    return tuple(spans), (whole, *windows)


def newest_of(warehouse: Warehouse, model: ModelConfig) -> dt.datetime | None:
    """The time of the newest prediction; None for a log without a clock."""
    if model.columns.time is None:
        return None
    sql = f'SELECT max("candor:time") FROM {quote(model_schema(model.name))}.predictions'
    found: dt.datetime | None = warehouse.connection.execute(sql).fetchall()[0][0]
    return found


def reference_of(
    model: ModelConfig, length: WindowLength, everything: Sequence[Partition], spans: Sequence[tuple[int, int]], windows: Sequence[Window]
) -> tuple[list[Partition], Reference]:
    """The reference's partitions: those marked at ingest, else the first complete window."""
    held = [p for p in everything if p.reference]
    n = sum(p.rows for p in held)
    if held:
        given = model.reference
        kind: Kind = "source"
        if given is not None:
            kind = "until" if given.until else "rows" if given.rows else "version" if given.version else "source"
        if length.rows is not None:
            return held, Reference(kind=kind, first_row=0, last_row=n - 1, n=n)
        unit = HOUR if length.text == "1h" else DAY
        start = EPOCH + dt.timedelta(seconds=min(p.bucket for p in held) * unit)
        end = EPOCH + dt.timedelta(seconds=(max(p.bucket for p in held) + 1) * unit)
        until = given.until.replace(tzinfo=None) if given is not None and given.until is not None else end
        return held, Reference(kind=kind, start=start, end=min(end, until), n=n)
    filled = [i for i, (first, end) in enumerate(spans) if i and any(first <= p.bucket < end for p in everything)]
    place = next((i for i in filled if not windows[i].partial), filled[0])
    first, end_bucket = spans[place]
    held = [p for p in everything if first <= p.bucket < end_bucket]
    chosen = windows[place]
    n = sum(p.rows for p in held)
    return held, Reference(
        kind="first window", start=chosen.start, end=chosen.end, first_row=chosen.first_row, last_row=chosen.last_row, n=n
    )


def _members(counted: Tally, first: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray([i for i, p in enumerate(counted.partitions) if first <= p.bucket < end], dtype=np.int64)


def versions_of(counted: Tally) -> tuple[str | None, ...]:
    """None, for all together, then each version where there are several, in the order in which they first answered."""
    rows: dict[str, int] = {}
    for partition in counted.partitions:
        if partition.version is not None:
            rows[partition.version] = min(rows.get(partition.version, partition.bucket), partition.bucket)
    return (None, *sorted(rows, key=lambda version: (rows[version], version))) if len(rows) > 1 else (None,)


def _slices(model: ModelConfig, counted: Tally) -> tuple[Slice, ...]:
    """Everybody, single groups, the full intersection, segment levels, each set in the order of its levels."""
    seen: dict[tuple[str, ...], set[Slice]] = {}
    used = np.unique(counted.outcome["slice"])
    protected = set(model.attributes)
    for found in (counted.slices[i] for i in used):
        held = [name for name in found.attributes if name in protected]
        for names in (
            *((name,) for name in found.attributes),
            *([tuple(held)] if len(held) > 1 and len(held) == len(found.attributes) else []),
        ):
            seen.setdefault(names, set()).add(found.only(names))
    imputed = model.imputed
    weighted = {counted.slices[i] for i in np.unique(counted.weighted["slice"])} if imputed is not None else set()
    order = [Slice.all()]
    edges = {p.column: p.edges for p in model.protected}
    singles = [(name,) for name in (*model.attributes, *model.segments) if (name,) in seen]
    crossed = [names for names in seen if len(names) > 1]
    for names in (*(s for s in singles if s[0] in protected), *crossed, *(s for s in singles if s[0] not in protected)):
        order += sorted(seen[names], key=lambda found: _rank(found, edges))
    return (*order, *sorted(weighted, key=lambda found: found.levels))


def _rank(found: Slice, edges: Mapping[str, tuple[float, ...] | None]) -> list[tuple[bool, float, str]]:
    """Levels in the order of their edges or of their names, unknown last."""
    ranked = []
    for name, level in found.levels:
        digits = "".join(c for c in level.split("-")[0].split(" ")[0] if c in "0123456789.")
        place = (float(digits or 0) - (0.5 if level.startswith("<") else 0)) if edges.get(name) else 0.0
        ranked.append((level == UNKNOWN, place, level))
    return ranked


def _attributes(slices: Sequence[Slice], model: ModelConfig) -> tuple[str, ...]:
    singles = [name for name in model.attributes if any(found.attributes == (name,) for found in slices)]
    return (*singles, ",".join(sorted(singles))) if len(singles) > 1 else tuple(singles)


def _columns(model: ModelConfig, bins: Bins, counted: Tally) -> tuple[str, ...]:
    """Binned columns, then decision and outcome where the log has them."""
    names = [column.name for column in bins.columns]
    decided = bool((counted.outcome["decision"] >= 0).any())
    labelled = bool((counted.outcome["outcome"] >= 0).any())
    extra = [name for name, there in ((model.columns.decision, decided), (model.columns.outcome, labelled)) if name and there]
    return (*names, *(name for name in extra if name not in names))


def _coverage(warehouse: Warehouse, model: ModelConfig, everything: Sequence[Partition], counted: Tally) -> Coverage:
    sql = """SELECT coalesce(sum(quarantined), 0), coalesce(sum(duplicate), 0) FROM candor.ledger
    WHERE model = ? AND kind <> 'outcomes'"""
    quarantined, duplicate = warehouse.connection.execute(sql, [model.name]).fetchall()[0]
    used = sum(p.rows for p in everything)
    known = (counted.outcome["family"] == 0) & (counted.outcome["outcome"] >= 0)
    return Coverage(
        available=used + int(quarantined) + int(duplicate), used=used,
        analysed=sum(p.rows for p in everything if not p.reference), quarantined=int(quarantined), duplicate=int(duplicate),
        labelled=int(counted.outcome["n"][known].sum()),
    )  # fmt: skip


def _above(splits: Mapping[int, Split], slices: Sequence[Slice]) -> dict[tuple[int, int], tuple[int, int]]:
    """Cells of the protected cross added up into every slice that contains them."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for window, (_, cells) in splits.items():
        for position, wanted in enumerate(slices):
            parts = [counts for cell, counts in cells.items() if set(wanted.levels) <= set(cell.levels)]
            if parts:
                found[window, position] = (sum(n for n, _ in parts), sum(hits for _, hits in parts))
    return found
