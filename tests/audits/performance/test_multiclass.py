"""Multiclass figures by hand, against scikit-learn, and by simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from audits.evidence import Evidence
from audits.registry import find
from tests.audits.performance.looking import figure

Build = Callable[..., Evidence]
Rows = list[dict[str, Any]]
CLASSES = ("a", "b", "c")
EXACT = 1e-12

# decision, outcome: a is found 3 of 4 times, b 1 of 2, c 0 of 1 and never predicted; the last outcome is not known
EIGHT = [("a", "a"), ("a", "a"), ("a", "a"), ("b", "a"), ("b", "b"), ("a", "b"), ("a", "c"), ("b", None)]


@pytest.fixture(scope="module")
def eight(evidence_of: Build) -> Evidence:
    """Give the evidence of eight decisions without scores."""
    return evidence_of([{"decision": d, "outcome": o} for d, o in EIGHT], task="multiclass")


@pytest.fixture(scope="module")
def drawn() -> Rows:
    """Give 600 random predictions of three classes, in two groups and two races."""
    draw = np.random.default_rng(17)
    rows = []
    for i in range(600):
        p = draw.dirichlet((2.0, 1.2, 0.5))
        outcome = CLASSES[int(draw.choice(3, p=p**1.4 / (p**1.4).sum()))]
        rows.append(
            {"p_a": float(p[0]), "p_b": float(p[1]), "p_c": float(p[2]), "decision": CLASSES[int(p.argmax())], "outcome": outcome,
             "sex": "FM"[i % 2], "race": "XY"[(i // 2) % 2]}
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def evidence(evidence_of: Build, drawn: Rows) -> Evidence:
    """Give their evidence."""
    return evidence_of(drawn, task="multiclass", protected=("sex", "race"))


def arrays(rows: Rows) -> tuple[Any, Any, Any]:
    """Outcomes, decisions, and probabilities in the order of `CLASSES`."""
    scores = np.asarray([[row[f"p_{name}"] for name in CLASSES] for row in rows])
    return np.asarray([row["outcome"] for row in rows]), np.asarray([row["decision"] for row in rows]), scores


def groups(rows: Rows) -> list[tuple[dict[str, str], Rows]]:
    """Everybody, each group and each intersection."""
    found: list[tuple[dict[str, str], Rows]] = [({}, rows)]
    found += [({k: v}, [r for r in rows if r[k] == v]) for k, v in (("sex", "F"), ("sex", "M"), ("race", "X"), ("race", "Y"))]
    return found + [({"sex": s, "race": r}, [x for x in rows if x["sex"] == s and x["race"] == r]) for s in "FM" for r in "XY"]


def test_by_hand(eight: Evidence) -> None:
    """Four of seven right; recalls 3/4, 1/2, 0; F1 of a 6/9 (decided 5, 3 true of 4), of b 2/4, of c 0."""
    assert figure(eight, "accuracy").value == pytest.approx(4 / 7)
    assert figure(eight, "accuracy").n == 7
    assert figure(eight, "balanced_accuracy").value == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert figure(eight, "f1").value == pytest.approx((6 / 9 + 2 / 4 + 0) / 3)
    table = figure(eight, "accuracy").tables
    place = {name: i for i, name in enumerate(table["classes"])}
    assert sorted(place) == ["a", "b", "c"]
    assert table["confusion"][place["a"]][place["b"]] == 1  # decided a, was b
    assert table["confusion"][place["a"]][place["c"]] == 1
    assert sum(map(sum, table["confusion"])) == 7


def test_a_class_without_outcomes_is_left_out_and_named(evidence_of: Build) -> None:
    """In the second group nobody is c, though c is predicted: the mean is over a and b, where scikit-learn would count 0 for c."""
    rows = [{"decision": d, "outcome": o, "sex": "F"} for d, o in EIGHT]
    rows += [{"decision": d, "outcome": o, "sex": "M"} for d, o in (("a", "a"), ("a", "b"), ("b", "b"), ("c", "b"))]
    evidence = evidence_of(rows, task="multiclass", protected=("sex",))
    y, d = ["a", "b", "b", "b"], ["a", "a", "b", "c"]
    for name, wanted in (("f1", sk.f1_score(y, d, labels=["a", "b"], average="macro")), ("balanced_accuracy", (1 + 1 / 3) / 2)):
        found = figure(evidence, name, {"sex": "M"})
        assert found.value == pytest.approx(wanted, abs=EXACT)
        assert found.reason == 'no outcome is "c": the mean is over the other 2 of 3 classes'
        assert figure(evidence, name).reason == ""
    assert sk.f1_score(y, d, average="macro") < sk.f1_score(y, d, labels=["a", "b"], average="macro") - 0.1


def test_a_class_never_predicted_counts_nothing(eight: Evidence) -> None:
    """F1 of c is 0, as scikit-learn's zero_division=0 has it, with the interval of one row; the mean leaves nothing out."""
    found = figure(eight, "f1", column="c")
    assert (found.value, found.low, found.n) == (0.0, 0.0, 1)
    assert 0.7 < found.high < 1.0  # 2u / (1 + u) with Wilson's u = 0.793 of 0 in 1
    assert figure(eight, "f1").reason == ""


