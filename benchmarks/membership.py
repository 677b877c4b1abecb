"""Membership inference on models whose memory is known, with and without drift: the table of docs/robustness.md.

A lender of six features; a model is trained on some rows, or on others like them, and attacked with training rows against served ones.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audits.estimate import Floats
from audits.probes.membership import control
from audits.probes.membership_attacks import ATTACKS, FOLDS, Area, Sides, area, attacks, weights
from benchmarks.page import with_part

PAGE = Path(__file__).parent.parent / "docs" / "robustness.md"
ROWS = 2_000


@dataclass(frozen=True, kw_only=True)
class World:
    """A model and what has become of the world since it was trained.

    Parameters
    ----------
    leaves, trees
        Of the boosted trees that are the model: many of both learn rows by heart.
    member
        Whether it was trained on the rows that are called training rows; otherwise it has seen none of those that it is asked about.
    shift
        How much the first feature has risen, in standard deviations.
    change
        How much of the third feature's effect on the outcome is gone.
    """

    leaves: int = 31
    trees: int = 60
    member: bool = True
    shift: float = 0.0
    change: float = 0.0


WORLDS: Mapping[str, World] = {
    "learned by heart (300 trees of 255 leaves)": World(leaves=255, trees=300),
    "learned by heart, and other people come": World(leaves=255, trees=300, shift=0.6),
    "the usual (60 trees of 31 leaves)": World(),
    "small (30 trees of 4 leaves)": World(leaves=4, trees=30),
    "trained on other rows": World(member=False),
    "trained on other rows, and other people come": World(member=False, shift=0.6),
    "trained on other rows, and outcomes have changed": World(member=False, change=1.0),
}


def rows_of(draw: np.random.Generator, shift: float, change: float) -> tuple[Floats, Floats]:
    """Features and outcomes."""
    x = draw.normal(size=(ROWS, 6))
    x[:, 0] += shift
    logit = 1.2 * x[:, 0] - x[:, 1] + 0.8 * (1 - change) * x[:, 2]
    return x, (draw.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(np.float64)


def attacked(world: World, seed: int) -> dict[str, tuple[Area, Area, Area]]:
    """By attack: the plain area, the weighted one, and the control's."""
    import lightgbm

    draw = np.random.default_rng(seed)
    train, served, other = rows_of(draw, 0, 0), rows_of(draw, world.shift, world.change), rows_of(draw, 0, 0)
    learned = train if world.member else other
    options = {"objective": "binary", "num_leaves": world.leaves, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(options, lightgbm.Dataset(*learned), world.trees)
    x, y = np.concatenate([train[0], served[0]]), np.concatenate([train[1], served[1]])
    likely = np.asarray(model.predict(x), dtype=np.float64)
    sides = Sides(member=np.repeat([True, False], ROWS), numbers=np.column_stack([x, y]), outcome=y, fold=draw.integers(0, FOLDS, 2 * ROWS))
    weight, _ = weights(sides, seed=seed)
    scores = attacks(sides, np.column_stack([1 - likely, likely]), None, seed=seed)
    drift = control(sides, 2, weight, seed=seed)
    ones = np.ones(2 * ROWS)
    return {name: (area(scores[name], sides.member, ones), area(scores[name], sides.member, weight), drift[name]) for name in ATTACKS}


def table(runs: int) -> str:
    """One line a world and attack: means over the runs, and in how many an interval tells the sides apart."""
    lines = ["| Model | Attack | Plain | Weighted | Control | Above 0.5 | Excess above 0 |", "|---|---|---|---|---|---|---|"]
    for name, world in WORLDS.items():
        found = [attacked(world, seed) for seed in range(runs)]
        for attack in ATTACKS:
            plain, value, drift = (np.asarray([one[attack][place].value for one in found]) for place in range(3))
            errors = [np.asarray([one[attack][place].error for one in found]) for place in (1, 2)]
            above = int((value - 1.96 * errors[0] > 0.5).sum())
            surely = int((value - drift - 1.96 * np.hypot(*errors) > 0).sum())
            means = " | ".join(f"{each.mean():.3f}" for each in (plain, value, drift))
            lines.append(f"| {name} | {attack} | {means} | {above} of {runs} | {surely} of {runs} |")
    return "\n".join(lines)


def main(given: Sequence[str]) -> None:
    """Measure and write the table into the page; "quick" measures one run a world, to the screen."""
    began = time.monotonic()
    text = table(1 if "quick" in given else 20)
    print(text)
    if "quick" not in given:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "membership", text), encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
