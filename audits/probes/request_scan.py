"""The requests of a log as an engine holds them, and the questions that are asked of them: every row is read, counts come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.boundary_probes import NEAR_SHARE, SMALL_SHARE
from audits.probes.cut_off import NoCutOff, learn
from audits.probes.marked_rows import Marked, marked_of
from audits.probes.model_rows import read_rows
from audits.probes.request_readings import readings
from audits.window import EPOCH
from connectors.config import ModelConfig
from connectors.schema import model_schema
from connectors.warehouse import Engine, Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from audits.scan import Log
    from audits.scan.clients import Reading, Sides

CUT_ROWS = 20_000
"""Rows that the cut-off is learned on; what is counted at it is counted on all rows."""
BINARY = "only a decision between two has one cut-off"
TOO_LITTLE = "the reference has too few scores or steps between requests to say what is near the cut-off"
NO_FEATURES = "the log has no feature to tell requests apart by"


@dataclass(frozen=True, kw_only=True)
class Requests:
    """All requests of both sides: `held` one narrow row each, `near` those at the cut-off."""

    engine: Engine
    log: Log
    evidence: Evidence
    readings: Sequence[Reading]
    sides: Sides
    client: str | None
    by: Literal["client", "unit", ""]
    held: ir.Table
    near: ir.Table | None
    cuts: Mapping[str, float]
    band: float
    step: float
    why_no_cut: str
    groupings: tuple[str, ...]

    @property
    def now(self) -> ir.Table:
        """Requests after the reference."""
        return self.held.filter(~self.held["reference"])

    @property
    def before(self) -> ir.Table:
        """Requests of the reference."""
        return self.held.filter(self.held["reference"])

    def ask(self, table: ir.Table) -> Any:
        """Run an expression and bring its rows back."""
        return self.engine.execute(table)

    def every(self) -> Marked:
        """All rows by partition and groups."""
        from audits.scan import clients

        return marked_of(self.ask(clients.counted(self.held, [], len(self.groupings))), self.groupings)

    def counted(self, rows: ir.Table, keys: Sequence[str], kept: Callable[[Any], NDArray[np.bool_]] | None = None) -> Marked:
        """Marked rows by partition and groups; `kept` says which lines of the counted table stay."""
        from audits.scan import clients

        table = self.ask(clients.counted(rows, keys, len(self.groupings)))
        return marked_of(table if kept is None else table.filter(kept(table)), self.groupings)


@contextmanager
def requests_of(warehouse: Warehouse, model: ModelConfig, evidence: Evidence) -> Iterator[Requests]:
    """Hold the requests in the engine while they are asked about."""
    from audits.scan import Log, clients, groupings

    engine, schema = warehouse.engine, model_schema(model.name)
    log = Log(predictions=engine.table(schema, "predictions"), outcomes=None, model=model)
    sides, read = sides_of(evidence), readings(evidence, model)
    roles = model.columns
    client = next((name for name in (roles.client, roles.unit) if log.has(name)), None)
    by: Literal["client", "unit", ""] = "" if client is None else "client" if client == roles.client else "unit"
    cuts, why = cut_offs(warehouse, model, evidence)
    cut = cuts.get("")
    named = [(version, value) for version, value in cuts.items() if version]
    near, band, step = None, float("nan"), float("nan")
    try:
        held = engine.hold(clients.requests(log, evidence.bins, read, sides, client=client))
        if cut is not None and read and sides.reference:
            band = _one(engine.execute(clients.band(log, sides, cuts=named, cut=cut, share=NEAR_SHARE)), "band")
            step = _one(engine.execute(clients.small_step(held, SMALL_SHARE)), "step")
        if cut is not None and np.isfinite([band, step]).all():
            near = engine.hold(
                clients.near_requests(log, evidence.bins, read, sides, client=client, cuts=named, cut=cut, band=band)
            )
        elif cut is not None:
            why = TOO_LITTLE if read else NO_FEATURES
        yield Requests(
            engine=engine, log=log, evidence=evidence, readings=read, sides=sides, client=client, by=by, held=held, near=near, cuts=cuts,
            band=band, step=step, why_no_cut=why, groupings=tuple(each.column for each in groupings(log)),
        )  # fmt: skip
    finally:
        engine.release()


def sides_of(evidence: Evidence) -> Sides:
    """Which partitions are the reference's, and which of those its earlier half by rows; none where it has one bucket only."""
    from audits.scan.clients import Sides

    held = sorted(evidence.reference_tally.partitions, key=lambda p: p.bucket)
    buckets = sorted({p.bucket for p in held})
    rows = np.cumsum([sum(p.rows for p in held if p.bucket == bucket) for bucket in buckets])
    early = set(buckets[: max(int(np.searchsorted(rows, rows[-1] / 2)), 1)]) if len(buckets) > 1 else set()
    reference = [p.number for p in held]
    return Sides(
        every=sorted({*reference, *(p.number for p in evidence.tally.partitions)}), reference=reference,
        earlier=[p.number for p in held if p.bucket in early],
    )  # fmt: skip


def cut_offs(warehouse: Warehouse, model: ModelConfig, evidence: Evidence) -> tuple[dict[str, float], str]:
    """The score at which the decision turns, by version, and under "" of all; or why there is none."""
    if model.task != "binary":
        return {}, BINARY
    rows = read_rows(warehouse, model, evidence, rows=CUT_ROWS)
    try:
        found = {"": learn(rows.score, rows.decision).score}
    except NoCutOff as error:
        return {}, str(error)
    for place, version in enumerate(evidence.versions[1:], start=1):
        of_version = rows.version == place
        try:
            found[str(version)] = learn(rows.score[of_version], rows.decision[of_version]).score
        except NoCutOff:
            continue  # the cut-off of all versions stands in
    return found, ""


def _one(table: Any, name: str) -> float:
    value = table.column(name).to_pylist()[0]
    return float("nan") if value is None else float(value)


def column(table: Any, name: str) -> Floats:
    """A column of an engine's table as floats; missing ones as NaN."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


def texts(table: Any, name: str) -> NDArray[np.object_]:
    """A column of an engine's table as texts."""
    return np.asarray([*table.column(name).to_pylist(), None], dtype=object)[:-1]


def iso(seconds: float | None) -> str | None:
    """Seconds since 1970 as a time.

    >>> iso(3600.0)
    '1970-01-01T01:00:00'
    """
    if seconds is None or not np.isfinite(seconds):
        return None
    return (EPOCH + dt.timedelta(seconds=round(float(seconds)))).isoformat(timespec="seconds")
