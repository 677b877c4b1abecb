"""Gaps to the comparison group as dots with intervals around zero, each also in people."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components import chart
from dashboard.components.markup import Html, measure, show, text
from dashboard.components.states import not_enough, panel
from dashboard.panels import words
from reports import glossary, series
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure

FIRST = (
    "selection_rate_difference", "true_positive_rate_difference", "false_positive_rate_difference", "positive_predictive_value_difference",
    "mean_error_difference", "mean_absolute_error_difference", "accuracy_difference", "calibration_gap_difference",
)  # fmt: skip
MOST = 4


def draw(figures: Sequence[Figure]) -> None:
    """Draw the four main gaps, each in a panel of its own."""
    held = {name: [each for each in figures if each.name == name and each.slice != each.reference_slice] for name in FIRST}
    names = [name for name in FIRST if any(each.value is not None for each in held[name])][:MOST]
    if not names:
        not_enough(words.NO_GAPS)
        return
    for start in range(0, len(names), 2):
        for place, name in zip(st.columns(2, gap="small"), names[start : start + 2], strict=False):
            with place, panel(f"gap-{name}", measure(name), glossary.term(name).definition):
                mine = sorted(held[name], key=lambda each: (each.value is None, each.value or 0.0))
                widest = max(
                    (each for each in mine if each.value is not None), key=lambda each: (-urgency(each)[0], abs(each.value or 0.0))
                )
                show(Html(f'<p class="c-lead">{text(wording.sentence(widest))}.</p>'))
                spec = series.gaps(mine)
                if spec is not None:
                    chart.picture(spec)
