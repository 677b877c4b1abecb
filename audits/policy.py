"""Policy: what is expected of each measure, and the only place where a verdict is decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.finding import Severity, Threshold
from connectors.config import ModelConfig
from connectors.errors import UsageError, nearest

_PARITY = (
    "A gap of ten percentage points between groups is the customary line for a closer look; no law sets it, so set your own where you know "
    "what a point costs"
)
_CALIBRATION = "Scores that are five points off on average move every decision that is made by comparing them with a cost or a price"

DEFAULTS: Mapping[str, Threshold] = {
    threshold.name: threshold
    for threshold in (
        Threshold(
            name="impact_ratio", min=0.8, severity="page",
            rationale="The four-fifths rule: a selection rate below 80 % of the highest group's is regarded as evidence of adverse impact",
            source="29 CFR 1607.4(D)",
        ),
        Threshold(
            name="demographic_parity_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360: fair between -0.1 and 0.1",
        ),
        Threshold(
            name="equal_opportunity_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360: fair between -0.1 and 0.1",
        ),
        Threshold(
            name="equalized_odds_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360, for each of the two rates",
        ),
        Threshold(
            name="expected_calibration_error", max=0.05, min_n=1250,
            rationale=_CALIBRATION + ". Judged from 1,250 rows on: with fewer, noise alone passes five points in over 1 cell of 20",
            source="A convention of ours; compare Guo et al. (2017), where calibrated networks stay below it",
        ),
        Threshold(
            name="calibration_gap", min=-0.05, max=0.05, min_n=400,
            rationale=_CALIBRATION + ". Judged from 400 rows on: with fewer, chance alone passes five points in over 1 cell of 20",
            source="A convention of ours; 400 = (1.96 / 0.05)² / 4, rounded up, for outcomes as varied as they can be",
        ),
        Threshold(
            name="population_stability_index", max=0.2, min_n=200,
            rationale="Above 0.2 a column is customarily said to have shifted; others draw the line at 0.25, and read 0.1 as a first sign. "
            "Judged from 200 rows on: with fewer, ten bins pass it by chance in over 1 case of 20, the reference being as small",
            source="N. Siddiqi, Credit Risk Scorecards (2006)",
        ),
        Threshold(
            name="jensen_shannon_distance", max=0.1, min_n=650,
            rationale="The default alarm of widely used monitors; about where the population stability index passes 0.06. "
            "Judged from 650 rows on: with fewer, ten bins pass it by chance in over 1 case of 20, the reference being as small",
            source="Evidently and NannyML, default threshold",
        ),
        Threshold(
            name="quarantine_rate", max=0.01,
            rationale="More than one bad row in a hundred is a broken feed rather than a slip, and figures then speak of the rest only",
            source="A convention of ours",
        ),
        Threshold(
            name="duplicate_rate", max=0.01,
            rationale="More than one repeated row in a hundred means that something is sent twice; repeats are left out of every figure",
            source="A convention of ours",
        ),
        Threshold(
            name="missing_rate", max=0.5,
            rationale="A column that is missing in most rows tells the model little: it stopped coming, or should not be a feature",
            source="A convention of ours: it catches a column that went away; a lower line for one column is yours to set",
        ),
        Threshold(
            name="unseen_category_rate", max=0.01,
            rationale="The model never learned from values that its reference did not hold",
            source="A convention of ours; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="out_of_range_rate", max=0.01,
            rationale="Values beyond everything in the reference are extrapolation, or a change of unit",
            source="A convention of ours; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
    )
}  # fmt: skip
"""Thresholds in force where the configuration sets none. A measure that is not here is reported, not judged."""


def thresholds(model: ModelConfig) -> dict[str, Threshold]:
    """The thresholds of one model: the defaults, overridden and extended by its `policy`.

    Raises
    ------
    UsageError
        A severity is none of page, ticket, info, or a minimum is above its maximum.
    """
    found = dict(DEFAULTS)
    for name, given in model.policy.items():
        key = f"models.{model.name}.policy.{name}"
        changed = {field: value for field, value in asdict(given).items() if value is not None}
        if given.severity is not None and given.severity not in get_args(Severity):
            raise UsageError(f'{key}.severity = "{given.severity}"; {nearest(given.severity, get_args(Severity))}')
        limits = {"min": given.min, "max": given.max} if given.min is not None or given.max is not None else {}
        source = {"source": "candor.toml"} if limits or name not in found else {}
        found[name] = replace(found.get(name, Threshold(name=name)), **{**changed, **limits, **source})
        if limits and given.rationale is None:
            found[name] = replace(found[name], rationale="Set in candor.toml without a rationale")
        low, high = found[name].min, found[name].max
        if low is not None and high is not None and low > high:
            raise UsageError(f"{key}: min = {low:g} is above max = {high:g}")
    return found


def judge(threshold: Threshold | None, value: Floats, low: Floats, high: Floats, n: NDArray[Any]) -> NDArray[np.object_]:
    """The verdict on each estimate; None without a threshold.

    Below `min_n` or without a value: insufficient. Interval wholly outside the threshold: fail. Value outside: warn. Else pass.
    An interval without one end (NaN) reaches without limit on that side.

    >>> import numpy as np
    >>> four_fifths = Threshold(name="impact_ratio", min=0.8, min_n=30)
    >>> value, low, high = np.array([0.9, 0.78, 0.6, 0.6]), np.array([0.7, 0.7, 0.5, 0.5]), np.array([1.1, 0.9, 0.7, 0.7])
    >>> judge(four_fifths, value, low, high, np.array([90, 90, 90, 29])).tolist()
    ['pass', 'warn', 'fail', 'insufficient']
    """
    verdict = np.full(len(value), None, dtype=object)
    if threshold is None or (threshold.min is None and threshold.max is None):
        return verdict
    least = -np.inf if threshold.min is None else threshold.min
    most = np.inf if threshold.max is None else threshold.max
    with np.errstate(invalid="ignore"):
        verdict[:] = "pass"
        verdict[(value < least) | (value > most)] = "warn"
        verdict[(high < least) | (low > most)] = "fail"
    verdict[np.isnan(value) | (np.asarray(n) < threshold.min_n)] = "insufficient"
    return verdict


def fingerprint(policies: Mapping[str, Mapping[str, Threshold]]) -> str:
    """SHA-256 of all thresholds in force, by model."""
    body = {model: {name: asdict(threshold) for name, threshold in found.items()} for model, found in policies.items()}
    return "sha256:" + hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
