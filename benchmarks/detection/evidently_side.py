"""What evidently says of logs: `python evidently_side.py FOLDER`, in an environment of its own.

FOLDER holds reference.parquet and logs; beside each log NAME.parquet a file NAME.evidently.json is written: for each figure and window how
far it lies beyond evidently's own default threshold, as a logarithm (0: at the threshold), so that thresholds can be swept later.

`drift/COLUMN` is the drift score of the data drift preset, by the very functions that the preset chooses: a report a window would draw
charts for a second each. `test/FIGURE/COLUMN` are the tests that evidently writes by itself from a reference: equal to the reference, give
or take 10 %. Counts that would compare a day with the whole reference are left out. `--check` holds both against evidently's own report on
the first window of each quiet log.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ["DO_NOT_TRACK"] = "1"
FAR, TOLERANCE = 9.0, 0.1
NUMERIC: tuple[str, ...] = (
    "amount",
    "income",
    "balance",
    "tenure",
    "orders",
    "utilisation",
    "distance",
    "rate",
    "age",
    "latency_ms",
    "score",
)
CATEGORICAL: tuple[str, ...] = ("region", "product", "channel", "device", "employment", "decision", "outcome")
SIMULATED = NUMERIC, CATEGORICAL
FIGURES = {
    "min": "Minimal value", "max": "Maximum value", "mean": "Mean value", "std": "Std value", "25%": "Quantile 0.25", "50%": "Quantile 0.5",
    "75%": "Quantile 0.75",
}  # fmt: skip
MOST_REFERENCE = 150_000


def typed(table: Any) -> Any:
    """The log with classes as text, as a user declares them."""
    for name in CATEGORICAL:
        if name in table:
            table[name] = table[name].map(lambda value: None if value is None or value != value else str(value)).astype(object)
    return table


def as_read(window: Any) -> Any:
    """A day's rows with the types that a file of its own would have: texts that are all numbers are numbers."""
    import pandas as pd

    for name in NUMERIC:
        if window[name].dtype == object:
            numbers = pd.to_numeric(window[name], errors="coerce")
            if (numbers.notna() == window[name].notna()).all():
                window = window.assign(**{name: numbers.astype(float)})
    return window


def logged(ratio: float) -> float:
    """log of a ratio, kept within limits."""
    return max(-FAR, min(FAR, math.log(ratio))) if ratio > 0 else -FAR


def drift(reference: Any, window: Any, name: str) -> float:
    """The drift score of a column over its default threshold."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if name in NUMERIC else ColumnType.Categorical
    held, seen = reference[name].dropna(), window[name].dropna()
    if not len(seen) or (kind == ColumnType.Numerical and seen.dtype == object):
        raise ValueError("no values of the column's type")
    test = get_stattest(held, seen, kind, None)
    found = test(held, seen, kind, None)
    by_p_value = found.drifted == (found.drift_score < found.actual_threshold) and "p_value" in test.display_name
    score = max(float(found.drift_score), 1e-12)
    return logged(found.actual_threshold / score if by_p_value else score / found.actual_threshold)


def summary(table: Any, columns: list[str]) -> dict[str, float]:
    """The figures that tests are written about."""
    found = {}
    for name in columns:
        found[f"missing share/{name}"] = float(table[name].isna().mean())
        if name in NUMERIC and table[name].dtype != object:
            described = table[name].describe()
            found |= {f"{figure}/{name}": float(described[figure]) for figure in FIGURES}
    return found


def tested(held: float, seen: float) -> float:
    """How far a figure lies beyond the reference's ± 10 %."""
    if not math.isfinite(seen):
        return FAR
    allowed = TOLERANCE * abs(held)
    if allowed == 0:
        return FAR if seen != held else -FAR
    return logged(abs(seen - held) / allowed)


def named(values: Any) -> tuple[str, bytes]:
    """What tells a day's values of a column apart from all others."""
    import hashlib

    import pandas as pd

    return str(values.dtype), hashlib.sha256(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes()).digest()


