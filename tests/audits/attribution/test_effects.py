"""The effects as findings: over attributes, segments and the score, against the reference and the window before."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from audits import attribution
from audits.audit import Audit
from audits.evidence import Evidence
from audits.jackknife import Asked, jackknifed

Build = Callable[..., Evidence]
Figures = Callable[..., list[SimpleNamespace]]
BY_NAME = {audit.name: audit for audit in attribution.AUDITS}


def people(n: int, hits: int, **columns: Any) -> list[dict[str, Any]]:
    """Make n rows, the first of them decided rightly."""
    return [{"decision": 1, "outcome": int(i < hits), "score": 0.2 + 0.6 * (i < hits), **columns} for i in range(n)]


def world() -> list[dict[str, Any]]:
    """Accuracy by region: 0.8 of 40 and 0.3 of 10; then of 25 and 25; then 0.8 of 40 and 0.2 of 10."""
    return [
        *people(40, 32, region="N", sex="F", reference=True), *people(10, 3, region="S", sex="M", reference=True),
        *people(25, 20, region="N", sex="F", day=0), *people(25, 7, region="S", sex="M", day=0),
        *people(40, 32, region="N", sex="F", day=1), *people(10, 2, region="S", sex="M", day=1),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def evidence(evidence_of: Build) -> Evidence:
    """Build the evidence of `world`."""
    return evidence_of(world(), segments=("region",), protected=("sex",))


def only(audit: Audit, evidence: Evidence, figures: Figures, **wanted: Any) -> SimpleNamespace:
    """Give the one figure asked for."""
    found = figures(audit, evidence, **wanted)
    assert len(found) == 1
    return found[0]


def test_a_shift_of_who_comes_is_mix(evidence: Evidence, figures: Figures) -> None:
    """Day 0: shares 0.8, 0.2 become 0.5, 0.5; rates 0.8, 0.3 become 0.8, 0.28."""
    mix = only(BY_NAME["accuracy_mix_effect"], evidence, figures, window=1, column="region")
    rate = only(BY_NAME["accuracy_rate_effect"], evidence, figures, window=1, column="region")
    assert mix.value == pytest.approx(-0.3 * 0.8 + 0.3 * 0.29)
    assert rate.value == pytest.approx(-0.02 * 0.35)
    assert mix.value + rate.value == pytest.approx(0.54 - 0.7, abs=1e-12)
    assert mix.p < 0.05 < rate.p
    table = mix.tables
    assert (table["value"], table["reference"], table["against"], table["rate"]) == (0.54, 0.7, "reference", "accuracy")
    assert table["levels"] == ["N", "S"]
    assert table["n"] == [25, 25]
    assert table["reference_n"] == [40, 10]
    assert table["share"] == [0.5, 0.5]
    assert table["reference_share"] == [0.8, 0.2]
    assert table["rates"] == pytest.approx([0.8, 0.28])
    assert table["reference_rates"] == pytest.approx([0.8, 0.3])
    assert sum(table["mix_parts"]) == pytest.approx(mix.value)
    assert sum(table["rate_parts"]) == pytest.approx(rate.value)
    assert rate.tables is None, "the levels are listed once"
    assert "from_previous" not in table


def test_against_the_window_before(evidence: Evidence, figures: Figures) -> None:
    """Day 1 against day 0: shares 0.5, 0.5 become 0.8, 0.2; rates 0.8, 0.28 become 0.8, 0.2."""
    table = only(BY_NAME["accuracy_mix_effect"], evidence, figures, window=2, column="region").tables["from_previous"]
    assert table["mix_effect"] == pytest.approx(0.3 * 0.8 - 0.3 * 0.24)
    assert table["rate_effect"] == pytest.approx(-0.08 * 0.35)
    assert table["mix_effect"] + table["rate_effect"] == pytest.approx(table["change"], abs=1e-12)
    assert table["change"] == pytest.approx(0.68 - 0.54)
    assert table["mix_low"] < table["mix_effect"] < table["mix_high"]


def test_everything_the_population_is_divided_by(evidence: Evidence, figures: Figures) -> None:
    """Sex, region and the score, for the whole period and each window; each adds up to the same change."""
    mixes, rates = (figures(BY_NAME[f"base_rate{kind}"], evidence) for kind in ("_mix_effect", "_rate_effect"))
    assert [(f.attribute, f.column) for f in mixes if f.window == 0] == [("sex", None), (None, "region"), (None, "score")]
    assert {f.window for f in mixes} == {0, 1, 2}
    assert all(f.slice == {} and f.version is None for f in mixes)
    change = {0: 61 / 100 - 0.7, 1: 0.54 - 0.7, 2: 0.68 - 0.7}
    for mix, rate in zip(mixes, rates, strict=True):
        assert mix.value + rate.value == pytest.approx(change[mix.window], abs=1e-12)
    # The score tells the outcome here: at the same score nothing changed.
    assert [f.value for f in rates if f.column == "score"] == pytest.approx([0.0, 0.0, 0.0])


def test_rows_without_a_score_are_a_level(evidence_of: Build, figures: Figures) -> None:
    """What has no score is divided off, not lost."""
    rows = world()
    for row in rows[::3]:
        row["score"] = None
    built = evidence_of(rows, segments=("region",), protected=("sex",))
    mix = only(BY_NAME["accuracy_mix_effect"], built, figures, window=1, column="score")
    rate = only(BY_NAME["accuracy_rate_effect"], built, figures, window=1, column="score")
    assert mix.value + rate.value == pytest.approx(0.54 - 0.7, abs=1e-12)
    assert "(none of these)" in mix.tables["levels"]


def test_error_rates_are_about_the_positive_value(evidence_of: Build, figures: Figures) -> None:
    """With the unfavorable outcome as positive, the true positive rate is of those who did not repay."""
    rows = [{**row, "decision": i % 2, "score": 0.5} for i, row in enumerate(world())]
    built = evidence_of(rows, segments=("region",), positive=0, favorable=1)
    (mix,) = figures(BY_NAME["true_positive_rate_mix_effect"], built, window=1, column="region")
    caught = [row for row in rows if row.get("day") == 0 and row["outcome"] == 0]
    assert mix.tables["value"] == pytest.approx(sum(row["decision"] == 0 for row in caught) / len(caught))


def test_regression(evidence_of: Build, figures: Figures) -> None:
    """Mean errors 1 and 3 by region; shares 0.5, 0.5 become 0.25, 0.75: +0.5 of mix, in the outcome's unit."""

    def rows(n: int, error: float, **columns: Any) -> list[dict[str, Any]]:
        return [{"score": 10.0 + i % 7, "outcome": 10.0 + i % 7 - error, **columns} for i in range(n)]

    log = [
        *rows(20, 1.0, region="N", reference=True), *rows(20, 3.0, region="S", reference=True), *rows(10, 1.0, region="N"),
        *rows(30, 3.0, region="S"),
    ]  # fmt: skip
    built = evidence_of(log, task="regression", segments=("region",))
    for name in ("mean_error", "mean_absolute_error"):
        mix = only(BY_NAME[f"{name}_mix_effect"], built, figures, window=1, column="region")
        rate = only(BY_NAME[f"{name}_rate_effect"], built, figures, window=1, column="region")
        assert (mix.value, rate.value) == pytest.approx((0.5, 0.0))
        assert mix.tables["change"] == pytest.approx(0.5)
        of_score = only(BY_NAME[f"{name}_rate_effect"], built, figures, window=1, column="score")
        assert of_score.value + only(BY_NAME[f"{name}_mix_effect"], built, figures, window=1, column="score").value == pytest.approx(0.5)


