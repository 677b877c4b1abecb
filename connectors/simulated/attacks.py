"""A lender's log with the clients that sent each request, and attacks that can be planted in it by name.

Thirty-six days; the first twelve are the reference. Without any attack it already holds what detectors of attacks trip over, from the first
day on: two brokers that send twelve times as much as anybody else, a nightly batch job as regular as a clock, an adviser who tries two or
three amounts for the same person, and people who press the button twice. An attack adds rows or changes some from `World.since` on, and
leaves the rest as it is, row for row; `World.planted` says which rows.

The people are invented. Nobody's data is in here, and nothing about real lending follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import UsageError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from connectors.simulated.attack_plans import Attack
    from connectors.simulated.planting import Log

MODEL = "loans"
DAYS, REFERENCE_DAYS, ATTACK_DAY = 36, 12, 22
ROWS_PER_DAY = 220
START = datetime(2026, 6, 1, tzinfo=UTC)
APPROVE_AT = 0.6
ORDINARY = 36
BROKERS, BATCH, ADVISER = ("broker-1", "broker-2"), "night-batch", "adviser"
HEAVY = 12.0
TWICE = 0.015
"""Share of requests that come a second time within minutes, because somebody pressed the button twice."""
JOBS = ("employee", "self-employed", "public sector", "retired", "seasonal")
JOB_SHARES = (0.58, 0.16, 0.14, 0.09, 0.03)
REGIONS = ("north", "east", "south", "west")
NEVER_LABELLED = 0.05

TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
title = "Loan approvals, with clients"
favorable = 1
protected = ["sex"]
segments = ["region"]
window = "1d"
reference = {{ until = {until} }}
[models.loans.columns]
id = "id"
time = "time"
score = "score"
decision = "approved"
outcome = "repaid"
outcome_time = "observed_at"
client = "client"
[[models.loans.sources]]
kind = "file"
path = "log.parquet"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A log in the order of time, and where each planted attack lies in it.

    Parameters
    ----------
    log
        The user's column name -> values, all of one length.
    until, since, end
        The end of the reference, the start of attacks, and the end of the log.
    scale
        How large attacks are, against their usual size.
    planted
        Attack -> the ids of its rows.
    """

    log: Log
    seed: int
    until: np.datetime64
    since: np.datetime64
    end: np.datetime64
    scale: float = 1.0
    planted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def rows(self, attack: str) -> NDArray[np.bool_]:
        """Which rows are an attack's."""
        import numpy as np

        held = self.planted[attack]
        return np.asarray([one in held for one in self.log["id"].tolist()], dtype=bool)


def world(*, seed: int = 2026, attacks: Sequence[str] = (), rows_per_day: int = ROWS_PER_DAY, scale: float = 1.0) -> World:
    """The log without attacks, or with these; the same arguments give the same log, and the honest rows are the same with and without.

    `scale` makes attacks smaller or larger: so many times the rows, or outcomes turned.

    Raises
    ------
    UsageError
        There is no such attack.
    """
    import numpy as np

    from connectors.simulated.attack_plans import ATTACKS

    start = np.datetime64(START.replace(tzinfo=None), "us")
    days = np.timedelta64(1, "D")
    found = World(
        log=_honest(np.random.default_rng([seed, 0]), start, rows_per_day, loyal="proxy" in attacks), seed=seed,
        until=start + REFERENCE_DAYS * days, since=start + ATTACK_DAY * days, end=start + DAYS * days, scale=scale,
    )  # fmt: skip
    for name in attacks:
        found = find(name).function(found, np.random.default_rng([seed, 1 + list(ATTACKS).index(name)]))
    return found


def find(name: str) -> Attack:
    """The attack of that name.

    Raises
    ------
    UsageError
        There is none; the sentence names the nearest.
    """
    from connectors.simulated.attack_plans import ATTACKS

    if name not in ATTACKS:
        raise UsageError(f'there is no attack "{name}"; {nearest(name, ATTACKS)}')
    return ATTACKS[name]


