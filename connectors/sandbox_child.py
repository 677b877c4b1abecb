"""The process that reads a model and asks it: what it is told comes in over one pipe, what it says goes out over another.

A frame is a JSON object and a body (the file, or an Arrow stream); nothing is ever pickled.
"""

from __future__ import annotations

import importlib
import json
import os
import struct
import sys
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from connectors.errors import CandorError

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Floats, Linear, Trees

HEADER = struct.Struct(">IQ")
MOST = 1 << 28
"""Bytes of numbers in one answer: a model with bigger trees is opaque, one with more outputs is asked about fewer rows at once."""
WORDS = 1 << 24
"""Bytes of JSON beside them: what the model says of itself, of its levels, and where its trees begin."""
LEVELS, LENGTH = 20, 100
"""How many levels that the model has not seen are told of an input, and how many characters of each."""


class Refused(Exception):
    """A file or a row that a format's reader refuses, in words for a person."""


class Opened(Protocol):
    """A model that has been read.

    `about` is JSON: "inputs", the names in the model's order (empty where the file has none); "count", how many; "classes", labels or none;
    "outputs", columns of an answer (one with two classes: the probability of the second); "notes", what a reader should know.
    """

    about: dict[str, Any]

    def predict(self, rows: pa.Table) -> tuple[Floats, dict[str, list[str]]]:
        """([row, output], for each input the levels that the model has not seen); `rows` has the inputs in the model's order and names."""

    def parts(self) -> Trees | Linear | None:
        """Of the last class, or of the number; None where the model is opaque."""


def frame(said: dict[str, Any], body: bytes | memoryview = b"") -> bytes:
    """What goes over a pipe, but for the body."""
    text = json.dumps(said).encode()
    return HEADER.pack(len(text), len(body)) + text


def to_stream(table: pa.Table) -> memoryview:
    """A table as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def from_stream(body: bytes | bytearray | memoryview) -> pa.Table:
    """The table of an Arrow stream."""
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(body)).read_all()


def main(loader: str, memory: int) -> NoReturn:
    """Read frames until the pipe is closed."""
    asked, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # what a library prints is no answer
    from connectors.sandbox_files import hide_files
    from connectors.sandbox_lock import lock

    hidden = ("files",) if hide_files() else ()
    module = importlib.import_module(loader)
    module.prepare()
    guards = (*hidden, *lock(memory))
    _send(answers, {"ready": True, "guards": guards})
    opened: Opened | None = None
    while True:
        header = _read(asked, HEADER.size)
        if not header:
            os._exit(0)  # no farewell of libraries that a model may have broken
        lengths = HEADER.unpack(header)
        said = json.loads(_read(asked, lengths[0]))
        body = _read(asked, lengths[1])
        try:
            if said["op"] == "load":
                opened = module.load(body, said["settings"])
                _send(answers, {"about": opened.about})
            elif opened is None:
                raise Refused("nothing has been read yet")
            elif said["op"] == "predict":
                _answer(answers, opened, body)
            else:
                _tell_parts(answers, opened)
        except MemoryError:
            _send(answers, {"error": "memory", "text": ""})
        except Exception as error:  # noqa: BLE001 -- whatever a model throws is told in one sentence
            text = " ".join(str(error).split())[:400]
            full = any(sign in text for sign in ("bad_alloc", "bad allocation", "Unable to allocate", "Failed to allocate memory"))
            kind = "refused" if isinstance(error, Refused | CandorError) else "memory" if full else "failed"
            _send(answers, {"error": kind, "text": text if isinstance(error, Refused | CandorError) else f"{type(error).__name__}: {text}"})


def _answer(to: int, opened: Opened, body: bytearray) -> None:
    import numpy as np
    import pyarrow as pa

    answers, unseen = opened.predict(from_stream(body))
    floats = np.asarray(answers, dtype=np.float64)
    floats = floats.reshape(len(floats), -1)
    table = pa.table({str(i): np.ascontiguousarray(floats[:, i]) for i in range(floats.shape[1])})
    told = {name: [level[:LENGTH] for level in levels[:LEVELS]] for name, levels in unseen.items() if levels}
    _send(to, {"unseen": told}, to_stream(table))


def _tell_parts(to: int, opened: Opened) -> None:
    from connectors.model_stream import written

    parts = opened.parts()
    if parts is None:
        _send(to, {"parts": None})
        return
    said, table = written(parts)
    body = to_stream(table)
    fits = len(body) <= MOST and len(json.dumps(said)) < WORDS - 1_000
    _send(to, {"parts": said if fits else None}, body if fits else b"")


def _read(descriptor: int, count: int) -> bytearray:
    out = bytearray(count)
    view = memoryview(out)
    at = 0
    while at < count:
        got = os.readv(descriptor, [view[at:]])
        if got == 0:
            return bytearray()
        at += got
    return out


def _send(descriptor: int, said: dict[str, Any], body: bytes | memoryview = b"") -> None:
    for piece in (memoryview(frame(said, body)), memoryview(body).cast("B")):
        at = 0
        while at < len(piece):
            at += os.write(descriptor, piece[at:])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
