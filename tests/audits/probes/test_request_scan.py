"""What is asked of requests in the engine, over literal rows: steps, rarity, repeats, hours; and how inputs are cut for it."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from audits.bins import Bins, CategoricalBins, numeric_bins
from audits.probes.request_readings import STRETCHES, stretches
from audits.probes.request_scan import sides_of
from audits.scan import Log
from audits.scan.clients import (
    Reading,
    Sides,
    clusters,
    hourly,
    near_requests,
    peaks,
    probes_by,
    profiles,
    repeat_sizes,
    repeats,
    requests,
)
from connectors.config import Columns, ModelConfig
from connectors.partitions import Partition

READINGS = (
    Reading(name="x", knots=(5.0,), rarity=(1.0, 2.0), missing=9.0, place=(0, 1), deviation=10.0),
    Reading(name="kind", levels=("a",), rarity=(0.5, 3.0), missing=8.0, place=(0, 1)),
)
SIDES = Sides(every=[0, 1], reference=[0], earlier=[])
MODEL = ModelConfig(name="loans", title="Loans", columns=Columns(time="at", score="score", client="client"))


@pytest.fixture(scope="module")
def log() -> Log:
    """Give seven requests of two clients: one in the reference, six after it."""
    minutes = [0, 60, 61, 62, 64, 65, 66]
    rows = pd.DataFrame(
        {
            "candor:partition": [0, 1, 1, 1, 1, 1, 1], "candor:row": range(7), "client": ["a", "a", "a", "b", "a", "a", "b"],
            "candor:time": [pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=each) for each in minutes],
            "x": [4.0, 4.0, 9.0, 1.0, np.nan, np.nan, 1.0], "kind": ["a", "a", "a", "z", "a", None, "z"],
            "score": [0.5, 0.59, 0.61, 0.6, 0.9, 0.62, 0.6],
        }
    )  # fmt: skip
    return Log(predictions=ibis.memtable(rows), outcomes=None, model=MODEL)


def asked(table: Any, *order: str) -> pd.DataFrame:
    """Run an expression, its lines in order."""
    found = table.execute()
    return found.sort_values(list(order)).reset_index(drop=True) if order else found


def test_steps_lead_from_a_clients_row_to_its_next(log: Log) -> None:
    found = asked(requests(log, Bins(columns=()), READINGS, SIDES, client="client"), "row")
    # a: 4, 4 (nothing), 9 (x by half a deviation), missing (x wholly), missing and no kind (kind); b: 1, 1 (nothing)
    np.testing.assert_array_equal(found["changed"], [np.nan, 0, 1, np.nan, 1, 1, 0])
    np.testing.assert_allclose(found["step"], [np.nan, 0, 0.25, np.nan, 0.5, 0.5, 0])
    # a's gaps are 60, 1, 3 and 1 minutes: 3 ((1 - 60) / 61)², 3 ((3 - 1) / 4)², 3 ((1 - 3) / 4)²; b has one gap only
    np.testing.assert_allclose(found["irregular"], [np.nan, np.nan, 3 * (59 / 61) ** 2, np.nan, 0.75, 0.75, np.nan])
    np.testing.assert_allclose(found["rarity"], [1.5, 1.5, 2.5, 4.0, 9.5, 17.0, 4.0])
    assert found["cell"].tolist() == [0, 0, 1, 3, 2, 2 + 6, 3]  # x has cells 0, 1 and missing; kind counts threes
    assert found["reference"].tolist() == [True] + [False] * 6


def test_profiles_count_what_a_client_sent(log: Log) -> None:
    held = requests(log, Bins(columns=()), READINGS, SIDES, client="client")
    found = asked(profiles(held.filter(~held["reference"]), [], least=2), "client")
    assert found[["client", "n", "pairs", "single", "cells", "vectors"]].to_numpy().tolist() == [["a", 4, 4, 3, 4, 4], ["b", 2, 1, 0, 1, 1]]
    assert asked(profiles(held.filter(~held["reference"]), [], least=3), "client")["client"].tolist() == ["a"]


def test_near_rows_step_among_themselves(log: Log) -> None:
    near = near_requests(log, Bins(columns=()), READINGS, SIDES, client="client", cuts=[], cut=0.6, band=0.0201)
    found = asked(near, "row")
    assert found["row"].tolist() == [1, 2, 3, 5, 6]  # 0.5 and 0.9 are farther than 0.02 from 0.6
    np.testing.assert_allclose(found["step"], [np.nan, 0.25, np.nan, 1.0, 0.0])
    told = asked(probes_by(near, 0.3, []), "client")
    assert told[["client", "near", "probes"]].to_numpy().tolist() == [["a", 3, 1], ["b", 2, 0]]


def test_another_version_may_turn_elsewhere(log: Log) -> None:
    rows = log.predictions.mutate(version=ibis.ifelse(log.predictions["candor:row"] < 4, "one", "two"))
    columns = Columns(time="at", score="score", client="client", version="version")
    of_two = Log(predictions=rows, outcomes=None, model=ModelConfig(name="loans", title="Loans", columns=columns))
    near = near_requests(of_two, Bins(columns=()), READINGS, SIDES, client="client", cuts=[("two", 0.9)], cut=0.6, band=0.0101)
    assert asked(near, "row")["row"].tolist() == [1, 2, 3, 4]


def test_repeats_are_equal_in_every_input_also_where_it_is_missing(log: Log) -> None:
    repeated = repeats(requests(log, Bins(columns=()), READINGS, SIDES, client="client"))
    assert sorted(asked(repeated)[["earlier", "later", "now"]].astype(int).to_numpy().tolist()) == [
        [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 2], [1, 0, 1],
    ]  # fmt: skip
    assert asked(clusters(repeated, most=5, least=2))["now"].tolist() == [2]
    sizes = asked(repeat_sizes(repeated), "earlier").astype(int)
    assert sizes[["earlier", "later", "inputs"]].to_numpy().tolist() == [[0, 0, 4], [1, 0, 1]]


def test_hours_and_the_busiest_of_them(log: Log) -> None:
    hours = hourly(requests(log, Bins(columns=()), READINGS, SIDES, client="client"))
    found = asked(hours, "client", "hour")
    assert found[["client", "n"]].to_numpy().tolist() == [["a", 1], ["a", 4], ["b", 2]]
    assert found["hour"].iloc[1] - found["hour"].iloc[0] == 1
    busiest = asked(peaks(hours), "client")
    assert busiest[["client", "earlier", "later", "now", "hours"]].to_numpy().tolist() == [["a", 1, 0, 4, 1], ["b", 0, 0, 2, 1]]


def test_without_a_client_everybody_is_one(log: Log) -> None:
    found = asked(requests(log, Bins(columns=()), READINGS, SIDES, client=None), "row")
    np.testing.assert_array_equal(found["changed"], [np.nan, 0, 1, 2, 2, 1, 2])


def test_stretches_begin_at_edges_of_the_grid_and_hold_all_rows() -> None:
    draw = np.random.default_rng(2).normal(size=5000)
    grid = numeric_bins(
        "x", low=float(draw.min()), high=float(draw.max()), mean=0.0, deviation=1.0, integers=False,
        quantiles=np.quantile(draw, np.linspace(0, 1, 401)).tolist(),
    )  # fmt: skip
    counts = np.bincount(grid.bin_of(draw), minlength=grid.size).astype(float)
    knots, held = stretches(grid, counts)
    assert len(knots) == STRETCHES - 1
    assert set(knots) <= set(grid.edges.tolist())
    np.testing.assert_array_equal(held, np.bincount(np.searchsorted(knots, draw, side="right"), minlength=STRETCHES))
    assert held[0] <= 50 >= held[-1]  # 1 % of 5,000 at most lies beyond either end


def test_a_constant_input_has_one_stretch_with_rows() -> None:
    grid = numeric_bins("x", low=3.0, high=3.0, mean=3.0, deviation=0.0, integers=True, quantiles=[3.0] * 401)
    counts = np.zeros(grid.size)
    counts[grid.bin_of(np.asarray([3.0]))[0]] = 40
    _, held = stretches(grid, counts)
    assert held.sum() == held.max() == 40


def test_the_earlier_half_of_the_reference_is_by_rows() -> None:
    def part(number: int, bucket: int, rows: int) -> Partition:
        return Partition(number=number, version=None, bucket=bucket, reference=True, rows=rows, prediction_dirty=False,
                         outcome_dirty=False, prediction_tally=0, outcome_tally=1)  # fmt: skip

    def evidence(*parts: Partition) -> Any:
        tally = type("T", (), {"partitions": parts})
        return type("E", (), {"reference_tally": tally, "tally": type("T", (), {"partitions": ()})})

    assert sides_of(evidence(part(0, 5, 10), part(1, 6, 10), part(2, 7, 30))).earlier == [0, 1]
    assert sides_of(evidence(part(4, 5, 90))).earlier == []


def test_categories_are_told_apart_by_their_share() -> None:
    from types import SimpleNamespace

    from audits.probes.request_readings import readings

    grid = CategoricalBins(name="kind", levels=("a", "b"), complete=True)
    counts = SimpleNamespace(reference=np.asarray([60.0, 30.0]), reference_special={"missing": 10.0, "not_a_number": 0.0, "other": 0.0,
                                                                                   "unseen": 0.0})  # fmt: skip
    evidence: Any = SimpleNamespace(bins=Bins(columns=(grid,)), column=lambda name: counts)
    (found,) = readings(evidence, ModelConfig(name="loans", title="Loans", columns=Columns()))
    # 60, 30, none other and 10 missing, half a row more each: shares of 102
    np.testing.assert_allclose([*found.rarity, found.missing], -np.log(np.asarray([60.5, 30.5, 0.5, 10.5]) / 102))
