"""A model behind an address: plain JSON, or KServe's protocols v1 and v2. What it may take is bounded: time as a whole, and bytes."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.model_columns import ModelError
from connectors.model_config import ModelFile
from connectors.model_formats.http_answers import read_answer

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 5_000
_A_ROW = 2_000
_ABOUT = 1_000_000
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Endpoint:
    """One address; `Answering`."""

    def __init__(self, name: str, file: ModelFile, version: str | None) -> None:
        import httpx

        self._file, self._where = file, str(file.url)
        self._url = _checked(name, file)
        self._seconds = file.timeout.total_seconds()
        self._client = httpx.Client(headers=self._headers(), follow_redirects=False, trust_env=False, timeout=self._seconds)
        self.batch = _BATCH
        self._single = False
        described = b"" if file.protocol == "json" else self._describe()
        said = "\n".join([self._where, file.protocol, file.name or "", version or ""]).encode() + b"\n" + described
        self.fingerprint = hashlib.sha256(said).hexdigest()
        notes = ["the answers of an address may change while its name stays"]
        inputs = _inputs(described) if file.protocol == "kserve-v2" else []
        self._single = len(inputs) == 1 and _wide(described)
        self._table = inputs[0] if self._single else ""
        names = [] if self._single else inputs
        self.about: Mapping[str, Any] = {"inputs": names, "count": len(names) or -1, "classes": [], "outputs": 0, "notes": notes}

    def ask(self, rows: pa.Table) -> tuple[pa.Table, Mapping[str, Sequence[str]]]:
        """See `Answering`."""
        body = json.dumps(self._body(rows), allow_nan=False).encode()
        answered = self._sent("POST", self._path("infer" if self._file.protocol == "kserve-v2" else "predict"), body, rows.num_rows)
        return read_answer(answered, self._file.protocol), {}

    def parts(self) -> None:
        """An address tells nothing of what is behind it."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _headers(self) -> dict[str, str]:
        if self._file.token_env is None:
            return {}
        token = os.environ.get(self._file.token_env, "")
        if not token:
            raise ModelError(f"{self._where}: the environment variable {self._file.token_env} holds no token")
        if not self._url.startswith("https://") and _host(self._url) not in _LOCAL:
            raise ModelError(f"{self._where}: a token is not sent without encryption; give an https address")
        return {"Authorization": f"Bearer {token}"}

    def _path(self, verb: str) -> str:
        match self._file.protocol:
            case "kserve-v1":
                return f"{self._url}/v1/models/{self._file.name}" + (":predict" if verb == "predict" else "")
            case "kserve-v2":
                return f"{self._url}/v2/models/{self._file.name}" + ("/infer" if verb == "infer" else "")
            case _:
                return self._url

    def _describe(self) -> bytes:
        return self._sent("GET", self._path("about"), None, 0)

    def _body(self, rows: pa.Table) -> dict[str, Any]:
        columns = {name: [_json(value) for value in rows.column(name).to_pylist()] for name in rows.column_names}
        if self._file.protocol == "json":
            return {"instances": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]}
        if self._file.protocol == "kserve-v1":
            return {"instances": [list(row) for row in zip(*columns.values(), strict=True)]}
        if self._single:
            numbers = [[float("nan") if value is None else value for value in row] for row in zip(*columns.values(), strict=True)]
            wrong = next((value for row in numbers for value in row if isinstance(value, str)), None)
            if wrong is not None:
                raise ModelError(f"the endpoint takes one table of numbers, and the log holds the text {wrong[:40]!r}")
            data = [None if isinstance(value, float) and math.isnan(value) else float(value) for row in numbers for value in row]
            tensor = {"name": self._table, "shape": [len(numbers), len(columns)], "datatype": "FP64", "data": data}
            return {"inputs": [tensor]}
        return {
            "inputs": [
                {"name": name, "shape": [len(values), 1], "datatype": _kind(values), "data": values} for name, values in columns.items()
            ]
        }

    def _sent(self, method: str, url: str, body: bytes | None, rows: int) -> bytes:
        """The bytes of an answer, asked for in a thread of its own: a server that drips never reaches a time limit between two bytes."""
        most = _ABOUT + rows * _A_ROW
        held: list[bytes] = []
        failed: list[Exception] = []
        done = threading.Event()

        def run() -> None:
            try:
                held.append(self._received(method, url, body, most))
            except Exception as error:  # noqa: BLE001 -- told below, in the thread that asked
                failed.append(error)
            done.set()

        threading.Thread(target=run, daemon=True).start()
        if not done.wait(self._seconds + 0.5):
            self._client.close()
            raise self._late()
        if failed:
            raise self._told(failed[0])
        return held[0]

    def _received(self, method: str, url: str, body: bytes | None, most: int) -> bytes:
        until = time.monotonic() + self._seconds
        got = bytearray()
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        with self._client.stream(method, url, content=body, headers=headers) as answer:
            for piece in answer.iter_raw(1 << 16):
                got += piece
                if len(got) > most:
                    raise ModelError(f"the endpoint answers more than the {most:,} bytes that were to be expected")
                if time.monotonic() > until:
                    raise self._late()
            if answer.status_code != 200:
                text = " ".join(bytes(got[:300]).decode("utf-8", "replace").split())[:200]
                raise ModelError(f"the endpoint answered {answer.status_code} ({text})" if text else f"it answered {answer.status_code}")
        return bytes(got)

    def _late(self) -> ModelError:
        return ModelError(f"the endpoint did not answer within {self._seconds:.3g} second{'' if self._seconds == 1 else 's'}")

    def _told(self, error: Exception) -> ModelError:
        import httpx

        if isinstance(error, ModelError):
            return ModelError(f"{self._where}: {error}")
        if isinstance(error, httpx.TimeoutException):
            return ModelError(f"{self._where}: {self._late()}")
        return ModelError(f"{self._where}: the endpoint cannot be reached ({str(error)[:200] or type(error).__name__})")


def _checked(name: str, file: ModelFile) -> str:
    url = (file.url or "").rstrip("/")
    if not url.startswith(("http://", "https://")) or _host(url) == "" or "@" in url.split("/")[2]:
        raise ModelError(f'models.{name}.model.url "{file.url}" is no address; it starts with http:// or https:// and holds no password')
    if file.protocol != "json" and not file.name:
        raise ModelError(f'models.{name}.model: protocol "{file.protocol}" needs the name that the model has there')
    return url


def _host(url: str) -> str:
    import httpx

    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return ""


def _said(described: bytes) -> list[dict[str, Any]]:
    try:
        said = json.loads(described)
    except (ValueError, RecursionError):
        raise ModelError("what the endpoint says of its model is not JSON") from None
    inputs = said.get("inputs") if isinstance(said, dict) else None
    return [each for each in inputs or [] if isinstance(each, dict) and isinstance(each.get("name"), str)]


def _inputs(described: bytes) -> list[str]:
    return [each["name"] for each in _said(described)]


def _wide(described: bytes) -> bool:
    shape = _said(described)[0].get("shape")
    return isinstance(shape, list) and len(shape) == 2 and shape[1] != 1


def _json(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _kind(values: Sequence[object]) -> str:
    held = {type(value) for value in values if value is not None}
    if held <= {bool} and held:
        return "BOOL"
    if held <= {int} and held:
        return "INT64"
    return "FP64" if held <= {int, float, bool} else "BYTES"
