"""Fairness: groups, gaps, trends, conflicts and what could be done, in parts of which one is drawn at a time."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import data, strings
from dashboard.components.choose import choose, choose_part, menus, scoped
from dashboard.components.markup import Html, known, show, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.destination import ABOUT_COLUMNS, BETWEEN, attribute_of, destination, fairness_part
from dashboard.page import PageContext, Part, Scope, any_of, page
from dashboard.panels import (
    alternatives,
    by_probability,
    conflicts,
    frontier,
    gap_plots,
    gap_table,
    group_plots,
    group_table,
    group_trend,
    impact_by_share,
    proxies,
    retrained,
    sample_size,
    within_segments,
    words,
)  # fmt: skip
from dashboard.panels.attributes import ordered
from reports import strings as wording
from reports.attention import Attention, since
from reports.figure import Figure


@page(strings.FAIRNESS, "fairness")
def fairness(context: PageContext) -> None:
    """Draw the page."""
    top = st.container(key="head")
    part = choose_part(context, PARTS, fairness_part(context.view.measure) if context.view.measure else None)
    with top:
        head, places = menus(context, part, "attribute")
    reported = data.names(*context.key)
    names = [name for name in reported if part.shows(frozenset({name}))]
    offered = data.attributes(*context.key, names=names) if names else frozenset()
    # Another part may be about another attribute: that is no mistake in the link.
    elsewhere = context.view.attribute in data.attributes(*context.key) - offered
    with places["attribute"]:
        attribute = choose(
            context.without("attribute") if elsewhere else context, "attribute", "Attribute", ordered(context.model, offered),
            words=wording.attribute, default=worst_attribute(context), help=strings.TERMS["group"],
        )  # fmt: skip
    scope = scoped(context, part, places, attribute=attribute, default_class=worst_class(context) if "class" in places else None)
    asked = asked_for(context, scope)
    with head:
        show(Html(f'<h1 class="c-title">{strings.FAIRNESS}</h1><p class="c-lead">{text(lead(context, scope, asked))}</p>'))
    if attribute is None:
        not_enough(strings.NO_ATTRIBUTES)
        return
    part.draw(context, scope)


def asked_for(context: PageContext, scope: Scope) -> Figure | None:
    """The figure that the link names: its measure, of its group, or between all groups where it names none."""
    name, wanted = context.view.measure, context.view.group
    if name is None or scope.attribute is None:
        return None
    about: dict[str, Any] = {"columns": None, "column": None} if name in ABOUT_COLUMNS else {}
    named = scope.read(context, name, attribute=scope.attribute, tables=True, version=context.view.version, **about)
    return next((each for each in named if (wording.group(each.slice) if each.slice else None) == wanted), None)


def worst_class(context: PageContext) -> str | None:
    """The class with the most urgent finding, else the most frequent one."""
    bad = (item.figure.column for item in concerns(context) if item.figure.column is not None)
    return next(bad, next(iter(data.labels(*context.key)), None))


def lead(context: PageContext, scope: Scope, asked: Figure | None) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most."""
    if asked is not None:
        return wording.sentence(asked, since=since(asked, concerns(context, scope.attribute))) + "."
    bad = concerns(context, scope.attribute)
    if bad:
        return wording.sentence(bad[0].figure, since=bad[0].since) + "."
    if scope.attribute is None:
        return strings.NO_ATTRIBUTES
    figures = scope.read(context, "impact_ratio", attribute=scope.attribute)
    ratios = [each for each in figures if each.value is not None and each.verdict != "insufficient"]
    if ratios:
        return wording.sentence(min(ratios, key=lambda each: each.value or 0.0)) + ". " + strings.CALM_HERE
    gaps_ = scope.read(context, "mean_error_difference", "accuracy_difference", attribute=scope.attribute)
    held = [each for each in gaps_ if each.value is not None]
    if held:
        widest = max(held, key=lambda each: (each.name == held[0].name, abs(each.value or 0.0)))
        return f"{wording.sentence(widest)}. {strings.NO_THRESHOLD_HERE}"
    return strings.CALM_HERE if data.counts(*context.key).get("pass") else strings.NOTHING_JUDGED


def concerns(context: PageContext, attribute: str | None = None) -> list[Attention]:
    """What needs attention between groups, worst first; of one attribute if it is named."""
    mine = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "fairness"]
    return [item for item in mine if attribute is None or attribute_of(item.figure) == attribute]


def worst_attribute(context: PageContext) -> str | None:
    """The attribute with the most urgent finding."""
    bad = concerns(context)
    return attribute_of(bad[0].figure) if bad else None


