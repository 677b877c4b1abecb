"""Strange rows are found where they are planted, the reference's own share is what was aimed at, and detectors that are absent say so."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.interval import wilson
from audits.probes import outlier_detectors
from audits.probes.outlier_detectors import DETECTORS, absent
from audits.probes.outliers import run, stands_out, threshold
from audits.probes.row_numbers import scale_of
from audits.robustness.outlier_rate import outlier_rate

PLANTED = 60


@pytest.fixture(scope="module")
def asked(logged: Any) -> Any:
    body = run(logged.warehouse, logged.model, logged.evidence, progress=lambda _: None)
    return replace(logged.evidence, probes={"outliers": body}), body


@pytest.fixture(scope="module")
def strange(stored: Any, logged: Any) -> Any:
    """The log with rows on its fourth day that are tall, in debt and rich, which nobody is."""
    frame = logged.frame.copy()
    rows = frame.index[frame["time"] >= "2026-01-04"][:PLANTED]
    frame.loc[rows, ["height", "debt", "income"]] = [206.0, 3.4, 150_000.0]
    with stored(frame) as found:
        body = run(found.warehouse, found.model, found.evidence, progress=lambda _: None)
        yield replace(found.evidence, probes={"outliers": body})


def test_without_a_change_the_share_is_that_of_the_reference(asked: Any, logged: Any, figures: Any) -> None:
    evidence, body = asked
    json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)
    found = figures(outlier_rate, evidence, slice={}, version=None)
    assert {one.column for one in found} == {name for name in DETECTORS if not absent(name)}
    assert {"isolation_forest", "mahalanobis", "gaussian_mixture"} <= {one.column for one in found}
    for one in found:
        assert one.p > 0.001
        assert one.low <= one.value <= one.high
    first = logged.frame["time"] < "2026-01-02"
    for one in (f for f in found if f.window == 1):
        assert one.n == first.sum() - round(first.sum() * 2 / 3)  # the first day is the reference: what was fitted on is not asked
    for one in (f for f in found if f.window == 0):
        reference = one.tables["reference"]
        assert reference["low"] <= 0.01 <= reference["high"]
        assert one.tables["excess"] == pytest.approx(one.value - reference["value"])
        assert one.tables["excess_low"] < 0 < one.tables["excess_high"]


def test_planted_rows_are_found_in_their_window_and_say_what_is_strange(strange: Any, figures: Any) -> None:
    for name in ("isolation_forest", "mahalanobis", "gaussian_mixture"):
        found = {f.window: f for f in figures(outlier_rate, strange, slice={}, column=name)}
        low, _ = wilson(PLANTED, found[4].n)
        assert found[4].value > float(low)  # most of what was planted
        assert found[4].p < 0.005 < min(found[window].p for window in (2, 3, 5))
        assert {*found[0].tables["inputs"][:3]} == {"height", "debt", "income"}
        assert found[0].tables["windows"]["low"][3] > 0
        windows = found[0].tables["windows"]
        assert dict(zip(windows["window"], windows["n"], strict=True)) == {window: one.n for window, one in found.items() if window}


def test_groups_are_held_against_their_own_share(asked: Any, figures: Any) -> None:
    evidence, body = asked
    cells = body["cells"]
    for sex in ("F", "M"):
        (one,) = figures(outlier_rate, evidence, slice={"sex": sex}, window=0, column="mahalanobis")
        rows = (cells.rows["side"] == 1) & (cells.rows["slice"] == cells.slices.index(json.dumps({"sex": sex})))
        rows &= cells.rows["column"] == cells.columns.index("mahalanobis")
        assert cells.rows["n"][rows].sum() > 250
        assert one.p is not None


def test_absent_libraries_are_named_and_scikit_learn_stands_in(logged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        outlier_detectors.importlib.util, "find_spec", lambda name: None if name in ("alibi_detect", "torch") else real(name)
    )
    body = run(logged.warehouse, logged.model, logged.evidence, rows=3000, progress=lambda _: None)
    assert {name: said["library"] for name, said in body["detectors"].items()} == {"isolation_forest": "scikit-learn"}
    assert body["not_run"]["mahalanobis"] == "not run: alibi-detect is not installed"
    assert "TensorFlow" in body["not_run"]["adversarial_autoencoder"]


def test_one_broken_detector_leaves_the_others(logged: Any, figures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no convergence")

    monkeypatch.setitem(outlier_detectors.DETECTORS, "mahalanobis", broken)
    body = run(logged.warehouse, logged.model, logged.evidence, rows=3000, progress=lambda _: None)
    evidence = replace(logged.evidence, probes={"outliers": body})
    (one,) = figures(outlier_rate, evidence, column="mahalanobis")
    assert (one.value, one.reason) == (None, "it broke: RuntimeError: no convergence")
    assert figures(outlier_rate, evidence, column="isolation_forest")


def test_too_small_a_reference_is_refused(logged: Any) -> None:
    body = run(logged.warehouse, logged.model, logged.evidence, rows=399, progress=lambda _: None)
    assert body["reason"].startswith("the reference has 399 rows, and it takes 400")


def test_the_threshold_holds_its_share_on_new_rows() -> None:
    draw = np.random.default_rng(1)
    beyond = [(draw.normal(size=5000) > threshold(draw.normal(size=1000))).mean() for _ in range(200)]
    # k = 10 of 1001: the mean share beyond is 10 / 1001, its standard error over 200 draws 0.0032 / √200
    assert np.mean(beyond) == pytest.approx(10 / 1001, abs=4 * 0.0035 / np.sqrt(200))


def test_rows_become_numbers_that_know_what_is_missing_rare_and_beyond() -> None:
    table = pa.table({"x": [1.0, 2.0, 3.0, None], "job": ["cook", "cook", "nurse", None], "same": [1, 1, 1, 1]})
    scale = scale_of(table)
    assert scale.names == ("x", "job")
    assert scale.owner.tolist() == [0, 0, 1, 1, 1]
    assert scale.measured.tolist() == [True, False, False, False, False]
    found = scale(pa.table({"x": [2.0, None, 300.0], "job": ["nurse", "clerk", None], "same": [2, 2, 2]}))
    assert found[:2].tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]  # a clerk is none of the levels that the reference has
    assert found[2].tolist() == [20, 0, 0, 0, 1]  # 297 beyond the last, more than twenty deviations


def test_what_stands_out_is_the_feature_that_differs() -> None:
    draw = np.random.default_rng(2)
    table = pa.table({"a": draw.normal(size=2000), "b": draw.normal(size=2000)})
    numbers = scale_of(table)(table)
    numbers[:20, 1] = 6.0
    told = stands_out(scale_of(table), numbers, np.where(np.arange(2000) < 20, 1.0, 0.0))
    assert told["inputs"] == ["b", "a"]
    assert told["stands_out"][0] == 1.0
