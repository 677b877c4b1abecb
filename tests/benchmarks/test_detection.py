"""Alarms made by hand are compared rightly; quiet worlds hold no fault; evidence counted in NumPy is what ingest makes of a log."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from benchmarks.detection import compare, diagnoses, world
from benchmarks.detection.compare import Margins, Trials
from benchmarks.detection.counted import Watched, reference_of
from benchmarks.detection.plan import FULL, QUICK
from connectors.config import Config, ModelConfig, Source, WarehouseConfig
from connectors.simulated.faults import FAULTS

AT_ZERO = np.asarray([0.0])


def margins(*rows: str, first: int = 0) -> Margins:
    """Series as texts: "x" rings (margin 1), "X" rings loudly (margin 3), "." is quiet."""
    values = np.asarray([[{"x": 1.0, "X": 3.0, ".": -1.0}[letter] for letter in row] for row in rows])
    return Margins(keys=tuple(f"k{i}" for i in range(len(rows))), first=first, values=values)


def test_an_alert_opens_once_and_again_after_two_quiet_windows() -> None:
    # windows 1, 2 and 4 ring: one alert, since only one quiet window lies between; after the quiet windows 5 and 6 it opens again in 7.
    found = compare.opened(margins(".xx.x..x"), AT_ZERO)[0, 0]
    assert np.flatnonzero(found).tolist() == [1, 7]


def test_alerts_of_one_window_are_one_alarm() -> None:
    # k0 opens in windows 0 and 4; k1 in window 0, with k0, and is still open in window 2; in the second log it opens in window 3, alone.
    assert compare.false_alarms(margins("x...x", "x.x.."), AT_ZERO).tolist() == [2.0]
    assert compare.false_alarms(margins("x...x", "...x."), AT_ZERO).tolist() == [3.0]


def test_higher_thresholds_hear_only_loud_alarms() -> None:
    # above 0: opens in 0 and 4; above 2: in 4 only; above 5: never.
    assert compare.false_alarms(margins("x...X"), np.asarray([0.0, 2.0, 5.0])).tolist() == [2.0, 1.0, 0.0]


def test_a_fault_is_noticed_by_what_the_quiet_log_does_not_ring() -> None:
    quiet = margins("...x......", "..........")
    # the fault begins in window 3, where k0 rings anyway; k1 rings from window 5 on: noticed in its third window.
    faulty = margins("..x....", "....xxx", first=1)
    assert compare.noticed(faulty, quiet, 3, AT_ZERO).tolist() == [3.0]


def test_what_rings_before_the_fault_is_no_notice_of_it() -> None:
    quiet = margins("..........")
    # k0 rings from window 2 on and never opens again; the fault begins in window 3.
    assert np.isnan(compare.noticed(margins(".xxxxxx", first=1), quiet, 3, AT_ZERO)).all()


def test_several_series_can_be_asked_to_ring_together() -> None:
    together = compare.pooled(margins("x..x", ".x.x", "...X"), 2)
    assert np.flatnonzero(compare.opened(together, AT_ZERO)[0, 0]).tolist() == [3]
    assert compare.pooled(margins("x"), 2).values.max() < -9


def test_the_threshold_lies_above_all_that_ring_too_often() -> None:
    # rates fall with the threshold, but not always: 0.1 is passed again at place 3, so the first place after it is 4.
    assert compare.threshold_at(np.asarray([0.5, 0.08, 0.2, 0.12, 0.1, 0.0]), 0.1) == 4
    assert compare.threshold_at(np.asarray([0.05, 0.0]), 0.1) == 0


def ten_logs() -> Trials:
    """Ten quiet logs of 30 windows, of which three ring once with margin 1; the fault is noticed below 2 in eight of ten logs."""
    trials = Trials()
    for log in range(10):
        quiet = margins("x" + "." * 29 if log < 3 else "." * 30)
        trials.alarms.append(compare.false_alarms(quiet))
        trials.rings.append(compare.ringing(quiet))
        trials.windows.append(30)
        delay = np.where(compare.THRESHOLDS < 2.0, 2.0, np.nan) if log < 8 else np.full(len(compare.THRESHOLDS), np.nan)
        trials.delays.setdefault("fault", []).append(delay)
    return trials


def test_rates_and_shares_at_an_equal_rate() -> None:
    # 10 alarms in 300 windows are allowed at 1 in 30: below every margin (-1) each log opens one alert only, but rings in all windows, so
    # the threshold has to pass -1, where 3 of 300 windows ring. 1 in 200 allows 1.5 alarms, and three logs ring with margin 1, so the
    # threshold has to pass 1: the fault, which is heard up to 2, is still noticed.
    trials = ten_logs()
    loose, strict = compare.at_rate(trials, 1 / 30), compare.at_rate(trials, 1 / 200)
    assert (loose.value, strict.value) == (0.8, 0.8)
    assert (loose.rate, loose.ringing) == (pytest.approx(3 / 300), pytest.approx(3 / 300))
    assert strict.rate == 0.0
    assert compare.THRESHOLDS[strict.place] == pytest.approx(1.0, abs=0.03)
    assert strict.delay == 2.0


def test_the_interval_is_that_of_a_share_of_ten() -> None:
    # drawing 10 logs again with p = 0.8: the binomial's 2.5 % and 97.5 % points are 5 and 10 of 10 (P(X <= 5) = 0.033, P(X <= 4) = 0.006).
    found = compare.at_rate(ten_logs(), 1 / 30, draws=4_000)
    assert (found.low, found.high) == (pytest.approx(0.5, abs=0.051), 1.0)


def test_the_lowest_threshold_is_taken_even_where_a_higher_one_notices_more() -> None:
    trials = ten_logs()
    trials.delays = {"fault": [np.where(compare.THRESHOLDS > 5.0, 2.0, np.nan)] * 10}  # heard only above 5; 1 in 30 is kept from -1 on
    assert compare.at_rate(trials, 1 / 30).value == 0.0


@pytest.mark.parametrize("heard", [True, False])
def test_all_and_none_of_ten_logs_have_an_interval(heard: bool) -> None:
    trials = ten_logs()
    trials.delays = {"fault": [np.full(len(compare.THRESHOLDS), 1.0 if heard else np.nan)] * 10}
    found = compare.at_rate(trials, 1 / 30)
    low, high = proportion_confint(10 * heard, 10, method="wilson")  # 0.7225 to 1 and 0 to 0.2775
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_own_threshold_is_zero() -> None:
    assert compare.at_rate(ten_logs(), None).rate == pytest.approx(3 / 300)


def test_nothing_rings_at_the_highest_threshold() -> None:
    loud = Margins(keys=("k",), first=0, values=np.full((1, 5), 9.0))
    assert compare.false_alarms(loud)[-1] == 0


def test_a_cause_is_right_when_it_is_named_first() -> None:
    named = {"kind": "new categories", "columns": ["region"], "confidence": "named"}
    assert diagnoses.answer("new category", [named]) == ("right", "new categories")
    assert diagnoses.answer("prior shift", [named]) == ("wrong", "new categories")
    assert diagnoses.answer("new category", [{**named, "confidence": "can't tell"}]) == ("can't tell", "")
    assert diagnoses.answer("new category", []) == ("can't tell", "")


def test_plans_hold_at_least_twenty_faults_and_both_kinds_of_log() -> None:
    assert len(FULL[0].faults) >= 20
    assert {size.rows for size in FULL} == {500, 5_000, 50_000, 1_000_000}
    assert [case.fault for case in QUICK[0].cases() if case.share == 1] == list(FAULTS)


@pytest.mark.parametrize("kind", list(world.KINDS))
def test_quiet_worlds_have_no_trend(kind: str) -> None:
    chosen = world.world(kind, 400, reference=14, analysed=28)
    gaps = []
    for seed in range(8):
        log = world.draw(chosen, seed)
        late = log["time"] >= world.since(chosen, 14)
        rank = np.argsort(np.argsort(log["rate"])) / len(late)
        gaps.append(rank[late].mean() - rank[~late].mean())
    # days differ by up to 0.06 standard deviations of a row (0.017 in rank); 14 against 28 days and 8 logs leave 0.002, chance 0.003.
    assert abs(np.mean(gaps)) < 0.012


def test_a_fault_changes_nothing_before_it_begins() -> None:
    chosen = world.world("independent", 200, reference=10, analysed=10)
    log = world.draw(chosen, 1)
    begin = world.since(chosen, 5)
    for fault in ("unit x1000", "new category", "clock skew", "delivered twice", "prior shift"):
        found = world.planted(log, chosen, fault, 5, 1)
        for name in ("amount", "region", "outcome"):
            was, now = (values[name][values["time"] < begin].tolist() for values in (log, found))
            assert [str(x) for x in was] == [str(x) for x in now], (fault, name)
    some = world.planted(log, chosen, "missing values", 5, 1, share=0.25)
    lost = sum(np.isnan(some[name]).sum() - np.isnan(log[name]).sum() for name in world.NUMERIC)
    after = int((log["time"] >= begin).sum())
    assert lost == pytest.approx(0.4 * 0.25 * after, rel=0.25)  # two fifths of a quarter


def same(held: Any, seen: Any, name: str) -> None:
    """Two columns of a tally are equal, whatever the order of rows was."""
    assert np.asarray(held).shape == np.asarray(seen).shape, name
    if np.asarray(held).dtype.kind in "iuf":
        assert np.asarray(seen, dtype=float) == pytest.approx(np.asarray(held, dtype=float), rel=1e-9, abs=1e-9), name


def test_counted_evidence_is_what_ingest_makes_of_the_same_log(tmp_path: Path) -> None:
    """Through files, ingest, the scan and `gather`: the same bins, the same counts in every cell, the same sums."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    from audits.gather import gather
    from connectors.ingest import ingest
    from connectors.warehouse import open_warehouse

    chosen = world.world("weekly", 120, reference=4, analysed=3)
    log = world.planted(world.draw(chosen, 2), chosen, "delivered twice", 1, 2)
    held = Watched(log, chosen, world.model())
    predictions = [name for name in log if name not in ("outcome", "outcome_time", "arrived")]
    known = log["outcome_time"] <= np.datetime64("2026-02-01")
    first = np.unique(log["id"], return_index=True)[1]
    tables = {"log": {name: log[name] for name in predictions}}
    tables["outcomes"] = {name: log[name][first][known[first]] for name in ("id", "outcome", "outcome_time")}
    for name, columns in tables.items():
        pq.write_table(
            pa.table({column: pa.array(values, from_pandas=True) for column, values in columns.items()}), tmp_path / f"{name}.parquet"
        )
    kinds = {"log": "predictions", "outcomes": "outcomes"}
    sources = tuple(Source(kind="file", name=name, rows=kinds[name], path=f"{name}.parquet", options={}) for name in tables)  # type: ignore[arg-type]
    model: ModelConfig = dataclasses.replace(held.model, sources=sources)
    warehouse = WarehouseConfig(path=tmp_path / "log.duckdb")
    config = Config(path=tmp_path / "candor.toml", folder=tmp_path, version=1, warehouse=warehouse, models={model.name: model})
    ingest(config)
    with open_warehouse(warehouse) as opened:
        real = gather(opened, model, progress=lambda _: None)
    for one, other in zip(held.bins.columns, real.bins.columns, strict=True):
        if one.kind == "numeric":
            assert other.kind == "numeric"
            assert other.knots == pytest.approx(one.knots, rel=1e-12)
            assert (other.cells, other.deciles) == (one.cells, pytest.approx(one.deciles, rel=1e-12))
        else:
            assert other == one
    held.__dict__["bins"] = real.bins  # quantiles differ in their last digits
    made = held.evidence(2)
    made = dataclasses.replace(made, tally=held.analysed.tally(np.datetime64("2026-02-01")))
    assert made.windows[1:] == tuple(dataclasses.replace(each, partial=False) for each in real.windows[1:])
    assert made.reference == real.reference
    assert (made.coverage.duplicate, made.coverage.used) == (real.coverage.duplicate, real.coverage.used)
    assert np.array_equal(made.counts.table, real.counts.table)
    assert np.array_equal(made.reference_counts.table, real.reference_counts.table)
    for name, values in made.counts.sums.items():
        same(values, real.counts.sums[name], name)
    for column in real.columns[:-2]:
        for side in ("windows", "reference", "total"):
            same(getattr(made.column(column), side), getattr(real.column(column), side), f"{column} {side}")
        for kind, values in real.column(column).special.items():
            same(values, made.column(column).special[kind], f"{column} {kind}")
    places = list(range(len(real.slices)))
    assert [str(each) for each in made.slices] == [str(each) for each in real.slices]
    for one, other in zip(made.decided_margin(places), real.decided_margin(places), strict=True):
        same(one, other, "margin")
    for one, other in zip(made.decided_coarse(places), real.decided_coarse(places), strict=True):
        same(one, other, "coarse")
    assert made.clock - dt.timedelta(minutes=15) == real.windows[-1].end


def test_a_reference_counted_day_by_day_is_the_reference() -> None:
    chosen = world.world("weekly", 100, reference=3, analysed=2)
    whole = Watched(world.draw(chosen, 4), chosen, world.model())
    bins, tally = reference_of(chosen, 4)
    some = Watched(world.draw(chosen, 4, range(3, 5)), chosen, world.model(), (bins, tally))
    assert bins == whole.bins
    assert [(part.version, part.bucket, part.rows) for part in tally.partitions] == [
        (part.version, part.bucket, part.rows) for part in whole.reference.partitions
    ]
    for one, other in ((whole.evidence(1), some.evidence(1)),):
        assert np.array_equal(one.reference_counts.table, other.reference_counts.table)
        assert np.array_equal(one.counts.table, other.counts.table)
        for column in ("amount", "region", "score"):
            assert np.array_equal(one.column(column).reference, other.column(column).reference)
            assert np.array_equal(one.column(column).windows, other.column(column).windows)
