"""Thresholds and verdicts."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from audits.defaults import DEFAULTS
from audits.finding import PolicyChange, Threshold
from audits.policy import body, changes, fingerprint, in_force, judge, thresholds
from audits.registry import AUDITS, check_policy
from connectors.config import Columns, ModelConfig, ThresholdOverride
from connectors.errors import UsageError

NAN = float("nan")


def model(**policy: ThresholdOverride) -> ModelConfig:
    """Make a model with its own thresholds."""
    return ModelConfig(name="loans", title="Loans", columns=Columns(), policy={name: (entry,) for name, entry in policy.items()})


def only(found: dict[str, tuple[Threshold, ...]], name: str) -> Threshold:
    """Return the one threshold that has always been in force."""
    (entry,) = found[name]
    return entry


def verdict(threshold: Threshold | None, value: float, low: float, high: float, n: int = 100) -> str | None:
    """Judge one estimate."""
    found = judge(threshold, np.asarray([value]), np.asarray([low]), np.asarray([high]), np.asarray([n]))
    return None if found[0] is None else str(found[0])


@pytest.mark.parametrize(
    ("value", "low", "high", "n", "expected"),
    [
        (0.90, 0.82, 0.98, 100, "pass"),
        (0.90, 0.70, 1.10, 100, "pass"),  # the interval reaches below 0.8, the value does not
        (0.78, 0.70, 0.86, 100, "warn"),
        (0.70, 0.62, 0.78, 100, "fail"),  # all of the interval is below
        (0.70, 0.62, 0.78, 29, "insufficient"),
        (0.70, 0.62, 0.78, 30, "fail"),
        (0.80, 0.80, 0.80, 100, "pass"),  # the line itself is allowed
        (NAN, NAN, NAN, 100, "insufficient"),
        (0.70, NAN, NAN, 100, "warn"),  # without an interval nothing is certain
        (0.70, 0.60, NAN, 100, "warn"),  # no upper end: it may reach anywhere
    ],
)
def test_verdicts_on_a_minimum(value: float, low: float, high: float, n: int, expected: str) -> None:
    """The four-fifths line with at least 30 rows."""
    assert verdict(Threshold(name="impact_ratio", min=0.8, min_n=30), value, low, high, n) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.05, -0.02, 0.12, "pass"),
        (0.11, 0.04, 0.18, "warn"),
        (0.2, 0.13, 0.27, "fail"),
        (-0.2, -0.27, -0.13, "fail"),
        (-0.11, -0.18, -0.04, "warn"),
    ],
)
def test_verdicts_on_both_sides(value: float, low: float, high: float, expected: str) -> None:
    """A gap of ten points either way."""
    assert verdict(Threshold(name="gap", min=-0.1, max=0.1), value, low, high) == expected


def test_nobody_is_judged_without_a_threshold() -> None:
    """No threshold, or one without limits: no verdict, not even for a missing value."""
    assert verdict(None, 0.5, 0.4, 0.6) is None
    assert verdict(Threshold(name="accuracy"), NAN, NAN, NAN, 0) is None


def test_defaults_are_reasoned() -> None:
    """Each default names a measure that exists, has a limit, a rationale and a source."""
    for name, threshold in DEFAULTS.items():
        assert name == threshold.name
        assert name in AUDITS
        assert threshold.min is not None or threshold.max is not None
        assert len(threshold.rationale) > 40
        assert threshold.source


def test_configuration_overrides_what_it_names() -> None:
    """A new minimum keeps the default's severity and min_n; its rationale is the user's own."""
    found = thresholds(model(impact_ratio=ThresholdOverride(min=0.9), accuracy=ThresholdOverride(min=0.7, rationale="contract")))
    ratio, accuracy = only(found, "impact_ratio"), only(found, "accuracy")
    assert (ratio.min, ratio.severity, ratio.min_n, ratio.source) == (0.9, "page", 30, "candor.toml")
    assert "four-fifths" not in ratio.rationale
    assert (accuracy.min, accuracy.rationale, accuracy.source) == (0.7, "contract", "candor.toml")
    later = only(thresholds(model(impact_ratio=ThresholdOverride(min_n=100))), "impact_ratio")
    assert later == dataclasses.replace(DEFAULTS["impact_ratio"], min_n=100)


def test_one_limit_of_two_can_be_lifted() -> None:
    """Giving only a maximum drops the default's minimum: what is written is what holds."""
    found = only(thresholds(model(calibration_gap=ThresholdOverride(max=0.02))), "calibration_gap")
    assert (found.min, found.max) == (None, 0.02)


