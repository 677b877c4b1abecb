"""Rules are held against a model whose answers are known, row by row, and say what a row-by-row count says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.probes import rules
from audits.probes.changed_values import changed
from audits.probes.scorer import NoScorer, Scorer
from audits.robustness.rule_violation_rate import rule_violation_rate
from connectors.model_config import Rule
from connectors.rule_change import parse_change


class Rising:
    """P(positive) = income / 100,000, at most 1, and 0.2 more for nurses who spell their job so; no answer for cooks."""

    names = ("income", "job")
    fingerprint = "sha256:0"
    classes = ()

    def predict(self, rows: pa.Table) -> Any:
        assert rows.column_names == list(self.names)
        job = np.asarray(rows.column("job").to_pylist(), dtype=object)
        score = np.minimum(rows.column("income").to_numpy() / 100_000, 1.0) + 0.2 * (job == "nurse")
        return np.where(np.char.lower(job.astype(str)) == "cook", np.nan, score)


RULES = (
    Rule(name="up", kind="monotone", columns=("income",), change="+10%", direction="up"),
    Rule(name="down", kind="monotone", columns=("income",), change="+10%", direction="down"),
    Rule(name="little", kind="invariant", columns=("income",), change="+10%", by=0.05),
    Rule(name="much", kind="directional", columns=("income",), change="+10%", direction="up", by=0.02),
    Rule(name="spelling", kind="invariant", columns=("job",), change="case"),
    Rule(name="to nurse", kind="directional", columns=("job",), change="=nurse", direction="up", by=0.2),
    Rule(name="elsewhere", kind="invariant", columns=("region",), change="=west"),
    Rule(name="misspelt", kind="invariant", columns=("incom",), change="*2"),
)


@pytest.fixture(scope="module")
def probed(logged: Any) -> Any:
    @contextmanager
    def given(*_: Any, **__: Any) -> Iterator[list[Scorer]]:
        yield [Scorer(kind="model", asked=Rising())]  # type: ignore[arg-type]

    model = replace(logged.model, rules=RULES)
    evidence = replace(logged.evidence, model=model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "scorers", given)
        body = rules.run(logged.warehouse, model, evidence, rows=len(logged.frame), progress=lambda _: None)
    return replace(evidence, probes={"rules": body}), body


def test_each_kind_of_rule_is_counted_as_row_by_row(probed: Any, logged: Any, figures: Any) -> None:
    evidence, body = probed
    frame = logged.frame[logged.frame["job"] != "cook"]
    income, job = frame["income"].to_numpy(), frame["job"].to_numpy()
    rise = np.minimum(income * 1.1 / 1e5, 1.0) - np.minimum(income / 1e5, 1.0)
    expected = {
        "up": (0, len(frame)), "down": ((rise > 1e-9).sum(), len(frame)), "little": ((rise > 0.05 + 1e-9).sum(), len(frame)),
        "much": ((rise < 0.02 - 1e-9).sum(), len(frame)),
        "spelling": ((job == "nurse").sum(), len(frame)),  # NURSE is no nurse to this model
        "to nurse": (0, (job == "clerk").sum()),  # nurses stay as they are, and cooks had no answer before
        "elsewhere": (0, (frame["region"] != "west").sum()),
    }  # fmt: skip
    found = {one.column: one for one in figures(rule_violation_rate, evidence, window=0, slice={})}
    for name, (broken, n) in expected.items():
        assert (round(found[name].value * found[name].n), found[name].n) == (broken, n), name
        assert found[name].low <= broken / n <= found[name].high
    assert found["up"].tables["mean_change"] == pytest.approx(rise.mean())
    assert found["elsewhere"].tables["unused"] == ["region"]
    assert found["to nurse"].tables["unchanged"] == (logged.frame["job"] == "nurse").sum()
    json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)


def test_groups_and_windows_have_figures_of_their_own(probed: Any, logged: Any, figures: Any) -> None:
    frame = logged.frame[logged.frame["job"] != "cook"]
    first, women = frame[frame["time"] < "2026-01-02"], frame[frame["sex"] == "F"]
    (one,) = figures(rule_violation_rate, probed[0], column="spelling", window=1, slice={})
    assert (one.n, one.value) == (len(first), pytest.approx((first["job"] == "nurse").mean()))
    (one,) = figures(rule_violation_rate, probed[0], column="spelling", window=0, slice={"sex": "F"})
    assert (one.n, one.value) == (len(women), pytest.approx((women["job"] == "nurse").mean()))


def test_a_slow_model_is_asked_about_fewer_rows_and_what_is_left_out_is_said(logged: Any, figures: Any, monkeypatch: Any) -> None:
    """A millisecond a row: 0.6 seconds are 200 for the rows as logged and for each of two rules; none are a hundred rows and no rule."""

    class Slow(Rising):
        def predict(self, rows: pa.Table) -> Any:
            time.sleep(rows.num_rows * 1e-3)
            return super().predict(rows)

    @contextmanager
    def given(*_: Any, **__: Any) -> Iterator[list[Scorer]]:
        yield [Scorer(kind="model", asked=Slow())]  # type: ignore[arg-type]

    monkeypatch.setattr(rules, "scorers", given)
    model = replace(logged.model, rules=(RULES[0], RULES[1]))
    evidence, drawn = replace(logged.evidence, model=model), len(logged.frame)

    def asked(seconds: float) -> dict[str, Any]:
        return rules.run(logged.warehouse, model, evidence, rows=drawn, seconds=seconds, progress=lambda _: None)

    body = asked(0.6)
    assert 100 <= body["rows_used"] < drawn  # a block begun in time is asked to its end
    assert (body["left_out"], body["deadline"]) == (drawn - body["rows_used"], 0.6)
    for one in figures(rule_violation_rate, replace(evidence, probes={"rules": body}), window=0, slice={}):
        said = body["rules"][one.column]
        assert one.n > 0
        assert one.n + said["unasked"] + said["unanswered"] == body["rows_used"]  # more income is another row for everybody
    none = asked(0.0)
    assert (none["rows_used"], none["left_out"]) == (100, drawn - 100)
    found = figures(rule_violation_rate, replace(evidence, probes={"rules": none}))
    assert {one.column: one.reason for one in found} == dict.fromkeys(("up", "down"), rules.NO_TIME.format(seconds=0))


def test_a_rule_that_cannot_be_asked_says_why(probed: Any, figures: Any) -> None:
    (one,) = figures(rule_violation_rate, probed[0], column="misspelt")
    assert one.value is None
    assert 'did you mean "income"?' in one.reason


def test_without_a_model_there_is_a_reason(logged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any, **__: Any) -> Any:
        raise NoScorer("no model file, and too few rows to learn from")

    monkeypatch.setattr(rules, "scorers", nothing)
    model = replace(logged.model, rules=RULES)
    body = rules.run(logged.warehouse, model, replace(logged.evidence, model=model), progress=lambda _: None)
    assert body == {"reason": "no model file, and too few rows to learn from"}
    assert "declares no rules" in rules.run(logged.warehouse, logged.model, logged.evidence, progress=lambda _: None)["reason"]


@pytest.mark.parametrize(
    ("values", "change", "expected"),
    [
        ([10, None, 25], "+10%", [11, None, 28]),  # 27.5 is rounded to the even 28
        ([1.5, None], "*2", [3.0, None]),
        ([1.0, 2.0], "-1", [0.0, 1.0]),
        (["a", None], "=web", ["web", "web"]),
        ([True, None], "=false", [False, False]),
        (["Nurse", None], "case", ["nURSE", None]),
        (["cook", None], "space", ["cook ", None]),
        (["ab", "a", None], "typo", ["ba", "aa", None]),
    ],
)
def test_values_change_as_the_rule_says_and_missing_ones_stay(values: list[Any], change: str, expected: list[Any]) -> None:
    column = pa.chunked_array([values])
    found = changed(column, parse_change(change))
    assert (found.to_pylist(), found.type) == (expected, column.type)
