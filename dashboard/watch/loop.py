"""The watcher: looks every so often, has a round done where something is new, and keeps delivering whatever happens.

A plain loop on the clock that only goes forward, not a scheduler: there is one job, its next start is the last one plus `[watch] every`,
and a round that takes longer is followed at once by the next, without a queue. APScheduler 3.11 computes its run times from the wall's
clock, so that a clock that is set back makes it wait and one that is set forward makes it misfire: what this loop must not do.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType

from connectors import watch_store
from connectors.config import Config, load
from connectors.errors import CandorError, UsageError
from dashboard.watch import lock, words
from dashboard.watch.child import STALL, Child
from dashboard.watch.clock import Clock
from dashboard.watch.delivery import Delivery
from dashboard.watch.round import Answer, Request
from dashboard.watch.sources import look
from dashboard.watch.telling import Changes, Sent, deliver, tell
from dashboard.watch.trouble import Troubles, facts


def watch(path: str | Path, *, say: Callable[[str], None], once: bool = False) -> None:
    """Watch until SIGTERM (which ends it as it is meant to end, with exit code 0) or Ctrl-C; with `once`, do one round and end.

    Raises
    ------
    UsageError
        The configuration is wrong, or another watcher holds the warehouse.
    CandorError
        The lock cannot be written; with `once`, also when the round failed.
    """
    config = load(path)
    stop = threading.Event()

    def terminate(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = signal.signal(signal.SIGTERM, terminate) if threading.current_thread() is threading.main_thread() else None
    try:
        with lock.held(config):
            watcher = Watcher(config, say=say, stop=stop)
            watcher.run_once() if once else watcher.run()
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


class Watcher:
    """One watcher. What differs in tests is given: clock, the way to have a round done, the way to deliver."""

    def __init__(
        self, config: Config, *, say: Callable[[str], None], stop: threading.Event | None = None, clock: Clock | None = None,
        child: Callable[[Request], Child] = Child, send: Callable[..., Sent] = deliver, stall: float = STALL,
    ) -> None:  # fmt: skip
        self.config = config
        self.stop = stop or threading.Event()
        self.clock = clock or Clock()
        known = watch_store.models(config)
        self.troubles = Troubles(known)
        self.delivery = Delivery(config, send, now=self.clock.now, say=say)
        self._say, self._child, self._stall = say, child, stall
        self._seen: dict[str, str | None] = {}
        """What each model's sources looked like when they were last taken in without a failure."""
        self._arrived: dict[str, datetime | None] = {name: state.arrived for name, state in known.items()}
        self._first, self._again = True, 0.0
        """Whether a round is owed although nothing is new, and from when on it may be tried again."""
        self._stamp = self._written()
        self._lost = ""
        self.since = self.clock.now()

    def run(self) -> None:
        """Look again and again until told to stop."""
        every = self.config.watch.every.total_seconds()
        self._begin(every)
        self._say(words.begins(len(self.config.models), every, os.getpid()))
        self.delivery.start()
        try:
            while not self.stop.is_set():
                begun = self.clock.monotonic()
                good = self.tick()
                if self.delivery.error is not None:
                    raise self.delivery.error
                self.delivery.wake(beat=good)
                every = self.config.watch.every.total_seconds()
                self.stop.wait(max(begun + every - self.clock.monotonic(), 0.0))
        finally:
            self.delivery.end()
        self._say(words.ends("SIGTERM"))

    def run_once(self) -> None:
        """One round and one delivery of all that is due, for a machine that has a scheduler of its own."""
        self._begin(self.config.watch.every.total_seconds())
        good = self.tick()
        self.delivery.wake(beat=good)
        self.delivery.once()
        if not good:
            raise CandorError(self._lost or self.troubles.first())

    def _begin(self, every: float) -> None:
        last = watch_store.rounds(self.config, limit=1)
        if last and last[0].ended > self.since:
            self._say(words.clock_behind(self._at(), f"{last[0].ended:%Y-%m-%d %H:%M:%S}"))
        watch_store.begin(self.config, pid=os.getpid(), host=socket.gethostname(), every=every, now=self.since)

    def tick(self) -> bool:
        """One look, and a round where something is new; whether it went well enough for the heartbeat. No failure ends the watcher."""
        try:
            good = self._look()
        except CandorError as error:  # the alerts' or the watcher's own file: disk full, or not ours
            if not self._lost:
                self._say(words.lost(self._at(), str(error)))
            self._lost = str(error)
            return False
        if self._lost:
            self._lost = ""
            self._say(words.found(self._at()))
        return good

    def _look(self) -> bool:
        started = self.clock.now()
        if jumped := self.clock.jump():
            self._say(words.clock_jumped(self._at(), jumped))
        self._reload()
        begun = self.clock.monotonic()
        digests, failures = self._digests()
        due = [name for name, digest in digests.items() if self._due(name, digest, begun)]
        answer: Answer | None = Answer()
        ran = bool(due) or (self._first and begun >= self._again)
        if ran:
            answer = self._round(due)
        if answer is None:  # told to stop in the middle: the next watcher goes on
            return False
        if answer.failure is not None:
            failures |= dict.fromkeys(due or self.config.models, answer.failure)
        elif ran:
            self._first = False
        failures |= answer.failures
        for name in due:
            if name not in failures:
                self._seen[name] = digests[name]
        tried = due or [name for name, model in self.config.models.items() if ran and not model.sources]
        over = self._note(failures, digests, tried)
        if answer.failure is not None:
            self._again = min(trouble.next_try for name in failures if (trouble := self.troubles.of(name)) is not None)
        changes = self._facts(over)
        raised, resolved = answer.raised + changes.raised, answer.resolved + changes.resolved
        line = ""
        if answer.rows or answer.audited or raised or resolved:
            took = self.clock.monotonic() - begun
            line = words.round_done(self._at(), answer.rows, answer.audited, took, words.changed(raised, resolved))
            self._say(line)
        bad = answer.failure is not None or all(self.troubles.of(name) is not None for name in self.config.models)
        watch_store.add_round(
            self.config, started=started, ended=self.clock.now(), answer="failed" if bad else "good" if line else "idle", rows=answer.rows,
            said=answer.failure or line,
        )  # fmt: skip
        return not bad

    def _digests(self) -> tuple[dict[str, str | None], dict[str, str]]:
        digests: dict[str, str | None] = {}
        failures: dict[str, str] = {}
        for name, model in self.config.models.items():
            if not model.sources:  # somebody else brings its rows
                continue
            try:
                digests[name] = look(self.config, model)
            except CandorError as error:
                failures[name] = str(error)
            except OSError as error:
                failures[name] = f"{error.filename or 'the system'}: {error.strerror or error}"
        return digests, failures

    def _due(self, name: str, digest: str | None, steady: float) -> bool:
        trouble = self.troubles.of(name)
        if trouble is not None and trouble.digest == digest:
            return steady >= trouble.next_try
        return digest is None or self._seen.get(name) != digest

    def _round(self, due: list[str]) -> Answer | None:
        child = self._child(Request(config=self.config, models=tuple(due)))
        try:
            return child.wait(self.stop, stall=self._stall, say=self._say)
        except BaseException:  # Ctrl-C: the round must not outlive its watcher
            child.end()
            raise

    def _note(self, failures: Mapping[str, str], digests: Mapping[str, str | None], due: Collection[str]) -> set[str]:
        """Tell failures once, and set when each is tried again; gives the models that work again.

        One that waits for its next try does not: it works once it was tried, or once its sources look as they did when it last worked.
        """
        every = self.config.watch.every.total_seconds()
        over: set[str] = set()
        for name in self.config.models:
            steady, now = self.clock.monotonic(), self.clock.now()
            if name in failures:
                fresh = self.troubles.of(name) is None
                trouble = self.troubles.add(name, failures[name], digests.get(name), steady=steady, now=now, every=every)
                if fresh:
                    self._say(words.fails(self._at(), name, failures[name], trouble.next_try - steady))
                watch_store.remember(self.config, name, failing_since=trouble.since, tries=trouble.tries, reason=trouble.reason)
            elif (known := self.troubles.of(name)) is not None:
                digest = digests.get(name)
                if name in due or (digest != known.digest and digest == self._seen.get(name)):
                    over.add(name)
        return over

    def _facts(self, over: set[str]) -> Changes:
        """What needs no audit: sources that stay away and logs that fell silent; and time, which goes on for every alert."""
        now, known = self.clock.now(), watch_store.models(self.config)
        came = {name for name, state in known.items() if state.arrived is not None and self._arrived.get(name) != state.arrived}
        signals = facts(self.config, known, now=now, since=self.since, over=over, came=came)
        changes = tell(self.config, signals, run=None, now=now)
        self._arrived = {name: state.arrived for name, state in known.items()}
        for name in over:  # only now: a watcher that ends before has it told by the next
            trouble = self.troubles.end(name)
            assert trouble is not None
            self._say(words.back(self._at(), name, (now - trouble.since).total_seconds()))
            watch_store.remember(self.config, name, failing_since=None, tries=0, reason="")
        return changes

    def _written(self) -> tuple[int, int] | None:
        try:
            status = self.config.path.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _reload(self) -> None:
        """Take candor.toml as it is now, unless it is wrong or moves the warehouse, which this watcher holds."""
        stamp = self._written()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            config = load(self.config.path)
            if config.warehouse.path != self.config.warehouse.path:
                raise UsageError(words.warehouse_moved(self.config.path))
        except CandorError as error:
            self._say(words.config_refused(self._at(), str(error)))
            return
        self.config = self.delivery.config = config
        self._first, self._again = True, 0.0
        self.troubles.hurry()
        self._say(words.config_changed(self._at()))

    def _at(self) -> str:
        return f"{self.clock.now():%H:%M:%S}"