def test_wrong_policies_are_refused_with_the_key() -> None:
    """An unknown severity, a minimum above the maximum, an unknown measure."""
    with pytest.raises(UsageError, match=r'models\.loans\.policy\.impact_ratio\.severity = "pager"; did you mean "page"'):
        thresholds(model(impact_ratio=ThresholdOverride(severity="pager")))
    with pytest.raises(UsageError, match=r"min = 2 is above max = 1"):
        thresholds(model(impact_ratio=ThresholdOverride(min=2, max=1)))
    with pytest.raises(UsageError, match=r'no measure "impact_ration"; did you mean "impact_ratio"'):
        check_policy("loans", {"impact_ration": ThresholdOverride(min=0.8)})


def test_fingerprint_follows_every_change() -> None:
    """Equal policies have equal fingerprints; another rationale has another one."""
    first = {"loans": thresholds(model())}
    assert fingerprint(first) == fingerprint({"loans": thresholds(model())})
    changed = {"loans": thresholds(model(impact_ratio=ThresholdOverride(rationale="ours")))}
    assert fingerprint(first) != fingerprint(changed)
    assert fingerprint(first).startswith("sha256:")


def dated(month: int) -> dt.datetime:
    """Return the first of a month of 2026, as configurations give it."""
    return dt.datetime(2026, month, 1, tzinfo=dt.UTC)


def test_thresholds_by_date_leave_no_gap() -> None:
    """From March 0.9, from May to July 0.85: the default before March and from July on."""
    entries = (
        ThresholdOverride(min=0.85, since=dated(5), until=dated(7), source="29 CFR 1607.4(D)"),
        ThresholdOverride(min=0.9, since=dated(3), until=dated(5)),
    )
    loans = ModelConfig(name="loans", title="Loans", columns=Columns(), policy={"impact_ratio": entries})
    found = thresholds(loans)["impact_ratio"]
    assert [each.min for each in found] == [0.8, 0.9, 0.85, 0.8]
    assert [each.source for each in found] == ["29 CFR 1607.4(D)", "candor.toml", "29 CFR 1607.4(D)", "29 CFR 1607.4(D)"]
    assert [each.until for each in found[:-1]] == [each.since for each in found[1:]]
    assert (found[0].since, found[-1].until) == (None, None)
    days = ((2026, 2, 28), (2026, 3, 1), (2026, 4, 30), (2026, 6, 1), (2027, 1, 1))
    assert [in_force(found, dt.datetime(*day)) for day in days] == [0, 1, 1, 2, 3]


def test_changes_are_told_by_field_and_by_date() -> None:
    """Another minimum is two changes (its rationale is another too); a new date is a threshold that came."""
    before = body(thresholds(model(accuracy=ThresholdOverride(min=0.7, rationale="contract"))))
    assert changes("loans", before, thresholds(model(accuracy=ThresholdOverride(min=0.7, rationale="contract")))) == []
    stricter = changes("loans", before, thresholds(model(accuracy=ThresholdOverride(min=0.75, rationale="contract"))))
    assert stricter == [PolicyChange(model="loans", name="accuracy", field="min", before="0.7", after="0.75")]
    gone = changes("loans", before, thresholds(model()))
    assert [(each.field, each.before, each.after) for each in gone] == [("threshold", "min 0.7, min_n 30, severity ticket", None)]
    planned = changes("loans", body(thresholds(model())), thresholds(model(impact_ratio=ThresholdOverride(min=0.9, since=dated(3)))))
    told = [(each.field, each.before, each.after, each.since) for each in planned]
    assert told == [
        ("until", None, "2026-03-01", None),
        ("threshold", None, "min 0.9, min_n 30, severity page", dt.datetime(2026, 3, 1)),
    ]


@pytest.mark.parametrize("n", [200, 650, 5000])
def test_an_unchanged_column_is_seldom_a_warning(n: int) -> None:
    """Ten decile bins, a reference as small as the window, nothing changed: at most 5 % of 4,000 draws pass the line from min_n on."""
    draw = np.random.default_rng(n)
    reference, window = (draw.multinomial(n, [0.1] * 10, size=4000) / n for _ in range(2))
    middle = (reference + window) / 2
    index = ((window - reference) * np.log(window / reference)).sum(axis=1)
    halves = [(part * np.log2(part / middle)).sum(axis=1) for part in (reference, window)]
    distance = np.sqrt((halves[0] + halves[1]) / 2)
    for name, value in (("population_stability_index", index), ("jensen_shannon_distance", distance)):
        judged = judge(DEFAULTS[name], value, np.zeros(4000), value, np.full(4000, n))
        assert np.mean(judged == "warn") <= 0.05
        assert np.mean(judged == "fail") == 0
