"""`/metrics` for Prometheus and `/api/v1/health` for people and probes: counts and ages, with names of models, channels and states only.

No value of a feature and no level of a group is ever in a label. Both are answered by the server of the pages, from the published
snapshot and the alerts' file; neither touches the log or the warehouse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connectors import watch_store
from connectors.config import Config, load
from connectors.errors import CandorError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STUCK_AFTER = 600.0
"""Seconds that a page may wait before health says so."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric: its name, what it says, and its samples by labels."""

    name: str
    help: str
    kind: str = "gauge"
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float | datetime | None, **labels: str) -> None:
        """Add a sample; a time (UTC) becomes seconds since 1970, and what is not known is left out, not zero."""
        if value is not None:
            number = (value - datetime(1970, 1, 1)) / timedelta(seconds=1) if isinstance(value, datetime) else float(value)  # noqa: DTZ001
            self.samples.append((labels, number))


def exposition(families: Iterable[Family]) -> str:
    r"""Write metrics as Prometheus reads them (text format 0.0.4).

    >>> alerts = Family(name="candor_alerts", help="Alerts.", samples=[({"model": 'a"b'}, 2.0)])
    >>> print(exposition([alerts]), end="")
    # HELP candor_alerts Alerts.
    # TYPE candor_alerts gauge
    candor_alerts{model="a\"b"} 2.0
    """
    lines: list[str] = []
    for family in families:
        if not family.samples:
            continue
        lines += [f"# HELP {family.name} {_escape(family.help)}", f"# TYPE {family.name} {family.kind}"]
        for labels, value in family.samples:
            inside = ",".join(f'{key}="{_escape(text, quote=True)}"' for key, text in labels.items())
            lines.append(f"{family.name}{'{' + inside + '}' if inside else ''} {value!r}")
    return "\n".join(lines) + "\n"


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quote else text


def families(config: Config, now: datetime) -> list[Family]:
    """Everything that can be said now (UTC); a part whose file is absent is left out."""
    return [*_watch(config, now), *_alerts(config, now), *_outbox(config, now), *_published(config)]


def _watch(config: Config, now: datetime) -> Iterable[Family]:
    alive = Family(name="candor_watch_alive", help="Whether the watcher looked no longer ago than three intervals and a minute.")
    last = Family(name="candor_watch_last_round_timestamp_seconds", help="When the last look at the sources ended.")
    good = Family(name="candor_watch_last_good_round_timestamp_seconds", help="When the last one that did not fail ended.")
    beat = Family(name="candor_watch_heartbeat_timestamp_seconds", help="When the heartbeat's address last answered.")
    age = Family(name="candor_newest_prediction_age_seconds", help="Time since the newest prediction of a model's log.")
    arrived = Family(name="candor_rows_arrived_timestamp_seconds", help="When rows of a model were last taken in.")
    failing = Family(name="candor_source_failing_seconds", help="How long a model's sources have been failing; 0 where they do not.")
    state = watch_store.status(config)
    if state is not None:
        alive.add(float(state.alive(now)))
        last.add(state.last.ended if state.last else None)
        good.add(state.last_good.ended if state.last_good else None)
        beat.add(state.heartbeat)
        for model in state.models:
            age.add(None if model.newest is None else (now - model.newest).total_seconds(), model=model.name)
            arrived.add(model.arrived, model=model.name)
            since = model.failing_since
            failing.add(0.0 if since is None else max((now - since).total_seconds(), 0.0), model=model.name)
    return alive, last, good, beat, age, arrived, failing


def _alerts(config: Config, now: datetime) -> Iterable[Family]:
    from audits.alerting import alerts

    family = Family(name="candor_alerts", help="Alerts that are not resolved, by state, severity and model.")
    counts = Counter((each.model, each.severity, each.shown) for each in alerts(config, now=now, since=now))
    for model in config.models:
        family.add(float(counts.pop((model, "page", "firing"), 0)), model=model, severity="page", state="firing")  # 0 is said, for rules
    for (model, severity, shown), count in sorted(counts.items()):
        if shown != "resolved":
            family.add(float(count), model=model, severity=severity, state=shown.replace(" ", "_"))
    return (family,)


def _outbox(config: Config, now: datetime) -> Iterable[Family]:
    from connectors.outbox import Queue, queues

    depth = Family(name="candor_outbox_messages", help="Messages that wait for their receiver, by channel.")
    oldest = Family(name="candor_outbox_oldest_seconds", help="How long the oldest of them has been waiting; 0 where none waits.")
    # No counter: old messages are forgotten, and their tries with them.
    failures = Family(name="candor_delivery_failures", help="Tries that a receiver did not take, of the messages that are still kept.")
    known = {each.channel: each for each in queues(config)}
    for channel in sorted({each.name for each in config.alerts.channels} | known.keys()):
        found = known.get(channel, Queue(channel=channel, waiting=0, oldest=None, failures=0))
        depth.add(float(found.waiting), channel=channel)
        oldest.add(0.0 if found.oldest is None else (now - found.oldest).total_seconds(), channel=channel)
        failures.add(float(found.failures), channel=channel)
    return depth, oldest, failures


