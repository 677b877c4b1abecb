"""The kinds of channel, and sending one message through one of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from connectors.alert_config import Channel
from connectors.outbox import Undelivered
from reports.deliver import alertmanager, mail, pagerduty, slack, webhook, words
from reports.deliver.message import Message

Send = Callable[[Channel, Message, str | None, datetime], str]

CHANNELS: dict[str, Send] = {
    "alertmanager": alertmanager.send,
    "pagerduty": pagerduty.send,
    "slack": slack.send,
    "webhook": webhook.send,
    "email": mail.send,
}


def send(channel: Channel, message: Message, now: datetime) -> str:
    """Send a message through a channel; returns what to keep of the answer.

    Raises
    ------
    Undelivered
        The receiver did not take it, the variable that holds the channel's key is not set, or what it holds cannot be sent.
    """
    secret = None
    if channel.secret_env is not None:
        secret = os.environ.get(channel.secret_env, "").strip()
        if not secret:
            raise Undelivered(f"{channel.name}: {words.no_secret(channel.secret_env)}", lasting=True)
    try:
        return CHANNELS[channel.kind](channel, message, secret, now)
    except ValueError:  # such as a key that no header can hold: it must end neither the other channels nor the watcher
        raise Undelivered(f"{channel.name}: {words.unsendable()}", lasting=True) from None
