"""A configuration with channels, alerts to tell of, and receivers that run: HTTP in a thread, Alertmanager as a process, SMTP."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audits.finding import Signal
from connectors.alert_config import Alerts, Channel
from connectors.config import Columns, Config, ModelConfig, WarehouseConfig

NOW = dt.datetime(2026, 11, 21, 12)
HOUR = dt.timedelta(hours=1)


def signal(hour: float = 0, answer: str = "raised", **given: Any) -> Signal:
    """Drift of income, its evidence past the line, in one hour's window."""
    start = NOW + hour * HOUR
    known: dict[str, Any] = {
        "model": "loans", "rule": "drift_evidence", "family": "drift", "severity": "page", "answer": answer, "column": "income",
        "window_start": start, "window_end": start + HOUR, "since": start if answer == "raised" else None, "value": 0.2, "low": 0.1,
        "high": 0.3, "n": 5000, "unit": "proportion", "threshold_max": 0.05,
    }  # fmt: skip
    return Signal(**(known | ({} if "rule" in given else {"evidence": 5.0, "line": 4.0}) | given))


@pytest.fixture
def config_of(tmp_path: Path) -> Callable[..., Config]:
    """Give the function that makes a configuration with these channels."""

    def make(*channels: Channel, **alerts: Any) -> Config:
        models = {
            name: ModelConfig(name=name, title=title, columns=Columns(), owner="risk@example.org", runbook="https://example.org/run")
            for name, title in (("loans", "Loan approvals"), ("cards", "Cards"))
        }
        return Config(
            path=tmp_path / "candor.toml", folder=tmp_path, version=1, warehouse=WarehouseConfig(path=tmp_path / "candor.duckdb"),
            models=models, alerts=Alerts(channels=channels, **alerts),
        )  # fmt: skip

    return make


@dataclass
class Receiver:
    """An HTTP server that keeps what it gets and answers as it is told, one behaviour after the other; the last one stays."""

    url: str = ""
    behaviours: list[str] = field(default_factory=lambda: ["ok"])
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def next(self) -> str:
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    held, ended = Receiver(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.got.append((self.path, dict(self.headers), body))
            how = held.next()
            if how == "hang":  # has it, and never says so
                ended.wait(20)
            elif how == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.1):
                    try:
                        self.wfile.write(b"X: y\r\n")
                    except OSError:
                        return
            elif how == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                status, _, text = how.partition(" ") if how != "ok" else ("200", "", "ok")
                for _ in range(2 if text == "twice" else 1):
                    self.send_response(int(status))
                    if status == "429":
                        self.send_header("Retry-After", "600")
                    if status == "302":
                        self.send_header("Location", held.url + "/elsewhere")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield held
    ended.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture(scope="session")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Prometheus Alertmanager; skip where it is not installed."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        pytest.skip("Alertmanager is not here: apt-get install prometheus-alertmanager")
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    (folder / "a.yml").write_text("route:\n  receiver: none\nreceivers:\n- name: none\n")
    command = [
        binary, f"--config.file={folder / 'a.yml'}", f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)
