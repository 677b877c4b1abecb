"""How near the search for the smallest change comes, against a longer one and HopSkipJump alone: `python -m benchmarks.evasion`.

The table goes into docs/robustness.md, what it misses included; some minutes on two cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from audits.estimate import Floats, Integers
from audits.probes import smallest_flip
from audits.probes.feasible import Change, Flags, Space
from audits.probes.hop_skip_jump import quietly
from audits.probes.smallest_flip import Search
from audits.robustness.distances import BUDGET
from benchmarks.page import with_part

PAGE = Path(__file__).parent.parent / "docs" / "robustness.md"
NUMBERS, WHOLE, LEVELS = 10, 3, 3
CUT = 0.5


@dataclass(frozen=True, kw_only=True)
class World:
    """Rows with ten numbers, one of them whole, and three columns of four levels; and what answers about them."""

    name: str
    rows: Floats
    answer: Callable[[Floats], Floats]

    @property
    def space(self) -> Space:
        """Numbers within what the rows hold, one spread being their standard deviation."""
        x = self.rows[:, :NUMBERS]
        numbers = (
            Change(name=f"x{i}", spread=float(x[:, i].std()), low=float(x[:, i].min()), high=float(x[:, i].max()), whole=i == WHOLE)
            for i in range(NUMBERS)
        )
        return Space(changes=(*numbers, *(Change(name=f"c{i}", levels=("0", "1", "2", "3"), observed=4) for i in range(LEVELS))))


def drawn(seed: int, rows: int) -> tuple[Floats, Floats]:
    """Rows, and the log-odds that they were labelled by."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, NUMBERS))
    x[:, WHOLE] = np.round(2 * x[:, WHOLE])
    levels = draw.integers(0, 4, (rows, LEVELS)).astype(np.float64)
    z = x[:, 0] - 0.8 * x[:, 1] + 0.5 * x[:, 2] * x[:, 0] + 0.3 * x[:, 3] + 0.7 * (levels[:, 0] == 1) - 0.5 * (levels[:, 1] == 2)
    return np.hstack([x, levels]), z


def trees(seed: int, leaves: int) -> World:
    """A boosted ensemble of 200 trees on 4,000 rows."""
    import lightgbm

    rows, z = drawn(seed, 4_000)
    y = np.random.default_rng([seed, 1]).random(len(z)) < 1 / (1 + np.exp(-z))
    data = lightgbm.Dataset(rows, y.astype(int), categorical_feature=list(range(NUMBERS, NUMBERS + LEVELS)))
    model = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": leaves, "num_threads": 2}, data, 200)
    return World(name=f"200 trees of {leaves} leaves", rows=rows, answer=lambda x: np.asarray(model.predict(x)))


def smooth(seed: int) -> World:
    """The curved surface that the labels were drawn from, logistic."""
    rows, _ = drawn(seed, 4_000)

    def answer(x: Floats) -> Floats:
        z = x[:, 0] - 0.8 * x[:, 1] + 0.5 * x[:, 2] * x[:, 0] + 0.3 * x[:, 3] + 0.7 * (x[:, 10] == 1) - 0.5 * (x[:, 11] == 2)
        return np.asarray(1 / (1 + np.exp(-z)))

    return World(name="a smooth, curved score", rows=rows, answer=answer)


