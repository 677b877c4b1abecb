"""What a metamorphic rule does to a column, as `change` says it: "+10%", "-5%", "+1000", "*2", "=web", "typo", "case", "space"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from connectors.errors import nearest

How = Literal["percent", "add", "times", "set", "typo", "case", "space"]
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_STEP = re.compile(rf"\s*([+-])\s*({_NUMBER})\s*(%?)\s*")
_TIMES = re.compile(rf"\s*\*\s*(-?{_NUMBER})\s*")
TEXTS: tuple[How, ...] = ("typo", "case", "space")
EXAMPLES = ("+10%", "-5%", "+1000", "*2", "=web", *TEXTS)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one column's value.

    Parameters
    ----------
    how
        "percent" and "add" move a number, "times" multiplies it, "set" puts `text` in its place; "typo", "case" and "space" are slips of
        the pen in a text.
    amount
        The percent, the step or the factor.
    text
        The value that is set.
    """

    how: How
    amount: float = 0.0
    text: str = ""

    @property
    def of_numbers(self) -> bool:
        """Whether only a column of numbers can be changed so."""
        return self.how in ("percent", "add", "times")

    @property
    def of_texts(self) -> bool:
        """Whether only a column of texts can be changed so."""
        return self.how in TEXTS


def parse_change(text: str) -> Change:
    """The change that a text says.

    Raises
    ------
    ValueError
        It says none; the sentence names what can be written.

    Example
    -------
    >>> parse_change("+10%"), parse_change("= web")
    (Change(how='percent', amount=10.0, text=''), Change(how='set', amount=0.0, text='web'))
    >>> parse_change("tipo")
    Traceback (most recent call last):
    ValueError: "tipo" is no change; did you mean "typo"?
    """
    if text.lstrip().startswith("="):
        return Change("set", text=text.lstrip()[1:].strip())
    word = next((each for each in TEXTS if text.strip().lower() == each), None)
    if word is not None:
        return Change(word)
    step, times = _STEP.fullmatch(text), _TIMES.fullmatch(text)
    if step is not None:
        amount = float(step[2]) * (-1 if step[1] == "-" else 1)
        found = Change("percent" if step[3] else "add", amount)
    elif times is not None:
        found = Change("times", float(times[1]))
    else:
        raise ValueError(f'"{text}" is no change; {nearest(text.strip(), EXAMPLES)}')
    if not math.isfinite(found.amount) or found.amount == (1.0 if found.how == "times" else 0.0):
        raise ValueError(f'"{text}" changes nothing' if math.isfinite(found.amount) else f'"{text}" is too large a change')
    return found
