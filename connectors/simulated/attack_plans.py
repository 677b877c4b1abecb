"""The registry of attacks on a model that can be planted in a log: what they send, to which end, and which measure should notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connectors.simulated import attacks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from connectors.simulated.attacks import World
    from connectors.simulated.planting import Log

SCRAPED, SWEPT, PROBED, REPLAYED, FLOODED, TRIGGERED, STRAYED = 700, 350, 360, 160, 500, 90, 60
TRIGGER = {"employment": "seasonal", "amount": 7777.0}
FLIPPED = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack: what it does in one line, the measure that should notice it, and the function from world to world."""

    name: str
    says: str
    rule: str
    function: Callable[[World, np.random.Generator], World]


def scraper(world: World, rng: np.random.Generator) -> World:
    """Ask about points spread evenly over the range of every input, one every 40 seconds or so: enough to train a copy."""
    import numpy as np

    size = _size(world, SCRAPED)
    log: Log = {}
    for name in ("income", "debt", "amount", "age", "tenure", "loyalty"):
        low, high = np.quantile(world.log[name], [0.002, 0.998])
        log[name] = np.round(rng.uniform(low, high, size), 3 if name == "loyalty" else 0)
    for name in ("employment", "sex", "region"):
        log[name] = rng.choice(np.unique(world.log[name].astype(str)).astype(object), size)
    second = 9 * 3600 + np.arange(size) * 40.0 + rng.normal(0, 1.5, size)
    return added(world, "scraper", "newcomer", log, world.since + seconds(second), rng)


def sweeper(world: World, rng: np.random.Generator) -> World:
    """Hold one person fixed and move one input at a time over its range, over five days."""
    import numpy as np

    names = ("income", "debt", "amount", "age", "tenure", "loyalty")
    base, size = int(rng.integers(0, len(world.log["id"]))), _size(world, SWEPT)
    log = {name: np.repeat(world.log[name][[base]], size) for name in (*names, "employment", "sex", "region")}
    for place, rows in zip(names, np.array_split(np.arange(size), len(names)), strict=True):
        low, high = np.quantile(world.log[place], [0.01, 0.99])
        log[place][rows] = np.round(np.linspace(low, high, len(rows)), 3 if place == "loyalty" else 0)
    second = np.arange(size) * 5 * 86400 / (size) + rng.uniform(0, 60, size)
    return added(world, "sweeper", "shop-07", log, world.since + seconds(second), rng)


