"""Multiclass and regression figures on real people, through the whole path, equal scikit-learn's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.real.conftest import Audited, audited

EXACT = 1e-12
NUMBERS = ["age", "education-num", "hours-per-week", "capital-gain", "capital-loss"]
RELATIONS = ["Husband", "Not-in-family", "Other-relative", "Own-child", "Unmarried", "Wife"]

TOML = """version = 1
[models.adults]
title = "Adults"
task = "{task}"
protected = ["sex", "race"]
features = ["workclass"]
window = "20000 rows"
[models.adults.columns]
id = "id"
outcome = "truth"
{columns}
[models.adults.reference]
rows = 12000
[[models.adults.sources]]
kind = "file"
path = "rows.parquet"
rows = "both"
"""


@pytest.fixture(scope="module")
def people(shared_data: Path) -> pd.DataFrame:
    """48,842 people of the census of 1994."""
    rows = pd.read_parquet(shared_data / "adults.parquet").reset_index(names="id")
    for name in ("sex", "race", "relationship", "workclass"):
        rows[name] = rows[name].astype(str)
    return rows


@pytest.fixture(scope="module")
def relations(people: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """What somebody is in the household, six classes, by a logistic regression on five numbers."""
    x = StandardScaler().fit_transform(np.log1p(people[NUMBERS]))
    model = LogisticRegression(max_iter=60).fit(x[:12000], people["relationship"][:12000])
    p = model.predict_proba(x)
    rows = people[["id", "sex", "race", "workclass"]].assign(truth=people["relationship"], said=model.predict(x))
    for k, name in enumerate(model.classes_):
        rows[f"p_{name}"] = p[:, k]
    folder = tmp_path_factory.mktemp("relations")
    rows.to_parquet(folder / "rows.parquet")
    toml = TOML.format(task="multiclass", columns='score = "p_*"\ndecision = "said"')
    return audited(folder, toml, rows[12000:], rows[:12000])


@pytest.fixture(scope="module")
def hours(people: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Hours worked a week by a linear regression on four numbers; every seventh outcome is not known."""
    x = np.log1p(people[["age", "education-num", "capital-gain", "capital-loss"]])
    truth = people["hours-per-week"].astype(float)
    model = LinearRegression().fit(x[:12000], truth[:12000])
    guess = model.predict(x)
    spread = float(np.std(truth[:12000] - guess[:12000]))
    rows = people[["id", "sex", "race", "workclass"]].assign(
        truth=truth.where(people["id"] % 7 != 6), guess=guess, least=guess - 1.28 * spread, most=guess + 1.28 * spread
    )
    folder = tmp_path_factory.mktemp("hours")
    rows.to_parquet(folder / "rows.parquet")
    toml = TOML.format(task="regression", columns='score = "guess"\nprediction_low = "least"\nprediction_high = "most"')
    return audited(folder, toml, rows[12000:], rows[:12000])


def groups(rows: pd.DataFrame) -> list[tuple[dict[str, str], pd.DataFrame]]:
    """Everybody, each sex, each race and each intersection."""
    found: list[tuple[dict[str, str], pd.DataFrame]] = [({}, rows)]
    for name in ("sex", "race"):
        found += [({name: str(level)}, part) for level, part in rows.groupby(name)]
    return found + [({"sex": str(s), "race": str(r)}, part) for (s, r), part in rows.groupby(["sex", "race"])]


def whole(found: Audited, name: str, levels: dict[str, str], column: str | None = None) -> Any:
    """The one finding over the whole period about a slice and a class."""
    f = found.findings
    chosen = f[(f["name"] == name) & f["whole"] & f["version"].isna() & (f["slice"] == json.dumps(dict(sorted(levels.items()))))]
    chosen = chosen[chosen["column"].isna()] if column is None else chosen[chosen["column"] == column]
    assert len(chosen) == 1, (name, levels, column, len(chosen))
    return chosen.iloc[0]


def scores(rows: pd.DataFrame) -> Any:
    """Probabilities in the order of `RELATIONS`."""
    return rows[[f"p_{name}" for name in RELATIONS]].to_numpy()


def test_decisions_among_six_classes(relations: Audited) -> None:
    """Accuracy, mean recall, macro F1 and every rate of every class."""
    seen = 0
    for levels, part in groups(relations.rows):
        y, d = part["truth"], part["said"]
        assert whole(relations, "accuracy", levels)["value"] == pytest.approx(sk.accuracy_score(y, d), abs=EXACT)
        present = sorted(set(y))
        f1 = sk.f1_score(y, d, labels=present, average="macro", zero_division=0)
        assert whole(relations, "f1", levels)["value"] == pytest.approx(f1, abs=EXACT), levels
        recall = sk.recall_score(y, d, labels=present, average="macro", zero_division=0)
        assert whole(relations, "balanced_accuracy", levels)["value"] == pytest.approx(recall, abs=EXACT)
        for name in present:
            hit, said = (y == name).to_numpy(), (d == name).to_numpy()
            rate = whole(relations, "true_positive_rate", levels, name)["value"]
            assert rate == pytest.approx(sk.recall_score(hit, said), abs=EXACT), (levels, name)
            assert whole(relations, "base_rate", levels, name)["value"] == pytest.approx(hit.mean(), abs=EXACT)
            assert whole(relations, "selection_rate", levels, name)["value"] == pytest.approx(said.mean(), abs=EXACT)
            if said.any():
                precision = whole(relations, "positive_predictive_value", levels, name)["value"]
                assert precision == pytest.approx(sk.precision_score(hit, said), abs=EXACT)
            seen += 1
    assert seen > 80


