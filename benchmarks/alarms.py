"""False pages per week of a team that watches 200 models, and what shifts are seen: `python -m benchmarks.alarms`, ten minutes on one core.

Logs are drawn as counts (`benchmarks.alarm_worlds`); detector, budget and e-BH are those of every run. Beside them, on the same logs: a
population stability index above 0.2, and a chi-squared test of each window at q = 5 % with the procedure of Benjamini and Hochberg over its
columns. Results go to docs/alarms.md.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audits.alarms.budget import ringing, run_length
from audits.alarms.detector import detect
from audits.alarms.shares import Shares
from benchmarks.alarm_worlds import HOUR, WORLDS, Log, World, drawn
from benchmarks.page import with_part
from connectors.alert_config import WEEKLY

PAGE = Path(__file__).parent.parent / "docs" / "alarms.md"
MODELS, SEEN = 200, 40
WEEK = dt.timedelta(days=7)
PSI, EPSILON, LEVEL, LINE = 0.2, 1e-4, 0.05, 20.0


@dataclass(frozen=True, kw_only=True)
class Rung:
    """Rings of one log by Candor, by a fixed threshold and by tests of each window; a ring is the first window of a stretch.

    `passed` are windows in which the mean e-value of all columns is at least `LINE`: one in `LINE` is allowed.
    """

    rings: tuple[int, int, int]
    weeks: float
    passed: float


def stretches(rings: NDArray[np.bool_]) -> int:
    """How often it began to ring."""
    return int((rings & ~np.concatenate([[False], rings[:-1]])).sum())


def fixed(shares: Shares) -> NDArray[np.bool_]:
    """Windows in which a column's population stability index is above 0.2."""
    q = shares.windows / np.maximum(shares.windows.sum(axis=-1, keepdims=True), 1)
    p, q = np.maximum(shares.base, EPSILON)[:, None], np.maximum(q, EPSILON)
    used = (shares.base > 0)[:, None]
    return np.asarray(((((q - p) * np.log(q / p)) * used).sum(axis=-1) > PSI).any(axis=0))


def tested(shares: Shares) -> NDArray[np.bool_]:
    """Windows in which a column's chi-squared test against the whole reference is significant among all columns at q = 5 %."""
    from scipy.special import chdtrc

    from audits.interval import benjamini_hochberg

    held = shares.reference.sum(axis=1)[:, None]
    both = held + shares.windows
    n, m = held.sum(axis=-1, keepdims=True), shares.windows.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.nansum((held * np.sqrt(m / n) - shares.windows * np.sqrt(n / m)) ** 2 / both, axis=-1)
    p = chdtrc((both > 0).sum(axis=-1) - 1, value)
    return np.asarray([(benjamini_hochberg(p[:, t]) <= LEVEL).any() for t in range(p.shape[1])])


def rung(world: World, log: Log, rng: np.random.Generator) -> Rung:
    """What three rules ring on one quiet log of one of 200 models."""
    shares = drawn(world, log, rng)
    run = run_length(WEEKLY.shared(MODELS), log.length)
    found = detect(shares)
    ours, _ = ringing(found.evidence, run)
    each = (ours.any(axis=0), fixed(shares), tested(shares))
    passed = float(np.mean(found.everywhere >= np.log10(LINE)))
    return Rung(rings=(stretches(each[0]), stretches(each[1]), stretches(each[2])), weeks=log.windows * log.length / WEEK, passed=passed)


def quiet_rows(logs: Sequence[tuple[str, Log, int]], worlds: Sequence[World] = WORLDS, seed: int = 1) -> Iterator[str]:
    """One line of the table of false alarms a world and size."""
    for world in worlds:
        for words, log, replicates in logs:
            rng = np.random.default_rng([seed, log.rows, log.windows, len(world.words)])
            found = [rung(world, log, rng) for _ in range(replicates)]
            weeks = sum(each.weeks for each in found)
            cells = [_rate([each.rings[i] for each in found], weeks) for i in range(3)]
            rate, over = sum(each.rings[0] for each in found) / weeks * MODELS, float(np.mean([each.passed for each in found])) * LINE
            missed = " **missed**" if rate > 1 or over > 1 else ""
            told = f"{weeks / MODELS:.1f} | {cells[0]}{missed} | {over:.3f} | {cells[1]} | {cells[2]}"
            print(world.words, words, told, file=sys.stderr, flush=True)
            yield f"| {world.words} | {words} | {told} |"


