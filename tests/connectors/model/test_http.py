"""Models behind an address: three protocols, and endpoints that are away, slow, broken, too large or fickle."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors.config import ModelConfig
from connectors.model import ModelError, open_model

Configured = Callable[..., ModelConfig]
ROWS = pa.table({"income": [1_000.0, None, 3_000.0], "region": ["north", "south", None], "young": [True, False, True]})
ABOUT = {"name": "loans", "inputs": [{"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in ("income", "region", "young")]}


class Server(ThreadingHTTPServer):
    """Answers as the test tells it to, and keeps what it was asked."""

    daemon_threads = True
    answer: Callable[[Any], Any] = staticmethod(lambda asked: asked)
    seen: list[tuple[str, str, Any, str | None]]


class Handler(BaseHTTPRequestHandler):
    """Hands over to the server's `answer`: bytes are sent as they are, a callable gets the handler, a number is a status."""

    server: Server

    def do_GET(self) -> None:
        self._say(None)

    def do_POST(self) -> None:
        self._say(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _say(self, asked: Any) -> None:
        self.server.seen.append((self.command, self.path, asked, self.headers.get("Authorization")))
        said = self.server.answer(asked) if asked is not None else ABOUT
        if callable(said):
            with suppress(OSError):
                said(self)
            return
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(said if isinstance(said, int) else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not on the screen."""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(running: Server) -> Server:
    running.seen = []
    return running


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_plain_json(server: Server, config: Configured) -> None:
    server.answer = lambda asked: {"predictions": [(row["income"] or 0) / 10_000 for row in asked["instances"]]}
    with open_model(config("http", url=url(server)), columns=["income", "region", "young"]) as model:
        assert model.names == ("income", "region", "young")
        assert model.predict(ROWS.select(["young", "region", "income"])).tolist() == [0.1, 0.0, 0.3]
        assert model.trees() is None
        assert model.notes == ("the answers of an address may change while its name stays",)
    _, path, asked, token = server.seen[0]
    assert (path, token) == ("/", None)
    assert asked == {"instances": [
        {"income": 1000.0, "region": "north", "young": True}, {"income": None, "region": "south", "young": False},
        {"income": 3000.0, "region": None, "young": True},
    ]}  # fmt: skip


@pytest.mark.parametrize("said", [
    [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], {"predictions": [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]},
    {"probabilities": [{"no": 0.9, "1": 0.1}, {"no": 0.8, "1": 0.2}, {"no": 0.7, "1": 0.3}]}, {"scores": [0.1, 0.2, 0.3]},
])  # fmt: skip
def test_shapes_of_answers(said: Any, server: Server, config: Configured) -> None:
    server.answer = lambda asked: _aligned(said, asked)
    with open_model(config("http", url=url(server)), columns=["income"]) as model:
        assert model.predict(ROWS).tolist() == [0.1, 0.2, 0.3]


def _aligned(said: Any, asked: Any) -> Any:
    """The answers in the order of the rows that were sent: income 1,000, missing, 3,000."""
    order = [{1000.0: 0, None: 1, 3000.0: 2}[row["income"]] for row in asked["instances"]]
    if isinstance(said, list):
        return [said[i] for i in order]
    return {name: [rows[i] for i in order] for name, rows in said.items()}


def test_several_classes_and_none(server: Server, config: Configured) -> None:
    server.answer = lambda asked: {"predictions": [[0.2, 0.3, None]] * len(asked["instances"])}
    with open_model(config("http", url=url(server), task="multiclass"), columns=["income"]) as model:
        answers = model.predict(ROWS)
        assert model.classes == ("0", "1", "2")
        assert answers.shape == (3, 3)
        assert np.isnan(answers[:, 2]).all()


def test_kserve_v1_with_a_token(server: Server, config: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOANS_TOKEN", "s3cret")
    server.answer = lambda asked: {"predictions": [0.5] * len(asked["instances"])}
    given = config("http", url=url(server) + "/", protocol="kserve-v1", name="loans", token_env="LOANS_TOKEN")
    with open_model(given, columns=["income", "region"]) as model:
        assert model.predict(ROWS).tolist() == [0.5, 0.5, 0.5]
    assert server.seen[0][:2] == ("GET", "/v1/models/loans")
    assert server.seen[1][:3] == ("POST", "/v1/models/loans:predict", {"instances": [[1000.0, "north"], [None, "south"], [3000.0, None]]})
    assert {token for *_, token in server.seen} == {"Bearer s3cret"}


def test_kserve_v2(server: Server, config: Configured) -> None:
    def answer(asked: Any) -> Any:
        rows = asked["inputs"][0]["shape"][0]
        label = {"name": "label", "datatype": "INT64", "shape": [rows], "data": [1] * rows}
        return {"outputs": [label, {"name": "p", "datatype": "FP32", "shape": [rows, 2], "data": [0.25, 0.75] * rows}]}

    server.answer = answer
    with open_model(config("http", url=url(server), protocol="kserve-v2", name="loans"), columns=ROWS.column_names) as model:
        assert model.predict(ROWS).tolist() == [0.75, 0.75, 0.75]
    assert server.seen[1][:2] == ("POST", "/v2/models/loans/infer")
    assert server.seen[1][2]["inputs"] == [
        {"name": "income", "shape": [3, 1], "datatype": "FP64", "data": [1000.0, None, 3000.0]},
        {"name": "region", "shape": [3, 1], "datatype": "BYTES", "data": ["north", "south", None]},
        {"name": "young", "shape": [3, 1], "datatype": "BOOL", "data": [True, False, True]},
    ]


def drip(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drip_before_it_begins(handler: Handler) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)


def flood(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b"[" * 1_000_000)


@pytest.mark.parametrize(("said", "sentence"), [
    (drip, "did not answer within 0.4 seconds"), (drip_before_it_begins, "did not answer within 0.4 seconds"),
    (flood, "answers more than the 1,006,000 bytes"), (b"<html>", r"answer is not JSON \('<html>'\)"), (b"[" * 100_000, "not JSON"),
    ({"result": 1}, 'has no list "predictions"'), ({"predictions": ["yes", "no", "no"]}, "predictions are not numbers"),
    ({"predictions": [0.1]}, "gave 1 answers for 3 rows"), ({"predictions": [[[1, 2], [3, 4]]] * 3}, "no number or list of numbers"),
    (500, r"the endpoint answered 500"), ({"predictions": [{"a": 1}, {"b": 1}, {"a": 1}]}, "same classes for every row"),
])  # fmt: skip
def test_endpoints_that_misbehave(said: Any, sentence: str, server: Server, config: Configured) -> None:
    server.answer = lambda _: said
    slow = said in (drip, drip_before_it_begins)
    given = config("http", url=url(server), timeout=timedelta(seconds=0.4 if slow else 20))
    with open_model(given, columns=["income"]) as model, pytest.raises(ModelError, match=sentence) as caught:
        model.predict(ROWS)
    assert str(caught.value).startswith(url(server))
    assert str(caught.value).count(url(server)) == 1


def test_two_answers_for_the_same_row(server: Server, config: Configured) -> None:
    server.answer = lambda asked: {"predictions": [float(len(server.seen))] * len(asked["instances"])}
    with (
        open_model(config("http", url=url(server)), columns=["income"]) as model,
        pytest.raises(ModelError, match=r"two different answers for the same row \(1 and 2\)"),
    ):
        model.predict(ROWS)


def test_nobody_there(config: Configured) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        open_model(config("http", url=f"http://127.0.0.1:{port}"), columns=["income"]) as model,
        pytest.raises(ModelError, match=r"the endpoint cannot be reached \("),
    ):
        model.predict(ROWS)


@pytest.mark.parametrize(("file", "sentence"), [
    ({"url": "file:///etc/passwd"}, "is no address"), ({"url": "http://user:pw@host/x"}, "holds no password"),
    ({"url": "http://host", "protocol": "kserve-v2"}, "needs the name"), ({"url": None}, "is no address"),
    ({"url": "https://host", "token_env": "NOT_SET_ANYWHERE"}, "holds no token"),
    ({"url": "http://host", "token_env": "HOME"}, "not sent without encryption"),
])  # fmt: skip
def test_addresses_that_are_refused(file: dict[str, Any], sentence: str, config: Configured) -> None:
    with pytest.raises(ModelError, match=sentence), open_model(config("http", **file), columns=["income"]):
        pass
