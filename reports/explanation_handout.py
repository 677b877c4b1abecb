"""The page for the person whom a decision is about: plain words, short sentences, and no more than can be stood by.

Nothing of other people is on it. Reasons and what would have changed the answer are told only where the model itself was asked and
answers as it did when it decided; else the page says that they cannot be told.
"""

from __future__ import annotations

import textwrap
from typing import Final

from audits.explanation import Explanation
from audits.explanation_parts import Counterfactual
from reports import strings
from reports.explanation_values import column_name, detail, reason, shown

WIDTH: Final = 78
TITLE: Final = "About the decision on your case"
AUTOMATED: Final = "A computer system was used to help make this decision. It gave your case a score."
OUTCOME: Final = {
    True: "The decision was in your favor.",
    False: "The decision was not in your favor.",
    None: "We have no record of what was decided.",
}
WHY: Final = "The main reasons"
WHY_LEAD: Final = "These facts counted against you the most. The first one counted most of all."
WHY_FAVORABLE: Final = "The decision was in your favor, so there is no reason against you to give."
WHY_NONE: Final = "No fact about you counted against you."
WHY_NOT: Final = "We can not say for sure which facts counted. You can ask us, and a person will look at it."
TURN: Final = "What could have changed the answer"
TURN_LEAD: Final = "The system would have decided in your favor if one of these had been true:"
TURN_CARE: Final = "This is not a promise. It is what the system would say about that one change."
TURN_NONE: Final = "We looked for changes that would have led to a decision in your favor, and found none."
DATA: Final = "The facts about you that the system used"
DATA_HELD: Final = "The facts about you in our records"
DATA_LEAD: Final = "Please check them. If one is wrong, tell us."
NEXT: Final = "What you can do"
STEPS: Final = (
    "You can ask for a person to look at your case.",
    "You can tell us why you think the decision is wrong.",
    "You can ask us to fix a fact that is wrong.",
)
ASK: Final = "Who to ask: {owner}"
ASK_NOBODY: Final = "Who to ask: the office that sent you this page."


def sure(found: Explanation) -> bool:
    """Whether the model itself was asked, and answers what it answered when it decided."""
    return found.kind == "model" and found.prediction.matches is True


def handout(found: Explanation, *, owner: str | None = None) -> str:
    """Return the page as plain text; `owner` is whom to ask."""
    about = found.prediction
    lines = [TITLE, "=" * len(TITLE), "", strings.safe(found.title), f"Your case: {strings.safe(about.id)}"]
    if about.at is not None:
        lines.append(f"Date: {strings.day(about.at)}")
    lines += ["", AUTOMATED, OUTCOME[about.favorable], *_reasons(found), *_turned(found), *_facts(found)]
    lines += ["", NEXT, "-" * len(NEXT), *(f"* {step}" for step in STEPS), ""]
    lines.append(ASK_NOBODY if owner is None else ASK.format(owner=strings.safe(owner)))
    return "\n".join(_wrapped(line) for line in lines) + "\n"


def _reasons(found: Explanation) -> list[str]:
    lines = ["", WHY, "-" * len(WHY)]
    if found.prediction.favorable is True:
        return [*lines, WHY_FAVORABLE]
    held = found.reasons
    if held is None or not sure(found):
        return [*lines, WHY_NOT]
    if not held.reasons:
        fall = found.waterfall
        unsure = fall is not None and any(each.side == "unfavorable" for each in fall.shares)
        return [*lines, WHY_NOT if unsure else WHY_NONE]
    lines += [WHY_LEAD, ""]
    for place, each in enumerate(held.reasons, start=1):
        said = reason(each)
        lines += [f"{place}. {said[:1].upper()}{said[1:].rstrip('.')}.", f"   Your {detail(each).replace(', usual is', '. Usual is')}."]
    return lines


def _turned(found: Explanation) -> list[str]:
    turned = found.counterfactuals
    if found.prediction.favorable is not False or turned is None or turned.wanted != "favorable" or not sure(found):
        return []
    lines = ["", TURN, "-" * len(TURN)]
    if not turned.found:
        return [*lines, TURN_NONE]
    return [*lines, TURN_LEAD, "", *(f"* {_if(each)}." for each in turned.found[:3]), "", TURN_CARE]


def _if(each: Counterfactual) -> str:
    said = " and ".join(f"your {column_name(one.column)} had been {shown(one.after)} (it was {shown(one.before)})" for one in each.changes)
    return f"{said[:1].upper()}{said[1:]}"


def _facts(found: Explanation) -> list[str]:
    if not found.values:
        return []
    head = DATA if sure(found) else DATA_HELD  # else nobody can say for sure what was used
    return ["", head, "-" * len(head), *(f"* {column_name(each.column)}: {shown(each.value)}" for each in found.values), "", DATA_LEAD]


def _wrapped(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    mark = line[: len(line) - len(line.lstrip(" *0123456789."))]
    return textwrap.fill(line, WIDTH, subsequent_indent=" " * min(len(mark), 4), break_long_words=False)
