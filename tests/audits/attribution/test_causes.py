"""Causes: each kind's traces are read, data before models, and what nothing explains is said to be unknown."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from audits.cause_figures import Figure
from audits.cause_rules import COLUMN_RULES, DATA, KINDS, LOG_RULES
from audits.cause_signatures import mixed, scaled
from audits.causes import causes
from audits.finding import COLUMNS, Cause, Coverage, ModelRun, Reference, Signal
from connectors.config import Columns, ModelConfig, Source

DAY = dt.datetime(2026, 8, 26)
MODEL = ModelConfig(
    name="loans", title="Loans", favorable=1, sources=(Source(name="predictions", kind="file", options={}),),
    columns=Columns(time="time", score="score", decision="approved", outcome="repaid"),
)  # fmt: skip
NEITHER: dict[str, Any] = dict.fromkeys(COLUMNS)


def figure(name: str, column: str | None = None, value: float | None = 0.0, *, day: dt.datetime = DAY, **given: Any) -> dict[str, Any]:
    """Make one finding of a window."""
    tables = given.pop("tables", None)
    low, high = given.pop("low", value), given.pop("high", value)
    row = {
        "name": name, "column": column, "value": value, "low": low, "high": high, "unit": "proportion", "slice": "{}", "whole": False,
        "window_start": day, "window_end": day + dt.timedelta(days=1), "tables": None if tables is None else json.dumps(tables),
    }  # fmt: skip
    return NEITHER | row | given


def drift(column: str, effect: float = 0.3, low: float | None = None) -> dict[str, Any]:
    """Make the finding of a column's drift."""
    told = {"value": effect, "low": effect * 0.8 if low is None else low, "high": effect * 1.2}
    return figure("drift_evidence", column, 5.0, tables={"answer": "drifted", "effect": told})


def signal(rule: str, column: str | None = None, *, family: Any = "drift", value: float | None = 0.3, **given: Any) -> Signal:
    """Make a raised signal of the same window."""
    known = {"model": "loans", "severity": "ticket", "answer": "raised", "window_start": DAY, "window_end": DAY + dt.timedelta(days=1)}
    return Signal(**({"since": DAY} | known | given), rule=rule, column=column, family=family, value=value)


def named(figures: list[dict[str, Any]], *signals: Signal) -> tuple[Cause, ...]:
    """Give the causes of a run with these findings and signals."""
    kinds = {"window_start": pa.timestamp("us"), "window_end": pa.timestamp("us"), "whole": pa.bool_(), "first_row": pa.int64()}
    texts = {"name", "column", "slice", "unit", "tables", "version", "attribute"}
    arrays = {
        name: pa.array([row[name] for row in figures], kinds.get(name, pa.string() if name in texts else pa.float64()))
        for name in ("name", "column", "version", "slice", "attribute", "window_start", "window_end", "first_row", "whole", "value", "low",
                     "high", "unit", "tables")
    }  # fmt: skip
    run = ModelRun(
        model="loans", task="binary", card={}, reference=Reference(kind="rows"),
        coverage=Coverage(available=0, used=0, analysed=0, quarantined=0, duplicate=0, labelled=0), findings=pa.table(arrays), errors=(),
        signals=signals,
    )  # fmt: skip
    return causes(run, model=MODEL)


def percentiles(reference: list[float], window: list[float]) -> dict[str, Any]:
    """Make the finding of a column's quantiles."""
    return figure("quantile_shift", "income", -0.5, tables={"reference_value": reference, "value": window})


INCOME = [20.0, 30.0, 45.0, 60.0, 90.0]


