"""A second attack on a few rows by another hand: HopSkipJump of the adversarial robustness toolbox, among the numbers that may change.

It uses decisions alone and begins at the smallest change that our own search found, so that what it finds nearer says how much our search
missed. It asks about one row at a time, which is why it is given few rows; levels stay as they were logged. What it finds counts as any
other change: it was asked about, and is possible.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.deciders import OutOfTime
from audits.probes.smallest_flip import Search

ROWS, MOST_SECONDS, MOST_QUERIES = 4, 20.0, 40_000
ITERATIONS, FIRST_EVALUATIONS, EVALUATIONS = 6, 50, 200
NOTHING = "no row to attack a second time: no change of numbers alone turned one"


class Enough(Exception):
    """The budget of this attack is used up."""


def second_attack(search: Search, *, seconds: float = MOST_SECONDS, rows: int = ROWS) -> dict[str, Any]:
    """Attack some of the searched rows again, and keep what is nearer; says on how many rows it was, and what it asked.

    The loop that the library runs for a row ends by itself or by its budget of seconds and questions.
    """
    chosen = _rows(search)[:rows]
    if not len(chosen):
        return {"method": "HopSkipJump", "rows": 0, "reason": NOTHING}
    began, before = time.monotonic(), search.distance.copy()
    asked, done = [0], 0
    try:
        with quietly(search.seed):
            deadline = time.monotonic() + seconds
            for row in chosen.tolist():
                _attack(search, int(row), asked, deadline=deadline)
                done += 1
    except (Enough, OutOfTime):
        pass
    tried = chosen[:done]
    ratio = search.distance[tried] / before[tried]
    return {
        "method": "HopSkipJump", "rows": done, "nearer": int((ratio < 0.99).sum()),
        "median_ratio": float(np.median(ratio)) if done else None, "queries": asked[0], "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


def _rows(search: Search) -> Integers:
    """Rows whose smallest change so far moves numbers alone."""
    levels = ~search.space.numeric
    moved = search.space.moves(search.x0, search.x)[:, levels].any(axis=1) if levels.any() else np.zeros(len(search.x0), dtype=bool)
    movable = (search.low < search.high)[:, search.columns].any(axis=1)
    return np.flatnonzero(np.isfinite(search.distance) & ~moved & movable)


def _attack(search: Search, row: int, asked: list[int], *, deadline: float) -> None:
    """One row, in spreads from where it was logged, beginning a hair beyond the change so far."""
    from art.attacks.evasion import HopSkipJump
    from art.estimators.classification import BlackBoxClassifier

    of = np.asarray([row])
    free = search.columns[(search.low < search.high)[row, search.columns]]
    spread = search.space.spread[free]
    low, high = ((bound[row, free] - search.x0[row, free]) / spread for bound in (search.low, search.high))
    low, high = np.nan_to_num(low).astype(np.float32), np.nan_to_num(high).astype(np.float32)

    def turned(moves: Floats) -> Floats:
        if time.monotonic() > deadline or asked[0] > MOST_QUERIES:
            raise Enough
        x = np.tile(search.x0[row], (len(moves), 1))
        x[:, free] = x[:, free] + moves.astype(np.float64) * spread
        asked[0] += len(moves)
        found = search.look(np.tile(of, len(moves)), search.within(np.tile(of, len(moves)), x))[1]
        return np.asarray(np.stack([~found, found], axis=1), dtype=np.float64)

    model = BlackBoxClassifier(turned, input_shape=(len(free),), nb_classes=2, clip_values=(low, high))
    attack = HopSkipJump(
        model, norm=2, max_iter=ITERATIONS, max_eval=EVALUATIONS, init_eval=FIRST_EVALUATIONS, init_size=1, batch_size=1_000, verbose=False
    )
    start = search.space.moves(search.x0[of], search.x[of])[:, free].astype(np.float32)
    attack.generate(np.zeros((1, len(free)), dtype=np.float32), x_adv_init=np.clip(start * np.float32(1.001), low, high))


@contextmanager
def quietly(seed: int) -> Iterator[None]:
    """The library without advice, with its random numbers fixed, and without the folder that it makes in the home directory."""
    state, silent = np.random.get_state(), logging.root.manager.disable  # noqa: NPY002  it draws from NumPy's global generator
    home = {name: os.environ.get(name) for name in ("HOME", "USERPROFILE")}
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            os.environ.update(dict.fromkeys(home, folder))
            import art.attacks.evasion
            import art.estimators.classification  # noqa: F401

            _restore(home)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
    finally:
        _restore(home)
        np.random.set_state(state)  # noqa: NPY002
        logging.disable(silent)


def _restore(home: dict[str, str | None]) -> None:
    for name, value in home.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
