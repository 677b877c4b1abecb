"""Shifts that were not made here: years of a census sample with a real model's scores, and seasons of two leagues' forecasts.

None of these logs has a fine clock, so rows of one stretch are dealt at random into windows of equal size: thirty reference windows, thirty
of the same stretch's other half, in which nothing has changed, and as many of each later one. Candor reads them through its own ingest.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.gather import gather
from benchmarks.detection.candor_side import SHARE, Said, judged_by, run_of, windows
from benchmarks.detection.compare import THRESHOLDS, Margins, laid_out, opened, pooled
from benchmarks.detection.readings import READINGS, chosen, figures_of
from benchmarks.detection.world import FIRST
from connectors.alert_config import ModelAlerts
from connectors.config import Columns, Config, ModelConfig, Reference, Source, WarehouseConfig
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse

WINDOWS = 30
Rows = dict[str, NDArray[Any]]
QUIET = "the reference's other half"


@dataclass(frozen=True, kw_only=True)
class Data:
    """One data set: its stretches, the first of which is halved into reference and quiet windows."""

    name: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    columns: Columns
    stretches: Mapping[str, Rows]


def employment(folder: Path) -> Data:
    """People in Massachusetts from the American Community Survey, and a model's probability that each is employed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    before = pq.read_table(folder / "employment_MA_reference.parquet")
    later = pq.read_table(folder / "employment_MA_analysis.parquet")
    outcomes = pq.read_table(folder / "employment_MA_analysis_target.parquet")
    later = later.join(outcomes, keys="id").select(before.column_names)
    table = pa.concat_tables([part.cast(_plain(part.schema)) for part in (before, later)])
    features = [
        name for name in table.column_names if name not in ("id", "employed", "year", "prediction", "predicted_probability", "AGEP")
    ]
    rows: Rows = {name: np.asarray(table.column(name).to_pylist(), dtype=object) for name in features}
    rows |= {"AGEP": table.column("AGEP").to_numpy(), "score": table.column("predicted_probability").to_numpy()}
    rows |= {"decision": table.column("prediction").to_numpy(), "outcome": table.column("employed").to_numpy().astype(np.float64)}
    years = table.column("year").to_numpy()
    return Data(
        name="employment, 2015 to 2018", numeric=("AGEP", "score"), categorical=(*features, "decision", "outcome"),
        columns=Columns(id="id", time="time", score="score", decision="decision", outcome="outcome"),
        stretches={str(year): {name: values[years == year] for name, values in rows.items()} for year in np.unique(years)},
    )  # fmt: skip


def _plain(schema: Any) -> Any:
    """The schema with dictionaries as text."""
    import pyarrow as pa
    import pyarrow.types as kinds

    return pa.schema([(field.name, pa.string() if kinds.is_dictionary(field.type) else field.type) for field in schema])


def forecasts(folder: Path, league: str, before: int) -> Data:
    """Forecasts of games with their outcomes; seasons up to `before` are the first stretch."""
    from pyarrow import csv

    table = csv.read_csv(folder / f"forecasts_{league}_games.csv")
    score, outcome = (table.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in ("prob1", "prob1_outcome"))
    seasons = table.column("season").to_numpy()
    rows: Rows = {"score": score, "decision": (score >= 0.5).astype(np.int64), "outcome": outcome}
    kept = np.isin(outcome, (0.0, 1.0))
    marks = {f"seasons to {before}": seasons <= before}
    marks |= {f"season {year}": seasons == year for year in np.unique(seasons[seasons > before])}
    return Data(
        name=f"{league.upper()} forecasts", numeric=("score",), categorical=("decision", "outcome"),
        columns=Columns(id="id", time="time", score="score", decision="decision", outcome="outcome"),
        stretches={label: {name: values[mark & kept] for name, values in rows.items()} for label, mark in marks.items()},
    )  # fmt: skip


SETS: Sequence[Callable[[Path], Data]] = (
    employment, lambda folder: forecasts(folder, "nba", 2018), lambda folder: forecasts(folder, "mlb", 2018),
)  # fmt: skip


