"""Every rate on real people equals scikit-learn's and fairlearn's; what is binned stays within its stated bound."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from scipy import stats
from sklearn import metrics as sk

from tests.real.conftest import Audited

EXACT = 1e-12


def _specificity(y: Any, d: Any) -> float:
    return float(sk.recall_score(1 - y, 1 - d))


DECIDED: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "true_positive_rate": sk.recall_score,
    "true_negative_rate": _specificity,
    "false_positive_rate": lambda y, d: 1 - _specificity(y, d),
    "false_negative_rate": lambda y, d: 1 - sk.recall_score(y, d),
    "positive_predictive_value": sk.precision_score,
    "negative_predictive_value": lambda y, d: sk.precision_score(1 - y, 1 - d),
    "f1": sk.f1_score,
}


def _groups(rows: pd.DataFrame, names: list[str]) -> list[tuple[dict[str, str], pd.DataFrame]]:
    found: list[tuple[dict[str, str], pd.DataFrame]] = [({}, rows)]
    for keys in ([name] for name in names):
        found += [({keys[0]: str(level)}, part) for (level,), part in rows.groupby(keys, observed=True)]
    found += [(dict(zip(names, map(str, levels), strict=True)), part) for levels, part in rows.groupby(names, observed=True)]
    return found


@pytest.mark.parametrize("name", list(DECIDED))
def test_employment_rates_are_scikit_learns(employment: Audited, name: str) -> None:
    for levels, part in _groups(employment.rows, ["SEX", "RAC1P"]):
        y, d = part["employed"].to_numpy(), part["prediction"].to_numpy()
        if name in ("accuracy", "balanced_accuracy") or min(y.sum(), (1 - y).sum(), d.sum(), (1 - d).sum()) > 0:
            assert employment.value(name, levels) == pytest.approx(DECIDED[name](y, d), abs=EXACT), levels


@pytest.mark.parametrize("name", list(DECIDED))
def test_compas_rates_are_about_the_positive_outcome(compas: Audited, name: str) -> None:
    """The flag predicts re-arrest (1), while the favorable decision is its absence (0): error rates follow the first."""
    for levels, part in _groups(compas.rows, ["race", "sex", "age_cat"])[:9]:
        y, d = part["label_value"].to_numpy(), part["score"].astype(int).to_numpy()
        assert compas.value(name, levels) == pytest.approx(DECIDED[name](y, d), abs=EXACT), levels


def test_selection_and_base_rates_are_about_the_favorable_outcome(compas: Audited, employment: Audited) -> None:
    for race, part in compas.rows.groupby("race", observed=True):
        assert compas.value("selection_rate", {"race": str(race)}) == pytest.approx((part["score"] == 0).mean(), abs=EXACT)
        assert compas.value("base_rate", {"race": str(race)}) == pytest.approx((part["label_value"] == 0).mean(), abs=EXACT)
    for sex, part in employment.rows.groupby("SEX", observed=True):
        assert employment.value("selection_rate", {"SEX": str(sex)}) == pytest.approx(part["prediction"].mean(), abs=EXACT)


@pytest.mark.parametrize("attribute", ["SEX", "RAC1P", "RAC1P,SEX"])
def test_employment_disparities_are_fairlearns(employment: Audited, attribute: str) -> None:
    y, d = employment.rows["employed"], employment.rows["prediction"]
    groups = employment.rows[attribute.split(",")].astype(str).agg("/".join, axis=1)
    for name, oracle in (
        ("demographic_parity_difference", fl.demographic_parity_difference),
        ("demographic_parity_ratio", fl.demographic_parity_ratio),
        ("equalized_odds_difference", fl.equalized_odds_difference),
        ("equal_opportunity_difference", fl.equal_opportunity_difference),
    ):
        wanted = oracle(y, d, sensitive_features=groups)
        assert employment.value(name, attribute=attribute) == pytest.approx(wanted, abs=EXACT), name


def test_compas_disparities_are_fairlearns_for_the_favorable_decision(compas: Audited) -> None:
    y, d = 1 - compas.rows["label_value"], 1 - compas.rows["score"].astype(int)
    for attribute in ("sex", "race", "age_cat"):
        for name, oracle in (
            ("demographic_parity_difference", fl.demographic_parity_difference),
            ("demographic_parity_ratio", fl.demographic_parity_ratio),
        ):
            wanted = oracle(y, d, sensitive_features=compas.rows[attribute])
            assert compas.value(name, attribute=attribute) == pytest.approx(wanted, abs=EXACT), (name, attribute)


def test_scores_are_judged_as_scikit_learn_does(employment: Audited) -> None:
    for levels, part in _groups(employment.rows, ["SEX", "RAC1P"]):
        y, s = part["employed"].to_numpy(), part["predicted_probability"].to_numpy()
        assert employment.value("brier_score", levels) == pytest.approx(((s - y) ** 2).mean(), abs=EXACT)
        assert employment.value("calibration_gap", levels) == pytest.approx(s.mean() - y.mean(), abs=EXACT)
        if 0 < y.sum() < len(y):
            assert employment.value("log_loss", levels) == pytest.approx(sk.log_loss(y, s), abs=1e-10)


def test_auc_lies_within_its_stated_resolution(employment: Audited) -> None:
    f = employment.findings
    f = f[(f["name"] == "roc_auc") & f["whole"] & f["version"].isna()]
    seen = 0
    for levels, part in _groups(employment.rows, ["SEX", "RAC1P"])[:12]:
        row = f[f["slice"] == json.dumps(dict(sorted(levels.items())))].iloc[0]
        bound = json.loads(row["tables"])["resolution"]
        wanted = sk.roc_auc_score(part["employed"], part["predicted_probability"]) if part["employed"].nunique() > 1 else None
        if wanted is not None:
            assert abs(row["value"] - wanted) <= bound + EXACT, levels
            assert bound < 0.005 or len(part) < 300
            seen += 1
    assert seen >= 10


def test_scoring_rate_is_the_share_above_the_full_samples_median(employment: Audited) -> None:
    scores = employment.rows["predicted_probability"]
    for sex, part in employment.rows.groupby("SEX", observed=True):
        wanted = (part["predicted_probability"] > scores.median()).mean()
        assert employment.value("scoring_rate", {"SEX": str(sex)}) == pytest.approx(wanted, abs=EXACT)


@pytest.mark.parametrize("column", ["AGEP", "predicted_probability"])
def test_numeric_drift_is_scipys_within_bounds(employment: Audited, column: str) -> None:
    before, now = employment.reference[column].to_numpy(), employment.rows[column].to_numpy()
    f = employment.findings
    ks = f[(f["name"] == "kolmogorov_smirnov") & f["whole"] & (f["column"] == column)].iloc[0]
    assert abs(ks["value"] - stats.ks_2samp(before, now).statistic) <= json.loads(ks["tables"])["resolution"] + EXACT
    wanted = stats.wasserstein_distance(before, now) / before.std()
    assert employment.value("wasserstein_distance", column=column) == pytest.approx(wanted, abs=1e-3)
    edges = np.unique(np.quantile(before, np.linspace(0.1, 0.9, 9)))
    p, q = (np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) / len(x) for x in (before, now))
    from scipy.spatial.distance import jensenshannon

    assert employment.value("jensen_shannon_distance", column=column) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9)
    psi = ((q - p) * np.log(q / p)).sum()
    assert employment.value("population_stability_index", column=column) == pytest.approx(psi, abs=1e-6)


@pytest.mark.parametrize("column", ["SCHL", "MAR", "RELP"])
def test_categorical_drift_is_scipys(employment: Audited, column: str) -> None:
    from scipy.spatial.distance import jensenshannon

    levels = sorted(set(employment.reference[column]) | set(employment.rows[column]))
    before, now = (frame[column].value_counts().reindex(levels, fill_value=0) for frame in (employment.reference, employment.rows))
    p, q = before / before.sum(), now / now.sum()
    assert employment.value("jensen_shannon_distance", column=column) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9)
    assert employment.value("l_infinity", column=column) == pytest.approx((p - q).abs().max(), abs=EXACT)
    statistic = stats.chi2_contingency(np.stack([before, now])).statistic
    cramer = np.sqrt(statistic / (before.sum() + now.sum()))
    assert employment.value("chi_squared", column=column) == pytest.approx(cramer, abs=1e-9)


def test_nothing_is_lost_on_the_way(employment: Audited, compas: Audited) -> None:
    for found in (employment, compas):
        coverage = found.run.runs[0].coverage
        assert coverage.available == coverage.used + coverage.quarantined + coverage.duplicate == len(found.rows) + len(found.reference)
        assert not [failure for failure in found.run.runs[0].errors if failure.error]


def test_no_figure_is_nan_and_every_absent_one_has_a_reason(employment: Audited, compas: Audited) -> None:
    for found in (employment, compas):
        f = found.findings
        absent = f["value"].isna()
        assert not np.isinf(f["value"].dropna()).any()
        assert (f.loc[absent, "reason"].str.len() > 0).all()
        inside = f[~absent & f["low"].notna()]
        ends = inside["high"].fillna(np.inf)  # a ratio to a group without any event has no upper end
        assert ((inside["low"] <= inside["value"] + 1e-9) & (inside["value"] <= ends + 1e-9)).all()
        assert set(inside.loc[inside["high"].isna(), "name"]) <= {"odds_ratio", "impact_ratio", "demographic_parity_ratio"}