def searched(world: World, rows: int) -> tuple[Floats, dict[str, float]]:
    """The distances that the search finds for the first rows, and what it asked and took."""
    x0, before, asked = world.rows[:rows], world.answer(world.rows) >= CUT, [0, 0]

    def ask(table: pa.Table, of: Integers) -> tuple[Floats, Flags]:
        found = world.answer(np.stack([np.asarray(column.cast("float64")) for column in table.columns], axis=1))
        asked[0] += len(found)
        asked[1] += 1
        return np.where(before[of], CUT - found, found - CUT), (found >= CUT) != before[of]

    held = {f"x{i}": pa.array(x0[:, i]) for i in range(NUMBERS)}
    held |= {f"c{i}": pa.array(x0[:, NUMBERS + i].astype(int).astype(str)) for i in range(LEVELS)}
    others = slice(1_000, 3_000)
    began = time.perf_counter()
    search = Search(
        space=world.space, base=pa.table(held), x0=x0, ask=ask, others=world.rows[others],
        aims=before[others][None, :] != before[:rows, None], budget=BUDGET, seed=1,
    )  # fmt: skip
    search.run()
    return search.distance, {"questions": asked[0] / rows, "calls": asked[1], "seconds": time.perf_counter() - began}


def alone(world: World, rows: int) -> tuple[Floats, dict[str, float]]:
    """The distances that the library's HopSkipJump finds by itself among the numbers, ten iterations a row."""
    space, before, asked, found = world.space, world.answer(world.rows) >= CUT, [0, 0], []
    free = np.flatnonzero(space.numeric & ~space.whole)
    low, high = world.rows[:, free].min(axis=0), world.rows[:, free].max(axis=0)
    began = time.perf_counter()
    with quietly(1):
        from art.attacks.evasion import HopSkipJump
        from art.estimators.classification import BlackBoxClassifier

        for row in range(rows):

            def turned(x: Any, row: int = row) -> Any:
                changed = np.tile(world.rows[row], (len(x), 1))
                changed[:, free] = np.clip(x, low, high)
                asked[0] += len(x)
                asked[1] += 1
                other = (world.answer(changed) >= CUT) != before[row]
                return np.stack([~other, other], axis=1).astype(np.float64)

            limits = (low.astype(np.float32), high.astype(np.float32))
            model = BlackBoxClassifier(turned, input_shape=(len(free),), nb_classes=2, clip_values=limits)
            attack = HopSkipJump(model, max_iter=10, max_eval=1_000, init_eval=100, init_size=100, batch_size=1_000, verbose=False)
            moved = attack.generate(world.rows[row : row + 1, free].astype(np.float32))[0]
            size = float(np.linalg.norm((moved - world.rows[row, free]) / space.spread[free]))
            found.append(size if turned(moved[None])[0, 1] else np.inf)
    return np.asarray(found), {"questions": asked[0] / rows, "calls": asked[1], "seconds": time.perf_counter() - began}


def longer(world: World, rows: int) -> Floats:
    """The distances of a search with ten times as many random steps that never lose patience."""
    before = (smallest_flip.ROUNDS, smallest_flip.PROPOSALS, smallest_flip.PATIENCE)
    smallest_flip.ROUNDS, smallest_flip.PROPOSALS, smallest_flip.PATIENCE = 100, 40, 100
    try:
        return searched(world, rows)[0]
    finally:
        smallest_flip.ROUNDS, smallest_flip.PROPOSALS, smallest_flip.PATIENCE = before


def table(rows: int, few: int) -> str:
    """The lines of the page."""
    lines = [
        "| Model | Attack | Rows | Questions a row | Calls | Size over that of a longer search: median | 75 % of rows | 90 % of rows |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for world in (smooth(1), trees(1, 7), trees(1, 31)):
        best = longer(world, rows)
        for name, attack, n in (("the search", searched, rows), ("HopSkipJump alone", alone, few)):
            size, cost = attack(world, n)
            middle, most, nearly = np.quantile(size / best[:n], [0.5, 0.75, 0.9])
            lines.append(
                f"| {world.name} | {name} | {n} | {cost['questions']:,.0f} | {cost['calls']:,} | {middle:.2f} | {most:.2f} | {nearly:.2f} |"
            )
    return "\n".join(lines)


def main(given: Sequence[str]) -> None:
    """Measure and write the table into the page; "quick" measures less, to the screen."""
    if "quick" in given:
        print(table(40, 3))
        return
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "evasion", table(200, 10)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
