"""What had to be read from rows: probes that `candor audit` runs when asked, kept, and shown by later audits with their date."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audits.evidence import Evidence
from audits.tally import specification
from connectors.schema import create_tables

if TYPE_CHECKING:
    from connectors.warehouse import Warehouse

PROBES: Mapping[str, tuple[str, ...]] = {
    "--what-if": ("reductions", "alternatives", "weak_spots", "proxies", "drop"),
    "--multivariate": ("multivariate",),
}
"""Modules of `audits/probes` that read rows, by the option that asks for them, in the order in which one may use what another has found."""

DDL = ("CREATE TABLE IF NOT EXISTS candor.probes (model VARCHAR, name VARCHAR, stamp VARCHAR, created TIMESTAMP, body VARCHAR)",)


def stamp(evidence: Evidence) -> str:
    """What a probe's answer depends on besides the rows: who is compared, what the columns mean, which features there are.

    An answer with another stamp is about something else and is not shown; rows that came later leave it as it is, under its date.
    """
    parts = [specification(evidence.model), evidence.bins.fingerprint]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def with_probes(warehouse: Warehouse, evidence: Evidence) -> Evidence:
    """The evidence with what probes have found before."""
    create_tables(warehouse.connection, DDL)
    sql = "SELECT name, body FROM candor.probes WHERE model = ? AND stamp = ?"
    rows = warehouse.connection.execute(sql, [evidence.model.name, stamp(evidence)]).fetchall()
    return replace(evidence, probes={str(name): json.loads(body) for name, body in rows})


def run_probes(
    warehouse: Warehouse, evidence: Evidence, names: Sequence[str], *, rows: int | None, progress: Callable[[str], None]
) -> Evidence:
    """Run these probes and keep what it found, one by one, so that what is done stays done; the evidence with all of it.

    Parameters
    ----------
    rows
        The most rows that a probe may read; None leaves it to the probe.

    Raises
    ------
    CandorError
        The warehouse cannot be read or written.
    """
    budget = {} if rows is None else {"rows": rows}
    for position, name in enumerate(names, start=1):
        progress(f"{evidence.model.name}: reading rows, {position} of {len(names)}: {name.replace('_', ' ')}")
        probe = importlib.import_module(f"audits.probes.{name}")
        body: dict[str, Any] = dict(probe.run(warehouse, evidence.model, evidence, progress=progress, **budget))
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
        body.setdefault("created", f"{now.isoformat()}Z")
        keep(warehouse, evidence, name, body, now)
        evidence = replace(evidence, probes={**evidence.probes, name: body})
    return evidence


def keep(warehouse: Warehouse, evidence: Evidence, name: str, body: Mapping[str, Any], now: dt.datetime) -> None:
    """Put an answer in the place of the probe's last one."""
    connection = warehouse.connection
    with warehouse.transaction():
        create_tables(connection, DDL)
        connection.execute("DELETE FROM candor.probes WHERE model = ? AND name = ?", [evidence.model.name, name])
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        connection.execute("INSERT INTO candor.probes VALUES (?, ?, ?, ?, ?)", [evidence.model.name, name, stamp(evidence), now, text])