def dealt(data: Data) -> dict[str, Rows]:
    """Stretches as logs of up to `WINDOWS` days, all after the reference's: the reference, its other half, then each later stretch."""
    rng = np.random.default_rng(1)
    first, *later = data.stretches
    parts: dict[str, tuple[str, NDArray[np.int64]]] = {}
    order = rng.permutation(len(data.stretches[first]["score"]))
    each = len(order) // (2 * WINDOWS)
    parts["reference"] = (first, order[: each * WINDOWS])
    parts[QUIET] = (first, order[each * WINDOWS : 2 * each * WINDOWS])
    for label in later:
        parts[label] = (label, rng.permutation(len(data.stretches[label]["score"]))[: each * WINDOWS])
    found = {}
    for label, (stretch, chosen_rows) in parts.items():
        start = 0 if label == "reference" else WINDOWS
        rows = chosen_rows[: len(chosen_rows) // each * each]
        day = start + np.arange(len(rows)) // each
        begin = (FIRST + day * np.timedelta64(1, "D")).astype("datetime64[us]")
        time = np.sort(begin + rng.integers(0, 86_400, len(rows)) * np.timedelta64(1_000_000, "us"))
        held = {name: values[rows] for name, values in data.stretches[stretch].items()}
        found[label] = {"id": np.arange(len(rows)) + start * 1_000_000, "time": time, **held}
    return found


def write(folder: Path, data: Data, logs: Mapping[str, Rows]) -> None:
    """What the peers read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    names = json.dumps({"numeric": data.numeric, "categorical": data.categorical})
    (folder / "columns.json").write_text(names, encoding="utf-8")
    for label, rows in logs.items():
        table = pa.table({name: pa.array(values, from_pandas=True) for name, values in rows.items() if name != "id"})
        pq.write_table(table, folder / f"{label}.parquet")


def said_of(data: Data, reference: Rows, rows: Rows) -> Said:
    """Candor's margins in every window of one stretch after the reference, through ingest and warehouse."""
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet as pq

    from audits.window import EPOCH

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        both = {key: np.concatenate([reference[key], rows[key]]) for key in rows}
        pq.write_table(pa.table({key: pa.array(values, from_pandas=True) for key, values in both.items()}), folder / "log.parquet")
        until = EPOCH + dt.timedelta(days=int(FIRST.astype(np.int64)) + WINDOWS)
        model = ModelConfig(
            name="given", title="Given", favorable=1, window="1d", columns=data.columns, reference=Reference(until=until),
            alerts=ModelAlerts(budget=SHARE), sources=(Source(kind="file", name="log", rows="both", path="log.parquet", options={}),),
        )  # fmt: skip
        warehouse = WarehouseConfig(path=folder / "log.duckdb")
        config = Config(path=folder / "candor.toml", folder=folder, version=1, warehouse=warehouse, models={"given": model})
        ingest(config)
        with open_warehouse(warehouse) as held:
            evidence = gather(held, model, progress=lambda _: None)
        said: Said = {}
        windows(evidence, run_of(evidence, judged_by()), range(len(evidence.windows) - 1), said)
        return said


def prepare(root: Path, source: Path) -> list[Path]:
    """Folders with the logs of every data set that is there, Candor's answers beside them."""
    folders = []
    for make in SETS:
        try:
            data = make(source)
        except FileNotFoundError as error:
            print(f"left out: {error}", flush=True)
            continue
        folder = root / "elsewhere" / data.name
        folders.append(folder)
        if (folder / "done").exists():
            continue
        logs = dealt(data)
        write(folder, data, logs)
        for label, rows in logs.items():
            if label != "reference":
                said = said_of(data, logs["reference"], rows)
                (folder / f"{label}.candor.json").write_text(json.dumps({"figures": said}), encoding="utf-8")
        (folder / "done").touch()
        print(f"{data.name}: {len(logs) - 1} stretches", flush=True)
    return folders


def section(folders: Sequence[Path], tools: Sequence[str]) -> list[str]:
    """What each tool says of each stretch as delivered."""
    readings = [reading for reading in READINGS if reading.default and reading.tool in ("candor", *tools)]
    readings = [reading for reading in readings if reading.prefixes != ("page/",)]
    heads = [*(reading.words for reading in readings), "Candor: what rings first, or is nearest to it"]
    parts = [
        "## Shifts that were not made here", "",
        "Nobody knows when these shifts are a fault, so nothing is scored: how many windows ring, as delivered, in a stretch where nothing",
        "changed and in later years and seasons. Candor goes by the budget of one model of 200; what it lacks to ring is told in powers of",
        "ten: a model that is alone has a line lower by 2.3. Rows are dealt into windows by chance. In the employment files the shares of",
        "ancestry (ANC) move by some 4 % of the rows until 2018. nannyml rings for that, Candor at this budget does not: a miss.",
        "", f"| data | stretch | rows a window | {' | '.join(heads)} |", "|---" * (len(heads) + 3) + "|",
    ]  # fmt: skip
    for folder in folders:
        labels = [path.name.removesuffix(".candor.json") for path in folder.glob("*.candor.json")]
        for label in sorted(labels, key=lambda each: (each != QUIET, each)):
            cells, named = [], ""
            each = _rows(folder, "reference") // WINDOWS
            days = _rows(folder, label) // each
            for reading in readings:
                figures = chosen(figures_of(folder / label, reading.tool, WINDOWS), reading)
                held = laid_out(figures, range(days))
                least = max(1, len(held.keys) // 2) if reading.least > 3 else reading.least
                some = pooled(held, least) if least > 1 else held
                cells.append(f"{int((some.values > 0).any(axis=0).sum())} of {days}")
                if reading.tool == "candor":
                    named = heard(held)
            parts.append(f"| {folder.name} | {label} | {each:,} | {' | '.join(cells)} | {named} |")
    return [*parts, ""]


def heard(held: Margins) -> str:
    """What rings first, or how many powers of ten of evidence are lacking where most is there."""
    first = np.argwhere(opened(held, THRESHOLDS[THRESHOLDS >= 0][:1])[0].T)
    if len(first):
        keys = [held.keys[k].split("/") for w, k in first if w == first[0][0]]
        return f"day {first[0][0] + 1}: " + ", ".join(" ".join(key[1:3]).strip() for key in keys[:3])
    series, day = np.unravel_index(int(held.values.argmax()), held.values.shape)
    key = held.keys[series].split("/")
    return f"{' '.join(key[1:3]).strip()} lacks {-held.values[series, day]:.1f}"


def _rows(folder: Path, label: str) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(folder / f"{label}.parquet").num_rows)
