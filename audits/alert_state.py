"""The values that alerts are made of: an alert, what a person does to it, what is told about it, and the rules it goes by."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audits.finding import Cause, Severity, Signal

State = Literal["pending", "firing", "acknowledged", "resolved"]
Shown = Literal["pending", "held back", "silenced", "firing", "acknowledged", "resolved"]
Told = Literal["firing", "worse", "repeat", "acknowledged", "resolved"]
Done = Literal["acknowledge", "resolve"]
Position = dt.datetime | int
"""How far along the log a window ends: its end, or its last row."""

RANK: dict[str, int] = {"info": 0, "ticket": 1, "page": 2}
CANDOR = "candor"
"""Who did what nobody did."""
ARRIVALS = ("source_gone", "no_data")
"""Rules about data that does not come: when some comes, that is over, without a second look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What alerts go by: after how long they are told again, how many quiet windows end them, how many raised ones a threshold needs."""

    repeat: dt.timedelta = dt.timedelta(hours=4)
    resolve_after: int = 2
    windows_to_fire: int = 2
    drill: bool = False
    """Whether this is a drill: its alerts have names of their own and never meet real ones."""
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By model, the rules that every run is asked for: where it says nothing at all of one, that one failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCause:
    """What is known of why an alert is there: as `Cause`, without the figures that it rests on."""

    kind: str
    columns: tuple[str, ...] = ()
    upstream: str = ""
    source: str | None = None
    since: Position | None = None
    size: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    rules: tuple[str, ...] = ()
    """The measures that it rests on."""
    explains: tuple[str, ...] = ()
    """Keys of the alerts that follow from it."""

    @classmethod
    def of(cls, cause: Cause) -> AlertCause | None:
        """What an alert keeps of a cause; None of one that cannot be told."""
        if cause.confidence != "named" or cause.kind == "unknown":
            return None
        rules = tuple(sorted({str(figure.get("name")) for figure in cause.evidence}))
        return cls(
            kind=cause.kind, columns=cause.columns, upstream=cause.upstream, source=cause.source, since=cause.since, size=cause.size,
            low=cause.low, high=cause.high, unit=cause.unit, rules=rules, explains=cause.explains,
        )  # fmt: skip

    @property
    def origin(self) -> tuple[str, str, tuple[str, ...]]:
        """What stays the same about it from run to run."""
        return self.kind, self.upstream, self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One occurrence of an alert: from the window in which a rule raised it to the one in which it was over.

    Parameters
    ----------
    key, occurrence
        Which rule and series, and how many times it has fired, this time included.
    signal
        What the rule said when it last raised the alert.
    ready
        Whether it may fire: its budget line is passed, it is a fact, or enough windows raised it.
    answer, reason
        What the rule said of the newest window.
    position, judged
        The newest window that was heard of, and the newest complete one.
    raised, raised_at, quiet, quiet_at
        How many windows raised it and how many in a row have been quiet since, and the newest of each.
    unheard, unheard_at
        How many runs in a row, each with a newer window, judged its model without a word about it, and the newest window of those.
    needed
        Quiet windows that end it: more for one that comes and goes.
    returns
        How often it came back shortly after it was over.
    told, tellings
        From when the next repeat is counted, and how often it was told.
    held_by, held_until
        The alert that explains it and holds it back; after that one is over, a window beyond `held_until` must raise this one anew.
    silence
        The number of the silence that covers it.
    acted
        The last action that has been applied.
    updated
        When anything about it last changed; it never goes back.
    """

    key: str
    occurrence: int
    signal: Signal
    state: State
    severity: Severity
    opened: dt.datetime
    updated: dt.datetime
    since: Position | None
    needed: int
    ready: bool = False
    answer: str = "raised"
    reason: str = ""
    position: Position | None = None
    judged: Position | None = None
    raised: int = 1
    raised_at: Position | None = None
    quiet: int = 0
    quiet_at: Position | None = None
    unheard: int = 0
    unheard_at: Position | None = None
    returns: int = 0
    cause: AlertCause | None = None
    group: str = ""
    incident: str = ""
    held_by: str | None = None
    held_until: Position | None = None
    silence: int | None = None
    seen: dt.datetime | None = None
    fired: dt.datetime | None = None
    told: dt.datetime | None = None
    tellings: int = 0
    acknowledged: dt.datetime | None = None
    acknowledged_by: str | None = None
    note: str = ""
    resolved: dt.datetime | None = None
    resolved_by: str | None = None
    acted: int = 0
    run: str | None = None
    drill: bool = False

    @property
    def id(self) -> str:
        """What this occurrence is called: key-occurrence."""
        return f"{self.key}-{self.occurrence}"

    @property
    def model(self) -> str:
        """The model that it is about."""
        return self.signal.model

    @property
    def rule(self) -> str:
        """The measure that raised it."""
        return self.signal.rule

    @property
    def column(self) -> str | None:
        """The column that it is about, if it is about one."""
        return self.signal.column

    @property
    def levels(self) -> dict[str, str]:
        """The slice that it is about; {} is everyone."""
        return dict(json.loads(self.signal.slice))

    @property
    def earlier(self) -> tuple[str, ...]:
        """The occurrences before this one, newest first."""
        return tuple(f"{self.key}-{number}" for number in range(self.occurrence - 1, 0, -1))

    @property
    def live(self) -> bool:
        """Whether it is not over."""
        return self.state != "resolved"

    @property
    def mute(self) -> bool:
        """Whether nothing is told about it for now: it is silenced or held back."""
        return self.silence is not None or self.held_by is not None

    @property
    def shown(self) -> Shown:
        """What a page lists it under."""
        if self.state == "resolved" or self.state == "acknowledged":
            return self.state
        if self.silence is not None:
            return "silenced"
        return "held back" if self.held_by is not None else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a person did to one occurrence; numbers only grow, so that an action counts once."""

    number: int
    kind: Done
    id: str
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Something to tell about one incident.

    Parameters
    ----------
    alerts
        Those that it is about.
    open
        How many alerts of the incident fire or are acknowledged.
    firing
        How many of those nobody has acknowledged.
    first
        Whether nothing was told about this incident before.
    """

    id: str
    kind: Told
    incident: str
    at: dt.datetime
    severity: Severity
    alerts: tuple[Alert, ...]
    open: int
    firing: int
    first: bool = False
    drill: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it is about."""
        return tuple(sorted({alert.model for alert in self.alerts}))


def position_of(signal: Signal) -> Position | None:
    """How far along the log a signal's window ends."""
    return signal.window_end if signal.window_end is not None else signal.last_row


def newer(one: Position | None, other: Position | None) -> bool:
    """Whether one window ends later than another; what cannot be compared, as after a change of windows, counts as later.

    >>> newer(5, 4), newer(4, 4), newer(4, None), newer(None, 4)
    (True, False, True, False)
    """
    if one is None or other is None:
        return other is None and one is not None
    if isinstance(one, dt.datetime):
        return not isinstance(other, dt.datetime) or one > other
    return isinstance(other, dt.datetime) or one > other


def worst(severities: list[Severity]) -> Severity:
    """The gravest of some severities.

    >>> worst(["info", "page", "ticket"])
    'page'
    """
    return max(severities, key=lambda severity: RANK[severity])


def windows_between(signal: Signal, earlier: Position | None) -> float | None:
    """How many windows of a signal's length lie between an earlier window's end and its own; None where that has no meaning."""
    if signal.window_end is not None and signal.window_start is not None and isinstance(earlier, dt.datetime):
        length = signal.window_end - signal.window_start
        return (signal.window_end - earlier) / length if length else None
    if signal.last_row is not None and signal.first_row is not None and isinstance(earlier, int):
        return (signal.last_row - earlier) / (signal.last_row - signal.first_row + 1)
    return None
