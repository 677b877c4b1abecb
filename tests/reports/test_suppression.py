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
from reports.suppressed_tables import confusion, steps
from reports.suppression import SMALLEST, side, suppressed, withheld


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


def test_what_counts_batches_or_columns_is_no_small_cell() -> None:
    everybody = rate({}, 500, name="accuracy", attribute=None)
    others = [rate({}, 1, name=name, attribute=None) for name in ("schema_change", "second_opinion")]  # one batch, one column
    assert suppressed([everybody, *others]) == [everybody, *others]


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


def test_everybody_in_a_window_or_of_a_version_is_a_cell_too() -> None:
    figures = [rate({}, 105), *(rate({}, n, window=w) for w, n in enumerate((60, 5, 40)))]
    assert [f.suppressed for f in suppressed(figures)] == [False, False, True, True]
    figures = [rate({}, 105), *(rate({}, n, version=version) for version, n in (("v1", 60), ("v2", 5), ("v3", 40)))]
    assert [f.suppressed for f in suppressed(figures)] == [False, False, True, True]


def test_small_bins_of_a_distribution_are_withheld_in_pairs() -> None:
    tables = '{"labels": ["a", "b", "c", "d"], "reference": [400, 3, 50, 600], "window": [30, 20, 40, 0]}'
    figure = suppressed(
        [Figure.of({"name": "population_stability_index", "slice": {}, "column": "x", "value": 0.1, "n": 90, "tables": tables})]
    )[0]
    assert figure.tables is not None
    assert figure.tables["reference"] == [400, None, None, 600]
    assert figure.tables["reference_total"] == 1053
    assert figure.tables["window"] == [30, 20, 40, 0]


def test_a_gap_goes_with_either_of_its_groups_and_takes_its_people_along() -> None:
    rates = [rate({"race": level}, n, name="true_positive_rate") for level, n in (("a", 400), ("b", 5), ("c", 90), ("d", 800))]
    gaps = [
        rate(
            {"race": x},
            400,
            name="true_positive_rate_difference",
            reference_slice={"race": y},
            people=31.0,
            people_low=9.0,
            people_high=50.0,
        )
        for x, y in (("a", "b"), ("b", "a"), ("d", "a"))
    ]
    found = suppressed([*rates, *gaps])
    assert [f.suppressed for f in found[:4]] == [False, True, True, False]
    assert [f.suppressed for f in found[4:]] == [True, True, False]
    assert [(f.people, f.people_low, f.people_high) for f in found[4:]] == [(None,) * 3, (None,) * 3, (31.0, 9.0, 50.0)]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("selection_rate_difference", "decisions"),
        ("true_positive_rate_change", "outcomes"),
        ("selection_rate_version_difference", "decisions"),
        ("estimated_true_positive_rate", "scores"),
        ("probability_weighted_impact_ratio", "weights"),
        ("base_rate_bounds", "base_rate_bounds"),
    ],
)
def test_a_figure_rests_on_the_rows_of_what_it_was_made_from(name: str, of: str) -> None:
    assert side(name) == of


def test_a_change_between_versions_goes_with_either_version() -> None:
    sizes = {"v1": {"a": 5, "b": 900}, "v2": {"a": 700, "b": 900}, "v3": {"a": 800, "b": 900}}
    rates = [rate({"race": level}, n, version=version) for version, levels in sizes.items() for level, n in levels.items()]
    change = [rate({"race": level}, 700, name="selection_rate_version_difference", version="v2") for level in ("a", "b")]
    other = rate({"sex": "F"}, 700, name="selection_rate_version_difference", version="v2")
    # v1's group is small, so the change to v2 would give it away; a group whose every version is shown keeps its change.
    assert [f.suppressed for f in suppressed([*rates, *change, other])][-3:] == [True, True, False]


def test_an_estimate_about_few_people_goes_without_taking_realised_figures_along() -> None:
    estimates = [rate({"race": level}, n, name="estimated_accuracy") for level, n in (("a", 400), ("b", 5), ("c", 90))]
    realised = [rate({"race": level}, 300, name="accuracy") for level in ("a", "b", "c")]
    assert [f.suppressed for f in suppressed([*estimates, *realised])] == [False, True, True, False, False, False]


def test_a_probability_group_is_as_small_as_its_weight() -> None:
    weighted = [
        rate({"race": level}, 5000, name="probability_weighted_selection_rate", tables={"weight": weight, "effective_n": weight / 2})
        for level, weight in (("a", 3000.0), ("b", 8.2), ("c", 900.0), ("d", 1092.0))
    ]
    # b is small, and the weights add up to everybody: c, the next smallest, goes too.
    assert [f.suppressed for f in suppressed(weighted)] == [False, True, True, False]