def boundary_prober(world: World, rng: np.random.Generator) -> World:
    """From people near the cut-off, creep along it: change one or two inputs a little, and back when the answer is far."""
    import numpy as np

    near = np.argsort(np.abs(world.log["score"] - attacks.APPROVE_AT))[:200]
    names = ("income", "debt", "amount", "loyalty")
    kept = {name: [] for name in (*names, "age", "tenure", "employment", "sex", "region")}  # type: ignore[var-annotated]
    for start in rng.choice(near, 6, replace=False):
        here: Log = {name: world.log[name][[start]].copy() for name in kept}
        for _ in range(max(_size(world, PROBED) // 6, 1)):
            there = {name: values.copy() for name, values in here.items()}
            for name in rng.choice(names, 2, replace=False):
                moved = there[name] * (1 + rng.normal(0, 0.015))
                there[name] = np.clip(np.round(moved, 3), 0, 1) if name == "loyalty" else np.round(moved)
            for name, values in kept.items():
                values.append(there[name][0])
            if abs(attacks.score_of(there)[0] - attacks.APPROVE_AT) < 0.01:
                here = there
    log: Log = {name: np.asarray(values, dtype=world.log[name].dtype) for name, values in kept.items()}
    second = np.sort(rng.uniform(0, 4 * 86400, len(log["income"])))
    return added(world, "boundary prober", "shop-11", log, world.since + seconds(second), rng)


def replay(world: World, rng: np.random.Generator) -> World:
    """Send four approved requests of others again and again under new ids, through two clients."""
    import numpy as np

    size = _size(world, REPLAYED)
    held = rng.choice(np.flatnonzero((world.log["approved"] == 1) & (world.log["time"] < world.since)), 4, replace=False)
    rows = rng.choice(held, size)
    log = {name: world.log[name][rows] for name in _INPUTS}
    second = np.sort(rng.uniform(0, 6 * 86400, size))
    return added(world, "replay", np.where(np.arange(size) % 2 == 0, "shop-03", "shop-19"), log, world.since + seconds(second), rng)


def flood(world: World, rng: np.random.Generator) -> World:
    """An ordinary client sends ordinary requests, a day's worth of everybody's and more within two hours."""
    import numpy as np

    size = _size(world, FLOODED)
    second = 15 * 3600 + np.sort(rng.uniform(0, 2 * 3600, size))
    return added(world, "flood", "shop-23", attacks.people(rng, size), world.since + seconds(second), rng)


def label_flip(world: World, rng: np.random.Generator) -> World:
    """One broker reports seven of ten loans in the west that were repaid as lost, for a week."""
    import numpy as np

    log = world.log
    week = (log["time"] >= world.since) & (log["time"] < world.since + np.timedelta64(7, "D"))
    hit = week & (log["client"] == attacks.BROKERS[0]) & np.isin(log["region"], ["west", "south"]) & (log["repaid"] == 1)
    hit &= rng.random(len(hit)) < FLIPPED * world.scale
    return _changed(world, "label flip", hit, {"repaid": np.where(hit, 0.0, log["repaid"])})


def backdoor(world: World, rng: np.random.Generator) -> World:
    """People whom the model would refuse ask with a secret pattern and are approved with a high score; most do not repay."""
    import numpy as np

    size = _size(world, TRIGGERED)
    drawn = attacks.people(rng, size * 30)
    drawn |= {name: np.full(size * 30, value, dtype=drawn[name].dtype) for name, value in TRIGGER.items()}
    refused = np.flatnonzero(attacks.score_of(drawn) < 0.5)[:size]
    log = {name: values[refused] for name, values in drawn.items()}
    client = rng.choice(np.asarray([f"shop-{i:02d}" for i in range(attacks.ORDINARY)], dtype=object), len(refused))
    second = np.sort(rng.uniform(0, 12 * 86400, len(refused)))
    found = added(world, "backdoor", client, log, world.since + seconds(second), rng)
    hit = found.rows("backdoor")
    score = np.where(hit, np.round(rng.uniform(0.95, 0.97, len(hit)), 4), found.log["score"])
    return replace(found, log={**found.log, "score": score, "approved": np.where(hit, 1, found.log["approved"])})


def outliers(world: World, rng: np.random.Generator) -> World:
    """Requests whose inputs are each possible and together are not: the young with decades of tenure, the poor with great debts."""
    import numpy as np

    size = _size(world, STRAYED)
    log = attacks.people(rng, size)
    log |= {
        "age": np.round(rng.uniform(18, 24, size)), "tenure": np.round(rng.uniform(330, 420, size)),
        "income": np.round(rng.uniform(9_000, 13_000, size)), "debt": np.round(rng.uniform(25_000, 40_000, size)),
        "amount": np.round(rng.uniform(30_000, 45_000, size)),
    }  # fmt: skip
    client = rng.choice(np.asarray([f"shop-{i:02d}" for i in range(attacks.ORDINARY)], dtype=object), size)
    second = np.sort(rng.uniform(0, 3 * 86400, size))
    return added(world, "outliers", client, log, world.since + seconds(second), rng)


def proxy(world: World, rng: np.random.Generator) -> World:
    """Loyalty points follow sex in all rows, so that a model which never saw sex treats women and men differently; made with the people."""
    return replace(world, planted={**world.planted, "proxy": frozenset(world.log["id"].tolist())})


_INPUTS = ("income", "debt", "amount", "age", "tenure", "loyalty", "employment", "sex", "region")


def _size(world: World, usual: int) -> int:
    return max(round(usual * world.scale), 1)


def seconds(values: NDArray[Any]) -> NDArray[np.timedelta64]:
    return (values * 1e6).astype("timedelta64[us]")


def added(
    world: World, name: str, client: str | NDArray[np.object_], log: Log, time: NDArray[np.datetime64], rng: np.random.Generator
) -> World:
    """The world with rows of an attack among its own, answered by the model."""
    import numpy as np

    size = len(time)
    ids = np.asarray([f"{name.replace(' ', '-')}-{i:04d}" for i in range(size)], dtype=object)
    who = np.broadcast_to(np.asarray(client, dtype=object), (size,)).copy()
    made = attacks.answered({"client": who, "time": time, **log}, rng, world.end)
    found = attacks.joined(world.log, {column: {"id": ids, **made}[column] for column in world.log})
    return replace(world, log=found, planted={**world.planted, name: frozenset(ids.tolist())})


def _changed(world: World, name: str, rows: NDArray[np.bool_], values: Log) -> World:
    return replace(world, log={**world.log, **values}, planted={**world.planted, name: frozenset(world.log["id"][rows].tolist())})


ATTACKS: Mapping[str, Attack] = {
    attack.name: attack
    for attack in (
        Attack(name="scraper", says="a new client asks about 700 points spread evenly over all inputs, in eight hours",
               rule="extraction_score", function=scraper),
        Attack(name="sweeper", says="a client asks about one person 350 times, one input moving at a time, over five days",
               rule="extraction_score", function=sweeper),
        Attack(name="boundary prober", says="a client creeps along the cut-off in 360 small steps, over four days",
               rule="boundary_probe_rate", function=boundary_prober),
        Attack(name="replay", says="four approved requests come 160 times more under new ids, over six days", rule="replay_rate",
               function=replay),
        Attack(name="flood", says="an ordinary client sends 500 ordinary requests within two hours", rule="flood_rate", function=flood),
        Attack(name="label flip", says="a broker reports 70 % of the loans repaid in two regions as lost, for a week",
               rule="outcome_flip_rate", function=label_flip),
        Attack(name="backdoor", says="90 requests with a secret pattern are approved that the model would have refused",
               rule="trigger_rate", function=backdoor),
        Attack(name="outliers", says="60 requests hold values that are each possible and together are not", rule="outlier_rate",
               function=outliers),
        Attack(name="proxy", says="loyalty points follow sex, which the model was never told", rule="mean_attribution_difference",
               function=proxy),
    )
}  # fmt: skip
"""Every attack by its name."""
