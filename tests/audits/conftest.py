"""Evidence from a handful of literal rows, counted in plain NumPy: what the tests of measures start from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.audit import Audit
from audits.bins import ABSOLUTE_ERROR, CONFIDENCE, MISSING, OTHER, OUTCOME, UNSEEN, Bins, CategoricalBins, NumericBins, numeric_bins
from audits.evidence import Evidence
from audits.finding import Coverage, Reference
from audits.slices import UNKNOWN, Slice
from audits.tally import KEYS, Tally, add_up
from audits.window import EPOCH, Window, WindowLength
from connectors.config import Columns, ModelConfig, Protected
from connectors.partitions import Partition

Row = Mapping[str, Any]
FIRST_DAY = 20454  # 1 January 2026
SERVICE = ("latency_ms", "cost", "energy_wh")
ROLES = ("score", "decision", "outcome", "outcome_time", "unit", "prediction_low", "prediction_high", *SERVICE)
COARSE = 20


@pytest.fixture(scope="session")
def evidence_of() -> Callable[..., Evidence]:
    """Give the function that turns literal rows into evidence."""
    return build_evidence


@pytest.fixture(scope="session")
def tally_of() -> Callable[..., Tally]:
    """Give the function that counts literal rows under given bins."""
    return build_tally


def build_model(rows: Sequence[Row], **given: Any) -> ModelConfig:
    """Make a model whose columns are those that occur in the rows, each under the name of its role."""
    present = {key for row in rows for key in row}
    mapped = {role: role for role in ROLES if role in present}
    mapped |= {"time": "time"} | ({"version": "version"} if "version" in present else {})
    if given.get("task") == "multiclass":
        mapped |= {"score": "p_*"} if any(key.startswith("p_") for key in present) else {}
    protected = tuple(name if isinstance(name, Protected) else Protected(column=name) for name in given.pop("protected", ()))
    columns = Columns(**mapped, positive=given.pop("positive", None))
    return ModelConfig(**({"name": "loans", "title": "Loans", "policy": {}, "window": "1d"} | given), protected=protected, columns=columns)


def build_evidence(rows: Sequence[Row], **given: Any) -> Evidence:
    """Make evidence from rows.

    A row is a dictionary: `decision` and `outcome` (1 favorable, 0 not, None unknown), `score`, `latency_ms`, `cost`, `energy_wh`,
    `version`, `lag_days`, `day` (from 0), `reference` (True for rows that are the reference only), `unit`, and any attribute or feature by
    name. With task "multiclass" decisions and outcomes are class labels and `p_<class>` their probabilities; with "regression" `score` and
    `outcome` are numbers, and `prediction_low`, `prediction_high` a prediction interval. `protected` takes names or `Protected`. Without
    reference rows the first day is the reference. Other arguments go to the model's configuration, except `bins`, `clock`.
    """
    bins, clock = given.pop("bins", None), given.pop("clock", None)
    model = build_model(rows, **given)
    marked = [row for row in rows if row.get("reference")]
    analysed = [row for row in rows if not row.get("reference")]
    days = sorted({row.get("day", 0) for row in analysed})
    held = marked or [row for row in analysed if row.get("day", 0) == days[0]]
    bins = bins or build_bins(held, model)
    tally = build_tally(analysed, bins, model)
    reference_tally = build_tally(held, bins, model)
    all_days = range(days[0], days[-1] + 1)
    length = WindowLength("1d")
    spans = ((FIRST_DAY + days[0], FIRST_DAY + days[-1] + 1), *((FIRST_DAY + d, FIRST_DAY + d + 1) for d in all_days))
    windows = tuple(length.window(FIRST_DAY + d) for d in all_days)
    windows = (Window(start=windows[0].start, end=windows[-1].end), *windows)
    names = [name for name in model.attributes if any(name in row for row in analysed)]
    slices = build_slices(analysed, names, model.segments)
    slices += tuple(sorted(weighted_columns(model), key=lambda each: each.levels))
    versions = sorted({row["version"] for row in analysed if row.get("version") is not None})
    medians, above = build_above(analysed, slices, days)
    binned = [column.name for column in bins.columns]
    extra = [role for role in ("decision", "outcome") if any(row.get(role) is not None for row in analysed)]
    newest = EPOCH + dt.timedelta(days=FIRST_DAY + days[-1], hours=23, minutes=59)
    return Evidence(
        model=model, bins=bins, tally=tally, reference_tally=reference_tally,
        reference=Reference(kind="source" if marked else "first window", n=len(held)),
        coverage=Coverage(
            available=len(rows), used=len(rows), analysed=len(rows), quarantined=0, duplicate=0,
            labelled=sum(row.get("outcome") is not None for row in analysed),
        ),
        windows=windows, spans=spans, versions=(None, *versions) if len(versions) > 1 else (None,), slices=slices,
        attributes=(*names, ",".join(sorted(names))) if len(names) > 1 else tuple(names), columns=(*binned, *extra),
        clock=clock or newest + dt.timedelta(days=1), freshness=newest, seed=1, medians=medians, above=above,
    )  # fmt: skip


def build_slices(rows: Sequence[Row], names: Sequence[str], segments: Sequence[str]) -> tuple[Slice, ...]:
    """List the slices that evidence reports."""
    found = [Slice.all()]
    for held in (*((name,) for name in names), *([tuple(names)] if len(names) > 1 else []), *((name,) for name in segments)):
        found += sorted({slice_of(row, held) for row in rows}, key=lambda each: each.levels)
    return tuple(found)


def slice_of(row: Row, names: Sequence[str]) -> Slice:
    """Name a row's level of some attributes."""
    return Slice.of({name: UNKNOWN if row.get(name) in (None, "") else str(row[name]) for name in names})


