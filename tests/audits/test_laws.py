"""Laws that every audit keeps, over the whole registry and random logs."""

from __future__ import annotations

import dataclasses
import doctest
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audits.defaults import DEFAULTS
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import AuditRun, ModelRun, Threshold
from audits.policy import judge
from audits.registry import AUDITS, find
from audits.run_json import to_json
from audits.slices import UNKNOWN
from audits.tally import Tally
from connectors.errors import UsageError

Build = Callable[..., Evidence]
Rows = list[dict[str, Any]]
# Without shrinking: an example costs a whole audit, and the seed is printed.
PER_LAW = settings(
    max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
RANK = {"pass": 0, "warn": 1, "fail": 2}

row = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["F", "M", None]),
        "race": st.sampled_from(["A", "B"]),
        "region": st.sampled_from(["N", "S"]),
        "decision": st.sampled_from([0, 1, 1, None]),
        "outcome": st.sampled_from([0, 1, None]),
        "score": st.one_of(st.none(), st.integers(0, 100).map(lambda n: n / 100)),
        "income": st.one_of(st.none(), st.integers(-5, 5).map(float), st.just(math.nan)),
        "purpose": st.sampled_from(["car", "home", None]),
        "latency_ms": st.one_of(st.none(), st.integers(1, 400).map(float)),
        "cost": st.sampled_from([0.01, 0.05, None]),
        "day": st.integers(0, 2),
    }
)
# The first rows make sure that every column has a kind and a reference to be binned on.
FIXED: Rows = [
    {"sex": "F", "race": "A", "region": "N", "decision": d, "outcome": o, "score": s, "income": i, "purpose": p, "latency_ms": 20.0 + i,
     "cost": 0.02, "day": day}
    for day in (0, 1, 2) for d, o, s, i, p in ((1, 1, 0.8, 1.0, "car"), (0, 0, 0.3, 2.0, "home"), (1, 0, 0.6, 3.0, "car"))
]  # fmt: skip
logs = st.lists(row, min_size=4, max_size=16).map(lambda rows: FIXED + rows)
GIVEN: dict[str, Any] = {"protected": ("sex", "race"), "segments": ("region",)}
KEY = ("name", "version", "slice", "reference_slice", "attribute", "column", "window_start", "window_end", "whole")


