"""What ingest promises: nothing lost, nothing doubled, every row numbered, every outcome found."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import CandorError, UsageError
from connectors.ingest import relayout, resolve_window
from connectors.warehouse import open_warehouse
from tests.connectors.world import COLUMNS, HEADER, World, csv_rows

LOG = '"model:m".predictions'
OUTCOMES = '"model:m".outcomes'


def as_format(csv: str, name: str, folder: Path) -> None:
    """The same rows in another format; times and numbers keep their own types where the format has types."""
    target = str(folder / name).removesuffix(".gz").removesuffix(".zst")
    (folder / "plain.csv").write_text(csv)
    query = f"SELECT * FROM read_csv('{folder / 'plain.csv'}')"
    options = {
        "csv": "FORMAT csv, HEADER",
        "tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
        "jsonl": "FORMAT json",
        "parquet": "FORMAT parquet",
    }
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"COPY ({query}) TO '{target}' ({options[Path(target).suffix[1:]]})")
    connection.close()
    (folder / "plain.csv").unlink()
    data = Path(target).read_bytes()
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(data))
        Path(target).unlink()
    if name.endswith(".zst"):
        with pa.output_stream(str(folder / name), compression="zstd") as stream:
            stream.write(data)
        Path(target).unlink()


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.csv.zst", "a.tsv.gz", "a.jsonl.gz", "a.jsonl.zst"]
)
def test_every_format_stores_the_same_rows(world: World, name: str) -> None:
    as_format(HEADER + csv_rows([1, 2]) + csv_rows([3], day=2, outcome=0), name, world.folder)
    world.configure(path=name)
    (row,) = world.ingest()
    assert (row.received, row.accepted, row.duplicate, row.quarantined, row.outcomes) == (3, 3, 0, 0, 3)
    found = world.sql(f'SELECT id, "candor:key", "candor:row", CAST("candor:time" AS VARCHAR), score, decision FROM {LOG} ORDER BY id')
    assert found == [
        (1, 1, 0, "2026-01-01 10:00:00", 0.5, 1),
        (2, 2, 1, "2026-01-01 10:00:00", 0.5, 1),
        (3, 3, 2, "2026-01-02 10:00:00", 0.5, 1),
    ]
    assert world.sql(f'SELECT "candor:key", outcome FROM {OUTCOMES} ORDER BY 1') == [(1, 1), (2, 1), (3, 0)]


def test_a_glob_is_read_in_sorted_order(world: World) -> None:
    for name, ids in (("b.csv", [3, 4]), ("a.csv", [1, 2]), ("c.csv", [5])):
        world.write(f"logs/{name}", HEADER + csv_rows(ids))
    world.configure(path="logs/*.csv")
    rows = world.ingest()
    assert [row.path for row in rows] == ["logs/a.csv", "logs/b.csv", "logs/c.csv"]
    assert world.sql(f'SELECT id FROM {LOG} ORDER BY "candor:row"') == [(1,), (2,), (3,), (4,), (5,)]


def test_the_same_file_again_changes_nothing(world: World) -> None:
    path = world.write("log.csv", HEADER + csv_rows(range(10)))
    world.ingest()
    before = world.dump()
    assert world.ingest() == []
    assert world.dump() == before
    os.utime(path, ns=(1, 1))  # touched: another time stamp, the same content
    assert world.ingest() == []
    after = world.dump()
    after.pop("candor.ledger"), before.pop("candor.ledger")
    assert after == before


def test_a_changed_file_counts_its_repeated_ids_as_duplicates(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1, 2, 3]))
    world.ingest()
    world.write("log.csv", HEADER + csv_rows([1, 2, 3]) + csv_rows([4, 5]))
    (row,) = world.ingest()
    assert (row.batch, row.received, row.accepted, row.duplicate) == (2, 5, 2, 3)
    assert world.sql(f'SELECT id FROM {LOG} ORDER BY "candor:row"') == [(1,), (2,), (3,), (4,), (5,)]


def test_a_changed_file_without_ids_replaces_its_rows(world: World) -> None:
    columns = '[models.m.columns]\nscore = "score"\noutcome = "outcome"\n'
    world.configure(columns=columns, path="*.csv")
    world.write("a.csv", "score,outcome\n0.1,0\n0.2,1\n")
    world.write("b.csv", "score,outcome\n0.3,0\n0.4,1\n")
    world.ingest()
    world.write("a.csv", "score,outcome\n0.5,1\n")
    (row,) = world.ingest()
    assert (row.received, row.accepted, row.duplicate) == (1, 1, 0)
    assert world.sql(f'SELECT score FROM {LOG} ORDER BY "candor:row"') == [(0.3,), (0.4,), (0.5,)]
    joined = f'SELECT score, outcome FROM {LOG} JOIN {OUTCOMES} USING ("candor:key") ORDER BY score'
    assert world.sql(joined) == [(0.3, 0), (0.4, 1), (0.5, 1)]


def test_a_renamed_file_is_not_read_again(world: World) -> None:
    world.configure(columns='[models.m.columns]\nscore = "score"\n', path="*.csv")
    path = world.write("a.csv", "score\n0.1\n0.2\n")
    world.ingest()
    path.rename(world.folder / "z.csv")
    assert world.ingest() == []
    assert world.sql("SELECT path, received FROM candor.ledger") == [("z.csv", 2)]


SPLIT = """
[[models.m.sources]]
path = "p.csv"
rows = "predictions"
[[models.m.sources]]
path = "o*.csv"
rows = "outcomes"
"""


@pytest.mark.parametrize("order", [("p", "o"), ("o", "p"), ("po",)])
def test_outcomes_may_come_before_with_or_after_predictions(world: World, order: tuple[str, ...]) -> None:
    predictions, outcomes = (
        "id,at,score,decision\n1,2026-01-01,0.5,1\n2,2026-01-02,0.5,1\n3,2026-01-03,0.5,1\n",
        "id,outcome\n2,1\n3,\n9,0\n",
    )
    first, second = SPLIT.split("[[models.m.sources]]")[1:]
    both = {"p": f"[[models.m.sources]]{first}", "o": f"[[models.m.sources]]{second}"}
    world.write("p.csv", predictions)
    world.write("o.csv", outcomes)
    sources = ""
    for step in order:
        sources += "".join(both[name] for name in step)
        world.configure(sources=sources)
        world.ingest()
    found = world.sql(f'SELECT id, outcome FROM {LOG} LEFT JOIN {OUTCOMES} USING ("candor:key") ORDER BY id')
    assert found == [(1, None), (2, 1), (3, None)]
    assert world.sql(f'SELECT "candor:key", outcome FROM {OUTCOMES} ORDER BY 1') == [(2, 1), (9, 0)]
    assert "outcome" not in {row[0] for row in world.sql(f"DESCRIBE {LOG}")}


def test_late_outcomes_dirty_only_the_partitions_they_belong_to(world: World) -> None:
    world.configure(sources=SPLIT, model='window = "1d"')
    world.write("p.csv", "id,at,score,decision\n1,2026-01-01,0.5,1\n2,2026-01-02,0.5,1\n3,2026-01-03,0.5,1\n")
    world.write("o1.csv", "id,outcome\n1,0\n")
    world.ingest()
    with open_warehouse(world.config.warehouse) as warehouse:
        warehouse.connection.execute("UPDATE candor.partitions SET prediction_dirty = FALSE, outcome_dirty = FALSE")
    world.write("o2.csv", "id,outcome\n1,1\n2,1\n")  # 1 is known already: the first known outcome stays
    (row,) = world.ingest()
    assert (row.accepted, row.duplicate, row.outcomes) == (1, 1, 1)
    found = world.sql("SELECT partition, prediction_dirty, outcome_dirty FROM candor.partitions ORDER BY 1")
    assert found == [(0, False, False), (1, False, True), (2, False, False)]
    assert world.one(f'SELECT outcome FROM {OUTCOMES} WHERE "candor:key" = 1') == 0


def test_outcomes_filled_in_later_in_a_file_with_both(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1, 2], outcome="") + csv_rows([3], outcome=1))
    world.ingest()
    world.write("log.csv", HEADER + csv_rows([1], outcome=0) + csv_rows([2], outcome="") + csv_rows([3], outcome=0))
    (row,) = world.ingest()
    assert (row.received, row.accepted, row.duplicate, row.outcomes) == (3, 0, 3, 1)
    assert world.sql(f'SELECT "candor:key", outcome FROM {OUTCOMES} ORDER BY 1') == [(1, 0), (3, 1)]


def test_a_shadow_deployment_logs_the_same_id_twice(world: World) -> None:
    world.configure(columns=COLUMNS + 'version = "v"\n')
    world.write("log.csv", "id,at,score,decision,outcome,v\n1,2026-01-01,0.5,1,1,a\n1,2026-01-01,0.6,1,1,b\n1,2026-01-01,0.7,1,1,a\n")
    (row,) = world.ingest()
    assert (row.accepted, row.duplicate, row.outcomes) == (2, 1, 1)
    assert world.sql("SELECT version, rows FROM candor.partitions ORDER BY 1") == [("a", 1), ("b", 1)]


def test_rows_before_until_are_the_reference_and_are_numbered_apart(world: World) -> None:
    world.configure(model='window = "1d"\n[models.m.reference]\nuntil = 2026-01-03\n[models.m.policy]')
    world.write("log.csv", HEADER + csv_rows([1], day=2) + csv_rows([2], day=4) + csv_rows([3], day=1) + csv_rows([4], day=5))
    world.ingest()
    found = f'SELECT id, reference, "candor:row" FROM {LOG} JOIN candor.partitions ON partition = "candor:partition" ORDER BY id'
    assert world.sql(found) == [(1, True, 0), (2, False, 0), (3, True, 1), (4, False, 1)]
    # The same log under another reference: numbered again, as if it had been ingested like that.
    world.configure(model='window = "2 rows"\n[models.m.reference]\nrows = 1\n[models.m.policy]')
    with open_warehouse(world.config.warehouse) as warehouse:
        model = world.config.model("m")
        assert relayout(warehouse, model) is True
        assert relayout(warehouse, model) is False
    world.check_laws()
    assert world.sql(found) == [(1, True, 0), (2, False, 0), (3, False, 1), (4, False, 2)]
    assert world.sql("SELECT reference, bucket, rows, prediction_dirty FROM candor.partitions ORDER BY partition") == [
        (True, 0, 1, True), (False, 0, 2, True), (False, 1, 1, True),
    ]  # fmt: skip


def test_the_default_window_is_the_smallest_with_at_most_sixty(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1], day=1) + csv_rows([2], day=3))
    world.ingest()
    assert world.one("SELECT bucket_unit FROM candor.layouts") == "hour"
    world.write("log.csv", HEADER + csv_rows([1], day=1) + csv_rows([2], day=3) + csv_rows([3], day=9))
    world.ingest()
    assert world.one("SELECT bucket_unit FROM candor.layouts") == "day"
    with open_warehouse(world.config.warehouse) as warehouse:
        assert resolve_window(warehouse, world.config.model("m")) == "1d"


def test_new_columns_and_wider_types_in_later_files(world: World) -> None:
    world.configure(path="*.csv")
    world.write("a.csv", "id,at,score,decision,outcome,x,empty\n1,2026-01-01,0.5,1,1,7,\n")
    world.write("b.csv", "id,at,score,decision,outcome,x,empty,new\nA2,2026-01-01,0.5,1,1,7.5,3,hi\n")
    world.ingest()
    types = {row[0]: row[1] for row in world.sql(f"DESCRIBE {LOG}")}
    assert (types["id"], types["candor:key"], types["x"], types["new"], types["empty"]) == (
        "VARCHAR",
        "VARCHAR",
        "DOUBLE",
        "VARCHAR",
        "BIGINT",
    )
    assert world.sql(f'SELECT id, x, empty, new FROM {LOG} ORDER BY "candor:row"') == [("1", 7.0, None, None), ("A2", 7.5, 3, "hi")]


def test_a_big_file_is_committed_in_stretches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.files.PARQUET_ROWS", 7)
    monkeypatch.setattr("connectors.files.TEXT_ROWS", 5)
    monkeypatch.setattr("connectors.delimited.BLOCK", 200)
    monkeypatch.setattr("connectors.ingest.COMMIT_ROWS", 5)
    for name in ("a.csv", "b.parquet", "c.jsonl.gz"):
        start = ord(name[0]) * 100
        as_format(HEADER + csv_rows(range(start, start + 50)) + csv_rows([start]), name, world.folder)
    world.configure(path="?.*")
    rows = world.ingest()
    assert [(row.received, row.accepted, row.duplicate, row.complete) for row in rows] == [(51, 50, 1, True)] * 3
    ids = [row[0] for row in world.sql(f'SELECT id FROM {LOG} ORDER BY "candor:row"')]
    assert ids == [ord(letter) * 100 + i for letter in "abc" for i in range(50)]


def test_an_interrupted_file_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.files.TEXT_ROWS", 5)
    monkeypatch.setattr("connectors.delimited.BLOCK", 200)
    monkeypatch.setattr("connectors.ingest.COMMIT_ROWS", 5)
    world.write("log.csv", HEADER + csv_rows(range(60)))
    from connectors.store import Store

    plain = Store.store
    calls = 0

    def failing(self: Store, *args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return plain(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "store", failing)
    with pytest.raises(KeyboardInterrupt):
        world.ingest()
    stored = world.one(f"SELECT count(*) FROM {LOG}")
    assert 0 < stored < 60
    assert world.sql("SELECT complete, received, next_line FROM candor.ledger") == [(False, stored, stored + 2)]
    monkeypatch.setattr(Store, "store", plain)
    (row,) = world.ingest()
    assert (row.batch, row.received, row.accepted, row.complete) == (1, 60, 60, True)


def test_nothing_is_stored_when_ctrl_c_comes_before_the_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    before = world.dump()
    world.write("log.csv", HEADER + csv_rows([1, 2]))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("connectors.ingest._Run._record", interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.ingest()
    assert world.dump() == before


def test_a_file_that_changes_while_it_is_read_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.write("log.csv", HEADER + csv_rows([1]))
    from connectors.store import Store

    plain = Store.store

    def writing(self: Store, *args: object) -> object:
        with path.open("a") as log:
            log.write(csv_rows([2]))
        return plain(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Store, "store", writing)
        with pytest.raises(CandorError, match="changed while it was being read"):
            world.ingest()
    (row,) = world.ingest()
    assert row.accepted == 2


cell = st.sampled_from(["1", "2", "3", "", "x", '"', '"a,b"', "nan", "2026-01-01", "\x00", "é", "\n", "1.5", '"multi\nline"'])
line = st.lists(cell, min_size=1, max_size=5).map(",".join)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(line, max_size=12), min_size=1, max_size=3), seed=st.integers(0, 2**16))
def test_the_ledger_adds_up_for_any_bytes(tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], seed: int) -> None:
    folder = tmp_path_factory.mktemp("world")
    world = World(folder)
    world.configure(path="*.csv", model='task = "regression"', columns='[models.m.columns]\nid = "a"\ntime = "b"\noutcome = "c"\n')
    shuffled = random.Random(seed)
    for position, lines in enumerate(files):
        good = [f"{shuffled.randrange(6)},2026-01-0{shuffled.randrange(1, 9)},{shuffled.choice(['', 0, 1])}" for _ in range(5)]
        mixed = lines + good
        shuffled.shuffle(mixed)
        world.write(f"{position}.csv", "a,b,c\n" + "\n".join(mixed) + "\n")
    try:
        rows = world.ingest()
    except UsageError as refused:  # a quote may swallow every good line of a file: then no outcome in it is a number
        if "must hold numbers" not in str(refused):
            raise
        return
    assert len(rows) == len(files)
    before = world.dump()
    assert world.ingest() == []
    assert world.dump() == before