def test_confusion_matrix_of_six_classes(relations: Audited) -> None:
    """Decisions down, outcomes across."""
    for levels, part in groups(relations.rows)[:4]:
        table = json.loads(whole(relations, "accuracy", levels)["tables"])
        wanted = sk.confusion_matrix(part["truth"], part["said"], labels=table["classes"]).T
        np.testing.assert_array_equal(table["confusion"], wanted)


def test_probabilities_of_six_classes(relations: Audited) -> None:
    """Log loss, Brier score, and the calibration gap of each class."""
    for levels, part in groups(relations.rows):
        y, p = part["truth"].to_numpy(), scores(part)
        hit = (y[:, None] == np.asarray(RELATIONS)).astype(float)
        assert whole(relations, "log_loss", levels)["value"] == pytest.approx(-np.log((p * hit).sum(axis=1)).mean(), abs=1e-10)
        assert whole(relations, "brier_score", levels)["value"] == pytest.approx(((p - hit) ** 2).sum(axis=1).mean(), abs=EXACT)
        for k, name in enumerate(RELATIONS):
            gap = whole(relations, "calibration_gap", levels, name)
            assert gap["value"] == pytest.approx((p - hit)[:, k].mean(), abs=1e-10)


def test_rankings_of_six_classes(relations: Audited) -> None:
    """AUC and average precision one against the rest, and their means, within what their bins leave open."""
    seen = 0
    for levels, part in groups(relations.rows):
        y, p = part["truth"].to_numpy(), scores(part)
        known = [k for k, name in enumerate(RELATIONS) if 0 < (y == name).sum() < len(y)]
        for measure, oracle in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
            each = {k: oracle(y == RELATIONS[k], p[:, k]) for k in known}
            for k, wanted in each.items():
                found = whole(relations, measure, levels, RELATIONS[k])
                assert abs(found["value"] - wanted) <= json.loads(found["tables"])["resolution"] + EXACT, (measure, levels, RELATIONS[k])
                seen += 1
            found = whole(relations, measure, levels)
            assert abs(found["value"] - np.mean(list(each.values()))) <= json.loads(found["tables"])["resolution"] + EXACT
    assert seen > 150
    whole_auc = sk.roc_auc_score(relations.rows["truth"], scores(relations.rows), multi_class="ovr", average="macro", labels=RELATIONS)
    assert whole(relations, "roc_auc", {})["value"] == pytest.approx(whole_auc, abs=1e-3)


def test_confidence_of_six_classes(relations: Audited) -> None:
    """The top label's curve adds up to mean confidence and accuracy."""
    curve = {name: np.asarray(values) for name, values in json.loads(whole(relations, "expected_calibration_error", {})["tables"]).items()}
    p, right = scores(relations.rows).max(axis=1), (relations.rows["truth"] == relations.rows["said"]).to_numpy()
    assert curve["n"].sum() == len(p)
    assert (curve["n"] * curve["mean_score"]).sum() == pytest.approx(p.sum(), rel=1e-9)
    assert (curve["n"] * curve["observed"]).sum() == pytest.approx(right.sum())


def test_errors_of_hours(hours: Audited) -> None:
    """Bias, MAE, RMSE, R², mean and coverage for every group and intersection."""
    for levels, part in groups(hours.rows[hours.rows["truth"].notna()]):
        y, s = part["truth"].to_numpy(), part["guess"].to_numpy()
        wanted = {
            "mean_error": (s - y).mean(), "mean_absolute_error": sk.mean_absolute_error(y, s),
            "root_mean_squared_error": sk.root_mean_squared_error(y, s), "r_squared": sk.r2_score(y, s), "mean_outcome": y.mean(),
            "interval_coverage": ((part["least"] <= y) & (y <= part["most"])).mean(),
            "interval_width": (part["most"] - part["least"]).mean(),
        }  # fmt: skip
        for name, value in wanted.items():
            found = whole(hours, name, levels)
            assert found["value"] == pytest.approx(value, rel=1e-10, abs=1e-10), (name, levels)
            assert found["n"] == len(part)


def test_quantiles_of_errors_in_hours(hours: Audited) -> None:
    """Median and ninth decile of the absolute error within a bin."""
    for levels, part in groups(hours.rows[hours.rows["truth"].notna()])[:8]:
        size = np.abs(part["truth"] - part["guess"])
        for name, q in (("median_absolute_error", 0.5), ("absolute_error_p90", 0.9)):
            found = whole(hours, name, levels)
            resolution = json.loads(found["tables"])["resolution"]
            assert abs(found["value"] - np.quantile(size, q, method="inverted_cdf")) <= resolution + 1e-9, (name, levels)
            assert resolution < 0.5
            assert found["low"] <= found["value"] <= found["high"]


