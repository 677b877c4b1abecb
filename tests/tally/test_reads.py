"""One scan: how much the engine reads for a full count is bounded, column by column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.count import count
from audits.scan import Log
from connectors.config import WarehouseConfig
from connectors.warehouse import Engine, Warehouse, open_warehouse
from tests.tally.conftest import MODEL, frozen, small_log

ROWS = 3000


class Watched:
    """An engine that has DuckDB report what each statement scanned."""

    name = "duckdb"

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.inner: Engine = warehouse.engine
        self.connection = warehouse.connection
        self.profile = folder / "profile.json"
        self.scanned: Counter[str] = Counter()
        self.connection.execute("PRAGMA enable_profiling = 'json'")
        self.connection.execute(f"PRAGMA profiling_output = '{self.profile}'")

    def table(self, schema: str, name: str) -> Any:
        return self.inner.table(schema, name)

    def release(self) -> None:
        self.inner.release()

    def hold(self, expr: Any) -> Any:
        found = self.inner.hold(expr)
        self._add()
        return found

    def execute(self, expr: Any) -> Any:
        found = self.inner.execute(expr)
        self._add()
        return found

    def _add(self) -> None:
        for operator in json.loads(self.profile.read_text())["operator"]:
            self._walk(operator)

    def _walk(self, node: dict[str, Any]) -> None:
        info = node.get("extra_info") or {}
        table = str(info.get("Table", ""))
        if table.endswith(("predictions", "outcomes")):
            projected = info.get("Projections") or []
            for column in [projected] if isinstance(projected, str) else projected:
                self.scanned[f"{table.rsplit('.', 1)[-1].strip(chr(34))}.{column}"] += int(node["rows_scanned"])
        for child in node.get("children", []):
            self._walk(child)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Watched, Log]]:
    with open_warehouse(WarehouseConfig(path=tmp_path / "w.duckdb")) as warehouse:
        warehouse.connection.execute('CREATE SCHEMA "model:small"')
        for name, frame in zip(("predictions", "outcomes"), small_log(ROWS), strict=True):
            warehouse.connection.register("frame", frame)
            warehouse.connection.execute(f'CREATE TABLE "model:small".{name} AS FROM frame')
            warehouse.connection.unregister("frame")
        engine = Watched(warehouse, tmp_path)
        log = Log(predictions=engine.table("model:small", "predictions"), outcomes=engine.table("model:small", "outcomes"), model=MODEL)
        yield engine, log


def test_every_column_is_read_at_most_twice(watched: tuple[Watched, Log]) -> None:
    """Groups, outcome and score once for the facts; a feature once for its bins and once for its moments."""
    engine, log = watched
    bins = frozen(small_log(ROWS)[0])
    for side in ("prediction", "outcome"):
        count(engine, log, bins, side, None, {})  # type: ignore[arg-type]
    own = {name: n for name, n in engine.scanned.items() if ".candor:" not in name}
    assert own, "the profile named no scanned column: the test would prove nothing"
    assert {"predictions.x", "predictions.sex", "outcomes.outcome"} <= own.keys()
    for name, rows in own.items():
        limit = 3 if name == "predictions.score" else 2  # the score is a feature and the key of the outcome side
        assert rows <= limit * ROWS, f"{name} was read {rows / ROWS:.1f} times"
