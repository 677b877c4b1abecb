"""Bad input: one clear sentence or a quarantined line, never a crash, and nothing else is lost."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.errors import CandorError, UsageError
from tests.connectors.world import COLUMNS, HEADER, World, csv_rows

LOG = '"model:m".predictions'


def refused(world: World, kind: type[CandorError], *parts: str) -> None:
    """Ingest fails with this class, one line that has all the parts, and has stored nothing."""
    with pytest.raises(CandorError) as caught:
        world.ingest()
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert "\n" not in message
    for part in parts:
        assert part in message
    assert not world.config.warehouse.path.exists() or world.sql("FROM candor.ledger") == []


def quarantine(world: World) -> list[tuple[int, str | None, str]]:
    return [(row[0], row[1], row[2]) for row in world.sql('SELECT line, "column", reason FROM candor.quarantine ORDER BY line')]


def test_missing_file_names_the_nearest(world: World) -> None:
    world.write("logs.csv", HEADER)
    refused(world, UsageError, "there is no file log.csv", 'did you mean "logs.csv"?')


def test_a_glob_without_files_and_a_folder(world: World) -> None:
    world.configure(path="none-*.csv")
    refused(world, UsageError, 'no file matches "none-*.csv"')
    (world.folder / "logs").mkdir()
    world.configure(path="logs")
    refused(world, UsageError, "logs is a folder", "logs/*.csv")


def test_empty_csv(world: World) -> None:
    world.write("log.csv", "")
    refused(world, CandorError, "log.csv: is empty")


def test_a_header_alone_is_a_log_without_rows(world: World) -> None:
    world.write("log.csv", HEADER)
    (row,) = world.ingest()
    assert (row.received, row.accepted, row.complete) == (0, 0, True)


def test_a_semicolon_file_is_understood(world: World) -> None:
    world.write("log.csv", (HEADER + csv_rows([1, 2])).replace(",", ";"))
    (row,) = world.ingest()
    assert row.accepted == 2


def test_wrong_delimiter(world: World) -> None:
    world.write("log.csv", (HEADER + csv_rows([1])).replace(",", "~"))
    refused(world, UsageError, "log.csv", "single column 'id~at~score~decision~outcome'", 'delimiter = "~"')
    world.configure(source='delimiter = "~"')
    (row,) = world.ingest()
    assert row.accepted == 1


@pytest.mark.parametrize(
    ("header", "kind", "part"),
    [
        ("id,at,scor,decision,outcome", UsageError, 'columns.score is "score"'),
        ("id,at,score,decision,outcome,id", CandorError, 'the column "id" occurs twice'),
        ("id,at,score,decision,outcome,Score", CandorError, 'the columns "score" and "Score" differ only in case'),
        ("id,at,score,decision,outcome,a\x00b", CandorError, "contains a NUL character"),
        ("id,at,score,decision,outcome,candor:row", CandorError, 'starts with "candor:"'),
        ("id,at,score,decision,outcome," + "x" * 201, CandorError, "longer than 200 characters"),
        ("id,at,score,decision,outcome," + ",".join(f"c{i}" for i in range(5000)), CandorError, "5005 columns"),
    ],
)
def test_bad_headers(world: World, header: str, kind: type[CandorError], part: str) -> None:
    world.write("log.csv", header + "\n")
    refused(world, kind, "log.csv", part)


def test_a_missing_column_names_the_nearest(world: World) -> None:
    world.configure(model='protected = ["gender"]')
    world.write("log.csv", "id,at,score,decision,outcome,Gender\n")
    refused(world, UsageError, 'models.m.protected[0] is "gender"', 'did you mean "Gender"?')


def test_right_to_left_and_quoted_names_and_values(world: World) -> None:
    name = 'גיל "x"; DROP TABLE candor.ledger; --'
    value = "'); DROP SCHEMA candor CASCADE; -- ''"
    world.configure(model=f"segments = [{json.dumps(name)}]")
    world.write("log.jsonl", json.dumps({"id": 1, "at": "2026-01-01", "score": 0.5, "decision": 1, "outcome": 1, name: value}) + "\n")
    world.configure(path="log.jsonl", model=f"segments = [{json.dumps(name)}]")
    (row,) = world.ingest()
    assert row.accepted == 1
    columns = [found[0] for found in world.sql(f"DESCRIBE {LOG}")]
    assert columns[-1] == name
    assert world.sql(f"FROM {LOG}")[0][-1] == value


def test_structural_errors_are_quarantined_with_their_lines(world: World) -> None:
    good = csv_rows
    body = (
        good([1]).encode()                                    # 2
        + b"2,2026-01-01,0.5\n"                               # 3
        + b"3,2026-01-01,0.5,1,1,extra\n"                     # 4
        + b'4,"never closed,0.5,1,1\n'                        # 5
        + good([5]).encode()                                  # 6
        + b"6,2026-01-01,\xff\xfe,1,1\n"                      # 7
        + b"7,2026-01-01,0\x005,1,1\n"                        # 8
        + b"8,2026-01-01,0.5,1," + b"1" * 1_100_000 + b"\n"   # 9
        + b'9,"2026-01-01"x,0.5,1,1\n'                        # 10
        + b"\n"                                               # 11
        + good([10]).encode()                                 # 12
    )  # fmt: skip
    world.write("log.csv", HEADER.encode() + body)
    (row,) = world.ingest()
    assert (row.received, row.accepted, row.quarantined, row.next_line) == (10, 3, 7, 13)
    assert quarantine(world) == [
        (3, None, "3 values where the header has 5"),
        (4, None, "6 values where the header has 5"),
        (5, None, "a quote is opened and never closed"),
        (7, None, "the line is not valid UTF-8"),
        (8, None, "the line contains a NUL byte"),
        (9, None, "the line is longer than 1 MB"),
        (10, None, "the quotes do not match"),
    ]
    assert world.sql(f"SELECT id FROM {LOG} ORDER BY 1") == [(1,), (5,), (10,)]


def test_a_quoted_value_may_span_lines_and_hold_delimiters(world: World) -> None:
    world.write("log.csv", HEADER.strip() + ',note\n1,2026-01-01,0.5,1,1,"a, ""b""\nc"\n2,2026-01-01,0.5,1,1,5\'11"\n')
    (row,) = world.ingest()
    assert (row.accepted, row.quarantined) == (2, 0)
    assert world.sql(f'SELECT note, "candor:line" FROM {LOG} ORDER BY id') == [('a, "b"\nc', 2), ("5'11\"", 4)]


def test_json_lines_that_are_not_rows(world: World) -> None:
    row = {"id": 1, "at": "2026-01-01", "score": 0.5, "decision": 1, "outcome": 1}
    deep = "[" * 20_000 + "]" * 20_000
    lines = [
        json.dumps(row),
        '{"id": 2, "at":',
        '{"id": 3, "x": ' + deep + "}",
        "[1, 2]",
        json.dumps(row | {"id": 5, "note": "a\x00b"}),
        json.dumps(row | {"id": 6, "note": "\ud800"}),
        json.dumps(row | {"id": 7, "bad\x00key": 1}),
        json.dumps(row | {"id": 8, "nested": {"a": [1, "é"]}}),
    ]
    world.write("log.jsonl", "\n".join(lines))
    world.configure(path="log.jsonl")
    (found,) = world.ingest()
    assert (found.received, found.accepted, found.quarantined) == (8, 2, 6)
    reasons = [(line, reason) for line, _, reason in quarantine(world)]
    assert [line for line, _ in reasons] == [2, 3, 4, 5, 6, 7]
    assert "not valid JSON" in reasons[0][1]
    assert "nested deeper than 128" in reasons[1][1]
    assert "not a JSON object" in reasons[2][1]
    assert "NUL" in reasons[5][1]
    assert world.sql(f"SELECT nested FROM {LOG} WHERE id = 8") == [('{"a": [1, "é"]}',)]


def test_a_json_array_is_explained(world: World) -> None:
    world.write("log.json", "[{}]")
    world.configure(path="log.json")
    refused(world, CandorError, "is one JSON array", "JSON lines")


def test_json_keys_that_differ_in_case(world: World) -> None:
    world.write("log.jsonl", '{"id": 1, "at": "2026-01-01", "score": 1, "decision": 1, "outcome": 1, "ID": 2}')
    world.configure(path="log.jsonl")
    refused(world, CandorError, '"id" and "ID" differ only in case')


def test_json_rows_may_leave_keys_out(world: World) -> None:
    world.write(
        "log.jsonl",
        '{"id": 1, "at": "2026-01-01", "score": 0.5, "decision": 1}\n{"at": "2026-01-01", "score": 1, "decision": 0, "id": 2}\n',
    )
    world.configure(path="log.jsonl")
    (row,) = world.ingest()
    assert (row.accepted, row.outcomes) == (2, 0)
    world.write("log.jsonl", '{"score": 0.5, "decision": 1, "outcome": 1}\n{"id": 3, "at": "2026-01-01", "outcome": 1}\n')
    (row,) = world.ingest()
    assert (row.accepted, row.quarantined, row.outcomes) == (1, 1, 1)
    world.write("log.jsonl", '{"score": 0.5, "decision": 1, "outcome": 1}\n')
    (row,) = world.ingest()
    assert (row.accepted, row.quarantined) == (0, 1)


def test_json_without_a_configured_key(world: World) -> None:
    world.write("log.jsonl", '{"id": 1, "at": "2026-01-01", "scor": 0.5, "decision": 1}')
    world.configure(path="log.jsonl")
    refused(world, UsageError, 'columns.score is "score"', 'did you mean "scor"?')


def test_a_file_name_with_brackets(world: World) -> None:
    connection = duckdb.connect()
    query = "SELECT 1 AS id, TIMESTAMP '2026-01-01' AS at, 0.5 AS score, 1 AS decision, 1 AS outcome"
    connection.execute(f"COPY ({query}) TO '{world.folder / 'log[1]*.parquet'}' (FORMAT parquet)")
    world.configure(path="log[1]*.parquet")
    (row,) = world.ingest()
    assert row.accepted == 1


def test_a_typed_column_whose_type_changes(world: World) -> None:
    connection = duckdb.connect()
    fixed = "TIMESTAMP '2026-01-01' AS at, 0.5 AS score, 1 AS decision, 1 AS outcome"
    values = ["1.5::DOUBLE", "TIMESTAMP '2026-01-01'", "'abc'", "[1, 2]", "true", "7::BIGINT", "DATE '2026-01-01'", "2.5::DECIMAL(9, 2)"]
    for i, value in enumerate(values):
        connection.execute(f"COPY (SELECT {i} AS id, {fixed}, {value} AS x) TO '{world.folder / f'{i}.parquet'}' (FORMAT parquet)")
    world.configure(path="*.parquet")
    world.ingest()
    assert world.sql(f"SELECT id, x FROM {LOG} ORDER BY id") == [(0, 1.5), (4, 1.0), (5, 7.0), (7, 2.5)]
    assert {reason.split("' ")[1] for _, _, reason in quarantine(world)} == {"is not a number"}
    assert world.one("SELECT count(*) FROM candor.quarantine") == 4


@pytest.mark.parametrize("name", ["log.csv.gz", "log.csv.zst", "log.parquet"])
def test_a_damaged_file(world: World, name: str) -> None:
    data = gzip.compress((HEADER + csv_rows(range(5000))).encode())[:-2000]
    data = data if name.endswith("gz") else b"\x28\xb5\x2f\xfd\x04\x00" if name.endswith("zst") else b"PAR1 and no more"
    world.write(name, data)
    world.configure(path=name)
    refused(world, CandorError, name)


def test_utf16_is_named(world: World) -> None:
    world.write("log.csv", HEADER.encode("utf-16"))
    refused(world, CandorError, "is UTF-16 text")


def test_a_type_that_changes_midway(world: World) -> None:
    world.configure(path="*.csv")
    world.write("a.csv", HEADER.strip() + ",income,ok\n" + "".join(f"{i},2026-01-01,0.5,1,1,{i},true\n" for i in range(3)))
    world.write(
        "b.csv", HEADER.strip() + ",income,ok\n8,2026-01-01,0.5,1,1,abc,true\n9,2026-01-01,oops,1,1,4,maybe\n10,2026-01-01,,1,1,NA,\n"
    )
    first, second = world.ingest()
    assert (first.quarantined, second.accepted, second.quarantined) == (0, 1, 2)
    assert quarantine(world) == [
        (2, "income", "column \"income\": 'abc' is not a whole number"),
        (3, "score", "column \"score\": 'oops' is not a number"),
    ]
    assert json.loads(world.one("SELECT row FROM candor.quarantine WHERE line = 2"))["income"] == "abc"
    assert world.sql(f"SELECT id, income FROM {LOG} WHERE id > 5") == [(10, None)]


def test_codes_with_leading_zeros_stay_text(world: World) -> None:
    world.write(
        "log.csv", HEADER.strip() + ",zip\n" + "".join(f"{i},2026-01-01,0.5,1,1,{zip}\n" for i, zip in enumerate(["02139", "10001"]))
    )
    world.ingest()
    assert world.sql(f"SELECT zip FROM {LOG} ORDER BY id") == [("02139",), ("10001",)]


def test_nan_and_infinity_become_null_and_are_remembered(world: World) -> None:
    header = HEADER.strip() + ",x,y\n"
    world.write(
        "log.csv",
        header + "1,2026-01-01,0.5,1,1,NaN,1.5\n2,2026-01-01,0.5,1,1,2,-inf\n3,2026-01-01,inf,1,1,,3\n4,2026-01-01,0.5,1,nan,1,1\n",
    )
    world.ingest()
    expected = [(1, None, 1.5, ["x"]), (2, 2.0, None, ["y"]), (3, None, 3.0, ["score"]), (4, 1.0, 1.0, None)]
    assert world.sql(f'SELECT id, x, y, "candor:nonfinite" FROM {LOG} ORDER BY id') == expected
    connection = duckdb.connect()
    connection.execute(
        "COPY (SELECT id + 10 AS id, TIMESTAMP '2026-01-01' AS at, 0.5 AS score, 1 AS decision, 1 AS outcome, x::DOUBLE AS x, y::FLOAT AS y"
        " FROM (VALUES (1, 'nan', '1'), (2, 'inf', 'nan'), (3, NULL, '2')) t(id, x, y))"
        f" TO '{world.folder / 'log.parquet'}'"
    )
    world.configure(path="log.parquet")
    world.ingest()
    expected = [(11, None, 1.0, ["x"]), (12, None, None, ["x", "y"]), (13, None, 2.0, None)]
    assert world.sql(f'SELECT id, x, y, "candor:nonfinite" FROM {LOG} WHERE id > 10 ORDER BY id') == expected


def test_missing_ids_and_bad_times(world: World) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S")
    soon = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [",2026-01-01", "2,", "3,soon", f"4,{ahead}", f"5,{soon}", "6,infinity"]
    world.write("log.csv", HEADER + "".join(f"{row},0.5,1,1\n" for row in rows))
    (row,) = world.ingest()
    assert (row.accepted, row.quarantined) == (1, 5)
    assert quarantine(world) == [
        (2, "id", "the id is missing"),
        (3, "at", "the time is missing"),
        (4, "at", "column \"at\": 'soon' is not a time"),
        (5, "at", f"column \"at\": '{ahead}' is in the future"),
        (7, "at", "column \"at\": 'infinity' is not a time"),
    ]


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2026-01-01T10:00:00+02:00", "2026-01-01 08:00:00"),
        ("2026-01-01 10:00:00", "2026-01-01 10:00:00"),
        ("2026-01-01T10:00:00Z", "2026-01-01 10:00:00"),
        ("2016", "2016-01-01 00:00:00"),
        ("20160229", "2016-02-29 00:00:00"),
        ("1767261600", "2026-01-01 10:00:00"),
        ("1767261600000", "2026-01-01 10:00:00"),
        ("1767261600000000", "2026-01-01 10:00:00"),
        ("1767261600000000000", "2026-01-01 10:00:00"),
        ("1767261600.5", "2026-01-01 10:00:00.5"),
    ],
)
def test_times_of_every_kind(world: World, given: str, utc: str) -> None:
    world.write("log.csv", HEADER + f"1,{given},0.5,1,1\n")
    world.ingest()
    assert world.one(f'SELECT CAST("candor:time" AS VARCHAR) FROM {LOG}') == utc


def test_mixed_time_zones_in_one_file(world: World) -> None:
    world.write("log.csv", HEADER + "1,2026-01-01T00:30:00+02:00,0.5,1,1\n2,2025-12-31T22:30:00Z,0.5,1,1\n3,2025-12-31 22:30:00,0.5,1,1\n")
    world.ingest()
    assert world.sql(f'SELECT DISTINCT CAST("candor:time" AS VARCHAR) FROM {LOG}') == [("2025-12-31 22:30:00",)]


def test_a_score_that_is_text(world: World) -> None:
    world.write("log.csv", HEADER + "1,2026-01-01,high,1,1\n2,2026-01-01,low,1,1\n")
    refused(world, UsageError, '"score" is mapped to score and must hold numbers')


def test_a_favorable_value_that_never_occurs(world: World) -> None:
    world.configure(model='favorable = "Approve"')
    world.write("log.csv", HEADER + "1,2026-01-01,0.5,approved,1\n2,2026-01-01,0.5,denied,0\n")
    with pytest.raises(UsageError, match=r"favorable is 'Approve'.*approved, denied; did you mean \"approved\""):
        world.ingest()
    world.configure(model='favorable = "approved"')
    assert world.ingest() == []  # the rows were stored; only the configuration had to change


def test_one_class_only_is_a_valid_log(world: World) -> None:
    world.write("log.csv", HEADER + "1,2026-01-01,0.5,0,0\n2,2026-01-01,0.5,0,0\n")
    (row,) = world.ingest()
    assert row.accepted == 2


def test_an_unknown_source_kind_lists_those_that_exist(world: World) -> None:
    world.configure(sources='[[models.m.sources]]\nkind = "fil"\npath = "log.csv"\n')
    refused(world, UsageError, 'no source kind "fil"', 'did you mean "file"?')


def test_an_id_mapping_cannot_change_under_a_stored_log(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    world.configure(columns=COLUMNS.replace('id = "id"', 'id = "at"').replace('time = "at"', ""))
    with pytest.raises(UsageError, match=r'columns.id is "at", but the stored log was matched by "id"'):
        world.ingest()


def test_unreadable_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("log.csv", HEADER)
    plain = Path.open

    def denied(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "log.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return plain(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", denied)
    refused(world, CandorError, "log.csv: cannot be read (Permission denied)")