def test_several_classes(evidence_of: Build, figures: Figures) -> None:
    """Accuracy is of all classes; the rest is about the favorable one, or unsaid."""
    log = [{"decision": "abc"[i % 3], "outcome": "abc"[(i * i) % 3], "region": "NS"[i % 2 or day], "day": day} for day in (0, 1)
           for i in range(60)]  # fmt: skip
    built = evidence_of(log, task="multiclass", segments=("region",))
    (mix,) = figures(BY_NAME["accuracy_mix_effect"], built, window=2)
    (rate,) = figures(BY_NAME["accuracy_rate_effect"], built, window=2)
    assert mix.value + rate.value == pytest.approx(0.0, abs=1e-12)
    assert mix.tables["value"] == pytest.approx(sum("abc"[i % 3] == "abc"[(i * i) % 3] for i in range(60)) / 60)
    assert figures(BY_NAME["selection_rate_mix_effect"], built) == []
    favored = evidence_of(log, task="multiclass", segments=("region",), favorable="a")
    assert figures(BY_NAME["selection_rate_mix_effect"], favored, window=2)[0].tables["value"] == pytest.approx(1 / 3)


def test_first_window_takes_the_place_of_a_reference(evidence_of: Build, figures: Figures) -> None:
    """Without reference rows the first day is compared with, and not listed."""
    built = evidence_of([row for row in world() if "reference" not in row], segments=("region",))
    assert {f.window for f in figures(BY_NAME["accuracy_mix_effect"], built)} == {0, 2}


def test_where_the_reference_has_no_outcomes(evidence_of: Build, figures: Figures) -> None:
    """The first complete window with outcomes stands in, and the tables say so."""
    log = [{**row, "outcome": None} if row.get("reference") else row for row in world()]
    found = figures(BY_NAME["accuracy_mix_effect"], evidence_of(log, segments=("region",)), column="region")
    assert {f.window for f in found} == {0, 2}
    assert found[0].tables["against"] == "first window"


def test_one_row_has_no_interval(evidence_of: Build, figures: Figures) -> None:
    """A window of one row: a value, no interval, and the reason."""
    log = [*world()[:50], *people(1, 1, region="N", sex="F")]
    found = only(BY_NAME["accuracy_mix_effect"], evidence_of(log, segments=("region",)), figures, window=1, column="region")
    assert (found.n, found.low, found.reason) == (1, None, "no interval: a single row in one of the two periods")


def test_repeated_people_widen_the_interval(evidence_of: Build) -> None:
    """Ten rows a person: the jackknife's interval is wider than that of rows; the value stays."""

    def rows(**columns: Any) -> list[dict[str, Any]]:
        return [{**row, "unit": f"{columns}{i // 10}"} for i, row in enumerate(people(200, 120, region="N", **columns))] + [
            {**row, "unit": f"{columns}s{i // 10}"} for i, row in enumerate(people(100, 30, region="S", **columns))
        ]  # fmt: skip

    evidence = evidence_of([*rows(reference=True), *rows(day=0)], segments=("region",))
    audit = BY_NAME["accuracy_mix_effect"]
    narrow, by_score = audit(evidence)
    wide, _ = jackknifed(evidence, [Asked(audit=audit, place=None, blocks=[narrow, by_score])])[0].blocks
    assert list(wide.value) == list(narrow.value)
    assert (wide.high - wide.low > 1.2 * (narrow.high - narrow.low)).all()
