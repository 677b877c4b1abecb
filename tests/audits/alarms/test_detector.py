"""Evidence of drift: how often it is wrong in logs that are quiet but not still, and what it sees."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr
from scipy.stats import t as students_t

from audits.alarms.budget import ringing
from audits.alarms.calibration import HOUR_AND_WEEKEND, PRIOR_DF, SHORT, TOO_SHORT, WEEKDAY, calibrate
from audits.alarms.detector import Looks, detect, normal_of
from audits.alarms.found import mean_evidence
from audits.alarms.shares import Counted, Shares, stacked
from audits.estimate import Floats
from benchmarks.alarm_worlds import EDGES, HOUR, WORLDS, Log, World, drawn

STILL, CLUSTERS, DIFFER, TOGETHER, SEASON, LASTS, _, EVERYTHING = WORLDS
SMALL = Log(rows=2_000, reference=20, windows=40, columns=10)


def above(evidence: Floats, line: float) -> float:
    """Share of windows whose evidence passes a line."""
    return float(np.mean(evidence >= math.log10(line)))


def exact(shift: float, windows: int = 12, rows: int = 5_000, lasts: int = 100) -> Shares:
    """Make a log without chance: every window has the expected counts, and its last windows a shift."""
    reference = np.repeat(np.append(np.full(10, 0.099), 0.01)[None] * rows, 10, axis=0)
    below = ndtr(EDGES[True] - shift)
    moved = np.append(np.diff(np.concatenate([[0.0], below, [1.0]])) * 0.99, 0.01) * rows
    seen = np.repeat(reference[:1], windows, axis=0)
    seen[6 : 6 + lasts] = moved
    return stacked([Counted(name="x", ordered=True, reference=reference, windows=seen)])


@pytest.mark.parametrize("world", [STILL, CLUSTERS, DIFFER, TOGETHER, SEASON, EVERYTHING], ids=lambda world: world.words)
@pytest.mark.parametrize("zone", [0.0, 0.02])
def test_a_line_at_a_is_passed_in_at_most_one_quiet_window_of_a(world: World, zone: float) -> None:
    """Check that lines at 5 and at 20 are passed by at most 1/5 and 1/20 of quiet windows, without a zone too: nothing has moved."""
    rng = np.random.default_rng(7)
    found = np.concatenate([detect(drawn(world, SMALL, rng), zone=zone).everywhere for _ in range(12)])  # 480 windows
    assert above(found, 5) <= 1 / 5
    assert above(found, 20) <= 1 / 20
    assert above(found, 1_000) <= 2 / 480


def test_a_wobble_that_lasts_keeps_to_the_line_with_the_default_zone() -> None:
    """Check the hardest world: neighbouring windows err alike."""
    rng = np.random.default_rng(8)
    found = np.concatenate([detect(drawn(LASTS, SMALL, rng)).everywhere for _ in range(20)])
    assert above(found, 20) <= 1 / 20


def test_chance_alone_would_ring_where_days_differ() -> None:
    """Check that the worlds above are hard: with the dispersion of independent rows the line is passed many times as often."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(4):
        shares = drawn(DIFFER, replace(SMALL, rows=50_000), rng)
        known = calibrate(shares)
        still = replace(known, dispersion=np.ones_like(known.dispersion), bin_dispersion=np.ones_like(known.bin_dispersion))
        found.append(detect(shares, calibration=still).everywhere)
    assert above(np.concatenate(found), 20) > 0.5


def test_at_the_edge_of_the_zone_the_line_holds() -> None:
    """Check the composite null at its edge: 2 % of rows go missing and stay so, which is exactly what does not matter."""
    rng = np.random.default_rng(9)
    log = replace(SMALL, rows=20_000, gone={k: 0.02 for k in range(10)})  # noqa: C420  one share a column
    found = np.concatenate([detect(drawn(replace(STILL, missing=0.0), log, rng)).everywhere for _ in range(10)])
    assert above(found, 20) <= 1 / 20
    over = np.concatenate([detect(drawn(replace(STILL, missing=0.0), replace(log, gone={0: 0.03}), rng)).everywhere for _ in range(2)])
    assert above(over, 1_000) > 0.9  # half as much again, and it rings


