"""Whether a metamorphic rule can be asked of a log: its columns are there, and its change suits what they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from connectors.errors import nearest
from connectors.invariant_check import Kind
from connectors.rule_change import parse_change


def problem(columns: Sequence[str], change: str, kinds: Mapping[str, Kind]) -> str | None:
    """Why a rule cannot be asked of a log with these columns, as a sentence after the rule's key; None when it can.

    >>> problem(["incom"], "+10%", {"income": "number"})
    'columns names "incom", which the log does not have; did you mean "income"?'
    >>> problem(["job"], "+10%", {"job": "text"})
    'change is "+10%", but the column "job" holds no numbers; valid are: =value, typo, case, space'
    >>> problem(["income"], "typo", {"income": "number"})
    'change is "typo", but the column "income" holds no texts; valid are: +10%, -5%, +1000, *2, =value'
    """
    parsed = parse_change(change)
    for name in columns:
        if name not in kinds:
            return f'columns names "{name}", which the log does not have; {nearest(name, kinds)}'
        if parsed.of_numbers and kinds[name] != "number":
            return f'change is "{change}", but the column "{name}" holds no numbers; valid are: =value, typo, case, space'
        if parsed.of_texts and kinds[name] != "text":
            return f'change is "{change}", but the column "{name}" holds no texts; valid are: +10%, -5%, +1000, *2, =value'
        if parsed.how == "set" and kinds[name] == "number" and not _is_number(parsed.text):
            return f'change is "{change}", but the column "{name}" holds numbers, and "{parsed.text}" is none'
        if parsed.how == "set" and kinds[name] == "boolean" and parsed.text.lower() not in ("true", "false"):
            return f'change is "{change}", but the column "{name}" holds true and false; write "=true" or "=false"'
        if parsed.how == "set" and kinds[name] in ("time", "other"):
            return f'change is "{change}", but values of the column "{name}" cannot be set'
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
