"""Robustness: what small changes do to decisions, how easily the model is fooled, and what looks like an attack in the log."""

from __future__ import annotations

import streamlit as st

from dashboard import data, strings
from dashboard.components.choose import choose_part, menus, scoped
from dashboard.components.markup import Html, known_in, show, text
from dashboard.components.states import panel
from dashboard.destination import destination, robustness_part
from dashboard.page import PageContext, Part, Scope, any_of, page
from dashboard.panels import (
    attack_signs,
    basis,
    by_release,
    clients,
    disturbances,
    membership,
    replays,
    rules,
    smallest_flips,
    strange_inputs,
    verdicts,
)  # fmt: skip
from dashboard.panels import robustness_words as words
from dashboard.panels.asked import asked_for
from reports import strings as wording
from reports.attention import since
from reports.robustness_series import FROM_LOG, WITH_MODEL, Verdict


@page(strings.ROBUSTNESS, "robustness")
def robustness(context: PageContext) -> None:
    """Draw the page."""
    top = st.container(key="head")
    several = len(data.versions(*context.key)) > 1
    parts = [each for each in PARTS if several or each.key != "releases"]
    part = choose_part(context, parts, robustness_part(context.view.measure) if context.view.measure else None)
    with top:
        head, places = menus(context, part)
    scope = scoped(context, part, places)
    found = basis.of(context, words.TRIED)
    with head:
        quiet = f'<p class="c-sentence">{text(found.words)}</p>' if basis.quiet(found) else ""
        said = f'<p class="c-lead">{text(lead(context, verdicts.answers(context)))}</p>'
        show(Html(f'<h1 class="c-title">{strings.ROBUSTNESS}</h1>{said}{quiet}'))
        basis.draw(found)
    part.draw(context, scope)


def lead(context: PageContext, found: list[Verdict]) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most."""
    bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "robustness"]
    asked = asked_for(context)
    if asked is not None:
        return wording.sentence(asked, since=since(asked, bad)) + "."
    if bad:
        return wording.sentence(bad[0].figure, since=bad[0].since) + "."
    if not any(each.run for each in found):
        return words.NOT_RUN_TITLE + "."
    answered = [each for each in found if each.figure is not None]
    if not answered:
        return words.NO_VERDICTS
    judged = [each for each in answered if each.figure is not None and each.figure.verdict == "pass"]
    return f"{words.HOLDS if judged else words.UNJUDGED} {(judged or answered)[0].answer}"


def overview(context: PageContext, scope: Scope) -> None:
    """A sentence for each question, and what was remembered of the training data."""
    with panel("verdicts", words.VERDICTS, words.VERDICTS_LEAD):
        verdicts.draw(context, verdicts.answers(context), refused=basis.of(context).kind == "refused")
    if membership.NAME in data.names(*context.key):
        with panel("membership", known_in(words.TERMS, words.MEMBERSHIP, "membership"), words.MEMBERSHIP_LEAD):
            membership.draw(context)


def disturbed(context: PageContext, scope: Scope) -> None:
    """Small disturbances."""
    left, right = st.columns([7, 5], gap="small")
    with left, panel("noise", known_in(words.TERMS, words.NOISE, "flip"), words.NOISE_LEAD, stretch=False):
        disturbances.draw(context, scope)
    with right:
        with panel("strengths", known_in(words.TERMS, words.STRENGTHS, "strength"), words.STRENGTHS_LEAD, stretch=False):
            disturbances.growing(context, scope)
        with panel("protected", words.PROTECTED, words.PROTECTED_LEAD, stretch=False):
            disturbances.protected(context, scope)
    with panel("noise-groups", words.NOISE_GROUPS, words.NOISE_GROUPS_LEAD):
        disturbances.groups(context, scope)


def flips(context: PageContext, scope: Scope) -> None:
    """The smallest change, and an attacker."""
    with panel("distances", known_in(words.TERMS, words.FLIPS, "distance"), words.FLIPS_LEAD):
        smallest_flips.distances(context, scope)
    left, right = st.columns(2, gap="small")
    with left, panel("evasion", known_in(words.TERMS, words.EVASION, "evasion"), words.EVASION_LEAD):
        smallest_flips.reach(context, scope)
    with right, panel("flip-groups", words.FLIPS_GROUPS, words.FLIPS_GROUPS_LEAD):
        smallest_flips.groups(context, scope)


def declared(context: PageContext, scope: Scope) -> None:
    """Rules and invariants."""
    with panel("invariants", known_in(words.TERMS, words.INVARIANTS, "invariant"), words.INVARIANTS_LEAD):
        rules.invariants(context)
    with panel("rules", known_in(words.TERMS, words.RULES, "rule"), words.RULES_LEAD):
        rules.rules(context)
        rules.rules_by_group(context)


def from_log(context: PageContext, scope: Scope) -> None:
    """What the log alone shows."""
    left, right = st.columns(2, gap="small")
    with left, panel("signs", words.SIGNALS, words.SIGNALS_LEAD):
        attack_signs.draw(context)
    with right:
        with panel("outliers", known_in(words.TERMS, words.INPUTS, "outlier"), words.INPUTS_LEAD, stretch=False):
            strange_inputs.outliers(context)
        with panel("campaigns", known_in(words.TERMS, words.OUTCOMES, "outcome"), words.OUTCOMES_LEAD, stretch=False):
            replays.campaigns(context)
    with panel("clients", known_in(words.TERMS, words.CLIENTS, "client"), words.CLIENTS_LEAD):
        clients.draw(context)
    with panel("triggers", known_in(words.TERMS, words.TRIGGERS, "trigger"), words.TRIGGERS_LEAD):
        strange_inputs.triggers(context)
    with panel("replays", known_in(words.TERMS, words.REPLAYS, "replay"), words.REPLAYS_LEAD):
        replays.clusters(context)
    with panel("signs-over-time", words.OVER_TIME, words.OVER_TIME_LEAD):
        attack_signs.over_time(context)


def releases(context: PageContext, scope: Scope) -> None:
    """Version by version."""
    with panel("releases", words.RELEASES, words.RELEASES_LEAD):
        by_release.draw(context)


def several_versions(reported: frozenset[str]) -> bool:
    """Whether anything was tried that versions could be compared by."""
    return bool(reported & {name for name, _ in (*WITH_MODEL, *FROM_LOG)})


MENUS = frozenset({"version", "window"})
PARTS = (
    Part(key="overview", title="Overview", draw=overview, shows=lambda reported: True),
    Part(key="disturbances", title="Disturbances", draw=disturbed, shows=any_of("flip_rate", "protected_flip_rate"), menus=MENUS),
    Part(key="flips", title="Smallest flips", draw=flips, shows=any_of("smallest_flip_distance", "evasion_rate"), menus=MENUS),
    Part(key="rules", title="Rules", draw=declared, shows=any_of("rule_violation_rate", "invariant_violations")),
    Part(key="log", title="From the log", draw=from_log, shows=any_of(*attack_signs.SIGNS)),
    Part(key="releases", title="Releases", draw=releases, shows=several_versions),
)
