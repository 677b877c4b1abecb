"""The threshold explorer: rates at every cut-off, the figures at one of them, for everybody and per group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.choose import choose, reread
from dashboard.components.figure_table import around, reason
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import not_enough, panel
from dashboard.page import PageContext, Scope
from dashboard.panels import expected_cost, words
from dashboard.panels.attributes import ordered
from reports import charts, tradeoff_series
from reports import strings as wording
from reports.figure import Figure

RATES = ("selection_rate", "accuracy", "balanced_accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value")
BY_GROUP = ("selection_rate", "impact_ratio", "true_positive_rate", "false_positive_rate")


@st.fragment
def draw(context: PageContext, scope: Scope) -> None:
    """Draw the explorer; the cut-off and the attribute redraw these panels only."""
    context = reread(context, "cut", "attribute")
    found = scope.read(context, "threshold_curve", population=True, tables=True)
    curve = found[0] if found else None
    tables: Mapping[str, Any] = (curve.tables if curve is not None else None) or {}
    cuts = [float(each) for each in tables.get("threshold") or ()]
    if curve is None or not cuts:
        with panel("explorer", words.EXPLORER, words.EXPLORER_LEAD):
            not_enough(reason(curve) if curve is not None and curve.reason else words.NO_EXPLORER)
        return
    left, right = st.columns([6, 5], gap="small")
    with left, panel("explorer", words.EXPLORER, words.EXPLORER_LEAD):
        place = chosen(context, cuts, default_place(tables, len(cuts)))
        spec = tradeoff_series.thresholds(curve)
        if spec is not None:
            chart.picture(marked(spec, cuts[place]))
            chart.folded_table(spec)
    with right, panel("at-cut-off", words.AT_CUT_OFF, f"{words.CUT_OFF_MOVE} {today(tables)}"):
        everybody(tables, place, cuts, of_class=scope.label is not None)
    with panel("cut-off-groups", words.CUT_OFF_GROUPS, words.CUT_OFF_GROUPS_LEAD):
        by_group(context, scope, cuts[place])
    with panel("cost", words.COST):
        expected_cost.draw(context, scope)


def shown(cut: float) -> str:
    """A cut-off as it stands in links and in the slider."""
    return f"{cut:.4g}"


def marked(spec: charts.CurveChart, cut: float) -> charts.CurveChart:
    """The chart with a line at the chosen cut-off; one label says both where today's is near."""
    ends = [x for curve in spec.curves for x in curve.x]
    near = [rule for rule in spec.rules if abs(rule.at - cut) < 0.3 * (max(ends) - min(ends))]
    chosen_ = charts.Rule(at=cut, text=f"{words.CHOSEN} {shown(cut)}")
    if not near:
        return replace(spec, rules=(*spec.rules, chosen_))
    both = replace(near[0], text=f"{words.CHOSEN} {cut:.3g}, {words.TODAY} {near[0].at:.3g}")
    return replace(spec, rules=(both, replace(chosen_, text="")))


def default_place(tables: Mapping[str, Any], cuts: int) -> int:
    """Today's cut-off where decisions follow one; else the most accurate one."""
    for place in ((tables.get("log") or {}).get("place"), (tables.get("best") or {}).get("accuracy")):
        if isinstance(place, int) and 0 <= place < cuts:
            return place
    return cuts // 2


def chosen(context: PageContext, cuts: Sequence[float], default: int) -> int:
    """The place of the cut-off that the link or the slider asks for: the nearest there is."""
    wanted = context.view.cut
    place = default
    if wanted is not None:
        try:
            place = min(range(len(cuts)), key=lambda i: abs(cuts[i] - float(wanted)))
        except ValueError:
            context.say(strings.unknown_value("cut-off", wanted, shown(cuts[default]), None))
    names = list(dict.fromkeys(shown(cut) for cut in cuts))
    st.session_state["choose-cut"] = shown(cuts[place])
    st.select_slider(
        strings.CUT_OFF, names, key="choose-cut", on_change=write, help=strings.TERMS["cutoff"],
    )  # fmt: skip
    return place


def write() -> None:
    """The link follows the slider."""
    st.query_params["cut"] = st.session_state["choose-cut"]


