"""The smallest change that turns a decision: known distances, constraints, deadlines and what cannot be asked."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from audits.probes import deciders as deciders_module
from audits.probes import evasion
from audits.probes.cut_off import CutOff
from audits.probes.deciders import Decider, decider
from audits.probes.feasible import Change, Space
from audits.probes.model_rows import read_rows
from audits.probes.scorer import Scorer
from audits.robustness.distances import BUDGET, WITHIN
from audits.robustness.evasion_rate import evasion_rate
from audits.robustness.smallest_flip_distance import smallest_flip_distance
from connectors.config import ModelFile
from connectors.errors import CandorError
from tests.audits.robustness.known_models import BIAS, CUT, WEIGHTS, Known, linear, matrix

WIDE = {"income": (-1e4, 1e4), "debt": (-100.0, 100.0), "age": (-1e4, 1e4)}


def attacked(decided, model, *, seconds=30.0, rows=300, **declared):
    config = replace(decided.model, model=ModelFile(format="onnx", **declared))
    held = read_rows(decided.warehouse, config, decided.evidence, rows=rows, extra=model.names)
    one = decider(config, decided.evidence, Scorer(kind="model", asked=model), held, lambda: held)
    return evasion.attack(config, decided.evidence, one, seconds=seconds)


def margins(found):
    """Give x, the distance of each searched row's log-odds from the cut-off, and the spreads of the three inputs."""
    table = found.decider.rows.table
    x = matrix(table, tuple(WEIGHTS))[found.searched]
    spread = np.asarray([change.spread for change in found.space.changes])
    return x, x @ np.asarray(list(WEIGHTS.values())) + BIAS - np.log(CUT / (1 - CUT)), spread


@pytest.fixture(scope="module")
def free(decided):
    """Search rows that may go anywhere; age is whole, which would make the closed form inexact, and so is held."""
    return attacked(decided, Known(linear), rows=600, ranges=WIDE, immutable=("age",))


def test_the_distance_is_that_of_the_linear_margin(free):
    _, margin, spread = margins(free)
    free_weights = np.asarray([0.05, -2.0]) * spread[:2]
    known = np.abs(margin) / np.linalg.norm(free_weights)
    found = free.distance[free.searched]
    assert free.searched.sum() == 120
    assert (free.decider.cut_off.score, free.decider.cut_off.reproduced) == (CUT, 1.0)
    near = known < 0.98 * BUDGET
    assert near.sum() > 100
    assert (found[near] >= known[near] * (1 - 1e-9)).all()  # no change that turns is smaller than the margin
    np.testing.assert_allclose(found[near], known[near], rtol=0.01)  # well within the 5 % that was promised
    assert not (found[known > 1.02 * BUDGET] < BUDGET).any()


def test_constraints_leave_the_ways_that_are_open(decided):
    # against a person only more income helps, up to 110: the distance is the margin over that one weight, or there is none
    found = attacked(
        decided, Known(linear), monotone={"income": "up"}, immutable=("age", "debt"), ranges={"income": (0.0, 110.0)}, rows=600
    )
    x, margin, spread = margins(found)
    got, needed = found.distance[found.searched], -margin / 0.05
    against = margin < 0
    reachable = against & (x[:, 0] + needed <= 110) & (needed <= BUDGET * spread[0])
    assert 10 < reachable.sum() < against.sum()
    np.testing.assert_allclose(got[reachable], needed[reachable] / spread[0], rtol=0.01)
    assert np.isinf(got[against & ~reachable]).all()
    assert np.isinf(got[~against]).all()  # less income is not possible


def test_every_change_found_turns_the_model_and_is_possible(decided, monkeypatch):
    kept = []
    run = evasion.Search.run
    monkeypatch.setattr(evasion.Search, "run", lambda self: (run(self), kept.append(self)))

    def stairs(rows):  # a model of steps, levels and whole numbers
        income, debt, age = (matrix(rows, (name,))[:, 0] for name in ("income", "debt", "age"))
        job = np.asarray([text == "nurse" for text in rows.column("job").to_pylist()])
        return 1 / (1 + np.exp(-(np.floor(income / 10) / 2 - np.floor(8 * debt) / 4 + 0.1 * np.floor(age / 10) + 0.5 * job - 4)))

    model = Known(stairs, names=("income", "debt", "age", "job"))
    found = attacked(decided, model, monotone={"age": "up"})
    assert kept
    for search in kept:
        of = np.flatnonzero(np.isfinite(search.distance))
        assert len(of)
        assert search.space.feasible(search.x0[of], search.x[of]).all()
        np.testing.assert_allclose(search.space.distance(search.x0[of], search.x[of]), search.distance[of])
        changed = search.space.decode(search.base.take(of), search.x[of])
        before, after = (found.decider.cut_off.decided(stairs(table)) for table in (search.base.take(of), changed))
        assert (before != after).all()
        age = search.space.places["age"]
        assert (search.x[:, age] >= search.x0[:, age]).all()
        assert (search.x[:, age] == np.floor(search.x[:, age])).all()


