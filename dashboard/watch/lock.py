"""One watcher a warehouse: a lock that the operating system gives back when its holder dies, however it dies."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.config import Config
from connectors.errors import CandorError, UsageError
from dashboard.watch import words

READS = 5
"""How often the holder's name is looked for: a watcher that has just got the lock writes it a moment later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who watches: process, machine, and since when (UTC)."""

    pid: int
    host: str
    since: str


def path_of(config: Config) -> Path:
    """The lock file of a warehouse, beside it."""
    return config.warehouse.path.with_suffix(".watch.lock")


@contextmanager
def held(config: Config) -> Iterator[Holder]:
    """Hold the lock of a warehouse.

    The lock is `flock`'s and not the file's existence: after a kill or a power cut nothing stale is left. Children do not inherit it.

    Raises
    ------
    UsageError
        Another watcher holds it; the sentence names process, machine and since when.
    CandorError
        The file cannot be written.
    """
    import fcntl

    path = path_of(config)
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise CandorError(words.unwritable(path, error.strerror or str(error))) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(words.taken(path, holder(path))) from None
        me = Holder(pid=os.getpid(), host=socket.gethostname(), since=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}")
        file.seek(0)
        file.truncate()
        json.dump(asdict(me), file)
        file.flush()
        try:
            yield me
        finally:
            file.seek(0)
            file.truncate()


def holder(path: Path) -> Holder | None:
    """Who holds the lock, as far as the file says it."""
    for _ in range(READS):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return Holder(pid=int(found["pid"]), host=str(found["host"]), since=str(found["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.05)
    return None
