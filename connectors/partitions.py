"""Where tallies are kept: which partitions are dirty, the tables of each tally version, and which are still named by a run.

A partition is one model, version and bucket (an hour, a day or a block of rows). When it changes it is tallied again under a new
number; the old tally stays while a retained run names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connectors.schema import create_tables, model_schema, quote

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.warehouse import Warehouse

Side = Literal["prediction", "outcome"]

TABLES: Mapping[Side, tuple[str, ...]] = {
    "prediction": ("tally_bins", "tally_moments"),
    "outcome": ("tally_outcome", "tally_coarse", "tally_margin", "tally_weighted", "tally_maturity"),
}
"""The tables of each side: late outcomes change the outcome side only."""

DDL = (
    "CREATE SEQUENCE IF NOT EXISTS candor.tally_number",
    """CREATE TABLE IF NOT EXISTS candor.tallies (tally BIGINT, model VARCHAR, partition INTEGER, side VARCHAR, bins VARCHAR,
        upto INTEGER, created TIMESTAMP)""",
    "CREATE TABLE IF NOT EXISTS candor.cells (model VARCHAR, cell INTEGER, slice VARCHAR)",
    "CREATE TABLE IF NOT EXISTS candor.bins (model VARCHAR, fingerprint VARCHAR, spec VARCHAR, created TIMESTAMP, body VARCHAR)",
    """CREATE TABLE IF NOT EXISTS candor.tally_outcome (tally BIGINT, family SMALLINT, unit TINYINT, cell INTEGER, decision TINYINT,
        outcome TINYINT, n BIGINT, scored BIGINT, score DOUBLE, score_squared DOUBLE, error_2 DOUBLE, error_4 DOUBLE, log_loss DOUBLE,
        log_loss_squared DOUBLE, error DOUBLE, error_abs DOUBLE, truth_1 DOUBLE, truth_2 DOUBLE, truth_3 DOUBLE, truth_4 DOUBLE,
        error_2_truth_1 DOUBLE, error_2_truth_2 DOUBLE, covered_n BIGINT, covered BIGINT, width DOUBLE, width_squared DOUBLE,
        latency_ms_n BIGINT, latency_ms DOUBLE, latency_ms_squared DOUBLE, cost_n BIGINT, cost DOUBLE, cost_squared DOUBLE,
        energy_wh_n BIGINT, energy_wh DOUBLE, energy_wh_squared DOUBLE)""",
    """CREATE TABLE IF NOT EXISTS candor.tally_coarse (tally BIGINT, unit TINYINT, cell INTEGER, curve SMALLINT, decision TINYINT,
        outcome TINYINT, score_bin TINYINT, n BIGINT, score DOUBLE)""",
    """CREATE TABLE IF NOT EXISTS candor.tally_margin (tally BIGINT, cell INTEGER, curve SMALLINT, decision TINYINT, outcome TINYINT,
        n BIGINT[], score DOUBLE[], error DOUBLE[], error_abs DOUBLE[], error_2 DOUBLE[])""",
    """CREATE TABLE IF NOT EXISTS candor.tally_weighted (tally BIGINT, cell INTEGER, decision TINYINT, outcome TINYINT, n BIGINT,
        weight DOUBLE, weight_squared DOUBLE)""",
    """CREATE TABLE IF NOT EXISTS candor.tally_bins (tally BIGINT, "column" VARCHAR, n BIGINT[], total DOUBLE[], missing BIGINT,
        not_a_number BIGINT, other BIGINT, unseen BIGINT, unseen_levels VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS candor.tally_moments (tally BIGINT, "column" VARCHAR, n BIGINT, min DOUBLE, max DOUBLE, mean DOUBLE,
        m2 DOUBLE)""",
    "CREATE TABLE IF NOT EXISTS candor.tally_maturity (tally BIGINT, lag_days INTEGER, n BIGINT)",
    """CREATE TABLE IF NOT EXISTS candor.tally_probe (model VARCHAR, name VARCHAR, stamp VARCHAR, first_bucket BIGINT, version VARCHAR,
        cell INTEGER, n BIGINT, hits BIGINT, value DOUBLE)""",
)
"""The tally tables. Lists hold one number per bin of the frozen grid; `curve` says which of the model's grids (`Bins.curves`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One model-version-bucket: its size, whether it waits to be tallied, and the tally numbers in force."""

    number: int
    version: str | None
    bucket: int
    reference: bool
    rows: int
    prediction_dirty: bool
    outcome_dirty: bool
    prediction_tally: int | None
    outcome_tally: int | None


def prepare(warehouse: Warehouse) -> None:
    """Create the tally tables where they are absent."""
    create_tables(warehouse.connection, DDL)


def partitions(warehouse: Warehouse, model: str) -> list[Partition]:
    """All partitions of a model that hold rows, by bucket and version."""
    rows = warehouse.connection.execute(
        """SELECT partition, version, bucket, reference, rows, prediction_dirty, outcome_dirty, prediction_tally, outcome_tally
        FROM candor.partitions WHERE model = ? AND rows > 0 ORDER BY reference DESC, bucket, version""",
        [model],
    ).fetchall()
    names = Partition.__dataclass_fields__
    return [Partition(**dict(zip(names, row, strict=True))) for row in rows]


def mark_dirty(warehouse: Warehouse, model: str) -> None:
    """Have every partition of a model tallied again."""
    warehouse.connection.execute("UPDATE candor.partitions SET prediction_dirty = TRUE, outcome_dirty = TRUE WHERE model = ?", [model])


def save(
    warehouse: Warehouse, model: str, side: Side, bins: str, numbers: Sequence[int], tables: Mapping[str, pa.Table], *, upto: int = 0
) -> None:
    """Store one side's tables for these partitions under new tally numbers and clear their dirty flags, all or nothing.

    Each table has a column `partition`; the rest are the stored columns. `upto` is the last batch whose outcomes are counted.
    """
    connection = warehouse.connection
    with warehouse.transaction():
        connection.execute(
            """INSERT INTO candor.tallies SELECT nextval('candor.tally_number'), ?, unnest(?::INTEGER[]), ?, ?, ?, now()::TIMESTAMP""",
            [model, list(numbers), side, bins, upto],
        )
        newest = """(SELECT partition, max(tally) AS tally FROM candor.tallies WHERE model = ? AND side = ? GROUP BY partition)"""
        for name, table in tables.items():
            connection.register("incoming", table)
            columns = [column for column in table.column_names if column != "partition"]
            listed = ", ".join(quote(column) for column in columns)
            connection.execute(
                f"INSERT INTO candor.{quote(name)} (tally, {listed}) SELECT t.tally, {', '.join('i.' + quote(c) for c in columns)} "
                f"FROM incoming i JOIN {newest} t USING (partition)",
                [model, side],
            )
            connection.unregister("incoming")
        connection.execute(
            f"""UPDATE candor.partitions p SET {side}_tally = t.tally, {side}_dirty = FALSE FROM {newest} t
            WHERE p.model = ? AND p.partition = t.partition AND t.partition IN (SELECT unnest(?::INTEGER[]))""",
            [model, side, model, list(numbers)],
        )


def load(warehouse: Warehouse, table: str, tallies: Iterable[int]) -> pa.Table:
    """The rows of a tally table for these tally numbers, with their `tally` column."""
    return warehouse.read(f"SELECT * FROM candor.{quote(table)} WHERE tally IN (SELECT unnest(?::BIGINT[]))", [list(tallies)])


def newest_outcomes(warehouse: Warehouse, model: str) -> int:
    """The last batch that brought outcomes, 0 for none."""
    sql = f'SELECT coalesce(max("candor:batch"), 0) FROM {quote(model_schema(model))}.outcomes'
    return int(warehouse.connection.execute(sql).fetchall()[0][0])


def counted_upto(warehouse: Warehouse, model: str) -> dict[int, int]:
    """For each partition with an outcome tally in force, the last batch whose outcomes it counts."""
    sql = """SELECT p.partition, t.upto FROM candor.partitions p JOIN candor.tallies t ON t.tally = p.outcome_tally
    WHERE p.model = ?"""
    return {int(number): int(upto) for number, upto in warehouse.connection.execute(sql, [model]).fetchall()}


def cells(warehouse: Warehouse, model: str) -> dict[str, int]:
    """The model's dictionary of slices: canonical JSON to cell number."""
    rows = warehouse.connection.execute("SELECT slice, cell FROM candor.cells WHERE model = ?", [model]).fetchall()
    return {str(text): int(cell) for text, cell in rows}


def add_cells(warehouse: Warehouse, model: str, new: Mapping[str, int]) -> None:
    """Add slices to the dictionary."""
    if new:
        sql = "INSERT INTO candor.cells SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[])"
        warehouse.connection.execute(sql, [model, list(new.values()), list(new)])


def frozen_bins(warehouse: Warehouse, model: str) -> tuple[str, str] | None:
    """The bins in force as (JSON, tally specification), or None before the first audit."""
    sql = "SELECT body, spec FROM candor.bins WHERE model = ? ORDER BY created DESC LIMIT 1"
    rows = warehouse.connection.execute(sql, [model]).fetchall()
    return (str(rows[0][0]), str(rows[0][1])) if rows else None


def freeze_bins(warehouse: Warehouse, model: str, *, body: str, fingerprint: str, spec: str) -> None:
    """Put bins in force and have every partition tallied with them."""
    with warehouse.transaction():
        sql = "INSERT INTO candor.bins VALUES (?, ?, ?, now()::TIMESTAMP, ?)"
        warehouse.connection.execute(sql, [model, fingerprint, spec, body])
        mark_dirty(warehouse, model)


def discard_unnamed(warehouse: Warehouse, model: str, retained: Iterable[int]) -> int:
    """Drop tallies of a model that neither a partition nor a retained run names; returns how many."""
    connection = warehouse.connection
    with warehouse.transaction():
        rows = connection.execute(
            """DELETE FROM candor.tallies WHERE model = $1 AND tally NOT IN (SELECT unnest($2::BIGINT[])) AND tally NOT IN (
            SELECT unnest([prediction_tally, outcome_tally]) AS tally FROM candor.partitions WHERE model = $1
            AND prediction_tally IS NOT NULL AND outcome_tally IS NOT NULL) RETURNING tally""",
            [model, list(retained)],
        ).fetchall()
        dropped = [row[0] for row in rows]
        for name in (name for names in TABLES.values() for name in names) if dropped else ():
            connection.execute(f"DELETE FROM candor.{quote(name)} WHERE tally IN (SELECT unnest(?::BIGINT[]))", [dropped])
    return len(dropped)
