"""Expected cost: worked by hand, and an interval that holds its level."""

from __future__ import annotations

import numpy as np
import pytest

from audits.examine import examine
from audits.interval import z_of
from audits.tradeoffs.costs import mean_cost
from audits.tradeoffs.expected_cost import expected_cost
from connectors.config import Costs


def test_the_costs_of_ten_decisions(evidence_of, figures, ten, costs):
    # Decided from 0.5 on: outcomes 0 1 0 1 1 1 above (TP 4, FP 2), 0 0 1 0 below (FN 1, TN 3): (-4 + 10 + 1 + 0) / 10.
    evidence = evidence_of(ten, protected=("sex",), costs=costs)
    (everybody,) = figures(expected_cost, evidence, slice={}, window=0)
    assert everybody.value == pytest.approx(0.7, abs=1e-12)
    assert everybody.n == 10
    assert everybody.tables == {
        "costs": {"true_positive": -1.0, "false_positive": 5.0, "false_negative": 1.0, "true_negative": 0.0},
        "n": {"true_positive": 4, "false_positive": 2, "false_negative": 1, "true_negative": 3},
        "share": {"true_positive": None, "false_positive": None, "false_negative": None, "true_negative": None},
    }
    # Women are the odd scores 1 3 5 7 9: outcomes 0 1 0 0 1, decided from 0.5 on: TN, FN, FP, FP, TP: (0 + 1 + 5 + 5 - 1) / 5.
    (women,) = figures(expected_cost, evidence, slice={"sex": "F"}, window=0)
    assert women.value == pytest.approx(2.0, abs=1e-12)
    assert women.tables is None


def test_without_gains_each_kind_has_its_part_of_the_total(evidence_of, figures, ten):
    evidence = evidence_of(ten, costs=Costs(false_positive=5.0, false_negative=1.0))
    (everybody,) = figures(expected_cost, evidence, slice={}, window=0)
    assert everybody.value == pytest.approx(1.1, abs=1e-12)  # (2 x 5 + 1 x 1) / 10
    assert everybody.tables["share"] == {"true_positive": 0.0, "false_positive": 10 / 11, "false_negative": 1 / 11, "true_negative": 0.0}


def test_costs_are_about_the_positive_value(evidence_of, figures):
    # The score predicts outcome 0. Decision 1 is "negative": two predicted right, one positive missed, one false alarm.
    rows = [{"score": 0.5, "decision": d, "outcome": o} for d, o in ((0, 0), (1, 1), (1, 0), (0, 1))]
    evidence = evidence_of(rows, positive=0, costs=Costs(false_negative=8.0, false_positive=2.0))
    (everybody,) = figures(expected_cost, evidence, slice={}, window=0)
    assert everybody.value == pytest.approx((8 + 2) / 4)
    assert everybody.tables["n"] == {"true_positive": 1, "false_positive": 1, "false_negative": 1, "true_negative": 1}


def test_no_costs_is_said_once(evidence_of, ten):
    run = examine(evidence_of(ten), {}, card={}, audits=[expected_cost])
    assert len(run.findings) == 0
    (failure,) = [found for found in run.errors if found.name == "expected_cost"]
    assert "models.loans.costs" in failure.reason


def test_right_and_wrong_alone_is_the_interval_of_agresti_and_coull():
    # Two of the four cells cost 1: z² / 2 successes and as many failures are added.
    z = z_of()
    n, p = 40 + z * z, (7 + z * z / 2) / (40 + z * z)
    value, low, high = mean_cost([20, 3, 4, 13], np.array([0.0, 1.0, 1.0, 0.0]))
    assert value == pytest.approx(7 / 40)
    assert (low, high) == pytest.approx((p - z * np.sqrt(p * (1 - p) / n), p + z * np.sqrt(p * (1 - p) / n)))


def test_one_prediction_is_not_certain_and_none_has_no_cost():
    costs = np.array([0.0, 10.0, 1.0, 0.0])
    value, low, high = mean_cost([[0, 0, 0, 1], [0, 0, 0, 0]], costs)
    assert (value[0], low[0]) == (0.0, 0.0)
    assert 1 < high[0] <= 10
    assert np.isnan([value[1], low[1], high[1]]).all()


def test_the_interval_holds_its_level():
    # A rare, dear mistake among cheap ones: 4,000 samples of 200 decisions, 95 % of intervals should hold the truth.
    draw, chances, costs = np.random.default_rng(2), np.array([0.3, 0.02, 0.1, 0.58]), np.array([-1.0, 20.0, 4.0, 0.0])
    _, low, high = mean_cost(draw.multinomial(200, chances, size=4000), costs)
    truth = float(chances @ costs)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.99
