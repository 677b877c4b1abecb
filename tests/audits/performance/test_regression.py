"""Regression measures by hand, against scikit-learn and scipy, and by simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from audits.evidence import Evidence
from audits.registry import find
from tests.audits.performance.looking import figure

Build = Callable[..., Evidence]
Rows = list[dict[str, Any]]
EXACT = 1e-12


@pytest.fixture(scope="module")
def drawn() -> Rows:
    """Give 500 random predictions of a number around 120, with intervals, in two groups; every tenth outcome is not known."""
    draw = np.random.default_rng(23)
    rows = []
    for i in range(500):
        score = float(draw.normal(120, 30))
        outcome = None if i % 10 == 9 else float(score + draw.normal(3, 8 + 6 * (i % 2)))
        rows.append(
            {"score": score, "outcome": outcome, "sex": "FM"[i % 2], "race": "XY"[(i // 2) % 2], "prediction_low": score - 15,
             "prediction_high": score + 20}
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def evidence(evidence_of: Build, drawn: Rows) -> Evidence:
    """Give their evidence."""
    return evidence_of(drawn, task="regression", protected=("sex", "race"))


def groups(rows: Rows) -> list[tuple[dict[str, str], Any, Any]]:
    """Everybody, each group and each intersection: outcomes and predictions of the labelled rows."""
    kept: list[tuple[dict[str, str], Rows]] = [({}, rows)]
    kept += [({k: v}, [r for r in rows if r[k] == v]) for k, v in (("sex", "F"), ("sex", "M"), ("race", "X"), ("race", "Y"))]
    kept += [({"sex": s, "race": r}, [x for x in rows if x["sex"] == s and x["race"] == r]) for s in "FM" for r in "XY"]
    labelled = [(levels, [r for r in part if r["outcome"] is not None]) for levels, part in kept]
    return [(levels, *(np.asarray([r[name] for r in part]) for name in ("outcome", "score"))) for levels, part in labelled]


def by_hand(evidence_of: Build) -> Evidence:
    """Errors 1, -3, 0, 2 of outcomes 2, 8, 5, 1 (mean 4); a fifth outcome is not known."""
    rows = [{"score": s, "outcome": y} for s, y in ((3.0, 2.0), (5.0, 8.0), (5.0, 5.0), (3.0, 1.0), (9.0, None))]
    return evidence_of(rows, task="regression")


def test_by_hand(evidence_of: Build) -> None:
    """Σe = 0, Σ|e| = 6, Σe² = 14, Σ(y - 4)² = 4 + 16 + 1 + 9 = 30; half of the errors are at most 1."""
    evidence = by_hand(evidence_of)
    assert figure(evidence, "mean_error").value == pytest.approx(0.0, abs=EXACT)
    assert figure(evidence, "mean_absolute_error").value == pytest.approx(1.5)
    assert figure(evidence, "root_mean_squared_error").value == pytest.approx(np.sqrt(3.5))
    assert figure(evidence, "r_squared").value == pytest.approx(1 - 14 / 30)
    assert figure(evidence, "mean_outcome").value == pytest.approx(4.0)
    assert figure(evidence, "median_absolute_error").value == pytest.approx(1.0)
    assert {figure(evidence, name).n for name in ("mean_error", "r_squared", "median_absolute_error")} == {4}


def test_against_scikit_learn(evidence: Evidence, drawn: Rows) -> None:
    """Every group and intersection, to 1e-12 of the figure's own size."""
    for levels, y, s in groups(drawn):
        for name, wanted in (
            ("mean_error", (s - y).mean()),
            ("mean_absolute_error", sk.mean_absolute_error(y, s)),
            ("root_mean_squared_error", sk.root_mean_squared_error(y, s)),
            ("r_squared", sk.r2_score(y, s)),
            ("mean_outcome", y.mean()),
        ):
            assert figure(evidence, name, levels).value == pytest.approx(wanted, rel=EXACT, abs=EXACT), (name, levels)