def build_above(rows: Sequence[Row], slices: Sequence[Slice], days: Sequence[int]) -> tuple[dict[int, float], dict[Any, Any]]:
    """Count the scores strictly above the median, per window and slice."""
    medians, above = {}, {}
    for window, kept in enumerate([rows, *([r for r in rows if r.get("day", 0) == d] for d in range(days[0], days[-1] + 1))]):
        scored = [row for row in kept if row.get("score") is not None]
        if scored:
            medians[window] = float(np.median([row["score"] for row in scored]))
            for position, place in enumerate(slices):
                inside = [row for row in scored if slice_of(row, place.attributes) == place]
                if inside:
                    above[window, position] = (len(inside), sum(row["score"] > medians[window] for row in inside))
    return medians, above


def features_of(rows: Sequence[Row], model: ModelConfig) -> list[str]:
    """List the columns that are binned: features in order of appearance, then score and latency."""
    taken = {*ROLES, "version", "day", "reference", "lag_days", *model.attributes, *model.segments, *weighted_columns(model).values()}
    classes = [name for name in dict.fromkeys(key for row in rows for key in row) if model.task == "multiclass" and name.startswith("p_")]
    names = list(dict.fromkeys(key for row in rows for key in row if key not in taken and key not in classes))
    return [*names, *classes, *(role for role in ("score", "latency_ms") if any(row.get(role) is not None for row in rows))]


def build_bins(rows: Sequence[Row], model: ModelConfig) -> Bins:
    """Freeze bins on the reference rows, as `audits.freeze.freeze` does."""
    columns: list[NumericBins | CategoricalBins] = []
    for name in features_of(rows, model):
        values = [row[name] for row in rows if row.get(name) is not None and row[name] == row[name]]  # NaN differs from itself
        if values and not isinstance(values[0], str):
            columns.append(grid_of(name, values))
        else:
            ranked = sorted({v: values.count(v) for v in values}.items(), key=lambda pair: (-pair[1], pair[0]))
            columns.append(CategoricalBins(name=name, levels=tuple(v for v, _ in ranked), complete=True))
    numeric = {column.name for column in columns if column.kind == "numeric"}
    bins = Bins(columns=tuple(columns), score="score" if "score" in numeric else None)
    if model.task == "multiclass":
        seen = [str(row[name]) for row in rows for name in ("decision", "outcome") if row.get(name) is not None]
        labels = sorted({*seen, *(name.removeprefix("p_") for name in numeric if name.startswith("p_"))})
        classes = tuple(sorted(labels, key=lambda label: (-seen.count(label), label)))
        scores = tuple(f"p_{label}" if f"p_{label}" in numeric else "" for label in classes)
        top = [max(row[name] for name in scores) for row in rows if all(scores) and all(row.get(name) is not None for name in scores)]
        return replace(bins, classes=classes, class_scores=scores, derived=(grid_of(CONFIDENCE, top),) if top else ())
    if model.task == "regression":
        known = [row for row in rows if row.get("outcome") is not None]
        errors = [abs(row["score"] - row["outcome"]) for row in known if row.get("score") is not None]
        grids = ((ABSOLUTE_ERROR, errors), (OUTCOME, [row["outcome"] for row in known]))
        return replace(bins, derived=tuple(grid_of(name, values) for name, values in grids if values))
    return bins


