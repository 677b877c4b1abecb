"""Intervals of repeated people: they hold the truth as often as they say, and nothing is certain only because no group moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from audits.audit import Audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.fairness.impact_ratio import impact_ratio
from audits.finding import Measurement
from audits.interval import newcombe, share, wilson
from audits.jackknife import FEW_UNITS, Asked, jackknifed
from audits.performance.accuracy import accuracy
from audits.performance.roc_auc import roc_auc
from audits.slices import Slice

UNITS = 32


@dataclass(frozen=True)
class Logs:
    """Many logs at once, one a window: rows and hits by [unit group, window, group of people]."""

    n: Floats
    hits: Floats
    left: tuple[int, ...] = ()
    units: int = UNITS
    versions: tuple[None] = (None,)
    attributes: tuple[str, ...] = ("sex",)
    topics: tuple[str, ...] = ()
    model: Any = field(default_factory=lambda: SimpleNamespace(columns=SimpleNamespace(unit="person")))

    @property
    def windows(self) -> range:
        return range(self.n.shape[1])

    @property
    def slices(self) -> tuple[Slice, ...]:
        return (Slice.of({"sex": "F"}), Slice.of({"sex": "M"}))

    def known_groups(self, _: str) -> range:
        return range(2)

    @property
    def counts(self) -> Any:
        return SimpleNamespace(rows=self.total(self.n)[None])

    def total(self, values: Floats) -> Floats:
        return np.asarray(np.delete(values, self.left, axis=0).sum(axis=0))

    def without_unit(self, group: int) -> Logs:
        return replace(self, left=(group,))


def rates(evidence: Any) -> Iterator[Measurement]:
    """The share of hits in the first group of people, in each window."""
    hits, n = evidence.total(evidence.hits)[:, 0], evidence.total(evidence.n)[:, 0]
    low, high = wilson(hits, n)
    yield measurement("rate", "proportion", value=share(hits, n), low=low, high=high, n=n, method="wilson", window=np.arange(len(n)))


def gaps(evidence: Any) -> Iterator[Measurement]:
    """The share of hits in the first group minus that in the second."""
    hits, n = evidence.total(evidence.hits), evidence.total(evidence.n)
    low, high = newcombe(hits[:, 0], n[:, 0], hits[:, 1], n[:, 1])
    yield measurement(
        "gap", "difference", value=share(hits[:, 0], n[:, 0]) - share(hits[:, 1], n[:, 1]), low=low, high=high, n=n[:, 0],
        method="newcombe", window=np.arange(len(n)), reference_slice=1, attribute=-1, p_value=np.full(len(n), 0.5),
    )  # fmt: skip


def audit_of(function: Callable[[Any], Iterator[Measurement]]) -> Audit:
    """Declare a function to be an audit."""
    return Audit(name=function.__name__, unit="x", needs=(), tasks=("binary",), function=cast(Any, function))


def with_units(logs: Logs, function: Callable[[Any], Iterator[Measurement]]) -> Measurement:
    """Jackknife one figure of many logs."""
    found = jackknifed(cast(Evidence, logs), [Asked(audit=audit_of(function), place=None, blocks=list(function(logs)))])
    return found[0].blocks[0]


def drawn(seed: int, logs: int, rows: int, rate: float, each: int = 10) -> Logs:
    """Logs of two groups of people with `rows` rows each: `each` rows a person, whose own rate is drawn from a beta around `rate`.

    With rows of a person as alike as a correlation of 0.3, ten of them say as much as 10 / (1 + 9 * 0.3) = 2.7 independent ones.
    """
    draw = np.random.default_rng(seed)
    people = rows // each
    strength = 1 / 0.3 - 1
    own = draw.beta(rate * strength, (1 - rate) * strength, (logs, 2, people))
    hits, unit = draw.binomial(each, own), draw.integers(0, UNITS, (logs, 2, people))
    place = (unit * logs + np.arange(logs)[:, None, None]) * 2 + np.arange(2)[:, None]
    shape, size = (UNITS, logs, 2), UNITS * logs * 2
    counts = [np.bincount(place.ravel(), weights=w.ravel().astype(float), minlength=size) for w in (np.full(hits.shape, each), hits)]
    n, hit = (count.reshape(shape).astype(np.float64) for count in counts)
    return Logs(n=n, hits=hit)


@pytest.mark.parametrize("rows", [500, 5000])
def test_coverage_with_ten_rows_a_person(rows: int) -> None:
    """Of 4,000 logs the interval of a rate, and of a gap, holds the truth in 95 % ± 1.5 points; intervals over rows do in far fewer."""
    held, naive = {}, {}
    for function, truth in ((rates, (0.1, 0.3)), (gaps, (0.0, 0.0))):
        shares, unaware = [], []
        for seed, rate in enumerate((0.1, 0.3)):
            logs = drawn(seed, 2000, rows, rate)
            found, before = with_units(logs, function), next(function(logs))
            shares.append(np.mean((found.low <= truth[seed]) & (truth[seed] <= found.high)))
            unaware.append(np.mean((before.low <= truth[seed]) & (truth[seed] <= before.high)))
        held[function.__name__], naive[function.__name__] = np.mean(shares), np.mean(unaware)
    assert all(abs(share - 0.95) <= 0.015 for share in held.values()), held
    assert all(share < 0.80 for share in naive.values()), naive


def by_group(hits: list[float], n: list[float]) -> Logs:
    """One log of one group of people: hits and rows by unit group, the other group of people empty."""
    pad = [0.0] * (UNITS - len(n))
    both = [np.stack([np.asarray([*values, *pad])[:, None], np.zeros((UNITS, 1))], axis=-1) for values in (n, hits)]
    return Logs(n=both[0], hits=both[1])


def test_the_variance_by_hand() -> None:
    """Three groups of units with 0 of 2, 1 of 2 and 4 of 4: 5/8 in all, and 5/6, 4/6 and 1/4 without each, on average 7/12.

    Variance 2/3 * (1/16 + 1/144 + 1/9) = 0.120370, so that 0.625 * 0.375 / 0.120370 = 1.94712 rows would be as uncertain. Wilson for as
    many at t = 4.30265 with two degrees of freedom (t² = 18.51282): centre (0.625 + 4.75391) / 10.50782 = 0.51190, half
    4.30265 * √(0.120370 + 1.220758) / 10.50782 = 0.47420.
    """
    found = with_units(by_group([0, 1, 4], [2, 2, 4]), rates)
    assert found.value[0] == 0.625
    np.testing.assert_allclose([found.low[0], found.high[0]], [0.51190 - 0.47420, 0.51190 + 0.47420], atol=2e-5)
    assert found.method[0] == "jackknife over 3 groups of person"
    assert found.n[0] == 8


def test_groups_that_do_not_move_a_figure_give_no_freedom() -> None:
    """Two groups of units that differ and three that hold 3 of 5 each, as all together do: Student's t of 1 degree, 12.7, not of 4, 2.8."""
    some, five = with_units(by_group([5, 1, 3, 3, 3], [5] * 5), rates), with_units(by_group([5, 1, 4, 2, 3], [5] * 5), rates)
    assert some.value[0] == five.value[0] == 0.6
    assert some.high[0] - some.low[0] > five.high[0] - five.low[0]


