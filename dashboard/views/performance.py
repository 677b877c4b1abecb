"""Performance: how right the model is, in parts of which one is drawn at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboard import data, strings
from dashboard.components.choose import choose, choose_part, menus, scoped
from dashboard.components.markup import Html, known, show, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.destination import destination, performance_part
from dashboard.page import PageContext, Part, Scope, any_of, page
from dashboard.panels import (
    brier_parts,
    confusion,
    cut_offs,
    error_by_size,
    maturity,
    measures,
    outcome_bounds,
    outcomes_arriving,
    per_class,
    realised_over_time,
    reliability,
    reliability_by_group,
    selective_labels,
    versions,
    weak_spots,
    words,
)  # fmt: skip
from reports import glossary
from reports import strings as wording
from reports.attention import since
from reports.figure import Figure

FIRST = (
    "accuracy", "mean_absolute_error", "roc_auc", "true_positive_rate", "false_positive_rate", "positive_predictive_value",
    "expected_calibration_error", "r_squared", "root_mean_squared_error", "mean_error", "interval_coverage", "selection_rate", "base_rate",
)  # fmt: skip
"""The measures that stand for the model as a whole, in this order."""


@page(strings.PERFORMANCE, "performance")
def performance(context: PageContext) -> None:
    """Draw the page."""
    top = st.container(key="head")
    part = choose_part(context, PARTS, performance_part(context.view.measure) if context.view.measure else None)
    with top:
        head, places = menus(context, part)
    scope = scoped(context, part, places)
    asked = asked_for(context, scope)
    with head:
        show(Html(f'<h1 class="c-title">{strings.PERFORMANCE}</h1><p class="c-lead">{text(lead(context, scope, asked))}</p>'))
    part.draw(context, scope)


def asked_for(context: PageContext, scope: Scope) -> Figure | None:
    """The figure about everybody that the link names."""
    name = context.view.measure
    if name is None:
        return None
    version = context.view.version if performance_part(name) != "versions" else None
    more: dict[str, Any] = {"versions": True} if performance_part(name) == "versions" else {"version": version}
    found = scope.read(context, name, tables=True, **more) if name.startswith("weak_spot") else scope.read(
        context, name, population=True, tables=True, **more)  # fmt: skip
    return next(iter(found), None)


def lead(context: PageContext, scope: Scope, asked: Figure | None) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most, or the main figure."""
    bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "performance"]
    if asked is not None:
        return wording.sentence(asked, since=since(asked, bad)) + "."
    if bad:
        return wording.sentence(bad[0].figure, since=bad[0].since) + "."
    figures = scope.read(context, *FIRST, *(f"estimated_{name}" for name in FIRST[:2]), population=True)
    mine = sorted((each for each in figures if each.value is not None and each.name in FIRST), key=lambda each: FIRST.index(each.name))
    guessed = [each for each in figures if each.value is not None and each.name not in FIRST]
    if not mine and not guessed:
        return strings.NO_PERFORMANCE
    calm = strings.CALM_HERE if data.counts(*context.key).get("pass") else strings.NO_THRESHOLD
    return f"{wording.sentence((mine or guessed)[0])}. {calm}"


def overview(context: PageContext, scope: Scope) -> None:
    """The table of measures, and one of them over time."""
    figures = scope.read(context, population=True, tables=True)
    mine = measures.of_everybody(figures)
    if not mine:
        if scope.version is None and scope.window is None:
            not_enough(strings.NO_PERFORMANCE)
        else:
            filtered("measures", "version", "window")
        return
    names = list(dict.fromkeys(each.name.removeprefix("estimated_") for each in mine))
    left, right = st.columns([9, 5], gap="small")
    with right, panel("trend", words.REALISED, words.REALISED_LEAD):
        chosen = picked(context, names)
        realised_over_time.draw(context, scope, chosen, figures)
    with left, panel("measures", strings.MEASURES, words.MEASURES_LEAD):
        measures.draw(context, figures, chosen)


def picked(context: PageContext, names: Sequence[str]) -> str:
    """The measure to follow over time: what the link says, else the most urgent."""
    bad = [item.figure.name for item in data.attention(*context.key) if destination(item.figure)[0] == "performance"]
    worst = next((name for name in bad if name in names), None)
    default = worst or next((each for each in FIRST if each in names), names[0])
    return choose(context, "measure", "Measure", names, words=lambda name: glossary.term(name).title, default=default, bare=True) or default


