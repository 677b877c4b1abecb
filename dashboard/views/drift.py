"""Drift: which column has moved, when, and how its distribution looks now."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, strings, url_state
from dashboard.components import chart
from dashboard.components.choose import choose, choose_window
from dashboard.components.figure_table import exactness, figure_table
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Html, measure, show, span, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.destination import destination, window_key
from dashboard.page import PageContext, page
from reports import charts, glossary
from reports import strings as wording
from reports.attention import VERDICTS, Attention, since, urgency
from reports.figure import Figure

STATISTICS = (
    "population_stability_index", "jensen_shannon_distance", "kolmogorov_smirnov", "wasserstein_distance", "hellinger_distance",
    "l_infinity",
)  # fmt: skip
"""Effect sizes for the map; test statistics grow with n and would paint a busy day red."""

FULL = 0.25
"""The effect at which the map's colour is strongest where the policy says nothing."""


@page(strings.DRIFT, "drift")
def drift(context: PageContext) -> None:
    """Draw the page."""
    reported = [name for name in STATISTICS if name in data.names(*context.key)]
    if not reported:
        show(Html(f'<h1 class="c-title">{strings.DRIFT}</h1>'))
        not_enough(strings.NO_DRIFT)
        return
    head, menu = st.columns([3, 2], vertical_alignment="bottom")
    with menu:
        statistic = (
            choose(context, "statistic", "Effect size", reported, words=short, segmented=len(reported) < 4, help=strings.TERMS["effect"])
            or reported[0]
        )
    whole = data.figures(*context.key, names=(statistic,), columns=True)
    past = data.figures(*context.key, names=(statistic,), whole=False, columns=True)
    bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "drift"]
    columns = by_concern(bad, whole, past)
    spans = data.spans(*context.key)
    asked = asked_for(context, (*whole, *past))
    with head:
        show(Html(f'<h1 class="c-title">{strings.DRIFT}</h1><p class="c-lead">{text(lead(bad, whole, asked))}</p>'))
    with panel(
        "map", Html(f"{measure(statistic)} of every column, window by window"), glossary.term(statistic).definition + " " + strings.MAP_LEAD
    ):
        heat_map(context, statistic, columns, past, spans)
    first, second, _ = st.columns([1.4, 1.4, 3], vertical_alignment="bottom")
    with first:
        column = choose(context, "column", "Column", columns, words=wording.name_of)
    with second:
        worst = next((item.figure for item in bad if item.figure.column == column), None)
        latest = window_key(worst.window_start, worst.first_row) if worst is not None and not worst.whole else url_state.ALL
        shown = choose_window(context, spans, latest)
    if column is None:
        filtered("columns", "column", "window")
        return
    figures = data.figures(*context.key, window=shown, column=column, tables=True)
    mine = sorted((each for each in figures if glossary.term(each.name).family in ("drift", "quality")), key=urgency)
    left, right = st.columns(2, gap="small")
    with left, panel("distribution", Html(f"Distribution of {text(wording.name_of(column))}"), strings.DISTRIBUTION_LEAD):
        distribution(column, mine, shown)
    with right:
        with panel("column-trend", Html(f"{measure(statistic)} of {text(wording.name_of(column))} over time")):
            column_trend(context, statistic, column, past)
        with panel("statistics", Html(f"Statistics of {text(wording.name_of(column))}"), strings.STATISTICS_LEAD):
            show(
                figure_table(
                    strings.STATISTICS_LEAD,
                    mine,
                    head="Statistic",
                    first=lambda each: Html(f"{measure(each.name)} {exactness(each)}"),
                    q_values=any(each.q_value is not None for each in mine),
                )
            )


def short(name: str) -> str:
    """A statistic's name for a button."""
    return {"population_stability_index": "PSI", "jensen_shannon_distance": "Jensen–Shannon"}.get(name, glossary.term(name).title)


