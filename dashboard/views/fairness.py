"""Fairness: every group's rates with intervals, the gaps between groups, and how they went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import streamlit as st

from audits.slices import Slice
from dashboard import data, strings, url_state
from dashboard.components import chart
from dashboard.components.choose import choose, choose_version, choose_window
from dashboard.components.figure_table import compact, figure_table
from dashboard.components.interval_plot import interval_plot, marks, trend
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import banner, filtered, not_enough, panel
from dashboard.components.status import status
from dashboard.destination import attribute_of, destination
from dashboard.page import PageContext, page
from reports import glossary
from reports import strings as wording
from reports.attention import Attention, since, urgency
from reports.figure import Figure
from reports.series import FEWEST_ROWS

PLOTS = ("impact_ratio", "selection_rate", "true_positive_rate", "false_positive_rate", "scoring_impact_ratio", "scoring_rate")
RATES = (
    "selection_rate",
    "impact_ratio",
    "base_rate",
    "true_positive_rate",
    "false_positive_rate",
    "positive_predictive_value",
    "calibration_gap",
    "expected_calibration_error",
    "false_negative_rate",
    "accuracy",
    "scoring_rate",
    "scoring_impact_ratio",
)  # fmt: skip
"""The columns of the table of groups, as far as the run reports them."""

MOST_GROUPS = 16
FIRST_RATES = 6
MOST_LINES = 4
WORST = "worst"


@page(strings.FAIRNESS, "fairness")
def fairness(context: PageContext) -> None:
    """Draw the page."""
    spans = data.spans(*context.key)
    head, first, second, third = st.columns([4, 1.2, 1.2, 1.2], vertical_alignment="bottom")
    with second:
        version = choose_version(context)
    with third:
        shown = choose_window(context, spans)
    with first:
        attribute = choose(
            context,
            "attribute",
            "Attribute",
            ordered(context.model, data.attributes(*context.key)),
            words=wording.attribute,
            default=worst_attribute(context),
            help=strings.TERMS["group"],
        )
    figures = () if attribute is None else data.figures(*context.key, window=shown, version=version, attribute=attribute, columns=False)
    asked = asked_for(context, figures)
    with head:
        show(Html(f'<h1 class="c-title">{strings.FAIRNESS}</h1><p class="c-lead">{text(lead(context, attribute, figures, asked))}</p>'))
    if attribute is None:
        not_enough(strings.NO_ATTRIBUTES)
        return
    if not figures:
        filtered("groups", "window", "version", "attribute", "measure", "group")
        return
    cells = {(group_key(each), each.name): each for each in figures if each.slice}
    groups = by_concern(cells)
    notes(groups, cells, attribute)
    plots = [name for name in PLOTS if any((key, name) in cells and cells[key, name].value is not None for key in groups)][:4]
    compared = frozenset(wording.group(each.reference_slice) for each in figures if each.reference_slice)
    for start in range(0, len(plots), 2):
        for place, name in zip(st.columns(2, gap="small"), plots[start : start + 2], strict=False):
            with place, panel(f"plot-{name}", measure(name), glossary.term(name).definition):
                mine = [cells[key, name] for key in groups if (key, name) in cells and is_known(cells[key, name])]
                chart.picture(interval_plot(name, mine[:MOST_GROUPS], references=compared))
                if len(mine) > MOST_GROUPS:
                    show(span(strings.shown_of(MOST_GROUPS, len(mine), strings.GROUPS_WORST), "c-note"))
                if name == "impact_ratio":
                    to_parity(data.figures(*context.key, names=(name,), window=shown, version=version, attribute=attribute, tables=True))
    with panel("groups", known("Groups", "group"), strings.GROUPS_LEAD):
        groups_table(groups, cells, compared, asked)
    left, right = st.columns([5, 6], gap="small")
    with left, panel("differences", strings.DIFFERENCES, strings.DIFFERENCES_LEAD):
        differences(figures, asked)
    with right:
        over_time(context, attribute, version, figures, groups)


def group_key(figure: Figure) -> str:
    """A group as one string, for sorting and links."""
    return Slice.of(dict(figure.slice)).to_json()


def is_known(figure: Figure) -> bool:
    """False for people whose level is not known."""
    return Slice.of(dict(figure.slice)).known


def ordered(model: data.Model, found: frozenset[str]) -> list[str]:
    """The attributes of a run: those declared, in the file's order, then the intersections."""
    single = [name for name in model.attributes if name in found]
    return single + sorted(found - set(single), key=lambda name: (name.count(","), name))


def asked_for(context: PageContext, figures: Sequence[Figure]) -> Figure | None:
    """The figure that the link names: its measure, of its group, or between all groups where it names none."""
    wanted = context.view.group
    named = [each for each in figures if each.name == context.view.measure]
    return next((each for each in named if (wording.group(each.slice) if each.slice else None) == wanted), None)


