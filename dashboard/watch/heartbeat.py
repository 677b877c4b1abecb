"""The dead-man's switch: an address that is called after each good round, so that silence there is the alarm."""

from __future__ import annotations

from connectors.errors import CandorError

TIMEOUT = 10.0
"""Seconds for the whole call."""


def call(url: str, *, timeout: float = TIMEOUT) -> None:
    """Call the address with GET; anything but an answer of 2xx is a failure.

    Raises
    ------
    CandorError
        No answer in time, no connection, or a refusal; the sentence names the host, never the path, which is often a secret.
    """
    import http.client
    import urllib.error
    import urllib.request

    from reports.deliver.post import host

    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": "candor"}), timeout=timeout) as answer:
            assert answer.status < 400  # the status is all that matters: what is written there is not read
    except urllib.error.HTTPError as error:
        error.close()
        raise CandorError(f"{host(url)}: answered {error.code}") from None
    except urllib.error.URLError as error:
        raise CandorError(f"{host(url)}: {getattr(error.reason, 'strerror', None) or error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise CandorError(f"{host(url)}: {getattr(error, 'strerror', None) or type(error).__name__}") from None
