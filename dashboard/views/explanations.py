"""Explanations: what is explained, what the score is made of and for whom, and why one prediction is what it is."""

from __future__ import annotations

import streamlit as st

from dashboard import data, strings
from dashboard.components.choose import choose, choose_part, menus, scoped
from dashboard.components.markup import Html, known_in, show, text
from dashboard.components.states import panel
from dashboard.destination import destination, explanation_part
from dashboard.page import PageContext, Part, Scope, any_of, page
from dashboard.panels import (
    attribution_groups,
    attribution_over_time,
    attributions,
    basis,
    blind_spots,
    calibrated,
    effects,
    interactions,
    one_prediction,
)  # fmt: skip
from dashboard.panels import explanation_words as words
from dashboard.panels.asked import asked_for
from dashboard.panels.attributes import ordered
from reports import strings as wording
from reports.attention import since
from reports.explained import ATTRIBUTION


@page(strings.EXPLANATIONS, "explanations")
def explanations(context: PageContext) -> None:
    """Draw the page."""
    top = st.container(key="head")
    part = choose_part(context, PARTS, asked_part(context))
    by_attribute = part.key == "groups"
    with top:
        head, places = menus(context, part, *(("attribute",) if by_attribute else ()))
    attribute = None
    if by_attribute:
        offered = data.attributes(*context.key, names=(attribution_groups.GAP,))
        with places["attribute"]:
            attribute = choose(context, "attribute", "Attribute", ordered(context.model, offered), words=wording.attribute,
                               help=strings.TERMS["group"])  # fmt: skip
    scope = scoped(context, part, places, attribute=attribute)
    found, asked = basis.of(context), asked_for(context)
    with head:
        lines = [found.words] if basis.quiet(found) else []
        if asked is not None:
            bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "explanations"]
            lines.append(f"{wording.sentence(asked, since=since(asked, bad))}.")
        said = "".join(f'<p class="c-lead">{text(line)}</p>' for line in lines)
        show(Html(f'<h1 class="c-title">{strings.EXPLANATIONS}</h1>{said}'))
        basis.draw(found)
    part.draw(context, scope)


def asked_part(context: PageContext) -> str | None:
    """The part that the link is about, where it names none."""
    if context.view.prediction:
        return "one"
    return explanation_part(context.view.measure) if context.view.measure else None


def overview(context: PageContext, scope: Scope) -> None:
    """What the score is made of, whether it means what it says, and what the model does not see."""
    found = basis.of(context)
    uses, blind = (words.USES_OF_SURROGATE, words.BLIND_OF_SURROGATE) if found.surrogate else (words.USES, words.BLIND)
    left, right = st.columns([7, 5], gap="small")
    with left:
        with panel("attributions", known_in(words.TERMS, uses, "attribution"), words.USES_LEAD, stretch=False):
            if found.known or attributions.read(context, scope):
                attributions.draw(context, scope, surrogate=found.surrogate)
            else:
                basis.nothing(context, found, title=words.NOT_RUN_TITLE, sentence=words.NOT_RUN_SENTENCE, command=words.COMMAND)
        if found.known and scope.window is None:
            with panel("stability", known_in(words.TERMS, words.STABILITY, "stability"), stretch=False):
                attributions.stability(context, scope)
    with right:
        with panel("blind-spots", blind, words.BLIND_LEAD, stretch=False):
            blind_spots.draw(context, found)
        if context.model.task != "regression":
            with panel("calibrated", words.CALIBRATED, words.CALIBRATED_LEAD, stretch=False):
                calibrated.draw(context)


def groups(context: PageContext, scope: Scope) -> None:
    """What sets groups apart."""
    attribution_groups.draw(context, scope)


def over_time(context: PageContext, scope: Scope) -> None:
    """Window by window, and against the reference."""
    with panel("attribution-map", known_in(words.TERMS, words.OVER_TIME, "mean"), words.OVER_TIME_LEAD):
        attribution_over_time.sizes(context)
    left, right = st.columns([7, 5], gap="small")
    with left, panel("shifts", known_in(words.TERMS, words.SHIFTS, "shift"), words.SHIFTS_LEAD):
        attribution_over_time.shifts(context)
    with right, panel("similarity", known_in(words.TERMS, words.SIMILARITY, "similarity"), words.SIMILARITY_LEAD):
        attribution_over_time.similarity(context)


def together(context: PageContext, scope: Scope) -> None:
    """Pairs of features."""
    with panel("interactions", known_in(words.TERMS, words.INTERACTIONS, "interaction"), words.INTERACTIONS_LEAD):
        interactions.draw(context)


def curves(context: PageContext, scope: Scope) -> None:
    """What one column does."""
    effects.draw(context)


def one(context: PageContext, scope: Scope) -> None:
    """One prediction."""
    one_prediction.draw(context)


PARTS = (
    Part(key="overview", title="What it uses", draw=overview, shows=bool, menus=frozenset({"version", "window"})),
    Part(key="groups", title="Groups", draw=groups, shows=any_of(attribution_groups.GAP), menus=frozenset({"version", "window"})),
    Part(key="time", title="Over time", draw=over_time,
         shows=any_of(ATTRIBUTION, attribution_over_time.SHIFT, attribution_over_time.SIMILARITY)),
    Part(key="pairs", title="Pairs", draw=together, shows=any_of(interactions.NAME)),
    Part(key="effects", title="Effects", draw=curves, shows=any_of(effects.PARTIAL, effects.LOCAL)),
    Part(key="one", title="One prediction", draw=one, shows=bool),
)  # fmt: skip