def concerns(context: PageContext, attribute: str | None = None) -> list[Attention]:
    """What needs attention between groups, worst first; of one attribute if it is named."""
    mine = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "fairness"]
    return [item for item in mine if attribute is None or attribute_of(item.figure) == attribute]


def worst_attribute(context: PageContext) -> str | None:
    """The attribute with the most urgent finding."""
    bad = concerns(context)
    return attribute_of(bad[0].figure) if bad else None


def lead(context: PageContext, attribute: str | None, figures: Sequence[Figure], asked: Figure | None) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most."""
    if asked is not None:
        return wording.sentence(asked, since=since(asked, concerns(context, attribute))) + "."
    bad = concerns(context, attribute)
    if bad:
        return wording.sentence(bad[0].figure, since=bad[0].since) + "."
    ratios = [each for each in figures if each.name == "impact_ratio" and each.value is not None and each.verdict != "insufficient"]
    if ratios:
        return wording.sentence(min(ratios, key=lambda each: each.value or 0.0)) + ". " + strings.CALM
    return strings.CALM if any(each.verdict == "pass" for each in figures) else strings.NOTHING_JUDGED


def to_parity(figures: Sequence[Figure]) -> None:
    """What it would take for the groups below the line to reach it, and how sure the gap is."""
    said = [
        f"{wording.group(each.slice)}: {words}"
        for each in sorted(figures, key=urgency)
        if each.verdict in ("fail", "warn") and (words := wording.detail(each))
    ]
    if said:
        show(span(". ".join(said[:3]) + ".", "c-note", strings.Z_SCORE))


def by_concern(cells: dict[tuple[str, str], Figure]) -> list[str]:
    """Groups, worst first: by impact ratio, else by approval rate; unknown groups last."""

    def rank(key: str) -> tuple[bool, bool, float, str]:
        ratio, rate = cells.get((key, "impact_ratio")), cells.get((key, "selection_rate"))
        value = ratio.value if ratio is not None and ratio.value is not None else rate.value if rate is not None else None
        return (not Slice.from_json(key).known, value is None, value if value is not None else 0.0, key)

    return sorted({key for key, _ in cells}, key=rank)


def support(key: str, cells: dict[tuple[str, str], Figure]) -> int | None:
    """Rows of a group: the largest n behind any of its rates."""
    return max(
        (each.n for (group, _), each in cells.items() if group == key and each.n is not None and not each.reference_slice), default=None
    )


def unjudged(key: str, cells: dict[tuple[str, str], Figure]) -> bool:
    """Whether a group has too few rows for every figure of it that would be judged."""
    verdicts = {each.verdict for (group, _), each in cells.items() if group == key and each.verdict}
    return verdicts == {"insufficient"}


def notes(groups: Sequence[str], cells: dict[tuple[str, str], Figure], attribute: str) -> None:
    """What must be known before reading the charts: unknown groups, and groups too small to judge."""
    unknown = sum(support(key, cells) or 0 for key in groups if not Slice.from_json(key).known)
    small = [wording.group(dict(Slice.from_json(key).levels)) for key in groups if unjudged(key, cells)]
    said = ([strings.unknown_group(unknown, wording.attribute(attribute))] if unknown else []) + (
        [strings.small_groups(small)] if small else []
    )
    if said:
        banner(" ".join(said), "info")


def groups_table(groups: Sequence[str], cells: dict[tuple[str, str], Figure], compared: frozenset[str], asked: Figure | None) -> None:
    """Every group and every rate, with intervals."""
    names = [name for name in RATES if any((key, name) in cells for key in groups)]
    show(rates_table(groups, cells, compared, names[:FIRST_RATES], asked))
    if names[FIRST_RATES:]:
        with st.expander(strings.MORE_RATES, expanded=asked is not None and asked.name in names[FIRST_RATES:]):
            show(rates_table(groups, cells, compared, names[FIRST_RATES:], asked))


def rates_table(
    groups: Sequence[str], cells: dict[tuple[str, str], Figure], compared: frozenset[str], names: Sequence[str], asked: Figure | None
) -> Html:
    """Some rates of every group."""
    columns = [
        Column(head="Group", css="tight"),
        Column(head=known("Status", "status"), css="tight"),
        Column(head=known("n", "n"), css="num"),
    ]
    columns += [Column(head=measure(name), css="num") for name in names]
    rows: list[list[object]] = []
    for key in groups:
        levels = Slice.from_json(key)
        name = wording.group(dict(levels.levels))
        mine = [each for (group, _), each in cells.items() if group == key]
        judged = [each for each in mine if each.verdict not in (None, "insufficient")]
        worst = min(judged or [each for each in mine if each.verdict], key=urgency, default=mine[0])
        title: object = name
        if name in compared:
            title = Html(f"{text(name)} {span('compared with', 'c-note', strings.COMPARED)}")
        state = status(worst.verdict, worst.reason) if levels.known else span("not compared", "c-quiet", strings.TERMS["unknown"])
        numbers = [compact(cells[key, each]) if (key, each) in cells else wording.DASH for each in names]
        rows.append([title, state, wording.count(support(key, cells)), *numbers])
    chosen = groups.index(group_key(asked)) if asked is not None and asked.slice and asked.name in names else None
    return table(strings.GROUPS_LEAD, columns, rows, chosen=chosen, height=460)


def differences(figures: Sequence[Figure], asked: Figure | None) -> None:
    """The gaps between groups, one line each, worst first."""
    gaps = sorted((each for each in figures if not each.slice), key=urgency)
    pairs = sorted((each for each in figures if each.reference_slice and each.name not in RATES), key=urgency)
    if not gaps and not pairs:
        not_enough(strings.NO_GAPS)
        return
    if gaps:
        show(gaps_table(gaps, None, asked))
    if pairs:
        with st.expander(strings.PAIRS, expanded=asked in pairs):
            show(gaps_table(pairs, 420, asked))


def gaps_table(figures: Sequence[Figure], height: int | None, asked: Figure | None) -> Html:
    """Gaps with their intervals; the groups are named where a gap is between two of them."""

    def first(figure: Figure) -> Html:
        return Html(f"{measure(figure.name)} {span(wording.subject(figure), 'c-note')}") if figure.slice else measure(figure.name)

    significant = any(each.q_value is not None for each in figures)
    return figure_table(
        strings.DIFFERENCES, figures, head="Gap", first=first, q_values=significant, chosen=lambda each: each == asked, height=height
    )


@st.fragment
def over_time(context: PageContext, attribute: str, version: str | None, figures: Sequence[Figure], groups: Sequence[str]) -> None:
    """The chosen measure per window, one line per group; its two menus redraw this panel only."""
    asked, _ = url_state.decode(st.query_params.to_dict())
    context = replace(context, view=replace(context.view, measure=asked.measure, group=asked.group))
    names = sorted({each.name for each in figures}, key=lambda name: (RATES.index(name) if name in RATES else len(RATES), name))
    default = "impact_ratio" if "impact_ratio" in names else names[0]
    with panel("trend", strings.OVER_TIME, strings.OVER_TIME_LEAD):
        first, second = st.columns(2)
        with first:
            chosen = choose(context, "measure", "Measure", names, words=lambda name: glossary.term(name).title, default=default) or default
        with second:
            labels = {key: wording.group(dict(Slice.from_json(key).levels)) for key in groups}
            single = choose(
                context, "group", "Group", [WORST, *labels.values()], words=lambda label: strings.WORST_GROUPS if label == WORST else label
            )
        past = data.figures(*context.key, names=(chosen,), whole=False, version=version, attribute=attribute, columns=False)
        if not past:
            not_enough(strings.NO_WINDOWS)
            return
        lines: dict[str, list[Figure]] = {}
        for each in past:
            if not each.slice or is_known(each):
                lines.setdefault(group_key(each), []).append(each)
        order = [key for key in groups if key in lines] + [key for key in lines if key not in groups]
        ratios = [each for each in figures if each.name == chosen and each.reference_slice]
        reference = {Slice.of(dict(each.reference_slice or {})).to_json() for each in ratios}
        small = {group_key(each) for each in figures if each.name == chosen and each.verdict == "insufficient"}
        thin = {key for key in order if median([each.n or 0 for each in lines[key]]) < FEWEST_ROWS}
        small |= thin if len(thin) < len(order) else set()
        alone = [key for key in order if not all(each.value == 1.0 for each in lines[key]) and key not in small | reference] or order
        if single != WORST:
            alone = [key for key in lines if labels.get(key) == single]
        if not alone:
            filtered("windows", "group", "measure")
            return
        kept = [(wording.group(lines[key][0].slice) if lines[key][0].slice else "", lines[key]) for key in alone[:MOST_LINES]]
        spec = trend(
            chosen,
            kept,
            about=f"by {wording.attribute(attribute)}",
            events=marks(context.snapshot.config, context.model, past[0].window_start is not None),
        )
        chart.draw(spec, key="trend-chart")
        note = strings.trend_note(False) + (
            f" {strings.shown_of(MOST_LINES, len(alone), strings.GROUPS_WORST)}" if len(alone) > MOST_LINES else ""
        )
        if thin and single == WORST:
            note += f" {strings.thin_groups(len(thin), FEWEST_ROWS)}"
        show(span(note, "c-note"))
        chart.folded_table(spec)
