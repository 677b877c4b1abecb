"""Drift: has it moved, which column, when, why, and would another budget of alarms have said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import data, strings, url_state
from dashboard.components.choose import choose, choose_part, choose_window
from dashboard.components.markup import Html, known_in, measure, show, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.destination import TOGETHER, destination, drift_part, window_key
from dashboard.page import PageContext, Part, Scope, any_of, page
from dashboard.panels import all_columns, causes, column_drift, drift_answers, drift_map, drop, mix_and_rate, replay
from dashboard.panels import drift_words as words
from reports import glossary
from reports import strings as wording
from reports.attention import VERDICTS, Attention, since, urgency
from reports.drift_answers import MEASURE, Answer, answers, latest
from reports.drift_answers import answer as drift_answer
from reports.drift_answers import lead as drift_lead
from reports.drift_answers import sentence as said_of
from reports.figure import Figure

STATISTICS = (
    "population_stability_index", "jensen_shannon_distance", "kolmogorov_smirnov", "wasserstein_distance", "hellinger_distance",
    "l_infinity",
)  # fmt: skip
"""Effect sizes for the map; test statistics grow with n and would paint a busy day red."""
FROM_PREVIOUS = tuple(f"{name}_from_previous" for name in STATISTICS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What a run says of its columns by one statistic."""

    statistic: str
    whole: tuple[Figure, ...]
    past: tuple[Figure, ...]
    """Window by window."""
    evidence: tuple[Figure, ...]
    """Findings of `drift_evidence`, which hold the answers."""
    answers: tuple[Answer, ...]
    """Each column's newest one."""
    bad: tuple[Attention, ...]
    order: tuple[str, ...]
    """Columns, worst first."""


@page(strings.DRIFT, "drift")
def drift(context: PageContext) -> None:
    """Draw the page."""
    top = st.container(key="head")
    asked, reported = context.view.statistic, data.names(*context.key)
    part = choose_part(context, PARTS, drift_part(asked, context.view.column) if asked in reported else None)
    names = offered(context)
    with top:
        if not names:
            show(Html(f'<h1 class="c-title">{strings.DRIFT}</h1>'))
            not_enough(strings.NO_DRIFT)
            return
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False)
        head = row.container()
        if part.key in COLUMNWISE:
            with row.container(width=240):
                choose(context, "statistic", "Effect size", names, words=short, help=strings.TERMS["effect"])
    held = moves(context)
    with head:
        sentence = first_sentence(asked_for(context, (*held.whole, *held.past)), held)
        show(Html(f'<h1 class="c-title">{strings.DRIFT}</h1><p class="c-lead">{text(sentence)}</p>'))
    part.draw(context, Scope())


def offered(context: PageContext) -> list[str]:
    """The statistics to choose from: effect sizes against the reference or the window before, evidence, and what the link asks for."""
    held, asked = data.names(*context.key), context.view.statistic
    known = [name for name in (*STATISTICS, *FROM_PREVIOUS, MEASURE) if name in held]
    columnwise = asked is not None and asked in held and glossary.term(asked).family == "drift" and drift_part(asked, "") in COLUMNWISE
    return [*known, asked] if known and columnwise and asked is not None and asked not in known else known


def moves(context: PageContext) -> Moves:
    """Read what the run says of its columns by the statistic that the link asks for."""
    names = offered(context)
    statistic = context.view.statistic if context.view.statistic in names else names[0]
    evidence = data.figures(*context.key, names=(MEASURE,), whole=None, columns=True, tables=True)
    named = data.figures(*context.key, names=(statistic,), whole=None, columns=True, tables=statistic == MEASURE)
    whole, past = tuple(each for each in named if each.whole), tuple(each for each in named if not each.whole)
    bad = tuple(each for each in data.attention(*context.key) if destination(each.figure)[0] == "drift" and each.figure.column is not None)
    found = latest(evidence)
    order = tuple(by_concern(bad, whole, past, found))
    return Moves(statistic=statistic, whole=whole, past=past, evidence=evidence, answers=found, bad=bad, order=order)


