"""The performance section: realised and estimated figures, how mature outcomes are, versions, weak spots."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, Final

from reports import glossary, series, strings
from reports.charts import ChartSpec
from reports.figure import Figure
from reports.sections.lines import Findings, Row, everyone, family, listed, row

MOST_VERSIONS: Final = 6
MOST_TRENDS: Final = 6
_TRENDS: Final = (
    "selection_rate", "base_rate", "accuracy", "roc_auc", "true_positive_rate", "false_positive_rate", "expected_calibration_error",
    "mean_error", "mean_absolute_error", "root_mean_squared_error", "r_squared",
)  # fmt: skip
_APART: Final = ("label_maturity", "label_selectivity")
_PARTS: Final = ("brier_reliability", "brier_resolution", "brier_uncertainty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A line of the performance table: the figure, and how far it lies from the reference's."""

    row: Row
    change: str
    change_q: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """The performance section."""

    rows: list[Measured]
    trends: list[ChartSpec]
    curves: list[ChartSpec]
    estimated: list[Row]
    """What is estimated where nothing is realised, or was withheld."""
    past: list[str]
    """How wrong earlier estimates turned out to be."""
    maturity: list[str]
    lag: ChartSpec | None
    bounds: list[Row]
    confusion: Confusion | None
    weak_spots: list[WeakSpot]
    searched: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A confusion matrix: decisions down, outcomes across; a withheld count is None."""

    classes: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSpot:
    """A slice in which the model errs more than elsewhere."""

    words: str
    row: Row
    inside: str
    outside: str


def performance(found: Findings) -> Performance:
    """Return the section."""
    figures = [f for f in (*found.of("performance"), *found.of("service")) if f.column is None and not f.name.endswith("_bounds")]
    changes = {f.name.removesuffix("_change"): f for f in figures if f.name.endswith("_change")}
    main = [f for f in figures if glossary.base_of(f.name, "_change") is None and not f.name.endswith("_version_difference")]
    shown = [_measured(f, changes.get(f.name), found) for f in main if f.value is not None or f.suppressed]
    curves = [series.reliability(f) for f in main if f.name == "expected_calibration_error"]
    realised = {f.name for f in main if f.value is not None}
    estimated = [f for f in found.of("estimated") if f.name.startswith("estimated_") and f.column is None]
    alone = [f for f in estimated if f.name.removeprefix("estimated_") not in realised or strings.cannot_tell(f)]
    bounds = [f for f in found.whole if f.name.endswith("_bounds") and everyone(f) and f.value is not None]
    return Performance(
        rows=shown,
        trends=_trends(found),
        curves=[curve for curve in curves if curve],
        estimated=[row(f) for f in alone if f.value is not None or f.suppressed or strings.cannot_tell(f)],
        past=past_error(found),
        maturity=maturity(found),
        lag=next((chart for f in [found.one("label_maturity")] if f and (chart := series.lag(f))), None),
        bounds=[row(f) for f in bounds],
        confusion=_confusion(found.one("accuracy")),
        weak_spots=weak_spots(found),
        searched=_searched(found),
    )


def _measured(figure: Figure, change: Figure | None, found: Findings) -> Measured:
    line = row(figure)
    if figure.name == "brier_score":
        parts = [found.one(name) for name in _PARTS]
        if all(part is not None and part.value is not None for part in parts):
            said = [strings.number(part.value, "decimal") for part in parts if part is not None]
            line = replace(line, detail=f"reliability {said[0]} {strings.MINUS} resolution {said[1]} + uncertainty {said[2]}")
    if change is None or change.value is None:
        return Measured(row=line, change="", change_q="")
    value, interval = strings.parts(change.value, change.low, change.high, series.unit_of(change))
    plus = "+" if change.value > 0 else ""
    q = "" if change.q_value is None else strings.chance(change.q_value)
    return Measured(row=line, change=f"{plus}{value} {interval}".strip(), change_q=q)


def _trends(found: Findings) -> list[ChartSpec]:
    """Return realised beside estimated figures over time: those that are judged first, at most six."""
    lines: dict[str, tuple[list[Figure], list[Figure]]] = defaultdict(lambda: ([], []))
    for figure in found.windows:
        if not everyone(figure) or family(figure) not in ("performance", "service", "estimated"):
            continue
        name = figure.name.removeprefix("estimated_")
        lines[name][figure.name != name].append(figure)
    judged = [
        name
        for name, both in lines.items()
        if any(f.threshold_min is not None or f.threshold_max is not None for f in (*both[0], *both[1]))
    ]
    names = sorted(lines, key=lambda name: (name not in judged, _TRENDS.index(name) if name in _TRENDS else 99))
    drawn: list[ChartSpec | None] = [
        series.realised_and_estimated(*lines[name], found.marks) for name in names if name in judged or name in _TRENDS
    ]
    return [chart for chart in drawn if chart][:MOST_TRENDS]


def past_error(found: Findings) -> list[str]:
    """Say how far estimates lay from what came true, over the windows whose outcomes have arrived."""
    figure = found.one("estimation_error")
    measures = ((figure.tables if figure else None) or {}).get("measures") or {}
    said = []
    for name in [name for name in _TRENDS if name in measures] or list(measures)[:MOST_TRENDS]:
        held = measures[name]
        if held.get("mean_absolute_error") is None:
            continue
        unit = strings.display_unit(name)
        wrong = strings.number(held["mean_absolute_error"], "points" if unit == "percent" else unit)
        inside = round((held.get("coverage") or 0) * held["windows"])
        windows = f"{held['windows']} {'window' if held['windows'] == 1 else 'windows'}"
        said.append(f"{glossary.term(name).title}: off by {wrong} on average, inside its interval in {inside} of {windows}")
    return said


def maturity(found: Findings) -> list[str]:
    """Say how many outcomes have arrived, how long they take, and whether they are seen selectively."""
    said = []
    figure = found.one("label_maturity")
    tables: Any = (figure.tables if figure else None) or {}
    if figure is not None and figure.value is not None:
        parts = [f"{strings.number(figure.value, 'percent')} of the outcomes due by now are known"]
        if tables.get("median_days") is not None:
            parts.append(f"half arrive within {_days(tables['median_days'])}")
        if tables.get("days_95") is not None:
            parts.append(f"95 of 100 within {_days(tables['days_95'])}")
        if tables.get("eventually") is not None:
            parts.append(f"{strings.number(tables['eventually'], 'percent')} in the end")
        said.append("; ".join(parts) + ".")
    selective = found.one("label_selectivity")
    held = (selective.tables if selective else None) or {}
    if selective is not None and held.get("selective"):
        told = [f"{strings.count(held[key]['known'])} of {strings.count(held[key]['rows'])} {key} decisions"
                for key in ("favorable", "unfavorable") if held.get(key)]  # fmt: skip
        said.append(f"Outcomes are seen selectively: known for {' and '.join(told)}. Figures about outcomes speak of those only.")
    return said


def _days(days: float) -> str:
    return f"{strings.number(float(days), 'plain')} {'day' if days == 1 else 'days'}"


def _confusion(figure: Figure | None) -> Confusion | None:
    held = (figure.tables if figure else None) or {}
    if not held.get("confusion"):
        return None
    rows = [[strings.SUPPRESSED if n is None else strings.count(n) for n in line] for line in held["confusion"]]
    return Confusion(classes=[strings.name_of(each) for each in held["classes"]], rows=rows)


def weak_spots(found: Findings) -> list[WeakSpot]:
    """Return the slices that the searches found, the worst of each first."""
    spots = []
    for figure in found.whole:
        held = figure.tables or {}
        if not figure.name.startswith("weak_spot") or not figure.slice or (figure.value is None and not figure.suppressed):
            continue
        unit = {"error_rate": "percent", "log_loss": "decimal"}.get(str(held.get("measure")), "plain")
        inside, outside = (
            " ".join(strings.parts(held.get(key), held.get(f"{key}_low"), held.get(f"{key}_high"), unit)) for key in ("inside", "outside")
        )
        words = strings.safe(held.get("words") or strings.group(figure.slice))
        spots.append(
            (held.get("rank") or 99, figure.position, WeakSpot(words=words, row=row(figure, about=words), inside=inside, outside=outside))
        )
    return [spot for *_, spot in sorted(spots, key=lambda each: each[:2])]


def _searched(found: Findings) -> list[str]:
    """Say how many slices were looked at, for the searches that found none."""
    none = [f for f in found.whole if f.name.startswith("weak_spot") and not f.slice and f.reason]
    said = dict.fromkeys(f"{glossary.term(f.name).title}: {strings.safe(f.reason)}" for f in none)
    return list(said)


def versions(found: Findings) -> tuple[list[str], list[tuple[str, list[Row | None]]], int]:
    """Return the versions, the largest six, per measure a figure for each over the whole period, and how many versions there are."""
    figures = [
        f for f in found.whole if f.version is not None and not f.slice and f.attribute is None and f.column is None and f.value is not None
    ]
    figures = [f for f in figures if not f.name.endswith(("_version_difference", "_change", "_bounds", *_PARTS, *_APART))]
    figures = [f for f in figures if family(f) != "estimated"]
    sizes: dict[str, int] = defaultdict(int)
    for figure in figures:
        sizes[figure.version or ""] = max(sizes[figure.version or ""], figure.n or 0)
    names = sorted(sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_VERSIONS])
    cells = {(f.name, f.version): row(f) for f in figures}
    measures = list(dict.fromkeys(f.name for f in figures))
    lines = [(name, [cells.get((name, version)) for version in names]) for name in measures]
    return names, lines, len(sizes)


def classes(found: Findings) -> tuple[list[str], list[tuple[str, list[Row | None]]]]:
    """Return the classes of a task with several, and per measure a figure for each over the whole period."""
    figures = [
        f for f in found.whole
        if f.column is not None and not f.slice and f.attribute is None and f.version is None and f.value is not None
        and family(f) == "performance" and not f.name.endswith(("_change", "_bounds", *_PARTS, *_APART))
    ]  # fmt: skip
    names = list(dict.fromkeys(f.column or "" for f in figures))
    cells = {(f.name, f.column): row(f) for f in figures}
    return names, [(name, [cells.get((name, each)) for each in names]) for name in dict.fromkeys(f.name for f in figures)]


def used(found: Findings) -> list[tuple[str, str]]:
    """Say which figures rest on how many rows: the log's, and those that were read again."""
    lines = []
    for name, words in (
        ("selection_rate", "Decisions and approval"), ("accuracy", "Errors and accuracy"), ("mean_absolute_error", "Errors"),
        ("roc_auc", "Ranking by score"), ("expected_calibration_error", "Calibration"), ("population_stability_index", "Drift"),
        ("estimated_accuracy", "Estimates without outcomes"), ("estimated_mean_absolute_error", "Estimates without outcomes"),
    ):  # fmt: skip
        figure = found.one(name) or next((f for f in found.whole if f.name == name and not f.slice and f.version is None), None)
        if figure is not None and figure.n:
            lines.append((words, f"{strings.count(figure.n)} rows"))
    read: dict[str, list[str]] = defaultdict(list)
    for figure in found.whole:
        held = figure.tables or {}
        probe = held.get("probe") or held
        if isinstance(probe, dict) and probe.get("rows_used"):
            rows = f"{strings.count(probe['rows_used'])} of {strings.count(probe.get('rows_available'))} rows, read once more"
            read[rows].append(glossary.term(figure.name).title)
    return lines + [(listed(list(dict.fromkeys(names))), rows) for rows, names in read.items()]