def labels(context: PageContext, scope: Scope) -> None:
    """How outcomes arrive, and whose."""
    left, right = st.columns(2, gap="small")
    with left, panel("arrival", words.ARRIVAL, words.ARRIVAL_LEAD):
        outcomes_arriving.draw(context, scope)
    with right, panel("maturity", known(words.MATURITY, "maturity"), words.MATURITY_LEAD):
        maturity.draw(context, scope)
    left, right = st.columns(2, gap="small")
    with left, panel("selective", words.SELECTIVE):
        selective_labels.draw(context, scope)
    with right, panel("bounds", known(words.BOUNDS, "bounds"), words.BOUNDS_LEAD):
        outcome_bounds.draw(context, scope)


def calibration(context: PageContext, scope: Scope) -> None:
    """Whether scores mean what they say."""
    several = context.model.task == "multiclass" and scope.label is None
    left, right = st.columns(2, gap="small")
    with left, panel("reliability", words.RELIABILITY, words.TOP_LABEL_LEAD if several else words.RELIABILITY_LEAD):
        reliability.draw(context, scope)
    with left, panel("brier", words.BRIER, words.BRIER_LEAD):
        brier_parts.draw(context, scope)
    with right, panel("reliability-groups", words.BY_GROUP, words.BY_GROUP_LEAD):
        reliability_by_group.draw(context, scope)


def cuts(context: PageContext, scope: Scope) -> None:
    """The threshold explorer."""
    cut_offs.draw(context, scope)


def spots(context: PageContext, scope: Scope) -> None:
    """Where the model errs most."""
    with panel("weak-spots", words.WEAK_SPOTS, words.WEAK_SPOTS_LEAD):
        weak_spots.draw(context, scope, weak_spots.AMONG_GROUPS)
    with panel("weak-features", words.WEAK_FEATURES, words.WEAK_FEATURES_LEAD):
        weak_spots.draw(context, scope, weak_spots.BY_FEATURES)


def alone(key: str, title: str, sentence: str, draw: object, context: PageContext, scope: Scope) -> None:
    """A part that is one panel."""
    with panel(key, title, sentence):
        draw(context, scope)  # type: ignore[operator]


def classes(context: PageContext, scope: Scope) -> None:
    """A task with several classes: who is taken for whom, and each class on its own."""
    with panel("confusion", words.CONFUSION, words.CONFUSION_LEAD):
        confusion.draw(context, scope)
    with panel("per-class", words.PER_CLASS, words.PER_CLASS_LEAD):
        per_class.draw(context, scope)


def compares_versions(reported: frozenset[str]) -> bool:
    """Whether the run holds a version and one before it."""
    return any(name.endswith("_version_difference") for name in reported)


ALL_MENUS = frozenset({"version", "window"})
PARTS = (
    Part(key="overview", title="Overview", draw=overview, shows=lambda reported: bool(reported), menus=ALL_MENUS),
    Part(key="classes", title="Classes", draw=classes, shows=any_of("accuracy"), menus=ALL_MENUS, tasks=frozenset({"multiclass"})),
    Part(key="sizes", title="By size", menus=ALL_MENUS, shows=any_of("mean_error"), tasks=frozenset({"regression"}),
         draw=partial(alone, "by-size", words.BY_SIZE, words.BY_SIZE_LEAD, error_by_size.draw)),
    Part(key="labels", title="Labels", draw=labels, shows=any_of("label_maturity", "label_selectivity"),
         menus=frozenset({"version", "window"})),
    Part(key="calibration", title="Calibration", draw=calibration, shows=any_of("expected_calibration_error", "brier_score"),
         menus=ALL_MENUS | {"class"}),
    Part(key="cut-offs", title="Cut-offs", draw=cuts, shows=any_of("threshold_curve", "expected_cost"), menus=frozenset({"one class"})),
    Part(key="weak-spots", title="Weak spots", draw=spots, shows=any_of("weak_spot*")),
    Part(key="versions", title="Versions", shows=compares_versions, menus=frozenset({"class"}),
         draw=partial(alone, "versions", words.VERSIONS, words.VERSIONS_LEAD, versions.draw)),
)  # fmt: skip
