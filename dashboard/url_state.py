"""Every view is a link: what the address bar says, what it may say, and what to show when it says something else."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from dashboard import strings

ALL = "all"
"""The value of `window` that stands for the whole analysed period."""

MAX_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one page shows; None leaves the choice to the page. The names are the query parameters of its link."""

    model: str | None = None
    run: str | None = None
    part: str | None = None
    window: str | None = None
    version: str | None = None
    attribute: str | None = None
    group: str | None = None
    measure: str | None = None
    column: str | None = None
    statistic: str | None = None
    source: str | None = None
    status: str | None = None
    cut: str | None = None
    analysis: str | None = None
    prediction: str | None = None
    alert: str | None = None
    incident: str | None = None


NAMES = tuple(field.name for field in fields(View))


def decode(parameters: Mapping[str, str]) -> tuple[View, tuple[str, ...]]:
    """The view that query parameters ask for, and a sentence for each one that means nothing here.

    >>> decode({"model": "loans", "modle": "x"})[1]
    ('This link has a parameter “modle” that means nothing here; did it mean “model”?',)
    """
    known: dict[str, str] = {}
    messages = []
    for name, value in parameters.items():
        if name.startswith("embed"):
            continue
        if name not in NAMES:
            messages.append(strings.unknown_parameter(name[:60], nearest(name, NAMES)))
        elif len(value) > MAX_LENGTH or any(ord(character) < 32 for character in value):
            messages.append(strings.unreadable_parameter(name))
        elif value:
            known[name] = value
    return View(**known), tuple(messages)


def encode(view: View) -> dict[str, str]:
    """Query parameters for a link to `view`; the inverse of `decode`.

    >>> encode(View(model="loans", column="income"))
    {'model': 'loans', 'column': 'income'}
    """
    values = {name: getattr(view, name) for name in NAMES}
    return {name: value for name, value in values.items() if value}


def elsewhere(view: View, **changes: str | None) -> dict[str, str]:
    """Query parameters for a link from `view` to another page: the model and run stay, the rest is what `changes` says."""
    return encode(replace(View(model=view.model, run=view.run), **changes))


def pick(
    name: str, wanted: str | None, choices: Sequence[str], default: str | None = None, *, say: Callable[[str], None] = lambda _: None
) -> str | None:
    """`wanted` if it is one of `choices`; else the default (the first choice), after saying so.

    Returns None where there is nothing to choose from.
    """
    fallback = default if default in choices else next(iter(choices), None)
    if wanted is None or wanted in choices:
        return wanted if wanted is not None else fallback
    say(strings.unknown_value(name, wanted, fallback, nearest(wanted, choices)))
    return fallback


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that looks most like `word`, or None when none does."""
    return next(iter(difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)), None)