@pytest.mark.parametrize(
    ("found", "kind", "size"),
    [
        (figure("missing_rate_change", "income", 0.4, low=0.37), "missing values", 0.4),
        (figure("frozen_column", "income", 0.0), "frozen column", 0.0),
        (figure("constant_column", "income", 1.0), "frozen column", 1.0),
        (figure("format_change", "income", 1.0, tables={"unreadable": 0, "pattern": 0, "factor": 0.001}), "unit or scale change", 0.001),
        (percentiles(INCOME, [x * 0.72 for x in INCOME]), "unit or scale change", 0.72),
        (figure("out_of_range_rate", "income", 0.8), "unit or scale change", 0.8),
        (figure("unseen_category_rate", "income", 0.15), "new categories", 0.15),
        (figure("category_explosion", "income", 80.0), "new categories", 80.0),
        (figure("format_change", "income", 0.5, tables={"unreadable": 200, "pattern": 0, "factor": None}), "type change", 200.0),
        (figure("schema_change", "income", 1.0, tables={"before": "number", "after": "text"}), "type change", 1.0),
        (figure("schema_change", "income", 1.0, tables={"before": "number", "after": None}), "schema change", 1.0),
    ],
)
def test_a_broken_column(found: dict[str, Any], kind: str, size: float) -> None:
    """A drifted column with one trace of a fault; nothing else moved."""
    (cause,) = named([drift("income"), found], signal("drift_evidence", "income"))
    assert (cause.kind, cause.columns, cause.confidence, cause.since) == (kind, ("income",), "named", DAY)
    assert cause.size == pytest.approx(size)
    assert cause.source == "predictions"
    assert cause.upstream == f"income|{kind}", "what breaks upstream breaks for every model that reads it"
    assert cause.explains == (signal("drift_evidence", "income").key,)
    assert cause.evidence[0]["name"] == found["name"]


def test_a_column_that_merely_moved() -> None:
    """No trace of a fault: a shift of who comes, with the size and interval of the drift."""
    moved = [x + 10 for x in INCOME]
    told = signal("drift_evidence", "income", low=0.2, high=0.4)
    (cause,) = named([drift("income"), percentiles(INCOME, moved), figure("missing_rate_change", "income", 0.02, low=0.01)], told)
    assert (cause.kind, cause.columns, cause.size, cause.low, cause.high) == ("covariate shift", ("income",), 0.3, 0.2, 0.4)
    assert cause.source is None
    assert cause.upstream == "loans||covariate shift"


def test_a_column_changed_long_ago_is_no_cause_now() -> None:
    """Nothing is raised: nothing is named, whatever the figures say."""
    assert named([figure("missing_rate_change", "income", 0.4, low=0.37)]) == ()


def test_columns_that_traded_places() -> None:
    """Each holds the other's percentiles: that comes before the change of scale which both seem to have."""
    debt = [0.1, 0.2, 0.3, 0.4, 0.5]
    rows = [percentiles(INCOME, debt), figure("quantile_shift", "debt", 5.0, tables={"reference_value": debt, "value": INCOME}),
            figure("format_change", "debt", 1.0, tables={"factor": 100.0}), figure("frozen_column", "income", 0.01)]  # fmt: skip
    (cause,) = named(rows, signal("drift_evidence", "income"), signal("drift_evidence", "debt"))
    assert (cause.kind, cause.columns) == ("train/serve skew", ("debt", "income"))


def test_many_columns_that_broke_at_once_are_one_cause() -> None:
    """Three columns go missing in one window: one origin; two remain two."""
    names = ["a", "b", "c"]
    rows = [figure("missing_rate_change", name, 0.3, low=0.2) for name in names]
    (cause,) = named(rows, *(signal("drift_evidence", name) for name in names))
    assert (cause.columns, cause.upstream) == (("a", "b", "c"), "a,b,c|missing values")
    assert len(cause.evidence) == 3
    assert len(named(rows, *(signal("drift_evidence", name) for name in names[:2]))) == 2


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("no_data", "no data"), ("source_gone", "source gone"), ("repeated_window", "stale data"), ("duplicate_rate", "duplicated rows"),
        ("clock_skew", "clock"), ("duplicated_timestamps", "clock"), ("sampling_rate_change", "sampling"),
        ("volume_against_expected", "volume"), ("old_version_rate", "model version"), ("label_arrival", "label delay"),
        ("schema_change", "schema change"),
    ],
)  # fmt: skip
def test_the_whole_log(rule: str, kind: str) -> None:
    """A raised signal without a column says it; drift that began then is put down to it, where the data is at fault."""
    moved = signal("drift_evidence", "income")
    found = named([], signal(rule, family="quality"), moved)
    assert found[0].kind == kind
    if kind in DATA:
        assert len(found) == 1
        assert moved.key in found[0].explains
    else:
        assert [cause.kind for cause in found[1:]] == ["covariate shift"]


def test_what_began_before_is_not_put_down_to_it() -> None:
    """Drift from ten days before the rows went missing has a cause of its own."""
    before = signal("drift_evidence", "income", since=DAY - dt.timedelta(days=10))
    found = named([], signal("volume_against_expected", family="quality"), before)
    assert before.key not in found[0].explains


