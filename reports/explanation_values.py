"""The small parts of what an explanation says: values, columns, reasons and changes in words."""

from __future__ import annotations

import math

from audits.explanation import Value
from audits.explanation_parts import Cell, Change, Counterfactual, Reason
from reports import strings
from reports.quantities import count, fixed, number


def shown(value: Cell) -> str:
    """A logged value for a sentence.

    >>> shown(34439), shown(0.25), shown(0.04825), shown(None), shown("north")
    ('34,439', '0.2500', '0.04825', 'missing', 'north')
    """
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and 0 < abs(value) < 0.1:  # four digits, however many zeros come first
        return fixed(value, 3 - math.floor(math.log10(abs(value)))) if abs(value) >= 1e-6 else f"{value:.4g}"
    return count(value) if isinstance(value, int) else number(value, "plain") if isinstance(value, float) else strings.name_of(value)


def column_name(name: str) -> str:
    """A column's name as words.

    >>> column_name("debt_ratio")
    'debt ratio'
    """
    return strings.name_of(name.replace("_", " ").strip() or name)


def reason(each: Reason) -> str:
    """The declared sentence, or a plain one.

    >>> about = {"typical": 40, "attribution": -1.0, "sentence": None, "protected": False, "stable": 1.0}
    >>> reason(Reason(column="income", level="low", value=30, **about))
    'income is low'
    """
    if each.sentence:
        return strings.safe(each.sentence)
    name = column_name(each.column)
    return {"low": f"{name} is low", "high": f"{name} is high", "missing": f"{name} is missing", "value": f"{name} is {shown(each.value)}"}[
        each.level
    ]


def detail(each: Reason) -> str:
    """The value beside what is usual."""
    usual = "" if each.typical is None else f", usual is {shown(each.typical)}"
    return f"{column_name(each.column)}: {shown(each.value)}{usual}"


def changed(each: Counterfactual) -> str:
    """The changes of one, joined."""
    return " and ".join(change(one) for one in each.changes)


def change(one: Change) -> str:
    """One change in words."""
    return f"{column_name(one.column)} had been {shown(one.after)} in place of {shown(one.before)}"


def value_line(value: Value) -> str:
    """One input beside what is usual."""
    if value.low is None:
        return f"{column_name(value.column)}: {shown(value.value)} (most often {shown(value.typical)})"
    return f"{column_name(value.column)}: {shown(value.value)} (usually {shown(value.low)} to {shown(value.high)})"