def test_means_have_t_intervals(evidence: Evidence, drawn: Rows) -> None:
    """scipy's t interval of the errors, their sizes and the outcomes."""
    for levels, y, s in groups(drawn):
        for name, x in (("mean_error", s - y), ("mean_absolute_error", np.abs(s - y)), ("mean_outcome", y)):
            found = figure(evidence, name, levels)
            wanted = stats.t.interval(0.95, len(x) - 1, loc=x.mean(), scale=stats.sem(x))
            assert (found.low, found.high) == pytest.approx(wanted, rel=1e-9), (name, levels)


def test_delta_intervals_from_rows(evidence: Evidence, drawn: Rows) -> None:
    """RMSE and R² on the log scale, with the variance from each row's influence."""
    for levels, y, s in groups(drawn):
        e2, d2, n = (s - y) ** 2, (y - y.mean()) ** 2, len(y)
        t = stats.t.ppf(0.975, n - 1)
        reach = t * e2.std(ddof=1) / np.sqrt(n) / e2.mean() / 2
        found = figure(evidence, "root_mean_squared_error", levels)
        assert (found.low, found.high) == pytest.approx((np.sqrt(e2.mean()) * np.exp(-reach), np.sqrt(e2.mean()) * np.exp(reach)), rel=1e-9)
        left = e2.mean() / d2.mean()
        pull = (e2 - left * d2) / d2.mean()
        reach = t * pull.std(ddof=1) / np.sqrt(n) / left
        found = figure(evidence, "r_squared", levels)
        assert (found.low, found.high) == pytest.approx((1 - left * np.exp(reach), 1 - left * np.exp(-reach)), rel=1e-7), levels


@pytest.mark.parametrize(("name", "q"), [("median_absolute_error", 0.5), ("absolute_error_p90", 0.9)])
def test_quantiles_within_their_resolution(evidence: Evidence, drawn: Rows, name: str, q: float) -> None:
    """Of |error| by row, within the width of a bin; the interval lies between order statistics with binomial ranks."""
    for levels, y, s in groups(drawn)[:5]:
        x = np.sort(np.abs(s - y))
        found = figure(evidence, name, levels)
        assert abs(found.value - np.quantile(x, q, method="inverted_cdf")) <= found.tables["resolution"] + EXACT
        assert found.tables["resolution"] < 1.0
        assert found.low <= x[int(stats.binom.ppf(0.025, len(x), q)) - 1] + EXACT
        assert found.high >= x[int(stats.binom.ppf(0.975, len(x), q))] - EXACT
    with pytest.raises(LookupError):
        figure(evidence, name, {"sex": "F", "race": "X"})


def test_errors_beyond_the_reference(evidence_of: Build) -> None:
    """Errors of 1 to 20 in the reference, of 50 to 69 afterwards: the median is said to lie between 20 and what the sums allow."""
    rows = [{"score": float(i + 1), "outcome": 0.0, "day": 0} for i in range(20)]
    rows += [{"score": float(i + 50), "outcome": 0.0, "day": 1} for i in range(20)]
    block = next(iter(find("median_absolute_error")(evidence_of(rows, task="regression"))))
    at = int(np.flatnonzero((block.window == 2) & (block.slice == 0))[0])
    assert abs(block.value[at] - 59.0) <= block.tables[at]["resolution"]
    assert block.low[at] <= 59.0 <= block.high[at]
    assert np.isfinite(block.high[at])


def test_intervals_predicted(evidence: Evidence, drawn: Rows) -> None:
    """Share of outcomes between the two ends, Wilson; widths are 35 throughout."""
    for levels, y, s in groups(drawn):
        held = (s - 15 <= y) & (y <= s + 20)
        found = figure(evidence, "interval_coverage", levels)
        assert (found.value, found.n, found.method) == (pytest.approx(held.mean(), abs=EXACT), len(y), "wilson")
        assert figure(evidence, "interval_width", levels).value == pytest.approx(35.0)


def test_no_predicted_interval(evidence_of: Build) -> None:
    """A log without the two columns is told so once, for each of the two measures."""
    from audits.examine import examine

    run = examine(by_hand(evidence_of), {}, card={}, audits=[find("interval_coverage"), find("interval_width"), find("mean_error")])
    said = {failure.name: failure.reason for failure in run.errors}
    assert said == dict.fromkeys(("interval_coverage", "interval_width"), "the configuration maps no prediction_low column")