def grid_of(name: str, values: Sequence[float]) -> NumericBins:
    """Cut a numeric column as the reference's values ask for."""
    x = np.asarray(values, dtype=np.float64)
    return numeric_bins(
        name, low=float(x.min()), high=float(x.max()), mean=float(x.mean()), deviation=float(x.std()),
        integers=bool((x == np.floor(x)).all()), quantiles=np.quantile(x, np.linspace(0, 1, 401)).tolist(),
    )  # fmt: skip


def weighted_columns(model: ModelConfig) -> dict[Slice, str]:
    """Map the groups that are known by probabilities only to their columns."""
    imputed = model.imputed
    return {} if imputed is None else {Slice.of({imputed.column: name}): column for name, column in (imputed.probabilities or {}).items()}


def unit_group(row: Row) -> int:
    """Deal a unit into one of 32 groups by five bits of the MD5 of its text; -1 where rows name no unit."""
    if "unit" not in row:
        return -1
    digest = hashlib.md5(str(row["unit"]).encode(), usedforsecurity=False).hexdigest()
    return (int(digest[0], 16) % 2) * 16 + int(digest[1], 16)


def curves_of(row: Row, bins: Bins, model: ModelConfig) -> list[tuple[int, float, int, int]]:
    """List curve, value, decision and outcome of a row, for each curve on which it has a value."""
    found = []
    for curve, name in enumerate(bins.curves):
        value, decision, outcome = row.get(name), code(row, "decision", bins, model), code(row, "outcome", bins, model)
        if name == CONFIDENCE:
            known = [row.get(score) for score in bins.class_scores]
            value = None if None in known else max(known)
            right = -1 if -1 in (decision, outcome) else int(decision == outcome)
            decision, outcome = -1 if decision < 0 else 1, right
        elif bins.classes:
            decision, outcome = (-1 if code < 0 else int(code == curve) for code in (decision, outcome))
        elif name == ABSOLUTE_ERROR:
            value = None if None in (row.get("score"), row.get("outcome")) else abs(row["score"] - row["outcome"])
        elif name == OUTCOME:
            value = row.get("outcome")
        if name and value is not None:
            found.append((curve, value, decision, outcome))
    return found


def build_tally(rows: Sequence[Row], bins: Bins, model: ModelConfig) -> Tally:
    """Count rows row by row, the slow and obvious way."""
    identity = [(row.get("version"), FIRST_DAY + row.get("day", 0), bool(row.get("reference"))) for row in rows]
    order = sorted(set(identity), key=lambda each: (not each[2], each[1], each[0] or ""))
    partitions = tuple(
        Partition(
            number=i, version=v, bucket=b, reference=r, rows=identity.count((v, b, r)), prediction_dirty=False, outcome_dirty=False,
            prediction_tally=2 * i, outcome_tally=2 * i + 1,
        )
        for i, (v, b, r) in enumerate(order)
    )  # fmt: skip
    part = [order.index(each) for each in identity]
    protected, segments = list(model.attributes), list(model.segments)
    crossed = [(name, segment) for segment in segments for name in protected] or [(segment,) for segment in segments]
    held = [tuple(protected), *crossed]
    singles = [(), *((name,) for name in (*protected, *segments))]
    slices = tuple(dict.fromkeys([*(slice_of(row, names) for names in (*held, *singles) for row in rows), *weighted_columns(model)]))
    place = {found: position for position, found in enumerate(slices)}
    return Tally(
        partitions=partitions, slices=slices, columns=tuple(column.name for column in bins.columns),
        outcome=count_outcome(rows, part, held, place, bins, model), coarse=count_coarse(rows, part, held[0], place, bins, model),
        margin=count_margin(rows, part, singles, place, bins, model),
        weighted=count_weighted(rows, part, place, bins, model), bins=count_bins(rows, part, bins),
        moments=count_moments(rows, part, bins), maturity=count_maturity(rows, part), fingerprint=bins.fingerprint,
    )  # fmt: skip


