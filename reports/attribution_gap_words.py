"""How far a group's scores lie from its comparison group's, how much of it the inputs carry, and what is left over, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports import strings
from reports.figure import Figure

SCALES: Final = {"log-odds": ", on the log-odds", "score": ""}
REST_OF_SURROGATE: Final = (
    "The rest may come from columns that the log lacks, from what the surrogate was not given (the group itself among it), "
    "or from what the surrogate does not follow: it acquits nobody."
)
REST_OF_MODEL: Final = "The rest is not in this file's answers: the log was made with something else besides."
NO_LOGGED_GAP: Final = "The gap in the log is not known in this run, so nothing can be said of the rest; small figures here acquit nobody."


def gap(figures: Iterable[Figure]) -> str:
    """Say the whole gap of one group, from its gaps in mean attribution over a whole period; "" where the run does not hold it.

    >>> part = lambda value: {"value": value, "low": value - 0.02, "high": value + 0.02}
    >>> tables = {"kind": "surrogate", "scale": "log-odds", "logged_gap": part(-0.4), "explained_gap": part(-0.06),
    ...           "unexplained_gap": part(-0.34)}
    >>> one = Figure(name="mean_attribution_difference", slice={"sex": "F"}, reference_slice={"sex": "M"}, value=0.0, tables=tables)
    >>> gap([one]).split(";")[0]
    'F against M: the mean logged score differs by −0.400 [−0.420, −0.380], on the log-odds'
    """
    first = next((each for each in figures if each.tables), None)
    tables: Mapping[str, Any] = (first.tables if first is not None else None) or {}
    surrogate = tables.get("kind") == "surrogate"
    logged, answered, rest = (tables.get(name) for name in ("logged_gap", "explained_gap", "unexplained_gap"))
    if first is None or not answered:
        return NO_LOGGED_GAP if surrogate else ""
    who = f"{strings.group(first.slice)} against {strings.group(first.reference_slice)}"
    scale = SCALES.get(str(tables.get("scale")), "")
    whose = "the surrogate's mean answer" if surrogate else "the model's mean answer"
    if not logged or not rest:
        told = f"{who}: {whose} differs by {_signed(answered)}{scale}."
        return f"{told} {NO_LOGGED_GAP}" if surrogate else told
    told = f"{who}: the mean logged score differs by {_signed(logged)}{scale}"
    through = "the columns that the surrogate was given carry" if surrogate else "the model's inputs carry"
    left = rest["low"] > 0 or rest["high"] < 0
    after = (REST_OF_SURROGATE if surrogate else REST_OF_MODEL) if left else ""
    return f"{told}; {through} {_signed(answered)}, and {_signed(rest)} is left unexplained. {after}".rstrip()


def _signed(part: Mapping[str, float]) -> str:
    number, around = strings.parts(part["value"], part["low"], part["high"], "decimal")
    return f"{'+' if part['value'] > 0 else ''}{number} {around}"