def test_error_by_size_of_prediction(evidence: Evidence, drawn: Rows) -> None:
    """Ten bins of 45 labelled rows: their figures are those of the rows sorted by prediction."""
    found = figure(evidence, "mean_error").tables
    assert len(found["n"]) == 10
    assert sum(found["n"]) == 450
    _, y, s = groups(drawn)[0]
    order, begin = np.argsort(s), 0
    for i, n in enumerate(found["n"]):
        rows, begin = order[begin : begin + n], begin + n
        e = (s - y)[rows]
        assert found["mean_prediction"][i] == pytest.approx(s[rows].mean())
        assert found["mean_error"][i] == pytest.approx(e.mean())
        assert found["mean_absolute_error"][i] == pytest.approx(np.abs(e).mean())
        assert found["root_mean_squared_error"][i] == pytest.approx(np.sqrt((e**2).mean()))
        assert found["from"][i] <= s[rows].min()
        assert s[rows].max() <= found["to"][i]
        assert (found["low"][i], found["high"][i]) == pytest.approx(stats.t.interval(0.95, n - 1, loc=e.mean(), scale=stats.sem(e)))


def test_outcomes_all_the_same(evidence_of: Build) -> None:
    """Nothing to explain: R² has no value and says so; the errors have theirs."""
    evidence = evidence_of([{"score": float(i), "outcome": 7.0} for i in range(6)], task="regression")
    found = figure(evidence, "r_squared")
    assert np.isnan(found.value)
    assert found.reason == "all known outcomes are the same"
    assert figure(evidence, "mean_error").value == pytest.approx(-4.5)


def test_perfect_predictions(evidence_of: Build) -> None:
    """No error at all: RMSE 0 and R² 1, and nothing is divided by 0."""
    evidence = evidence_of([{"score": float(i), "outcome": float(i)} for i in range(8)], task="regression")
    assert (figure(evidence, "root_mean_squared_error").value, figure(evidence, "r_squared").value) == (0.0, 1.0)
    assert figure(evidence, "median_absolute_error").value == 0.0


def test_one_row(evidence_of: Build) -> None:
    """A single outcome has an error and no interval."""
    evidence = evidence_of([{"score": 3.0, "outcome": 2.0}, {"score": 4.0, "outcome": None}], task="regression")
    for name, value in (("mean_error", 1.0), ("mean_absolute_error", 1.0), ("root_mean_squared_error", 1.0), ("mean_outcome", 2.0)):
        found = figure(evidence, name)
        assert found.value == pytest.approx(value)
        assert np.isnan(found.low)
        assert np.isnan(found.high)
        assert found.reason == "no interval: a single row"


def test_far_from_zero(evidence_of: Build) -> None:
    """Outcomes about a hundred million apart from 0 by ones: R² and the mean do not drown in rounding."""
    draw = np.random.default_rng(4)
    y = 1e8 + draw.normal(0, 1, 300)
    s = y + draw.normal(0, 0.5, 300)
    evidence = evidence_of([{"score": float(a), "outcome": float(b)} for a, b in zip(s, y, strict=True)], task="regression")
    assert figure(evidence, "r_squared").value == pytest.approx(sk.r2_score(y, s), abs=1e-6)
    assert figure(evidence, "mean_outcome").value == pytest.approx(y.mean(), rel=1e-14)


def test_coverage(evidence_of: Build) -> None:
    """Normal errors of 0.6 beside predictions of 0.8, 60 rows a window: the intervals hold the truth in 88 to 99 % of 120 windows."""
    draw = np.random.default_rng(6)
    rows: Rows = []
    for day in range(120):
        s = np.rint(draw.normal(0, 0.8, 60) * 50) / 50
        y = s + draw.normal(0, 0.6, 60)
        rows += [{"score": float(a), "outcome": float(b), "day": day} for a, b in zip(s, y, strict=True)]
    evidence = evidence_of(rows, task="regression")
    for name, truth in (("root_mean_squared_error", 0.6), ("r_squared", 0.64), ("mean_absolute_error", 0.6 * np.sqrt(2 / np.pi))):
        block = next(iter(find(name)(evidence)))
        held = (block.low[1:] <= truth) & (truth <= block.high[1:])
        assert 0.88 <= held.mean() <= 0.99, name
