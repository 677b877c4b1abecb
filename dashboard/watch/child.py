"""The watcher's hand on a round's process: starts it, listens, and gives it up when it hangs or the watcher is to end."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from dashboard.watch import words
from dashboard.watch.round import Answer, Request, silent

STALL = 1_800.0
"""Seconds without a sign of life after which a round counts as hung: longer than any single step of an audit of 10 M rows."""
GRACE = 5.0
"""Seconds that a round gets to end by itself when the watcher is told to stop."""
LONG = 15.0
"""Seconds between two lines about a round that takes long."""
ROOT = Path(__file__).resolve().parents[2]


class Child:
    """One round's process. It is a session of its own, so that Ctrl-C on the terminal reaches the watcher alone."""

    def __init__(self, request: Request, *, command: Sequence[str] | None = None) -> None:
        self._process = subprocess.Popen(
            list(command or (sys.executable, "-m", "dashboard.watch.round")),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))},
        )  # fmt: skip
        self.pid = self._process.pid
        self._last: deque[str] = deque(maxlen=3)
        self._answer = b""
        self._heard = time.monotonic()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._threads = [
            threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        with suppress(BrokenPipeError):  # it has ended already, and its exit code will say so
            self._process.stdin.write(pickle.dumps(request))
            self._process.stdin.flush()

    def _listen(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._heard = time.monotonic()
            self._last.append(line.decode(errors="replace").strip()[:300])

    def _read(self, stream: IO[bytes]) -> None:
        self._answer = stream.read()

    def wait(
        self, stop: threading.Event, *, stall: float = STALL, grace: float = GRACE, say: Callable[[str], None] = silent
    ) -> Answer | None:
        """Wait for the answer; None where the watcher was told to stop and the round did not end within `grace` seconds.

        A round that takes long says now and then how far it is.
        """
        given: float | None = None
        spoken = time.monotonic()
        while self._process.poll() is None:
            now = time.monotonic()
            if now - spoken > LONG and self._last:
                spoken = now
                say(words.working(self._last[-1]))
            if stop.is_set() and given is None:
                given = now
            if given is not None and now - given > grace:
                self.end()
                return None
            if now - self._heard > stall:
                self.end()
                return Answer(failure=words.stalled(stall))
            try:
                self._process.wait(0.1 if given is None else 0.02)
            except subprocess.TimeoutExpired:
                continue
        self._close()
        try:
            return _read(self._answer)
        except ValueError:
            return Answer(failure=words.died(self._process.returncode, self._last[-1] if self._last else ""))

    def end(self) -> None:
        """Give the round up: closing its pipe ends it, and what does not end so is killed."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for thread in self._threads:
            thread.join(5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):  # a request that nobody read
                    stream.close()


def _read(line: bytes) -> Answer:
    found = json.loads(line)
    return Answer(**(found | {"audited": tuple(found["audited"])}))
