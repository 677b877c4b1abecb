"""E-mail by SMTP, in text and HTML; the mails of one incident form a thread."""

from __future__ import annotations

import html
import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from connectors.alert_config import Channel
from connectors.outbox import Undelivered
from reports.deliver import words
from reports.deliver.message import Message
from reports.deliver.post import shut

TIMEOUT = 10.0
"""Seconds for the whole conversation, however slowly the server's bytes come."""


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Send a mail to everybody in `to`. `smtps://` speaks TLS from the start; `smtp://` goes over to it when the server offers it.

    A password is never sent without TLS. `smtp://host:25?starttls=no` stays without it, for a relay whose certificate cannot be checked.

    Raises
    ------
    Undelivered
        The server refused, or had not taken the mail within 10 seconds.
    """
    parts = urlsplit(channel.url)
    secure = parts.scheme == "smtps"
    host, port = parts.hostname or "localhost", parts.port or (465 if secure else 25)
    where = f"{channel.name}: {host}:{port}"
    limit = _Limit(TIMEOUT)
    try:
        context = ssl.create_default_context()
        server = _Server(host, port, context if secure else None, limit)
        try:
            server.ehlo()
            if not secure and server.has_extn("starttls") and parse_qs(parts.query).get("starttls") != ["no"]:
                server.starttls(context=context)
                server.ehlo()
                secure = True
            if channel.user is not None:
                if not secure:
                    raise Undelivered(f"{where} offers no TLS, and a password is not sent without it", lasting=True)
                if secret is None:
                    raise Undelivered(f"{where}: a user but no password; name its environment variable in secret_env", lasting=True)
                server.login(channel.user, secret)
            refused = server.send_message(compose(channel, message, now))
            with suppress(OSError):  # it has the mail: whatever happens to the farewell, it is not sent again
                server.quit()
        finally:
            server.close()
    except OSError as error:  # what smtplib and ssl raise are kinds of it
        raise _undelivered(where, channel, error, late=limit.passed) from None
    finally:
        limit.end()
    return "accepted" if not refused else f"accepted, but not for {', '.join(sorted(refused))}"


def compose(channel: Channel, message: Message, now: datetime) -> EmailMessage:
    """Write the mail. Its Message-ID is the same each time it is sent; all mails of an incident refer to the incident's own."""
    sender = channel.sender or (channel.to[0] if channel.to else "candor@localhost")
    domain = sender.rpartition("@")[2].strip(">") or "localhost"
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, ", ".join(channel.to)
    # A thread keeps its subject; what has changed is the first line.
    mail["Subject"] = ("" if message.first else "Re: ") + _line(f"[{words.SEVERITY[message.severity]}] {message.subject}")
    mail["Date"] = format_datetime(now.replace(tzinfo=UTC))
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["References"] = mail["In-Reply-To"] = f"<{message.thread}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Candor-Incident"] = message.thread
    mail.set_content(f"{message.title}\n\n{message.text}\n")
    mail.add_alternative(_html(message), subtype="html")
    return mail


class _Limit:
    """A time limit over a whole conversation: limits on single reads do not bound a server that sends a byte every few seconds."""

    def __init__(self, seconds: float) -> None:
        self._until, self._passed = time.monotonic() + seconds, threading.Event()
        self._held: list[socket.socket] = []
        self._clock = threading.Timer(seconds, self._cut)
        self._clock.daemon = True
        self._clock.start()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self._passed.is_set() or time.monotonic() >= self._until

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first of the host's addresses that answers; the limit is for all of them together."""
        problem = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            held = socket.socket(family, kind, protocol)
            try:
                held.settimeout(max(self._until - time.monotonic(), 0.001))
                held.connect(address)
            except OSError as error:
                held.close()
                problem = error
                continue
            self._held.append(held.dup())  # TLS takes the socket itself over, and this one still ends its connection
            if self._passed.is_set():
                self._cut()
            return held
        raise problem

    def end(self) -> None:
        """Stop the clock."""
        self._clock.cancel()
        self._clock.join()
        for each in self._held:
            each.close()

    def _cut(self) -> None:
        self._passed.set()
        for each in self._held:
            shut(each)


class _Server(smtplib.SMTP):
    """A server that is connected to under a limit, with TLS from the start if a context is given."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, limit: _Limit) -> None:
        self._secured, self._limit = context, limit
        super().__init__(host, port, timeout=TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        held = self._limit.connect(host, port)
        return held if self._secured is None else self._secured.wrap_socket(held, server_hostname=host)


def _undelivered(where: str, channel: Channel, error: OSError, *, late: bool) -> Undelivered:
    if late or isinstance(error, TimeoutError):  # a connection that was cut may look like anything
        return Undelivered(f"{where}: no answer within {TIMEOUT:g} s")
    if isinstance(error, ssl.SSLError):
        return Undelivered(f"{where}: TLS failed ({error.reason or type(error).__name__})", lasting=True)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Undelivered(f"{where} refused the login of {channel.user} ({error.smtp_code})", lasting=True)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return Undelivered(f"{where} takes mail for none of {', '.join(channel.to)} ({codes[0]})", lasting=codes[0] >= 500)
    if isinstance(error, smtplib.SMTPResponseException):
        return Undelivered(f"{where} answered {error.smtp_code}", lasting=error.smtp_code >= 500)
    return Undelivered(f"{where}: {_plain(error)}")


def _html(message: Message) -> str:
    parts = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in message.paragraphs)
    links = " · ".join(f'<a href="{html.escape(url)}">{html.escape(label)}</a>' for label, url in message.links.items())
    return f"<!doctype html><html><body><h3>{html.escape(message.title)}</h3>{parts}<p>{links}</p></body></html>"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _plain(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
