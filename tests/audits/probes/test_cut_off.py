"""Where the decision turns, learned from decisions and scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.probes.cut_off import NoCutOff, learn, shortest


def test_the_cut_off_is_the_plain_number_between_the_two_neighbours():
    scores = np.round(np.random.default_rng(1).beta(2, 2, 500), 6)
    found = learn(scores, (scores >= 0.7).astype(float))
    assert found.score == 0.7
    assert found.above
    assert (found.reproduced, found.n) == (1.0, 500)
    assert found.between == (scores[scores < 0.7].max(), scores[scores >= 0.7].min())


def test_a_low_score_can_be_the_favorable_one():
    risk = np.linspace(0, 1, 101)
    found = learn(risk, (risk <= 0.3).astype(float))
    assert (found.score, found.above) == (0.3, False)
    assert found.decided(np.asarray([0.3, 0.31, np.nan])).tolist()[:2] == [1.0, 0.0]
    assert np.isnan(found.decided(np.asarray([np.nan]))[0])
    assert found.margin(np.asarray([0.1, 0.5])) == pytest.approx([0.2, -0.2])
    assert found.adverse(found.decided(np.asarray([0.1, 0.5]))).tolist() == [0.0, 1.0]


def test_a_decision_about_a_class_that_is_not_favorable_is_against_nobody():
    found = replace(learn(np.linspace(0, 1, 101), (np.linspace(0, 1, 101) >= 0.3).astype(float)), sided=False)
    assert found.decided(np.asarray([0.3, 0.2])).tolist() == [1.0, 0.0]
    assert np.isnan(found.adverse(np.asarray([1.0, 0.0]))).all()


def test_the_share_that_it_reproduces_is_counted():
    # 100 scores, approved from 60 on, but rows 10 to 14 were approved by somebody: 95 of 100 come out
    scores = np.arange(100.0)
    decision = (scores >= 60).astype(float)
    decision[10:15] = 1
    found = learn(scores, decision)
    assert (found.score, found.reproduced, found.n) == (60.0, 0.95, 100)


def test_every_cut_was_looked_at():
    draw = np.random.default_rng(3)
    scores = draw.integers(0, 40, 400) / 40
    decision = (scores + draw.normal(0, 0.1, 400) > 0.6).astype(float)
    found = learn(scores, decision)
    best = max(((scores >= cut) == decision).mean() for cut in np.unique(scores)[1:])
    assert found.reproduced == pytest.approx(best, abs=1e-12)
    assert (found.decided(scores) == decision).mean() == pytest.approx(best, abs=1e-12)


def test_unknown_decisions_and_scores_take_no_part():
    scores = np.concatenate([np.linspace(0, 1, 50), [np.nan, 0.9, 0.1]])
    decision = np.concatenate([np.linspace(0, 1, 50) >= 0.5, [1.0, np.nan, np.nan]])
    assert learn(scores, decision).n == 50


def test_several_classes_are_decided_by_the_largest():
    answers = np.random.default_rng(4).dirichlet([1, 1, 1], 200)
    decision = np.argmax(answers, axis=1).astype(float)
    decision[:10] = (decision[:10] + 1) % 3
    found = learn(answers, decision, favorable=2)
    assert found.reproduced == 0.95
    assert found.decided(answers[20:]).tolist() == decision[20:].tolist()
    assert found.adverse(np.asarray([2.0, 0.0, np.nan])).tolist()[:2] == [0.0, 1.0]
    assert (found.margin(answers) > 0).tolist() == (found.decided(answers) == 2).tolist()


@pytest.mark.parametrize(
    ("scores", "decision", "said"),
    [
        (np.linspace(0, 1, 20), np.ones(20), "20 predictions have a decision and a score, and it takes 30"),
        (np.linspace(0, 1, 50), np.ones(50), "all 50 decisions are the same"),
        (np.full(50, 0.4), np.arange(50.0) % 2, "all 50 answers are the same"),
        (np.linspace(0, 1, 50), np.arange(50.0) % 2, "the decision does not follow the score"),
        (np.full(50, np.nan), np.arange(50.0) % 2, "0 predictions have a decision and a score"),
    ],
)
def test_what_nothing_is_learned_from_is_said(scores, decision, said):
    with pytest.raises(NoCutOff, match=said):
        learn(scores, decision)


@pytest.mark.parametrize(
    ("low", "high", "above", "expected"),
    [
        (0.6993, 0.7004, True, 0.7), (0.7, 0.8, True, 0.8), (0.7, 0.8, False, 0.7), (-0.3, 0.4, True, 0.0), (612, 655, True, 650),
        (-1e-7, -1e-9, True, -1e-8), (0.1 + 0.2, 0.30000000000000010, True, 0.30000000000000010),
    ],
)  # fmt: skip
def test_the_shortest_number_lies_on_the_right_side(low, high, above, expected):
    assert shortest(low, high, above=above) == pytest.approx(expected, rel=1e-12, abs=1e-15)
