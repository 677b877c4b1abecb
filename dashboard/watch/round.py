"""One round, in a process of its own: take in, audit, tell the alerts, publish; then it ends and its memory goes back.

The watcher writes a request to standard input and keeps that pipe open: when it closes, the watcher has died or given the round up, and
this process ends at once. That may be anywhere: what is stored is stored in transactions, and what comes after is done
again by the next round, because a model counts as audited only once its alerts have been told (`WatchedModel.audited`).
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors import watch_store
from connectors.config import Config
from connectors.errors import CandorError

if TYPE_CHECKING:
    from audits.finding import AuditRun

LEDGER = """SELECT max(batch), sum(received), sum(outcomes), max(committed),
    max(committed) FILTER (accepted > 0 AND kind <> 'outcomes') FROM candor.ledger WHERE model = ?"""
"""What tells one state of a log from another; the last column is when new predictions came: repeated and broken rows are none."""
READS = 3
"""How often a source that changes while it is read is read, before it counts as failed."""
GIVEN_UP = 4
"""Exit code of a round whose watcher is gone; nobody is left to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the watcher asks for: look at these models' sources. The configuration is the one in force, whatever its file says by now."""

    config: Config
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a round did: rows taken in, models audited, the run's id, what failed by model, and alerts that changed."""

    rows: int = 0
    audited: tuple[str, ...] = ()
    run: str | None = None
    failures: Mapping[str, str] = field(default_factory=dict)
    raised: int = 0
    resolved: int = 0
    failure: str | None = None
    """Why the round as a whole failed; None where it went to its end."""


def silent(_: str) -> None:
    """Progress that nobody watches."""


def work(config: Config, names: Sequence[str], *, progress: Callable[[str], None] = silent, drill: bool = False) -> Answer:
    """Do a round: a model that fails is named in the answer, and the others go on.

    Audited are the models whose log or configuration is not as it was when they last were, so that a run may be about some models only:
    readers take each model's newest.
    """
    failures: dict[str, str] = {}
    check_lock(config)
    rows = take_in_all(config, names, failures, progress)
    logs = stored(config) if config.warehouse.path.exists() else {}
    known = watch_store.models(config)
    for name, log in logs.items():
        if name not in known or (known[name].arrived, known[name].span) != (log.arrived, log.window):
            watch_store.remember(config, name, newest=log.newest, arrived=log.arrived, span=log.window)
    due = [name for name, log in logs.items() if name not in known or known[name].audited != log.state]
    if not due:  # as in most rounds
        return Answer(rows=rows, failures=failures)
    run = examine(config, due, failures, progress)
    if run is None:
        return Answer(rows=rows, failures=failures)
    from dashboard.watch.telling import tell

    audited = tuple(each.model for each in run.runs)
    signals = [signal for each in run.runs for signal in each.signals]
    causes = {each.model: each.causes for each in run.runs}
    changes = tell(config, signals, run=run.id, now=datetime.now(UTC).replace(tzinfo=None), causes=causes, drill=drill)
    for name in audited:
        watch_store.remember(config, name, audited=logs[name].state, run=run.id)
    return Answer(rows=rows, audited=audited, run=run.id, failures=failures, raised=changes.raised, resolved=changes.resolved)


def check_lock(config: Config) -> None:
    """Wait for the warehouse, once for all models.

    Raises
    ------
    CandorError
        Another command holds it for longer than anybody waits, or it cannot be opened: the round as a whole has failed.
    """
    from connectors.warehouse import open_warehouse

    if config.warehouse.path.exists():
        with open_warehouse(config.warehouse):
            pass


def take_in_all(config: Config, names: Sequence[str], failures: dict[str, str], progress: Callable[[str], None]) -> int:
    """Ingest the models' new rows and count them, all in one go; where that fails, one by one, and those that fail are named."""
    from connectors.ingest import ingest

    if not names:
        return 0
    try:
        return sum(row.accepted for row in ingest(config, list(names), progress=progress))
    except CandorError:
        rows = 0
    for name in names:
        try:
            rows += take_in(config, name, progress)
        except CandorError as error:
            failures[name] = str(error)
    return rows


def take_in(config: Config, name: str, progress: Callable[[str], None]) -> int:
    """Ingest a model's new rows and count them; a source that somebody wrote into meanwhile is read again, a few times.

    Raises
    ------
    CandorError
        As `ingest` does, where the sources look as they did before.
    """
    from connectors.ingest import ingest
    from dashboard.watch.sources import look

    model = config.model(name)
    for attempt in range(READS):
        before = look(config, model)
        try:
            return sum(row.accepted for row in ingest(config, [name], progress=progress))
        except CandorError:
            if attempt == READS - 1 or before is None or look(config, model) == before:
                raise
            time.sleep(0.5)
    raise AssertionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What the warehouse holds of a model: newest prediction, when rows last came, its window, and a digest of log and configuration."""

    newest: datetime | None
    arrived: datetime | None
    window: str
    state: str


def stored(config: Config) -> dict[str, Log]:
    """The logs of the configuration's models that hold predictions, in its order."""
    from connectors.layout import resolve_window
    from connectors.schema import TIME, columns_of, one, quote, table
    from connectors.warehouse import open_warehouse

    found: dict[str, Log] = {}
    with open_warehouse(config.warehouse) as warehouse:
        connection = warehouse.connection
        for name, model in config.models.items():
            held = connection.execute("SELECT sum(rows) FROM candor.partitions WHERE model = ?", [name]).fetchall()
            if not held[0][0]:
                continue
            ledger = connection.execute(LEDGER, [name]).fetchall()[0]
            newest = None
            if model.columns.time is not None and TIME in columns_of(connection, name, "predictions"):
                row = one(connection.execute(f"SELECT max({quote(TIME)}) FROM {table(name, 'predictions')}"))
                newest = None if row is None else row[0]
            state = hashlib.sha256(repr((config, *ledger)).encode()).hexdigest()
            found[name] = Log(newest=newest, arrived=ledger[-1], window=resolve_window(warehouse, model), state=state)
    return found


def examine(config: Config, names: Sequence[str], failures: dict[str, str], progress: Callable[[str], None]) -> AuditRun | None:
    """Audit the models together; one that cannot be is named in `failures`. None where none can."""
    from audits.run import audit

    broken: dict[str, str] = {}
    try:
        return audit(config, list(names), progress=progress, told=lambda name, error: broken.update({name: str(error)}))
    except CandorError:
        if broken.keys() != set(names):
            raise
        return None
    finally:
        failures.update(broken)


def main() -> None:
    """Read the request (a pickle, from the process that started this one), do the round, write the answer as one line of JSON."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is not the answer
    request: Request = pickle.load(sys.stdin.buffer)
    threading.Thread(target=end_with_watcher, daemon=True).start()
    try:
        answer = work(request.config, request.models, progress=say)
    except CandorError as error:
        answer = Answer(failure=str(error))
    except MemoryError:
        answer = Answer(failure="out of memory; lower warehouse.memory_limit or close other programs")
    except OSError as error:
        answer = Answer(failure=f"{error.filename or 'the system'}: {error.strerror or error}")
    answers.write(json.dumps(asdict(answer)) + "\n")
    answers.close()


def say(line: str) -> None:
    """Tell the watcher that the round lives."""
    sys.stderr.write(line.replace("\n", " ") + "\n")
    sys.stderr.flush()


def end_with_watcher() -> None:
    """Wait for the pipe to close, then end without a word."""
    while os.read(0, 4096):
        time.sleep(0)
    os._exit(GIVEN_UP)


if __name__ == "__main__":
    main()
