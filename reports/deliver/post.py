"""One HTTP request with a time limit over all of it, and errors as one sentence that holds no secret."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.outbox import Undelivered

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Undelivered", "accepted", "host", "post", "shut"]
TIMEOUT = 10.0
LONGEST_ANSWER = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver answered; `retry_after` is when it asks to be asked again."""

    status: int
    text: str
    retry_after: timedelta | None = None


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float | None = None) -> Answer:
    """Send a body with POST and give back what came, whatever its status. Redirects are not followed: a signed call is for one address.

    Raises
    ------
    Undelivered
        No connection, or no whole answer within `timeout` seconds (10 unless told), however slowly its bytes come.
    """
    import httpx

    timeout = TIMEOUT if timeout is None else timeout
    for name in ("httpx", "httpcore"):  # they log whole addresses, and an address may be a secret
        logging.getLogger(name).setLevel(logging.WARNING)

    sockets: list[Any] = []
    ended = threading.Event()

    def end() -> None:
        ended.set()
        for each in sockets:
            shut(each)

    def watch(event: str, info: Mapping[str, Any]) -> None:
        # Limits on single reads do not bound a receiver that sends a byte every few seconds, so the connection itself is cut.
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            sockets.append(info["return_value"].get_extra_info("socket"))
            if ended.is_set():
                end()

    clock = threading.Timer(timeout, end)
    clock.daemon = True
    clock.start()
    begun = time.monotonic()
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers={"User-Agent": "candor", **headers}, extensions={"trace": watch}) as answer,
        ):
            text = _text(answer)
            return Answer(status=answer.status_code, text=text, retry_after=_after(answer.headers.get("Retry-After")))
    except httpx.TimeoutException:
        raise Undelivered(f"{host(url)}: no answer within {timeout:g} s") from None
    except httpx.ConnectError as error:
        raise Undelivered(f"{host(url)}: cannot be reached ({_plain(error)})") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        late = ended.is_set() or time.monotonic() - begun >= timeout
        why = f"no answer within {timeout:g} s" if late else f"broke off ({_plain(error)})"
        raise Undelivered(f"{host(url)}: {why}") from None
    finally:
        clock.cancel()


def accepted(channel: str, url: str, answer: Answer) -> str:
    """What to keep of an answer that takes the message.

    Raises
    ------
    Undelivered
        The status is none of 2xx; lasting, if a later try cannot change it: a wrong address or key, a body that is not understood.
    """
    if 200 <= answer.status < 300:
        return f"answered {answer.status}"
    said = " ".join(answer.text.split())[:200]
    lasting = 300 <= answer.status < 500 and answer.status not in (408, 425, 429)
    raise Undelivered(
        f"{channel}: {host(url)} answered {answer.status}" + (f" ({said})" if said else ""), lasting=lasting, after=answer.retry_after
    )


def host(url: str) -> str:
    """The part of an address that may be shown: paths and logins are often secrets.

    >>> host("https://ann:x@hooks.example.org:8443/services/T0/B0/secret")
    'hooks.example.org:8443'
    """
    return urlsplit(url).netloc.rpartition("@")[2]


def _text(answer: httpx.Response) -> str:
    found = b""
    for part in answer.iter_raw():
        found += part
        if len(found) >= LONGEST_ANSWER:
            break
    return found[:LONGEST_ANSWER].decode("utf-8", "replace")


def _after(text: str | None) -> timedelta | None:
    return timedelta(seconds=int(text)) if text is not None and text.strip().isdecimal() and len(text) < 8 else None


def _plain(error: Exception) -> str:
    """An error's words without any address in them."""
    words = str(error) or type(error).__name__
    return type(error).__name__ if "://" in words else words[:150]


def shut(connection: Any) -> None:
    """End a connection in both directions, so that whoever reads from it stops waiting."""
    import socket

    with suppress(OSError, AttributeError):  # closed already
        connection.shutdown(socket.SHUT_RDWR)
