"""The search over features: what is planted is found on rows that had no part in finding it, and nothing else is."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from audits.probes.rows import Sampled
from audits.probes.weak_spots import clustered, run, weak_spots


def table(n, seed, *, worse=None, noise=6, unit=None):
    """Draw rows whose decisions err in 15 %, and `worse` more where it says so."""
    draw = np.random.default_rng(seed)
    numeric = {f"x{i}": draw.normal(0, 1, n) for i in range(noise)}
    categorical = {"colour": draw.choice(["red", "green", "blue"], n).astype(object)}
    chance = np.full(n, 0.15) + (0 if worse is None else worse(numeric, categorical))
    wrong = draw.random(n) < chance
    decision = draw.integers(0, 2, n)
    return Sampled(
        numeric=numeric, categorical=categorical, levels={"sex": draw.choice(["F", "M"], n).astype(object)}, decision=decision,
        outcome=np.where(wrong, 1 - decision, decision), score=np.full(n, np.nan), truth=np.full(n, np.nan), half=draw.integers(0, 2, n),
        unit=unit, classes=(), available=10 * n,
    )  # fmt: skip


BINARY = SimpleNamespace(model=SimpleNamespace(task="binary", same=True))


def test_a_stored_log_gives_its_planted_spot_in_words(logged):
    found = run(logged.warehouse, logged.model, logged.evidence, rows=8000, progress=lambda _: None)
    json.dumps(found, allow_nan=False)
    spots = found["measures"]["error_rate"]["spots"]
    assert (found["rows_used"], found["rows_available"]) == (8000, int(logged.frame["outcome"].notna().sum()))
    assert set(spots[0]["slice"]) == {"income", "region"}
    assert all(set(spot["slice"]) < {"income", "region"} for spot in spots[1:])  # what a cut beside the true edge leaves over
    assert spots[0]["slice"]["region"] == "= north"
    income = next(one for one in spots[0]["conditions"] if one["column"] == "income")
    assert 17_000 <= income["high"] <= 23_000
    assert (income["low"], income["missing"]) == (None, False)
    assert spots[0]["low"] <= 0.25 <= spots[0]["high"]
    again = run(logged.warehouse, logged.model, logged.evidence, rows=8000, progress=lambda _: None)
    assert again["measures"] == found["measures"]


def test_a_spot_within_bounds_of_one_column_is_found():
    rows = table(12_000, 2, worse=lambda x, c: 0.25 * ((x["x0"] > -0.5) & (x["x0"] < 0.3)))
    (spot, *more) = weak_spots(rows, BINARY)["error_rate"]["spots"]
    assert not more
    (condition,) = spot["conditions"]
    assert condition["low"] == pytest.approx(-0.5, abs=0.15)
    assert condition["high"] == pytest.approx(0.3, abs=0.15)


def test_the_other_half_is_what_is_reported():
    rows = table(6000, 3, worse=lambda x, c: 0.3 * (c["colour"] == "red"))
    (spot,) = weak_spots(rows, BINARY)["error_rate"]["spots"]
    other = (rows.half == 1) & (rows.categorical["colour"] == "red")
    wrong = rows.decision != rows.outcome
    assert spot["n"] == other.sum()
    assert spot["inside"] == pytest.approx(wrong[other].mean(), rel=1e-12)
    assert spot["outside"] == pytest.approx(wrong[(rows.half == 1) & ~other[:]].mean(), rel=1e-12)
    assert spot["excess_searched"] != spot["excess"]


def test_missing_values_can_be_the_spot():
    rows = table(8000, 4)
    hidden = np.random.default_rng(5).random(8000) < 0.1
    x = np.where(hidden, np.nan, rows.numeric["x0"])
    outcome = np.where(hidden & (np.random.default_rng(6).random(8000) < 0.4), 1 - rows.decision, rows.outcome)
    changed = Sampled(
        **{name: getattr(rows, name) for name in Sampled.__dataclass_fields__} | {"numeric": {**rows.numeric, "x0": x}, "outcome": outcome}
    )
    (spot,) = weak_spots(changed, BINARY)["error_rate"]["spots"]
    assert spot["slice"] == {"x0": "missing"}


def test_quiet_rows_give_nothing():
    # Each search may name something with probability 5 % at most.
    assert sum(bool(weak_spots(table(4000, seed), BINARY)["error_rate"]["spots"]) for seed in range(10, 16)) <= 1


def test_a_few_units_do_not_make_a_spot():
    # Thirty people of 100 rows each; six of them err always. Some column tells them apart by chance: they are too few to conclude from.
    draw = np.random.default_rng(7)
    unit = np.repeat(np.arange(30), 100)
    rows = table(3000, 8, unit=unit)
    person = {name: draw.normal(0, 1, 30)[unit] for name in rows.numeric}
    wrong = np.isin(unit, np.arange(6))
    fields = {name: getattr(rows, name) for name in Sampled.__dataclass_fields__}
    fields |= {"numeric": person, "outcome": np.where(wrong, 1 - rows.decision, rows.decision), "half": (unit % 2)}
    told = weak_spots(Sampled(**fields), BINARY)["error_rate"]
    alone = weak_spots(Sampled(**fields | {"unit": None}), BINARY)["error_rate"]
    assert len(told["spots"]) < max(len(alone["spots"]), 1)


def test_clustering_counts_copies_once():
    # Each of 200 rows five times: the variance of any difference is five times what independent rows give.
    draw = np.random.default_rng(9)
    x, held = draw.integers(0, 2, 200).astype(float).repeat(5), (draw.random(200) < 0.3).repeat(5)
    assert clustered(x, held[None, :], np.arange(200).repeat(5))[0] == pytest.approx(5, rel=1e-12)
    assert clustered(x, held[None, :], np.arange(1000))[0] == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f | {"outcome": f["decision"]}, "the model does equally well on every one of 3,000 predictions"),
        (lambda f: f | {"outcome": 1 - f["decision"]}, "the model does equally well on every one of 3,000 predictions"),
        (
            lambda f: f | {"numeric": {"x": np.ones(3000)}, "categorical": {}, "levels": {}},
            "no column has two values to tell predictions apart by",
        ),
        (
            lambda f: f | {"outcome": np.where(np.arange(3000) < 500, f["outcome"], -1)},
            "a search needs 600 predictions with a known outcome or more, and has 500",
        ),
    ],
)
def test_rows_that_cannot_show_any_say_why(change, reason):
    fields = {name: getattr(table(3000, 11), name) for name in Sampled.__dataclass_fields__}
    found = weak_spots(Sampled(**change(fields)), BINARY)["error_rate"]
    assert (found["spots"], found["reason"]) == ([], reason)


def test_losses_and_absolute_errors_are_searched_too():
    rows = table(6000, 12)
    fields = {name: getattr(rows, name) for name in Sampled.__dataclass_fields__}
    red = rows.categorical["colour"] == "red"
    likely = np.where(red, 0.6, 0.9)
    scored = Sampled(**fields | {"outcome": rows.decision, "score": np.where(rows.decision == 1, likely, 1 - likely)})
    found = weak_spots(scored, BINARY)
    assert found["error_rate"]["spots"] == []
    (spot,) = found["log_loss"]["spots"]
    assert spot["slice"] == {"colour": "= red"}
    assert spot["excess"] == pytest.approx(np.log(0.9) - np.log(0.6), rel=1e-9)
    noise = np.random.default_rng(13).normal(0, 1, 6000)
    number = Sampled(**fields | {"score": noise * np.where(red, 3, 1), "truth": np.zeros(6000)})
    (spot,) = weak_spots(number, SimpleNamespace(model=SimpleNamespace(task="regression")))["absolute_error"]["spots"]
    assert spot["slice"] == {"colour": "= red"}


def test_scores_that_are_no_probabilities_have_no_loss():
    fields = {name: getattr(table(3000, 14), name) for name in Sampled.__dataclass_fields__}
    assert set(weak_spots(Sampled(**fields | {"score": np.linspace(1, 10, 3000)}), BINARY)) == {"error_rate"}