def test_a_figure_that_no_group_moves_is_not_certain() -> None:
    """Nobody of 4,000 rows, in 4 groups of units: as if 4 rows had none, 1.96² / (4 + 1.96²) = 0.4899 above, not 0.001."""
    found = with_units(by_group([0, 0, 0, 0], [1000, 1000, 1000, 1000]), rates)
    np.testing.assert_allclose([found.low[0], found.high[0]], [0.0, 0.4899], atol=1e-4)


def test_one_group_of_units_is_one_observation() -> None:
    """A proportion is then as uncertain as one row; any other figure has no interval, and says why."""
    one = by_group([3], [6])
    found = with_units(one, rates)
    assert (found.high[0] - found.low[0]) > 0.8
    assert found.reason[0] == ""

    def score(evidence: Any) -> Iterator[Measurement]:
        yield replace(next(rates(evidence)), unit="score")

    lost = with_units(one, score)
    assert np.isnan([lost.low[0], lost.high[0]]).all()
    assert lost.value[0] == 0.5
    assert lost.reason[0] == FEW_UNITS


def test_rows_of_different_people_lose_nothing() -> None:
    """One row a person: the interval over units is on average as wide as Wilson's, but for Student's t (2.04 / 1.96) and its own noise."""
    logs = drawn(3, 2000, 5000, 0.3, each=1)
    found, before = with_units(logs, rates), next(rates(logs))
    assert 1.0 <= np.mean(found.high - found.low) / np.mean(before.high - before.low) < 1.15