def groups(context: PageContext, scope: Scope) -> None:
    """Every group's rates."""
    figures = scope.read(context, *group_table.NAMES, attribute=scope.attribute, tables=False)
    if not figures:
        filtered("groups", "window", "version", "attribute", "measure", "group", "column")
        return
    cells = {(group_table.group_key(each), each.name): each for each in figures if each.slice}
    order = group_table.by_concern(cells)
    group_table.notes(order, cells, scope.attribute or "")
    compared = frozenset(wording.group(each.reference_slice) for each in figures if each.reference_slice)
    group_plots.draw(context, scope, order, cells, compared)
    with panel("groups", known("Groups", "group"), strings.GROUPS_LEAD):
        group_table.draw(order, cells, compared, asked_for(context, scope), scope.label is not None)


def gaps(context: PageContext, scope: Scope) -> None:
    """Every group against the comparison group, and between all groups."""
    held = data.catalogue(*context.key).whole.get(scope.attribute or "", frozenset())
    names = [name for name in held if name in BETWEEN or name.endswith("_difference")]
    figures = scope.read(context, *names, attribute=scope.attribute) if names else ()
    if not figures:
        filtered("gaps", "window", "version", "measure", "group", "column")
        return
    asked = asked_for(context, scope)
    gap_plots.draw(figures)
    left, right = st.columns([6, 7], gap="small")
    with left, panel("one-number", words.ONE_NUMBER, words.ONE_NUMBER_LEAD):
        gap_table.one_number(figures, asked)
    with right, panel("every-gap", words.GAPS_TABLE, words.GAPS_TABLE_LEAD):
        gap_table.every_gap(figures, asked)


def trends(context: PageContext, scope: Scope) -> None:
    """One measure, group by group, over time."""
    group_trend.draw(context, scope)


def conflict(context: PageContext, scope: Scope) -> None:
    """Criteria that exclude one another, and gaps that turn round within a segment."""
    with panel("conflicts", words.CONFLICT, words.CONFLICT_LEAD):
        conflicts.draw(context, scope)
    with panel("within", words.WITHIN, words.WITHIN_LEAD):
        within_segments.draw(context, scope)


def what_if(context: PageContext, scope: Scope) -> None:
    """What could be decided otherwise."""
    if context.model.task == "regression":  # nothing is decided by a cut-off
        with panel("by-share", words.BY_SHARE, words.BY_SHARE_LEAD):
            impact_by_share.draw(context, scope)
        return
    left, right = st.columns(2, gap="small")
    with left, panel("frontier", words.FRONTIER, words.FRONTIER_LEAD):
        frontier.draw(context, scope)
    with right, panel("alternatives", words.ALTERNATIVES):
        alternatives.draw(context, scope)
    with right, panel("by-share", words.BY_SHARE, words.BY_SHARE_LEAD):
        impact_by_share.draw(context, scope)
    with panel("retrained", words.RETRAINED, words.RETRAINED_LEAD):
        retrained.draw(context, scope)


def proxy(context: PageContext, scope: Scope) -> None:
    """Features that give a group away."""
    with panel("proxies", words.PROXIES, words.PROXIES_LEAD):
        proxies.draw(context, scope)
    with panel("together", words.TOGETHER):
        proxies.together(context, scope)


def size(context: PageContext, scope: Scope) -> None:
    """How small a gap the rows could show."""
    with panel("sample-size", words.SIZE, words.SIZE_LEAD):
        sample_size.draw(context, scope)


ALL_MENUS = frozenset({"version", "window", "class"})
PARTS = (
    Part(key="groups", title="Groups", draw=groups, shows=any_of(*group_table.NAMES), menus=ALL_MENUS),
    Part(key="gaps", title="Gaps", draw=gaps, menus=ALL_MENUS,
         shows=lambda reported: any(name in BETWEEN or (name.endswith("_difference") and not name.endswith("_version_difference"))
                                    for name in reported)),
    Part(key="trends", title="Over time", draw=trends, shows=any_of(*group_table.NAMES), menus=frozenset({"version", "class"})),
    Part(key="conflicts", title="Conflicts", draw=conflict, shows=any_of("criteria_conflict", "cochran_mantel_haenszel"),
         menus=frozenset({"one class"})),
    Part(key="what-if", title="What if", draw=what_if, menus=frozenset({"one class"}),
         shows=any_of("mitigation_frontier", "less_discriminatory_alternatives", "reductions_frontier", "quantile_impact_ratio")),
    Part(key="proxies", title="Proxies", draw=proxy, shows=any_of("proxy_strength")),
    Part(key="by-probability", title="By probability", draw=by_probability.draw, shows=any_of("probability_weighted_*"), menus=ALL_MENUS),
    Part(key="sample-size", title="Sample size", draw=size, shows=any_of("detectable_gap"), menus=frozenset({"one class"})),
)  # fmt: skip
