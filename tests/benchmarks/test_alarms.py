"""The simulation of docs/alarms.md, small."""

from __future__ import annotations

import numpy as np

from benchmarks import alarms
from benchmarks.alarm_worlds import WORLDS, Log, drawn


def test_a_ring_is_the_first_window_of_a_stretch() -> None:
    assert alarms.stretches(np.asarray([True, True, False, True, False, True, True])) == 3
    assert alarms.stretches(np.zeros(4, dtype=bool)) == 0


def test_fixed_thresholds_and_tests_ring_where_candor_does_not() -> None:
    log, rng = Log(rows=400, reference=20, windows=30), np.random.default_rng(3)
    found = [alarms.rung(WORLDS[1], log, rng) for _ in range(3)]  # rows in clusters of three: no independent rows, and few of them
    ours, fixed, tested = (sum(each.rings[i] for each in found) for i in range(3))
    assert ours == 0
    assert fixed > 0
    assert tested >= 3
    assert sum(each.weeks for each in found) == 3 * 30 / 7


def test_what_is_planted_is_there_and_seen() -> None:
    log = Log(rows=2_000, reference=20, windows=10, columns=6, shift={2: 1.0}, gone={3: 0.5}, at=4)
    shares = drawn(WORLDS[0], log, np.random.default_rng(4))
    before, after = (shares.windows[2, part].sum(axis=0) for part in (slice(4), slice(4, None)))
    assert after[9] / after.sum() > 3 * before[9] / before.sum()  # the highest decile, a standard deviation up: 10 % become 39 %
    assert shares.windows[3, 4:, -1].sum() / shares.windows[3, 4:].sum() > 0.4
    assert alarms.seen(WORLDS[0], log, 4) == (1.0, 1.0)
    assert alarms.seen(WORLDS[0], Log(rows=2_000, reference=20, windows=10, columns=6), 4)[0] == 0.0