def code(row: Row, name: str, bins: Bins, model: ModelConfig) -> int:
    """Code a decision or an outcome: -1 for unknown; the place of a class; 1 for a numeric outcome that is known."""
    value = row.get(name)
    if value is None:
        return -1
    if bins.classes:
        return bins.classes.index(str(value)) if str(value) in bins.classes else len(bins.classes)
    return 1 if model.task == "regression" and name == "outcome" else int(value)


def count_outcome(rows: Sequence[Row], part: Sequence[int], held: Sequence[Any], place: Any, bins: Bins, model: ModelConfig) -> Any:
    """Count groups by decision and outcome, with sums of scores and errors."""
    found = []
    for family, names in enumerate(held):
        for row, partition in zip(rows, part, strict=True):
            line: dict[str, Any] = {"partition": partition, "family": family, "unit": unit_group(row), "n": 1}
            line |= {"slice": place[slice_of(row, names)]}
            line |= {name: code(row, name, bins, model) for name in ("decision", "outcome")}
            line |= sums_of(row, bins, model)
            for name in SERVICE:
                value = row.get(name)
                line |= {f"{name}_n": int(value is not None), name: value or 0.0, f"{name}_squared": (value or 0.0) ** 2}
            found.append(line)
    names = list(found[0]) if found else [*KEYS["outcome"], "n"]
    return add_up({name: np.asarray([line[name] for line in found]) for name in names}, KEYS["outcome"])


def sums_of(row: Row, bins: Bins, model: ModelConfig) -> dict[str, float]:
    """List what one row adds to the sums of its cell."""
    score, outcome = row.get("score"), row.get("outcome")
    eps = np.finfo(float).eps
    found = dict.fromkeys(("error_2", "error_4", "log_loss", "log_loss_squared"), 0.0)
    if model.task == "multiclass":
        known = [row.get(name) for name in bins.class_scores]
        if None in known or not known:
            return {**found, "scored": 0}
        if outcome is None or str(outcome) not in bins.classes:
            return {**found, "scored": int(outcome is None)}
        error = sum((p - (label == str(outcome))) ** 2 for p, label in zip(known, bins.classes, strict=True))
        loss = -math.log(min(max(known[bins.classes.index(str(outcome))], eps), 1 - eps))
        return {"scored": 1, "error_2": error, "error_4": error**2, "log_loss": loss, "log_loss_squared": loss**2}
    found |= {"scored": int(score is not None), "score": score or 0.0, "score_squared": (score or 0.0) ** 2}
    if model.task == "regression":
        found |= regression_sums(row, bins)
    elif score is not None and outcome is not None:
        same = str(model.positive) == str(model.favorable)
        positive = float(outcome == 1) if same else float(outcome == 0)
        error, loss = (score - positive) ** 2, -math.log(min(max(1 - abs(score - positive), eps), 1 - eps))
        found |= {"error_2": error, "error_4": error**2, "log_loss": loss, "log_loss_squared": loss**2}
    return found


def regression_sums(row: Row, bins: Bins) -> dict[str, float]:
    """List what one row of a regression adds about errors, standardised outcomes and prediction intervals."""
    truths = ("truth_1", "truth_2", "truth_3", "truth_4", "error_2_truth_1", "error_2_truth_2")
    found = dict.fromkeys(("error", "error_abs", *truths, "covered_n", "covered", "width", "width_squared"), 0.0)
    score, truth, grid = row.get("score"), row.get("outcome"), bins.outcome_bins
    if truth is None:
        return found
    if score is not None:
        error, t = score - truth, 0.0 if grid is None else (truth - grid.mean) / (grid.deviation or 1.0)
        found |= {"error": error, "error_abs": abs(error), "error_2": error**2, "error_4": error**4}
        found |= {f"truth_{k}": t**k for k in (1, 2, 3, 4)}
        found |= {"error_2_truth_1": error**2 * t, "error_2_truth_2": error**2 * t**2}
    low, high = row.get("prediction_low"), row.get("prediction_high")
    if low is not None and high is not None:
        found |= {"covered_n": 1, "covered": int(low <= truth <= high), "width": high - low, "width_squared": (high - low) ** 2}
    return found