def test_a_window_that_fills_may_be_looked_at_sixty_times() -> None:
    """Check that the largest of sixty looks at the newest window passes the line at most as often as one look may."""
    rng = np.random.default_rng(10)
    shares = drawn(CLUSTERS, Log(rows=1_500, reference=15, windows=1, columns=100, length=HOUR), rng)  # every column is a log of its own
    known, bins = calibrate(shares), shares.windows.shape[-1]
    arrived = [rng.permutation(np.repeat(np.arange(bins), each.astype(int))) for each in shares.windows[:, 0]]
    most = {60.0: np.full(100, -9.0), 1.0: np.full(100, -9.0)}
    for look in range(1, 61):
        counts = np.stack([np.bincount(rows[: max(len(rows) * look // 60, 30)], minlength=bins) for rows in arrived])
        part = replace(shares, windows=counts[:, None].astype(float))
        for times, seen in most.items():
            found = detect(part, zone=0.0, newest=Looks(times=times), calibration=known).evidence[:, 0]
            np.maximum(seen, found, out=seen)
    assert above(most[60.0], 5) <= 1 / 5
    assert above(most[1.0], 5) > above(most[60.0], 5)  # looked at as if once, it would ring more often


def test_a_small_shift_that_stays_is_seen() -> None:
    """Check that a fifth of a standard deviation in one of ten columns of 2,000 rows rings within twenty windows."""
    rng = np.random.default_rng(11)
    delays = []
    for _ in range(10):
        rings, _ = ringing(detect(drawn(CLUSTERS, replace(SMALL, shift={3: 0.25}, at=10), rng)).evidence, 1_000.0)
        assert not rings[:, :10].any()
        assert not np.delete(rings, 3, axis=0).any()
        delays.append(int(rings[3, 10:].argmax()) + 1 if rings[3].any() else 99)
    assert sorted(delays)[8] <= 20, delays


def test_evidence_never_falls_when_a_shift_grows() -> None:
    """Check the law on a log without chance."""
    found = [float(detect(exact(shift)).evidence[0, -1]) for shift in np.linspace(0, 2, 21)]
    assert found == sorted(found)
    assert found[0] <= 0 < found[-1]


def test_evidence_stays_with_its_column() -> None:
    """Check that columns in another order have the same evidence."""
    shares = drawn(EVERYTHING, replace(SMALL, shift={2: 0.5}), np.random.default_rng(12))
    order = [3, 0, 2, 1, *range(4, 10)]
    other = stacked([shares.columns[k] for k in order], starts=shares.starts, length=shares.length)
    np.testing.assert_allclose(detect(other).evidence, detect(shares).evidence[order])


def test_windows_to_come_change_nothing() -> None:
    """Check that a window's evidence rests on what was known by then."""
    shares = drawn(EVERYTHING, replace(SMALL, shift={2: 0.5}, at=20), np.random.default_rng(13))
    early = stacked(
        [replace(column, windows=column.windows[:25]) for column in shares.columns],
        starts=(shares.starts[0], shares.starts[1][:25]) if shares.starts else None, length=shares.length,
    )  # fmt: skip
    np.testing.assert_allclose(detect(early).evidence, detect(shares).evidence[:, :25])


def test_a_fault_that_is_over_stops_ringing() -> None:
    """Check that one bad window, however bad, is quiet by the next but three; and that one that stays rings on."""
    blip, stays = (detect(exact(3.0, lasts=lasts)).evidence[0] for lasts in (1, 100))
    assert blip[6] > 3
    assert (blip[10:] < 0).all()
    assert (stays[6:] > 3).all()


def test_the_reference_tells_its_overdispersion() -> None:
    """Check clusters of three: shares vary three times as much as of single rows; and that single rows give one."""
    log = Log(rows=3_000, reference=60, windows=1, columns=20)
    three = calibrate(drawn(CLUSTERS, log, np.random.default_rng(14)))
    one = calibrate(drawn(STILL, log, np.random.default_rng(14)))
    assert np.median(three.dispersion[:, 2:6]) == pytest.approx(3.0, abs=0.4)
    assert np.median(one.dispersion[:, 2:6]) == pytest.approx(1.0, abs=0.1)
    assert one.freedom.max() <= 59 + 20


def test_the_reference_tells_its_season() -> None:
    """Check which season is looked for, by the length of windows and of the reference, and that flat columns have none."""
    rng = np.random.default_rng(15)
    strong = replace(SEASON, season=0.5)
    daily = calibrate(drawn(strong, Log(rows=5_000, reference=28, windows=7, columns=6), rng))
    assert (daily.season, daily.reason) == (WEEKDAY, "")
    assert daily.seasonal.sum() >= 4
    flat = calibrate(drawn(STILL, Log(rows=5_000, reference=28, windows=7, columns=6), rng))
    assert not flat.seasonal.any()
    short = calibrate(drawn(strong, Log(rows=5_000, reference=13, windows=7, columns=6), rng))
    assert (short.season, short.reason) == (None, TOO_SHORT.format(needed="14 days"))
    assert short.dispersion.mean() > 2 * daily.dispersion.mean()  # what is not allowed for as a season counts as noise
    hourly = calibrate(drawn(strong, Log(rows=500, reference=336, windows=24, columns=4, length=HOUR), rng))
    assert hourly.season == HOUR_AND_WEEKEND


def test_the_reference_tells_how_long_a_wobble_lasts() -> None:
    """Check days whose means have a correlation of 0.6 (their spread has none, and is one of the shares) against days without."""
    log = Log(rows=50_000, reference=60, windows=1, columns=20)
    lasting, fresh = (calibrate(drawn(world, log, np.random.default_rng(16))).lasting.mean() for world in (LASTS, DIFFER))
    assert 0.4 < lasting < 0.65
    assert fresh < 0.2


def test_one_reference_window_says_so_and_rings_for_large_shifts_only() -> None:
    """Check that without calibration ten points of the rows do not ring, and half of them do."""
    shares = exact(0.0)
    single = replace(shares, reference=shares.reference[:, :1])
    assert calibrate(single).reason == SHORT
    assert calibrate(single).freedom.tolist() == [PRIOR_DF]
    small, large = (
        float(detect(replace(exact(shift), reference=single.reference)).evidence[0, -1]) for shift in (0.25, 1.5)
    )  # 0.25 standard deviations move ten points of the rows
    assert small < 1 < 3 < large


def test_no_share_moves_more_than_the_rows_that_moved() -> None:
    """Check the inequality that makes one zone serve all shares."""
    rng = np.random.default_rng(17)
    shares = drawn(STILL, replace(SMALL, columns=4), rng)
    for contrasts in shares.contrasts:
        p, q = (rng.dirichlet(np.full(contrasts.shape[-1], 0.3), 200) for _ in range(2))
        assert (np.abs((q - p) @ contrasts.T).max(axis=1) <= np.abs(q - p).sum(axis=1) / 2 + 1e-12).all()
    assert shares.weights.sum(axis=1) == pytest.approx(0.8)  # the rest is the total variation's


def test_the_interval_holds_the_share_of_rows_that_moved() -> None:
    """Check coverage at 95 % of the total variation, in still windows and in moved ones."""
    rng = np.random.default_rng(18)
    below = ndtr(EDGES[True] - 0.3)
    truth = 0.99 * float(np.abs(np.diff(np.concatenate([[0.0], below, [1.0]])) - 0.1).sum()) / 2
    held = []
    for _ in range(15):
        found = detect(drawn(replace(CLUSTERS), Log(rows=3_000, reference=20, windows=20, columns=1, shift={0: 0.3}, at=10), rng))
        held += [bool(found.low[0, t] <= truth <= found.high[0, t]) for t in range(18, 20)]
        held += [bool(found.low[0, t] == 0) for t in range(8)]
        assert (found.low <= found.effect).all()
        assert (found.effect <= found.high).all()
    assert np.mean(held) >= 0.95


def test_columns_ring_by_e_bh() -> None:
    """Check by hand: 4 columns, run 100: lines at 400, 200, 133, 100 for 1, 2, 3, 4 columns together."""
    evidence = np.log10([[399.0, 401.0, 210.0], [1.0, 1.0, 205.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    rings, line = ringing(evidence, 100.0)
    assert rings.tolist() == [[False, True, True], [False, False, True], [False] * 3, [False] * 3]
    np.testing.assert_allclose(10 ** line[0], [400, 400, 200])
    assert (mean_evidence(evidence)[rings.any(axis=0)] >= 2).all()  # then their mean has passed the run itself


@pytest.mark.parametrize("freedom", [5.0, 20.0, 80.0])
def test_the_tail_of_a_t_is_that_of_scipy(freedom: float) -> None:
    """Check log p to a twentieth of itself, down to 1e-12, and that it errs to the careful side."""
    p = np.asarray([0.2, 1e-2, 1e-4, 1e-8, 1e-12])
    t = students_t.isf(p, freedom)
    found = log_ndtr(-normal_of(t, np.asarray(freedom)))
    np.testing.assert_allclose(found, np.log(p), rtol=0.05)
    assert (found >= np.log(p) - 0.01).all()


def test_logs_with_holes_give_numbers() -> None:
    """Check windows without rows, columns without a value in either period, single bins and short logs: every figure is finite."""
    rng = np.random.default_rng(19)
    for _ in range(60):
        reference, windows = int(rng.integers(1, 20)), int(rng.integers(1, 12))
        columns = []
        for k in range(3):
            bins = int(rng.integers(1, 12))
            rows = rng.choice([0, 1, 40, 5_000], size=reference + windows)
            counts = rng.multinomial(rows, rng.dirichlet(np.full(bins + 1, 0.3))).astype(float)
            if rng.random() < 0.4:
                counts[slice(reference) if rng.random() < 0.5 else slice(reference, None)] = 0
            ordered = bool(rng.random() < 0.5) and bins > 1
            columns.append(Counted(name=f"c{k}", ordered=ordered, reference=counts[:reference], windows=counts[reference:]))
        with np.errstate(divide="raise", invalid="raise"):
            found = detect(stacked(columns))
        assert all(np.isfinite(each).all() for each in (found.evidence, found.effect, found.low, found.high, found.before, found.now))
        assert (found.evidence[~found.judged] < 0).all()


def test_a_weekday_that_the_reference_never_had_is_not_judged() -> None:
    """Check a log that rests on Sundays throughout its reference, and then does not."""
    shares = drawn(replace(SEASON, season=0.5), Log(rows=2_000, reference=28, windows=14, columns=4), np.random.default_rng(20))
    assert shares.starts is not None
    work = [i for i, at in enumerate(shares.starts[0]) if at.weekday() < 6]
    rested = stacked(
        [replace(column, reference=column.reference[work]) for column in shares.columns], length=shares.length,
        starts=(tuple(shares.starts[0][i] for i in work), shares.starts[1]),
    )  # fmt: skip
    found = detect(rested)
    assert found.calibration.seasonal.any()
    sunday = np.asarray([at.weekday() == 6 for at in shares.starts[1]])
    assert (found.judged[found.calibration.seasonal] == ~sunday).all()
    assert (found.evidence[found.calibration.seasonal][:, sunday] < 0).all()
