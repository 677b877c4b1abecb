"""Train a screening model on scikit-learn's bundled breast-cancer data and log what it predicts, as a service would.

Writes the model and two logs beside this file, in data/:

* model.skops: the model itself, in a format that cannot run code when it is opened, as a pickle can;
* reference.csv: the training half, predicted out of fold, so that the reference does not flatter the model;
* predictions.parquet: the test half, which the model has never seen.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = Path(__file__).resolve().parent / "data"
RECALL_AT = 0.5


def log(cases: pd.DataFrame, malignant: pd.Series[int], score: pd.Series[float]) -> pd.DataFrame:
    """Put together one row a case: what the model saw, what it said, what was done and what turned out to be true."""
    return cases.assign(
        case=cases.index,
        model_version="logistic-1",
        p_malignant=score.round(6),
        recalled=(score >= RECALL_AT).astype(int),
        malignant=malignant,
    )


def main() -> None:
    """Train, predict, log."""
    bunch = load_breast_cancer(as_frame=True)
    cases = bunch.data.filter(like="mean ").rename(columns=lambda name: name.replace(" ", "_"))
    malignant = (bunch.target == 0).astype(int)    # scikit-learn codes malignant as 0
    seen, unseen, seen_truth, unseen_truth = train_test_split(cases, malignant, test_size=0.5, random_state=0, stratify=malignant)

    model = make_pipeline(StandardScaler(), LogisticRegression())
    out_of_fold = cross_val_predict(model, seen, seen_truth, cv=5, method="predict_proba")[:, 1]
    model.fit(seen, seen_truth)
    predicted = model.predict_proba(unseen)[:, 1]

    DATA.mkdir(exist_ok=True)
    skops.io.dump(model, DATA / "model.skops")
    log(seen, seen_truth, pd.Series(out_of_fold, index=seen.index)).to_csv(DATA / "reference.csv", index=False)
    log(unseen, unseen_truth, pd.Series(predicted, index=unseen.index)).to_parquet(DATA / "predictions.parquet", index=False)
    print(f"Logged {len(seen)} reference and {len(unseen)} test predictions in {DATA}")


if __name__ == "__main__":
    main()
