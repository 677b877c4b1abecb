"""What `candor.toml` says of alarms: how many false ones are allowed, who is told and how, and how often to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

ChannelKind = Literal["alertmanager", "pagerduty", "slack", "webhook", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many false alarms may come in how long a time.

    >>> Budget(count=1, per=timedelta(days=7)).run_length(timedelta(hours=1))
    168.0
    >>> Budget(count=1, per=timedelta(days=7)).shared(4)
    Budget(count=0.25, per=datetime.timedelta(days=7))
    """

    count: float
    per: timedelta

    def run_length(self, window: timedelta) -> float:
        """Windows between two false alarms, on average."""
        return self.per / window / self.count

    def shared(self, parts: int) -> Budget:
        """The budget of one of so many equal parts."""
        return Budget(count=self.count / parts, per=self.per)

    def __str__(self) -> str:
        from connectors.config_values import written

        return f"{self.count:g} per {written(self.per)}"


WEEKLY = Budget(count=1, per=timedelta(days=7))
"""The default: one false alarm a week for everybody who is on call, whatever the number of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where alerts go. `secret_env` names the environment variable that holds the key; the key itself is in no file."""

    name: str
    kind: ChannelKind
    url: str
    secret_env: str | None = None
    severities: tuple[str, ...] = ("page", "ticket", "info")
    models: tuple[str, ...] | None = None
    to: tuple[str, ...] = ()
    sender: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """A signed call that asks the serving side to answer with the version before."""

    url: str
    secret_env: str
    dry_run: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Alarms of all models of the file together.

    Parameters
    ----------
    budget
        False alarms that all models together may cause.
    url
        Where the dashboard is reached: links in messages begin with it.
    repeat
        An alert that fires on and that nobody acknowledged is told again after so long.
    resolve_after
        Quiet windows after which an alert resolves.
    """

    budget: Budget = WEEKLY
    url: str = "http://127.0.0.1:8501"
    repeat: timedelta = timedelta(hours=4)
    resolve_after: int = 2
    channels: tuple[Channel, ...] = ()
    rollback: Rollback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How often `candor watch` looks, whom it tells that it lives, and after how long a silent log is told (by default three windows)."""

    every: timedelta = timedelta(minutes=1)
    heartbeat: str | None = None
    no_data_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAlerts:
    """What is expected of one model's log.

    Parameters
    ----------
    budget
        False alarms that it may cause: its own, or an equal part of the file's.
    zone
        The largest shift of a column that does not matter (`drift_evidence`).
    gateway
        A CSV file with columns `time` and `count`: how many predictions the gateway served.
    shares
        Share of the traffic that each version should get.
    version
        The version that should answer.
    every
        How often `candor watch` looks at it, also while a window fills.
    """

    budget: Budget = WEEKLY
    zone: float | None = None
    gateway: Path | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    version: str | None = None
    every: timedelta = timedelta(minutes=1)
