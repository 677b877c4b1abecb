"""What the model does not see: columns that are no input, groups of few rows, values that the reference never held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import data
from dashboard.components.markup import Html, show, text
from dashboard.components.states import banner
from dashboard.page import PageContext
from dashboard.panels import explanation_words as words
from reports import explained
from reports import strings as wording
from reports.figure import Figure

FEWEST = 100
"""Rows of a group below which little can be said of how the model treats it."""
OUTSIDE = {"out_of_range_rate": words.BEYOND, "unseen_category_rate": words.UNSEEN}
WORTH_SAYING = 0.005
MOST = 6


def draw(context: PageContext, basis: explained.Basis) -> None:
    """Draw one line for each kind of blind spot."""
    inputs = inputs_of(context, basis)
    lines = [*not_inputs(context, basis, inputs), *thin(context), *beyond(context, inputs)]
    if not lines:
        banner(words.NO_BLIND if inputs else words.NOT_KNOWN, "info", "○")  # a surrogate always has its line on what it was given
        return
    show(Html('<ul class="c-said">' + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"))


def inputs_of(context: PageContext, basis: explained.Basis) -> list[str]:
    """What the model is given; empty where nobody knows."""
    tables: Mapping[str, Any] = (basis.figure.tables if basis.figure is not None else None) or {}
    return [str(each) for each in tables.get("inputs") or ()] or attributed(context)


def not_inputs(context: PageContext, basis: explained.Basis, inputs: list[str]) -> list[str]:
    """Columns that the model, or the surrogate, is not given, by kind; only where its inputs are known."""
    if not inputs:
        return []
    tables: Mapping[str, Any] = (basis.figure.tables if basis.figure is not None else None) or {}
    protected = [name for name in context.model.attributes if name not in inputs]
    segments = sorted(name for name in data.attributes(*context.key) - set(inputs) - set(context.model.attributes) if "," not in name)
    rest = [str(name) for name in tables.get("other_columns") or () if name not in {*inputs, *protected, *segments}]
    kinds = ((words.PROTECTED, protected), (words.SEGMENTS, segments), (words.OTHERS, rest))
    about = basis.surrogate
    left_out = [explained.not_inputs(kind, names, surrogate=about) for kind, names in kinds if names]
    every = explained.EVERY_COLUMN_GIVEN if about else explained.EVERY_COLUMN
    return [explained.knows(inputs, surrogate=about), *(left_out or [every])]


def attributed(context: PageContext) -> list[str]:
    """Columns that an attribution was computed for: the model's inputs."""
    found = data.figures(*context.key, names=(explained.ATTRIBUTION,), population=True, columns=True)
    return list(dict.fromkeys(each.column for each in found if each.column is not None))


def thin(context: PageContext) -> list[str]:
    """Groups of so few rows that the model can hardly have been checked on them."""
    found = data.figures(*context.key, names=("selection_rate", "mean_prediction"), population=False, columns=False)
    few: dict[str, Figure] = {}
    for each in found:
        if len(each.slice) == 1 and each.n is not None and each.n < FEWEST:
            few.setdefault(f"{wording.group(each.slice)} (n = {wording.count(each.n)})", each)
    return [words.thin(list(few), FEWEST)] if few else []


def beyond(context: PageContext, inputs: list[str]) -> list[str]:
    """Values of inputs that the reference, and so perhaps the training data, never held."""
    found = data.figures(*context.key, names=tuple(OUTSIDE), population=True, columns=True)
    mine = [each for each in found if (each.value or 0.0) >= WORTH_SAYING and (not inputs or each.column in inputs)]
    most = sorted(mine, key=lambda each: -(each.value or 0.0))
    return [
        words.outside(each.column or "", wording.estimate(each.value, each.low, each.high, None, "percent"), OUTSIDE[each.name])
        for each in most[:MOST]
    ]
