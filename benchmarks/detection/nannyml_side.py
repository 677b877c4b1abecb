"""What nannyml says of logs: `python nannyml_side.py FOLDER`, in an environment of its own.

FOLDER holds reference.parquet and logs; beside each log NAME.parquet a file NAME.nannyml.json is written: for each of its figures and
windows how far it lies beyond nannyml's own default threshold, as a logarithm (0: at the threshold), so that thresholds can be swept later.
Windows that a calculator fails on count as an alarm called "error".
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
FAR = 9.0
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
CATEGORICAL: tuple[str, ...] = ("region", "product", "channel", "device", "employment", "decision")
SIMULATED = NUMERIC, CATEGORICAL
ROLES = {"y_pred_proba": "score", "y_pred": "decision", "y_true": "outcome"}


def calculators(reference: Any) -> dict[str, Any]:
    """Every default calculator that suits the log, fitted on the reference; one that cannot be fitted is left out and said."""
    nml: Any = importlib.import_module("nannyml")
    numbers = [name for name in NUMERIC if name in reference]
    texts = [name for name in CATEGORICAL if name in reference and name != "outcome"]
    clock = {"timestamp_column_name": "time", "chunk_period": "D"}
    made: dict[str, Callable[[], Any]] = {
        "drift": lambda: nml.UnivariateDriftCalculator(column_names=[*numbers, *texts], treat_as_categorical=texts, **clock),
        "reconstruction": lambda: nml.DataReconstructionDriftCalculator(column_names=[*numbers, *texts], **clock),
        "missing": lambda: nml.MissingValuesCalculator(column_names=[*numbers, *texts], **clock),
        "unseen": lambda: nml.UnseenValuesCalculator(column_names=[name for name in texts if name != "decision"], **clock),
        "mean": lambda: nml.SummaryStatsAvgCalculator(column_names=numbers, **clock),
        "deviation": lambda: nml.SummaryStatsStdCalculator(column_names=numbers, **clock),
        "rows": lambda: nml.SummaryStatsRowCountCalculator(**clock),
        "estimated": lambda: nml.CBPE(
            problem_type="classification_binary", metrics=["roc_auc", "accuracy"], **ROLES, **clock
        ),
        "realised": lambda: nml.PerformanceCalculator(
            problem_type="classification_binary", metrics=["roc_auc", "accuracy"], **ROLES, **clock
        ),
    }  # fmt: skip
    found = {}
    for name, make in made.items():
        try:
            calculator = make()
            calculator.fit(reference)
            found[name] = calculator
        except Exception as error:  # noqa: BLE001  whatever fails is said
            print(f"  {name} cannot be fitted: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
    return found


def beyond(value: float, middle: float, low: float, high: float) -> float:
    """How far a value lies beyond its thresholds, log of the distance from the middle over the threshold's; 0 at the threshold."""
    if not math.isfinite(value):
        return -FAR
    ratio = 0.0
    for distance, width in ((value - middle, high - middle), (middle - value, middle - low)):
        if math.isfinite(width):
            ratio = max(ratio, distance / width if width > 1e-12 else (math.inf if distance > 1e-12 else 0.0))
    return max(-FAR, min(FAR, math.log(ratio))) if ratio > 0 else -FAR


def figures(result: Any, name: str) -> dict[str, dict[str, float]]:
    """Key -> day -> how far beyond, of one calculator's result."""
    table = result.to_df()
    columns = table.columns
    if columns.nlevels == 2:
        series = list(dict.fromkeys(first for first, _ in columns if first != "chunk"))
        parts = {key: table[key] for key in series}
    else:
        series = list(dict.fromkeys((first, second) for first, second, _ in columns if first != "chunk"))
        parts = {"/".join(key): table[key[0]][key[1]] for key in series}
    chunk = table["chunk"] if columns.nlevels == 2 else table["chunk"]["chunk"]
    period, days = chunk["period"], [str(start)[:10] for start in chunk["start_date"]]
    found = {}
    for key, part in parts.items():
        if "alert" not in part:
            continue
        value = part["value"].astype(float)
        one_sided = name == "drift"
        middle = 0.0 if one_sided else float(value[period == "reference"].mean())
        high = part["upper_threshold"].astype(float) if "upper_threshold" in part else value * math.nan
        low = part["lower_threshold"].astype(float) if "lower_threshold" in part and not one_sided else value * math.nan
        rows = zip(days, period, value, low, high, strict=True)
        found[f"{name}/{key}"] = {day: beyond(x, middle, a, b) for day, side, x, a, b in rows if side == "analysis"}
    return found


def judge(fitted: dict[str, Any], log: Any) -> dict[str, dict[str, float]]:
    """Key -> day -> how far beyond, over all calculators."""
    found: dict[str, dict[str, float]] = {}
    days = sorted({str(day)[:10] for day in log["time"].dt.date})
    for name, calculator in fitted.items():
        try:
            some = log.dropna(subset=["outcome"]) if name == "realised" else log
            found |= figures(calculator.calculate(some) if name != "estimated" else calculator.estimate(some), name)
        except Exception as error:  # noqa: BLE001  whatever fails is heard of
            print(f"  {name}: {type(error).__name__}: {str(error)[:160]}", file=sys.stderr)
            found[f"{name}/error"] = failing(name, calculator, log, days)
    return found


def as_read(rows: Any) -> Any:
    """A day's rows with the types that a file of its own would have: texts that are all numbers are numbers."""
    import pandas as pd

    for column in NUMERIC:
        if rows[column].dtype == object:
            numbers = pd.to_numeric(rows[column], errors="coerce")
            if (numbers.notna() == rows[column].notna()).all():
                rows = rows.assign(**{column: numbers.astype(float)})
    return rows


def failing(name: str, calculator: Any, log: Any, days: list[str]) -> dict[str, float]:
    """On which days a calculator fails, asked day by day."""
    found = {}
    for day in days:
        part = as_read(log[log["time"].dt.date.astype(str) == day])
        try:
            calculator.estimate(part) if name == "estimated" else calculator.calculate(part)
            found[day] = -FAR
        except Exception:  # noqa: BLE001  whatever fails is heard of
            found[day] = FAR
    return found


def read_columns(folder: Path) -> None:
    """Take the names of the columns from columns.json, where the folder has one; else they are those of the simulated logs."""
    global NUMERIC, CATEGORICAL
    path = folder / "columns.json"
    NUMERIC, CATEGORICAL = SIMULATED
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        NUMERIC, CATEGORICAL = tuple(held["numeric"]), tuple(held["categorical"])


def main(folder: Path) -> None:
    """Judge every log of a folder that has not been judged."""
    import pandas as pd

    warnings.filterwarnings("ignore")
    read_columns(folder)
    waiting = [path for path in sorted(folder.glob("*.parquet")) if path.stem != "reference"]
    waiting = [path for path in waiting if not path.with_suffix(".nannyml.json").exists()]
    if not waiting:
        return
    reference = pd.read_parquet(folder / "reference.parquet")
    fitted = calculators(reference)
    for path in waiting:
        start = time.process_time()
        found = judge(fitted, pd.read_parquet(path))
        said = {"seconds": time.process_time() - start, "figures": found}
        path.with_suffix(".nannyml.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        main(Path(given))
