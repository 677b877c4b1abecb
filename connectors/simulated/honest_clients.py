"""Honest newcomers and changes that look like attacks: what detectors of attacks are held against besides quiet logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.simulated import attacks
from connectors.simulated.attack_plans import Attack, added, seconds

if TYPE_CHECKING:
    import numpy as np

    from connectors.simulated.attacks import World

DAYS_LEFT = attacks.DAYS - attacks.ATTACK_DAY
BROKERED, NIGHTLY, ADVISED = 40, 35, 16
"""Rows a day of a newcomer."""


def new_broker(world: World, rng: np.random.Generator) -> World:
    """A broker joins and sends as much as the other two."""
    import numpy as np

    size = BROKERED * DAYS_LEFT
    second = rng.integers(0, DAYS_LEFT, size) * 86400 + np.clip(rng.normal(13.5, 3.2, size), 0, 23.999) * 3600
    return added(world, "new broker", "broker-3", attacks.people(rng, size), world.since + seconds(np.sort(second)), rng)


def new_nightly_job(world: World, rng: np.random.Generator) -> World:
    """A job starts to send a row every five seconds, each night at three."""
    import numpy as np

    size = NIGHTLY * DAYS_LEFT
    second = np.repeat(np.arange(DAYS_LEFT), NIGHTLY) * 86400 + 3 * 3600 + np.tile(np.arange(NIGHTLY) * 5.0, DAYS_LEFT)
    return added(world, "new nightly job", "second-batch", attacks.people(rng, size), world.since + seconds(second), rng)


def new_adviser(world: World, rng: np.random.Generator) -> World:
    """An adviser joins who tries one or two lower amounts for each person."""
    import numpy as np

    people = ADVISED * DAYS_LEFT // 2
    log = attacks.people(rng, people)
    tries = rng.integers(1, 4, people)
    log = {name: np.repeat(values, tries) for name, values in log.items()}
    start = rng.integers(0, DAYS_LEFT, people) * 86400 + np.clip(rng.normal(13.5, 3.2, people), 0, 23.9) * 3600
    turn = np.concatenate([np.arange(n) for n in tries.tolist()])
    log["amount"] = np.round(log["amount"] * (1 - 0.15 * turn) / 50) * 50
    second = np.repeat(start, tries) + turn * rng.uniform(30, 200, len(turn))
    return added(world, "new adviser", "adviser-2", log, world.since + seconds(second), rng)


def health_check(world: World, rng: np.random.Generator) -> World:
    """A monitor starts to send one and the same request every two hours."""
    import numpy as np

    size = 12 * DAYS_LEFT
    one = attacks.people(rng, 1)
    log = {name: np.repeat(values, size) for name, values in one.items()}
    return added(world, "health check", "monitor", log, world.since + seconds(np.arange(size) * 7200.0), rng)


def group_rescored(world: World, rng: np.random.Generator) -> World:
    """A release scores women lower by 0.5 in log-odds, for good; what they repay stays."""
    import numpy as np

    log = world.log
    hit = (log["time"] >= world.since) & (log["sex"] == "Female")
    shifted = 1 / (1 + np.exp(-(np.log(log["score"] / (1 - log["score"])) - 0.5)))
    score = np.where(hit, shifted, log["score"])
    return replace(world, log={**log, "score": score, "approved": (score >= attacks.APPROVE_AT).astype(np.int64)})


def region_worsened(world: World, rng: np.random.Generator) -> World:
    """In the west a plant closes: a quarter of those who would have repaid do not, for good."""
    import numpy as np

    log = world.log
    hit = (log["time"] >= world.since) & (log["region"] == "west") & (log["repaid"] == 1) & (rng.random(len(log["repaid"])) < 0.25)
    return replace(world, log={**log, "repaid": np.where(hit, 0.0, log["repaid"])})


def losses_late(world: World, rng: np.random.Generator) -> World:
    """Losses in the west become known six days later than before."""
    import numpy as np

    log = world.log
    hit = (log["time"] >= world.since) & (log["region"] == "west") & (log["repaid"] == 0)
    later = np.where(hit, log["observed_at"] + np.timedelta64(6, "D"), log["observed_at"])
    return replace(world, log=attacks.known_by({**log, "observed_at": later}, world.end))


def world_of(name: str, *, seed: int) -> World:
    """The quiet world with one of these newcomers."""
    import numpy as np

    found = attacks.world(seed=seed)
    return HONEST[name].function(found, np.random.default_rng([seed, 100 + list(HONEST).index(name)]))


HONEST: Mapping[str, Attack] = {
    each.name: each
    for each in (
        Attack(name="new broker", says="a broker joins and sends 40 requests a day, as the other two do", rule="", function=new_broker),
        Attack(name="new nightly job", says="a job starts to send 35 requests a night, one every five seconds", rule="",
               function=new_nightly_job),
        Attack(name="new adviser", says="an adviser joins who tries lower amounts for each person", rule="", function=new_adviser),
        Attack(name="health check", says="a monitor starts to send the same request every two hours", rule="", function=health_check),
        Attack(name="group rescored", says="a release scores women lower, for good, and they repay as before", rule="",
               function=group_rescored),
        Attack(name="region worsened", says="a quarter fewer repay in one region, for good", rule="", function=region_worsened),
        Attack(name="losses late", says="losses of one region become known six days later", rule="", function=losses_late),
    )
}  # fmt: skip
"""Each newcomer or change by its name; none is an attack, so no measure should notice it, though some do."""