def _published(config: Config) -> Iterable[Family]:
    from connectors.published import folder_of

    try:
        name = (folder_of(config) / "CURRENT").read_text(encoding="ascii").strip()
    except OSError:
        return ()
    return _snapshot(config, name)


@lru_cache(maxsize=4)
def _audited(config_path: str, name: str) -> tuple[list[dict[str, Any]], ...]:
    from connectors.published import open_published

    latest = "(SELECT model, arg_max(m.run, r.created) AS run FROM models m JOIN runs r USING (run) GROUP BY model)"
    with open_published(load(config_path)) as published:
        runs = published.table(f"SELECT l.model, r.created FROM {latest} l JOIN runs r USING (run) ORDER BY 1")
        verdicts = published.table(
            f"SELECT f.model, f.verdict, count(*) AS n FROM findings f JOIN {latest} l USING (model, run)"
            " WHERE f.verdict IS NOT NULL GROUP BY ALL ORDER BY ALL"
        )
        drift = published.table(
            f"SELECT model, max(value) AS value FROM (SELECT f.model, f.value FROM findings f JOIN {latest} l USING (model, run)"
            " WHERE f.name = 'drift_evidence' AND NOT f.whole AND f.value IS NOT NULL AND f.version IS NULL AND f.\"column\" IS NOT NULL"
            " AND f.slice = '{}'"
            " QUALIFY rank() OVER (PARTITION BY f.model ORDER BY f.window_start DESC, f.first_row DESC) = 1) GROUP BY 1 ORDER BY 1"
        )
    return runs.to_pylist(), verdicts.to_pylist(), drift.to_pylist()


def _snapshot(config: Config, name: str) -> Iterable[Family]:
    audited = Family(name="candor_last_audit_timestamp_seconds", help="When a model was last audited.")
    findings = Family(name="candor_findings", help="Figures of a model's last audit that were judged, by verdict.")
    evidence = Family(
        name="candor_drift_evidence_max", help="Largest evidence of drift of any column in the newest window: log10, 0 says nothing."
    )
    runs, verdicts, drift = _audited(str(config.path), name)
    for row in runs:
        audited.add(row["created"], model=row["model"])
    for row in verdicts:
        findings.add(float(row["n"]), model=row["model"], verdict=row["verdict"])
    for row in drift:
        evidence.add(row["value"], model=row["model"])
    return audited, findings, evidence


def health(config: Config, now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and what is not, as JSON values. A warehouse that nobody watches is well: it may be audited by hand."""
    from dashboard.watch.telling import waiting

    state = watch_store.status(config)
    waits = waiting(config, now)
    wrong: list[str] = []
    watched: dict[str, Any] | None = None
    if state is not None:
        last = None if state.last is None else f"{state.last.ended.isoformat(timespec='seconds')}Z"
        failing = [model.name for model in state.models if model.failing_since is not None]
        watched = {"alive": state.alive(now), "last_round": last, "answer": state.last.answer if state.last else None, "failing": failing}
        wrong += [] if state.alive(now) else ["the watcher has stopped"]
        wrong += [] if state.last is None or state.last.answer != "failed" else ["the last round failed"]
        wrong += [f"{name}: its source fails" for name in failing]
    if waits > STUCK_AFTER:
        wrong.append("a page waits for its receiver")
    return not wrong, {"status": "ok" if not wrong else "degraded", "problems": wrong, "watch": watched, "outbox_oldest_seconds": waits}


def routes(config_path: str) -> list[BaseRoute]:
    """The two addresses. What cannot be read is said with status 503, never as if all were well."""
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    def now() -> datetime:
        return datetime.now(UTC).replace(tzinfo=None)

    def metrics(_: Request) -> Response:  # not async: it reads files, so it runs in a thread of its own
        try:
            text = exposition(families(load(config_path), now()))
        except CandorError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return PlainTextResponse(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    def healthy(_: Request) -> Response:
        try:
            well, found = health(load(config_path), now())
        except CandorError as error:
            well, found = False, {"status": "degraded", "problems": [str(error)]}
        return JSONResponse(found, status_code=200 if well else 503, headers={"Cache-Control": "no-store"})

    return [Route("/metrics", metrics), Route("/api/v1/health", healthy)]
