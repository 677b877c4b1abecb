"""The record of a run: its tables in the warehouse, and reading it back from a published snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audits import record_signals
from audits.finding import COLUMNS, AuditRun, Coverage, Failure, ModelRun, PolicyChange, Reference
from connectors.errors import CandorError, UsageError, nearest
from connectors.published import RETAINED_RUNS
from connectors.schema import columns_asked_for, create_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.published import Published
    from connectors.warehouse import Warehouse

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("window_start", "window_end", "threshold_since", "threshold_until"), "TIMESTAMP"),
    **dict.fromkeys(("first_row", "last_row", "n"), "BIGINT"),
    **dict.fromkeys(("partial", "whole"), "BOOLEAN"),
    **dict.fromkeys(("value", "low", "high", "p_value", "q_value", "threshold_min", "threshold_max"), "DOUBLE"),
    **dict.fromkeys(("people", "people_low", "people_high"), "DOUBLE"),
}
"""Types of the columns of a findings table that are not text."""

_FINDINGS = ", ".join(f'"{name}" {TYPES.get(name, "VARCHAR")}' for name in COLUMNS)

DDL = (
    """CREATE TABLE IF NOT EXISTS candor.runs (run VARCHAR, created TIMESTAMP, format INTEGER, code_revision VARCHAR, policy VARCHAR,
        data VARCHAR, bins VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS candor.models (run VARCHAR, model VARCHAR, title VARCHAR, task VARCHAR, environment VARCHAR,
        owner VARCHAR, runbook VARCHAR, "window" VARCHAR, favorable VARCHAR, positive VARCHAR, attributes VARCHAR, segments VARCHAR,
        features BIGINT, reference_start TIMESTAMP, reference_end TIMESTAMP, reference_first_row BIGINT, reference_last_row BIGINT,
        reference_n BIGINT, reference_kind VARCHAR, available BIGINT, used BIGINT, analysed BIGINT, quarantined BIGINT, duplicate BIGINT,
        labelled BIGINT, freshness TIMESTAMP, label_delay VARCHAR, ingested TIMESTAMP)""",
    f"CREATE TABLE IF NOT EXISTS candor.findings (run VARCHAR, model VARCHAR, position INTEGER, {_FINDINGS})",
    *record_signals.DDL,
    'CREATE TABLE IF NOT EXISTS candor.errors (run VARCHAR, model VARCHAR, name VARCHAR, reason VARCHAR, "error" BOOLEAN)',
    "CREATE TABLE IF NOT EXISTS candor.run_tallies (run VARCHAR, model VARCHAR, tallies BIGINT[])",
    "CREATE TABLE IF NOT EXISTS candor.policies (run VARCHAR, created TIMESTAMP, model VARCHAR, body VARCHAR)",
    """CREATE TABLE IF NOT EXISTS candor.policy_changes (run VARCHAR, "at" TIMESTAMP, model VARCHAR, name VARCHAR, field VARCHAR,
        before VARCHAR, after VARCHAR, since TIMESTAMP)""",
)
"""The tables of the record. `run_tallies` keeps the counts that a retained run rests on, `policies` what each model's run was judged by."""

_CARD = (
    "title", "environment", "owner", "runbook", "window", "favorable", "positive", "attributes", "segments", "features", "freshness",
    "label_delay", "ingested",
)  # fmt: skip
CHANGE = ("model", "name", "field", "before", "after", "since")
EMPTY: Mapping[str, str] = {}
REFERENCE = ("start", "end", "first_row", "last_row", "n", "kind")
COVERAGE = ("available", "used", "analysed", "quarantined", "duplicate", "labelled")


def last_policy(warehouse: Warehouse, model: str) -> str | None:
    """The body of the policy that a model was last judged by; None before its first run."""
    create_tables(warehouse.connection, DDL)
    sql = "SELECT body FROM candor.policies WHERE model = ? ORDER BY created DESC, run DESC LIMIT 1"
    found = warehouse.connection.execute(sql, [model]).fetchall()
    return None if not found else str(found[0][0])


def store(
    warehouse: Warehouse, run: AuditRun, tallies: Mapping[str, Sequence[int]], *, keep: int, policies: Mapping[str, str] = EMPTY
) -> None:
    """Write a run, drop the tallies that none of the last `keep` runs names and the findings of runs not retained; all or nothing.

    A log that is watched is audited every few minutes: what stays are the last runs, the last of each day and the last of each model.

    Parameters
    ----------
    tallies
        The tally numbers behind each model's findings.
    policies
        The body of the policy that each model was judged by (`audits.policy.body`).
    """
    from connectors.partitions import discard_unnamed

    connection = warehouse.connection
    with warehouse.transaction():
        create_tables(connection, DDL)
        about = [run.id, run.created, run.format, run.code_revision, run.policy, run.data, run.bins]
        connection.execute("INSERT INTO candor.runs VALUES (?, ?, ?, ?, ?, ?, ?)", about)
        for each in run.runs:
            row = model_row(run.id, each)
            listed = ", ".join(f'"{name}"' for name in row)
            connection.execute(f"INSERT INTO candor.models ({listed}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
            connection.register("candor_findings", _numbered(each.findings))
            names = ", ".join(f'"{name}"' for name in COLUMNS)
            connection.execute(
                f"INSERT INTO candor.findings (run, model, position, {names}) SELECT ?, ?, position, {names} FROM candor_findings",
                [run.id, each.model],
            )
            connection.unregister("candor_findings")
            record_signals.write(warehouse, run.id, each)
            for failure in each.errors:
                values = [run.id, each.model, failure.name, failure.reason, failure.error]
                connection.execute("INSERT INTO candor.errors VALUES (?, ?, ?, ?, ?)", values)
            connection.execute("INSERT INTO candor.run_tallies VALUES (?, ?, ?)", [run.id, each.model, list(tallies.get(each.model, ()))])
        for model, body in policies.items():
            connection.execute("INSERT INTO candor.policies VALUES (?, ?, ?, ?)", [run.id, run.created, model, body])
        for change in run.policy_changes:
            told = [run.id, run.created, *(getattr(change, name) for name in CHANGE)]
            connection.execute("INSERT INTO candor.policy_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", told)
        connection.execute(
            """DELETE FROM candor.run_tallies WHERE run NOT IN (SELECT run FROM candor.runs ORDER BY created DESC, run DESC LIMIT ?)""",
            [keep],
        )
        for name in ("findings", "errors", "signals", "causes", "models"):  # the last, of which the others' retention is told
            connection.execute(f"DELETE FROM candor.{name} WHERE run NOT IN ({RETAINED_RUNS})")
        for each in run.runs:
            sql = "SELECT DISTINCT unnest(tallies) FROM candor.run_tallies WHERE model = ?"
            discard_unnamed(warehouse, each.model, [int(row[0]) for row in connection.execute(sql, [each.model]).fetchall()])


def _numbered(findings: pa.Table) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    return findings.append_column("position", pa.array(np.arange(findings.num_rows, dtype=np.int32)))


def model_row(run: str, each: ModelRun) -> dict[str, Any]:
    """A model's row of the published `models` table."""
    row: dict[str, Any] = {"run": run, "model": each.model, "task": each.task}
    row |= {name: each.card.get(name) for name in _CARD}
    row |= {f"reference_{name}": getattr(each.reference, name) for name in REFERENCE}
    return row | {name: getattr(each.coverage, name) for name in COVERAGE}


def load(published: Published, run_id: str | None = None, *, model: str | None = None) -> AuditRun:
    """A run from a published snapshot; by default the latest, or the latest that audited `model`.

    Raises
    ------
    UsageError
        The snapshot holds no run of that id; the sentence names the nearest.
    CandorError
        It holds no run at all, none of the model, or was written by another version of Candor.
    """
    _check_columns(published)
    known = published.table("SELECT * FROM runs ORDER BY created, run").to_pylist()
    if not known:
        raise CandorError('no run has been published yet; run "candor audit" first')
    if model is not None:
        audited = {row["run"] for row in published.table("SELECT DISTINCT run FROM models WHERE model = ?", [model]).to_pylist()}
        known = [row for row in known if row["run"] in audited]
        if not known:
            raise CandorError(f'no published run has audited "{model}"; run "candor audit --model {model}" first')
    head = known[-1] if run_id is None else next((row for row in known if row["run"] == run_id), None)
    if head is None:
        raise UsageError(f'there is no run "{run_id}"; {nearest(str(run_id), [row["run"] for row in reversed(known)])}')
    rows = published.table("SELECT * FROM models WHERE run = ?", [head["run"]]).to_pylist()
    return AuditRun(
        id=head["run"], format=head["format"], created=head["created"], code_revision=head["code_revision"], policy=head["policy"],
        data=head["data"], bins=head["bins"], runs=[_load_model(published, row) for row in rows],
        policy_changes=_load_changes(published, head["run"]),
    )  # fmt: skip


def _load_changes(published: Published, run: str) -> list[PolicyChange]:
    rows = published.table("SELECT * FROM policy_changes WHERE run = ? ORDER BY model, name, since, field", [run]).to_pylist()
    return [PolicyChange(**_pick(row, CHANGE)) for row in rows]


def _check_columns(published: Published) -> None:
    found = published.table("SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main'").to_pylist()
    held = {(row["table_name"], row["column_name"]) for row in found}
    for name, columns in columns_asked_for(DDL).items():
        lacking = [column for column in columns if (name, column) not in held]
        if lacking and name in ("runs", "models", "findings", "errors", "policy_changes"):
            raise CandorError(
                f'{published.path}: was written by another version of Candor (its table {name} has no column "{lacking[0]}");'
                ' run "candor audit" to write it anew'
            )


def _load_model(published: Published, row: Mapping[str, Any]) -> ModelRun:
    key = [row["run"], row["model"]]
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    failures = published.table('SELECT name, reason, "error" FROM errors WHERE run = ? AND model = ?', key).to_pylist()
    return ModelRun(
        model=row["model"], task=row["task"], card=_pick(row, ("model", "task", *_CARD)),
        reference=Reference(**{name: row[f"reference_{name}"] for name in REFERENCE}), coverage=Coverage(**_pick(row, COVERAGE)),
        findings=published.table(f"SELECT {names} FROM findings WHERE run = ? AND model = ? ORDER BY position", key),
        errors=[Failure(**failure) for failure in failures], **record_signals.load(published, row["run"], row["model"]),
    )  # fmt: skip


def _pick(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}