def test_a_new_class_is_an_error_unless_both_are_new(evidence_of: Build) -> None:
    """Bins know a and b; later c: decided a is wrong, decided b and was c is wrong, both c cannot be told and is left out: 2 of 4."""
    first = evidence_of([{"decision": d, "outcome": d} for d in "ab"], task="multiclass")
    rows = [{"decision": d, "outcome": o} for d, o in (("a", "a"), ("b", "b"), ("a", "c"), ("c", "b"), ("c", "c"))]
    found = figure(evidence_of(rows, task="multiclass", bins=first.bins), "accuracy")
    assert (found.value, found.n) == (0.5, 4)
    assert found.tables["classes"][-1] == "(other)"
    assert found.tables["confusion"] == [[1, 0, 1], [0, 1, 0], [0, 1, 1]]


def test_decisions_are_scikit_learns(evidence: Evidence, drawn: Rows) -> None:
    """Accuracy, mean recall, macro F1 and F1 of each class, for every group and intersection."""
    for levels, rows in groups(drawn):
        y, d, _ = arrays(rows)
        assert figure(evidence, "accuracy", levels).value == pytest.approx(sk.accuracy_score(y, d), abs=EXACT)
        assert figure(evidence, "balanced_accuracy", levels).value == pytest.approx(sk.balanced_accuracy_score(y, d), abs=EXACT)
        assert figure(evidence, "f1", levels).value == pytest.approx(sk.f1_score(y, d, average="macro"), abs=EXACT)
        for name, wanted in zip(CLASSES, sk.f1_score(y, d, labels=CLASSES, average=None), strict=True):
            assert figure(evidence, "f1", levels, name).value == pytest.approx(wanted, abs=EXACT)


def test_probabilities_are_scikit_learns(evidence: Evidence, drawn: Rows) -> None:
    """Log loss, and the Brier score as the sum over classes."""
    for levels, rows in groups(drawn):
        y, _, p = arrays(rows)
        hit = (y[:, None] == np.asarray(CLASSES)).astype(float)
        assert figure(evidence, "log_loss", levels).value == pytest.approx(sk.log_loss(y, p, labels=CLASSES), abs=EXACT)
        assert figure(evidence, "brier_score", levels).value == pytest.approx(((p - hit) ** 2).sum(axis=1).mean(), abs=EXACT)
        assert figure(evidence, "brier_score", levels).value == pytest.approx(sk.brier_score_loss(y, p, labels=CLASSES), abs=EXACT)


def test_rankings_lie_within_their_resolution(evidence: Evidence, drawn: Rows) -> None:
    """Macro one-vs-rest AUC and average precision, and each class's."""
    for levels, rows in groups(drawn):
        y, _, p = arrays(rows)
        wanted = {"roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", average="macro", labels=CLASSES)}
        precisions = [sk.average_precision_score(y == name, p[:, k]) for k, name in enumerate(CLASSES)]
        wanted["average_precision"] = float(np.mean(precisions))
        for name, exact in wanted.items():
            found = figure(evidence, name, levels)
            assert abs(found.value - exact) <= found.tables["resolution"] + EXACT, (name, levels)
            assert found.tables["resolution"] < (0.01 if len(levels) < 2 else 0.1)
            assert found.low < found.value < found.high
        for k, name in enumerate(CLASSES):
            found = figure(evidence, "roc_auc", levels, name)
            assert abs(found.value - sk.roc_auc_score(y == name, p[:, k])) <= found.tables["resolution"] + EXACT
            found = figure(evidence, "average_precision", levels, name)
            assert abs(found.value - precisions[k]) <= found.tables["resolution"] + EXACT


def test_top_label_calibration(evidence: Evidence, drawn: Rows) -> None:
    """Mean confidence against the share of right decisions in ten bins of the largest probability."""
    y, d, p = arrays(drawn)
    found = figure(evidence, "expected_calibration_error")
    curve = {name: np.asarray(values, dtype=float) for name, values in found.tables.items()}
    assert curve["n"].sum() == 600
    assert (curve["n"] * curve["mean_score"]).sum() == pytest.approx(p.max(axis=1).sum())
    assert (curve["n"] * curve["observed"]).sum() == pytest.approx((y == d).sum())
    ranked = np.sort(p.max(axis=1))
    assert curve["mean_score"][0] == pytest.approx(ranked[: int(curve["n"][0])].mean(), abs=1e-12)
    assert found.value == pytest.approx((curve["n"] / 600 * np.abs(curve["mean_score"] - curve["observed"])).sum())
    assert figure(evidence, "expected_calibration_error", column="b").n == 600


