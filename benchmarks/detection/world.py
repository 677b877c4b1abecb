"""Simulated logs: a model with fourteen features, its scores, decisions and outcomes, quiet but for what a world always does.

What a world always does: chance, days that differ from each other more than chance (`spread`), weekdays that differ (`week`), and traffic
that rises and falls. None of it is a fault, and no trend is in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectors.alert_config import Budget, ModelAlerts
from connectors.config import Columns, ModelConfig, Protected
from connectors.simulated.faults import plant

Log = dict[str, NDArray[Any]]
DAY = np.timedelta64(1, "D")
FIRST = np.datetime64("2026-01-05", "D")  # a Monday
NUMERIC = ("amount", "income", "balance", "tenure", "orders", "utilisation", "distance", "rate", "age")
CATEGORICAL = ("region", "product", "channel", "device", "employment")
FEATURES = (*NUMERIC, *CATEGORICAL)
COLUMNS = Columns(
    id="id", time="time", version="version", score="score", decision="decision", outcome="outcome", outcome_time="outcome_time",
    latency_ms="latency_ms",
)  # fmt: skip
LABEL_DELAY = dt.timedelta(days=3)
LEVELS = {
    "region": (("north", "south", "east", "west", "centre", "coast", "islands", "abroad"), (30, 24, 16, 12, 9, 6, 2.5, 0.5)),
    "product": (tuple(f"p{i:02d}" for i in range(12)), tuple(30 / (i + 1) ** 1.3 for i in range(12))),
    "channel": (("web", "app", "branch", "phone"), (50, 35, 10, 5)),
    "device": (("mobile", "desktop", "tablet"), (62, 33, 5)),
    "employment": (("employee", "self-employed", "retired", "student", "none", "other"), (58, 14, 13, 9, 5, 1)),
}
MISSING = {"balance": 0.03, "distance": 0.06, "employment": 0.04, "income": 0.01}


@dataclass(frozen=True, kw_only=True)
class World:
    """One kind of log.

    Parameters
    ----------
    rows
        Predictions a window, on average.
    spread
        How much a window's mean of a feature differs from another's, in standard deviations of a row; log-odds for categories.
    week
        The same between weekdays; weekends also have fewer rows.
    lasting
        What is left of a day's deviation on the next day.
    volume
        How much a window's rows differ, in logarithms.
    reference, analysed
        Windows (days) of the reference, and after it.
    """

    words: str
    rows: int
    spread: float = 0.0
    week: float = 0.0
    lasting: float = 0.0
    volume: float = 0.0
    reference: int = 30
    analysed: int = 60

    @property
    def windows(self) -> int:
        """All windows."""
        return self.reference + self.analysed


KINDS = {
    "independent": World(words="rows independent of each other", rows=0),
    "overdispersed": World(words="days differ by more than chance", rows=0, spread=0.06, volume=0.08),
    "weekly": World(words="days differ, and weekdays from weekends", rows=0, spread=0.04, week=0.12, volume=0.05),
    "lasting": World(words="days differ, and what is so today mostly lasts until tomorrow", rows=0, spread=0.05, lasting=0.6, volume=0.05),
}
"""Worlds by name; `rows` is filled in by `world`."""


def world(kind: str, rows: int, **given: Any) -> World:
    """A world of a kind and size."""
    return replace(KINDS[kind], rows=rows, **given)


def model(budget: Budget | None = None) -> ModelConfig:
    """The configuration that Candor is given: nothing but which column is what, and the budget of one model."""
    alerts = ModelAlerts() if budget is None else ModelAlerts(budget=budget)
    return ModelConfig(
        name="simulated", title="Simulated", favorable=1, protected=(Protected(column="sex"),), features=FEATURES, window="1d",
        label_delay=LABEL_DELAY, columns=COLUMNS, alerts=alerts,
    )  # fmt: skip


def draw(chosen: World, seed: int, days: range | None = None) -> Log:
    """A quiet log, sorted by time, with `arrived`: when the row reaches whoever watches, ten minutes after its day has ended.

    Each day has random numbers of its own, so that some days of a log are what they are in the whole of it.
    """
    usual = usual_of(chosen, seed)
    parts = [_day(chosen, usual, day, np.random.default_rng([seed, day])) for day in (days or range(chosen.windows))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What every day of a log is like: rows, deviations by feature (and level) and day, and identities."""

    rows: NDArray[np.int64]
    deviations: dict[str, NDArray[Any]]


def usual_of(chosen: World, seed: int) -> Usual:
    """The deviations of all days of a log."""
    rng = np.random.default_rng(seed)
    days = np.arange(chosen.windows)
    pattern = np.where(days % 7 >= 5, 1.0, -0.4)
    busy = np.exp(chosen.volume * rng.normal(size=len(days)) + (np.log(0.6) * (days % 7 >= 5) if chosen.week else 0.0))
    rows = np.maximum(rng.poisson(chosen.rows * busy), 30)

    def deviating(*more: int) -> NDArray[Any]:
        noise = rng.normal(size=(len(days), *more))
        for place in range(1, len(days)):
            noise[place] = chosen.lasting * noise[place - 1] + np.sqrt(1 - chosen.lasting**2) * noise[place]
        return np.asarray(chosen.spread * noise + chosen.week * rng.normal(size=more) * pattern.reshape(-1, *([1] * len(more))))

    found = {name: deviating() for name in NUMERIC} | {name: deviating(len(LEVELS[name][0])) for name in CATEGORICAL}
    found |= {f"{name} missing": chosen.spread * rng.normal(size=len(days)) for name in MISSING}
    return Usual(rows=rows, deviations={**found, "latency_ms": chosen.spread * rng.normal(size=len(days))})


