"""`candor init`: what it recognises, and that what it writes loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


def several_classes(n: int = 900) -> pd.DataFrame:
    """A log with three probabilities a row; the outcome comes before the decision, has gaps, and neither name says which is which."""
    random = np.random.default_rng(2)
    names = np.array(["app", "rej", "rev"])
    p = random.dirichlet([1.0, 1.0, 1.0], n).round(4)
    turned = np.array([random.choice(names, p=row / row.sum()) for row in p])
    log = pd.DataFrame({"case_id": np.arange(n), "sex": random.choice(["Female", "Male"], n), "income": random.normal(50, 9, n).round(2)})
    log = log.assign(**{f"p_{name}": p[:, place] for place, name in enumerate(names)}, turned=turned, route=names[p.argmax(axis=1)])
    log.loc[random.random(n) < 0.1, "turned"] = None
    return log


def numbers(n: int = 900) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Valuations with intervals, and the sales that came of most of them, in a file of their own."""
    random = np.random.default_rng(3)
    size = random.normal(80, 20, n).round(1)
    price = (3 * size + random.normal(0, 20, n)).round(1)
    valued = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(n), "h")
    homes = pd.DataFrame({"home_id": np.arange(n), "valued_at": valued, "size": size})
    homes = homes.assign(region=random.choice(["hills", "town"], n), value=3 * size, value_low=3 * size - 30, value_high=3 * size + 30)
    sales = pd.DataFrame({"home_id": homes["home_id"], "price": price, "sold_at": homes["valued_at"] + pd.Timedelta(days=5)})
    return homes, sales[random.random(n) < 0.8]


def whole_way(candor: Run, folder: Path, question: str) -> str:
    """Init, ingest and audit a folder; gives the answer to a question about the findings."""
    for words in (["init"], ["ingest"], ["audit"]):
        done = candor(*words, cwd=folder)
        assert done.returncode == 0, done.stderr
    return candor("query", question, cwd=folder).stdout.split()[-1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_several_classes_are_recognised(candor: Run, tmp_path: Path, ending: str) -> None:
    log = several_classes()
    if ending == "csv":
        log.to_csv(tmp_path / "log.csv", index=False)
    else:
        log.to_parquet(tmp_path / "log.parquet", index=False)
    answer = whole_way(candor, tmp_path, "select n from findings where name = 'accuracy' and whole and slice = '{}' and version is null")
    assert answer == str(log["turned"].notna().sum())
    (model,) = load(tmp_path / "candor.toml").models.values()
    assert (model.task, model.columns.id, model.columns.score, model.favorable) == ("multiclass", "case_id", "p_*", None)
    assert (model.columns.decision, model.columns.outcome, model.sources[0].rows) == ("route", "turned", "both")
    written = (tmp_path / "candor.toml").read_text().splitlines()
    for key in ("task", "score", "decision", "outcome"):
        assert any(line.startswith(f"{key} = ") and "CHECK" in line for line in written)


def test_numbers_are_recognised(candor: Run, tmp_path: Path) -> None:
    homes, sales = numbers()
    homes.to_parquet(tmp_path / "valuations.parquet", index=False)
    sales.to_csv(tmp_path / "sales.csv", index=False)
    answer = whole_way(
        candor, tmp_path, "select n from findings where name = 'mean_absolute_error' and whole and slice = '{}' and version is null"
    )
    assert answer == str(len(sales))
    (model,) = load(tmp_path / "candor.toml").models.values()
    columns = model.columns
    assert (model.task, columns.score, columns.outcome, columns.decision, model.favorable) == ("regression", "value", "price", None, None)
    assert (columns.id, columns.time) == ("home_id", "valued_at")
    assert (columns.prediction_low, columns.prediction_high) == ("value_low", "value_high")
    assert {each.path: each.rows for each in model.sources} == {"valuations.parquet": "predictions", "sales.csv": "outcomes"}
    written = (tmp_path / "candor.toml").read_text().splitlines()
    for key in ("task", "score", "outcome"):
        assert any(line.startswith(f"{key} = ") and "CHECK" in line for line in written)


NAMED = [("prediction", "actual"), ("y_pred", "y_true"), ("predicted_price", "price"), ("eta_hat", "eta")]


@pytest.mark.parametrize(("prediction", "outcome"), NAMED)
def test_names_of_numbers(tmp_path: Path, prediction: str, outcome: str) -> None:
    homes, sales = numbers(100)
    log = pd.DataFrame({"id": homes["home_id"], "size": homes["size"], outcome: sales["price"], prediction: homes["value"]})
    log.to_csv(tmp_path / "log.csv", index=False)
    (model,) = load(write_config(tmp_path)[0]).models.values()
    assert (model.task, model.columns.score, model.columns.outcome) == ("regression", prediction, outcome)
    assert model.sources[0].rows == "both"


def test_what_adds_up_to_1_need_not_be_classes(tmp_path: Path) -> None:
    log = several_classes(200)
    chances = {name: log.pop(name) for name in ("p_app", "p_rej", "p_rev")}
    yes = {"approved": (chances["p_app"] > 0.5).astype(int), "score": chances["p_app"]}
    one_hot = {f"home_{name}": (log["route"] == name).astype(int) for name in ("app", "rej", "rev")}
    race = {f"race_{name}": chance for name, chance in zip("abc", chances.values(), strict=True)}
    not_one = {"q_app": chances["p_app"], "q_rej": chances["p_rej"], "q_rev": chances["p_rev"] / 2}
    for name, more in {"one_hot": one_hot, "race": race, "not_one": not_one}.items():
        (tmp_path / name).mkdir()
        log.assign(**yes, **more).to_csv(tmp_path / name / "log.csv", index=False)
        (model,) = load(write_config(tmp_path / name)[0]).models.values()
        assert (model.task, model.columns.score, model.columns.decision, model.favorable) == ("binary", "score", "approved", 1), name


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
