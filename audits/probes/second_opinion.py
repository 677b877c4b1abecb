"""What evidently says of the same rows, with its own defaults: a second opinion, and an export for teams that live there."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Any

from audits.probes.drop_rows import Rows

os.environ["DO_NOT_TRACK"] = "1"  # before evidently is imported: it sends usage data otherwise
MOST_LEVELS = 1_000


def frames(sides: tuple[Rows, Rows]) -> tuple[Any, Any, list[str], list[str]]:
    """Both sides as data frames, and which columns are numbers and which are categories; those without any value are left out."""
    import numpy as np
    import pandas as pd

    made = []
    for side in sides:
        extra = {name: values for name, values in (("score", side.score), ("decision", side.decision)) if np.isfinite(values).any()}
        made.append(pd.DataFrame({**side.numeric, **side.categorical, **extra}))
    before, now = made
    both = [name for name in before.columns if name in now.columns and before[name].notna().any() and now[name].notna().any()]
    numeric = [name for name in both if name in sides[0].numeric or name == "score"]
    categorical = [name for name in both if name not in numeric and before[name].nunique() <= MOST_LEVELS]
    chosen = [*numeric, *categorical]
    before, now = before[chosen].copy(), now[chosen].copy()
    for name in categorical:
        before[name], now[name] = before[name].astype("string").astype(object), now[name].astype("string").astype(object)
    return before, now, numeric, categorical


def snapshot(sides: tuple[Rows, Rows]) -> Any:
    """evidently's own snapshot of the window against the reference: its data drift preset."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    before, now, numeric, categorical = frames(sides)
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Report([DataDriftPreset()]).run(
            Dataset.from_pandas(now, data_definition=definition), Dataset.from_pandas(before, data_definition=definition)
        )


def opinion(sides: tuple[Rows, Rows]) -> dict[str, Any]:
    """By column: method, statistic and threshold of evidently, and whether it calls the column drifted; how many it does."""
    rows = {"reference_rows_used": len(sides[0]), "rows_used": len(sides[1])}
    if min(rows.values()) < 2:
        return {"reason": "evidently needs two rows of either side", **rows}
    columns = []
    for metric in snapshot(sides).dict()["metrics"]:
        config, value = metric["config"], metric["value"]
        if not config["type"].endswith(":ValueDrift") or value is None or value != value:
            continue
        value, line = float(value), float(config["threshold"])
        below = bool(re.search("p_value", config["method"]))
        columns.append(
            {"column": config["column"], "method": config["method"], "statistic": value, "threshold": line,
             "says": "drifted" if (value < line if below else value >= line) else "not drifted"}
        )  # fmt: skip
    if not columns:
        return {"reason": "evidently compared no column", **rows}
    drifted = sum(column["says"] == "drifted" for column in columns)
    return {"drifted": drifted, "compared": len(columns), "columns": columns, "method": "evidently defaults", **rows}


def export(sides: tuple[Rows, Rows], folder: Path) -> tuple[Path, Path]:
    """Write evidently's snapshot as JSON and as HTML; gives both paths."""
    found = snapshot(sides)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "evidently.json", folder / "evidently.html"
    found.save_json(str(paths[0]))
    found.save_html(str(paths[1]))
    return paths