def test_macro_f1_interval_is_the_delta_method(evidence: Evidence, drawn: Rows) -> None:
    """The variance from numerical derivatives of scikit-learn's figure by the cells of the confusion matrix, on the logit scale."""
    from audits.performance.f1 import macro_f1

    y, d, _ = arrays(drawn)
    table = sk.confusion_matrix(y, d, labels=CLASSES).T.astype(float)  # decisions down

    def value(counts: Any) -> float:
        return float(np.mean(2 * np.diag(counts) / (counts.sum(axis=0) + counts.sum(axis=1))))

    n, step, slopes = table.sum(), 1e-4, np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            moved = np.zeros((3, 3))
            moved[i, j] = step
            slopes[i, j] = (value(table + moved) - value(table - moved)) / (2 * step)
    expected = (table * slopes**2).sum() - (table * slopes).sum() ** 2 / n
    found, variance, has = macro_f1(np.pad(table, (0, 1)))
    assert float(found) == pytest.approx(value(table), abs=EXACT)
    assert float(variance) == pytest.approx(expected, rel=1e-6)
    assert has.all()
    seen = figure(evidence, "f1")
    half = 1.959963984540054 * np.sqrt(expected) / (seen.value * (1 - seen.value))
    assert np.log(seen.high / (1 - seen.high)) == pytest.approx(np.log(seen.value / (1 - seen.value)) + half, rel=1e-5)


def test_macro_f1_interval_covers() -> None:
    """Three classes of 70, 25 and 5 %, 500 rows, accuracy 0.8: the interval holds the truth in 93 to 97 % of 2,000 samples."""
    from audits.performance.f1 import macro_f1
    from audits.performance.macro import logit_interval

    right = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    chances = right * np.asarray([0.7, 0.25, 0.05])
    truth = float(np.mean(2 * np.diag(chances) / (chances.sum(axis=0) + chances.sum(axis=1))))
    drawn = np.random.default_rng(5).multinomial(500, chances.ravel() / chances.sum(), 2000).reshape(-1, 3, 3).astype(float)
    value, variance, _ = macro_f1(np.pad(drawn, ((0, 0), (0, 1), (0, 1))))
    low, high, _ = logit_interval(value, variance, drawn.sum(axis=1).min(axis=1))
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


@pytest.mark.parametrize("k", [2, 4])
def test_intervals_of_means_are_as_wide_as_they_must_be(evidence_of: Build, k: int) -> None:
    """Standard errors against the spread of 80 samples of 200 rows: within 20 %, though classes' AUCs are correlated by 1 to nearly 0."""
    draw, names = np.random.default_rng(k), "abcd"[:k]
    rows: Rows = []
    for day in range(80):
        outcome = draw.integers(0, k, 200)
        raw = np.exp(1.5 * (np.eye(k)[outcome] + draw.normal(size=(200, k))))
        scores = np.rint(50 * raw / raw.sum(axis=1, keepdims=True))  # whole numbers have a bin each
        rows += [
            {f"p_{name}": float(x) for name, x in zip(names, line, strict=True)}
            | {"outcome": names[o], "decision": names[int(line.argmax())], "day": day}
            for line, o in zip(scores, outcome, strict=True)
        ]
    evidence = evidence_of(rows, task="multiclass")
    for name in ("roc_auc", "average_precision"):
        block = next(iter(find(name)(evidence)))
        value, high = block.value[1:], block.high[1:]
        errors = (np.log(high / (1 - high)) - np.log(value / (1 - value))) * value * (1 - value) / 1.959963984540054
        assert float(np.mean(errors)) == pytest.approx(float(value.std(ddof=1)), rel=0.2), name


def test_scores_without_decisions(evidence_of: Build, drawn: Rows) -> None:
    """AUC is still there with an interval, accuracy is not, and the top label says what it lacks."""
    rows = [{key: value for key, value in row.items() if key != "decision"} for row in drawn]
    evidence = evidence_of(rows, task="multiclass")
    y, _, p = arrays(drawn)
    found = figure(evidence, "roc_auc")
    assert found.value == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr", labels=CLASSES), abs=0.01)
    assert found.low < found.value < found.high
    top = figure(evidence, "expected_calibration_error")
    assert np.isnan(top.value)
    assert top.reason == "no prediction with decision, outcome and the probabilities of all classes"
    assert figure(evidence, "expected_calibration_error", column="a").value > 0


def test_a_class_without_probabilities(evidence_of: Build, drawn: Rows) -> None:
    """Probabilities of a and b only: the mean AUC is theirs, and the third class says why it has none."""
    rows = [{key: value for key, value in row.items() if key != "p_c"} for row in drawn]
    evidence = evidence_of(rows, task="multiclass")
    y, _, p = arrays(drawn)
    two = [sk.roc_auc_score(y == name, p[:, k]) for k, name in enumerate("ab")]
    found = figure(evidence, "roc_auc")
    assert abs(found.value - np.mean(two)) <= found.tables["resolution"] + EXACT
    assert found.reason == 'no figure of "c": the mean is over the other 2 of 3 classes'
    assert figure(evidence, "roc_auc", column="c").reason == "needs scored rows of both outcomes"