def of_column(reference: Any, held: dict[str, float], window: Any, name: str) -> dict[str, float]:
    """The figures of one column in one window; a column in which nothing changed need not be judged twice."""
    found = {}
    try:
        found[f"drift/{name}"] = drift(reference, window, name)
    except Exception:  # noqa: BLE001  whatever fails is heard of
        found["drift/error"] = FAR
    seen = summary(window, [name])
    return found | {f"test/{key}": tested(value, seen.get(key, math.nan)) for key, value in held.items() if key.endswith(f"/{name}")}


def judge(reference: Any, held: dict[str, float], log: Any, seen_before: dict[Any, Any]) -> dict[str, dict[str, float]]:
    """Key -> day -> how far beyond."""
    found: dict[str, dict[str, float]] = {}
    day = log["time"].dt.date.astype(str)
    for label, rows in log.groupby(day):
        window = as_read(rows)
        for name in (*NUMERIC, *CATEGORICAL):
            if name == "outcome" and not window[name].notna().any():
                continue  # outcomes that are not known yet are no fault
            key = (name, *named(window[name]))
            if key not in seen_before:
                seen_before[key] = of_column(reference, held, window, name)
            for figure, value in seen_before[key].items():
                found.setdefault(figure, {})[label] = max(value, found.get(figure, {}).get(label, -FAR))
    return found


def check(reference: Any, log: Any, found: dict[str, dict[str, float]]) -> None:
    """Hold the first window against evidently's own report."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    label = min(str(day) for day in log["time"].dt.date)
    window = log[log["time"].dt.date.astype(str) == label]
    definition = DataDefinition(numerical_columns=list(NUMERIC), categorical_columns=list(CATEGORICAL))
    columns = [*NUMERIC, *CATEGORICAL]
    sides = [Dataset.from_pandas(table[columns], data_definition=definition) for table in (window, reference)]
    said = Report([DataDriftPreset(), DataSummaryPreset()], include_tests=True).run(*sides).dict()
    for metric in said["metrics"]:
        config = metric["config"]
        if "ValueDrift" in config["type"]:
            assert abs(logged(metric["value"] / config["threshold"]) - found[f"drift/{config['column']}"][label]) < 1e-6, metric
    words = {word: figure for figure, word in FIGURES.items()}
    checked = 0
    for test in said["tests"]:
        for word, figure in words.items():
            if test["name"].startswith(f"{word} of '"):
                column = test["name"].split("'")[1]
                passed = str(test["status"]).endswith("SUCCESS")
                margin = found[f"test/{figure}/{column}"][label]
                if abs(margin) > 0.02:  # the report rounds
                    assert passed == (margin <= 0), (test, margin)
                checked += 1
    assert checked >= len(NUMERIC), "evidently's own tests were not found"
    print(f"  checked against evidently's report: {len(found)} figures, {checked} tests")


def read_columns(folder: Path) -> None:
    """Take the names of the columns from columns.json, where the folder has one; else they are those of the simulated logs."""
    global NUMERIC, CATEGORICAL
    path = folder / "columns.json"
    NUMERIC, CATEGORICAL = SIMULATED
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        NUMERIC, CATEGORICAL = tuple(held["numeric"]), tuple(held["categorical"])


def main(folder: Path, *, checked: bool) -> None:
    """Judge every log of a folder that has not been judged."""
    import pandas as pd

    warnings.filterwarnings("ignore")
    read_columns(folder)
    waiting = [path for path in sorted(folder.glob("*.parquet")) if path.stem != "reference"]
    waiting = [path for path in waiting if not path.with_suffix(".evidently.json").exists()]
    if not waiting:
        return
    reference = typed(pd.read_parquet(folder / "reference.parquet"))
    if len(reference) > MOST_REFERENCE:
        reference = reference.sample(MOST_REFERENCE, random_state=0)
    held = summary(reference, [*NUMERIC, *CATEGORICAL])
    seen_before: dict[Any, Any] = {}
    for path in waiting:
        start = time.process_time()
        log = typed(pd.read_parquet(path))
        found = judge(reference, held, log, seen_before)
        if checked and path.stem == "quiet":
            check(reference, log, found)
        said = {"seconds": time.process_time() - start, "figures": found}
        path.with_suffix(".evidently.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        if given != "--check":
            main(Path(given), checked="--check" in sys.argv)
