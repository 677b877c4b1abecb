"""A child process for one model, held to its time and its memory, and what its end means in words."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.model_columns import ModelError
from connectors.sandbox_child import HEADER, frame

_STARTING = 120.0
"""Seconds that the libraries may take to be imported; a busy machine takes tens of them."""
_PIPE = 1 << 20
_WORDS = 1 << 16
"""Bytes of JSON that an answer may hold unless more of it was asked for."""
_SENTENCE = 1 << 13
"""Bytes that the sentence of an error may take; the child cuts it at 400 characters, of up to 12 bytes each."""
_KEPT = 4_000
_MORE = "the model answered more than it was asked for"

Bytes = bytes | memoryview


class Crashed(Exception):
    """The child is gone; the text says why. `again` is False where the same question would end the same way: too slow, or too large."""

    def __init__(self, why: str, *, again: bool = True) -> None:
        super().__init__(why)
        self.again = again


class Sandbox:
    """One child process, from its start until `close`.

    Parameters
    ----------
    loader
        The module that has `prepare()` and `load(content, settings)`.
    memory
        Bytes that the model may take on top of the libraries that read it.
    folders
        Where else modules are looked for.
    """

    def __init__(self, loader: str, *, memory: int, folders: Sequence[Path] = ()) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        code = (
            f"import sys; sys.path[:0] = {[root, *map(str, folders)]!r}; "
            f"from connectors.sandbox_child import main; main({loader!r}, {int(memory)})"
        )
        self._memory = memory
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(),
            start_new_session=True, cwd="/",
        )  # fmt: skip
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._to, self._from = self._child.stdin.fileno(), self._child.stdout.fileno()
        for descriptor in (self._to, self._from):
            os.set_blocking(descriptor, False)
            _widen(descriptor)
        self._complaints = bytearray()
        self._listener = threading.Thread(target=self._listen, args=(self._child.stderr.fileno(),), daemon=True)
        self._listener.start()
        self._seconds = 0.0
        self.guards: tuple[str, ...] = ()
        said, _ = self._exchange(b"", b"", _STARTING, 0, _WORDS)
        self.guards = tuple(said.get("guards", ()))

    def ask(
        self, said: Mapping[str, Any], body: Bytes = b"", *, seconds: float, most: int, words: int = _WORDS
    ) -> tuple[dict[str, Any], bytearray]:
        """The child's answer: at most `words` bytes of JSON and a body of at most `most` bytes.

        Raises
        ------
        ModelError
            The model refused or failed; it can be asked again.
        Crashed
            The child broke, took too much, or did not answer in time; it is gone.
        """
        self._allow(seconds)
        answered, content = self._exchange(frame(dict(said), body), body, seconds, most, words)
        if "error" in answered and len(str(answered.get("text", ""))) > _SENTENCE:
            raise Crashed(self._stop(_MORE))
        match answered.get("error"):
            case None:
                return answered, content
            case "memory":
                raise Crashed(self._stop(_too_much(self._memory)), again=False)
            case "refused":
                raise ModelError(str(answered.get("text", ""))[:500])
            case _:
                raise ModelError(f"the model failed ({str(answered.get('text', ''))[:300]})")

    def close(self) -> None:
        """End the child, politely and then not."""
        self._stop("")

    @property
    def process(self) -> int:
        """The child's process id."""
        return self._child.pid

    def _exchange(self, head: bytes, body: Bytes, seconds: float, most: int, words: int) -> tuple[dict[str, Any], bytearray]:
        until = time.monotonic() + seconds
        pieces = [memoryview(piece).cast("B") for piece in (head, body) if len(piece)]
        header = bytearray()
        wanted, got = HEADER.size, bytearray()
        text_length = -1
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            if pieces:
                selector.register(self._to, selectors.EVENT_WRITE)
            while True:
                left = until - time.monotonic()
                if left <= 0:
                    raise Crashed(self._stop(f"the model did not answer within {_seconds(seconds)}"), again=False)
                for key, _ in selector.select(min(left, 1.0)):
                    if key.fd == self._to:
                        if not self._write(pieces):
                            selector.unregister(self._to)
                        continue
                    try:
                        piece = os.read(self._from, min(_PIPE, wanted - len(got)))
                    except BlockingIOError:
                        continue
                    if not piece:
                        raise self._end()
                    got += piece
                if len(got) < wanted:
                    continue
                if text_length < 0:
                    header, got = got, bytearray()
                    text_length, body_length = HEADER.unpack(header)
                    wanted = text_length + body_length
                    if body_length > most or text_length > words:
                        raise Crashed(self._stop(_MORE))
                    got = bytearray()
                    if wanted:
                        continue
                said = self._read(bytes(got[:text_length]))
                del got[:text_length]  # the body is not held twice
                return said, got

    def _read(self, text: bytes) -> dict[str, Any]:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise Crashed(self._stop("what the model's process said cannot be read"))
        return said

    def _write(self, pieces: list[memoryview]) -> bool:
        while pieces:
            try:
                pieces[0] = pieces[0][os.write(self._to, pieces[0][: 1 << 20]) :]
            except BlockingIOError:
                return True
            except BrokenPipeError:
                raise self._end() from None
            if not len(pieces[0]):
                pieces.pop(0)
        return False

    def _allow(self, seconds: float) -> None:
        """Processor time for one more answer: the clock is the tighter limit, this one holds where nobody looks at the clock any more."""
        if sys.platform != "linux":
            return
        import resource

        self._seconds += max(1.0, seconds) * (os.cpu_count() or 1) + _STARTING * (self._seconds == 0)
        with suppress(OSError, ValueError):
            _, hard = resource.prlimit(self._child.pid, resource.RLIMIT_CPU)  # left as it is: nobody but root may raise it again
            soft = int(self._seconds) + 1
            resource.prlimit(self._child.pid, resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))

    def _end(self) -> Crashed:
        """Why the child is gone."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(2.0)
        self._listener.join(0.5)
        code = self._child.returncode
        said = bytes(self._complaints).decode("utf-8", "replace")
        self._stop("")
        if "bad_alloc" in said or "MemoryError" in said or "Cannot allocate memory" in said:
            return Crashed(_too_much(self._memory), again=False)
        if code == -signal.SIGKILL:
            return Crashed("the model's process was killed, as a system does that has no memory left, or processor time", again=False)
        if code == -signal.SIGXCPU:
            return Crashed("the model took more processor time than it may", again=False)
        if code is not None and code < 0:
            with suppress(ValueError):
                return Crashed(f"the model broke its process ({signal.Signals(-code).name})")
        last = said.strip().splitlines()
        return Crashed(f"the model's process ended ({last[-1][:200]})" if last else "the model's process ended without an answer")

    def _stop(self, why: str) -> str:
        child = self._child
        with suppress(OSError):
            child.stdin.close()  # type: ignore[union-attr]
        if why or child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.05 if not why else 0)
            child.kill()
        child.wait()
        self._listener.join(1.0)
        for stream in (child.stdout, child.stderr):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        return why

    def _listen(self, descriptor: int) -> None:
        with suppress(OSError, ValueError):
            while piece := os.read(descriptor, 4096):
                self._complaints += piece
                del self._complaints[:-_KEPT]


def _environment() -> dict[str, str]:
    """No proxy, no token, no folder of the user's; few memory arenas, so that the limit on memory means memory."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return {
        **kept, "HOME": "/nonexistent", "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": str(os.cpu_count() or 1), "PYTHONDONTWRITEBYTECODE": "1",
        "SKLEARN_SKIP_ASYMMETRIC_WARNINGS": "1", "MPLCONFIGDIR": "/nonexistent",
    }  # fmt: skip


def _widen(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)


def _too_much(memory: int) -> str:
    return f"the model wants more than the {memory / 1e9:.3g} GB of memory that it may take"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} second{'' if seconds == 1 else 's'}"