def overview(context: PageContext, scope: Scope) -> None:
    """Every column: the map, and below it the distribution of the cell that was clicked beside the answers."""
    held, spans = moves(context), data.spans(*context.key)
    with panel("answers", known_in(words.TERMS, words.ANSWERS, "answer"), words.ANSWERS_LEAD):
        named = next((each for each in spans if each.key == context.view.window), None)
        of_window = [each for each in held.evidence if named is not None and same_window(each, named)]
        drift_answers.draw(context, answers(of_window) or held.answers, height=210)
    definition = f"{glossary.term(held.statistic).definition} {strings.MAP_LEAD}"
    with panel("map", Html(f"{measure(held.statistic)} of every column, window by window"), definition):
        drift_map.draw(context, held.statistic, held.order, held.past, spans)
    column, shown = choose_column(context, held, spans)
    if column is None:
        filtered("columns", "column", "window")
        return
    left, right = st.columns(2, gap="small")
    with left, panel("distribution", Html(f"Distribution of {text(wording.name_of(column))}"), strings.DISTRIBUTION_LEAD):
        column_drift.distribution(column, of_column(context, column, shown), whole=shown is None)
    with right, panel("column-trend", Html(f"{measure(held.statistic)} of {text(wording.name_of(column))} over time")):
        column_drift.over_time(context, held.statistic, column, held.past)


def one_column(context: PageContext, scope: Scope) -> None:
    """Everything about one column."""
    held, spans = moves(context), data.spans(*context.key)
    column, shown = choose_column(context, held, spans)
    if column is None:
        filtered("columns", "column", "window")
        return
    title, mine = text(wording.name_of(column)), of_column(context, column, shown)
    newest = next((each for each in held.answers if each.column == column), None)
    answer = next((found for each in mine if (found := drift_answer(each)) is not None), newest)
    if answer is not None and answer not in held.answers[:1]:
        show(Html(f'<p class="c-lead">{drift_answers.standing(answer)} {text(said_of(answer))}.</p>'))
    left, right = st.columns(2, gap="small")
    with left, panel("distribution", Html(f"Distribution of {title}"), strings.DISTRIBUTION_LEAD, stretch=False):
        column_drift.distribution(column, mine, whole=shown is None)
    with right:
        with panel("column-trend", Html(f"{measure(held.statistic)} of {title} over time"), stretch=False):
            column_drift.over_time(context, held.statistic, column, held.past)
        with panel("quantiles", words.QUANTILES, words.QUANTILES_LEAD, stretch=False):
            column_drift.quantiles(mine)
    with panel("statistics", Html(f"Statistics of {title}"), strings.STATISTICS_LEAD):
        column_drift.statistics(mine)


def of_column(context: PageContext, column: str, shown: data.Span | None) -> list[Figure]:
    """Everything reported about a column in a window, most urgent first."""
    figures = data.figures(*context.key, window=shown, column=column, tables=True)
    return sorted((each for each in figures if glossary.term(each.name).family in ("drift", "quality")), key=urgency)


def choose_column(context: PageContext, held: Moves, spans: Sequence[data.Span]) -> tuple[str | None, data.Span | None]:
    """The column and the window; by default the worst column, and the window in which it stood out last."""
    first, second, _ = st.columns([1.4, 1.4, 3], vertical_alignment="bottom")
    with first:
        column = choose(context, "column", "Column", held.order, words=wording.name_of)
    with second:
        worst = next((item.figure for item in held.bad if item.figure.column == column), None)
        newest = window_key(worst.window_start, worst.first_row) if worst is not None and not worst.whole else url_state.ALL
        shown = choose_window(context, spans, newest)
    return column, shown


def same_window(figure: Figure, span: data.Span) -> bool:
    """Whether a figure is about a window."""
    return not figure.whole and figure.window_start == span.start and figure.first_row == span.first_row