def test_figures_by_group_and_version_come_from_the_cells(asking, measured, figures):
    body = asking(evasion, Known(linear), Known(linear), versions=("v1", "v2"), declared={"ranges": WIDE, "immutable": ("age",)}, rows=600)
    json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)
    assert [one["version"] for one in body["models"]] == ["v1", "v2"]
    assert sum(one["rows"] for one in body["models"]) == 600  # of one draw: each release has its share of the log
    searched = [one["searched"] for one in body["models"]]
    assert searched == [-(-one["rows"] // 5) for one in body["models"]]
    assert body["rows_used"] == sum(searched)
    evidence = measured("evasion", body)
    (rate,) = figures(evasion_rate, evidence, version=None, slice={}, window=0)
    curve = rate.tables["curve"]
    assert curve["value"] == sorted(curve["value"])
    inside = [value for distance, value in zip(curve["distance"], curve["value"], strict=True) if distance <= WITHIN]
    assert inside[-1] <= rate.value
    groups = figures(evasion_rate, evidence, version=None, window=0, attribute="sex")
    assert sum(one.n for one in groups) == rate.n
    assert {one.version for one in figures(evasion_rate, evidence, slice={}, window=0)} == {None, "v1", "v2"}
    every = {one.column: one for one in figures(smallest_flip_distance, evidence, version=None, slice={}, window=0)}
    assert every[None].n == every["to favorable"].n + every["to adverse"].n == body["rows_used"]
    assert every["to favorable"].n == rate.n
    told = every[None].tables
    assert sum(told["bins"]["n"]) + told["beyond"] == body["rows_used"]
    assert told["quantiles"]["value"][3] == pytest.approx(every[None].value)


def test_where_nobody_is_decided_against_there_is_no_evasion(asking, measured, figures, monkeypatch):
    sided = deciders_module.learn
    monkeypatch.setattr(deciders_module, "learn", lambda *given, **named: replace(sided(*given, **named), sided=False))
    evidence = measured("evasion", asking(evasion, Known(linear), rows=100))
    (rate,) = figures(evasion_rate, evidence)
    assert (rate.value, rate.reason) == (None, "no decision that was searched is against anybody")
    (every,) = figures(smallest_flip_distance, evidence, version=None, slice={}, window=0)
    assert (every.column, every.n) == (None, 20)


def test_the_deadline_holds_and_the_rest_is_left_out(decided):
    def slow(rows):
        time.sleep(0.02)
        return linear(rows)

    began = time.monotonic()
    found = attacked(decided, Known(slow), seconds=0.5, rows=300)
    assert time.monotonic() - began < 3  # to its end it would take 140 calls for the first sixteen rows, three seconds, and as long again
    assert found.stopped
    assert not found.searched.any()
    assert "too slowly" in found.reason


def test_some_blocks_within_the_deadline_are_kept_whole(decided, monkeypatch):
    monkeypatch.setattr(evasion, "LARGEST_BLOCK", 20)

    def slow(rows):
        time.sleep(rows.num_rows * 2e-5)
        return linear(rows)

    found = attacked(decided, Known(slow), seconds=2.0, rows=900)
    assert found.reason == ""
    assert 0 < found.searched.sum() < 180  # all of them would take 180 x 500 questions of 20 µs
    assert not np.isnan(found.distance[found.searched]).any()


def test_among_several_classes_any_other_is_a_turn_where_none_is_favorable(decided):
    weights = np.asarray([[0.05, 0.0], [0.0, 4.0], [0.02, 1.0]])  # of three classes, on two inputs

    def classes(rows):
        score = matrix(rows, ("income", "debt")) @ weights.T + np.asarray([-4.0, -1.0, -1.0])
        return np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)

    table = pa.Table.from_pandas(decided.frame).slice(0, 60).select(["income", "debt"])
    answers = classes(table)
    largest = np.argmax(answers, axis=1).astype(float)
    model = Scorer(kind="model", asked=Known(classes, names=("income", "debt"), classes=("a", "b", "c")))
    cut_off = CutOff(score=np.nan, favorable=-1, reproduced=1.0, n=60)
    one = Decider(scorer=model, rows=None, logged=largest, cut_off=cut_off, answers=answers, decided=cut_off.decided(answers))
    feasible = Space(changes=tuple(Change(name=name, spread=spread) for name, spread in (("income", 20.0), ("debt", 0.2))))
    x = feasible.encode(table)
    search = evasion.searched_from(feasible, one, table, x, np.arange(60), np.arange(60), seed=1)
    search.run()
    score = x @ weights.T + np.asarray([-4.0, -1.0, -1.0])
    own = largest.astype(int)
    gaps = np.abs(score[np.arange(60), own][:, None] - score)
    widths = np.linalg.norm((weights[own][:, None] - weights) * np.asarray([20.0, 0.2]), axis=2)
    known = np.min(np.where(widths > 0, gaps / np.maximum(widths, 1e-12), np.inf), axis=1)
    near = known < 2.9
    assert near.sum() > 40
    np.testing.assert_allclose(search.distance[near], known[near], rtol=0.01)


def broken(rows):
    raise CandorError("the model stopped: no such column")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (broken, "the model stopped"),
        (lambda rows: np.full(rows.num_rows, np.nan), "the model gives a number for none of the "),
        (lambda rows: np.full(rows.num_rows, 0.5), "all 900 answers are the same"),
    ],
)
def test_a_model_that_cannot_be_attacked_is_a_reason(asking, function, said):
    body = asking(evasion, Known(function), rows=200)
    assert body["reason"].startswith(said)
    assert "cells" not in body


def test_a_second_attack_by_another_hand_finds_little_nearer(free):
    second = free.second
    assert (second["method"], second["rows"]) == ("HopSkipJump", 4)
    assert second["nearer"] == 0  # of a linear model nothing is nearer than the margin
    assert second["queries"] > 1000
    assert second["median_ratio"] == pytest.approx(1, abs=0.01)