def test_bounds_that_give_a_few_unknown_outcomes_away_go_alone() -> None:
    figures = [
        rate({"sex": level}, 500, name="base_rate_bounds", tables={"unknown_favorable": a, "unknown_unfavorable": b})
        for level, a, b in (("F", 3, 100), ("M", 40, 100))
    ]
    realised = [rate({"sex": level}, 500, name="accuracy") for level in ("F", "M")]
    assert [f.suppressed for f in suppressed([*figures, *realised])] == [True, True, False, False]


@pytest.mark.parametrize(("n", "kept"), [(495, False), (480, True), (500, True)])
def test_a_weak_spot_does_not_leave_a_handful_of_a_published_group(n: int, kept: bool) -> None:
    group = rate({"race": "b"}, 500, name="accuracy")
    spot = rate({"race": "b", "region": "north"}, n, name="weak_spot", tables={"inside": 0.3, "outside": 0.1, "n": n})
    assert suppressed([group, spot])[-1].suppressed is not kept


def test_a_conflict_between_criteria_loses_a_withheld_group_and_goes_when_it_is_about_that_group() -> None:
    groups = [{"race": level} for level in "abcd"]
    sizes = (400, 5, 50, 800)
    tables = {"groups": groups, "n": list(sizes), "base_rate": [0.1, 0.2, 0.3, 0.4], "highest": 3, "lowest": 0, "sentences": ["x"]}
    rates = [rate(group, n, name="accuracy") for group, n in zip(groups, sizes, strict=True)]
    about = {"attribute": "race", "name": "criteria_conflict", "reason": "x"}
    found = suppressed([*rates, rate({}, 1255, tables=tables, **about), rate({}, 1255, tables=tables | {"lowest": 1}, **about)])
    assert found[-1].suppressed
    kept = found[-2]
    assert kept.tables is not None
    assert kept.tables["base_rate"] == [0.1, None, None, 0.4]
    assert kept.tables["n"] == [400, None, None, 800]


def column(values: list[float | None]) -> dict[str, list[float | None]]:
    """Make a column of estimates."""
    return {"value": values, "low": values, "high": values}


def test_cut_offs_that_few_people_lie_beyond_or_between_are_withheld() -> None:
    # a: 200 scored, so 200, 150, 144, 4 are selected; 144 is 6 from 150, and 4 is a small cell.
    # b: 100 scored: 100, 60, 40, 20. Everybody: 300, 210, 184, 24: of the withheld 144, 184 − 40 would tell; b goes there too.
    rates = {"a": (200, [1.0, 0.75, 0.72, 0.02]), "b": (100, [1.0, 0.6, 0.4, 0.2])}
    groups = [
        {
            "slice": {"sex": level},
            "scored": n,
            "n": n,
            "selection_rate": column(list(found)),
            "impact_ratio": column([1.0] * 4),
            "log": None,
        }
        for level, (n, found) in rates.items()
    ]
    everybody = [(200 * a + 100 * b) / 300 for a, b in zip(rates["a"][1], rates["b"][1], strict=True)]
    tables = {
        "threshold": [0.0, 0.4, 0.5, 0.9],
        "scored": 300,
        "selection_rate": column(everybody),
        "impact_ratio": column([1.0] * 4),
        "lowest": [0] * 4,
        "highest": [1] * 4,
        "groups": groups,
    }
    figures = [rate({"sex": level}, n) for level, (n, _) in rates.items()]
    found = suppressed([*figures, rate({}, 300, name="threshold_curve", attribute="sex", tables=tables)])[-1]
    assert found.tables is not None
    assert [group["selection_rate"]["value"] for group in found.tables["groups"]] == [[1.0, 0.75, None, None], [1.0, 0.6, None, None]]
    assert found.tables["impact_ratio"]["value"] == [1.0, 1.0, None, None]
    assert found.tables["selection_rate"]["value"] == everybody


def test_a_withheld_group_is_not_in_the_cut_offs() -> None:
    groups = [
        {"slice": {"race": level}, "scored": n, "n": n, "selection_rate": column([1.0, 0.5]), "impact_ratio": column([1.0, 1.0])}
        for level, n in (("a", 400), ("b", 5), ("c", 60), ("d", 800))
    ]
    tables = {
        "threshold": [0.0, 0.5],
        "scored": 1265,
        "selection_rate": column([1.0, 0.5]),
        "impact_ratio": column([1.0, 1.0]),
        "groups": groups,
    }
    figures = [rate(each["slice"], each["scored"]) for each in groups]
    found = suppressed([*figures, rate({}, 1265, name="threshold_curve", attribute="race", tables=tables)])[-1]
    assert found.tables is not None
    assert [each["slice"]["race"] for each in found.tables["groups"]] == ["a", "d"]
    assert found.tables["impact_ratio"]["value"] == [None, None]  # the lowest over the highest of four groups, two of which are withheld


