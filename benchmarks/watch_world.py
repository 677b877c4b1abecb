"""An hourly log for a watcher: a reference, some hours after it, and an hour that is held back until somebody writes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER = "id,at,income,channel,score,decision\n"
HOUR = dt.timedelta(hours=1)

CONFIG = """\
version = 1
{head}
[watch]
every = "{every}"
"""
MODEL = """
[models.{name}]
window = "1h"
features = ["income", "channel"]
[models.{name}.columns]
id = "id"
time = "at"
score = "score"
decision = "decision"
[models.{name}.reference]
until = {until:%Y-%m-%dT%H:%M:%SZ}
[[models.{name}.sources]]
path = "{name}/*.csv"
rows = "predictions"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hourly:
    """What was written: the configuration, and the lines of the next hour as they are and with two fifths of `income` missing."""

    config: Path
    folder: Path
    sound: str
    faulty: str

    def commit(self, text: str, model: str = "m", name: str = "next.csv") -> None:
        """Write a file into a model's source, whole at once, as a careful writer does."""
        folder = self.folder / model
        part = folder / f"{name}.part"
        part.write_text(HEADER + text)
        part.rename(folder / name)


def hourly(
    folder: Path, *, models: int = 1, reference: int = 48, before: int = 6, rows: int = 150, every: str = "2s", head: str = "",
    until: dt.datetime | None = None,
) -> Hourly:  # fmt: skip
    """Write the log of `models` models ("m", "m2", ...), which ends with the last whole hour before `until` (UTC, default now)."""
    end = (until or dt.datetime.now(dt.UTC)).replace(minute=0, second=0, microsecond=0, tzinfo=None) - HOUR
    start = end - (reference + before) * HOUR
    random = np.random.default_rng(2026)
    config = CONFIG.format(head=head, every=every)
    for number in range(models):
        name = "m" if number == 0 else f"m{number + 1}"
        (folder / name).mkdir(parents=True, exist_ok=True)
        text = lines(random, start, reference + before, rows, 0)
        (folder / name / "log.csv").write_text(HEADER + text)
        config += MODEL.format(name=name, until=start + reference * HOUR)
    (folder / "candor.toml").write_text(config)
    first = (reference + before) * rows
    sound = lines(random, end, 1, rows, first)
    faulty = lines(random, end, 1, rows, first, missing=0.4)
    return Hourly(config=folder / "candor.toml", folder=folder, sound=sound, faulty=faulty)


def lines(random: np.random.Generator, start: dt.datetime, hours: int, rows: int, first: int, *, missing: float = 0.0) -> str:
    """Write rows, evenly spread over the hours."""
    n = hours * rows
    income, score, lost = random.normal(50, 9, n), random.uniform(size=n), random.uniform(size=n) < missing
    channel = random.choice(["web", "app", "shop"], n, p=[0.5, 0.3, 0.2])
    found = []
    for i in range(n):
        at = start + i * HOUR / rows
        value = "" if lost[i] else f"{income[i]:.2f}"
        found.append(f"{first + i},{at:%Y-%m-%dT%H:%M:%SZ},{value},{channel[i]},{score[i]:.4f},{int(score[i] > 0.5)}\n")
    return "".join(found)
