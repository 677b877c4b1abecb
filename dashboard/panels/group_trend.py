"""One measure over time, one line per group; its two menus redraw this panel only."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import streamlit as st

from audits.slices import Slice
from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.choose import choose, reread
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import show, span
from dashboard.components.states import filtered, not_enough, panel
from dashboard.page import PageContext, Scope
from dashboard.panels.group_table import RATES, by_concern, group_key, is_known
from reports import glossary
from reports import strings as wording
from reports.figure import Figure
from reports.series import FEWEST_ROWS

MOST_LINES = 4
WORST = "worst"


@st.fragment
def draw(context: PageContext, scope: Scope) -> None:
    """The chosen measure per window, one line per group."""
    context = reread(context, "measure", "group")
    reported = data.catalogue(*context.key).windows.get(scope.attribute or "", frozenset())
    names = sorted(reported, key=lambda name: (RATES.index(name) if name in RATES else len(RATES), glossary.term(name).title))
    with panel("trend", strings.OVER_TIME, strings.OVER_TIME_LEAD):
        if not names:
            not_enough(strings.NO_WINDOWS)
            return
        several = context.model.task == "multiclass" and scope.label is None
        preferred = ("accuracy",) if several else ("impact_ratio", "mean_error")
        default = next((name for name in preferred if name in names), names[0])
        whole = scope.read(
            context, "impact_ratio", "selection_rate", "accuracy", "mean_error", attribute=scope.attribute, window=None, whole=True
        )
        groups = by_concern({(group_key(each), each.name): each for each in whole if each.slice})
        first, second = st.columns(2)
        with first:
            chosen = choose(context, "measure", "Measure", names, words=lambda name: glossary.term(name).title, default=default) or default
        with second:
            labels = {key: wording.group(dict(Slice.from_json(key).levels)) for key in groups}
            single = choose(
                context, "group", "Group", [WORST, *labels.values()], words=lambda label: strings.WORST_GROUPS if label == WORST else label
            )
        past = scope.read(context, chosen, windows=True, attribute=scope.attribute)
        if not past:
            not_enough(strings.NO_WINDOWS)
            return
        lines = by_group(past)
        order = [key for key in groups if key in lines] + [key for key in lines if key not in groups]
        thin = {key for key in order if median([each.n or 0 for each in lines[key]]) < FEWEST_ROWS}
        alone = [key for key in lines if labels.get(key) == single] if single != WORST else worth_drawing(order, lines, thin)
        if not alone:
            filtered("windows", "group", "measure")
            return
        kept = [(wording.group(lines[key][0].slice) if lines[key][0].slice else "", lines[key]) for key in alone[:MOST_LINES]]
        events = marks(context.snapshot, context.model, past[0].window_start is not None)
        spec = trend(chosen, kept, about=f"by {wording.attribute(scope.attribute)}", events=events)
        chart.draw(spec, key="trend-chart")
        note = strings.trend_note(False)
        note += f" {strings.shown_of(MOST_LINES, len(alone), strings.GROUPS_WORST)}" if len(alone) > MOST_LINES else ""
        note += f" {strings.thin_groups(len(thin), FEWEST_ROWS)}" if thin and single == WORST else ""
        show(span(note, "c-note"))
        chart.folded_table(spec)


def by_group(past: Sequence[Figure]) -> dict[str, list[Figure]]:
    """Windows by group; people whose group is not known are left out."""
    lines: dict[str, list[Figure]] = {}
    for each in past:
        if not each.slice or is_known(each):
            lines.setdefault(group_key(each), []).append(each)
    return lines


def worth_drawing(order: Sequence[str], lines: dict[str, list[Figure]], thin: set[str]) -> list[str]:
    """The groups that say something: not the comparison group against itself, not those of a few rows beside larger ones."""
    constant = {
        key
        for key in order
        if all(each.value == 1.0 for each in lines[key]) or all(each.slice == each.reference_slice for each in lines[key])
    }
    small = {key for key in order if all(each.verdict in ("insufficient", None) for each in lines[key]) and any(
        each.verdict == "insufficient" for each in lines[key])}  # fmt: skip
    small |= thin if len(thin) < len(order) else set()
    return [key for key in order if key not in constant | small] or list(order)
