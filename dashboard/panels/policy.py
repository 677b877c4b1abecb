"""The policy in force and how it has changed."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.components.markup import Column, measure, show, span, table
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import words
from reports import strings as wording


def draw(context: PageContext) -> None:
    """Draw the thresholds with their grounds, then the changes."""
    found = data.thresholds(*context.key)
    if not found:
        not_enough(words.NO_POLICY)
        return
    columns = [
        Column(head="Measure", css="tight"),
        Column(head="Allowed", css="num"),
        Column(head="Why", css="wide"),
        Column(head="Source", css="wide quiet"),
        Column(head="From", css="tight quiet"),
        Column(head="Until", css="tight quiet"),
    ]
    rows = [
        [
            measure(each.name),
            wording.policy(each.threshold_min, each.threshold_max, wording.display_unit(each.name, each.unit)),
            wording.safe(each.rationale or wording.DASH),
            wording.safe(each.threshold_source or wording.DASH),
            wording.day(each.threshold_since) if each.threshold_since else wording.DASH,
            wording.day(each.threshold_until) if each.threshold_until else wording.DASH,
        ]
        for each in found
    ]
    if not any(each.threshold_since or each.threshold_until for each in found):
        columns, rows = columns[:-2], [row[:-2] for row in rows]
    show(table(words.POLICY, columns, rows, height=420))
    changes = data.policy_changes(context.snapshot, context.model.model)
    if not changes:
        show(span(words.NO_CHANGES, "c-note"))
        return
    with st.expander(f"{words.CHANGES} ({wording.count(len(changes))})", expanded=True):
        heads = [
            Column(head="Seen in the audit of", css="tight"),
            Column(head="Measure", css="tight"),
            Column(head="What", css="tight"),
            Column(head="Before", css="wide"),
            Column(head="After", css="wide"),
            Column(head="Holds from", css="tight"),
        ]
        lines = [
            [
                wording.moment(each["at"]),
                measure(each["name"]),
                each["field"].replace("_", " "),
                wording.safe(each["before"] or "none"),
                wording.safe(each["after"] or "none"),
                wording.day(each["since"]) if each["since"] else wording.DASH,
            ]
            for each in changes[:50]
        ]
        show(table(words.CHANGES, heads, lines, height=280))
