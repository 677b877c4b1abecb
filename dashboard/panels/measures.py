"""Every measure of the model: what came true, what was expected, and the change against the reference."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import strings
from dashboard.components.figure_table import allowed, compact, exactness, signed
from dashboard.components.markup import Column, Html, join, known, link, show, span, table
from dashboard.components.states import not_enough
from dashboard.components.status import standing
from dashboard.page import PageContext
from dashboard.panels import words
from reports import glossary
from reports import strings as wording
from reports.attention import IMMATURE, VERDICTS
from reports.figure import Figure

FAMILIES = ("performance", "service")
APART = ("brier_reliability", "brier_resolution", "brier_uncertainty", "label_maturity", "label_selectivity")
"""Said by other panels."""


def of_everybody(figures: Sequence[Figure]) -> list[Figure]:
    """The figures that belong into the table, what needs attention first, then in the run's order.

    A measure that is only estimated stands there by its estimate.
    """
    mine = [each for each in figures if glossary.term(each.name).family in FAMILIES and each.name not in APART]
    mine = [each for each in mine if not any(glossary.base_of(each.name, affix) for affix in ("_change", "_version_difference", "_bounds"))]
    there = {each.name for each in mine}
    mine += [each for each in figures if each.name.startswith("estimated_") and each.name.removeprefix("estimated_") not in there]
    bad = ("fail", "error", "warn")
    return sorted(mine, key=lambda each: (VERDICTS[each.verdict] if each.verdict in bad else 4, each.value is None, each.position))


def draw(context: PageContext, figures: Sequence[Figure], chosen: str) -> None:
    """Draw the table."""
    mine = of_everybody(figures)
    if not mine:
        not_enough(strings.NO_PERFORMANCE)
        return
    waiting = next((each.reason[each.reason.index(IMMATURE) :] for each in mine if IMMATURE in each.reason), None)
    if waiting is not None:
        show(span(strings.still_waiting(waiting.removeprefix(IMMATURE)), "c-note", strings.TERMS["maturity"]))
    by_name = {each.name: each for each in figures}
    estimated = any(each.name.startswith("estimated_") for each in figures)
    changed = any(each.name.endswith("_change") and each.value is not None for each in figures)
    columns = [
        Column(head="Measure", css="tight"), Column(head=known("Status", "status"), css="tight"),
        Column(head=known("Value [95%]", "interval"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    columns += [Column(head=known("Estimated", "estimated"), css="num")] if estimated else []
    columns += [Column(head=known("Change", "change"), css="num")] if changed else []
    rows = []
    for figure in mine:
        name = figure.name.removeprefix("estimated_")
        realised = by_name.get(name)
        guess, change = by_name.get(f"estimated_{name}"), by_name.get(f"{name}_change")
        row: list[object] = [
            Html(f"{follow(context, name)} {exactness(figure)}"), judged(realised or figure),
            compact(realised) if realised is not None else wording.DASH, wording.count((realised or figure).n),
        ]  # fmt: skip
        row += [compact(guess) if guess is not None else ""] if estimated else []
        row += [signed(change) if change is not None else ""] if changed else []
        rows.append(row)
    marked = next((place for place, each in enumerate(mine) if each.name.removeprefix("estimated_") == chosen), None)
    show(table(words.MEASURES_LEAD, columns, rows, chosen=marked))


def judged(figure: Figure) -> Html:
    """The verdict in a word, and what the policy allows; why is the tooltip of that."""
    if figure.verdict is None and not wording.cannot_tell(figure):
        return span(wording.DASH, "c-quiet", wording.verdict_word(None))
    return join([standing(figure), span(allowed(figure), "c-note")]) if has_threshold(figure) else standing(figure)


def has_threshold(figure: Figure) -> bool:
    """Whether the policy says anything about a figure."""
    return figure.threshold_min is not None or figure.threshold_max is not None


def follow(context: PageContext, name: str) -> Html:
    """A measure's name as a link that follows it over time."""
    term = glossary.term(name)
    return link(term.title, "performance", context.query(measure=name), term.definition)
