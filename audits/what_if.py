"""What had to be read from rows or asked of a model: probes that `candor audit` runs when told to, kept, and shown with their date."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audits.evidence import Evidence
from audits.probed_cells import SUMS, ProbeTally
from audits.provenance import content
from audits.tally import specification
from connectors.errors import CandorError
from connectors.schema import create_tables, quote

if TYPE_CHECKING:
    from connectors.config import ModelConfig
    from connectors.warehouse import Warehouse

PROBES: Mapping[str, tuple[str, ...]] = {
    "--what-if": ("reductions", "alternatives", "weak_spots", "proxies", "drop"),
    "--multivariate": ("multivariate",),
    "--explain": ("answers", "attributions", "effects"),
    "--robustness": ("answers", "perturbations", "rules", "evasion", "membership"),
    "--attacks": ("outliers", "queries", "outcome_flips", "triggers", "invariants"),
}
"""Modules of `audits/probes` that read rows, by the option that asks for them, in the order in which one may use what another has found."""

_TOLD = ("quantity", "column", "side", "version", "bucket", "slice")
_CELLS = 'quantity VARCHAR, "column" VARCHAR, side TINYINT, version VARCHAR, bucket BIGINT, slice VARCHAR'
DDL = (
    "CREATE TABLE IF NOT EXISTS candor.probes (model VARCHAR, name VARCHAR, stamp VARCHAR, created TIMESTAMP, body VARCHAR)",
    f"CREATE TABLE IF NOT EXISTS candor.probe_cells (model VARCHAR, name VARCHAR, {_CELLS}, n BIGINT, total DOUBLE, squares DOUBLE)",
    "CREATE TABLE IF NOT EXISTS candor.probe_sources (model VARCHAR, name VARCHAR, source VARCHAR)",
)


OF_A_MODEL = frozenset((*PROBES["--explain"], *PROBES["--robustness"]))
"""Probes whose answers are a model's: they say nothing of the next one."""


def stamp(evidence: Evidence, name: str = "") -> str:
    """What a probe's answer depends on besides the rows: who is compared, what the columns mean, which features there are, which model.

    An answer with another stamp is about something else and is not shown; rows that came later, or another file in the place of the
    model's, leave it as it is, under its date.
    """
    parts = [specification(evidence.model), evidence.bins.fingerprint]
    file = evidence.model.model
    if name in OF_A_MODEL and file is not None:
        parts.append(repr(replace(file, timeout=dt.timedelta(0), memory=0, token_env=None, trusted=())))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def wanted(model: ModelConfig, asked: Sequence[str]) -> tuple[str, ...]:
    """The probes to run, each once: those asked for, by option or by name, then those that the configuration wants with every audit.

    Declared invariants are counted whenever there are any: that is one scan, and what was declared is to be known.
    """
    options = [*asked, *(f"--{name}" for name in model.probes), *(["invariants"] if model.invariants else [])]
    return tuple(dict.fromkeys(name for option in options for name in PROBES.get(option, (option,))))


def with_probes(warehouse: Warehouse, evidence: Evidence) -> Evidence:
    """The evidence with what probes have found before."""
    create_tables(warehouse.connection, DDL)
    sql = "SELECT name, stamp, body FROM candor.probes WHERE model = ?"
    rows = warehouse.connection.execute(sql, [evidence.model.name]).fetchall()
    found = {
        str(name): _with_cells(warehouse, evidence, str(name), json.loads(body))
        for name, held, body in rows
        if held == stamp(evidence, str(name))
    }
    return replace(evidence, probes=found)


def _with_cells(warehouse: Warehouse, evidence: Evidence, name: str, body: dict[str, Any]) -> dict[str, Any]:
    sql = f"SELECT {', '.join(map(quote, (*_TOLD, *SUMS)))} FROM candor.probe_cells WHERE model = ? AND name = ?"
    found = warehouse.connection.execute(sql, [evidence.model.name, name]).fetchall()
    if not found:
        return body
    return body | {"cells": ProbeTally.of_records(dict(zip((*_TOLD, *SUMS), map(list, zip(*found, strict=True)), strict=True)))}


