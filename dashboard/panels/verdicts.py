"""One line for each question of robustness: where it stands, the answer in a sentence, and where the rest is told."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import data, strings
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, known, link, show, span, table, text
from dashboard.components.status import standing
from dashboard.destination import robustness_part
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import line
from reports.robustness_series import FROM_LOG, QUESTIONS, WITH_MODEL, Verdict, verdicts


def answers(context: PageContext) -> list[Verdict]:
    """The answers of this run."""
    names = tuple(name for name, _ in QUESTIONS)
    figures = data.figures(*context.key, names=names, population=True, columns=None, tables=True)
    return verdicts(figures, ((str(row["name"]), str(row["reason"])) for row in data.failures(*context.key)))


def draw(context: PageContext, found: Sequence[Verdict], *, refused: bool) -> None:
    """Draw the answers that need the model, then those from the log alone; what was not run gives its line.

    Where the model was `refused`, the reason stands at the top of the page.
    """
    kinds = ((WITH_MODEL, words.ASK_MODEL, words.WITH_MODEL, words.NOT_RUN), (FROM_LOG, words.ASK_LOG, words.FROM_LOG, words.LOG_NOT_RUN))
    for questions, title, command, sentence in kinds:
        every = [each for each in found if each.name in dict(questions)]
        mine = [each for each in every if each.applies] or every
        show(span(title, "c-panel-title"))
        asked = [each for each in mine if each.run]
        if asked and not any(each.figure is not None for each in asked) and len({each.answer for each in asked}) == 1:
            line(context, f"{asked[0].answer} {words.AGAIN}" if not refused else words.AGAIN, command)  # one reason for all is said once
            continue
        if asked:
            heads = [
                Column(head="Question", css="tight question"), Column(head=known("Status", "status"), css="tight standing"),
                Column(head="Answer", css="wide"),
            ]  # fmt: skip
            rows = [[question(context, each), stands(each), each.answer or words.NOTHING_FOUND] for each in asked]
            show(table(title, heads, rows))
        if len(asked) < len(mine):
            line(context, sentence if not asked else words.partly([each.question for each in mine if not each.run]), command)


def question(context: PageContext, each: Verdict) -> Html:
    """The question, which leads to the part that shows its figures."""
    part = robustness_part(each.name)
    if each.figure is None or part == "overview":
        return text(each.question)
    return link(each.question, "robustness", context.query(part=part, measure=each.name, column=each.figure.column))


def stands(each: Verdict) -> Html:
    """Where the figure stands; what nobody judges is not said to be in order."""
    if each.figure is None:
        return mark("○", strings.NO_ANSWER, "none")
    return standing(each.figure)