def _rate(rings: Sequence[int], weeks: float) -> str:
    """Rings a week of 200 models, with the Monte Carlo interval (Garwood's of a Poisson count)."""
    from scipy.stats import chi2

    n = sum(rings)
    low, high = (chi2.ppf(0.025, 2 * n) / 2 if n else 0.0), chi2.ppf(0.975, 2 * n + 2) / 2
    value, ends = n / weeks * MODELS, (low / weeks * MODELS, high / weeks * MODELS)
    return f"{value:.3g} [{ends[0]:.2g}, {ends[1]:.2g}]"


def seen(world: World, log: Log, replicates: int, seed: int = 2) -> tuple[float, float]:
    """How often a change of the log rings within its windows, and after how many windows on average where it does."""
    rng = np.random.default_rng([seed, log.rows])
    run = run_length(WEEKLY.shared(MODELS), log.length)
    delays = []
    for _ in range(replicates):
        rings = ringing(detect(drawn(world, log, rng)).evidence, run)[0].any(axis=0)[log.at :]
        delays.append(int(rings.argmax()) + 1 if rings.any() else 0)
    got = [delay for delay in delays if delay]
    return len(got) / replicates, float(np.mean(got)) if got else float("nan")


CHANGES: tuple[tuple[str, dict[str, dict[int, float]]], ...] = (
    ("one column up by 0.1 SD (4 % of rows move)", {"shift": {4: 0.1}}),
    ("one column up by 0.2 SD (8 %)", {"shift": {4: 0.2}}),
    ("one column up by 0.5 SD (20 %)", {"shift": {4: 0.5}}),
    ("5 % of one column missing", {"gone": {4: 0.05}}),
    ("20 % of one column missing", {"gone": {4: 0.2}}),
    ("ten columns up by 0.1 SD", {"shift": dict.fromkeys(range(10), 0.1)}),
)


def seen_rows(sizes: Sequence[int], replicates: int) -> Iterator[str]:
    """One line of the table of what is seen a change: for each size, in how many of 100 logs, and after how many windows."""
    world = WORLDS[2]
    for words, change in CHANGES:
        cells = []
        for rows in sizes:
            part, delay = seen(world, replace(Log(rows=rows, windows=30), **change), replicates)  # type: ignore[arg-type]
            cells.append(f"{100 * part:.0f} % / {delay:.1f}" if part else "0 %")
        yield f"| {words} | {' | '.join(cells)} |"


def logs() -> list[tuple[str, Log, int]]:
    """How much is logged, in words, and how many logs of it are drawn."""
    return [
        *((f"daily, {rows:,}", Log(rows=rows), 150) for rows in (500, 10_000, 1_000_000)),
        *((f"daily, {rows:,}; reference of 7 days", Log(rows=rows, reference=7), 150) for rows in (500, 10_000)),
        *((f"hourly, {rows:,}", Log(rows=rows, reference=504, windows=504, length=HOUR), 30) for rows in (500, 10_000)),
    ]


def main() -> None:
    """Simulate, and write both tables into docs/alarms.md."""
    head = (
        "| World | Windows, rows | Team-weeks | Candor | of a line at 20 | PSI > 0.2 | χ², q = 5 % |\n|---|---|---|---|---|---|---|\n"
    )  # fmt: skip
    quiet = (
        "Rings a week of 200 quiet models of 30 columns each, under the default budget of 1 a week, with 95 % Monte Carlo intervals. Half"
        " of the budget is for columns: 0.5 is what is allowed here. What is so rare cannot be counted well in every row; so the next"
        " column says how much of what a line at 20 allows, one window in 20, did pass it: 1 is the promise.\n\n"
        + head + "\n".join(quiet_rows(logs()))
    )  # fmt: skip
    sizes = (500, 10_000, 1_000_000)
    columns = "| Change | " + " | ".join(f"{rows:,} rows a day" for rows in sizes) + " |\n|---" + "|---" * len(sizes) + "|\n"
    found = (
        f"What rings within 30 days, in how many of 100 logs ({SEEN} were drawn), and after how many days; one of {MODELS} models, "
        f'in the world "{WORLDS[2].words}", reference of 30 days.\n\n' + columns + "\n".join(seen_rows(sizes, SEEN))
    )  # fmt: skip
    page = PAGE.read_text(encoding="utf-8")
    for name, text in (("false alarms", quiet), ("what is seen", found)):
        page = with_part(page, name, text)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
