"""Changes that flip a decision: the cheapest of a linear model is known, what is declared is honoured, and what is told really flips."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.estimate import Floats
from audits.probes.counterfactual import Ask, Found, search
from audits.probes.feasible import Change, Space

RANDOM = np.random.default_rng(7)
ROWS = RANDOM.normal(size=(400, 4))


def number(name: str, *, low: float = -10.0, high: float = 10.0, **more: object) -> Change:
    """Describe a number that may move by a spread of 1 at a cost of 1."""
    return Change(name=name, low=low, high=high, **{"spread": 1.0, **more})  # type: ignore[arg-type]


def linear(weights: Sequence[float], cut: float) -> Ask:
    """Favor rows whose weighted sum reaches the cut-off."""

    def ask(rows: pa.Table) -> tuple[Floats, np.ndarray]:
        x = np.stack([rows.column(place).to_numpy() for place in range(len(weights))], axis=1)
        gain = x @ np.asarray(weights) - cut
        return gain, gain >= 0

    return ask


def found(changes: Sequence[Change], row: Sequence[object], ask: Ask, *, rows: Floats | None = None, deadline: float = 30.0) -> Found:
    """Search from one row."""
    base = pa.table({change.name: [value] for change, value in zip(changes, row, strict=True)})
    space = Space(changes=tuple(changes))
    real = ROWS[:, : len(changes)] if rows is None else rows
    toward = ask(space.decode(base.take(np.zeros(len(real), dtype=np.int64)), real))[1]
    return search(space, base, ask, rows=real, toward=toward, deadline=deadline)


def test_one_input_is_cheapest() -> None:
    # 2 a + b >= 6 from (0, 0): a alone costs 3 spreads, b alone 6; per spread a brings more, so 3 is the least of all mixtures.
    told = found([number("a"), number("b")], [0.0, 0.0], linear([2, 1], 6))
    assert told.finished
    assert told.cost[0] == pytest.approx(3.0, abs=0.011)  # plain numbers may lie 0.01 spreads farther on
    assert told.rows[0, 0] == pytest.approx(3.0, abs=0.011)
    assert told.rows[0, 1] == 0


def test_spreads_say_what_is_cheap() -> None:
    # 2 a + b >= 6, but one spread of b is 5: a costs 3 spreads, b 6 / 5 = 1.2.
    told = found([number("a"), number("b", spread=5.0)], [0.0, 0.0], linear([2, 1], 6))
    assert told.cost[0] == pytest.approx(1.2, abs=0.011)
    assert told.rows[0].tolist() == pytest.approx([0.0, 6.0], abs=0.06)


def test_range_sends_the_rest_to_the_next() -> None:
    # 2 a + b >= 6 with a <= 2: a takes all it can (2 spreads, 4 of 6), b the other 2: 4 spreads in all.
    told = found([number("a", high=2.0), number("b")], [0.0, 0.0], linear([2, 1], 6))
    assert told.cost[0] == pytest.approx(4.0, abs=0.05)
    assert told.rows[0].tolist() == pytest.approx([2.0, 2.0], abs=0.05)


def test_fixed_and_one_way() -> None:
    # a is fixed, b may only shrink and would have to grow: c, a third as good, is what is left: 6 / 0.5 = 12, within its range of 20.
    changes = [number("a", fixed="declared immutable"), number("b", direction=-1), number("c", high=20.0)]
    told = found(changes, [0.0, 0.0, 0.0], linear([2, 1, 0.5], 6))
    assert told.rows[0].tolist() == pytest.approx([0.0, 0.0, 12.0], abs=0.02)


def test_whole_numbers_stay_whole() -> None:
    # 2 a >= 5 takes a = 2.5, and a whole a 3.
    told = found([number("a", whole=True), number("b", fixed="protected")], [0, 0.0], linear([2, 0], 5))
    assert told.rows[0].tolist() == [3.0, 0.0]


def test_levels() -> None:
    """A level of the reference costs one spread; one that only this row holds is never changed to."""
    levels = Change(name="region", levels=("north", "south", "elsewhere"), observed=2)

    def ask(rows: pa.Table) -> tuple[Floats, np.ndarray]:
        gain = np.asarray([{"north": -1.0, "south": 1.0, "elsewhere": 5.0}[text] for text in rows.column("region").to_pylist()])
        return gain, gain >= 0

    told = found([levels], ["north"], ask, rows=np.asarray([[0.0], [1.0]]))
    assert told.rows.tolist() == [[1.0]]
    assert told.cost.tolist() == [1.0]


def test_tree() -> None:
    """Of a tree every way over a threshold is known: a from 0 past 1 with b above 2, or c past 4 alone."""

    def ask(rows: pa.Table) -> tuple[Floats, np.ndarray]:
        a, b, c = (rows.column(name).to_numpy() for name in "abc")
        flipped = ((a > 1) & (b > 2)) | (c > 4)
        return np.where(flipped, 0.5, -0.5), flipped

    told = found([number(name) for name in "abc"], [0.0, 0.0, 0.0], ask, rows=RANDOM.uniform(0, 5, size=(300, 3)))
    # a past 1 and b past 2 cost 3, c past 4 costs 4: both are told, the cheaper first, and neither changes more than it needs
    assert told.cost.tolist() == pytest.approx([3.0, 4.0], abs=0.03)
    assert (told.rows != 0).tolist() == [[True, True, False], [False, False, True]]


def test_nothing_is_possible() -> None:
    told = found([number("a", fixed="protected")], [0.0], linear([1], 5))
    assert len(told.rows) == 0
    assert told.finished


def test_out_of_reach() -> None:
    told = found([number("a", high=2.0)], [0.0], linear([1], 5))
    assert len(told.rows) == 0
    assert told.finished


def test_deadline() -> None:
    """A slow model is not asked beyond the deadline, and the answer says that the search was cut."""
    asked: list[int] = []

    def slow(rows: pa.Table) -> tuple[Floats, np.ndarray]:
        asked.append(rows.num_rows)
        time.sleep(0.05)
        return linear([2, 1, 1, 1], 6)(rows)

    space = Space(changes=tuple(number(name) for name in "abcd"))
    base = pa.table({name: [0.0] for name in "abcd"})
    start = time.monotonic()
    told = search(space, base, slow, rows=ROWS, toward=ROWS[:, 0] > 5, deadline=0.12)
    assert not told.finished
    assert time.monotonic() - start < 3.0
    assert len(told.rows) > 0  # single changes were found before
    assert sum(asked) == told.asked


def test_what_is_told_was_asked_last() -> None:
    """Whatever the search went through, the rows told are those of the last question."""
    last: list[pa.Table] = []

    def ask(rows: pa.Table) -> tuple[Floats, np.ndarray]:
        last.append(rows)
        return linear([2, 1, 0.5, 0.2], 3)(rows)

    told = found([number(name) for name in "abcd"], [0.0] * 4, ask)
    rows = {tuple(row.values()) for row in last[-1].to_pylist()}
    assert {tuple(row) for row in told.rows.tolist()} <= rows


weights = st.lists(st.floats(-3, 3).filter(lambda w: abs(w) > 0.1), min_size=4, max_size=4)


@settings(max_examples=20, deadline=None)
@given(
    weights=weights,
    need=st.floats(0.5, 6),
    fixed=st.lists(st.booleans(), min_size=4, max_size=4),
    way=st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4),
    room=st.lists(st.floats(0.2, 5), min_size=4, max_size=4),
)
def test_linear_worlds(weights: list[float], need: float, fixed: list[bool], way: list[int], room: list[float]) -> None:
    """Every row told is possible, flips, needs each of its changes, and the first costs what a knapsack says is the least."""
    names = "abcd"
    changes = [
        number(name, low=-room[i], high=room[i], fixed="protected" if fixed[i] else "", direction=way[i]) for i, name in enumerate(names)
    ]
    ask = linear(weights, need)
    told = found(changes, [0.0] * 4, ask)
    least = knapsack(weights, need, fixed, way, room)
    if least is None:
        assert len(told.rows) == 0
        return
    x = told.rows
    assert len(x) > 0
    assert (x @ np.asarray(weights) >= need).all()
    for place in range(4):
        moved = x[:, place]
        assert not fixed[place] or (moved == 0).all()
        assert (moved * way[place] >= 0).all()
        assert (np.abs(moved) <= room[place] + 1e-12).all()
    for row in x:
        for place in np.flatnonzero(row):
            less = row.copy()
            less[place] = 0
            assert less @ np.asarray(weights) < need + 0.02 * np.abs(weights).sum()  # plain numbers overshoot by a sliver
    assert least - 1e-9 <= told.cost[0] <= 1.1 * least + 0.05


def knapsack(weights: Sequence[float], need: float, fixed: Sequence[bool], way: Sequence[int], room: Sequence[float]) -> float | None:
    """Give the least cost: the best rates first, each as far as it goes."""
    open_ = [i for i in range(4) if not fixed[i] and way[i] * weights[i] >= 0]
    cost = 0.0
    for place in sorted(open_, key=lambda i: -abs(weights[i])):
        step = min(room[place], need / abs(weights[place]))
        cost, need = cost + step, need - step * abs(weights[place])
        if need <= 1e-12:
            return cost
    return None if need > 1e-9 else cost


def test_helper() -> None:
    # 3 a first: 1 spread of room gives 3 of 5, then 2 b: 1 more spread gives the other 2.
    assert knapsack([3, 2, 1, 1], 5, [False] * 4, [0] * 4, [1, 9, 9, 9]) == 2.0
