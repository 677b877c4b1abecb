"""Models whose rounds fail: since when, why, when they are tried again; and the facts that silence amounts to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.config import Config, ModelConfig
from connectors.watch_store import WatchedModel

if TYPE_CHECKING:
    from audits.finding import Signal

LONGEST = 900.0
"""Seconds between two tries at most."""
GONE_AFTER = 3
"""A source that fails for so many intervals of `[watch] every` is an alert."""
SILENT_AFTER = 3
"""A log without new rows for so many windows is an alert, unless `[watch] no_data_after` says otherwise."""
SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "1w": timedelta(weeks=1), "1mo": timedelta(days=31)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A model that fails: `digest` is what its sources looked like; when that changes, it is tried at once."""

    since: datetime
    reason: str
    tries: int
    next_try: float
    digest: str | None


class Troubles:
    """The models that fail now; those of an earlier watcher keep the time since when they do."""

    def __init__(self, known: Mapping[str, WatchedModel]) -> None:
        self._now: dict[str, Trouble] = {
            each.name: Trouble(since=each.failing_since, reason=each.reason, tries=each.tries, next_try=0.0, digest=None)
            for each in known.values()
            if each.failing_since is not None
        }

    def of(self, name: str) -> Trouble | None:
        """A model's trouble; None where it has none."""
        return self._now.get(name)

    def add(self, name: str, reason: str, digest: str | None, *, steady: float, now: datetime, every: float) -> Trouble:
        """Note a failure: the wait doubles with every one, from one interval to a quarter of an hour."""
        before = self._now.get(name)
        tries = 1 if before is None else before.tries + 1
        wait = min(every * 2 ** min(tries - 1, 16), max(LONGEST, every))
        first = Trouble(since=now, reason=reason, tries=tries, next_try=steady + wait, digest=digest)
        self._now[name] = first if before is None else replace(first, since=before.since)
        return self._now[name]

    def hurry(self) -> None:
        """Have everything tried at the next look: the configuration has changed."""
        self._now = {name: replace(trouble, next_try=0.0) for name, trouble in self._now.items()}

    def end(self, name: str) -> Trouble | None:
        """Note that a model works; gives the trouble that is over."""
        return self._now.pop(name, None)

    def first(self) -> str:
        """One of the reasons, with its model."""
        return next((f"{name}: {trouble.reason}" for name, trouble in self._now.items()), "the round failed")


def silence(config: Config, model: ModelConfig, span: str | None) -> timedelta | None:
    """After how long a model without new rows is told; None for a log that is windowed by rows, unless candor.toml says it."""
    if config.watch.no_data_after is not None:
        return config.watch.no_data_after
    length = SPANS.get(model.window or span or "")
    return None if length is None else SILENT_AFTER * length


def facts(
    config: Config, known: Mapping[str, WatchedModel], *, now: datetime, since: datetime, over: Collection[str], came: Collection[str]
) -> list[Signal]:
    """The signals that no audit is needed for: sources that fail (`source_gone`) and logs without new rows (`no_data`).

    What is quiet is said only of the models in `over` and `came`: audits judge these rules too, by other evidence, and a watcher that sees
    nothing wrong must not end what they raised.

    Parameters
    ----------
    since : when this watcher began, for models that never had a row
    over : models whose source works again
    came : models that got rows since they were last asked about
    """
    from audits.quality.no_data import signal as no_data
    from audits.quality.source_gone import signal as source_gone

    after = GONE_AFTER * config.watch.every
    found: list[Signal] = []
    for name, model in config.models.items():
        state = known.get(name, WatchedModel(name=name))
        failing = None if name in over else state.failing_since
        if failing is not None or name in over:
            found.append(source_gone(name, failing, now, state.reason, after))
        allowed = silence(config, model, state.span)
        if allowed is not None:
            found.append(no_data(name, state.arrived, now, allowed, since))
            if found[-1].answer == "quiet" and name not in came:
                found.pop()
    return found
