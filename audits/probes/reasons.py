"""Principal reasons for one decision: the inputs that pushed it towards the unfavorable side, the most telling first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audits.explanation import Value
from audits.explanation_parts import Level, Reason, Share

if TYPE_CHECKING:
    from connectors.model_config import Reason as Declared

MOST = 4
LEAST = 0.05
"""The least part of all pushes towards the unfavorable side that a principal reason has."""


def level_of(value: Value) -> Level:
    """How a value compares with the reference: numbers with its median, flags and texts as they are."""
    if value.value is None:
        return "missing"
    if isinstance(value.value, (bool, str)) or isinstance(value.typical, (bool, str)) or value.typical is None:
        return "value"
    return "low" if value.value < value.typical else "high" if value.value > value.typical else "value"


def principal(
    shares: Sequence[Share], values: Mapping[str, Value], declared: Mapping[str, Declared], stable: Mapping[str, float]
) -> tuple[Reason, ...]:
    """At most four reasons (12 CFR 1002.9(b)(2) asks for the principal ones; its commentary holds more than four unlikely to help).

    Parameters
    ----------
    shares
        What each input added to this prediction; one whose interval holds 0 is no reason.
    declared
        The sentences of [models.NAME.reasons]; told where the value is on the side that the sentence speaks of.
    stable
        How often each input is among the most telling ones under another choice of reference rows.

    It misleads where inputs are correlated, because they share what is one reason to a person; where the reference is not what a favorable
    decision is measured against; and where a surrogate answers, because its reasons need not be the model's.
    """
    pushing = sorted((share for share in shares if share.side == "unfavorable"), key=lambda share: -abs(share.attribution))
    total = sum(abs(share.attribution) for share in pushing)
    found = []
    for share in [each for each in pushing if abs(each.attribution) >= LEAST * total and surely(each)][:MOST]:
        value = values[share.column]
        level = level_of(value)
        found.append(
            Reason(
                column=share.column, level=level, value=value.value, typical=value.typical, attribution=share.attribution,
                sentence=sentence(declared.get(share.column), level), protected=value.protected, stable=stable.get(share.column),
            )
        )  # fmt: skip
    return tuple(found)


def surely(share: Share) -> bool:
    """Whether the whole interval lies on the side of the attribution, so that no other choice of reference rows would turn it round.

    >>> surely(Share(column="x", value=1, attribution=0.14, low=-0.014, high=0.293, side="unfavorable"))
    False
    """
    ends = [each for each in (share.low, share.high) if each is not None]
    return all(each * share.attribution > 0 for each in ends)


def sentence(declared: Declared | None, level: Level) -> str | None:
    """The declared sentence that fits a value; one that speaks of low values is not told of high ones, nor of one that is missing."""
    if declared is None or level == "missing":
        return None
    if level == "low":
        return declared.low or None
    if level == "high":
        return declared.high or None
    return declared.low if declared.low == declared.high else None