def test_rows_that_cannot_be_read_are_no_missing_source() -> None:
    """A type change sets all rows aside: that no data comes is no cause of its own, nor is the quarantine."""
    changed = figure("schema_change", "income", 1.0, tables={"before": "number", "after": "text"})
    raised = [signal("schema_change", "income", family="quality")]
    raised += [signal(rule, family="quality") for rule in ("no_data", "quarantine_rate")]
    (cause,) = named([changed], *raised)
    assert cause.kind == "type change"
    assert set(cause.explains) == {each.key for each in raised}


def arrivals(bad: tuple[float, float], every: tuple[float, float]) -> list[dict[str, Any]]:
    """Make the findings about outcomes that came, each as known and promised."""
    return [figure(name, None, known / due, tables={"known": known, "promised": due})
            for name, (known, due) in (("negative_outcome_arrival", bad), ("label_arrival", every))]  # fmt: skip


def test_outcomes_of_one_kind_stopped() -> None:
    """Of 40 bad outcomes 2 came and of 60 good ones 58: bad news stopped. Of both a third: they are late."""
    raised = [signal(rule, family="quality") for rule in ("label_arrival", "negative_outcome_arrival")]
    (stopped,) = named(arrivals((2, 40), (60, 100)), *raised)
    assert stopped.kind == "outcomes stopped"
    (late,) = named(arrivals((13, 40), (33, 100)), *raised)
    assert (late.kind, len(late.explains)) == ("label delay", 2)
    (good,) = named(arrivals((39, 40), (45, 100)), raised[0])
    assert good.kind == "outcomes stopped", "6 of 60 good ones"


def test_the_silent_source_is_that_of_outcomes() -> None:
    """A source is gone, predictions still come and outcomes do not: the delay is the cause."""
    gone = signal("source_gone", family="service", slice='{"source":"outcomes"}')
    (cause,) = named(arrivals((0, 40), (0, 100)), signal("label_arrival", family="quality"), gone)
    assert cause.kind == "label delay"
    assert gone.key in cause.explains


SCORE = {"severity": "page"}


def test_the_score_moved_alone() -> None:
    """No feature moved: the model answers differently; a version that began then is the reason."""
    rows = [drift("score", 0.2), drift("income", 0.01, low=0.0)]
    (cause,) = named(rows, signal("drift_evidence", "score", **SCORE))
    assert (cause.kind, cause.columns) == ("prediction shift", ("score",))
    days = [DAY - dt.timedelta(days=k) for k in (2, 1, 0)]
    volumes = [figure("volume", None, 100.0, day=day) for day in days]
    volumes += [figure("volume", None, 100.0, day=day, version="v1") for day in days[:2]] + [figure("volume", None, 100.0, version="v2")]
    (cause,) = named([*rows, *volumes], signal("drift_evidence", "score", **SCORE))
    assert (cause.kind, cause.source) == ("model version", "v2")


def test_a_release_beside_a_broken_column() -> None:
    """A version began ten days before incomes broke, and the gap and the score moved with it: two causes, each with its own alarms."""
    days = [DAY - dt.timedelta(days=k) for k in (11, 10, 9, 0)]
    volumes = [figure("volume", None, 100.0, day=day) for day in days] + [figure("volume", None, 100.0, day=days[0], version="v1")]
    volumes += [figure("volume", None, 100.0, day=day, version="v2") for day in days[1:]]
    began = {"since": days[1]}
    gap = signal("impact_ratio", family="fairness", value=0.7, slice='{"sex":"Female"}', attribute="sex", severity="page", **began)
    moved = signal("drift_evidence", "score", severity="page", **began)
    broken = signal("drift_evidence", "income")
    young = signal("calibration_gap", family="performance", value=0.12, slice='{"age":"<25"}', attribute="age", since=days[2])
    rows = [*volumes, drift("income"), drift("score"), percentiles(INCOME, [x * 0.72 for x in INCOME])]
    unit, version, group = named(rows, gap, moved, broken, replace(young, since=DAY - dt.timedelta(days=5)))
    assert (unit.kind, unit.explains) == ("unit or scale change", (broken.key,))
    assert (version.kind, version.source) == ("model version", "v2")
    assert set(version.explains) == {gap.key, moved.key}
    assert (group.kind, group.explains) == ("concept drift", (young.key,))


