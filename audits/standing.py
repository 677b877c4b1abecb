"""A model's evidence as the last audit left it, without its counts: what looking up rows needs, read without writing anything."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.bins import Bins
from audits.evidence import Evidence
from audits.finding import Coverage
from audits.gather import SEED, cut, newest_of, reference_of, versions_of
from audits.slices import Slice
from audits.tally import KEYS, Tally, specification
from audits.window import WindowLength
from connectors import layout, partitions
from connectors.config import ModelConfig
from connectors.errors import CandorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.partitions import Partition
    from connectors.warehouse import Warehouse

AUDIT_FIRST = 'model "{name}": it has not been audited yet; run "candor audit" first'
AUDIT_AGAIN = 'model "{name}": candor.toml has changed since it was last audited; run "candor audit" again'


def standing(warehouse: Warehouse, model: ModelConfig) -> Evidence:
    """Bins, partitions and windows in force; its tallies hold partitions and no counts, so that no measure can be asked of it.

    Nothing is written, so the warehouse may be open for reading only.

    Raises
    ------
    CandorError
        The model has not been audited, or what its columns mean has changed since.
    """
    sql = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'candor' AND table_name = 'bins'"
    made = warehouse.connection.execute(sql).fetchall()[0][0]
    frozen = partitions.frozen_bins(warehouse, model.name) if made else None
    everything = partitions.partitions(warehouse, model.name) if frozen is not None else []
    analysed = [p for p in everything if not p.reference]
    if frozen is None or not analysed:
        raise CandorError(AUDIT_FIRST.format(name=model.name))
    if frozen[1] != specification(model):
        raise CandorError(AUDIT_AGAIN.format(name=model.name))
    bins = Bins.from_json(frozen[0])
    length = WindowLength(layout.resolve_window(warehouse, model))
    newest = newest_of(warehouse, model)
    spans, windows = cut(length, analysed, newest, sum(p.rows for p in analysed) - 1)
    held, reference = reference_of(model, length, everything, spans, windows)
    tally = _uncounted(bins, analysed)
    used = sum(p.rows for p in everything)
    return Evidence(
        model=model, bins=bins, tally=tally, reference_tally=_uncounted(bins, held), reference=reference,
        coverage=Coverage(available=used, used=used, analysed=sum(p.rows for p in analysed), quarantined=0, duplicate=0, labelled=0),
        windows=windows, spans=spans, versions=versions_of(tally), slices=(Slice.all(),), attributes=tuple(model.attributes),
        columns=tuple(column.name for column in bins.columns), clock=dt.datetime.now(dt.UTC).replace(tzinfo=None), freshness=newest,
        seed=SEED, medians={}, above={},
    )  # fmt: skip


def _uncounted(bins: Bins, held: Sequence[Partition]) -> Tally:
    tables: dict[str, Any] = {name: {key: np.zeros(0, dtype=np.int64) for key in (*keys, "n")} for name, keys in KEYS.items()}
    names = tuple(column.name for column in bins.columns)
    return Tally(partitions=tuple(held), slices=(Slice.all(),), columns=names, fingerprint=bins.fingerprint, **tables)


def data_fingerprint(warehouse: Warehouse, evidence: Evidence) -> str:
    """What an answer about rows rests on: the bins, the partitions and their sizes, and the last batch that brought anything.

    Cheap, and too eager rather than too slow to change: a batch without new rows changes it too.
    """
    sql = "SELECT max(batch), count(*) FROM candor.ledger WHERE model = ?"
    batches = warehouse.connection.execute(sql, [evidence.model.name]).fetchall()[0]
    held = [
        [(p.version, p.bucket, p.reference, p.rows) for p in tally.partitions] for tally in (evidence.tally, evidence.reference_tally)
    ]
    parts = [specification(evidence.model), evidence.bins.fingerprint, list(batches), held]
    return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()
