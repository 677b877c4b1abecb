"""Columns may have any name, those of our own tables included, and values may be SQL: nothing is taken for an instruction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bad_input.conftest import COLUMNS, Place, rows

OURS = ("line", "key", "version", "time", "row", "partition", "reference", "bucket", "outcome_time", "n", "s", "t", "Problem")


@pytest.mark.parametrize("first", range(len(OURS)))
def test_role_columns_may_have_the_names_of_ours(place: Place, first: int) -> None:
    columns = {role: OURS[(first + 2 * i) % len(OURS)] for i, role in enumerate(COLUMNS)}
    at = [*rows(120)["at"][:-1], "soon"]  # so that the quarantine is written, too
    place.log({"at": at}, rename={column: columns[role] for role, column in COLUMNS.items()})
    place.configure(columns=columns)
    done = place.candor("ingest")
    assert done.code == 0, (columns, done.err)
    assert "120 received, 119 accepted, 0 duplicate, 1 quarantined" in done.err
    assert place.sql("SELECT reason FROM candor.quarantine") == [(f"column \"{columns['time']}\": 'soon' is not a time",)]


def test_an_empty_value_in_a_column_called_key_is_not_a_missing_id(place: Place) -> None:
    place.log({"key": [""] * 120})
    done = place.candor("ingest")
    assert "120 received, 120 accepted" in done.err


def test_columns_with_the_names_of_ours_survive_another_layout(place: Place) -> None:
    place.log({name: range(120) for name in OURS})
    place.configure(model='protected = ["sex"]\nfeatures = []')
    assert place.candor("ingest").code == 0
    place.configure(model='protected = ["sex"]\nfeatures = []\nwindow = "50 rows"')
    done = place.candor("ingest")
    assert done.code == 0, done.err
    assert place.sql('SELECT sum(line), sum("row"), sum("version") FROM "model:m".predictions') == [(7140, 7140, 7140)]


ODD = 'ذكر "x", %s {y}; DROP TABLE candor.ledger; --'


def test_odd_names_and_values_go_all_the_way(place: Place) -> None:
    value = "'); DROP SCHEMA candor CASCADE; --\"<script>alert(1)</script>"
    place.log({"sex": [value if i % 2 else "نعم" for i in range(120)]}, rename={"sex": ODD})
    place.configure(model=f"protected = [{json.dumps(ODD, ensure_ascii=False)}]\nfeatures = [{json.dumps(ODD, ensure_ascii=False)}]")
    run = place.audited()
    place.reported()
    ratios = [each for each in run["runs"][0]["findings"] if each["name"] == "impact_ratio"]
    assert {level for each in ratios for level in each["slice"].values()} <= {value, "نعم"}
    assert ratios
    assert "<script>alert(1)" not in Path(place.folder / "report.html").read_text(encoding="utf-8")
    assert place.candor("query", "select count(*) from ledger").code == 0