def short(name: str) -> str:
    """A statistic's name for a menu."""
    base = name.removesuffix("_from_previous")
    title = {"population_stability_index": "PSI", "jensen_shannon_distance": "Jensen–Shannon"}.get(base, glossary.term(base).title)
    return f"{title}, from the window before" if base != name else title


def by_concern(bad: Sequence[Attention], whole: Sequence[Figure], past: Sequence[Figure], found: Sequence[Answer]) -> list[str]:
    """Columns, worst first: drifted, then what needs attention, then by size of effect over the whole period, then in any window."""
    drifted = {each.column for each in found if each.word == "drifted"}
    urgent = {item.figure.column: -place for place, item in enumerate(reversed(bad))}
    peak: dict[str, float] = {}
    for each in past:
        if each.column is not None:
            peak[each.column] = max(peak.get(each.column, 0.0), each.value or 0.0)
    ranked = {each.column: (VERDICTS.get(each.verdict, 4) // 3, -(each.value or 0.0)) for each in whole if each.column is not None}
    return sorted(
        ranked.keys() | peak.keys(),
        key=lambda name: (urgent.get(name, 1), name not in drifted, *ranked.get(name, (9, 0.0)), -peak.get(name, 0.0), name),
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


def first_sentence(asked: Figure | None, held: Moves) -> str:
    """The page in one sentence: the figure that the link is about, else the answer, else what needs attention most."""
    if asked is not None:
        return wording.sentence(asked, since=since(asked, held.bad)) + "."
    if held.answers:
        return drift_lead(held.answers)
    if held.bad:
        others = len({item.figure.column for item in held.bad} - {held.bad[0].figure.column})
        more = f" {wording.count(others)} more {'column has' if others == 1 else 'columns have'} moved." if others else ""
        return wording.sentence(held.bad[0].figure, since=held.bad[0].since) + "." + more
    known = [each for each in held.whole if each.value is not None]
    return strings.NO_MOVE + (f" {wording.sentence(max(known, key=lambda each: each.value or 0.0))}." if known else "")


def why(context: PageContext, scope: Scope) -> None:
    """Causes, the split of a rate, and what a change is made of."""
    with panel("causes", words.MODEL_CAUSES):
        causes.of_model(context)
    with panel("split", words.SPLIT, words.SPLIT_LEAD):
        mix_and_rate.draw(context, scope)
    with panel("drop", words.DROP, words.DROP_LEAD):
        drop.draw(context)


def together(context: PageContext, scope: Scope) -> None:
    """All columns at once."""
    left, right = st.columns([7, 5], gap="small")
    with left, panel("together", words.TOGETHER, words.TOGETHER_LEAD):
        all_columns.draw(context, all_columns.DISTANCES)
        all_columns.over_time(context, all_columns.DISTANCES)
    with right, panel("gives-away", known_in(words.TERMS, words.GIVES_AWAY, "auc")):
        all_columns.gives_away(context)
    left, right = st.columns(2, gap="small")
    with left, panel("detectors", words.DETECTORS, words.DETECTORS_LEAD):
        all_columns.draw(context, all_columns.DETECTORS)
        all_columns.followed(context)
    with right, panel("second", words.SECOND, words.SECOND_LEAD):
        all_columns.opinions(context)


def alarms(context: PageContext, scope: Scope) -> None:
    """Budgets, replayed."""
    with panel("replay", known_in(words.TERMS, words.REPLAY, "replay"), words.REPLAY_LEAD):
        replay.draw(context)


def together_known(reported: frozenset[str]) -> bool:
    """Whether the run speaks of all columns at once, or could."""
    return bool(reported & {*TOGETHER, MEASURE})


COLUMNWISE = ("overview", "column")
"""The parts that show one statistic of columns."""
PARTS = (
    Part(key="overview", title="All columns", draw=overview, shows=bool),
    Part(key="column", title="One column", draw=one_column, shows=bool),
    Part(key="why", title="Why", draw=why, shows=bool),
    Part(key="together", title="Together", draw=together, shows=together_known),
    Part(key="alarms", title="Alarms", draw=alarms, shows=any_of(MEASURE)),
)
