"""One column: its distribution over the reference's, its quantiles, one statistic over time, and every statistic reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import strings
from dashboard.components import chart
from dashboard.components.figure_table import exactness, figure_table
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, measure, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import drift_words as words
from reports import charts
from reports import strings as wording
from reports.figure import Figure


def distribution(column: str, figures: Sequence[Figure], *, whole: bool) -> None:
    """The window's shares over the reference's, with the table beside them."""
    found = next((each for each in figures if each.name == "population_stability_index"), None)
    if found is None or not found.tables:
        not_enough(found.reason if found is not None and found.reason else strings.NO_DISTRIBUTION)
        return
    window = strings.WHOLE_PERIOD.lower() if whole else wording.window_of(found)
    spec = charts.DistributionChart.of_tables(
        title=f"Distribution of {wording.name_of(column)}",
        alt=f"Shares of {wording.name_of(column)} in the reference and in {window}. {wording.sentence(found)}.",
        tables=found.tables,
    )
    show(Html(f'<p class="c-lead">{text(wording.sentence(found))}.</p>'))
    chart.with_table(spec, key="distribution-chart", shares=(5, 4))


def over_time(context: PageContext, statistic: str, column: str, past: Sequence[Figure]) -> None:
    """The chosen statistic of the column per window, with releases and changes of data."""
    mine = [each for each in past if each.column == column]
    if not mine:
        not_enough(strings.NO_WINDOWS)
        return
    clock = mine[0].window_start is not None
    spec = trend(statistic, [("", mine)], about=f"of {wording.name_of(column)}", events=marks(context.snapshot, context.model, clock))
    chart.draw(spec, key="column-trend-chart")
    chart.folded_table(spec)


def statistics(figures: Sequence[Figure]) -> None:
    """Every statistic reported for the column, most urgent first."""
    show(
        figure_table(
            strings.STATISTICS_LEAD, figures, head="Statistic", first=lambda each: Html(f"{measure(each.name)} {exactness(each)}"),
            q_values=any(each.q_value is not None for each in figures),
        )
    )  # fmt: skip


def quantiles(figures: Sequence[Figure]) -> None:
    """Quantiles of both sides, and how far each has moved."""
    found = next((each for each in figures if each.name == "quantile_shift"), None)
    rows = quantile_rows(found.tables or {}) if found is not None else []
    if found is None or not rows:
        not_enough(found.reason if found is not None and found.reason else words.NO_QUANTILES)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found))}.</p>'))
    heads = [
        Column(head="Quantile", css="tight"), Column(head="Reference", css="num"), Column(head="Window", css="num"),
        Column(head="Shift, in SD of the reference", css="num"),
    ]  # fmt: skip
    show(table(words.QUANTILES, heads, rows))


def quantile_rows(tables: Mapping[str, Any]) -> list[list[object]]:
    """One line per quantile that both sides have."""
    lists = [tables.get(name) or () for name in ("percentile", "reference_value", "value", "shift")]
    rows: list[list[object]] = []
    for percent, before, now, shift in zip(*lists, strict=True):
        if before is None or now is None:
            continue
        signed = wording.DASH if shift is None else ("+" if shift > 0 else "") + wording.number(shift, "ratio")
        rows.append([f"{percent}%", wording.number(before, "plain"), wording.number(now, "plain"), signed])
    return rows
