"""The drift section: a heat map, one line per column, and the distributions of the columns that moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audits.finding import Cause
from reports import drift_answers, series, strings
from reports.attention import BAD
from reports.causes import sentences
from reports.charts import ChartSpec
from reports.drift_answers import Answer
from reports.sections.lines import Findings, Row, family, row

MOST_COLUMNS: Final = 24
MOST_DISTRIBUTIONS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """One column's drift statistics over the whole period; `cells` holds value, interval and n per statistic."""

    column: str
    n: str
    cells: list[Row | None]
    verdict: str | None
    worst: str
    worst_verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """Whether one column has drifted, in words."""

    column: str
    word: str
    verdict: str
    size: str
    interval: str
    most: str
    since: str
    n: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The drift section: the answers and by which budget they were judged, the causes, then the figures."""

    lead: str
    budget: str
    answers: list[AnswerRow]
    causes: list[str]
    heat: ChartSpec | None
    names: list[str]
    rows: list[DriftRow]
    rest: list[DriftRow]
    distributions: list[ChartSpec]


def drift(found: Findings, causes: Sequence[Cause] = ()) -> Drift:
    """Return the answers, the heat map, one line per column, and the distributions of the worst columns."""
    told = drift_answers.latest(f for f in found.all if f.version is None and not f.slice)
    about = [
        f for f in found.all
        if family(f) == "drift" and f.column is not None and f.version is None and not f.slice and _shown(f.name)
    ]  # fmt: skip
    whole = [f for f in about if f.whole]
    names = list(dict.fromkeys(f.name for f in whole))
    main = "population_stability_index" if "population_stability_index" in names else names[0] if names else ""
    ours = [f for f in about if f.name == main]
    peak: dict[str, float] = {}
    for figure in ours:
        peak[figure.column or ""] = max(peak.get(figure.column or "", 0.0), figure.value or 0.0)
    broken = {f.column for f in about if f.verdict in BAD}
    ordered = sorted({f.column or "" for f in about}, key=lambda name: (name not in broken, -peak.get(name, 0.0), name))
    cells = {(f.column, f.name): f for f in whole}
    rows = []
    for column in ordered:
        line = [cells.get((column, name)) for name in names]
        verdicts = [f.verdict for f in line if f is not None and f.verdict is not None]
        verdict = min(verdicts, key=lambda v: strings.SEVERITY_ORDER.get(v, 9), default=None)
        top = max(
            (f for f in ours if f.column == column and not f.whole and f.value is not None), key=lambda f: f.value or 0.0, default=None
        )
        worst = f"{strings.number(top.value, series.unit_of(top))} ({strings.window_of(top)})" if top is not None else strings.DASH
        rows.append(
            DriftRow(
                column=strings.safe(column),
                n=next((strings.count(f.n) for f in line if f is not None and f.n is not None), ""),
                cells=[None if f is None else row(f) for f in line],
                verdict=verdict,
                worst=worst,
                worst_verdict=None if top is None else top.verdict,
            )
        )
    shown = []
    moved = [column for column in ordered if column in broken][:MOST_DISTRIBUTIONS] or ordered[:2]
    for column in moved:
        tops = sorted((f for f in ours if f.column == column and f.tables), key=lambda f: (-(f.value or 0.0), not f.whole))
        chart = series.distribution(tops[0]) if tops else None
        if chart:
            shown.append(chart)
    heat = series.heat(ours, ordered[:MOST_COLUMNS]) if ours else None
    return Drift(
        lead=drift_answers.lead(told), budget=_budget(found), answers=[_answer(each) for each in told],
        causes=[strings.safe(words) for words in sentences(causes)],
        heat=heat, names=names, rows=rows[:MOST_COLUMNS], rest=rows[MOST_COLUMNS:], distributions=list(shown),
    )  # fmt: skip


def _shown(name: str) -> bool:
    """Whether a statistic has a column of its own: evidence is told by its answer, and the window before is for the screen."""
    return name != drift_answers.MEASURE and not name.endswith("_from_previous")


def _answer(found: Answer) -> AnswerRow:
    size, interval = strings.parts(found.size, found.low, found.high, "percent")
    return AnswerRow(
        column=strings.name_of(found.column), word=drift_answers.TITLES[found.word], verdict=found.verdict,
        size=size if found.size is not None else strings.DASH, interval=interval, most=found.most, since=strings.moment(found.since),
        n=strings.count(found.figure.n), note=strings.safe(found.reason) if found.size is None else "",
    )  # fmt: skip


def _budget(found: Findings) -> str:
    """Say how often an alarm may ring by chance; empty where nothing was judged by a budget."""
    whole = next((f for f in found.whole if f.name == drift_answers.MEASURE and f.column is None and f.tables), None)
    tables = (whole.tables if whole is not None else None) or {}
    if tables.get("zone") is None:
        return ""
    words = f", as a budget of false alarms of {strings.safe(str(tables['budget']))} asks for" if tables.get("budget") else ""
    zone = strings.threshold(float(tables["zone"]), "percent")
    return f"A column has drifted when the evidence that more than {zone} of its rows moved passes its line{words}."
