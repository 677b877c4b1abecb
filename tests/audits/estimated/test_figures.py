"""Estimates of ten rows by hand, against the rates that twelve hundred reference rows show."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from audits.estimated import AUDITS
from audits.evidence import Evidence

Rows = list[dict[str, Any]]
BY_NAME = {audit.name: audit for audit in AUDITS}
TEN = [(0.2, 4, 0), (0.5, 2, 0), (0.8, 4, 0)]
# Expected at rates 1/4, 1/2, 3/4: TP = 2/2 + 4 x 3/4 = 4, FP = 1 + 1 = 2, FN = 4/4 = 1, TN = 3; five positive outcomes of ten.
BY_HAND = {
    "accuracy": 7 / 10, "true_positive_rate": 4 / 5, "false_negative_rate": 1 / 5, "false_positive_rate": 2 / 5,
    "true_negative_rate": 3 / 5, "balanced_accuracy": 0.7, "positive_predictive_value": 4 / 6, "negative_predictive_value": 3 / 4,
    "f1": 8 / 11, "base_rate": 5 / 10,
    # 0.25 x 0.64 + 0.75 x 0.04 = 0.19 at 0.2, the same at 0.8; 0.25 at 0.5
    "brier_score": (4 * 0.19 + 2 * 0.25 + 4 * 0.19) / 10,
    "log_loss": -(8 * (0.25 * math.log(0.2) + 0.75 * math.log(0.8)) + 2 * math.log(0.5)) / 10,
}  # fmt: skip
SUPPORT = {"true_positive_rate": 5, "false_negative_rate": 5, "false_positive_rate": 5, "true_negative_rate": 5,
           "positive_predictive_value": 6, "negative_predictive_value": 4, "f1": 7}  # fmt: skip


@pytest.fixture(scope="module")
def ten(many: Callable[..., Evidence], reference: Rows, rows_of_day: Callable[..., Rows]) -> Evidence:
    """Give ten unlabelled rows after the reference."""
    return many(reference + rows_of_day(1, TEN, labels=False))


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_by_hand(ten: Evidence, of: Callable[..., SimpleNamespace], name: str) -> None:
    """Each measure is its formula at the expected counts, known without a single outcome of the window."""
    found = of(BY_NAME[f"estimated_{name}"], ten)
    assert found.value == pytest.approx(BY_HAND[name], abs=1e-12)
    assert found.n == SUPPORT.get(name, 10)
    assert found.method == "cbpe, isotonic"
    assert of(BY_NAME[f"estimated_{name}"], ten, 0).value == pytest.approx(BY_HAND[name], abs=1e-12)


def test_interval_by_hand(ten: Evidence, of: Callable[..., SimpleNamespace]) -> None:
    """Accuracy: 8 x 3/16 + 2 x 1/4 = 2 for the chance of ten outcomes, and the curve's own variance, p(1-p)/n of each of its blocks.

    A block of 400 has (100 + 1/2) / 401 of it: v = 0.0004690 at the outer two, 0.0006250 in the middle. 4² v below the cut-off;
    above it 2² v and 4² v. No skewness: those of the two sides cancel but for 4 rows at 1/4 against 4 at 3/4, which counts twice:
    wrong decisions are right with 3/4 on both sides: third moment 8 x 3/16 x (1 - 2 x 3/4) = -0.75.
    """
    outer, middle = (100.5 / 401) * (300.5 / 401) / 400, 0.25 / 400
    deviation = math.sqrt(2 + 16 * outer + 4 * middle + 16 * outer) / 10
    skewness = -0.75 / (10 * deviation) ** 3
    move = skewness * (1.959964**2 - 1) / 6
    found = of(BY_NAME["estimated_accuracy"], ten)
    assert found.low == pytest.approx(0.7 + deviation * (move - 1.959964), abs=1e-6)
    assert found.high == pytest.approx(min(0.7 + deviation * (move + 1.959964), 1.0), abs=1e-6)


def test_ranking_by_all_pairs(ten: Evidence, of: Callable[..., SimpleNamespace]) -> None:
    """ROC AUC: the chance of every ordered pair of different rows to be a negative and a positive, ties half."""
    rows = [(score, {0.2: 0.25, 0.5: 0.5, 0.8: 0.75}[score]) for score, n, _ in TEN for _ in range(n)]
    ordered = pairs = 0.0
    for i, (low, p) in enumerate(rows):
        for j, (high, q) in enumerate(rows):
            if i != j:
                pairs += (1 - p) * q
                ordered += (1 - p) * q * (1.0 if high > low else 0.5 if high == low else 0.0)
    found = of(BY_NAME["estimated_roc_auc"], ten)
    assert found.value == pytest.approx(ordered / pairs, abs=1e-12)
    assert found.value == pytest.approx(17.5 / 23)  # of 25 = 5 x 5 pairs of expected outcomes, 2 are of a row with itself
    assert 0 < found.low < found.value < found.high <= 1


def test_average_precision_of_certain_outcomes(many: Callable[..., Evidence], rows_of_day: Callable[..., Rows], of: Any) -> None:
    """Scores that decide: all positives come first, so the precision at each is 1 and nothing is uncertain but the reference."""
    sure = rows_of_day(0, [(0.1, 0, 6), (0.9, 6, 0)], reference=True)
    found = many(sure + rows_of_day(1, [(0.1, 0, 5), (0.9, 5, 0)], labels=False))
    assert of(BY_NAME["estimated_average_precision"], found).value == pytest.approx(1.0)
    assert of(BY_NAME["estimated_roc_auc"], found).value == pytest.approx(1.0)
    assert of(BY_NAME["estimated_accuracy"], found).value == pytest.approx(1.0)


def test_favorable_may_be_the_other_outcome(many: Callable[..., Evidence], reference: Rows, rows_of_day: Any, of: Any) -> None:
    """A risk score predicts 0, the unfavorable outcome, so a high one should go with the unfavorable decision: rates turn round with it."""
    turned = [{**row, "score": 1 - row["score"]} for row in reference + rows_of_day(1, TEN, labels=False)]
    found = many(turned, positive=0)
    # positive decisions are the four with a score of 0.8 now: TP 3, FP 1; the six others hold FN = 4/4 + 2/2 = 2 and TN 4
    assert of(BY_NAME["estimated_accuracy"], found).value == pytest.approx(7 / 10)
    assert of(BY_NAME["estimated_positive_predictive_value"], found).value == pytest.approx(3 / 4)
    assert of(BY_NAME["estimated_true_positive_rate"], found).value == pytest.approx(3 / 5)
    assert of(BY_NAME["estimated_base_rate"], found).value == pytest.approx(1 / 2)  # of favorable outcomes


def test_without_decisions(many: Callable[..., Evidence], reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Scores alone say what outcomes to expect and how well they are ranked."""
    bare = [{key: value for key, value in row.items() if key != "decision"} for row in reference + rows_of_day(1, TEN, labels=False)]
    found = many(bare)
    assert of(BY_NAME["estimated_base_rate"], found).value == pytest.approx(1 / 2)
    assert of(BY_NAME["estimated_roc_auc"], found).value > 0.6


