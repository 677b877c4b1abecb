"""Classes, numeric outcomes, units and probability groups: counted as a plain loop counts them, late or at once, on every engine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audits.count import count
from audits.evidence import Evidence
from audits.gather import gather
from audits.tally import KEYS, Tally, add_up
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse, spark_engine
from tests.audits.conftest import build_tally

TASKS = ("binary", "multiclass", "regression")
DAYS, ROWS = 3, 400

TOML = """version = 1
[models.m]
title = "M"
task = "{task}"
{favorable}
protected = ["sex", {{ column = "race", probabilities = {{ Black = "w_black", White = "w_white" }} }}]
segments = ["region"]
features = ["x"]
window = "1d"
[models.m.columns]
id = "id"
time = "time"
score = "{score}"
decision = "decision"
outcome = "outcome"
unit = "person"
{interval}
[[models.m.sources]]
kind = "file"
path = "log.parquet"
rows = "predictions"
[[models.m.sources]]
kind = "file"
path = "outcomes-*.parquet"
rows = "outcomes"
"""


def rows_of(task: str) -> pd.DataFrame:
    """Build a log of three days with missing scores, decisions and outcomes, people who come back, and a class that is never decided."""
    r = np.random.default_rng(7)
    day, person = np.sort(r.integers(0, DAYS, ROWS)), r.integers(0, 60, ROWS)
    frame = pd.DataFrame(
        {
            "id": np.arange(ROWS), "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(day * 1440 + r.integers(0, 1440, ROWS), unit="min"),
            "person": person, "sex": np.where(r.random(ROWS) < 0.05, None, r.choice(["Female", "Male"], ROWS)),
            "region": r.choice(["north", "south"], ROWS), "x": r.normal(size=ROWS), "w_black": np.round(r.beta(1, 3, ROWS), 3),
        }
    )  # fmt: skip
    frame["w_white"] = 1 - frame["w_black"]
    if task == "multiclass":
        p = r.dirichlet([4, 2, 1], ROWS)
        for k, name in enumerate(("cat", "dog", "fox")):
            frame[f"p_{name}"] = np.where(r.random(ROWS) < 0.02, np.nan, p[:, k])
        frame["decision"] = np.where(p[:, 0] > p[:, 1], "cat", "dog")
        frame["outcome"] = [r.choice(["cat", "dog", "fox"], p=each) for each in p]
    elif task == "regression":
        frame["score"] = np.where(r.random(ROWS) < 0.03, np.nan, 50 + 10 * r.normal(size=ROWS))
        frame["outcome"] = np.nan_to_num(frame["score"], nan=50) + r.normal(2, 5, ROWS)
        frame["decision"] = (frame["score"] > 50).astype(float)
        frame["low"], frame["high"] = frame["score"] - 8, frame["score"] + 8
    else:
        frame["score"] = np.where(r.random(ROWS) < 0.03, np.nan, r.random(ROWS))
        frame["decision"] = (frame["score"] > 0.5).astype(float)
        frame["outcome"] = (r.random(ROWS) < frame["score"].fillna(0.5)).astype(float)
    frame["decision"] = frame["decision"].where(r.random(ROWS) > 0.03, None)
    frame["outcome"] = frame["outcome"].where(r.random(ROWS) > 0.2, None)
    return frame


def write(folder: Path, task: str, frame: pd.DataFrame) -> None:
    """Write configuration and predictions."""
    folder.mkdir()
    given = {
        "binary": {"favorable": "favorable = 1", "score": "score", "interval": ""},
        "multiclass": {"favorable": 'favorable = "cat"', "score": "p_*", "interval": ""},
        "regression": {"favorable": "favorable = 1", "score": "score", "interval": 'prediction_low = "low"\nprediction_high = "high"'},
    }[task]
    (folder / "candor.toml").write_text(TOML.format(task=task, **given))
    frame.drop(columns="outcome").astype({"time": "datetime64[us]"}).to_parquet(folder / "log.parquet")


def outcomes_of(frame: pd.DataFrame) -> pd.DataFrame:
    """List the known outcomes."""
    return frame.loc[frame["outcome"].notna(), ["id", "outcome"]]


def gathered(folder: Path, said: list[str]) -> Evidence:
    """Ingest what is there and gather evidence."""
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        return gather(warehouse, config.models["m"], progress=said.append)


def literal(frame: pd.DataFrame, task: str) -> list[dict[str, Any]]:
    """Turn rows into what the slow count takes."""
    renamed = frame.rename(columns={"person": "unit", "low": "prediction_low", "high": "prediction_high"})
    found = []
    for row in renamed.drop(columns=["id", "time"]).to_dict("records"):
        kept = {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        if task != "multiclass" and kept["decision"] is not None:
            kept["decision"] = int(kept["decision"])
        found.append(kept)
    for row, time in zip(found, frame["time"], strict=True):
        row["day"] = (time - pd.Timestamp("2026-01-01")).days
    return found


def same(found: Tally, wanted: Tally, rtol: float = 1e-9) -> None:
    """Compare the tables of the outcome side, cell by cell, whatever the order of cells."""
    left, right = (tally + tally.select(lambda _: False) for tally in (found, wanted))
    assert left.slices == right.slices
    for name in ("outcome", "coarse", "margin", "weighted"):
        a, b = (_without_nothing(add_up(getattr(tally, name), KEYS[name])) for tally in (left, right))
        for column in b:
            np.testing.assert_allclose(
                np.nan_to_num(a[column].astype(float)), b[column].astype(float), rtol=rtol, atol=1e-9, err_msg=f"{name}.{column}"
            )


def _without_nothing(table: Any) -> Any:
    kept = table["n"].reshape(len(table["n"]), -1).any(axis=1)
    return {name: values[kept] for name, values in table.items()}


@pytest.mark.parametrize("task", TASKS)
def test_the_scan_counts_as_a_plain_loop_does(tmp_path: Path, task: str) -> None:
    frame = rows_of(task)
    write(tmp_path / "w", task, frame)
    outcomes_of(frame).to_parquet(tmp_path / "w" / "outcomes-1.parquet")
    evidence = gathered(tmp_path / "w", [])
    same(evidence.tally, build_tally(literal(frame, task), evidence.bins, evidence.model))
    assert evidence.units == 32
    assert (evidence.tally.weighted["weight"] > 0).any()
    if task == "multiclass":
        assert set(evidence.classes) == {"cat", "dog", "fox"}
        known = frame.dropna(subset=["decision", "outcome"])
        wanted = pd.crosstab(known["decision"], known["outcome"])
        places = [evidence.classes.index(name) for name in ("cat", "dog", "fox")]
        got = evidence.confusion[0, 0, 0][np.ix_(places[:2], places)]
        np.testing.assert_array_equal(got, wanted.loc[["cat", "dog"], ["cat", "dog", "fox"]].to_numpy())
        view = evidence.of_class(evidence.classes.index("dog")).counts
        assert view.true_positives[0, 0, 0] == wanted.loc["dog", "dog"]
        assert view.false_positives[0, 0, 0] == wanted.loc["dog"].sum() - wanted.loc["dog", "dog"]
        top = evidence.of_class(3)
        assert top.counts.table[0, 0, 0, 1, 1] == (known["decision"] == known["outcome"]).sum()
        scored = known.dropna(subset=["p_cat", "p_dog", "p_fox"])
        assert top.margin([0])[0][0, 0, 1].sum() == (scored["decision"] == scored["outcome"]).sum()


@pytest.mark.parametrize("task", TASKS)
def test_late_outcomes_are_added_for_every_task(tmp_path: Path, task: str) -> None:
    frame = rows_of(task)
    outcomes = outcomes_of(frame)
    early = np.random.default_rng(2).random(len(outcomes)) < 0.6
    for name in ("late", "at once"):
        write(tmp_path / name, task, frame)
        outcomes[early].to_parquet(tmp_path / name / "outcomes-1.parquet")
    gathered(tmp_path / "late", [])
    said: list[str] = []
    outcomes[~early].to_parquet(tmp_path / "late" / "outcomes-2.parquet")
    late = gathered(tmp_path / "late", said)
    assert any("adding late outcomes" in line for line in said)
    same(late.tally, build_tally(literal(frame, task), late.bins, late.model), rtol=1e-7)


def test_first_outcomes_of_a_regression_bring_their_grids(tmp_path: Path) -> None:
    frame = rows_of("regression")
    write(tmp_path / "w", "regression", frame)
    outcomes_of(frame).iloc[:0].to_parquet(tmp_path / "w" / "outcomes-0.parquet")
    before = gathered(tmp_path / "w", [])
    assert before.bins.outcome_bins is None
    outcomes_of(frame).to_parquet(tmp_path / "w" / "outcomes-1.parquet")
    after = gathered(tmp_path / "w", [])
    assert after.bins.outcome_bins is not None
    same(after.tally, build_tally(literal(frame, "regression"), after.bins, after.model), rtol=1e-7)


@pytest.mark.parametrize("task", TASKS)
def test_leaving_out_units_leaves_the_rows_of_the_others(tmp_path: Path, task: str) -> None:
    from tests.audits.conftest import unit_group as dealt

    frame = rows_of(task)
    write(tmp_path / "w", task, frame)
    outcomes_of(frame).to_parquet(tmp_path / "w" / "outcomes-1.parquet")
    evidence = gathered(tmp_path / "w", [])
    group = pd.Series([dealt({"unit": person}) for person in frame["person"]])
    for left_out in (0, 17):
        rest = evidence.without_unit(left_out)
        kept = frame[(group != left_out).to_numpy()]
        assert rest.counts.rows[0, 0, 0] == len(kept)
        scores = "p_cat" if task == "multiclass" else "score"
        view = rest.of_class(rest.classes.index("cat")) if task == "multiclass" else rest
        n, total = view.margin([0])
        assert n[0].sum() == pytest.approx(kept[scores].notna().sum())
        assert total[0].sum() == pytest.approx(kept[scores].sum(), rel=0.02)  # within a coarse bin the mean score is taken as everybody's


@pytest.mark.parametrize("task", TASKS)
def test_spark_counts_the_same(tmp_path: Path, task: str) -> None:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which this machine lacks")
    from audits.scan import Log

    frame = rows_of(task)
    write(tmp_path / "w", task, frame)
    outcomes_of(frame).to_parquet(tmp_path / "w" / "outcomes-1.parquet")
    evidence = gathered(tmp_path / "w", [])
    config = load(tmp_path / "w" / "candor.toml")
    files = {f"model:m.{name}": tmp_path / f"{name}.parquet" for name in ("predictions", "outcomes")}
    counted = []
    with open_warehouse(config.warehouse) as warehouse:
        for name, path in files.items():
            table = name.partition(".")[2]
            warehouse.connection.execute(f"""COPY "model:m".{table} TO '{path}'""")
        for engine in (warehouse.engine, spark_engine("local[2]", files)):
            predictions, outcomes = (engine.table("model:m", name) for name in ("predictions", "outcomes"))
            log = Log(predictions=predictions, outcomes=outcomes, model=evidence.model)
            counted.append(count(engine, log, evidence.bins, "outcome", None, {}))
    for name in ("tally_outcome", "tally_coarse", "tally_weighted"):
        keys = [key for key in counted[0][name].column_names if key in {*KEYS[name.removeprefix("tally_")], "cell"}]
        a, b = (found[name].to_pandas().sort_values([key for key in keys if key != "cell"] + ["n"]) for found in counted)
        assert len(a) == len(b)
        assert a["n"].tolist() == b["n"].tolist()
        sums = [column for column in a.columns if column not in (*keys, "n")]
        for column in sums:
            assert a[column].sum() == pytest.approx(b[column].sum(), rel=1e-9)