def figures(run: ModelRun, *columns: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Index a run's findings by what identifies them."""
    rows = run.findings.to_pylist()
    return {tuple(each[key] for key in KEY): tuple(each[column] for column in columns) for each in rows}


def alike(first: dict[Any, tuple[Any, ...]], second: dict[Any, tuple[Any, ...]]) -> None:
    """Fail unless both hold the same findings with the same numbers, up to rounding."""
    assert first.keys() == second.keys()
    for key, values in first.items():
        for one, other in zip(values, second[key], strict=True):
            if isinstance(one, float) and isinstance(other, float):
                assert one == pytest.approx(other, rel=1e-7, abs=1e-7), key
            else:
                assert one == other, key


NUMBERS = ("value", "low", "high", "n", "verdict")


def audited(evidence: Evidence, policy: dict[str, Threshold] | None = None) -> ModelRun:
    """Examine with the default policy, and insist that no audit raised."""
    run = examine(evidence, DEFAULTS if policy is None else policy, card={})
    assert [failure for failure in run.errors if failure.error] == []
    return run


@PER_LAW
@given(rows=logs, seed=st.integers(0, 1000))
def test_row_order_does_not_matter(evidence_of: Build, rows: Rows, seed: int) -> None:
    """The same rows in another order give the same figures."""
    first = evidence_of(rows, **GIVEN)
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    second = evidence_of(shuffled, **GIVEN, bins=first.bins)
    alike(figures(audited(first), *NUMBERS), figures(audited(second), *NUMBERS))


@PER_LAW
@given(rows=logs, cut=st.integers(1, 8))
def test_tallies_of_parts_add_up_to_the_whole(evidence_of: Build, tally_of: Callable[..., Tally], rows: Rows, cut: int) -> None:
    """Counting two halves and adding gives every figure of counting all at once; adding commutes."""
    whole = evidence_of(rows, **GIVEN)
    halves = [tally_of(part, whole.bins, whole.model) for part in (rows[:cut], rows[cut:])]
    for added in (halves[0] + halves[1], halves[1] + halves[0]):
        alike(figures(audited(whole), *NUMBERS), figures(audited(dataclasses.replace(whole, tally=added)), *NUMBERS))


@PER_LAW
@given(rows=logs)
def test_duplicated_rows_keep_rates_and_shrink_intervals(evidence_of: Build, rows: Rows) -> None:
    """Four times the rows: rates stay, their intervals get narrower (or stay a point)."""
    first = evidence_of(rows, **GIVEN)
    second = evidence_of(rows * 4, **GIVEN, bins=first.bins)
    rates = ("accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "f1", "base_rate", "selection_rate",
             "balanced_accuracy", "brier_score", "calibration_gap", "cost_per_prediction", "missing_rate")  # fmt: skip
    once, fourfold = (figures(audited(e), "value", "low", "high", "n") for e in (first, second))
    seen = 0
    for key, (value, low, high, n) in once.items():
        if key[0] in rates and value is not None:
            more = fourfold[key]
            assert more[0] == pytest.approx(value, abs=1e-9), key
            assert more[3] == 4 * n, key
            if low is not None and high is not None:
                assert more[2] - more[1] <= high - low + 1e-7, key
            seen += 1
    assert seen > 50


@PER_LAW
@given(rows=logs)
def test_names_of_groups_do_not_matter(evidence_of: Build, rows: Rows) -> None:
    """Renaming groups renames slices and changes no figure of a group."""
    names = {"F": "Frauen", "M": "Maenner", None: None}
    first = evidence_of(rows, **GIVEN)
    second = evidence_of([each | {"sex": names[each["sex"]]} for each in rows], **GIVEN, bins=first.bins)
    kept = ("accuracy", "selection_rate", "true_positive_rate", "roc_auc", "calibration_gap")

    def by_group(run: ModelRun) -> dict[Any, tuple[Any, ...]]:
        found = figures(run, *NUMBERS)
        return {
            tuple(str(k).replace('"Frauen"', '"F"').replace('"Maenner"', '"M"') for k in key): value
            for key, value in found.items() if key[0] in kept
        }  # fmt: skip

    alike(by_group(audited(first)), by_group(audited(second)))


@PER_LAW
@given(rows=logs)
def test_json_never_holds_a_nan(evidence_of: Build, rows: Rows) -> None:
    """Every run can be written as strict JSON, and an absent value has a reason."""
    import datetime as dt

    run = audited(evidence_of(rows, **GIVEN))
    whole = AuditRun(id="r", format=1, created=dt.datetime(2026, 1, 1), code_revision="c", policy="p", data="d", bins="b", runs=[run])
    found = json.loads(json.dumps(to_json(whole), allow_nan=False))
    for finding in found["runs"][0]["findings"]:
        assert finding["estimate"]["value"] is not None or finding["reason"], finding
        low, value, high = (finding["estimate"][key] for key in ("low", "value", "high"))
        if None not in (low, value, high):
            assert low <= value + 1e-9, finding
            assert value <= high + 1e-9, finding


@PER_LAW
@given(rows=logs)
def test_names_are_registered_and_units_are_theirs(evidence_of: Build, rows: Rows) -> None:
    """A finding's name and unit are those of its audit; nothing is reported twice."""
    table = audited(evidence_of(rows, **GIVEN)).findings
    pairs = set(zip(table.column("name").to_pylist(), table.column("unit").to_pylist(), strict=True))
    assert pairs == {(name, AUDITS[name].unit) for name, _ in pairs}
    keys = list(zip(*(table.column(key).to_pylist() for key in KEY), strict=True))
    assert len(keys) == len(set(keys))


@PER_LAW
@given(rows=logs)
def test_below_min_n_is_insufficient(evidence_of: Build, rows: Rows) -> None:
    """With a min_n above the size of the log, whatever is judged is insufficient; groups with an unknown level are not judged at all."""
    policy = {name: Threshold(name=name, min=-1e9, max=1e9, min_n=10_000_000) for name in AUDITS}
    findings = audited(evidence_of(rows, **GIVEN), policy).findings
    places, verdicts = (findings.column(name).to_pylist() for name in ("slice", "verdict"))
    unknown = [UNKNOWN in json.loads(place).values() for place in places]
    assert {verdict for verdict, aside in zip(verdicts, unknown, strict=True) if not aside} == {"insufficient"}
    assert {verdict for verdict, aside in zip(verdicts, unknown, strict=True) if aside} <= {None}


@given(
    value=st.floats(-2, 2), below=st.floats(0, 1), above=st.floats(0, 1), least=st.floats(-2, 2), width=st.floats(0, 3),
    tighter=st.tuples(st.floats(0, 1), st.floats(0, 1)), n=st.integers(0, 60),
)  # fmt: skip
def test_tightening_never_improves_a_verdict(
    value: float, below: float, above: float, least: float, width: float, tighter: tuple[float, float], n: int
) -> None:
    """A threshold inside another never gives a better verdict, and never changes whether there is enough to judge."""
    wide = Threshold(name="x", min=least, max=least + width)
    narrow = Threshold(name="x", min=least + tighter[0] * width / 2, max=least + width - tighter[1] * width / 2)
    numbers = [np.asarray([each]) for each in (value, value - below, value + above, n)]
    first, second = (judge(threshold, *numbers)[0] for threshold in (wide, narrow))
    if "insufficient" in (first, second):
        assert first == second
    else:
        assert RANK[second] >= RANK[first]


@pytest.mark.parametrize("name", sorted(AUDITS))
def test_every_docstring_defines_warns_and_cites(name: str) -> None:
    """A one-sentence definition, when it misleads and a source; its examples run."""
    text = AUDITS[name].function.__doc__ or ""
    assert text.split("\n")[0].strip().endswith("."), name
    assert "mislead" in text.lower(), name
    assert "Source" in text, name
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.DocTestRunner(optionflags=options).run(test).failed == 0


def test_a_wrong_name_lists_the_nearest() -> None:
    """Asking for an audit that does not exist."""
    with pytest.raises(UsageError, match='no audit "acuracy"; did you mean "accuracy"'):
        find("acuracy")
    assert find("accuracy").name == "accuracy"
