"""`brier_reliability`, `brier_resolution` and `brier_uncertainty`: by hand, from rows, and closing to the Brier score."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from audits.evidence import Evidence
from audits.performance.score_bins import ScoreBins
from audits.registry import find
from tests.audits.performance.looking import figure

Build = Callable[..., Evidence]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Build) -> None:
    """Ten at 0.2 of which 4 are positive, ten at 0.8 of which 7; base rate 0.55.

    Reliability (0.2² + 0.1²) / 2, resolution 0.15², uncertainty 0.55 x 0.45; 0.025 - 0.0225 + 0.2475 = 0.25.
    """
    rows = [{"score": 0.2, "outcome": int(i < 4)} for i in range(10)] + [{"score": 0.8, "outcome": int(i < 7)} for i in range(10)]
    evidence = evidence_of(rows)
    wanted = {"reliability": 0.025, "resolution": 0.0225, "uncertainty": 0.2475}
    for name, value in wanted.items():
        assert figure(evidence, f"brier_{name}").value == pytest.approx(value, abs=1e-12)
    table = figure(evidence, "brier_score").tables
    assert table == pytest.approx(wanted | {"within_bin_variance": 0.0, "within_bin_covariance": 0.0, "bins": 10, "n": 20}, abs=1e-12)
    assert figure(evidence, "brier_score").value == pytest.approx(0.25)


@pytest.mark.parametrize("positive", [1, 0])
def test_parts_close_to_the_score(evidence_of: Build, random_rows: Rows, positive: int) -> None:
    """To 1e-12 for every group, intersection, version and window, scores on their grid or in 20 bins; rows without outcomes left out."""
    rows = [
        row | {"race": "AB"[i // 2 % 2], "day": i % 3, "version": f"v{i % 2}", "outcome": None if i % 9 == 8 else row["outcome"]}
        for i, row in enumerate(random_rows)
    ]
    evidence = evidence_of(rows, protected=("sex", "race"), positive=positive)
    values: dict[str, dict[tuple[int, ...], float]] = {}
    for name in ("score", "reliability", "resolution", "uncertainty"):
        values[name] = {}
        for block in find(f"brier_{name}")(evidence):
            cells = zip(block.version.tolist(), block.window.tolist(), block.slice.tolist(), strict=True)
            values[name] |= dict(zip(cells, block.value.tolist(), strict=True))
    assert len(values["score"]) == 3 * 4 * 9 - 2 * 3 * 4  # of the two versions the four intersections only over the whole period
    for cell, score in values["score"].items():
        closed = values["reliability"][cell] - values["resolution"][cell] + values["uncertainty"][cell]
        assert closed == pytest.approx(score, abs=1e-12), cell
    kept = [row for row in rows if row["outcome"] is not None]
    exact = brier_score_loss([row["outcome"] == positive for row in kept], [row["score"] for row in kept])
    assert values["score"][0, 0, 0] == pytest.approx(exact, abs=1e-12)


def test_parts_from_rows(evidence_of: Build, random_rows: Rows) -> None:
    """The definitions of Stephenson and others, over rows sorted by score and cut where the reliability curve cuts them."""
    evidence = evidence_of(random_rows)
    table, n = figure(evidence, "brier_score").tables, figure(evidence, "expected_calibration_error").tables["n"]
    order = np.argsort([row["score"] for row in random_rows])
    f, o = (np.asarray([random_rows[i][name] for i in order], dtype=float) for name in ("score", "outcome"))
    parts = np.split(np.arange(500), np.cumsum(n)[:-1])
    mean_f, mean_o = (np.concatenate([np.full(len(part), x[part].mean()) for part in parts]) for x in (f, o))
    wanted = {
        "reliability": ((mean_f - mean_o) ** 2).mean(), "resolution": ((mean_o - o.mean()) ** 2).mean(),
        "uncertainty": o.mean() * (1 - o.mean()), "within_bin_variance": ((f - mean_f) ** 2).mean(),
        "within_bin_covariance": 2 * ((f - mean_f) * (o - mean_o)).mean(), "bins": 10, "n": 500,
    }  # fmt: skip
    assert table == pytest.approx(wanted, abs=1e-12)


def test_uncertainty_follows_the_base_rates_interval(evidence_of: Build) -> None:
    """30 of 100 positive: Wilson's 0.2189 to 0.3959, so 0.2189 x 0.7811 to 0.3959 x 0.6041; around one half the top is a quarter."""
    found = figure(evidence_of([{"score": 0.5, "outcome": int(i < 30)} for i in range(100)]), "brier_uncertainty")
    assert found.value == pytest.approx(0.21)
    assert (found.low, found.high) == pytest.approx((0.17098, 0.23916), abs=1e-4)
    found = figure(evidence_of([{"score": 0.5, "outcome": int(i < 48)} for i in range(100)]), "brier_uncertainty")
    assert found.high == 0.25


def test_one_kind_of_outcome(evidence_of: Build) -> None:
    """Nobody positive: no uncertainty and nothing to resolve; the whole score is unreliability."""
    evidence = evidence_of([{"score": 0.25, "outcome": 0}] * 8)
    assert [figure(evidence, f"brier_{name}").value for name in ("reliability", "resolution", "uncertainty")] == [0.0625, 0.0, 0.0]


def test_no_outcome(evidence_of: Build) -> None:
    """A window without any outcome says so."""
    rows = [{"score": 0.25, "outcome": 1, "day": 0}, {"score": 0.5, "outcome": 0, "day": 0}, {"score": 0.5, "outcome": None, "day": 1}]
    block = next(iter(find("brier_resolution")(evidence_of(rows))))
    at = int(np.flatnonzero(block.window == 2)[0])
    assert np.isnan(block.value[at])
    assert block.reason[at] == "no scored prediction with a known outcome"


@pytest.mark.parametrize(
    ("scores", "rates"),
    [((0.05, 0.85), (0.15, 0.95)), ((0.05, 0.95), (0.23, 0.77)), ((0.05, 0.95), (0.3, 0.3)), ((0.05, 0.95), (0.05, 0.95))],
)
def test_coverage(scores: tuple[float, float], rates: tuple[float, float]) -> None:
    """500 rows in ten bins, off by 0.1, too steep, useless or calibrated: the intervals hold the truth in 93 % of 2,000 samples."""
    from audits.performance.brier_parts import _of_block
    from audits.performance.equal_mass import equal_mass, places

    draw, s, p = np.random.default_rng(12), np.linspace(*scores, 10), np.linspace(*rates, 10)
    rows = draw.multinomial(500, np.full(10, 0.1), 2000).astype(float)
    hits = draw.binomial(rows.astype(int), p).astype(float)
    zeros = np.zeros(2000, dtype=np.int64)
    block = ScoreBins(version=0, window=zeros, slice=zeros, positives=hits, negatives=rows - hits, score=rows * s, score_positives=hits * s)
    place = places(block)
    found = _of_block(SimpleNamespace(counts=SimpleNamespace(sums={})), block, place, equal_mass(block, place))  # type: ignore[arg-type]
    for truth, low, high in (
        (((s - p) ** 2).mean(), found.reliability_low, found.reliability_high),
        (((p - p.mean()) ** 2).mean(), found.resolution_low, found.resolution_high),
    ):
        assert np.mean((low <= truth + 1e-12) & (truth <= high + 1e-12)) >= 0.93