def test_a_task_lists_nothing_that_is_not_its_own(hours: Audited, relations: Audited) -> None:
    """No audit raised; a regression without decisions does not list the measures of decisions as missing."""
    for found in (hours, relations):
        errors = found.run.runs[0].errors
        assert [failure for failure in errors if failure.error] == []
    said = {failure.name for failure in hours.run.runs[0].errors}
    assert not said & {"accuracy", "f1", "true_positive_rate", "impact_ratio", "selection_rate", "log_loss", "brier_score", "roc_auc"}
    names = set(hours.findings["name"])
    assert {"population_stability_index", "kolmogorov_smirnov", "missing_rate", "label_coverage", "mean_error"} <= names
    drifted = hours.findings[hours.findings["name"] == "wasserstein_distance"]["column"]
    assert {"guess", "truth"} <= set(drifted)
    drifted = relations.findings[relations.findings["name"] == "chi_squared"]["column"]
    assert {"said", "truth"} <= set(drifted)


def test_every_absent_figure_has_a_reason(hours: Audited, relations: Audited) -> None:
    """Never a NaN without words, and a value inside its interval."""
    for found in (hours, relations):
        f = found.findings
        absent = f["value"].isna()
        assert (f.loc[absent, "reason"].str.len() > 0).all()
        inside = f[~absent & f["low"].notna() & f["high"].notna()]
        assert ((inside["low"] <= inside["value"] + 1e-9) & (inside["value"] <= inside["high"] + 1e-9)).all()


FORECASTS = """version = 1
[models.games]
title = "Basketball forecasts"
favorable = 1
features = ["season"]
window = "3000 rows"
[models.games.columns]
score = "prob1"
outcome = "prob1_outcome"
[[models.games.sources]]
kind = "file"
path = "{data}/forecasts_nba_games.csv"
rows = "both"
"""


def test_parts_of_published_forecasts(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Scores of published forecasts of basketball games and the parts they are made of, from rows; no decisions are logged."""
    rows = pd.read_csv(shared_data / "forecasts_nba_games.csv")
    found = audited(tmp_path_factory.mktemp("games"), FORECASTS.format(data=shared_data), rows, rows.iloc[:0])
    rows = rows[rows["prob1_outcome"].notna() & rows["prob1"].notna()].sort_values("prob1", kind="stable")
    s, y = rows["prob1"].to_numpy(), rows["prob1_outcome"].to_numpy()
    score = whole(found, "brier_score", {})
    assert score["value"] == pytest.approx(sk.brier_score_loss(y, s), abs=EXACT)
    parts, curve = (json.loads(whole(found, name, {})["tables"]) for name in ("brier_score", "expected_calibration_error"))
    cut = np.cumsum(curve["n"])[:-1]
    mean_s, mean_y = ([x.mean() for x in np.split(values, cut)] for values in (s, y))
    np.testing.assert_allclose(curve["mean_score"], mean_s, atol=1e-9)
    share = np.asarray(curve["n"]) / len(y)
    assert parts["reliability"] == pytest.approx((share * (np.asarray(mean_s) - mean_y) ** 2).sum(), abs=1e-9)
    assert parts["resolution"] == pytest.approx((share * (np.asarray(mean_y) - y.mean()) ** 2).sum(), abs=1e-9)
    reliability, resolution, uncertainty = (
        whole(found, f"brier_{name}", {})["value"] for name in ("reliability", "resolution", "uncertainty")
    )
    assert reliability - resolution + uncertainty == pytest.approx(score["value"], abs=EXACT)
    assert uncertainty == pytest.approx(y.mean() * (1 - y.mean()), abs=EXACT)
    assert reliability < resolution < uncertainty


HUGE = """version = 1
[models.huge]
title = "Numbers of 120 digits"
task = "regression"
features = []
window = "100 rows"
[models.huge.columns]
score = "said"
outcome = "was"
[[models.huge.sources]]
kind = "file"
path = "rows.csv"
rows = "both"
"""


def test_numbers_whose_fourth_powers_overflow(tmp_path: Path) -> None:
    """Errors about 1e120: R² and RMSE are right, say that they have no interval, and nothing raises."""
    draw = np.random.default_rng(1)
    rows = pd.DataFrame({"said": draw.normal(0, 1e120, 200), "was": draw.normal(0, 1e120, 200)})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    found = audited(tmp_path, HUGE, rows, rows.iloc[:0])
    assert [failure for failure in found.run.runs[0].errors if failure.error] == []
    for name, wanted in (
        ("r_squared", sk.r2_score(rows["was"] / 1e120, rows["said"] / 1e120)),
        ("root_mean_squared_error", 1e120 * sk.root_mean_squared_error(rows["was"] / 1e120, rows["said"] / 1e120)),
    ):
        row = whole(found, name, {})
        assert row["value"] == pytest.approx(wanted, rel=1e-9)
        assert np.isnan(row["low"])
        assert row["reason"].startswith("no interval: the fourth powers of the errors are too large")
