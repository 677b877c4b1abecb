"""A shadow of one model for drills: its reference and newest windows copied into a folder of their own; the real log is only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.config import Config, ModelConfig, Source
from connectors.errors import CandorError
from connectors.schema import KEY, PARTITION, ROW, columns_of, literal, quote, table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BEFORE = 24
"""Windows before the fault that the shadow holds."""
FAULTY = 2
"""Windows that the fault is planted in: the newest whole one and the one that is filling."""
REFERENCE_ROWS = 1_000_000
"""Reference rows that are copied at most; more are said to be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A model's shadow: `config` reads `folder`/*.parquet; `rows` are those in which the fault is to be planted, not yet written."""

    folder: Path
    config: Config
    rows: pa.Table
    copied: int
    reference: int
    left_out: int
    """Reference rows that were not copied."""


def shadow(config: Config, model: ModelConfig, folder: Path) -> Shadow:
    """Copy what a drill needs into `folder`, which is made private by whoever made it.

    Raises
    ------
    CandorError
        There is no warehouse, it holds too few windows of the model, or another process holds it.
    """
    from connectors.layout import resolve_window
    from connectors.warehouse import open_warehouse

    with open_warehouse(config.warehouse, write=False) as warehouse:
        connection = warehouse.connection
        if not columns_of(connection, model.name, "predictions"):
            raise CandorError(f'{model.name}: has no rows yet; run "candor ingest" first')
        window = resolve_window(warehouse, model)
        starts = window_starts(connection, model, window)
        if len(starts) < FAULTY + 1:
            raise CandorError(f"{model.name}: a drill needs at least {FAULTY + 1} windows, and the log holds {len(starts)}")
        faulty, first = starts[-FAULTY:], starts[max(len(starts) - FAULTY - BEFORE, 0)]
        known = partitions(connection, model, reference=True)
        if not known:  # without a reference of its own, the log's first window is what drift is judged against
            known = buckets(connection, model, starts[0], starts[1])
            first = max(first, starts[1])
        reference, left_out = copy(connection, model, folder / "reference.parquet", known, at_most=REFERENCE_ROWS)
        before, _ = copy(connection, model, folder / "before.parquet", buckets(connection, model, first, faulty[0]))
        rows = read(connection, model, buckets(connection, model, faulty[0], None))
    made = replace(
        model, window=window, reference=None,
        sources=(
            Source(kind="file", name="reference", rows="reference", path="reference.parquet", options={}),
            Source(kind="file", name="log", rows="both", path="[bd]*.parquet", options={}),
        ),
    )  # fmt: skip
    apart = replace(
        config, path=folder / "candor.toml", folder=folder, models={model.name: made},
        warehouse=replace(config.warehouse, path=folder / "shadow.duckdb"),
    )  # fmt: skip
    return Shadow(folder=folder, config=apart, rows=rows, copied=before + rows.num_rows, reference=reference, left_out=left_out)


def window_starts(connection: duckdb.DuckDBPyConnection, model: ModelConfig, window: str) -> list[int]:
    """The first buckets of the analysed windows that hold rows, oldest first."""
    from audits.window import WindowLength

    length = WindowLength(window)
    sql = "SELECT DISTINCT bucket FROM candor.partitions WHERE model = ? AND NOT reference AND rows > 0"
    return sorted({length.start_of(int(bucket)) for (bucket,) in connection.execute(sql, [model.name]).fetchall()})


def partitions(connection: duckdb.DuckDBPyConnection, model: ModelConfig, *, reference: bool) -> list[int]:
    """The partitions of the reference, or of the analysed period."""
    sql = "SELECT partition FROM candor.partitions WHERE model = ? AND reference = ? AND rows > 0"
    return [int(number) for (number,) in connection.execute(sql, [model.name, reference]).fetchall()]


def buckets(connection: duckdb.DuckDBPyConnection, model: ModelConfig, first: int, end: int | None) -> list[int]:
    """The analysed partitions from bucket `first` to before `end`."""
    sql = "SELECT partition FROM candor.partitions WHERE model = ? AND NOT reference AND bucket >= ? AND (? IS NULL OR bucket < ?)"
    return [int(number) for (number,) in connection.execute(sql, [model.name, first, end, end]).fetchall()]


def rows_of(connection: duckdb.DuckDBPyConnection, model: ModelConfig, numbers: Sequence[int], *, at_most: int | None = None) -> str:
    """SQL: the rows of some partitions as the user's log has them, outcomes joined, in their order; of too many, the newest."""
    own = [name for name in columns_of(connection, model.name, "predictions") if not name.startswith("candor:")]
    columns = ", ".join(f"p.{quote(name)}" for name in own)
    late = [(role, name) for role in ("outcome", "outcome_time") if (name := getattr(model.columns, role)) is not None and name not in own]
    joined = ""
    if late and columns_of(connection, model.name, "outcomes"):
        columns += "".join(f", o.{role} AS {quote(name)}" for role, name in late)
        joined = f" LEFT JOIN {table(model.name, 'outcomes')} o ON o.{quote(KEY)} = p.{quote(KEY)}"
    elif late:
        columns += "".join(f", NULL AS {quote(name)}" for _, name in late)
    chosen = ", ".join(map(str, numbers)) or "-1"
    newest = f" QUALIFY row_number() OVER (ORDER BY p.{quote(ROW)} DESC) <= {at_most}" if at_most is not None else ""
    return (
        f"SELECT {columns} FROM {table(model.name, 'predictions')} p{joined} WHERE p.{quote(PARTITION)} IN ({chosen}){newest}"
        f" ORDER BY p.{quote(ROW)}"
    )


def copy(
    connection: duckdb.DuckDBPyConnection, model: ModelConfig, path: Path, numbers: Sequence[int], *, at_most: int | None = None
) -> tuple[int, int]:
    """Write the rows of some partitions as Parquet; gives how many were written and how many were left out."""
    counted = connection.execute(
        f"SELECT coalesce(sum(rows), 0) FROM candor.partitions WHERE model = ? AND partition IN ({', '.join(map(str, numbers)) or '-1'})",
        [model.name],
    ).fetchall()[0][0]
    sql = rows_of(connection, model, numbers, at_most=at_most)
    connection.execute("SET preserve_insertion_order = true")
    written = connection.execute(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet)").fetchall()[0][0]
    return int(written), int(counted) - int(written)


def read(connection: duckdb.DuckDBPyConnection, model: ModelConfig, numbers: Sequence[int]) -> pa.Table:
    """The rows of some partitions in memory."""
    return connection.sql(rows_of(connection, model, numbers)).to_arrow_table()
