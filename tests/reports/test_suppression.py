"""Small cells: nothing about fewer than ten people leaves, and no published total gives a withheld cell away."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.figure import Figure
from reports.suppression import SMALLEST, suppressed, withheld


def rate(slice_: dict[str, str], n: int, *, name: str = "selection_rate", window: int | None = None, **more: Any) -> Figure:
    """Make a group's rate over the whole period, or in a window of rows."""
    place = {"whole": window is None, "first_row": window, "last_row": window} if window is not None else {"whole": True}
    where = {
        "name": name,
        "unit": "proportion",
        "slice": slice_,
        "attribute": ",".join(sorted(slice_)) or None,
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
    }
    return Figure.of({**where, "n": n, "verdict": "pass", **place, **more})


def shown(figures: Iterable[Figure]) -> list[str]:
    """Return the groups that are still shown, in order."""
    return ["·".join(f.slice.values()) for f in figures if not f.suppressed]


def test_a_small_group_goes_and_takes_the_next_smallest_with_it() -> None:
    result = suppressed([rate({"race": level}, n) for level, n in (("a", 500), ("b", 9), ("c", 80), ("d", 300))])
    assert shown(result) == ["a", "d"]  # c goes too: total − a − c − d would give b


def test_ten_is_enough() -> None:
    figures = [rate({"race": level}, n) for level, n in (("a", 500), ("b", 10))]
    assert suppressed(figures) == figures


def test_two_small_groups_that_hold_ten_together_cover_each_other() -> None:
    result = suppressed([rate({"race": level}, n) for level, n in (("a", 500), ("b", 6), ("c", 4), ("d", 300))])
    assert shown(result) == ["a", "d"]


def test_two_small_groups_below_ten_together_take_a_third() -> None:
    result = suppressed([rate({"race": level}, n) for level, n in (("a", 500), ("b", 5), ("c", 4), ("d", 300))])
    assert shown(result) == ["a"]


def test_nothing_measured_is_left_on_a_withheld_figure() -> None:
    figure = withheld(rate({"sex": "F"}, 3, p_value=0.1, q_value=0.2, tables='{"n": [3]}'))
    left = (figure.value, figure.low, figure.high, figure.n, figure.p_value, figure.q_value, figure.tables, figure.verdict)
    assert left == (None,) * 8
    assert figure.reason == "suppressed"


def test_a_group_without_outcomes_keeps_its_reason() -> None:
    nobody = rate({"race": "b"}, 0, name="true_positive_rate", value=None, low=None, high=None, reason="no outcomes are known")
    result = suppressed([rate({"race": "a"}, 90, name="true_positive_rate"), nobody])
    assert [f.suppressed for f in result] == [False, False]
    assert result[1].reason == "no outcomes are known"


def test_a_small_denominator_withholds_the_groups_other_outcome_rates_but_not_its_decisions() -> None:
    figures = [
        rate({"race": level}, n, name=name)
        for level, sizes in {"a": (400, 390, 200), "b": (60, 50, 4), "c": (90, 80, 40)}.items()
        for name, n in zip(("selection_rate", "accuracy", "true_positive_rate"), sizes, strict=True)
    ]
    kept = {(f.slice["race"], f.name) for f in suppressed(figures) if not f.suppressed}
    assert kept == {
        ("a", "selection_rate"),
        ("b", "selection_rate"),
        ("c", "selection_rate"),
        ("a", "accuracy"),
        ("a", "true_positive_rate"),
    }


def test_a_ratio_goes_when_either_of_its_groups_goes() -> None:
    groups = [rate({"race": level}, n) for level, n in (("a", 400), ("b", 5), ("c", 90))]
    ratios = [rate({"race": x}, 400, name="impact_ratio", reference_slice={"race": y}) for x, y in (("a", "b"), ("a", "a"))]
    assert [f.suppressed for f in suppressed([*groups, *ratios])[3:]] == [True, False]


@pytest.mark.parametrize(("gap", "kept"), [(0.3, True), (0.7, False)])
def test_a_difference_stays_only_when_the_rates_that_are_shown_already_say_it(gap: float, kept: bool) -> None:
    groups = [rate({"race": level}, n, value=value) for level, n, value in (("a", 400, 0.9), ("b", 5, 0.2), ("c", 20, 0.7), ("d", 90, 0.6))]
    difference = rate({}, 515, name="demographic_parity_difference", attribute="race", value=gap)
    assert suppressed([*groups, difference])[-1].suppressed is not kept


def test_a_window_cannot_be_found_by_subtracting_the_others_from_the_period() -> None:
    figures = [rate({"sex": s}, n * 3 - 20) for s, n in (("F", 40), ("M", 60))]
    figures += [rate({"sex": s}, n, window=w) for w in range(3) for s, n in (("F", 5 if w == 1 else 40), ("M", 60))]
    hidden = [(f.slice["sex"], f.first_row) for f in suppressed(figures) if f.suppressed]
    assert ("F", 1) in hidden
    assert sum(group == "F" and window is not None for group, window in hidden) >= 2


def test_small_bins_of_a_distribution_are_withheld_in_pairs() -> None:
    tables = '{"labels": ["a", "b", "c", "d"], "reference": [400, 3, 50, 600], "window": [30, 20, 40, 0]}'
    figure = suppressed(
        [Figure.of({"name": "population_stability_index", "slice": {}, "column": "x", "value": 0.1, "n": 90, "tables": tables})]
    )[0]
    assert figure.tables is not None
    assert figure.tables["reference"] == [400, None, None, 600]
    assert figure.tables["reference_total"] == 1053
    assert figure.tables["window"] == [30, 20, 40, 0]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))
def test_no_published_total_gives_a_small_cell_away(draw: random.Random, races: int, sexes: int, windows: int) -> None:
    cells = [{"race": f"r{i}", "sex": f"s{j}"} for i, j in itertools.product(range(races), range(sexes))]
    counts = {(window, tuple(cell.items())): draw.choice([1, 4, 9, 10, 30, 500]) for window in range(windows) for cell in cells}
    figures: list[Figure] = []
    for window in [None, *range(windows)]:
        inside: dict[tuple[tuple[str, str], ...], int] = defaultdict(int)
        for (place, cell), n in counts.items():
            if window in (None, place):
                inside[cell] += n
                for level in cell:
                    inside[(level,)] += n
        figures += [rate(dict(levels), n, window=window) for levels, n in inside.items()]
    result = suppressed(figures)
    sizes = [f.n for f in figures]
    assert all(f.n is None or f.n >= SMALLEST for f in result)
    totals: dict[Any, list[tuple[bool, int]]] = defaultdict(list)
    for figure, n in zip(result, sizes, strict=True):
        levels = tuple(figure.slice.items())
        window = figure.first_row
        part = (figure.suppressed, n or 0)
        totals[window, tuple(name for name, _ in levels)].append(part)
        if len(levels) == 2:
            for level in levels:
                totals[window, "level", level].append(part)
        if window is not None:
            totals["period", levels].append(part)
    for parts in totals.values():
        hidden = [n for gone, n in parts if gone]
        if hidden and len(hidden) < len(parts):
            assert len(hidden) >= 2
            assert sum(hidden) >= SMALLEST