def test_a_frontier_that_rests_on_a_withheld_group_goes_and_another_loses_its_small_rates() -> None:
    def about(levels: dict[str, int]) -> Figure:
        groups = [{"slice": {"race": level}, "selection_rate": column([0.02])["value"][0]} for level in levels]
        tables = {
            "baseline": {"groups": groups},
            "common": {
                "threshold": [0.5, 0.9],
                "demographic_parity_difference": column([0.2, 0.04]),
                "impact_ratio": column([0.6, 0.2]),
            },
            "per_group": {"curves": []},
            "groups": [{"slice": {"race": level}, "n": n} for level, n in levels.items()],
            "left_out": [{"slice": {"race": "z"}, "n": 4, "reason": "4 rows"}],
        }
        return rate({}, 900, name="mitigation_frontier", attribute="race", tables=tables)

    figures = [rate({"race": level}, n) for level, n in (("a", 300), ("b", 400), ("c", 5), ("d", 900), ("e", 800))]
    assert suppressed([*figures, about({"a": 300, "c": 5})])[-1].suppressed
    kept = suppressed([*figures, about({"d": 900, "e": 800})])[-1].tables
    assert kept is not None
    assert [each["selection_rate"] for each in kept["baseline"]["groups"]] == [0.02, 0.02]  # 18 and 16 people
    # At 0.9: gap 0.04 and ratio 0.2 give rates of 5 % and 1 %; 1 % of 800 is 8 people.
    assert kept["common"]["impact_ratio"]["value"] == [0.6, None]
    assert kept["left_out"] == [{"slice": {"race": "z"}, "n": None, "reason": "suppressed"}]


def test_strata_of_a_handful_are_withheld_in_pairs() -> None:
    tables = {
        "segment": "region",
        "levels": ["n", "s", "e"],
        "selected": [40, 50, 2],
        "decided": [90, 95, 30],
        "reference_selected": [60, 70, 20],
        "reference_decided": [120, 110, 40],
        "odds_ratio": [0.8, 0.7, 0.1],
    }
    about = {"name": "cochran_mantel_haenszel", "reference_slice": {"sex": "M"}, "tables": tables}
    found = suppressed([rate({"sex": "F"}, 220), rate({"sex": "M"}, 270), rate({"sex": "F"}, 490, **about)])[-1].tables
    assert found is not None
    assert found["selected"] == [40, None, None]
    assert found["odds_ratio"] == [0.8, None, None]
    assert found["levels"] == ["n", "s", "e"]


def test_features_that_tell_a_few_people_apart_are_withheld() -> None:
    telling = [{"level": "F", "bin": "a", "n": n, "share": share, "overall": 0.4} for n, share in ((300, 0.9), (40, 0.95), (8, 1.0))]
    found = suppressed([rate({}, 900, name="proxy_strength", column="x", attribute="sex", tables={"telling": telling})])[-1].tables
    assert found is not None
    assert [each["n"] for each in found["telling"]] == [300]  # 5 % of 40 people are two


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 1, 4, 9, 10, 30, 500]), min_size=3, max_size=3), min_size=3, max_size=3))
def test_no_total_of_a_confusion_matrix_gives_a_small_cell_away(matrix: list[list[int]]) -> None:
    found = confusion(matrix, SMALLEST)
    assert not [n for row in found for n in row if n is not None and 0 < n < SMALLEST]
    for line, counts in [*zip(found, matrix, strict=True), *zip(zip(*found, strict=True), zip(*matrix, strict=True), strict=True)]:
        hidden = [n for shown, n in zip(line, counts, strict=True) if shown is None]
        rest = [n for shown, n in zip(line, counts, strict=True) if shown is not None and n]
        assert not hidden or not rest or (len(hidden) > 1 and sum(hidden) >= SMALLEST)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=30))
def test_cut_offs_that_are_kept_are_ten_people_apart(falls: list[int]) -> None:
    total = sum(falls)
    counts = [total - sum(falls[:i]) for i in range(len(falls) + 1)]
    gone = steps(counts, total, SMALLEST)
    kept = [count for place, count in enumerate(counts) if place not in gone]
    assert not [c for c in kept if 0 < c < SMALLEST or 0 < total - c < SMALLEST]
    assert not [(a, b) for a, b in itertools.pairwise(kept) if 0 < a - b < SMALLEST]


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
