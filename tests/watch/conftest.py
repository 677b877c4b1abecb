"""A folder with two models' sources, a watcher whose clock, rounds and receivers are made up, and a receiver over real HTTP."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.watch_world import Hourly, hourly
from connectors.config import Config, load
from dashboard.watch import loop
from dashboard.watch.clock import Clock
from dashboard.watch.loop import Watcher
from dashboard.watch.round import Answer, Request, work
from dashboard.watch.telling import Changes, Sent

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

MODEL = """
[models.{name}]
window = "1h"
[models.{name}.columns]
id = "id"
time = "at"
score = "score"
decision = "decision"
[[models.{name}.sources]]
path = "{name}-*.csv"
rows = "predictions"
"""


def configure(folder: Path, *names: str, head: str = "", every: str = "1m") -> Config:
    """Write candor.toml with these models, each with a source NAME-*.csv."""
    text = f'version = 1\n{head}\n[watch]\nevery = "{every}"\n' + "".join(MODEL.format(name=name) for name in names)
    (folder / "candor.toml").write_text(text)
    return load(folder / "candor.toml")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Two models, "a" and "b", each with one file."""
    for name in ("a", "b"):
        (tmp_path / f"{name}-1.csv").write_text("id,at,score,decision\n1,2026-11-02T08:00:00Z,0.5,1\n")
    return configure(tmp_path, "a", "b")


@dataclass
class Time:
    """Both clocks, moved by hand."""

    steady: float = 0.0
    wall: float = START.timestamp()

    def pass_(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.steady, wall=lambda: self.wall)


@dataclass
class Stage:
    """A watcher without processes and receivers: what it asked for, what it is answered, what it said, what it told the alerts."""

    config: Config
    time: Time = field(default_factory=Time)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    answer: Callable[[Request], Answer | None] = lambda request: Answer(rows=len(request.models), audited=request.models)
    watcher: Watcher = field(init=False)

    def start(self) -> Stage:
        stage = self

        class Child:
            pid = 0

            def __init__(self, request: Request) -> None:
                self.request = request
                stage.asked.append(request.models)

            def wait(self, stop: threading.Event, **_: Any) -> Answer | None:
                return stage.answer(self.request)

            def end(self) -> None: ...

        make: Any = Child
        self.watcher = Watcher(self.config, say=self.said.append, clock=self.time.clock, child=make, send=lambda config, now: Sent())
        return self

    def tick(self, after: float = 60.0) -> bool:
        self.time.pass_(after)
        return self.watcher.tick()


@pytest.fixture
def stage(config: Config, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A watcher on the two models, not yet started."""
    made = Stage(config)

    def tell(config: Config, signals: Any, **_: Any) -> Changes:
        made.told += [(signal.model, signal.rule, signal.answer) for signal in signals if signal.answer == "raised"]
        return Changes()

    monkeypatch.setattr(loop, "tell", tell)
    return made.start()


class Receiver:
    """An HTTP server that notes what it is sent; `status` is what it answers, `wait` how long that takes."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str], bytes, datetime]] = []
        self.status, self.wait, self.arrived = 200, 0.0, threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if receiver.wait:
                    threading.Event().wait(receiver.wait)
                receiver.got.append((self.command, self.path, dict(self.headers), body, datetime.now(UTC).replace(tzinfo=None)))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.arrived.set()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver whose key is set, also for processes that a test starts."""
    monkeypatch.setenv("CANDOR_TEST_PAGER", "a key shared with the receiver")
    made = Receiver()
    yield made
    made.close()


CHANNEL = '[[alerts.channels]]\nname = "pager"\nkind = "webhook"\nurl = "{url}/page"\nsecret_env = "CANDOR_TEST_PAGER"\n'


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Hourly:
    """An hourly log that was taken in and audited once; nothing in it is wrong. Copy it before changing it."""
    world = hourly(tmp_path_factory.mktemp("hourly"))
    answer = work(load(world.config), ["m"])
    assert answer.audited == ("m",)
    assert not answer.failures
    return world


@pytest.fixture
def world(quiet: Hourly, tmp_path: Path, receiver: Receiver) -> Hourly:
    """A copy of the hourly log with a receiver, and its next hour to be written."""
    folder = Path(shutil.copytree(quiet.folder, tmp_path / "own"))
    config = folder / "candor.toml"
    config.write_text(config.read_text().replace("[watch]", CHANNEL.format(url=receiver.url) + "[watch]"))
    return Hourly(config=config, folder=folder, sound=quiet.sound, faulty=quiet.faulty)
