"""The one scan gives the counts that a plain loop over the rows gives, identically on every engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from audits import scan
from audits.bins import NumericBins
from audits.count import count
from audits.scan import edge_labels
from audits.slices import Slice
from tests.tally.conftest import World


def _levels(frame: pd.DataFrame) -> pd.DataFrame:
    sex = frame["sex"].where(frame["sex"].notna(), "Unknown")
    age = pd.cut(frame["age"], [-np.inf, 24, 45, np.inf], labels=["<25", "25-45", "46+"]).astype(str)
    return frame.assign(sex_level=sex, age_level=age)


def _joined(world: World) -> pd.DataFrame:
    return _levels(world.predictions.merge(world.outcomes, on="candor:key", how="left"))


def test_edge_labels_follow_the_contract() -> None:
    assert edge_labels([25, 46]) == ("<25", "25-45", "46+")
    assert edge_labels([25, 26]) == ("<25", "25", "26+")


@pytest.mark.parametrize("name", ["x", "k", "score"])
def test_numeric_bins_count_every_value_once(world: World, name: str) -> None:
    table = scan.numeric_table(world.log, world.bins, None)
    assert table is not None
    found = world.engine.execute(table).to_pandas()
    index = [column.name for column in world.bins.columns].index(name)
    grid = world.bins.columns[index]
    assert isinstance(grid, NumericBins)
    found = found[found["column"] == index]
    values = world.predictions[name]
    here = values.notna()
    places = grid.bin_of(values[here].to_numpy())
    cells = pd.DataFrame({"partition": world.predictions["candor:partition"][here], "bin": places, "x": values[here]})
    wanted = cells.groupby(["partition", "bin"])["x"].agg(["size", "sum"])
    got = found[found["n"] > 0].astype({"partition": int, "bin": int}).set_index(["partition", "bin"]).sort_index()
    assert got["n"].to_dict() == wanted["size"].to_dict()
    np.testing.assert_allclose(got["total"].to_numpy(float), wanted["sum"].to_numpy(), rtol=1e-12)
    missing = (found["rows"] - found["n"]).groupby(found["partition"]).sum()
    assert missing.to_dict() == values.isna().groupby(world.predictions["candor:partition"]).sum().to_dict()


def test_categories_keep_frozen_levels_missing_and_unseen(world: World) -> None:
    tables = count(world.engine, world.log, world.bins, "prediction", None, {})
    rows = [row for row in tables["tally_bins"].to_pylist() if row["column"] == "colour"]
    colour = world.predictions["colour"]
    assert np.sum([row["n"] for row in rows], axis=0).tolist() == [(colour == level).sum() for level in ("red", "green", "blue")]
    assert sum(row["missing"] for row in rows) == colour.isna().sum()
    assert sum(row["unseen"] for row in rows) == (colour == "ultra").sum()


def test_not_a_number_is_counted_apart_from_missing(world: World) -> None:
    tables = count(world.engine, world.log, world.bins, "prediction", None, {})
    rows = [row for row in tables["tally_bins"].to_pylist() if row["column"] == "x"]
    assert sum(row["not_a_number"] for row in rows) == sum(marked is not None for marked in world.predictions["candor:nonfinite"])
    assert sum(row["missing"] for row in rows) == 0


def test_outcome_table_counts_groups_decisions_and_outcomes(world: World) -> None:
    cells: dict[str, int] = {}
    tables = count(world.engine, world.log, world.bins, "outcome", None, cells)
    names = {number: Slice.from_json(text) for text, number in cells.items()}
    found = tables["tally_outcome"].to_pandas()
    found = found[found["family"] == 0]
    frame = _joined(world)
    wanted = frame.assign(decision=frame["decision"].fillna(-1).astype(int), outcome=frame["outcome"].fillna(-1).astype(int))
    grouped = wanted.groupby(["candor:partition", "sex_level", "age_level", "decision", "outcome"])
    assert len(found) == grouped.ngroups
    sizes, scores = grouped.size(), grouped["score"].sum()
    for row in found.to_dict("records"):
        levels = dict(names[row["cell"]].levels)
        key = (row["partition"], levels["sex"], levels["age"], row["decision"], row["outcome"])
        assert row["n"] == sizes[key]
        assert row["score"] == pytest.approx(scores[key], rel=1e-12) or (np.isnan(row["score"]) and scores[key] == 0)


def test_error_sums_are_those_of_the_rows(world: World) -> None:
    found = count(world.engine, world.log, world.bins, "outcome", None, {})["tally_outcome"].to_pandas()
    found = found[(found["family"] == 0) & (found["outcome"] >= 0)]
    frame = _joined(world).dropna(subset=["outcome", "score"])
    error = (frame["score"] - frame["outcome"]) ** 2
    loss = -np.log(np.clip(np.where(frame["outcome"] == 1, frame["score"], 1 - frame["score"]), scan.EPSILON, 1 - scan.EPSILON))
    sums = {"scored": len(frame), "error_2": error.sum(), "error_4": (error**2).sum()}
    sums |= {"log_loss": loss.sum(), "log_loss_squared": (loss**2).sum()}
    for name, wanted in sums.items():
        assert found[name].sum() == pytest.approx(wanted, rel=1e-12)


def test_margin_and_coarse_histograms_agree_with_the_rows(world: World) -> None:
    cells: dict[str, int] = {}
    tables = count(world.engine, world.log, world.bins, "outcome", None, cells)
    grid = world.bins.score_bins
    assert grid is not None
    frame = _joined(world)
    scored = frame[frame["score"].notna()]
    place = grid.bin_of(scored["score"].to_numpy())
    for text, chosen in (("{}", np.ones(len(scored), bool)), ('{"sex": "Female"}', (scored["sex_level"] == "Female").to_numpy())):
        rows = [r for r in tables["tally_margin"].to_pylist() if r["cell"] == cells[text]]
        for outcome in (-1, 0, 1):
            mine = chosen & (scored["outcome"].fillna(-1) == outcome).to_numpy()
            got = np.sum([r["n"] for r in rows if r["outcome"] == outcome], axis=0)
            assert got.tolist() == np.bincount(place[mine], minlength=grid.size).tolist()
    coarse = tables["tally_coarse"].to_pandas()
    got = coarse.groupby("score_bin")["n"].sum()
    assert got.tolist() == np.bincount(place * 20 // grid.size, minlength=20)[got.index].tolist()


def test_maturity_counts_whole_days_of_delay(world: World) -> None:
    found = count(world.engine, world.log, world.bins, "outcome", None, {})["tally_maturity"].to_pandas()
    frame = _joined(world).dropna(subset=["outcome"])
    lag = (frame["outcome_time"] - frame["candor:time"]).dt.total_seconds() // 86400
    assert found.groupby("lag_days")["n"].sum().to_dict() == lag.astype(int).value_counts().sort_index().to_dict()


def test_moments_are_those_of_numpy(world: World) -> None:
    found = count(world.engine, world.log, world.bins, "prediction", None, {})["tally_moments"].to_pandas()
    for row in found.to_dict("records"):
        values = world.predictions.loc[world.predictions["candor:partition"] == row["partition"], row["column"]].dropna()
        assert row["n"] == len(values)
        assert (row["min"], row["max"]) == (values.min(), values.max())
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert row["m2"] == pytest.approx(((values - values.mean()) ** 2).sum(), rel=1e-9)


def test_some_partitions_give_the_same_rows_as_all(world: World) -> None:
    def keyed(tables: dict[str, Any]) -> dict[Any, Any]:
        return {(r["partition"], r["column"]): r["n"] for r in tables["tally_bins"].to_pylist()}

    everything = keyed(count(world.engine, world.log, world.bins, "prediction", None, {}))
    some = keyed(count(world.engine, world.log, world.bins, "prediction", [1, 3], {}))
    assert some == {key: n for key, n in everything.items() if key[0] in (1, 3)}
