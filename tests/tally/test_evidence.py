"""Evidence lays tallies out over version x window x slice exactly as a group-by over the rows does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.evidence import Evidence
from audits.gather import gather
from audits.slices import Slice
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import Warehouse, open_warehouse

TOML = """version = 1
[models.m]
title = "M"
favorable = "yes"
protected = ["sex", { column = "age", edges = [25, 46] }]
segments = ["region"]
window = "1d"
reference = { until = 2026-01-02 }
[models.m.columns]
id = "id"
time = "time"
version = "version"
score = "score"
decision = "decision"
outcome = "outcome"
[[models.m.sources]]
kind = "file"
path = "log.parquet"
"""


def rows(n: int = 4000) -> pd.DataFrame:
    r = np.random.default_rng(11)
    score = np.round(r.random(n), 3)
    minutes = np.sort(r.integers(0, 5 * 1440, n))
    return pd.DataFrame(
        {
            "id": [f"a{i}" for i in range(n)], "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(minutes, unit="min"),
            "version": np.where(minutes > 3 * 1440, "v2", "v1"), "score": np.where(r.random(n) < 0.05, np.nan, score),
            "decision": np.where(r.random(n) < 0.02, None, np.where(score > 0.5, "yes", "no")),
            "outcome": np.where(r.random(n) < 0.3, None, np.where(r.random(n) < score, "yes", "no")),
            "sex": r.choice(["F", "M", ""], n, p=[0.5, 0.45, 0.05]), "age": r.integers(18, 80, n), "region": r.choice(["n", "s"], n),
            "x": r.normal(size=n),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Evidence, pd.DataFrame, Path]]:
    folder = tmp_path_factory.mktemp("evidence")
    frame = rows()
    frame.astype({"time": "datetime64[us]"}).to_parquet(folder / "log.parquet")
    (folder / "candor.toml").write_text(TOML)
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        evidence = gather(warehouse, config.models["m"], progress=lambda text: None)
        level = pd.cut(frame["age"], [-np.inf, 24, 45, np.inf], labels=["<25", "25-45", "46+"]).astype(str)
        frame = frame.assign(sex=frame["sex"].replace("", "Unknown"), age=level)
        yield warehouse, evidence, frame, folder


def _chosen(evidence: Evidence, frame: pd.DataFrame, version: int, window: int, place: int) -> pd.DataFrame:
    found = frame[(frame["time"] >= evidence.windows[window].start) & (frame["time"] < evidence.windows[window].end)]
    if evidence.versions[version] is not None:
        found = found[found["version"] == evidence.versions[version]]
    for name, level in evidence.slices[place].levels:
        found = found[found[name] == level]
    return found


def test_layout(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    _, evidence, frame, _ = opened
    assert evidence.reference.kind == "until"
    assert evidence.reference.n == (frame["time"] < "2026-01-02").sum()
    assert len(evidence.windows) == 5
    assert evidence.windows[0].start == pd.Timestamp("2026-01-02")
    assert evidence.versions == (None, "v1", "v2")
    assert evidence.attributes == ("sex", "age", "age,sex")
    assert evidence.slices[0] == Slice.all()
    assert Slice.of({"region": "n"}) in evidence.slices
    assert evidence.coverage.used == len(frame)


def test_counts_are_those_of_the_rows(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    _, evidence, frame, _ = opened
    versions, windows, slices = evidence.shape
    for version in range(versions):
        for window in range(windows):
            for place in range(slices):
                found = _chosen(evidence, frame, version, window, place)
                decision = found["decision"].map({"no": 0, "yes": 1}).fillna(2).astype(int)
                outcome = found["outcome"].map({"no": 0, "yes": 1}).fillna(2).astype(int)
                wanted = np.zeros((3, 3))
                np.add.at(wanted, (decision, outcome), 1)
                assert (evidence.counts.table[version, window, place] == wanted).all()


def test_margins_and_coarse_bins_hold_every_scored_row(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    _, evidence, frame, _ = opened
    singles = [i for i, found in enumerate(evidence.slices) if len(found.levels) <= 1]
    n, score = evidence.margin(singles)
    crossed = [i for i, found in enumerate(evidence.slices) if len(found.levels) == 2]
    coarse, _ = evidence.coarse(crossed)
    for window in range(len(evidence.windows)):
        for place, position in enumerate(singles):
            found = _chosen(evidence, frame, 0, window, position)
            assert n[window, place].sum() == found["score"].notna().sum()
            assert score[window, place].sum() == pytest.approx(found["score"].sum())
        for place, position in enumerate(crossed):
            assert coarse[window, place].sum() == _chosen(evidence, frame, 0, window, position)["score"].notna().sum()


def test_the_median_and_the_rows_above_it_are_exact(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    _, evidence, frame, _ = opened
    for window in range(len(evidence.windows)):
        scored = _chosen(evidence, frame, 0, window, 0)["score"].dropna()
        assert evidence.medians[window] == scored.median()
        for place, found in enumerate(evidence.slices):
            if "region" not in found.attributes:
                mine = _chosen(evidence, frame, 0, window, place)["score"].dropna()
                assert evidence.above[window, place] == (len(mine), (mine > scored.median()).sum())


def test_another_audit_reads_no_rows_again(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    warehouse, evidence, _, folder = opened
    before = [(p.prediction_tally, p.outcome_tally) for p in evidence.tally.partitions]
    again = gather(warehouse, load(folder / "candor.toml").models["m"], progress=lambda text: None)
    assert [(p.prediction_tally, p.outcome_tally) for p in again.tally.partitions] == before
    assert (again.counts.table == evidence.counts.table).all()


def test_another_protected_attribute_is_counted_without_new_bins(opened: tuple[Warehouse, Evidence, pd.DataFrame, Path]) -> None:
    warehouse, evidence, _, folder = opened
    model = load(folder / "candor.toml").models["m"]
    again = gather(warehouse, replace(model, protected=model.protected[:1]), progress=lambda text: None)
    assert again.attributes == ("sex",)
    assert again.bins.fingerprint == evidence.bins.fingerprint