def count_coarse(rows: Sequence[Row], part: Sequence[int], names: Sequence[str], place: Any, bins: Bins, model: ModelConfig) -> Any:
    """Count scores in twenty coarse bins by the cross of protected attributes, and by each segment where there are units."""
    lines = []
    for held in (names, *(((segment,) for segment in model.segments) if any("unit" in row for row in rows) else ())):
        for row, p in zip(rows, part, strict=True):
            for curve, value, decision, outcome in curves_of(row, bins, model):
                grid = bins.by_name[bins.curves[curve]]
                cell = int(grid.bin_of(np.asarray([value], dtype=np.float64))[0]) * COARSE // grid.size
                lines.append((p, unit_group(row), place[slice_of(row, held)], curve, decision, outcome, cell, 1, value))
    kinds = dict.fromkeys(KEYS["coarse"], np.int64) | {"n": np.int64, "score": np.float64}
    table = {name: np.asarray([line[i] for line in lines], dtype=kind) for i, (name, kind) in enumerate(kinds.items())}
    return add_up(table, KEYS["coarse"])


def count_margin(rows: Sequence[Row], part: Sequence[int], singles: Sequence[Any], place: Any, bins: Bins, model: ModelConfig) -> Any:
    """Count scores on the frozen grids by single group, decision and outcome."""
    width = max((bins.by_name[name].size for name in bins.curves if name), default=0)
    kept = [(row, p, names, curve) for names in singles for row, p in zip(rows, part, strict=True) for curve in curves_of(row, bins, model)]
    sums = ("n", "score", *(("error", "error_abs", "error_2") if model.task == "regression" else ()))
    table: dict[str, Any] = {name: np.zeros((len(kept), width), dtype=np.int64 if name == "n" else np.float64) for name in sums}
    for line, (row, _, _, (curve, value, _, _)) in enumerate(kept):
        cell = int(bins.by_name[bins.curves[curve]].bin_of(np.asarray([value], dtype=np.float64))[0])
        table["n"][line, cell], table["score"][line, cell] = 1, value
        if model.task == "regression" and curve == 0 and row.get("outcome") is not None:
            error = value - row["outcome"]
            table["error"][line, cell], table["error_abs"][line, cell], table["error_2"][line, cell] = error, abs(error), error**2
    keys = {"partition": [p for _, p, _, _ in kept], "slice": [place[slice_of(row, names)] for row, _, names, _ in kept]}
    keys |= {name: [curve[i] for *_, curve in kept] for i, name in ((0, "curve"), (2, "decision"), (3, "outcome"))}
    return add_up({name: np.asarray(values, dtype=np.int64) for name, values in keys.items()} | table, KEYS["margin"])


def count_weighted(rows: Sequence[Row], part: Sequence[int], place: Any, bins: Bins, model: ModelConfig) -> Any:
    """Add up the probabilities of the groups that are known by them only."""
    lines = []
    for found, column in weighted_columns(model).items():
        for row, p in zip(rows, part, strict=True):
            w = row.get(column) or 0.0
            codes = (code(row, name, bins, model) for name in ("decision", "outcome"))
            lines.append((p, place[found], *codes, int(w > 0), w, w * w))
    kinds = dict.fromkeys(KEYS["weighted"], np.int64) | {"n": np.int64, "weight": np.float64, "weight_squared": np.float64}
    table = {name: np.asarray([line[i] for line in lines], dtype=kind) for i, (name, kind) in enumerate(kinds.items())}
    return add_up(table, KEYS["weighted"])


def count_bins(rows: Sequence[Row], part: Sequence[int], bins: Bins) -> Any:
    """Count each column's values by bin."""
    width = max((column.size for column in bins.columns), default=0)
    lines = []
    for number in sorted(set(part)):
        inside = [row for row, p in zip(rows, part, strict=True) if p == number]
        for index, column in enumerate(bins.columns):
            n, total = np.zeros(width, dtype=np.int64), np.zeros(width)
            special = {"missing": 0, "not_a_number": 0, "other": 0, "unseen": 0}
            unseen: dict[str, int] = {}
            for row in inside:
                value = row.get(column.name)
                if isinstance(value, float) and not math.isfinite(value):
                    special["not_a_number"] += 1
                    continue
                if isinstance(column, NumericBins):
                    cell = MISSING if value is None else int(column.bin_of(np.asarray([value], dtype=np.float64))[0])
                else:
                    cell = column.bin_of(value)
                if cell >= 0:
                    n[cell] += 1
                    total[cell] += value if isinstance(column, NumericBins) else 0
                else:
                    special[{MISSING: "missing", OTHER: "other", UNSEEN: "unseen"}[cell]] += 1
                    if cell == UNSEEN:
                        unseen[value] = unseen.get(value, 0) + 1
            text = json.dumps(unseen) if unseen else None
            lines.append({"partition": number, "column": index, "n": n, "total": total, **special, "unseen_levels": text})
    names = ("partition", "column", "n", "total", "missing", "not_a_number", "other", "unseen", "unseen_levels")
    table = {name: np.asarray([line[name] for line in lines], dtype=object if name == "unseen_levels" else None) for name in names}
    return {name: values if len(lines) else values.astype(np.int64) for name, values in table.items()}