def by_concern(bad: Sequence[Attention], whole: Sequence[Figure], past: Sequence[Figure]) -> list[str]:
    """Columns, worst first: what needs attention, then by size of effect over the whole period, then in any window."""
    urgent = {item.figure.column: -place for place, item in enumerate(reversed(bad))}
    peak: dict[str, float] = {}
    for each in past:
        if each.column is not None:
            peak[each.column] = max(peak.get(each.column, 0.0), each.value or 0.0)
    ranked = {each.column: (VERDICTS.get(each.verdict, 4) // 3, -(each.value or 0.0)) for each in whole if each.column is not None}
    return sorted(
        ranked.keys() | peak.keys(), key=lambda name: (urgent.get(name, 1), *ranked.get(name, (9, 0.0)), -peak.get(name, 0.0), name)
    )


def asked_for(context: PageContext, figures: Sequence[Figure]) -> Figure | None:
    """The figure that the link names: its column, in its window; None where it names no column."""
    window = context.view.window or url_state.ALL
    return next(
        (
            each
            for each in figures
            if each.column == context.view.column
            and (url_state.ALL if each.whole else window_key(each.window_start, each.first_row)) == window
        ),
        None,
    )


def lead(bad: Sequence[Attention], whole: Sequence[Figure], asked: Figure | None) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most."""
    if asked is not None:
        return wording.sentence(asked, since=since(asked, bad)) + "."
    if bad:
        others = len({item.figure.column for item in bad} - {bad[0].figure.column})
        more = f" {wording.count(others)} more {'column has' if others == 1 else 'columns have'} moved." if others else ""
        return wording.sentence(bad[0].figure, since=bad[0].since) + "." + more
    known = [each for each in whole if each.value is not None]
    return strings.NO_MOVE + (f" {wording.sentence(max(known, key=lambda each: each.value or 0.0))}." if known else "")


def heat_map(context: PageContext, statistic: str, columns: Sequence[str], past: Sequence[Figure], spans: Sequence[data.Span]) -> None:
    """Columns by windows; a click shows the column and the window below."""
    cells = {(each.column, window_key(each.window_start, each.first_row)): each for each in past}
    keys = [span_.key for span_ in spans if any((name, span_.key) in cells for name in columns)]
    if not keys:
        not_enough(strings.NO_WINDOWS)
        return
    named = {each.key: axis_label(each) for each in spans}
    limit = next((each.threshold_max for each in past if each.threshold_max is not None), None)
    grid = [[cells.get((name, key)) for key in keys] for name in columns]
    spec = charts.HeatMap(
        title=f"{glossary.term(statistic).title} by column and window",
        unit=wording.display_unit(statistic),
        alt=f"{glossary.term(statistic).title} of {len(columns)} columns in {len(keys)} windows, worst first: {', '.join(columns[:3])}.",
        rows=tuple(columns),
        columns=tuple(named[key] for key in keys),
        values=tuple(tuple(each.value if each else None for each in line) for line in grid),
        verdicts=tuple(tuple(each.verdict if each else None for each in line) for line in grid),
        full=2 * limit if limit else FULL,
    )
    chart.pickable(spec, key="map-chart", on_pick=pick, cells=(tuple(columns), tuple(keys)))
    show(span(strings.map_note(limit, wording.display_unit(statistic)), "c-note"))
    chart.folded_table(spec)


def pick(columns: Sequence[str], keys: Sequence[str], row: int, place: int) -> None:
    """Follow a click on the map: the link now names that column and window."""
    if row < len(columns) and place < len(keys):
        st.query_params["column"] = columns[row]
        st.query_params["window"] = keys[place]


def axis_label(span_: data.Span) -> str:
    """A window's start, short enough for an axis."""
    if span_.start is None:
        return f"{span_.first_row:,}"
    day = f"{span_.start.day} {span_.start:%b}"
    return day if span_.start.hour == 0 else f"{day} {span_.start:%H:%M}"


def distribution(column: str, figures: Sequence[Figure], shown: data.Span | None) -> None:
    """The window's shares over the reference's, with the table beside them."""
    found = next((each for each in figures if each.name == "population_stability_index"), None)
    if found is None or not found.tables:
        not_enough(found.reason if found is not None and found.reason else strings.NO_DISTRIBUTION)
        return
    window = wording.window_of(found) if shown is not None else strings.WHOLE_PERIOD.lower()
    spec = charts.DistributionChart.of_tables(
        title=f"Distribution of {wording.name_of(column)}",
        alt=f"Shares of {wording.name_of(column)} in the reference and in {window}. {wording.sentence(found)}.",
        tables=found.tables,
    )
    show(Html(f'<p class="c-lead">{text(wording.sentence(found))}.</p>'))
    chart.with_table(spec, key="distribution-chart", shares=(5, 4))


def column_trend(context: PageContext, statistic: str, column: str, past: Sequence[Figure]) -> None:
    """The chosen statistic of the chosen column per window."""
    mine = [each for each in past if each.column == column]
    if not mine:
        not_enough(strings.NO_WINDOWS)
        return
    clock = mine[0].window_start is not None
    spec = trend(statistic, [("", mine)], about=f"of {wording.name_of(column)}", events=marks(context.snapshot, context.model, clock))
    chart.draw(spec, key="column-trend-chart")
    chart.folded_table(spec)
