"""Against a real SMTP server: one thread for an incident, TLS where it is offered, and no password without it."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from audits import alerting
from connectors.alert_config import Channel
from connectors.outbox import Undelivered
from reports.deliver import mail, registry
from reports.deliver.message import trial
from reports.deliver.run import deliver_due, try_out

from .conftest import HOUR, NOW, free_port, signal

LISTS: dict[str, Any] = {"to": ("oncall@example.org", "risk@example.org"), "sender": "candor@example.org"}
GO_ON = b"220 go on\r\n"


class Inbox:
    """What an SMTP server does with mail: keeps it, or refuses a recipient, or everything."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refused: dict[str, str] = {}
        self.answer = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for localhost that nobody signed."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Give the function that runs a server with an inbox and gives its port."""
    running: list[Controller] = []

    def start(inbox: Inbox, **given: Any) -> int:
        controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **given)
        controller.start()
        running.append(controller)
        return int(controller.port)

    yield start
    for each in running:
        each.stop()


def context_of(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_mails_of_one_incident_form_a_thread(serve: Callable[..., int], config_of: Callable[..., Any]) -> None:
    inbox = Inbox()
    config = config_of(Channel(name="mail", kind="email", url=f"smtp://127.0.0.1:{serve(inbox)}", **LISTS))
    for now, given in ((NOW, [signal()]), (NOW + 4 * HOUR, []), (NOW + 5 * HOUR, [signal(1, "quiet"), signal(2, "quiet")])):
        alerting.apply(config, given, now=now)
        assert deliver_due(config, now=now).delivered == 1
    first, repeat, over = inbox.mails
    assert inbox.recipients[0] == ["oncall@example.org", "risk@example.org"]
    assert (first["Subject"], over["Subject"]) == ("[Page] Loan approvals: Drift of income", "Re: [Page] Loan approvals: Drift of income")
    assert len({each["References"] for each in inbox.mails}) == 1
    assert len({each["Message-ID"] for each in inbox.mails}) == 3
    assert first["Auto-Submitted"] == "auto-generated"
    plain, html = first.get_body(("plain",)), first.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Drift of income: 20.0% [10.0%, 30.0%] of rows moved, n = 5,000, since 21 Nov 2026, 12:00 UTC" in plain.get_content()
    assert 'href="https://example.org/run"' in html.get_content()
    for each, begins in ((repeat, "Still firing: "), (over, "Resolved: ")):
        body = each.get_body(("plain",))
        assert body is not None
        assert body.get_content().startswith(begins)


def test_a_mail_that_is_sent_again_has_the_same_id_and_names_cannot_add_headers(config_of: Callable[..., Any]) -> None:
    channel = Channel(name="mail\nBcc: x@y", kind="email", url="smtp://127.0.0.1", **LISTS)
    message = trial(config_of(channel), channel.name, NOW, "1")
    one, two = (mail.compose(channel, message, NOW + minutes * dt.timedelta(minutes=1)) for minutes in (0, 5))
    assert one["Message-ID"] == two["Message-ID"] == "<test-1@example.org>"
    assert "Bcc" not in one
    body = one.get_body(("html",))
    assert body is not None
    assert "<script" not in body.get_content()


def test_recipients_that_are_refused_are_named(serve: Callable[..., int], config_of: Callable[..., Any]) -> None:
    inbox = Inbox()
    config = config_of(Channel(name="mail", kind="email", url=f"smtp://127.0.0.1:{serve(inbox)}", **LISTS))
    inbox.refused = {"risk@example.org": "550 no such box"}
    assert [(each.ok, each.said) for each in try_out(config, None, now=NOW)] == [(True, "accepted, but not for risk@example.org")]
    inbox.refused = {"risk@example.org": "450 later", "oncall@example.org": "450 later"}
    (found,) = try_out(config, None, now=NOW)
    assert not found.ok
    assert "takes mail for none of oncall@example.org, risk@example.org (450)" in found.said
    inbox.refused, inbox.answer = {}, "451 busy"
    (found,) = try_out(config, None, now=NOW)
    assert (found.ok, found.said.endswith("answered 451")) == (False, True)


def test_a_login_needs_tls_that_can_be_trusted(
    serve: Callable[..., int], config_of: Callable[..., Any], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"candor", b"right"), handled=False)

    inbox = Inbox()
    port = serve(inbox, tls_context=context_of(certificate), authenticator=check, auth_required=True)
    monkeypatch.setenv("SMTP", "right")

    def answer(url: str) -> tuple[bool, str]:
        (found,) = try_out(config_of(Channel(name="mail", kind="email", url=url, user="candor", secret_env="SMTP", **LISTS)), None, now=NOW)
        return found.ok, found.said

    ok, said = answer(f"smtp://localhost:{port}")
    assert not ok
    assert "TLS failed (CERTIFICATE_VERIFY_FAILED)" in said
    ok, said = answer(f"smtp://localhost:{port}?starttls=no")
    assert not ok
    assert "a password is not sent without it" in said
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    assert answer(f"smtp://localhost:{port}") == (True, "accepted")
    assert len(inbox.mails) == 1
    monkeypatch.setenv("SMTP", "wrong")
    ok, said = answer(f"smtp://localhost:{port}")
    assert not ok
    assert "refused the login of candor (535)" in said
    assert "wrong" not in said