def test_features_moved_and_the_score_with_them() -> None:
    """A feature moved further than the score: other people. The score moved further than each of several: another base rate."""
    people = [drift("income", 0.3), drift("debt", 0.02), drift("score", 0.2)]
    (cause,) = named(people, signal("drift_evidence", "income"), signal("drift_evidence", "score", **SCORE))
    assert (cause.kind, cause.columns) == ("covariate shift", ("income", "score"))
    prior = [drift("income", 0.1), drift("debt", 0.08), drift("score", 0.2)]
    told = [signal("drift_evidence", name) for name in ("income", "debt")]
    (cause,) = named(prior, *told, signal("drift_evidence", "score", **SCORE))
    assert cause.kind == "prior shift"


def curve(reference: list[float], window: list[float]) -> dict[str, Any]:
    """Make the finding of outcome rates by score bin, 400 rows in each."""
    n = [400] * len(reference)
    tables = {"reference_level": reference, "level": window, "reference": n, "n": n}
    return figure("concept_drift", "score", 0.1, low=0.08, tables=tables)


def test_the_same_score_means_something_else() -> None:
    """Rates drawn to the middle: the world changed. Rates that all rose by one factor of odds, with the score: the base rate did."""
    outcome = signal("drift_evidence", "repaid", **SCORE)
    (cause,) = named([curve([0.1, 0.3, 0.5, 0.7, 0.9], [0.3, 0.4, 0.5, 0.6, 0.7])], outcome)
    assert (cause.kind, cause.columns) == ("concept drift", ("repaid",))
    even = curve([0.1, 0.3, 0.5, 0.7, 0.9], [0.25, 0.56, 0.75, 0.875, 0.964])  # odds times three
    rows = [even, drift("income", 0.1), drift("debt", 0.08), drift("score", 0.2)]
    (cause,) = named(rows, outcome, signal("drift_evidence", "income"), signal("drift_evidence", "score", **SCORE))
    assert cause.kind == "prior shift"


def test_a_broken_column_comes_before_what_it_does() -> None:
    """Income arrives in another unit, and the score moves: one cause, which holds the score's alarm back."""
    rows = [drift("income"), drift("score"), percentiles(INCOME, [x / 1000 for x in INCOME])]
    told = signal("drift_evidence", "income"), signal("drift_evidence", "score", **SCORE)
    (cause,) = named(rows, *told)
    assert cause.kind == "unit or scale change"
    assert set(cause.explains) == {each.key for each in told}


def test_what_nothing_explains_is_unknown_and_last() -> None:
    """A service that errs is nobody's trace: can't tell, after what is named."""
    rows = [figure("missing_rate_change", "income", 0.4, low=0.37)]
    first, last = named(rows, signal("error_rate", family="service"), signal("drift_evidence", "income"))
    assert (first.kind, last.kind, last.confidence) == ("missing values", "unknown", "can't tell")
    assert last.explains == (signal("error_rate", family="service").key,)


def test_signatures() -> None:
    """One factor for all percentiles; a spike at one value; neither where a column moved as a whole."""

    def quantiles(window: list[float]) -> Figure:
        tables = {"reference_value": INCOME, "value": window}
        return Figure(name="quantile_shift", column="x", value=1.0, low=None, high=None, unit="", tables=tables)

    def bins(window: list[int]) -> Figure:
        return Figure(name="population_stability_index", column="x", value=1.0, low=None, high=None, unit="",
                      tables={"reference": [100] * 10, "window": window})  # fmt: skip

    assert scaled(quantiles([x * 1000 for x in INCOME])) == pytest.approx(1000)
    assert scaled(quantiles([x + 30 for x in INCOME])) is None
    assert scaled(quantiles([x * 1.05 for x in INCOME])) is None, "too small to be a unit"
    assert mixed(bins([750] * 9 + [3250])) == (0.25, True)
    assert mixed(bins([400, 500, 600, 800, 900, 1000, 1100, 1300, 1500, 1900])) is None
    assert mixed(bins([100] * 10)) is None


def test_the_table_of_rules_knows_only_kinds_that_there_are() -> None:
    """Every rule's kind is declared."""
    assert {rule.kind for rule in (*COLUMN_RULES, *LOG_RULES)} <= set(KINDS)
