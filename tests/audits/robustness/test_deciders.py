"""Whose rows each release is asked about, and what is said where none can be."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from audits.probes import deciders as asked_by
from audits.probes import rules
from audits.probes.deciders import deciders, in_classes
from audits.probes.scorer import Scorer
from connectors.config import ModelFile
from connectors.model_config import Rule
from tests.audits.robustness.known_models import Known, linear


@pytest.fixture
def opened(monkeypatch, decided):
    def opened_with(*scorers, evidence=None, rows=300):
        @contextmanager
        def given(*_, **__):
            yield list(scorers)

        monkeypatch.setattr(asked_by, "scorers", given)
        model = replace(decided.model, model=ModelFile(format="onnx"))
        with deciders(decided.warehouse, model, evidence or decided.evidence, rows=rows, progress=lambda _: None) as found:
            return found

    return opened_with


def scorer(version, names=("income", "debt", "age")):
    return Scorer(kind="model", asked=Known(linear, names=names), version=version)


def test_one_draw_is_split_by_version(opened, decided):
    found, reasons = opened(scorer("v1"), scorer("v2"))
    assert not reasons
    assert sum(len(one.rows) for one in found) == 300
    assert [one.rows.available for one in found] == [450, 450]
    versions = [{decided.evidence.tally.partitions[p].version for p in one.rows.partition} for one in found]
    assert versions == [{"v1"}, {"v2"}]


def test_a_release_without_a_version_has_what_no_other_has(opened, decided):
    (every,), _ = opened(scorer(None))
    assert (len(every.rows), every.rows.available) == (300, 900)
    (rest, own), _ = opened(scorer(None), scorer("v2"))
    assert {decided.evidence.tally.partitions[p].version for p in rest.rows.partition} == {"v1"}
    assert len(rest.rows) + len(own.rows) == 300
    assert rest.cut_off.n == own.cut_off.n == 450  # v1's decisions say nothing of where v2 turns
    nameless = replace(decided.evidence.tally, partitions=tuple(replace(p, version=None) for p in decided.evidence.tally.partitions))
    (alone,), reasons = opened(scorer(None), evidence=replace(decided.evidence, tally=nameless))
    assert (len(alone.rows), reasons) == (300, [])


def test_a_small_release_learns_its_cut_off_from_more_rows_than_it_counts(opened):
    (first, _), _ = opened(scorer("v1"), scorer("v2"), rows=40)
    assert len(first.rows) < 30 < first.cut_off.n == 450
    assert first.cut_off.score == 0.6


def test_a_release_that_cannot_be_asked_leaves_the_others(opened):
    found, reasons = opened(scorer("v1", names=("income", "shoe size")), scorer("v2"), scorer("v9"))
    assert [one.scorer.version for one in found] == ["v2"]
    assert reasons == [
        {"version": "v1", "reason": 'the model wants "shoe size", which the log does not have'},
        {"version": "v9", "reason": "none of the rows drawn is of this version"},
    ]


def test_a_model_without_a_number_is_not_the_logs_fault(opened):
    def silent(rows):
        return np.full(rows.num_rows, np.nan)

    found, reasons = opened(Scorer(kind="model", asked=Known(silent), version=None))
    said = "the model gives a number for none of the 900 predictions that it was asked about"
    assert (found, [each["reason"] for each in reasons]) == ([], [said])


def test_logged_classes_are_looked_up_among_the_models_own():
    model = Scorer(kind="model", asked=Known(linear, classes=("b", "a")))
    # the log's classes a, b, c are 0, 1, 2; the model's are b, a; it does not know c, and nobody knows NaN
    np.testing.assert_array_equal(in_classes(model, ("a", "b", "c"), np.asarray([0.0, 1.0, 2.0, -1.0, np.nan])), [1, 0, -1, -1, np.nan])


def test_a_slow_model_decides_about_fewer_rows(monkeypatch, decided):
    import time

    def slow(rows):
        time.sleep(rows.num_rows * 2e-3)
        return linear(rows)

    model = replace(decided.model, model=ModelFile(format="onnx"))
    held = asked_by.read_rows(decided.warehouse, model, decided.evidence, rows=600, extra=("income", "debt", "age"))
    one = asked_by.decider(model, decided.evidence, Scorer(kind="model", asked=Known(slow)), held, lambda: held, seconds=0.3)
    assert 100 <= len(one.rows) < 400  # two milliseconds a row
    assert len(one.answers) == len(one.decided) == len(one.logged) == len(one.rows)
    assert one.pace == pytest.approx(2e-3, rel=0.9)
    assert one.rows.key.tolist() == held.key[: len(one.rows)].tolist()


def test_rules_are_asked_of_one_draw_and_of_each_row_once(monkeypatch, decided):
    @contextmanager
    def given(*_, **__):
        yield [scorer(None), scorer("v2")]

    monkeypatch.setattr(rules, "scorers", given)
    model = replace(decided.model, rules=(Rule(name="up", kind="monotone", columns=("income",), change="+10%", direction="up"),))
    body = rules.run(decided.warehouse, model, replace(decided.evidence, model=model), rows=300, progress=lambda _: None)
    assert (body["rows_used"], body["rows_available"]) == (300, 900)
