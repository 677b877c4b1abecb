"""How near the counterfactuals that are found come to the cheapest there are: where that is known, and where it can be tried out.

`python -m benchmarks.counterfactuals` prints the tables of docs/one-prediction.md, in about two minutes on two cores.

Linear models: twenty inputs with random weights, spreads and ranges; a fifth may not change, a quarter in one direction only. The cheapest
change takes the inputs in the order of what they gain for a spread, each as far as it goes. Trees: 200 of 31 leaves, six inputs. Every way
over the thresholds of one input, and of each pair of inputs, is tried, which no search could do in time; what changes three inputs or more
is not.
"""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.probes.counterfactual import Ask, search
from audits.probes.feasible import Change, Space

LINEAR, TREES = 300, 60
ROWS = 4_000


def table(x: Floats) -> pa.Table:
    """Rows as the model is asked about them."""
    return pa.table({f"x{place}": x[:, place] for place in range(x.shape[1])})


def matrix(rows: pa.Table) -> Floats:
    """Turn them back into numbers."""
    return np.stack([rows.column(place).to_numpy() for place in range(rows.num_columns)], axis=1)


def linear(random: np.random.Generator) -> tuple[float, float, float, int]:
    """Run one linear world; give the cost found over the least, the seconds, the costs' difference and the rows asked."""
    inputs = 20
    weights, spreads = random.normal(size=inputs), random.uniform(0.5, 3, inputs)
    x = random.normal(size=(ROWS, inputs)) * spreads
    changes = tuple(
        Change(
            name=f"x{place}", low=float(x[:, place].min()), high=float(x[:, place].max()), spread=float(spreads[place]),
            fixed="protected" if random.random() < 0.2 else "", direction=int(random.choice([-1, 0, 0, 0, 0, 0, 0, 1])),
        )
        for place in range(inputs)
    )  # fmt: skip
    space, cut = Space(changes=changes), float(np.quantile(x @ weights, 0.7))

    def ask(rows: pa.Table) -> tuple[Floats, NDArray[np.bool_]]:
        gain = matrix(rows) @ weights - cut
        return gain, gain >= 0

    row = x[random.choice(np.flatnonzero(x @ weights < cut))]
    low, high = (ends[0] for ends in space.bounds(row[None]))
    room = np.where(weights > 0, high - row, row - low) / spreads
    rate = np.abs(weights) * spreads
    need, least = cut - float(row @ weights), 0.0
    for place in np.argsort(-rate):
        step = 0.0 if changes[place].fixed else min(float(room[place]), need / rate[place])
        least, need = least + step, need - step * rate[place]
    start = time.perf_counter()
    found = search(space, table(row[None]), ask, rows=x, toward=x @ weights >= cut, deadline=60)
    if need > 1e-9:
        assert not len(found.rows), "nothing is possible"
        return 1.0, 0.0, time.perf_counter() - start, found.asked
    return float(found.cost[0]) / least, float(found.cost[0]) - least, time.perf_counter() - start, found.asked


def trees(random: np.random.Generator) -> tuple[float, float, float, int] | None:
    """Run one world of trees; as `linear`, against every change of one or two inputs. None where these flip nothing."""
    import lightgbm

    inputs = 6
    x = random.normal(size=(ROWS, inputs))
    truth = x[:, 0] + x[:, 1] * x[:, 2] - 0.7 * x[:, 3] + 0.5 * np.abs(x[:, 4])
    label = (random.random(ROWS) < 1 / (1 + np.exp(-truth))).astype(int)
    settings = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1, "seed": int(random.integers(1_000))}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, label), 200)
    score = np.asarray(booster.predict(x))
    space = Space(
        changes=tuple(Change(name=f"x{place}", low=float(x[:, place].min()), high=float(x[:, place].max())) for place in range(inputs))
    )

    def ask(rows: pa.Table) -> tuple[Floats, NDArray[np.bool_]]:
        gain = np.asarray(booster.predict(matrix(rows))) - 0.5
        return gain, gain >= 0

    row = x[random.choice(np.flatnonzero(score < 0.5))]
    start = time.perf_counter()
    found = search(space, table(row[None]), ask, rows=x, toward=score >= 0.5, deadline=60)
    seconds = time.perf_counter() - start
    least = tried_out(space, row, ask, thresholds(booster, inputs))
    if least is None or not len(found.rows):
        return None
    return float(found.cost[0]) / least, float(found.cost[0]) - least, seconds, found.asked


def thresholds(booster: object, inputs: int) -> list[Floats]:
    """List, for each input, every threshold that any tree has on it, and a sliver beyond."""
    frame = booster.trees_to_dataframe()  # type: ignore[attr-defined]
    cuts = [np.unique(frame.loc[frame["split_feature"] == f"Column_{place}", "threshold"].to_numpy()) for place in range(inputs)]
    return [np.unique(np.concatenate([each, each + 1e-9])) for each in cuts]


def tried_out(space: Space, row: Floats, ask: Ask, cuts: list[Floats]) -> float | None:
    """Try every change of one input and of each pair, a hundred cuts of each at most; give the least cost that flips."""
    least = np.inf
    picked = [each if len(each) <= 100 else each[np.linspace(0, len(each) - 1, 100).astype(int)] for each in cuts]
    for places in [*((place,) for place in range(len(cuts))), *combinations(range(len(cuts)), 2)]:
        grids = np.meshgrid(*((cuts if len(places) == 1 else picked)[place] for place in places), indexing="ij")
        x = np.repeat(row[None], grids[0].size, axis=0)
        for place, values in zip(places, grids, strict=True):
            x[:, place] = values.ravel()
        origin = np.broadcast_to(row, x.shape)
        cost = space.distance(origin, x, order=1.0)
        near = (cost < least) & space.feasible(origin, x)
        if near.any():
            flipped = ask(table(x[near]))[1]
            least = min(least, float(cost[near][flipped].min(initial=np.inf)))
    return float(least) if np.isfinite(least) else None


def main() -> None:
    """Print the table."""
    print("| Model | Searches | At most 2 % or 0.02 spreads dearer | Median cost over the least | 95 % | Rows asked | Seconds |")
    print("|---|---|---|---|---|---|---|")
    for name, run, times in (("linear, 20 inputs", linear, LINEAR), ("200 trees, 6 inputs", trees, TREES)):
        made = [run(np.random.default_rng([seed, 5])) for seed in range(times)]
        told = np.asarray([each for each in made if each is not None])
        near = ((told[:, 0] <= 1.02) | (told[:, 1] <= 0.02)).mean()
        ratio = np.quantile(told[:, 0], [0.5, 0.95])
        print(
            f"| {name} | {len(told)} | {near:.0%} | {ratio[0]:.3f} | {ratio[1]:.2f} | {np.median(told[:, 3]):,.0f} "
            f"| {np.median(told[:, 2]):.2f} |"
        )


if __name__ == "__main__":
    main()
