"""What was found of rows, summed into cells and laid out again: the same as grouping the rows by hand; cells add up in any order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from audits.probed_cells import REFERENCE, Cells, ProbeTally, over_cells
from audits.probes.cells import tally_of
from audits.probes.model_rows import read_rows
from audits.slices import Slice


@pytest.fixture(scope="module")
def counted(logged):
    """Give evidence with cells of 3,000 rows: whether a row's number is above 0, and the number itself, unknown for one row in ten."""
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=3000)
    before = read_rows(logged.warehouse, logged.model, logged.evidence, rows=500, side="reference")
    draw = np.random.default_rng(4)
    x = np.where(draw.random(len(rows)) < 0.1, np.nan, draw.normal(0.3, 2, len(rows)))
    high = np.where(np.isnan(x), np.nan, x > 0)
    tally = tally_of(
        logged.evidence,
        (rows, {("flip_rate", "noise"): high, ("size", "income"): x}),
        (before, {("size", "income"): np.arange(len(before), dtype=float)}),
    )
    frame = pd.DataFrame({"x": x, "high": high, "window": rows.window, **rows.levels})
    evidence = dataclasses.replace(logged.evidence, probes={"perturbations": {"cells": tally, "created": "2026-01-07T00:00:00Z"}})
    return evidence, frame, before


def place(evidence, **levels):
    return evidence.slices.index(Slice.of(levels))


def test_cells_are_what_grouping_by_hand_gives(counted):
    evidence, frame, _ = counted
    cells = Cells.of(evidence, "perturbations")
    n, mean, variance = cells.means("size", "income")
    assert n.shape == evidence.shape
    known = frame[frame["x"].notna()]
    for window, slice_, chosen in (
        (0, 0, known),
        (2, 0, known[known["window"] == 2]),
        (0, place(evidence, sex="F"), known[known["sex"] == "F"]),
        (3, place(evidence, sex="M", race="B"), known[(known["window"] == 3) & (known["sex"] == "M") & (known["race"] == "B")]),
        (5, place(evidence, region="west"), known[(known["window"] == 5) & (known["region"] == "west")]),
    ):
        assert n[0, window, slice_] == len(chosen) > 20
        assert mean[0, window, slice_] == pytest.approx(chosen["x"].mean(), rel=1e-9)
        assert variance[0, window, slice_] == pytest.approx(chosen["x"].var(), rel=1e-9)


def test_the_reference_is_apart(counted):
    evidence, _, before = counted
    n, mean, _ = Cells.of(evidence, "perturbations").means("size", "income", side=REFERENCE)
    assert n.shape == (1, 1, len(evidence.slices))
    assert (n[0, 0, 0], mean[0, 0, 0]) == (500, pytest.approx(249.5))
    assert n[0, 0, place(evidence, sex="F")] == (before.levels["sex"] == "F").sum()


def test_a_proportion_has_wilsons_interval_and_its_column(counted):
    evidence, frame, _ = counted
    (found,) = over_cells(evidence, "perturbations", "flip_rate", "proportion")
    first = int(np.flatnonzero((found.window == 0) & (found.slice == 0))[0])
    hits, n = frame["high"].sum(), frame["high"].notna().sum()
    assert (found.value[first], found.n[first]) == (pytest.approx(hits / n), n)
    z = 1.959964
    middle, half = (hits + z**2 / 2) / (n + z**2), z / (n + z**2) * np.sqrt(hits * (n - hits) / n + z**2 / 4)
    assert (found.low[first], found.high[first]) == (pytest.approx(middle - half, rel=1e-5), pytest.approx(middle + half, rel=1e-5))
    assert evidence.topics[found.column[first]] == "noise"
    assert len(set(found.window.tolist())) == len(evidence.windows)


def test_cells_add_up_in_any_order_and_survive_being_stored(counted):
    evidence, _, _ = counted
    tally = evidence.probes["perturbations"]["cells"]
    records = tally.records()
    half = len(tally) // 2
    parts = [ProbeTally.of_records({name: list(values)[a:b] for name, values in records.items()}) for a, b in ((0, half), (half, None))]
    for merged in (parts[0] + parts[1], parts[1] + parts[0], ProbeTally.of_records(records)):
        again = dataclasses.replace(evidence, probes={"perturbations": {"cells": merged}})
        for quantity, column in (("size", "income"), ("flip_rate", "noise")):
            pair = [Cells.of(each, "perturbations").sums(quantity, column) for each in (evidence, again)]
            for mine, theirs in zip(*pair, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-9)


def test_without_the_probe_there_is_nothing(counted):
    evidence, _, _ = counted
    assert Cells.of(evidence, "evasion") is None
    assert list(over_cells(evidence, "evasion", "evasion_rate", "proportion")) == []
