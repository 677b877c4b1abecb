"""Delivery and heartbeat, in a thread of the watcher: they go on while a round works, hangs or waits for a lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from connectors import watch_store
from connectors.config import Config
from connectors.errors import CandorError
from dashboard.watch import heartbeat, telling, words
from dashboard.watch.telling import Sent

PAUSE = 5.0
"""Seconds between two looks into the outbox when nobody asked for one: what people do on a page is told by then."""
WITHHELD_AFTER = 600.0
"""Seconds that a page may wait for its receiver before the heartbeat is withheld, so that the other path speaks."""

Deliver = Callable[[Config, datetime], Sent]


class Delivery(threading.Thread):
    """Delivers what waits in the outbox whenever it is woken, and every few seconds; after a good round it calls the heartbeat."""

    def __init__(
        self, config: Config, deliver: Deliver, *, now: Callable[[], datetime], say: Callable[[str], None], pause: float = PAUSE
    ) -> None:
        super().__init__(name="candor-delivery", daemon=True)
        self.config = config
        self._deliver, self._now, self._say, self._pause = deliver, now, say, pause
        self._wake, self._ended = threading.Event(), threading.Event()
        self._beat = threading.Event()
        self._lock = threading.Lock()
        self._failing: set[str] = set()
        self.error: Exception | None = None
        """What ended this thread although nobody asked it to."""

    def wake(self, *, beat: bool = False) -> None:
        """Look into the outbox now; with `beat` the round was good, so the heartbeat follows."""
        if beat:
            self._beat.set()
        self._wake.set()

    def end(self, patience: float = 10.0) -> None:
        """Let what is under way finish, for at most so many seconds."""
        self._ended.set()
        self._wake.set()
        if self.is_alive():
            self.join(patience)

    def run(self) -> None:
        """Deliver until told to end."""
        try:
            while not self._ended.is_set():
                self._wake.clear()
                self.once()
                self._wake.wait(self._pause)
        except Exception as error:  # noqa: BLE001  the watcher ends with it: one that cannot tell anybody must not look alive
            self.error = error

    def once(self) -> Sent:
        """Try everything that is due, then call the heartbeat if a good round asked for it."""
        with self._lock:
            now = self._now()
            sent = Sent()
            try:
                sent = self._deliver(self.config, now)
                self._tell("outbox", None)
            except CandorError as error:
                self._tell("outbox", words.undelivered(self._at(), str(error)))
            if sent.delivered:
                self._say(words.delivered(self._at(), sent.delivered))
            if sent.failed:
                self._tell("receivers", words.receivers(self._at(), sent.failed, telling.why(self.config)))
            elif sent.delivered:
                self._tell("receivers", None)
            if self._beat.is_set():
                self._beat.clear()
                self._heartbeat()
            return sent

    def _heartbeat(self) -> None:
        url = self.config.watch.heartbeat
        if url is None:
            return
        waits = telling.waiting(self.config, self._now())
        held = waits > WITHHELD_AFTER
        self._tell("withheld", words.heartbeat_withheld(self._at(), waits) if held else None)
        if held:
            return
        failure = ""
        try:
            heartbeat.call(url)
        except CandorError as error:
            failure = str(error)
        self._tell("heartbeat", words.heartbeat_failed(self._at(), failure) if failure else None)
        try:
            watch_store.called(self.config, at=self._now(), failure=failure)
        except CandorError as error:
            self._tell("outbox", words.undelivered(self._at(), str(error)))

    def _at(self) -> str:
        return f"{self._now():%H:%M:%S}"

    def _tell(self, what: str, sentence: str | None) -> None:
        """Say what is wrong once, until it is right again."""
        if sentence is None:
            self._failing.discard(what)
        elif what not in self._failing:
            self._failing.add(what)
            self._say(sentence)
