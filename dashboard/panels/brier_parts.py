"""The parts that the Brier score is made of."""

from __future__ import annotations

from dashboard.components.figure_table import compact, reason
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording

PARTS = ("brier_score", "brier_reliability", "brier_resolution", "brier_uncertainty")
MEANS = {
    "brier_score": "the mean squared distance between score and outcome",
    "brier_reliability": "added: scores that do not mean what they say; low is good",
    "brier_resolution": "taken off: scores that tell cases apart; high is good",
    "brier_uncertainty": "added: how hard the cases are; the model cannot change it",
}


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sum as a table."""
    found = {each.name: each for each in scope.read(context, *PARTS, population=True)}
    whole = found.get("brier_score")
    if not any(each.value is not None for each in found.values()):
        not_enough(reason(whole) if whole is not None and whole.reason else words.NO_BRIER)
        return
    parts = [found.get(name) for name in PARTS[1:]]
    if whole is not None and all(each is not None and each.value is not None for each in parts):
        numbers = [wording.number(each.value, "decimal") for each in parts if each is not None]
        sum_ = f"{wording.number(whole.value, 'decimal')} = {numbers[0]} {wording.MINUS} {numbers[1]} + {numbers[2]}"
        show(Html(f'<p class="c-lead">{text(sum_)}</p>'))
    columns = [Column(head="Part", css="tight"), Column(head="Value [95%]", css="num"), Column(head=known("n", "n"), css="num"),
               Column(head="What it is", css="wide quiet")]  # fmt: skip
    rows = [[measure(name), compact(found[name]), wording.count(found[name].n), MEANS[name]] for name in PARTS if name in found]
    show(table(words.BRIER, columns, rows))
