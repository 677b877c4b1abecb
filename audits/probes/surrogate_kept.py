"""Where trained surrogates are kept, so that the next probe and one prediction load them in a moment instead of training again."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from audits.evidence import Evidence
from audits.probes.surrogate_trees import RECIPE, Surrogate
from audits.standing import data_fingerprint
from audits.what_if import stamp
from connectors.config import ModelConfig
from connectors.schema import create_tables
from connectors.warehouse import Warehouse

DDL = (
    """CREATE TABLE IF NOT EXISTS candor.surrogates (model VARCHAR, version VARCHAR, fingerprint VARCHAR, content VARCHAR,
        created TIMESTAMP, body VARCHAR, folds VARCHAR[], told VARCHAR)""",
)


def fingerprint(evidence: Evidence) -> str:
    """What a surrogate rests on besides the rows: what the columns mean, which features there are, and how it is learned."""
    return hashlib.sha256(f"{stamp(evidence)} {RECIPE}".encode()).hexdigest()


def kept(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, version: str | None, rows: int | None
) -> tuple[Surrogate | None, dict[str, Any]] | None:
    """What was kept for these settings; where it can be made anew, only while no rows came since and it used as many as are asked for."""
    if warehouse.write:
        create_tables(warehouse.connection, DDL)
    elif not warehouse.connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'candor' AND table_name = 'surrogates'"
    ).fetchall():  # fmt: skip
        return None
    sql = "SELECT content, body, folds, told FROM candor.surrogates WHERE model = ? AND version IS NOT DISTINCT FROM ? AND fingerprint = ?"
    found = warehouse.connection.execute(sql, [model.name, version, fingerprint(evidence)]).fetchall()
    if not found:
        return None
    content, body, folds, said = found[0]
    told: dict[str, Any] = json.loads(said)
    enough = rows is None or told["asked"] >= min(rows, told["available"])
    if warehouse.write and (content != data_fingerprint(warehouse, evidence) or not enough):
        return None
    return (None if "reason" in told else Surrogate.of_json(body, folds or ())), told


def keep(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, version: str | None, surrogate: Surrogate | None, told: dict[str, Any]
) -> None:
    """Put a version's surrogate, or why there is none, in the place of its last one."""
    held = surrogate if "reason" not in told else None
    body, folds = (None, None) if held is None else (held.to_json(), [fold.to_json() for fold in held.folds])
    text = json.dumps(told, ensure_ascii=False)
    values = [model.name, version, fingerprint(evidence), data_fingerprint(warehouse, evidence), body, folds, text]
    with warehouse.transaction():
        where = "model = ? AND version IS NOT DISTINCT FROM ?"
        warehouse.connection.execute(f"DELETE FROM candor.surrogates WHERE {where}", [model.name, version])
        warehouse.connection.execute("INSERT INTO candor.surrogates VALUES (?, ?, ?, ?, now()::TIMESTAMP, ?, ?, ?)", values)
