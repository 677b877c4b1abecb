"""Whole rows against whole rows: what the detectors say of a planted shift, of none, and of too few rows."""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audits.probes import multivariate, online_detectors, second_opinion
from audits.probes.batch_detectors import NO_TORCH, _by_parts, counted, detected, quietly
from audits.probes.domain_classifier import auc, classified
from audits.probes.drop_rows import Rows
from audits.probes.online_detectors import streamed
from audits.probes.reconstruction import reconstructed
from audits.probes.whole_rows import Sides


def rows(n: int, seed: int, shift: float = 0.0) -> Rows:
    """Draw people with an income, a debt that follows it, a job and a score."""
    draw = np.random.default_rng(seed)
    income = draw.normal(shift, 1, n)
    decision = (draw.random(n) < (0.5 if not shift else 0.8)).astype(float)
    return Rows(
        numeric={"income": income, "debt": income * (1 if not shift else -1) + draw.normal(0, 0.3, n)},
        categorical={"job": draw.choice(["clerk", "cook"], n).astype(object)}, decision=decision, outcome=np.full(n, np.nan),
        score=draw.normal(shift, 1, n), time=np.arange(n, dtype=float), lag=np.full(n, np.nan), unit=np.arange(n),
        fold=np.arange(n), available=10 * n,
    )  # fmt: skip


def made(shift: float, n: int = 300) -> Sides:
    """The reference and a window whose income is moved by `shift`, the rest as it was."""
    draw = np.random.default_rng(5)
    reference, window = draw.normal(size=(n, 3)), draw.normal(size=(n, 3))
    window[:, 0] += shift
    return Sides(
        names=("income", "debt", "age"), owner=np.arange(3), reference=reference, window=window, rows=(rows(n, 1), rows(n, 2)), place=1
    )


def test_the_area_is_scikit_learn_s() -> None:
    draw = np.random.default_rng(0)
    y, score = draw.integers(0, 2, 500).astype(float), np.round(draw.normal(size=500), 1)  # with ties
    assert auc(score, y)[0] == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_a_classifier_finds_the_shift_and_names_the_column() -> None:
    found = classified(made(1.0, 1500), seed=1)
    # two normals a deviation apart: AUC = Φ(1 / √2) = 0.760 at best
    assert found["low"] < 0.760
    assert found["value"] > 0.72
    assert found["features"][0] == "income"
    assert found["importance"][0] > 10 * abs(found["importance"][1])
    assert classified(made(1.0, 1500), seed=1) == found


def test_a_classifier_keeps_quiet() -> None:
    found = [classified(replace(made(0.0, 150), reference=np.random.default_rng(s).normal(size=(150, 3))), seed=s) for s in range(5)]
    assert sum(each["p_value"] < 0.05 for each in found) <= 2  # of five; 3 or more come in 0.1 % of worlds
    assert "needs 100 rows" in classified(made(1.0, 50), seed=1)["reason"]


def test_a_classifier_does_not_know_units_again() -> None:
    """Ten equal rows of each of 60 people, other people in either period, and no shift: dealt out row by row the area would be near 1."""
    whom = np.repeat(np.arange(60), 10)
    held = made(0.0, 60)
    sides = tuple(replace(rows(600, seed), fold=whom, unit=whom) for seed in (1, 2))
    repeated = replace(held, reference=held.reference[whom], window=held.window[whom], rows=sides)
    assert classified(repeated, seed=1)["value"] < 0.75
    few = tuple(replace(each, fold=whom % 3) for each in sides)
    assert classified(replace(repeated, rows=few), seed=1)["reason"] == "too few units to be dealt out over 5 folds"


def test_columns_that_stop_moving_together_are_found() -> None:
    draw = np.random.default_rng(2)
    one = draw.normal(size=(2000, 1))
    together, apart = np.hstack([one, one + draw.normal(0, 0.2, (2000, 1))]), draw.normal(size=(1000, 2))
    held = replace(made(0.0), names=("a", "b"), owner=np.arange(2), reference=together[:1000])
    quiet, loud = (reconstructed(replace(held, window=window)) for window in (together[1000:], apart))
    assert quiet["low"] < 0 < quiet["high"]
    assert loud["low"] > 1


def test_alibi_detect_s_classifier() -> None:
    loud, quiet = (detected("classifier_drift", made(shift, 600), {}, seed=1) for shift in (1.0, 0.0))
    assert loud["p_value"] < 1e-6 < 0.05 < quiet["p_value"]
    assert loud["low"] < loud["value"] < loud["high"]


def test_an_interval_by_parts_lies_around_the_figure_of_all_rows() -> None:
    found = _by_parts(made(1.0), 7.0, lambda a, b: float(b.mean() - a.mean()))
    assert found["low"] + found["high"] == pytest.approx(14.0)
    assert found["low"] < 7.0 < found["high"]


def test_detectors_leave_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002  it is this one that must not change
    held = []
    try:
        with quietly(3):
            held.append(os.environ["TQDM_DISABLE"])
            raise ZeroDivisionError  # as a detector that fails
    except ZeroDivisionError:
        held.append("failed")
    assert held == ["1", "failed"]
    assert "TQDM_DISABLE" not in os.environ
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_one_row_of_each_unit_is_taken() -> None:
    held = made(0.0, 6)
    whom = np.asarray([2, 2, 0, 0, 0, 1])
    units = replace(held, rows=(replace(held.rows[0], unit=whom), held.rows[1]))
    assert units.firsts(10)[0].tolist() == [0, 2, 5]
    assert (len(units.thinned(2).reference), len(units.thinned(10).window)) == (2, 6)


def test_what_needs_torch_says_so() -> None:
    said = detected("maximum_mean_discrepancy", made(1.0), {}, seed=1)
    assert ("reason" in said) == (importlib.util.find_spec("torch") is None)
    assert said.get("reason", NO_TORCH) == NO_TORCH


def test_permutations_count_the_observed_one() -> None:
    assert counted(0.0, 199) == 0.005  # none of 199 as large: 1 / 200
    assert counted(1.0, 199) == 1.0


@pytest.mark.parametrize("name", multivariate.ONLINE)
def test_online_detectors(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online_detectors, "RUN_TIME", 100)
    monkeypatch.setattr(online_detectors, "BOOTSTRAPS", 1_000)
    monkeypatch.setattr(online_detectors, "WINDOWS", (30,))
    found = streamed(name, rows(600, 1), rows(200, 2, shift=2.0), seed=1)
    assert found["rang"]
    assert 0 < found["first"] <= 60
    assert len(found["statistic"]) == len(found["line"]) == len(found["t"]) == 200
    assert "needs 200 rows" in streamed(name, rows(50, 1), rows(200, 2), seed=1)["reason"]


def test_a_second_opinion_and_its_export(tmp_path) -> None:
    found = second_opinion.opinion((rows(800, 1), rows(700, 2, shift=1.0)))
    says = {column["column"]: column["says"] for column in found["columns"]}
    assert says["income"] == says["score"] == "drifted"
    assert says["job"] == "not drifted"
    assert (found["compared"], found["drifted"]) == (len(says), sum(word == "drifted" for word in says.values()))
    written = second_opinion.export((rows(200, 1), rows(200, 2)), tmp_path / "out")
    assert "metric" in json.loads(written[0].read_text()) or written[0].stat().st_size > 1000
    assert written[1].read_text()[:200].lower().count("html") >= 1
