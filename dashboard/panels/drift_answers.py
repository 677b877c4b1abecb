"""Has each column drifted: drifted, stable or nobody can tell, with the size of the shift and the evidence against its line."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import strings
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, known_in, link, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import drift_words as words
from reports import drift_answers
from reports.drift_answers import TITLES, Answer
from reports.quantities import fixed
from reports.strings import DASH, count, moment, name_of, verdict_icon

MOST = 40


def standing(answer: Answer) -> Html:
    """An answer as icon, word and colour."""
    return mark(verdict_icon(answer.verdict), TITLES[answer.word], answer.verdict, answer.reason)


def power(value: float | None) -> Html:
    """Evidence as a power of ten."""
    return text(DASH) if value is None else Html(f"10<sup>{text(fixed(value, 1))}</sup>")


def draw(context: PageContext, answers: Sequence[Answer], *, height: int) -> None:
    """Draw one line per column, drifted first."""
    if not answers:
        not_enough(words.NO_ANSWERS)
        return
    rows = []
    for each in answers[:MOST]:
        where = link(name_of(each.column), "drift", context.query(part="column", column=each.column), each.reason)
        size = span(each.effect, title=drift_answers.sentence(each))
        line = Html(f"{power(each.evidence)}, line {power(each.line)}") if each.line is not None else text(DASH)
        rows.append([where, standing(each), size, each.most or DASH, moment(each.since), line, count(each.figure.n)])
    heads = [
        Column(head="Column", css="tight"), Column(head=known_in(words.TERMS, "Answer", "answer"), css="tight"),
        Column(head=known_in(words.TERMS, "Shift [95% interval]", "shift"), css="num"), Column(head="Moved most", css="quiet"),
        Column(head="Since", css="tight"), Column(head=known_in(words.TERMS, "Evidence", "evidence"), css="num"),
        Column(head="n", css="num"),
    ]  # fmt: skip
    marked = next((place for place, each in enumerate(answers[:MOST]) if each.column == context.view.column), None)
    show(table(words.ANSWERS, heads, rows, chosen=marked, height=height))
    if len(answers) > MOST:
        show(span(strings.shown_of(MOST, len(answers), "columns"), "c-note"))
