"""Deliver what waits in the outbox, and try the channels."""

from __future__ import annotations

import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import outbox
from connectors.alert_config import Channel
from connectors.config import Config
from connectors.errors import UsageError, nearest
from connectors.outbox import Taken, Undelivered
from reports.deliver import words
from reports.deliver.message import build, trial
from reports.deliver.registry import send


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one call sent: messages tried, arrived and failed, and when to call again at the latest; None where nothing waits."""

    tried: int
    delivered: int
    failed: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came back from one channel."""

    channel: str
    kind: str
    ok: bool
    said: str


def deliver_due(config: Config, *, now: datetime, only_channel: str | None = None, seconds: float = 45.0) -> Delivered:
    """Send whatever is due, each channel in a thread of its own, so that one that hangs holds up no other.

    A receiver that fails raises nothing: its messages are tried again later.

    Raises
    ------
    CandorError
        The outbox cannot be read or written.
    """
    begun = time.monotonic()
    names = [name for name in outbox.waiting_channels(config, now) if only_channel in (None, name)]
    channels = {channel.name: channel for channel in config.alerts.channels}

    def one(name: str) -> tuple[int, int]:
        def hand_over(taken: Taken) -> str:
            moment = now + timedelta(seconds=time.monotonic() - begun)
            return _send(config, channels.get(name), taken, moment)

        return outbox.work(config, name, hand_over, now, random.Random(), seconds=seconds)

    if not names:
        return Delivered(tried=0, delivered=0, failed=0, next_due=outbox.next_due(config, now))
    with ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="candor-deliver") as pool:
        found = list(pool.map(one, names))
    outbox.prune(config, now)  # here, so that it is done whenever something is sent, and never before it
    arrived, failed = sum(each for each, _ in found), sum(each for _, each in found)
    return Delivered(tried=arrived + failed, delivered=arrived, failed=failed, next_due=outbox.next_due(config, now))


def _send(config: Config, channel: Channel | None, taken: Taken, now: datetime) -> str:
    if channel is None:
        raise Undelivered(words.gone(taken.channel), lasting=True)
    try:
        return send(channel, build(config, taken.body), now)
    except Undelivered:
        raise
    except Exception as error:  # a message that cannot be written must not hold up the others, nor end the watcher
        raise Undelivered(f"{channel.name}: the message cannot be written ({type(error).__name__})", lasting=True) from error


def try_out(config: Config, channel: str | None, *, now: datetime) -> tuple[Tested, ...]:
    """Send a test message through each channel, or one, and say what came back.

    Raises
    ------
    UsageError
        No channel is configured, or none of that name.
    """
    chosen = [each for each in config.alerts.channels if channel in (None, each.name)]
    if not config.alerts.channels:
        raise UsageError(f"{config.path}: no channels; add [[alerts.channels]]")
    if not chosen:
        near = nearest(channel or "", [each.name for each in config.alerts.channels])
        raise UsageError(f'{config.path}: there is no channel "{channel}"; {near}')
    found = []
    for each in chosen:
        try:
            said, ok = send(each, trial(config, each.name, now, secrets.token_hex(6)), now), True
        except Undelivered as problem:
            said, ok = str(problem).removeprefix(f"{each.name}: "), False
        found.append(Tested(channel=each.name, kind=each.kind, ok=ok, said=said))
    return tuple(found)
