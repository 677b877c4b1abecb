"""Simulated logs for the estimates: no shift, shifts of scores and of groups, and outcomes of one group that change."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from audits.estimate import Floats
from audits.estimated.contradiction import contradictions
from audits.estimated.figures import expect, figures
from audits.estimated.pieces import Pieces, assemble
from audits.estimated.realised import realised_of
from audits.estimated.rows import Rows, split

BINS = 962
REFERENCE = 10_000
SIZES = (50, 500, 5000)
SHOWN = ("accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "f1", "base_rate", "roc_auc",
         "average_precision", "brier_score")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class World:
    """Two groups, scores of a beta distribution, outcomes by a logistic curve of the score that is not the identity, cut off at 0.5.

    `level` and `gap` move the curve of everybody and of the second group up, `share` is the second group's of the rows, `turned` the share
    of its outcomes that are drawn by a coin instead.
    """

    shape: tuple[float, float] = (2.0, 3.0)
    level: float = 0.3
    gap: float = 0.0
    share: float = 0.3
    turned: float = 0.0

    def draw(self, random: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Rows by [slice, decision, outcome, bin] of everybody and both groups, and by [group, ..., coarse bin]."""
        score, group = random.beta(*self.shape, n), (random.random(n) < self.share).astype(np.int64)
        chance = 1 / (1 + np.exp(-(self.level + self.gap * group + 1.5 * np.log(score / (1 - score)))))
        chance = np.where((group == 1) & (random.random(n) < self.turned), 0.5, chance)
        outcome, decision = (random.random(n) < chance).astype(np.int64), (score > 0.5).astype(np.int64)
        place = 1 + np.minimum((score * (BINS - 2)).astype(np.int64), BINS - 3)
        fine = np.zeros((3, 3, 3, BINS))
        np.add.at(fine, (group + 1, decision, outcome, place), 1)
        fine[0] = fine[1] + fine[2]
        coarse = np.add.reduceat(fine[1:], -(-np.arange(20) * BINS // 20), axis=-1)
        return fine, coarse


SCENARIOS = (
    ("nothing changes", World(), World()),
    ("scores rise (covariate shift)", World(), replace(World(), shape=(3.0, 2.0))),
    ("scores fall apart (covariate shift)", World(), replace(World(), shape=(1.0, 1.0))),
    ("the groups' mix changes, 30 % to 70 %", World(gap=-1.0), World(gap=-1.0, share=0.7)),
)


def lay_out(fine: Floats, coarse: Floats) -> Pieces:
    """Pieces of everybody and two groups."""
    mean = np.clip((np.arange(BINS) - 0.5) / (BINS - 2), 0, 1)
    found = assemble(np.arange(5), fine, coarse, mean, np.asarray([[1, 1], [1, 0], [0, 1]], dtype=np.bool_), reported=False)
    assert isinstance(found, Pieces)
    return found


def laid(pieces: Pieces, fine: Floats, coarse: Floats) -> Rows:
    """A window's rows by piece."""
    parts = [np.add.reduceat(fine[place], pieces.parts[place].bins, axis=-1) for place in range(3)]
    return split(np.concatenate([*parts, *coarse], axis=-1)[None], True)


def coverage(before: World, after: World, n: int, seeds: int) -> dict[str, float]:
    """Share of seeds whose realised figure of everybody lies inside the interval; mean error of accuracy, and of its plain estimate."""
    random = np.random.default_rng(20260101 + n)
    inside, counted = dict.fromkeys(SHOWN, 0), dict.fromkeys(SHOWN, 0)
    gaps, plain_gaps = [], []
    for _ in range(seeds):
        pieces = lay_out(*before.draw(random, REFERENCE))
        rows = laid(pieces, *after.draw(random, n))
        expected = expect(pieces, rows.n)
        found = figures(pieces, expected, same=True)
        plain = figures(pieces, expect(pieces, rows.n, used=np.zeros_like(expected.shift.used)), same=True)
        seen = realised_of(pieces, rows, same=True)
        for name in SHOWN:
            value = seen[name][0, 0]
            if np.isfinite(value) and np.isfinite(found[name].value[0, 0]):
                counted[name] += 1
                inside[name] += int(found[name].low[0, 0] - 1e-9 <= value <= found[name].high[0, 0] + 1e-9)
        gaps.append(found["accuracy"].value[0, 0] - seen["accuracy"][0, 0])
        plain_gaps.append(plain["accuracy"].value[0, 0] - seen["accuracy"][0, 0])
    share = {name: inside[name] / max(counted[name], 1) for name in SHOWN}
    return share | {"error": float(np.mean(gaps)), "plain error": float(np.mean(plain_gaps))}


def told(turned: float, n: int, seeds: int) -> tuple[float, float, float]:
    """After one window with outcomes: how often the second group, the first and everybody are withheld."""
    random = np.random.default_rng(7 + n)
    withheld = np.zeros(3)
    for _ in range(seeds):
        pieces = lay_out(*World().draw(random, REFERENCE))
        rows = laid(pieces, *World(turned=turned).draw(random, n))
        rate = expect(pieces, rows.known).rate
        withheld += contradictions(pieces, Rows(n=rows.known, known=rows.known, hits=rows.hits), rate).failed[0, :3]
    return float(withheld[2] / seeds), float(withheld[1] / seeds), float(withheld[0] / seeds)


SIMULATED = """## On simulated logs

{seeds} logs each: a reference of {reference:,} rows and a window of n, two groups, outcomes by a logistic curve of the score that is not
the score itself. Share of realised figures of everybody inside the 95 % interval (a share is known to ± 2 points):
"""
CHANGED = """
### Outcomes of one group change

A share of the second group's outcomes (30 % of the rows) is decided by a coin from one window to the next. After one window of n with
outcomes, how often "can't tell" is said of each:
"""
READ = """
At 0 % every "can't tell" is a false one: at most 1 % of windows are meant to have any. Small windows cannot show a change at once: five
are taken together, and a group with few outcomes takes longer. Of everybody the change is diluted by the other group, and up to two
points of it are let pass."""


def report(seeds: int = 400) -> str:
    """The part of the page on simulated logs."""
    lines = [SIMULATED.format(seeds=seeds, reference=REFERENCE)]
    lines += ["| | n | " + " | ".join(SHOWN) + " | mean error of accuracy | without weighting |", "|---" * (len(SHOWN) + 4) + "|"]
    shares = []
    for label, before, after in SCENARIOS:
        for n in SIZES:
            found = coverage(before, after, n, seeds)
            shares += [found[name] for name in SHOWN]
            cells = [f"{100 * found[name]:.1f}" for name in SHOWN]
            cells += [f"{found['error']:+.4f}", f"{found['plain error']:+.4f}"]
            lines.append(f"| {label} | {n:,} | " + " | ".join(cells) + " |")
            sys.stderr.write(f"{label}, n = {n}\n")
    mean, least, most = (100 * value for value in (float(np.mean(shares)), min(shares), max(shares)))
    lines += ["", f"Mean over all cells {mean:.1f}%, lowest {least:.1f}%, highest {most:.1f}%.", CHANGED]
    lines += ["| outcomes by a coin | n | the group itself | the other group (should be never) | everybody |", "|---|---|---|---|---|"]
    for turned in (0.0, 0.25, 0.5, 1.0):
        for n in SIZES:
            group, other, everybody = told(turned, n, seeds)
            lines.append(f"| {100 * turned:.0f}% | {n:,} | {100 * group:.1f}% | {100 * other:.1f}% | {100 * everybody:.1f}% |")
        sys.stderr.write(f"coin {turned}\n")
    lines.append(READ)
    return "\n".join(lines) + "\n"