def _day(chosen: World, usual: Usual, day: int, rng: np.random.Generator) -> Log:
    n, moved = int(usual.rows[day]), {name: values[day] for name, values in usual.deviations.items()}
    seconds = np.sort(rng.integers(0, 86_400, size=n)) + day * 86_400
    log: Log = {"id": np.arange(n) + int(usual.rows[:day].sum())}
    log["time"] = FIRST.astype("datetime64[us]") + seconds * np.timedelta64(1_000_000, "us")
    log["version"] = np.full(n, "v1" if day < chosen.reference // 2 else "v2", dtype=object)
    log["sex"] = np.asarray(["M", "F"], dtype=object)[(rng.random(n) < 0.47).astype(np.int64)]
    common = 0.4 * rng.normal(size=n)
    latent = {name: common + np.sqrt(1 - 0.16) * rng.normal(size=n) + moved[name] for name in NUMERIC}
    log |= {name: _shaped(name, latent[name], rng) for name in NUMERIC}
    pull = {}
    for name in CATEGORICAL:
        levels, weights = LEVELS[name]
        odds = np.asarray(weights) * np.exp(moved[name])
        place = np.searchsorted(np.cumsum(odds / odds.sum())[:-1], rng.random(n))
        log[name] = np.asarray(levels, dtype=object)[place]
        pull[name] = np.linspace(-0.4, 0.4, len(levels))[place]
    odds = 0.9 * latent["income"] - 0.7 * latent["utilisation"] + 0.4 * latent["tenure"] + pull["region"] + pull["product"] - 0.6
    score = 1 / (1 + np.exp(-(odds + 0.3 * rng.normal(size=n))))
    log["score"], log["decision"] = score, (score >= 0.5).astype(np.int64)
    log["outcome"] = (rng.random(n) < score).astype(np.float64)
    log["outcome_time"] = log["time"] + (rng.gamma(2.0, 0.5, size=n) * 86_400e6).astype("timedelta64[us]")
    log["latency_ms"] = rng.lognormal(3.5 + moved["latency_ms"], 0.5, size=n)
    for name, share in MISSING.items():
        lost = rng.random(n) < share * np.exp(moved[f"{name} missing"])
        log[name][lost] = np.nan if name in NUMERIC else None
    return {**log, "arrived": arrivals(log["time"])}


def _shaped(name: str, latent: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """A feature's own shape from a standard normal one: skewed, bounded, whole-numbered, with heavy tails."""
    shapes: dict[str, Callable[[], Any]] = {
        "amount": lambda: np.round(np.exp(6.0 + 0.9 * latent), 2), "income": lambda: np.round(np.exp(10.3 + 0.55 * latent), 2),
        "balance": lambda: np.round(2_000 * np.sinh(1.2 * latent) + 500, 2), "tenure": lambda: np.floor(np.exp(3.0 + 0.8 * latent)),
        "orders": lambda: rng.poisson(np.exp(0.2 + 0.9 * latent)), "utilisation": lambda: np.round(1 / (1 + np.exp(0.5 - 1.3 * latent)), 4),
        "distance": lambda: np.round(12 * np.exp(1.1 * latent), 3), "rate": lambda: np.round(4.5 + 1.2 * latent, 3),
        "age": lambda: np.clip(np.floor(42 + 13 * latent), 18, 95),
    }  # fmt: skip
    return np.asarray(shapes[name](), dtype=np.float64)


def arrivals(time: NDArray[Any]) -> NDArray[Any]:
    """When rows arrive: ten minutes after the end of their day."""
    return np.asarray(time.astype("datetime64[D]") + DAY + np.timedelta64(10, "m")).astype("datetime64[us]")


def since(chosen: World, onset: int) -> np.datetime64:
    """The moment at which analysed window `onset` begins."""
    return np.datetime64(FIRST + (chosen.reference + onset) * DAY, "us")


def planted(log: Log, chosen: World, fault: str, onset: int, seed: int, share: float = 1.0) -> Log:
    """The log with a fault from analysed window `onset` on; the feature it acts on is picked by the seed.

    `share` lets it hit that part of the rows only, as when one server of four is wrong; `shareable` says of which faults that can be said.
    Rows whose time a fault changes still arrive when they did.
    """
    rng = np.random.default_rng([seed, 7])
    features = tuple(rng.permutation(np.asarray(FEATURES)).tolist())
    found = plant(fault, log, COLUMNS, since=since(chosen, onset), rng=rng, features=features)
    if share < 1:
        hit = np.random.default_rng([seed, 8]).random(len(log["time"])) < share
        found = {name: mixed(hit, values, log[name]) for name, values in found.items()}
    if len(found["time"]) != len(log["time"]) or fault not in CLOCK:
        found = {**found, "arrived": arrivals(found["time"])}
    last = np.datetime64(FIRST + chosen.windows * DAY, "us")
    inside = found["time"] < last
    order = np.argsort(found["time"][inside], kind="stable")
    return {name: values[inside][order] for name, values in found.items()}


CLOCK = ("clock skew", "one time stamp")
WHOLE = frozenset({
    "column gone", "stale day", "rows dropped", "delivered twice", "source gone", "telemetry overload", "one time stamp",
    "model not pushed",
})  # fmt: skip
"""Faults that hit every row or none: they change which rows there are, or a share of their rows is another fault of the registry."""


def shareable(fault: str) -> bool:
    """Whether a fault can hit a part of the rows."""
    return fault not in WHOLE


def mixed(hit: NDArray[np.bool_], new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """The new values where rows are hit, the old ones elsewhere."""
    if new.dtype == old.dtype:
        return np.where(hit, new, old)
    kind: Any = object if "O" in (new.dtype.kind, old.dtype.kind) else np.result_type(new, old)
    found = old.astype(kind)
    found[hit] = new[hit]
    return found
