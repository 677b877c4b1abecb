"""`candor init`: what it recognises, and that what it writes loads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from connectors.config import load
from connectors.errors import UsageError
from connectors.simulated.lending import world
from dashboard.commands.init import write_config
from dashboard.commands.look import delimiter, look
from tests.cli.conftest import Run, write_log


def test_the_simulated_lender_is_recognised(tmp_path: Path) -> None:
    made = world(tmp_path / "lending", days=60, rows_per_day=400)
    by_hand = load(made.config).models["loans"]
    made.config.unlink()
    path, _, _ = write_config(made.folder)
    guessed = load(path).models["lending"]
    assert guessed.columns == by_hand.columns
    assert guessed.protected == tuple(each for each in by_hand.protected if each.probabilities is None)  # nobody could guess those
    assert guessed.segments == by_hand.segments
    assert guessed.favorable == 1
    assert [(each.path, each.rows) for each in guessed.sources][-1] == ("outcomes/*.jsonl", "outcomes")
    assert {each.rows for each in guessed.sources[:-1]} == {"predictions"}


def test_the_whole_way_from_a_guess(candor: Run, tmp_path: Path) -> None:
    write_log(tmp_path)
    (tmp_path / "candor.toml").unlink()
    for words in (["init"], ["ingest"], ["audit"]):
        done = candor(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = candor("query", "select n from findings where name = 'accuracy' and whole and slice = '{}' and version is null", cwd=tmp_path)
    assert done.stdout.split()[-1] == "2000"


def test_public_logs_are_recognised(shared_data: Path, tmp_path: Path) -> None:
    for name in ("analysis", "analysis_target", "reference"):
        (tmp_path / f"employment_MA_{name}.parquet").symlink_to(shared_data / f"employment_MA_{name}.parquet")
    path, _, _ = write_config(tmp_path)
    (model,) = load(path).models.values()
    columns = model.columns
    assert (columns.id, columns.score, columns.decision, columns.outcome) == ("id", "predicted_probability", "prediction", "employed")
    assert {"SEX", "RAC1P", "AGEP"} == set(model.attributes)
    assert {each.path: each.rows for each in model.sources} == {
        "employment_MA_analysis.parquet": "predictions",
        "employment_MA_reference.parquet": "reference",
        "employment_MA_analysis_target.parquet": "outcomes",
    }


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    write_log(tmp_path)
    before = (tmp_path / "candor.toml").read_text()
    with pytest.raises(UsageError, match="exists already"):
        write_config(tmp_path)
    assert (tmp_path / "candor.toml").read_text() == before
    write_config(tmp_path, force=True)
    assert (tmp_path / "candor.toml").read_text() != before


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01\x02"])
def test_nothing_to_look_at_is_said(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "log.parquet").write_bytes(content)
    with pytest.raises(UsageError, match="no data files found"):
        write_config(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        write_config(tmp_path / "absent")
    assert not (tmp_path / "candor.toml").exists()
    assert not list(tmp_path.glob(".candor*"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, separator: str) -> None:
    assert delimiter(separator.join(("id", "score", "decision"))) == separator
    pd.DataFrame({"id": [1, 2], "score": [0.1, 0.9]}).to_csv(tmp_path / "log.csv", sep=separator, index=False)
    (source,) = look(tmp_path)
    assert [column.name for column in source.columns] == ["id", "score"]


def test_hostile_names_and_values_stay_data(tmp_path: Path) -> None:
    hostile = ['a"b', "x\\y", "tab\there", "'; drop table t; --", "\u202eabc"]
    frame = pd.DataFrame({name: [0.5, 1.5] for name in hostile} | {"sex": ['Fe"male', "M\nale"], "decision": ['y"es', "no\n[evil]\nx = 1"]})
    frame.to_parquet(tmp_path / "odd [1].parquet")
    path, _, _ = write_config(tmp_path)
    (model,) = load(path).models.values()
    assert model.attributes == ("sex",)
    assert model.favorable in set(frame["decision"])
    assert list(tmp_path.glob(model.sources[0].path or "")) == [tmp_path / "odd [1].parquet"]
