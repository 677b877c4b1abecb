"""A small log and models of it in every format, made once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from connectors.config import Columns, ModelConfig
from connectors.model_config import ModelFile


@dataclass(frozen=True)
class World:
    """`frame` as a model was trained on it, `rows` as the log has it, `outcome` 0 or 1."""

    frame: pd.DataFrame
    rows: pa.Table
    outcome: np.ndarray[Any, Any]


class Local:
    """A format's reader without a process around it, for what has nothing to do with the process."""

    def __init__(self, opened: Any) -> None:
        self.opened, self.about, self.fingerprint, self.batch = opened, opened.about, "", 1_000

    def ask(self, rows: pa.Table) -> tuple[pa.Table, dict[str, list[str]]]:
        """See `Answering`."""
        answers, new = self.opened.predict(rows)
        columns = answers.reshape(len(answers), -1).T
        return pa.table({str(i): np.asarray(column, dtype=float) for i, column in enumerate(columns)}), new

    def parts(self) -> Any:
        """See `Answering`."""
        return self.opened.parts()

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture(scope="session")
def loans() -> World:
    """300 rows: two numbers, one with gaps; a category with gaps; a code; a flag."""
    rng = np.random.default_rng(7)
    n = 300
    frame = pd.DataFrame({
        "income": rng.normal(3_000, 800, n).round(2), "age": rng.integers(18, 80, n).astype(float),
        "region": rng.choice(["north", "south", "east", "west"], n), "code": rng.integers(0, 6, n).astype(float),
    })  # fmt: skip
    lift = (frame.region == "east") * 2 - (frame.code == 3) * 2
    outcome = (frame.income / 1_000 + lift + rng.normal(0, 0.5, n) > 3).to_numpy().astype(int)
    frame["region"] = frame.region.astype(object)
    frame.loc[rng.random(n) < 0.1, "income"] = np.nan
    frame.loc[rng.random(n) < 0.1, "region"] = np.nan
    return World(frame, pa.Table.from_pandas(frame, preserve_index=False), outcome)


@pytest.fixture(scope="session")
def config() -> Callable[..., ModelConfig]:
    """The configuration of a model; what belongs to its file in `file`."""

    def made(format: str, path: Path | None = None, *, task: Any = "binary", favorable: Any = 1, **file: Any) -> ModelConfig:
        features = file.pop("features", None)
        return ModelConfig(
            name="loans", title="Loans", columns=Columns(), task=task, favorable=favorable, features=features,
            model=ModelFile(format=format, path=path, **file),
        )  # fmt: skip

    return made


@pytest.fixture(scope="session")
def lightgbm_file(loans: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, pd.DataFrame]:
    """(a text file with a category, a code and missing values, its booster, the frame it was trained on)."""
    import lightgbm

    frame = loans.frame.astype({"region": "category"})
    data = lightgbm.Dataset(frame, loans.outcome, categorical_feature=["region", "code"], params={"verbosity": -1, "min_data_in_leaf": 5})
    settings = {
        "objective": "binary", "verbosity": -1, "num_leaves": 8, "min_data_in_leaf": 5, "cat_smooth": 1, "min_data_per_group": 5,
        "num_threads": 1, "max_cat_to_onehot": 1,
    }  # fmt: skip
    booster = lightgbm.train(settings, data, 8)
    path = tmp_path_factory.mktemp("lightgbm") / "model.txt"
    booster.save_model(path)
    return path, booster, frame


@pytest.fixture(scope="session")
def xgboost_file(loans: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, pd.DataFrame]:
    """(a JSON file with a category and missing values, its booster, the frame it was trained on)."""
    import xgboost

    frame = loans.frame.astype({"region": "category"})
    data = xgboost.DMatrix(frame, loans.outcome, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "max_cat_to_onehot": 1, "nthread": 1}, data, 8)
    path = tmp_path_factory.mktemp("xgboost") / "model.json"
    booster.save_model(path)
    return path, booster, frame


@pytest.fixture(scope="session")
def pipelines(loans: World) -> dict[str, Any]:
    """Fitted scikit-learn pipelines by the name of what is last in them."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler, TargetEncoder

    def prepared() -> Any:
        return make_column_transformer(
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["income"]),
            (make_pipeline(RobustScaler(), MinMaxScaler(clip=True)), ["age"]),
            (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first", handle_unknown="ignore")), ["region"]),
            (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=60), ["code"]),
            (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), ["region"]),
            (make_pipeline(TargetEncoder(cv=2), StandardScaler()), ["region"]),
            remainder="passthrough",
            sparse_threshold=0,
        )

    last = {
        "logistic": LogisticRegression(),
        "forest": RandomForestClassifier(4, max_depth=4, random_state=1),
        "boosted": GradientBoostingClassifier(n_estimators=4, random_state=1),
        "exponential": GradientBoostingClassifier(n_estimators=4, loss="exponential", random_state=1),
        "histogram": HistGradientBoostingClassifier(max_iter=4, random_state=1),
        "opaque": MLPClassifier((3,), max_iter=3, random_state=1),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = {name: make_pipeline(prepared(), each).fit(loans.frame, loans.outcome) for name, each in last.items()}
        frame = loans.frame.astype({"region": "category"})
        return fitted | {"native": HistGradientBoostingClassifier(max_iter=4, random_state=1).fit(frame, loans.outcome)}
