"""One measure over time: as it came true and as it was estimated, with the estimates' own past error in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard import strings
from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.interval_plot import marks
from dashboard.components.markup import show, span
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import glossary, series
from reports import strings as wording
from reports.figure import Figure


def draw(context: PageContext, scope: Scope, name: str, whole: Sequence[Figure]) -> None:
    """Draw the chart, what it rests on, and its table."""
    past = scope.read(context, name, f"estimated_{name}", windows=True, population=True)
    realised = [each for each in past if each.name == name]
    estimated = [each for each in past if each.name != name]
    clock = bool(past) and past[0].window_start is not None
    show(span(glossary.term(name).definition, "c-sentence"))
    spec = series.realised_and_estimated(realised, estimated, marks(context.snapshot, context.model, clock))
    own = next((each for each in whole if each.name == name), None)
    if spec is None:
        why = next(
            (reason(each) for each in (*whole, *realised, *estimated) if each.name.removeprefix("estimated_") == name and each.reason), ""
        )
        not_enough(why or strings.NO_WINDOWS)
        return
    chart.draw(replace(spec, baseline=own.value if own is not None else None), key="trend-chart")
    said = [strings.trend_note(own is not None and own.value is not None)]
    said += [past_error(scope.read(context, "estimation_error", population=True, window=None, whole=True, version=None, tables=True), name)]
    held = [each for each in estimated if wording.cannot_tell(each)]
    said += [words.untold(len(held), reason(held[-1]))] if held else []
    said += [words.NO_ESTIMATES] if not estimated else []
    show(span(" ".join(part for part in said if part), "c-note"))
    chart.folded_table(spec)


def past_error(figures: Sequence[Figure], name: str) -> str:
    """How far estimates of a measure lay from what came true, over the windows whose outcomes have arrived."""
    tables = next((each.tables for each in figures if each.tables), None) or {}
    held = (tables.get("measures") or {}).get(name) or {}
    if held.get("mean_absolute_error") is None or not held.get("windows"):
        return ""
    unit = wording.display_unit(name)
    wrong = wording.number(held["mean_absolute_error"], "points" if unit == "percent" else unit).replace(" pp", " points")
    return words.past_error(glossary.term(name).title, wrong, round((held.get("coverage") or 0.0) * held["windows"]), int(held["windows"]))
