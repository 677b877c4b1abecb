"""candor.toml: what it means, and one sentence for everything that is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.config import load
from connectors.errors import UsageError

FULL = """
version = 1
[warehouse]
path = "w/candor.duckdb"
memory_limit = "1.5GB"
[models.loans]
title = "Loan approvals"
task = "binary"
favorable = "yes"
protected = ["sex", { column = "age", edges = [25, 46] }]
segments = ["region"]
features = []
window = "5000 rows"
label_delay = "14d"
owner = "a@example.org"
runbook = "https://example.org"
[models.loans.reference]
until = 2026-02-01
[models.loans.columns]
id = "application_id"
time = "decided_at"
score = "p"
decision = "approved"
outcome = "repaid"
positive = 1
unit = "customer_id"
[models.loans.model]
format = "lightgbm"
path = "model.txt"
monotone = { income = "up" }
[[models.loans.sources]]
kind = "file"
path = "a.csv"
rows = "both"
delimiter = ";"
[[models.loans.sources]]
path = "b.csv"
rows = "outcomes"
name = "late"
[models.loans.policy]
impact_ratio = { min = 0.8, severity = "page", rationale = "29 CFR 1607.4(D)" }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "candor.toml"
    path.write_text(text)
    return path


def test_a_full_file(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))
    model = config.model("loans")
    assert config.warehouse.path == tmp_path.resolve() / "w" / "candor.duckdb"
    assert config.warehouse.memory_bytes == 1_500_000_000
    assert model.attributes == ("sex", "age")
    assert model.protected[1].edges == (25, 46)
    assert (model.favorable, model.positive) == ("yes", 1)
    assert model.features == ()
    assert model.label_delay == timedelta(days=14)
    assert model.reference is not None
    assert model.reference.until == datetime(2026, 2, 1, tzinfo=UTC)
    assert [(s.kind, s.name, s.rows, dict(s.options)) for s in model.sources] == [
        ("file", "a.csv", "both", {"delimiter": ";"}), ("file", "late", "outcomes", {}),
    ]  # fmt: skip
    assert model.policy["impact_ratio"].min == 0.8
    assert model.unknown == ("", "Unknown")
    assert model.model is not None
    assert model.model.path == tmp_path.resolve() / "model.txt"


def test_defaults(tmp_path: Path) -> None:
    model = load(write(tmp_path, "version = 1\n[models.m]\n")).model("m")
    assert (model.title, model.task, model.favorable, model.positive, model.window, model.features) == ("m", "binary", 1, 1, None, None)


MODEL = "version = 1\n[models.m]\n"
CLOCK = "[models.m.columns]\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("version = 2\n[models.m]\n", ["version is 2"]),
        ("[models.m]\n", ['the key "version" is missing']),
        ("version = 1\n[modls.m]\n", ['unknown key "modls"', 'did you mean "models"?']),
        ("version = 1\n[models]\n", ["no models"]),
        ("version = \n", ["not valid TOML", "line 1"]),
        ('version = 1\n[models."a/b"]\n', ["'a/b'", "letters, digits"]),
        ("version = 1\n[models.Loans]\n[models.loans]\n", ["differ only in case"]),
        (MODEL + "protectd = 1", ['unknown key "models.m.protectd"', 'did you mean "protected"?']),
        (MODEL + 'protected = [{ column = "age", edges = [46, 25] }]', ["protected.0.edges", "rising"]),
        (MODEL + "protected = [1]", ["protected.0 is 1", "column name"]),
        (MODEL + 'protected = ["a", "a"]', ['"a" is listed twice']),
        (MODEL + 'window = "2d"', ['"2d" is not a window', "1mo"]),
        (MODEL + 'window = "0 rows"', ["is not a window"]),
        (MODEL + 'window = "1d"', ["no column is mapped to time"]),
        (MODEL + "favorable = [1]", ["favorable is [1]", "one value"]),
        (MODEL + 'task = "binry"', ["task is 'binry'", 'did you mean "binary"?']),
        (MODEL + 'label_delay = "soon"', ["'soon' is not a duration"]),
        (MODEL + CLOCK + 'ouctome = "x"', ['unknown key "models.m.columns.ouctome"', 'did you mean "outcome"?']),
        (MODEL + CLOCK + 'id = ""', ["columns.id", "is empty"]),
        (MODEL + CLOCK + 'id = "a\\u0000b"', ["contains a NUL character"]),
        (MODEL + CLOCK + 'outcome = "x"\nscore = "x"', ['both name "x"']),
        (MODEL + 'features = ["y"]\n' + CLOCK + 'outcome = "y"', ["known only afterwards"]),
        (MODEL + "[models.m.reference]\nuntil = 2026-01-01", ["needs a clock"]),
        (MODEL + "[models.m.reference]\nrows = 5\nversion = 'a'", ["exactly one", "rows, version"]),
        (MODEL + "[models.m.reference]\nuntil = 'soon'\n" + CLOCK + "time = 't'", ['"soon" is not a date']),
        (MODEL + "[[models.m.sources]]\npath = 'a'\nrows = 'bth'", ["rows is 'bth'", 'did you mean "both"?']),
        (MODEL + "[[models.m.sources]]\nkind = 'file'", ["needs a path"]),
        (MODEL + "[[models.m.sources]]\npath = 'a'\nrows = 'outcomes'", ["matched by id"]),
        (MODEL + "[[models.m.sources]]\npath = 'a'\n[[models.m.sources]]\npath = 'a'", ["two sources"]),
        (MODEL + "[models.m.policy]\nimpact_ratio = { mn = 1 }", ['"models.m.policy.impact_ratio.mn"', 'did you mean "min"?']),
        (MODEL + "[models.m.model]\nformat = 'onnx'", ["either path or url"]),
        ("version = 1\n[warehouse]\nmemory_limit = '3'\n[models.m]", ["warehouse.memory_limit", '"3" is not a size']),
        ("version = 1\n[warehouse]\nmemory_limit = '10MB'\n[models.m]", ["too small"]),
        ("version = 1\n[warehouse]\nengine = 'duckdbb'\n[models.m]", ['did you mean "duckdb"?']),
    ],
)
def test_refusals_name_the_file_the_key_and_the_nearest_choice(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_a_missing_file_and_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no such file; write one with "candor init"'):
        load(tmp_path / "candor.toml")
    with pytest.raises(UsageError, match='did you mean "loans"'):
        load(write(tmp_path, FULL)).model("loan")