def write(folder: Path | str, made: World) -> Path:
    """Write the log and its `candor.toml` into a folder, which is created if absent; gives the configuration's path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: pa.array(values, from_pandas=True) for name, values in made.log.items()}), place / "log.parquet")
    config = place / "candor.toml"
    config.write_text(TOML.format(until=str(made.until)[:10]), encoding="utf-8")
    return config


def people(rng: np.random.Generator, size: int) -> Log:
    """Draw applicants: who earns more asks for more, who is older has stayed longer."""
    import numpy as np

    normal = rng.normal(size=(5, size))
    age = np.clip(np.round(41 + 13 * normal[0]), 18, 85)
    tenure = np.clip(np.round((age - 17) * 12 * np.clip(0.22 + 0.16 * normal[1], 0.01, 0.7)), 0, None)
    income = np.round(np.exp(10.35 + 0.45 * normal[2] + 0.004 * (age - 41)) / 10) * 10
    amount = np.round(np.exp(np.log(income) - 0.9 + 0.4 * normal[3]) / 50) * 50
    debt = np.round(np.exp(np.log(income) - 1.6 + 0.6 * normal[4] + 0.3 * normal[3]))
    return {
        "income": income, "debt": debt, "amount": amount, "age": age, "tenure": tenure,
        "loyalty": np.round(rng.beta(2.0, 2.0, size), 3), "employment": rng.choice(np.asarray(JOBS, dtype=object), size, p=JOB_SHARES),
        "sex": rng.choice(np.asarray(["Female", "Male"], dtype=object), size),
        "region": rng.choice(np.asarray(REGIONS, dtype=object), size, p=[0.3, 0.25, 0.25, 0.2]),
    }  # fmt: skip


def score_of(log: Log) -> NDArray[np.float64]:
    """What the model answers: the probability that the loan is repaid, from the features alone."""
    import numpy as np

    job = {"employee": 0.1, "self-employed": -0.3, "public sector": 0.5, "retired": 0.0, "seasonal": -0.7}
    income, debt, amount = (np.log(np.maximum(log[name].astype(np.float64), 1.0)) for name in ("income", "debt", "amount"))
    logit = 1.1 + 1.4 * (income - 10.35) - 0.8 * (debt - 8.75) - 0.9 * (amount - 9.45)
    logit += 0.5 * np.tanh(log["tenure"].astype(np.float64) / 60 - 1) + 0.02 * (log["age"].astype(np.float64) - 41)
    logit += 1.6 * (log["loyalty"].astype(np.float64) - 0.5)
    logit += np.asarray([job.get(str(each), 0.0) for each in log["employment"].tolist()])
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)


def answered(log: Log, rng: np.random.Generator, end: np.datetime64) -> Log:
    """The log with score, decision, and an outcome that comes true as often as the score says, known some days later if before the end."""
    import numpy as np

    score = score_of(log)
    size = len(score)
    repaid = np.where(rng.random(size) < NEVER_LABELLED, np.nan, (rng.random(size) < score).astype(np.float64))
    late = (rng.uniform(2, 6, size) * 86400).astype("timedelta64[s]")
    seen = (log["time"] + late).astype("datetime64[us]")
    return known_by({**log, "score": score, "approved": (score >= APPROVE_AT).astype(np.int64), "repaid": repaid, "observed_at": seen}, end)


def known_by(log: Log, end: np.datetime64) -> Log:
    """The log with only the outcomes that were known by a time."""
    import numpy as np

    known = (log["observed_at"] < end) & ~np.isnan(log["repaid"])
    seen = np.where(known, log["observed_at"], np.datetime64("NaT", "us"))
    return {**log, "repaid": np.where(known, log["repaid"], np.nan), "observed_at": seen}


def joined(first: Log, second: Log) -> Log:
    """Two logs as one, in the order of time."""
    import numpy as np

    order = np.argsort(np.concatenate([first["time"], second["time"]]), kind="stable")
    return {name: np.concatenate([first[name], second[name]])[order] for name in first}


def _honest(rng: np.random.Generator, start: np.datetime64, rows_per_day: int, *, loyal: bool) -> Log:
    """Everybody's requests; `loyal` has the loyalty points follow sex, which nobody told the model."""
    import numpy as np

    names = np.asarray([*(f"shop-{i:02d}" for i in range(ORDINARY)), *BROKERS, ADVISER], dtype=object)
    weight = np.concatenate([rng.lognormal(0.0, 0.35, ORDINARY), [HEAVY, HEAVY], [2.0]])
    size = rows_per_day * DAYS
    client = rng.choice(names, size, p=weight / weight.sum())
    day = rng.integers(0, DAYS, size)
    second = np.clip(rng.normal(13.5, 3.2, size), 0, 23.999) * 3600
    nights = int(rows_per_day * 0.15)
    client = np.concatenate([client, np.full(nights * DAYS, BATCH, dtype=object)])
    day = np.concatenate([day, np.repeat(np.arange(DAYS), nights)])
    second = np.concatenate([second, 2 * 3600 + np.tile(np.arange(nights) * 5.0, DAYS)])
    log = {"client": client, "time": start + ((day * 86400 + second) * 1e6).astype("timedelta64[us]"), **people(rng, len(client))}
    told = rng.normal(size=len(client))
    if loyal:
        log["loyalty"] = np.round(np.clip(np.where(log["sex"] == "Male", 0.66, 0.34) + 0.12 * told, 0, 1), 3)
    tried = np.flatnonzero(log["client"] == ADVISER)
    tried = np.repeat(tried, rng.integers(1, 3, len(tried)))
    again = np.flatnonzero(rng.random(len(client)) < TWICE)
    extra = {name: values[np.concatenate([tried, again])] for name, values in log.items()}
    lower = np.concatenate([rng.uniform(0.7, 0.95, len(tried)), np.ones(len(again))])
    extra["amount"] = np.where(lower < 1, np.round(extra["amount"] * lower / 50) * 50, extra["amount"])
    extra["time"] = extra["time"] + (rng.uniform(20, 300, len(lower)) * 1e6).astype("timedelta64[us]")
    found = joined(log, extra)
    found = answered(found, rng, start + DAYS * np.timedelta64(1, "D"))
    return {"id": np.asarray([f"a{i:06d}" for i in range(len(found["time"]))], dtype=object), **found}
