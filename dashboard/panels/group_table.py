"""Every group of an attribute and every rate of it, with intervals; who is compared with whom, and who is too few."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audits.slices import Slice
from dashboard import strings
from dashboard.components.figure_table import compact, heads
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import banner
from dashboard.components.status import status
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure

RATES = (
    "selection_rate", "impact_ratio", "base_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value",
    "mean_error", "mean_absolute_error", "root_mean_squared_error", "mean_prediction", "mean_outcome", "interval_coverage",
    "calibration_gap", "expected_calibration_error", "false_negative_rate", "accuracy", "scoring_rate", "scoring_impact_ratio",
    "standardized_mean_difference", "residual_standardized_mean_difference", "roc_auc", "odds_ratio", "false_positive_rate_ratio",
    "false_negative_rate_ratio", "true_positive_rate_ratio", "expected_cost",
)  # fmt: skip
"""The columns of the table of groups, as far as the run reports them."""
NAMES = RATES
FIRST_RATES = 6


def group_key(figure: Figure) -> str:
    """A group as one string, for sorting and links."""
    return Slice.of(dict(figure.slice)).to_json()


def is_known(figure: Figure) -> bool:
    """False for people whose level is not known."""
    return Slice.of(dict(figure.slice)).known


def by_concern(cells: dict[tuple[str, str], Figure]) -> list[str]:
    """Groups, worst first: by impact ratio, else by approval rate or by size of the mean error; unknown groups last."""

    def rank(key: str) -> tuple[bool, bool, float, str]:
        ratio, rate = cells.get((key, "impact_ratio")), cells.get((key, "selection_rate"))
        error = cells.get((key, "mean_error"))
        value = ratio.value if ratio is not None and ratio.value is not None else rate.value if rate is not None else None
        value = -abs(error.value) if value is None and error is not None and error.value is not None else value
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


def draw(
    groups: Sequence[str], cells: dict[tuple[str, str], Figure], compared: frozenset[str], asked: Figure | None, of_class: bool = False
) -> None:
    """Every group and every rate, with intervals."""
    names = [name for name in RATES if any((key, name) in cells and cells[key, name].value is not None for key in groups)]
    show(rates_table(groups, cells, compared, names[:FIRST_RATES], asked, of_class))
    if names[FIRST_RATES:]:
        with st.expander(strings.MORE_RATES, expanded=asked is not None and asked.name in names[FIRST_RATES:]):
            show(rates_table(groups, cells, compared, names[FIRST_RATES:], asked, of_class))


def rates_table(
    groups: Sequence[str],
    cells: dict[tuple[str, str], Figure],
    compared: frozenset[str],
    names: Sequence[str],
    asked: Figure | None,
    of_class: bool = False,
) -> Html:
    """Some rates of every group."""
    columns = [
        Column(head="Group", css="tight"),
        Column(head=known("Status", "status"), css="tight"),
        Column(head=known("n", "n"), css="num"),
    ]
    people = "impact_ratio" in names and any(each.people is not None for (_, name), each in cells.items() if name == "impact_ratio")
    for name in names:
        columns.append(Column(head=measure(name, of_class=of_class), css="num"))
        columns += [Column(head=known("People", "people"), css="num")] if name == "impact_ratio" and people else []
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
        numbers: list[object] = []
        for each in names:
            numbers.append(compact(cells[key, each]) if (key, each) in cells else wording.DASH)
            if each == "impact_ratio" and people:
                numbers.append(heads(cells[key, each]) if (key, each) in cells else wording.DASH)
        rows.append([title, state, wording.count(support(key, cells)), *numbers])
    chosen = groups.index(group_key(asked)) if asked is not None and asked.slice and asked.name in names else None
    return table(strings.GROUPS_LEAD, columns, rows, chosen=chosen, height=460)
