"""The gap in mean score that outcomes do not account for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from audits.fairness.residual_standardized_mean_difference import residual_standardized_mean_difference


def rows_of(sex, scores, outcomes):
    return [{"sex": sex, "score": s, "outcome": y, "decision": int(s > 0.5)} for s, y in zip(scores, outcomes, strict=True)]


MEN = ([0.9, 0.8, 0.6, 0.4, 0.7], [1, 1, 0, 0, 1])
WOMEN = ([0.6, 0.4, 0.3, 0.2], [1, 1, 0, 0])


def test_by_hand_and_by_welch(evidence_of, figures):
    rows = [*rows_of("M", *MEN), *rows_of("F", *WOMEN), {"sex": "M", "score": 0.9, "outcome": None, "decision": 1}]
    (female,) = figures(residual_standardized_mean_difference, evidence_of(rows, protected=("sex",)), window=0, slice={"sex": "F"})
    men, women = (np.subtract(*pair) for pair in (MEN, WOMEN))  # score minus outcome
    spread = np.concatenate([men, women]).std()
    assert female.value == pytest.approx(100 * (women.mean() - men.mean()) / spread, rel=1e-9)
    expected = ttest_ind(women, men, equal_var=False)
    assert female.p == pytest.approx(expected.pvalue, rel=1e-9)
    ends = [100 * end / spread for end in expected.confidence_interval()]
    assert (female.low, female.high) == pytest.approx(tuple(ends), rel=1e-6)
    assert (female.n, female.reference) == (4, {"sex": "M"})


def test_scores_that_are_right_in_both_groups_leave_nothing(evidence_of, figures):
    rows = [*rows_of("M", [0.8] * 10, [1] * 8 + [0] * 2), *rows_of("F", [0.3] * 10, [1] * 3 + [0] * 7)]
    (female,) = figures(residual_standardized_mean_difference, evidence_of(rows, protected=("sex",)), window=0, slice={"sex": "F"})
    assert female.value == pytest.approx(0.0, abs=1e-9)


def test_it_follows_what_the_score_predicts(evidence_of, figures):
    """With the unfavorable outcome as the positive one, the residual is the score minus that outcome."""
    rows = [*rows_of("M", *MEN), *rows_of("F", *WOMEN)]
    evidence = evidence_of(rows, protected=("sex",), positive=0)
    (female,) = figures(residual_standardized_mean_difference, evidence, window=0, slice={"sex": "F"})
    men, women = (np.asarray(s) - (1 - np.asarray(y)) for s, y in (MEN, WOMEN))
    assert female.value == pytest.approx(100 * (women.mean() - men.mean()) / np.concatenate([men, women]).std(), rel=1e-9)


def test_one_class_of_several_has_it_too(evidence_of, figures):
    labels = "abc"
    rows = [{"decision": labels[i % 3], "outcome": labels[(i + i // 5) % 3], "sex": "FM"[i % 2],
             **{f"p_{k}": (0.5 + 0.01 * (i % 7)) if k == labels[i % 3] else (0.5 - 0.01 * (i % 7)) / 2 for k in labels}}
            for i in range(60)]  # fmt: skip
    evidence = evidence_of(rows, task="multiclass", protected=("sex",), favorable="a")
    view = evidence.of_class(evidence.classes.index("b"))
    found = figures(residual_standardized_mean_difference, view, window=0)
    group = next(f for f in found if f.reason == "")
    residual = {s: np.asarray([r["p_b"] - (r["outcome"] == "b") for r in rows if r["sex"] == s]) for s in "FM"}
    own, beside = residual[group.slice["sex"]], residual[group.reference["sex"]]
    spread = np.concatenate([own, beside]).std()
    assert group.value == pytest.approx(100 * (own.mean() - beside.mean()) / spread, rel=0.02), "squares come from score bins here"
