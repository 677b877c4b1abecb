"""From a line in `candor.toml` to something that answers: which file, which reader, and what is done when its process breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.model_columns import ModelError
from connectors.model_config import ModelFile
from connectors.model_files import content_of, path_of
from connectors.sandbox import Crashed, Sandbox
from connectors.sandbox_child import LENGTH, LEVELS, MOST, WORDS, to_stream

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model import Answering
    from connectors.model_parts import Linear, Trees

READERS: Mapping[str, str] = {
    "lightgbm": "connectors.model_formats.lightgbm_file",
    "xgboost": "connectors.model_formats.xgboost_file",
    "onnx": "connectors.model_formats.onnx_file",
    "skops": "connectors.model_formats.skops_file",
}
_LOADING = 30.0
_BATCH = 100_000
_OUTPUTS = 10_000
"""Columns that an answer may have; a model says itself how many."""
_UNTOLD = 256
"""Columns that are waited for where it does not say."""
_SLACK, _COLUMN = 1 << 16, 512
"""Bytes around the numbers of an answer, and around each of its columns."""


def opened(name: str, file: ModelFile, version: str | None) -> tuple[Answering, str]:
    """(what answers, what to call it in a sentence)."""
    if file.format == "http":
        from connectors.model_formats.http_endpoint import Endpoint

        if None not in (version, file.version) and version != file.version:
            raise ModelError(f'models.{name}.model: {file.url} answers for version "{file.version}", not for "{version}"')
        return Endpoint(name, file, version), str(file.url)
    path, kind = path_of(name, file, version), file.format
    if kind == "mlflow":
        from connectors.model_formats.mlflow_folder import inside

        path, kind = inside(path)
    if kind not in READERS:
        raise ModelError(f'models.{name}.model.format "{kind}" cannot be read')
    content = content_of(path, file.memory)
    try:
        return Process(READERS[kind], content, file), str(path)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


class Process:
    """A model in its process, which is started once more when it breaks."""

    def __init__(self, reader: str, content: bytes, file: ModelFile) -> None:
        self._reader, self._content, self._file = reader, content, file
        self._seconds = file.timeout.total_seconds()
        self._starts = 0
        self._gone = ""
        self._sandbox: Sandbox | None = None
        self.fingerprint = hashlib.sha256(content).hexdigest()
        self.about: Mapping[str, Any] = {}
        self._start()
        self.batch = min(_BATCH, MOST // (16 * self._width()))

    @property
    def guards(self) -> tuple[str, ...]:
        """What holds the process: "memory", "kernel", "python"."""
        return () if self._sandbox is None else self._sandbox.guards

    @property
    def process(self) -> int | None:
        """Its id."""
        return None if self._sandbox is None else self._sandbox.process

    def ask(self, rows: pa.Table) -> tuple[pa.Table, Mapping[str, Sequence[str]]]:
        """See `Answering`."""
        most = _SLACK + self._width() * (8 * rows.num_rows + _COLUMN)
        words = min(WORDS, _SLACK + rows.num_columns * 12 * (LEVELS + 2) * LENGTH)  # a character takes up to 12 bytes of JSON
        said, body = self._exchange({"op": "predict"}, to_stream(rows), most, words)
        unseen = said.get("unseen")
        return _table(body), unseen if isinstance(unseen, dict) else {}

    def parts(self) -> Trees | Linear | None:
        """See `Answering`."""
        from connectors.model_stream import read

        said, body = self._exchange({"op": "parts"}, b"", MOST, WORDS)
        return None if said.get("parts") is None else read(said["parts"], _table(body))

    def _width(self) -> int:
        return int(self.about["outputs"]) or _UNTOLD

    def close(self) -> None:
        """See `Answering`."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _exchange(self, said: Mapping[str, Any], body: bytes | memoryview, most: int, words: int) -> tuple[dict[str, Any], bytearray]:
        for _ in range(2):
            if self._sandbox is None:
                if self._starts > 1:
                    raise ModelError(self._gone)
                self._start()
            assert self._sandbox is not None
            try:
                return self._sandbox.ask(said, body, seconds=self._seconds, most=most, words=words)
            except Crashed as error:
                self._sandbox, self._gone = None, str(error)
                if error.again is False:
                    break
        raise ModelError(self._gone)

    def _start(self) -> None:
        self._starts += 1
        try:
            sandbox = Sandbox(self._reader, memory=self._file.memory)
            try:
                settings = {"trusted": list(self._file.trusted)}
                wait = max(self._seconds, _LOADING)
                said, _ = sandbox.ask({"op": "load", "settings": settings}, self._content, seconds=wait, most=0, words=WORDS // 4)
                about = _about(said)
            except ModelError:
                sandbox.close()
                raise
        except Crashed as error:
            raise ModelError(str(error)) from None
        self._sandbox, self.about = sandbox, about


def _about(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the model says of itself, where it can be what a reader says: how many numbers a row has decides what it may send."""
    about = said.get("about")
    kinds = {"inputs": list, "count": int, "classes": list, "outputs": int, "notes": list}
    if not isinstance(about, dict) or not all(isinstance(about.get(name), kind) for name, kind in kinds.items()):
        raise ModelError("what the model's process says of it cannot be read")
    if not 0 <= about["outputs"] <= _OUTPUTS:
        raise ModelError(f"the model has {about['outputs']:,} outputs; it may have {_OUTPUTS:,}")
    return about


def _table(body: bytearray) -> pa.Table:
    from connectors.model_stream import numbers

    table = numbers(body)
    if table is None:
        raise ModelError("what the model answered cannot be read")
    return table
