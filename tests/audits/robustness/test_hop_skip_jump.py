"""The library's attack leaves the process as it found it, and keeps to its budget."""

from __future__ import annotations

import contextlib
import logging
import os
import time

import numpy as np
import pyarrow as pa

from audits.probes.deciders import OutOfTime
from audits.probes.feasible import Change, Space
from audits.probes.hop_skip_jump import quietly, second_attack
from audits.probes.smallest_flip import Search

X = np.random.default_rng(1).normal(size=(6, 2))


def search(ask):
    return Search(
        space=Space(changes=(Change(name="a"), Change(name="b"))), base=pa.table({"a": X[:, 0], "b": X[:, 1]}), x0=X, ask=ask,
        others=np.zeros((0, 2)), aims=np.zeros((6, 0), dtype=bool), budget=3.0, seed=1,
    )  # fmt: skip


def step(table, of):
    """Turn where a passes its own value by one, whichever row it is."""
    moved = np.asarray(table.column("a")) - X[of, 0]
    return moved - 1, moved >= 1


def test_it_finds_the_boundary_from_a_change_that_is_far_too_large():
    found = search(step)
    found.x, found.distance = np.add(X, [2.0, 1.5]), np.full(6, 2.5)
    told = second_attack(found, rows=3)
    assert (told["method"], told["rows"], told["nearer"]) == ("HopSkipJump", 3, 3)
    assert (found.distance[:3] < 1.3).all()
    assert (found.distance[:3] >= 1).all()
    assert (found.distance[3:] == 2.5).all()
    assert told["queries"] > 100


def test_the_process_is_left_as_it_was():
    np.random.seed(7)  # noqa: NPY002  the library's own generator
    before = (np.random.get_state()[1].copy(), os.environ.get("HOME"), logging.root.manager.disable)  # noqa: NPY002
    drawn = []
    for _ in range(2):
        with contextlib.suppress(RuntimeError), quietly(3):
            drawn.append(np.random.random())  # noqa: NPY002
            raise RuntimeError
    assert drawn[0] == drawn[1]
    after = (np.random.get_state()[1], os.environ.get("HOME"), logging.root.manager.disable)  # noqa: NPY002
    assert (before[0] == after[0]).all()
    assert before[1:] == after[1:]


def test_it_stops_when_its_seconds_are_up_or_the_whole_probe_is():
    def slow(table, of):
        time.sleep(0.05)
        return step(table, of)

    found = search(slow)
    found.x, found.distance = np.add(X, [2.0, 0.0]), np.full(6, 2.0)
    began = time.monotonic()
    told = second_attack(found, seconds=0.3)
    assert time.monotonic() - began < 10
    assert told["rows"] < 4

    def over(table, of):
        raise OutOfTime

    assert second_attack(search(over))["rows"] == 0  # nothing was found to begin with, and nothing is asked
    stopped = search(over)
    stopped.x, stopped.distance = np.add(X, [2.0, 0.0]), np.full(6, 2.0)
    assert second_attack(stopped)["rows"] == 0
