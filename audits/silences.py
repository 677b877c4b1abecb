"""Silences: what nobody is to be told about for a while, why, and until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.alert_state import Alert
from connectors.errors import UsageError

LONGEST = dt.timedelta(days=90)
"""A silence that outlives everybody's memory of it is a hole in the monitoring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """Which alerts are meant: those that have all that is named here; of `slice`, every level named."""

    model: str | None = None
    rule: str | None = None
    column: str | None = None
    slice: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Matcher:
        """A matcher of what the store keeps of one."""
        return cls(model=kept.get("model"), rule=kept.get("rule"), column=kept.get("column"), slice=dict(kept.get("slice") or {}))

    def matches(self, alert: Alert) -> bool:
        """Whether an alert is meant."""
        named = ((self.model, alert.model), (self.rule, alert.rule), (self.column, alert.column))
        if any(wanted is not None and wanted != found for wanted, found in named):
            return False
        levels = alert.levels if self.slice else {}
        return all(levels.get(attribute) == level for attribute, level in self.slice.items())

    @property
    def empty(self) -> bool:
        """Whether nothing is named, so that every alert would be meant."""
        return self.model is None and self.rule is None and self.column is None and not self.slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is told about matching alerts from `created` to before `until`, or to `ended` where somebody ended it early."""

    number: int
    matcher: Matcher
    reason: str
    who: str
    created: dt.datetime
    until: dt.datetime
    ended: dt.datetime | None = None

    def active(self, now: dt.datetime) -> bool:
        """Whether it holds now. One made a moment before the clock was put back holds too."""
        return self.ended is None and now < self.until


def check(matcher: Matcher, *, reason: str, who: str, until: dt.datetime | None, now: dt.datetime) -> None:
    """Refuse a silence that says not what it is for, or that would never end.

    Raises
    ------
    UsageError
        No reason, no name, nothing named, no end, an end that has passed or one beyond 90 days.
    """
    if not reason.strip():
        raise UsageError("a silence needs a reason: say why nobody should be told")
    if not who.strip():
        raise UsageError("a silence needs the name of whoever set it")
    if matcher.empty:
        raise UsageError("a silence must name a model, a rule, a column or a slice; one that names none would hide every alert")
    if until is None:
        raise UsageError("a silence needs an end, such as --for 4h")
    if until <= now:
        raise UsageError(f"the silence would end at {until:%Y-%m-%d %H:%M} UTC, which has passed; it is {now:%Y-%m-%d %H:%M}")
    if until > now + LONGEST:
        raise UsageError(f"the silence would last until {until:%Y-%m-%d}; the longest is {LONGEST.days} days")


def covering(silences: Sequence[Silence], alert: Alert, now: dt.datetime) -> int | None:
    """The number of the silence that covers an alert now, the one that lasts longest; None where none does."""
    found = [each for each in silences if each.active(now) and each.matcher.matches(alert)]
    return max(found, key=lambda each: (each.until, each.number)).number if found else None