def test_nothing_decided_positive(many: Callable[..., Evidence], reference: Rows, rows_of_day: Any, of: Any) -> None:
    """No positive decision: no predictive value of one, with a reason; the rest stands."""
    found = many(reference + rows_of_day(1, [(0.2, 4, 0)], labels=False))
    predictive = of(BY_NAME["estimated_positive_predictive_value"], found)
    assert (predictive.value, predictive.reason) == (None, "no positive decision with a score")
    assert of(BY_NAME["estimated_accuracy"], found).value == pytest.approx(3 / 4)


def test_decisions_that_know_more_than_the_score(many: Callable[..., Evidence], rows_of_day: Any, of: Any) -> None:
    """Somebody decides by more than the score: 3 of 4 he accepts turn out positive, 1 of 4 he refuses, at one score.

    The curve alone says 1/2 for both and would estimate an accuracy of 1/2; anchored on the decisions' own outcomes it is 3/4.
    """
    pairs = [(1, 1)] * 3 + [(1, 0), (0, 1)] + [(0, 0)] * 3
    said = [{"score": 0.5, "decision": d, "outcome": y, "day": 0, "reference": True} for d, y in pairs]
    new = [{"score": 0.5, "decision": d, "outcome": None, "day": 1} for d in (1, 1, 0, 0)]
    found = of(BY_NAME["estimated_accuracy"], many(said + new, reference=200))
    assert found.value == pytest.approx(3 / 4, abs=2e-3)