def test_smtps_speaks_tls_from_the_start(
    serve: Callable[..., int], config_of: Callable[..., Any], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    port = serve(inbox, ssl_context=context_of(certificate))
    config = config_of(Channel(name="mail", kind="email", url=f"smtps://localhost:{port}", **LISTS))
    assert [(each.ok, each.said) for each in try_out(config, None, now=NOW)] == [(True, "accepted")]
    assert inbox.mails[0]["Subject"] == "[Info] Candor: test message"


@pytest.fixture
def scripted() -> Iterator[Callable[[list[bytes]], int]]:
    """Give the function that runs a server that answers one line of its script to each line, and drips the last one for ever."""
    ended, threads = threading.Event(), []

    def start(script: list[bytes]) -> int:
        listening = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with listening, suppress(OSError):
                connection, _ = listening.accept()
                with connection, connection.makefile("rb") as lines:
                    for answer in script[:-1]:
                        connection.sendall(answer)
                        if answer == GO_ON:  # TLS follows, which has no lines
                            break
                        while (line := lines.readline()) and answer.startswith(b"354") and line != b".\r\n":
                            pass
                    while not ended.wait(0.05):
                        connection.sendall(script[-1])

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return int(listening.getsockname()[1])

    yield start
    ended.set()
    for each in threads:
        each.join(5)


@pytest.mark.parametrize(
    ("scheme", "script"),
    [
        ("smtp", [b"220-still here\r\n"]),
        ("smtp", [b"220 hello\r\n", b"250-ONE\r\n"]),
        ("smtp", [b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n", GO_ON, b"\x16\x03\x03\x3f\xff"]),  # a long record of TLS
        ("smtps", [b"\x16\x03\x03\x3f\xff"]),
    ],
)
def test_a_server_that_drips_is_given_up_in_time(
    scheme: str, script: list[bytes], scripted: Callable[..., int], config_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.4)
    channel = Channel(name="mail", kind="email", url=f"{scheme}://127.0.0.1:{scripted(script)}", **LISTS)
    begun = time.monotonic()
    with pytest.raises(Undelivered, match=r"no answer within 0.4 s") as refusal:
        registry.send(channel, trial(config_of(channel), channel.name, NOW, "1"), NOW)
    assert time.monotonic() - begun < 1.5  # each read is answered after 0.05 s, so that no limit on a read ends this
    assert not refusal.value.lasting


def test_a_mail_that_was_taken_is_not_sent_again_for_a_slow_farewell(
    scripted: Callable[..., int], config_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.4)
    fine = b"250 ok\r\n"
    port = scripted([b"220 hello\r\n", fine, fine, fine, fine, b"354 go on\r\n", fine, b"221-bye\r\n"])
    channel = Channel(name="mail", kind="email", url=f"smtp://127.0.0.1:{port}", **LISTS)
    begun = time.monotonic()
    assert registry.send(channel, trial(config_of(channel), channel.name, NOW, "1"), NOW) == "accepted"
    assert time.monotonic() - begun < 1.5


def test_a_server_that_is_not_there(config_of: Callable[..., Any]) -> None:
    (found,) = try_out(config_of(Channel(name="mail", kind="email", url=f"smtp://127.0.0.1:{free_port()}", **LISTS)), None, now=NOW)
    assert not found.ok
    assert "Connection refused" in found.said
