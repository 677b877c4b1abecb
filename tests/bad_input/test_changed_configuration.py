"""A configuration that changed after the log was stored: refused in one sentence, or followed; never at the cost of rows."""

from __future__ import annotations

import json

import pytest

from tests.bad_input.conftest import COLUMNS, Place


@pytest.fixture
def stored(place: Place) -> Place:
    """A log that has been ingested."""
    assert place.candor("ingest").code == 0
    return place


def rows_left(place: Place) -> int:
    ((count,),) = place.sql('SELECT count(*) FROM "model:m".predictions')
    return int(count)


@pytest.mark.parametrize(
    ("column", "said"),
    [("nosuch", "the stored log has no such column"), ("sex", "120 of the 120 stored rows hold no time there")],
)
def test_another_clock_never_costs_rows(stored: Place, column: str, said: str) -> None:
    stored.configure(columns=COLUMNS | {"time": column})
    for words in (["audit"], ["audit", "--window", "1w"]):
        done = stored.candor(*words)
        assert done.code == 2
        assert f'models.m.columns.time is "{column}"' in done.sentence
        assert said in done.sentence
        assert rows_left(stored) == 120
    stored.configure()
    assert stored.candor("audit").code == 0


@pytest.mark.parametrize(
    ("key", "model", "columns"),
    [
        ("columns.score", "", {"score": "nosuch"}),
        ("columns.decision", "", {"decision": "nosuch"}),
        ("columns.version", "", {"version": "nosuch"}),
        ("protected[0]", 'protected = ["nosuch"]', {}),
        ("segments[0]", 'segments = ["nosuch"]', {}),
        ("features[0]", 'features = ["nosuch"]', {}),
    ],
)
def test_a_column_that_the_stored_log_lacks(stored: Place, key: str, model: str, columns: dict[str, str]) -> None:
    stored.configure(model=model, columns=COLUMNS | columns)
    done = stored.candor("audit")
    assert done.code == 2
    assert f'candor.toml: models.m.{key} is "nosuch", but the stored log has no such column' in done.sentence


@pytest.mark.parametrize(
    ("key", "model", "columns"),
    [("columns.score", "", {"score": "sex"}), ("protected[0].edges", 'protected = [{ column = "region", edges = [1, 2] }]', {})],
)
def test_text_where_numbers_are_needed(stored: Place, key: str, model: str, columns: dict[str, str]) -> None:
    stored.configure(model=model, columns=COLUMNS | columns)
    done = stored.candor("audit")
    assert done.code == 2
    assert f"models.m.{key} needs numbers" in done.sentence
    assert "holds text" in done.sentence


def test_another_outcome_is_refused_by_the_audit_too(stored: Place) -> None:
    stored.configure(columns=COLUMNS | {"outcome": "region"})
    for command in ("audit", "ingest"):
        done = stored.candor(command)
        assert done.code == 2
        assert 'columns.outcome is "region", but the stored log was matched by "outcome"' in done.sentence


def test_a_model_whose_name_differs_only_in_case(stored: Place) -> None:
    stored.configure(name="M")
    done = stored.candor("ingest")
    assert done.code == 2
    assert 'the model "M" differs only in case from "m"' in done.sentence


@pytest.mark.parametrize(
    ("model", "columns", "said"),
    [
        (
            "[models.m.reference]\nuntil = 2020-01-01",
            {},
            "until is 2020-01-01 00:00, but no row lies before it: the log begins at 2026-01-01",
        ),
        ('[models.m.reference]\nversion = "nroth"', {"version": "region"}, 'version is "nroth", which no row has; did you mean "north"?'),
    ],
)
def test_a_reference_without_rows_is_not_replaced_by_another(place: Place, model: str, columns: dict[str, str], said: str) -> None:
    place.configure(model=model, columns=COLUMNS | columns)
    assert place.candor("ingest").code == 0
    done = place.candor("audit")
    assert done.code == 2
    assert said in done.sentence


def test_a_reference_that_covers_everything(place: Place) -> None:
    place.configure(model="[models.m.reference]\nrows = 5000")
    assert place.candor("ingest").code == 0
    done = place.candor("audit")
    assert done.code == 3
    assert "all 120 rows belong to the reference" in done.sentence


def test_two_models_are_reported_from_the_run_that_audited_each(place: Place) -> None:
    part = '[models."{0}"]\nwindow = "100 rows"\n[models."{0}".columns]\nid = "id"\ndecision = "decision"\n'
    part += '[[models."{0}".sources]]\npath = "log.csv"\n'
    (place.folder / "candor.toml").write_text("version = 1\n" + part.format("a.b") + part.format("-B"))
    assert place.candor("ingest").code == 0
    done = place.candor("report", "--model", "a.b", "-o", "a.html")
    assert done.code == 3
    assert 'run "candor audit" first' in done.sentence
    assert place.candor("audit", "--model", "a.b").code == 0
    done = place.candor("report", "--model=-B", "-o", "b.html")
    assert done.code == 3
    assert done.sentence == 'no published run has audited "-B"; run "candor audit --model -B" first'
    assert place.candor("audit", "--model=-B").code == 0
    assert place.candor("report", "--model", "a.b", "--format", "json", "-o", "a.json").code == 0
    assert "a.b" in json.dumps(json.loads((place.folder / "a.json").read_text()))


def test_no_source_at_all_is_not_nothing_new(place: Place) -> None:
    place.configure(sources="#")
    done = place.candor("ingest")
    assert done.code == 2
    assert "models.m has no sources" in done.sentence


def test_an_audit_before_any_ingest_makes_no_warehouse(place: Place) -> None:
    done = place.candor("audit")
    assert done.code == 3
    assert 'run "candor ingest" first' in done.sentence
    assert not (place.folder / "candor.duckdb").exists()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ('label_delay = "999999999999d"', "longer than any log"),
        ("[models.m.reference]\nuntil = 9999-12-31T23:59:59-12:00", "outside the calendar"),
        ('window = "0 rows"', '"0 rows" is not a window'),
        ('window = "1h"', "no column is mapped to time"),
        ("[models.m.policy]\nimpact_rato = { min = 0.8 }", 'did you mean "impact_ratio"?'),
        ("[models.m.policy]\nimpact_ratio = { min = 2, max = 1 }", "min = 2 is above max = 1"),
    ],
)
def test_values_that_make_no_sense(place: Place, model: str, said: str) -> None:
    place.configure(columns={"id": "id"})
    assert place.candor("ingest").code == 0
    place.configure(model=model, columns={"id": "id"} | ({"time": "at"} if "until" in model else {}))
    done = place.candor("audit")
    assert done.code == 2
    assert said in done.sentence


def test_a_warehouse_path_that_is_a_folder(place: Place) -> None:
    text = (place.folder / "candor.toml").read_text()
    (place.folder / "candor.toml").write_text(text.replace('"candor.duckdb"', '""'))
    done = place.candor("ingest")
    assert done.code == 2
    assert "is a folder; name a file in warehouse.path" in done.sentence