def run_probes(
    warehouse: Warehouse, evidence: Evidence, names: Sequence[str], *, rows: int | None, progress: Callable[[str], None]
) -> Evidence:
    """Run these probes and keep what each found, one by one, so that what is done stays done; the evidence with all of it.

    An answer is taken as it was kept where neither rows, model, settings nor Candor itself have changed since. A probe that cannot answer
    says why; the others go on.

    Parameters
    ----------
    rows
        The most rows that a probe may read; None leaves it to the probe.

    Raises
    ------
    CandorError
        The warehouse cannot be written.
    """
    budget = {} if rows is None else {"rows": rows}
    source = source_of(evidence, rows)
    said: set[str] = set()
    for position, name in enumerate(names, start=1):
        told = f"{evidence.model.name}: {position} of {len(names)}: {name.replace('_', ' ')}"
        before = evidence.probes.get(name)
        if before is not None and source is not None and _source(warehouse, evidence, name) == source:
            progress(f"{told}: nothing has changed since {before.get('created', 'it was asked')}")
            continue
        progress(told)
        body = _asked(warehouse, evidence, name, budget, progress)
        if body.get("reason") and body["reason"] not in said:
            progress(f"{evidence.model.name}: {name.replace('_', ' ')}: {body['reason']}")
            said.add(body["reason"])
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
        body.setdefault("created", f"{now.isoformat()}Z")
        keep(warehouse, evidence, name, body, now, None if "reason" in body else source)
        evidence = replace(evidence, probes={**evidence.probes, name: body})
    return evidence


def _asked(
    warehouse: Warehouse, evidence: Evidence, name: str, budget: Mapping[str, int], progress: Callable[[str], None]
) -> dict[str, Any]:
    """What a probe answers, or why it does not."""
    try:
        probe = importlib.import_module(f"audits.probes.{name}")
        body = dict(probe.run(warehouse, evidence.model, evidence, progress=progress, **budget))
        _written({key: value for key, value in body.items() if key != "cells"})  # what cannot be kept is one probe's fault
        return body
    except CandorError as error:
        return {"reason": str(error)}
    except Exception as error:  # noqa: BLE001  one broken probe must not take the audit down
        return {"reason": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", "error": True}


def keep(warehouse: Warehouse, evidence: Evidence, name: str, body: Mapping[str, Any], now: dt.datetime, source: str | None = None) -> None:
    """Put an answer in the place of the probe's last one."""
    connection, model = warehouse.connection, evidence.model.name
    cells = body.get("cells")
    small = {key: value for key, value in body.items() if key != "cells"}
    with warehouse.transaction():
        create_tables(connection, DDL)
        for table in ("probes", "probe_cells", "probe_sources"):
            connection.execute(f"DELETE FROM candor.{table} WHERE model = ? AND name = ?", [model, name])
        text = _written(small)
        connection.execute("INSERT INTO candor.probes VALUES (?, ?, ?, ?, ?)", [model, name, stamp(evidence, name), now, text])
        if isinstance(cells, ProbeTally) and len(cells):
            import pyarrow as pa

            incoming = pa.table({"model": [model] * len(cells), "name": [name] * len(cells), **cells.records()})
            connection.register("candor_cells", incoming)
            connection.execute("INSERT INTO candor.probe_cells BY NAME SELECT * FROM candor_cells")
            connection.unregister("candor_cells")
        if source is not None:
            connection.execute("INSERT INTO candor.probe_sources VALUES (?, ?, ?)", [model, name, source])


def _written(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False)


def _source(warehouse: Warehouse, evidence: Evidence, name: str) -> str | None:
    sql = "SELECT source FROM candor.probe_sources WHERE model = ? AND name = ?"
    found = warehouse.connection.execute(sql, [evidence.model.name, name]).fetchall()
    return str(found[0][0]) if found else None


def source_of(evidence: Evidence, rows: int | None) -> str | None:
    """What an answer was made from: rows, model files, settings, Candor itself; None where that cannot be known, as behind an address."""
    model = evidence.model
    if model.model is not None and model.model.url is not None:
        return None
    files = [model.model.path, *model.model.versions.values()] if model.model is not None else []
    settings = (
        model.model, model.rules, model.invariants, model.reasons, model.features, model.task, model.columns, model.costs,
        evidence.model.window, evidence.versions,
    )  # fmt: skip
    parts = [content(evidence), stamp(evidence), repr(settings), str(rows), _code(), *(_bytes(path) for path in files if path is not None)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _bytes(path: Path) -> str:
    """The digest of a model file, or of all files of a folder."""
    digest = hashlib.sha256()
    try:
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file():
                with each.open("rb") as opened:
                    digest.update(hashlib.file_digest(opened, "sha256").digest())
    except OSError as error:
        return f"{error}"
    return digest.hexdigest()


@cache
def _code() -> str:
    """The digest of the code that asks and measures, and of the libraries that it asks with."""
    from importlib.metadata import PackageNotFoundError, version

    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted([*here.rglob("*.py"), *(here.parent / "connectors").rglob("*.py")]):
        digest.update(path.read_bytes())
    for name in ("alibi-detect", "lightgbm", "numpy", "onnxruntime", "scikit-learn", "shap", "xgboost", "xgboost-cpu"):
        try:
            digest.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:
            digest.update(name.encode())
    return digest.hexdigest()
