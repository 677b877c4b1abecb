"""E-mail by SMTP, in text and HTML; the mails of one incident form a thread."""

from __future__ import annotations

import html
import smtplib
import socket
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from connectors.alert_config import Channel
from connectors.outbox import Undelivered
from reports.deliver import words
from reports.deliver.message import Message

TIMEOUT = 10.0


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Send a mail to everybody in `to`. `smtps://` speaks TLS from the start; `smtp://` goes over to it when the server offers it.

    A password is never sent without TLS. `smtp://host:25?starttls=no` stays without it, for a relay whose certificate cannot be checked.
    """
    parts = urlsplit(channel.url)
    secure = parts.scheme == "smtps"
    host, port = parts.hostname or "localhost", parts.port or (465 if secure else 25)
    where = f"{channel.name}: {host}:{port}"
    try:
        context = ssl.create_default_context()
        with _server(host, port, context if secure else None) as server:
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
    except ssl.SSLError as error:
        raise Undelivered(f"{where}: TLS failed ({error.reason or type(error).__name__})", lasting=True) from None
    except smtplib.SMTPAuthenticationError as error:
        raise Undelivered(f"{where} refused the login of {channel.user} ({error.smtp_code})", lasting=True) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise Undelivered(f"{where} takes mail for none of {', '.join(channel.to)} ({codes[0]})", lasting=codes[0] >= 500) from None
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"{where} answered {error.smtp_code}", lasting=error.smtp_code >= 500) from None
    except (OSError, smtplib.SMTPException) as error:
        why = f"no answer within {TIMEOUT:g} s" if isinstance(error, (TimeoutError, socket.timeout)) else _plain(error)
        raise Undelivered(f"{where}: {why}") from None
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


def _server(host: str, port: int, context: ssl.SSLContext | None) -> smtplib.SMTP:
    if context is None:
        return smtplib.SMTP(host, port, timeout=TIMEOUT)
    return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)


def _html(message: Message) -> str:
    parts = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in message.paragraphs)
    links = " · ".join(f'<a href="{html.escape(url)}">{html.escape(label)}</a>' for label, url in message.links.items())
    return f"<!doctype html><html><body><h3>{html.escape(message.title)}</h3>{parts}<p>{links}</p></body></html>"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _plain(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
