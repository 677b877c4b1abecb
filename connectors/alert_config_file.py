"""Parse what `candor.toml` says of alarms: [alerts], [watch] and [models.<name>.alerts]."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from connectors import config_values as values
from connectors.alert_config import Alerts, Budget, Channel, ChannelKind, ModelAlerts, Rollback, Watch
from connectors.config_parts import Number, Part
from connectors.errors import UsageError, nearest

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
SEVERITIES = ("page", "ticket", "info")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Duration = Annotated[timedelta, BeforeValidator(values.delay)]
Allowed = Annotated[Budget, BeforeValidator(values.budget)]


def _variable(value: object) -> object:
    if isinstance(value, str) and not _VARIABLE.fullmatch(value):
        raise ValueError("it must be the name of an environment variable; the secret itself must not stand in the file")
    return value


Variable = Annotated[StrictStr, BeforeValidator(_variable)]


class ChannelPart(Part):
    """One [[alerts.channels]]."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    kind: Literal["alertmanager", "pagerduty", "slack", "webhook", "email"]
    url: StrictStr | None = None
    secret_env: Variable | None = None
    severities: tuple[Literal["page", "ticket", "info"], ...] | None = None
    models: tuple[StrictStr, ...] | None = None
    to: tuple[StrictStr, ...] = ()
    sender: StrictStr | None = Field(default=None, alias="from")
    user: StrictStr | None = None


class RollbackPart(Part):
    """[alerts.rollback]."""

    url: StrictStr
    secret_env: Variable
    dry_run: StrictBool = True


class AlertsPart(Part):
    """[alerts]."""

    budget: Allowed | None = None
    url: StrictStr | None = None
    repeat: Duration | None = None
    resolve_after: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    channels: tuple[ChannelPart, ...] = ()
    rollback: RollbackPart | None = None


class WatchPart(Part):
    """[watch]."""

    every: Duration | None = None
    heartbeat: StrictStr | None = None
    no_data_after: Duration | None = None


class ModelAlertsPart(Part):
    """[models.<name>.alerts]."""

    budget: Allowed | None = None
    zone: Annotated[Number, Field(ge=0, lt=1)] | None = None
    gateway: StrictStr | None = None
    shares: dict[str, Annotated[Number, Field(gt=0)]] = Field(default_factory=dict)
    version: StrictStr | None = None


def alerts_of(path: Path, raw: AlertsPart, models: Collection[str]) -> Alerts:
    """Checked values of [alerts].

    Raises
    ------
    UsageError
        Two channels share a name, an address is none, or a channel lacks what its kind needs.
    """
    names = [channel.name for channel in raw.channels]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f'{path}: alerts.channels: two channels are called "{twice}"; give each its own name')
    channels = tuple(_channel(f"{path}: alerts.channels[{place}]", channel, models) for place, channel in enumerate(raw.channels))
    rollback = None
    if raw.rollback is not None:
        _address(f"{path}: alerts.rollback.url", raw.rollback.url, ("http", "https"))
        rollback = Rollback(url=raw.rollback.url, secret_env=raw.rollback.secret_env, dry_run=raw.rollback.dry_run)
    given = {name: getattr(raw, name) for name in ("budget", "repeat", "resolve_after") if getattr(raw, name) is not None}
    if raw.url is not None:
        _address(f"{path}: alerts.url", raw.url, ("http", "https"))
        given["url"] = raw.url.rstrip("/")
    return Alerts(**given, channels=channels, rollback=rollback)


def watch_of(path: Path, raw: WatchPart) -> Watch:
    """Checked values of [watch].

    Raises
    ------
    UsageError
        The heartbeat's address is none, or a duration is zero.
    """
    if raw.heartbeat is not None:
        _address(f"{path}: watch.heartbeat", raw.heartbeat, ("http", "https"))
    for name in ("every", "no_data_after"):
        given = getattr(raw, name)
        if given is not None and not given:
            raise UsageError(f'{path}: watch.{name} is nothing; write "1m" or "6h"')
    return Watch(**{name: getattr(raw, name) for name in ("every", "heartbeat", "no_data_after") if getattr(raw, name) is not None})


def model_alerts_of(where: str, folder: Path, raw: ModelAlertsPart, *, shared: Budget, every: timedelta, versions: bool) -> ModelAlerts:
    """Checked values of one model's [alerts]; `shared` is its part of the file's budget.

    Raises
    ------
    UsageError
        Shares do not add up to one, or versions are spoken of that the log does not name.
    """
    if raw.shares and abs(sum(raw.shares.values()) - 1) > 1e-6:
        raise UsageError(f"{where}.shares add up to {sum(raw.shares.values()):g}; they must add up to 1")
    named = "shares" if raw.shares else "version" if raw.version is not None else None
    if named is not None and not versions:
        raise UsageError(f"{where}.{named} speaks of versions, but columns.version is not mapped; map it")
    return ModelAlerts(
        budget=raw.budget or shared, zone=None if raw.zone is None else float(raw.zone),
        gateway=None if raw.gateway is None else (folder / raw.gateway).resolve(),
        shares={name: float(share) for name, share in raw.shares.items()}, version=raw.version, every=every,
    )  # fmt: skip


def _channel(where: str, raw: ChannelPart, models: Collection[str]) -> Channel:
    kind: ChannelKind = raw.kind
    url = raw.url or (PAGERDUTY if kind == "pagerduty" else None)
    if url is None:
        raise UsageError(f'{where}: a channel of kind "{kind}" needs a url')
    _address(f"{where}.url", url, ("smtp", "smtps") if kind == "email" else ("http", "https"))
    if kind in ("pagerduty", "webhook") and raw.secret_env is None:
        raise UsageError(f'{where}: a channel of kind "{kind}" needs secret_env, the name of the environment variable that holds its key')
    if kind == "email" and (not raw.to or raw.sender is None):
        raise UsageError(f'{where}: a channel of kind "email" needs to = ["..."] and from = "..."')
    if kind != "email" and (raw.to or raw.sender or raw.user):
        raise UsageError(f'{where}: to, from and user are for kind "email"; this channel is of kind "{kind}"')
    unknown = next((name for name in raw.models or () if name not in models), None)
    if unknown is not None:
        raise UsageError(f'{where}.models: there is no model "{unknown}"; {nearest(unknown, models)}')
    severities = raw.severities or (("page",) if kind == "pagerduty" else SEVERITIES)
    return Channel(
        name=raw.name, kind=kind, url=url, secret_env=raw.secret_env, severities=severities, models=raw.models, to=raw.to,
        sender=raw.sender, user=raw.user,
    )  # fmt: skip


def _address(where: str, url: str, schemes: tuple[str, ...]) -> None:
    """Refuse what is no address, and one that carries a password."""
    try:
        parts = urlsplit(url)
        reachable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise UsageError(f'{where} is "{url}", which is no address; write {schemes[0]}://host:port/path') from None
    if not reachable:
        raise UsageError(f'{where} is "{url}"; write {" or ".join(f"{scheme}://host:port" for scheme in schemes)}')
    if parts.password:
        raise UsageError(f"{where} holds a password; keep it in an environment variable and name that in secret_env")