def count_moments(rows: Sequence[Row], part: Sequence[int], bins: Bins) -> Any:
    """Sum up each numeric column."""
    lines = []
    for number in sorted(set(part)):
        for index, column in enumerate(bins.columns):
            if isinstance(column, NumericBins):
                x = [row[column.name] for row, p in zip(rows, part, strict=True) if p == number and row.get(column.name) is not None]
                x = [value for value in x if math.isfinite(value)]
                mean = float(np.mean(x)) if x else 0.0
                m2 = float(np.sum((np.asarray(x) - mean) ** 2)) if x else 0.0
                ends = (min(x), max(x)) if x else (math.nan, math.nan)
                lines.append((number, index, len(x), *ends, mean, m2))
    names = ("partition", "column", "n", "min", "max", "mean", "m2")
    kinds = dict.fromkeys(("partition", "column", "n"), np.int64)
    return {name: np.asarray([line[i] for line in lines], dtype=kinds.get(name, np.float64)) for i, name in enumerate(names)}


def count_maturity(rows: Sequence[Row], part: Sequence[int]) -> Any:
    """Count known outcomes by the days they took."""
    lags = sorted((p, row["lag_days"]) for row, p in zip(rows, part, strict=True) if row.get("lag_days") is not None)
    found = [(*key, len(list(same))) for key, same in groupby(lags)]
    return {name: np.asarray([line[i] for line in found], dtype=np.int64) for i, name in enumerate(("partition", "lag_days", "n"))}


Figures = Callable[..., list[SimpleNamespace]]


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Give the function that measures evidence, checks what must hold of any figure, and lists the figures asked for."""

    def measure(audit: Audit, evidence: Evidence, **wanted: object) -> list[SimpleNamespace]:
        found = []
        for block in audit(evidence):
            assert (block.name, block.unit) == (audit.name, audit.unit)
            for i in range(len(block)):
                value, low, high = (None if math.isnan(x) else float(x) for x in (block.value[i], block.low[i], block.high[i]))
                table = block.tables.get(i)
                beside, column = block.reference_slice[i], block.column[i]
                figure = SimpleNamespace(
                    value=value, low=low, high=high, n=int(block.n[i]), method=block.method[i], reason=block.reason[i], tables=table,
                    p=None if math.isnan(block.p_value[i]) else float(block.p_value[i]), window=int(block.window[i]),
                    version=evidence.versions[block.version[i]], slice=dict(evidence.slices[block.slice[i]].levels),
                    reference=dict(evidence.slices[beside].levels) if beside >= 0 else None,
                    attribute=evidence.attributes[block.attribute[i]] if block.attribute[i] >= 0 else None,
                    column=evidence.topics[column] if column >= 0 else None,
                )  # fmt: skip
                numbers = [x for x in (value, low, high, figure.p) if x is not None]
                assert all(math.isfinite(x) for x in numbers), figure
                assert value is not None or figure.reason, figure
                assert value is not None or (low is None and high is None and figure.p is None), figure
                assert value is None or low is None or low <= value + 1e-12, figure
                assert value is None or high is None or value <= high + 1e-12, figure
                assert figure.p is None or 0 <= figure.p <= 1, figure
                json.dumps(table, allow_nan=False)
                found.append(figure)
        places = [(f.version, str(f.slice), f.attribute, f.column, f.window) for f in found]
        assert len(places) == len(set(places)), "a name occurs once per version, slice, attribute, column and window"
        return [f for f in found if all(getattr(f, key) == value for key, value in wanted.items())]

    return measure
