"""Two exports of the same period: late outcomes of a handful of people cannot be found by subtracting one from the other."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.finding import AuditRun
from connectors.actions import Exported, exported, remember_export
from reports.earlier_exports import Earlier, key, shown
from reports.figure import Figure
from reports.registry import export, render
from reports.suppression import SMALLEST, suppressed

Make = Callable[..., AuditRun]
Row = Callable[..., dict[str, Any]]


@pytest.fixture
def config(tmp_path: Path) -> Any:
    """Give what the record of exports needs of a configuration: where the warehouse is."""
    return SimpleNamespace(warehouse=SimpleNamespace(path=tmp_path / "candor.duckdb"))


def rates(counts: dict[str, int], *, name: str = "true_positive_rate", **more: Any) -> list[Figure]:
    """Make a rate of everybody and of each group, over the whole period."""
    about = {"name": name, "unit": "proportion", "value": 0.5, "low": 0.4, "high": 0.6, "whole": True, **more}
    groups = [{**about, "slice": {"sex": level}, "attribute": "sex", "n": n} for level, n in counts.items()]
    return [Figure.of(each) for each in ({**about, "slice": {}, "n": sum(counts.values())}, *groups)]


def hidden(figures: list[Figure], earlier: Earlier) -> list[str]:
    """Return what is withheld: groups by name, everybody as "all"."""
    return ["".join(f.slice.values()) or "all" for f in suppressed(figures, earlier=earlier) if f.suppressed]


def once(figures: list[Figure], number: int = 1) -> list[Exported]:
    """Return the record of one export."""
    return [Exported(cell=cell, n=n, first=number, last=number) for cell, n in shown(figures).items()]


def test_late_outcomes_of_three_people_withhold_their_group_and_one_more() -> None:
    # F gains 3 outcomes and M 40: F's would be seen at once, and everybody minus M would tell them too.
    before = rates({"F": 100, "M": 200, "X": 300})
    now = rates({"F": 103, "M": 240, "X": 300})
    assert hidden(now, Earlier(once(before))) == ["F", "M"]


def test_what_was_withheld_for_a_small_group_is_not_shown_later() -> None:
    # C has three people, B goes with it. Three more of A: everybody and A go, but the first 303 - 200 - B's 100 would be C's three.
    runs = list(exports([rates({"A": 200, "B": 100, "C": 3}), rates({"A": 203, "B": 100, "C": 3})]))
    assert [[f.suppressed for f in run] for run in runs] == [[False, False, True, True], [True] * 4]


def test_what_was_shown_once_does_not_give_a_group_away_that_became_small() -> None:
    # All three were shown; now C is about three people only (a correction), and B of the first export completes what A leaves of everybody.
    record = once(rates({"A": 200, "B": 100, "C": 30}))
    assert hidden(rates({"A": 260, "B": 100, "C": 3}), Earlier(record)) == ["A", "B", "C"]


def test_ten_more_people_are_shown() -> None:
    assert hidden(rates({"F": 110, "M": 200}), Earlier(once(rates({"F": 100, "M": 200})))) == []


def test_everybody_is_withheld_when_only_a_handful_was_added_at_all() -> None:
    found = hidden(rates({"F": 104, "M": 200, "X": 300}), Earlier(once(rates({"F": 100, "M": 200, "X": 300}))))
    assert found[:2] == ["all", "F"]


def test_the_same_figures_again_lose_nothing() -> None:
    figures = rates({"F": 100, "M": 200})
    assert hidden(figures, Earlier(once(figures))) == []


def test_decisions_are_another_side_than_outcomes() -> None:
    before = [*rates({"F": 100, "M": 200}), *rates({"F": 500, "M": 700}, name="selection_rate")]
    now = [*rates({"F": 103, "M": 240}), *rates({"F": 500, "M": 700}, name="selection_rate")]
    found = suppressed(now, earlier=Earlier(once(before)))
    assert {f.name for f in found if f.suppressed} == {"true_positive_rate"}


def test_a_period_that_grew_by_a_handful_of_rows_is_the_same_period() -> None:
    before = rates({"F": 100, "M": 200}, first_row=0, last_row=299)
    now = rates({"F": 103, "M": 200}, first_row=0, last_row=302)
    assert "F" in hidden(now, Earlier(once(before)))
    assert key(before[0]) == key(now[0])


def test_a_handful_of_rows_in_a_distribution_is_withheld() -> None:
    about = {"name": "population_stability_index", "slice": {}, "column": "income", "value": 0.1, "whole": True}
    tables = {"labels": ["a"], "reference": [50], "window": [90]}
    before, now = (Figure.of({**about, "n": n, "tables": tables}) for n in (90, 94))
    assert suppressed([now], earlier=Earlier(once([before])))[0].suppressed


def test_numbers_of_rows_that_say_nothing_about_anybody_stay() -> None:
    before, now = (Figure.of({"name": "volume", "slice": {}, "value": float(n), "n": n, "whole": True}) for n in (90, 94))
    assert not suppressed([now], earlier=Earlier(once([before])))[0].suppressed


def test_the_record_knows_which_exports_showed_a_count(config: Any) -> None:
    for run, n in (("a", 100), ("b", 100), ("c", 120), ("a", 100)):
        remember_export(config, "loans", run, {7: n})
    remember_export(config, "other", "a", {7: 5})
    assert [(e.n, e.first, e.last) for e in sorted(exported(config, "loans"), key=lambda e: e.first)] == [(100, 1, 2), (120, 3, 3)]
    assert [e.n for e in exported(config, "other")] == [5]
    assert exported(config, "nobody") == []


def exports(runs: list[list[Figure]]) -> Iterator[list[Figure]]:
    """Export runs one after another, and yield what each shows."""
    record: list[Exported] = []
    for number, figures in enumerate(runs):
        found = suppressed(figures, earlier=Earlier(record))
        record = [*record, *once(found, number)]
        yield found


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 4), st.integers(2, 4))
def test_no_two_exports_can_be_subtracted_to_find_a_handful(draw: random.Random, groups: int, runs: int) -> None:
    counts = {f"g{i}": draw.choice([15, 60, 400]) for i in range(groups)}
    made = []
    for _ in range(runs):
        made.append(rates(dict(counts)))
        counts = {level: n + draw.choice([0, 0, 3, 8, 12, 50]) for level, n in counts.items()}
    left = list(exports(made))
    for one, other in itertools.combinations(left, 2):
        pairs = [(a, b) for a, b in zip(one, other, strict=True) if not a.suppressed and not b.suppressed]
        assert not [(a.n, b.n) for a, b in pairs if 0 < abs((b.n or 0) - (a.n or 0)) < SMALLEST]
        everybody = one[0].n is not None and other[0].n is not None
        if everybody and len(pairs) < len(one):
            # Everybody minus the groups that both exports show, in each: what is left of the one is not nearly the other's.
            rests = [(figures[0].n or 0) - sum((pair[place].n or 0) for pair in pairs[1:]) for place, figures in ((0, one), (1, other))]
            assert not 0 < abs(rests[1] - rests[0]) < SMALLEST


def test_a_second_report_withholds_what_the_first_would_tell(one: Make, finding: Row, config: Any) -> None:
    def run(name: str, counts: dict[str, int]) -> AuditRun:
        everybody = finding("accuracy", "proportion", 0.8, low=0.7, high=0.9, n=sum(counts.values()))
        groups = [
            finding("accuracy", "proportion", 0.8, low=0.7, high=0.9, n=n, slice={"sex": s}, attribute="sex") for s, n in counts.items()
        ]
        return replace(one(everybody, *groups), id=name)

    first, second = run("one", {"F": 100, "M": 200, "X": 900}), run("two", {"F": 103, "M": 250, "X": 900})
    assert export(config, "audit", "json", first) == render("audit", "json", first)
    found = json.loads(export(config, "audit", "json", second))["runs"][0]["findings"]
    assert [each.get("suppressed", False) for each in found] == [False, True, True, False]
    # The first run may leave again, in any format; a run that is only looked at leaves no trace.
    assert export(config, "audit", "csv", first) == render("audit", "csv", first)
    assert json.loads(render("audit", "json", second))["runs"][0]["findings"][1]["estimate"]["n"] == 103
