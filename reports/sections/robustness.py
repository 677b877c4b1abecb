"""The section on robustness: an answer to every question, what disturbances and attackers do, and signs of an attack in the log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, Final

from reports import clients, explained, robustness_series, series, strings
from reports.charts import ChartSpec
from reports.figure import Figure
from reports.sections.lines import Findings, Row, family, row
from reports.subjects import detector

FAMILY: Final = "robustness"
SIGNS: Final = ("invariant_violations", "boundary_probe_rate", "extraction_score", "replay_rate", "flood_rate", "outcome_flip_rate",
                "outlier_rate", "trigger_rate")  # fmt: skip
MOST_CLIENTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question with its answer."""

    question: str
    answer: str
    verdict: str | None
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """The section; every whole-period figure of the family is in `rows`, `by_group` or `by_version`."""

    basis: str
    answers: list[Answer]
    said: list[str]
    """What stands out about clients and outcomes."""
    charts: list[ChartSpec]
    trends: list[ChartSpec]
    rows: list[Row]
    by_group: list[Row]
    by_version: list[Row]

    def __bool__(self) -> bool:
        return bool(self.rows or self.by_group or self.by_version)


def robustness(found: Findings, failures: list[tuple[str, str]]) -> Robustness:
    """Return the section."""
    mine = [each for each in found.whole if family(each) == FAMILY and (each.value is not None or each.suppressed)]
    everybody = [each for each in mine if not each.slice and each.version is None]
    basis = explained.basis(found.whole, failures, verb="tried out")
    return Robustness(
        basis=basis.words if basis.kind != "not run" else "",
        answers=[
            Answer(
                question=each.question, answer=each.answer, verdict=each.figure.verdict if each.figure is not None else None,
                word=strings.standing(each.figure) if each.figure is not None else "No answer",
            )
            for each in robustness_series.verdicts(found.whole, failures)
            if each.run and each.answer
        ],
        said=_said(everybody),
        charts=_charts(mine, everybody),
        trends=_trends(found),
        rows=[row(each) for each in everybody],
        by_group=[row(each, about=_of_group(each)) for each in mine if each.slice and each.version is None],
        by_version=[row(each, about=_about(each)) for each in mine if each.version is not None],
    )  # fmt: skip


def _of_group(figure: Figure) -> str:
    return ", ".join(part for part in (strings.subject(replace(figure, slice={})), robustness_series.in_full(figure.slice)) if part)


def _about(figure: Figure) -> str:
    return ", ".join(part for part in (strings.subject(figure), f"version {strings.name_of(figure.version)}") if part)


def _charts(mine: list[Figure], everybody: list[Figure]) -> list[ChartSpec]:
    flips = [each for each in everybody if each.name == "flip_rate"]
    evasion = next((each for each in everybody if each.name == "evasion_rate"), None)
    of_groups = [each for each in mine if each.name == "smallest_flip_distance" and each.column is None and len(each.slice) < 2]
    by_group = [each for each in of_groups if each.version is None]
    charts = [
        robustness_series.disturbances(flips),
        robustness_series.strengths(flips),
        robustness_series.reach(evasion),
        robustness_series.by_group(by_group) if len(by_group) > 1 else None,
    ]
    return [chart for chart in charts if chart]


def _said(everybody: list[Figure]) -> list[str]:
    """Name the clients and the corners of the log that stand out."""
    said = [f"{clients.sentence(each)}." for each in clients.suspects(everybody)[:MOST_CLIENTS] if clients.suspicion(each) >= 0.5]
    for figure in everybody:
        held: list[dict[str, Any]] = (figure.tables or {}).get("campaigns") or []
        for each in held[:MOST_CLIENTS]:
            where = f"{strings.name_of(str(each.get('by')))} = {strings.name_of(str(each.get('level')))}"
            turned, rows = (strings.count(each.get(name)) for name in ("contradicted", "rows"))
            by_chance = strings.number(each.get("expected"), "plain" if (each.get("expected") or 0.0) >= 10 else "ratio")
            said.append(f"{where}: {turned} of {rows} outcomes {strings.safe(str(each.get('direction')))}, {by_chance} to be expected.")
    return said


def _trends(found: Findings) -> list[ChartSpec]:
    """Return the signs that were seen at all, window by window."""
    lines: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for each in found.windows:
        if each.name in SIGNS and not each.slice and each.version is None:
            lines[each.name][strings.name_of(detector(each.column)) if each.column is not None else ""].append(each)
    seen = [name for name in SIGNS if any(each.value for figures in lines.get(name, {}).values() for each in figures)]
    return [chart for name in seen if (chart := series.trend(list(lines[name].items()), found.marks))]