def today(tables: Mapping[str, Any]) -> str:
    """How today's decisions relate to a cut-off."""
    log = tables.get("log") or {}
    if log.get("agreement") is None:
        return ""
    if log.get("threshold") is None:
        return words.NOT_TODAY
    share = wording.number(log["agreement"], "percent")
    return f"A cut-off of {shown(float(log['threshold']))} gives {share} of today's decisions."


def at(column: Mapping[str, Any] | None, place: int) -> Mapping[str, float | None] | None:
    """One place of a column of values with intervals."""
    return None if not column else {key: column[key][place] if column.get(key) else None for key in ("value", "low", "high")}


def everybody(tables: Mapping[str, Any], place: int, cuts: Sequence[float], *, of_class: bool) -> None:
    """The figures at the cut-off, those of today's decisions, and those of the best cut-off."""
    log, best = tables.get("log") or {}, (tables.get("best") or {}).get("accuracy")
    columns = [Column(head="Measure", css="tight"), Column(head=f"At {shown(cuts[place])}", css="num")]
    columns += [Column(head="Today", css="num")] if log else []
    columns += [Column(head=f"Most accurate, {shown(cuts[best])}", css="num")] if isinstance(best, int) else []
    rows = []
    for name in (*RATES, "cost"):
        if not tables.get(name):
            continue
        unit = "currency" if name == "cost" else "percent"
        row: list[object] = [measure("expected_cost" if name == "cost" else name, of_class=of_class), around(at(tables[name], place), unit)]
        row += [around(log.get(name), unit)] if log else []
        row += [around(at(tables[name], best), unit)] if isinstance(best, int) else []
        rows.append(row)
    show(table(words.AT_CUT_OFF, columns, rows))
    rows_ = f"{wording.count(tables.get('n'))} of {wording.count(tables.get('scored'))} scored rows have a known outcome."
    show(span(rows_, "c-note"))


def by_group(context: PageContext, scope: Scope, cut: float) -> None:
    """What the cut-off means for each group of one attribute."""
    known_attributes = ordered(context.model, data.attributes(*context.key, names=("threshold_curve",)))
    with st.container(width=260):
        attribute = choose(context, "attribute", "Attribute", known_attributes, words=wording.attribute, bare=True)
    found = () if attribute is None else scope.read(context, "threshold_curve", attribute=attribute, tables=True)
    figure: Figure | None = next((each for each in found if not each.slice), None)
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    if figure is None or not tables.get("groups"):
        not_enough(reason(figure) if figure is not None and figure.reason else strings.NO_ATTRIBUTES)
        return
    cuts = [float(each) for each in tables["threshold"]]
    place = min(range(len(cuts)), key=lambda i: abs(cuts[i] - cut))  # an intersection has coarser cut-offs
    left, right = st.columns([5, 7], gap="medium")
    with left:
        spec = tradeoff_series.thresholds_by_group(figure)
        if spec is not None:
            chart.picture(marked(spec, cuts[place]), width=560)
            chart.folded_table(spec)
    with right:
        columns = [Column(head="Group", css="tight"), Column(head=known("n", "n"), css="num")]
        columns += [Column(head=measure(name, of_class=scope.label is not None), css="num") for name in BY_GROUP]
        logged = any(each.get("log") for each in tables["groups"])
        columns += [Column(head=Html(f"{measure('impact_ratio', of_class=scope.label is not None)} today"), css="num")] if logged else []
        rows = []
        for each in tables["groups"]:
            row: list[object] = [wording.group(each["slice"]), wording.count(each.get("scored"))]
            row += [around(at(each.get(name), place), "ratio" if name == "impact_ratio" else "percent") for name in BY_GROUP]
            row += [around((each.get("log") or {}).get("impact_ratio"), "ratio")] if logged else []
            rows.append(row)
        show(table(words.CUT_OFF_GROUPS, columns, rows, height=380))
        lowest = at(tables.get("impact_ratio"), place)
        if lowest and lowest.get("value") is not None:
            told = " ".join(wording.parts(lowest["value"], lowest.get("low"), lowest.get("high"), "ratio"))
            show(Html(f'<p class="c-note">{text(f"Lowest ratio at {shown(cuts[place])}: {told}.")}</p>'))
