"""From signals to alerts to receivers, as the watcher asks for it: rules are in `audits.alerting`, receivers in `reports.deliver`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.config import Config

if TYPE_CHECKING:
    from audits.finding import Cause, Signal

NO_CAUSES: Mapping[str, Sequence[Cause]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How many alerts a step raised and resolved, and how many messages it put into the outbox."""

    raised: int = 0
    resolved: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one try at everything due brought about."""

    delivered: int = 0
    failed: int = 0


def tell(
    config: Config, signals: Sequence[Signal], *, run: str | None, now: datetime, causes: Mapping[str, Sequence[Cause]] = NO_CAUSES,
    drill: bool = False,
) -> Changes:  # fmt: skip
    """Take one step with the alerts: signals, alerts and messages change in one transaction, and the same step again changes nothing.

    Raises
    ------
    CandorError
        The alerts' file cannot be used; nothing has changed then.
    """
    from audits.alerting import apply

    done = apply(config, signals, now=now, run=run, causes=causes, drill=drill)
    raised = sum(alert.state == "firing" and alert.fired == now for alert in done.alerts)
    resolved = sum(alert.state == "resolved" and alert.resolved == now for alert in done.alerts)
    return Changes(raised=raised, resolved=resolved, queued=done.queued)


def deliver(config: Config, now: datetime) -> Sent:
    """Try everything in the outbox that is due; a receiver that fails is no error here."""
    from reports.deliver.run import deliver_due

    done = deliver_due(config, now=now)
    return Sent(delivered=done.delivered, failed=done.failed)


def waiting(config: Config, now: datetime) -> float:
    """Seconds that the oldest page has been waiting for a receiver of pages; 0.0 where none waits."""
    from connectors.outbox import PAGE, queues

    paging = {channel.name for channel in config.alerts.channels if "page" in channel.severities}
    held = [each.oldest for each in queues(config, rank=PAGE) if each.oldest is not None and each.channel in paging]
    return max(((now - created) / timedelta(seconds=1) for created in held), default=0.0)


def why(config: Config) -> str:
    """What the receivers that fail said last, in one line."""
    from connectors.outbox import listed

    said = {each.channel: each.said.removeprefix(f"{each.channel}: ") for each in listed(config) if each.state == "failing"}
    return "; ".join(f"{channel}: {answer}" for channel, answer in sorted(said.items()))