def test_people_follow_the_interval() -> None:
    """Ten in a hundred is a gap of 0.1: each point of it is a person, at both ends of the new interval too."""
    logs = drawn(5, 40, 500, 0.3)

    def counted(evidence: Any) -> Iterator[Measurement]:
        block = next(gaps(evidence))
        nobody = np.zeros(len(block))
        yield replace(block, people=(np.asarray(np.abs(block.value) * 500, dtype=np.float64), nobody, nobody))

    found = with_units(logs, counted)
    assert found.people is not None
    value, low, high = found.people
    np.testing.assert_allclose(high, np.maximum(np.abs(found.low), np.abs(found.high)) * 500)
    across = (found.low <= 0) & (found.high >= 0)
    assert across.any()
    np.testing.assert_allclose(low, np.where(across, 0, np.minimum(np.abs(found.low), np.abs(found.high)) * 500))
    assert ((low <= value) & (value <= high)).all()


def test_p_values_agree_with_intervals() -> None:
    """A gap is significant at 5 % exactly where its interval leaves out 0."""
    found = with_units(drawn(6, 4000, 500, 0.3), gaps)
    np.testing.assert_array_equal(found.p_value < 0.05, (found.low > 0) | (found.high < 0))
    assert 0.03 < np.mean(found.p_value < 0.05) < 0.07


def test_the_whole_way(evidence_of: Callable[..., Evidence]) -> None:
    """Rates, scores and ratios of real evidence; ten equal rows a person make intervals √10 as wide, or more by Student's t."""
    draw = np.random.default_rng(1)
    rows = [
        {"unit": f"p{i}", "sex": "FM"[i % 2], "score": round(float(draw.random()), 3), "decision": int(draw.random() < 0.6), "outcome": 0}
        for i in range(120)
    ]
    for row in rows:
        row["outcome"] = int(draw.random() < float(cast(Any, row["score"])))
    evidence = evidence_of([row for row in rows for _ in range(10)], protected=("sex",))
    single = evidence_of(rows, protected=("sex",))
    assert evidence.units == UNITS
    for audit in (accuracy, roc_auc, impact_ratio):
        asked = Asked(audit=audit, place=None, blocks=list(audit(evidence)))
        for block, before in zip(jackknifed(evidence, [asked])[0].blocks, audit(single), strict=True):
            np.testing.assert_allclose(block.value, before.value, atol=2e-3)  # bins are another matter
            wide = np.isfinite(block.low) & (before.high > before.low) & (block.window == 0) & (block.slice == 0)
            ratio = (block.high - block.low)[wide] / (before.high - before.low)[wide]
            assert ((ratio > 0.6) & (ratio < 1.7)).all()
            assert all("jackknife" in method for method in block.method)
            # The z test takes rows as people: it would say more than the interval.
            assert all(("z" in table, "p_value" in table) == (False, False) for table in block.tables.values())
            assert block.name != "impact_ratio" or any("flips" in table for table in block.tables.values())
