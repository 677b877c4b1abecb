"""Late outcomes added to a tally give what counting everything again gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from audits.evidence import Evidence
from audits.gather import gather
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.tally.test_evidence import rows

TOML = """version = 1
[models.m]
title = "M"
favorable = "yes"
protected = ["sex", { column = "age", edges = [25, 46] }]
segments = ["region"]
window = "1d"
[models.m.columns]
id = "id"
time = "time"
version = "version"
score = "score"
decision = "decision"
outcome = "outcome"
outcome_time = "seen"
[[models.m.sources]]
kind = "file"
path = "log.parquet"
rows = "predictions"
[[models.m.sources]]
kind = "file"
path = "outcomes-*.parquet"
rows = "outcomes"
"""


def evidence(folder: Path, said: list[str]) -> Evidence:
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        return gather(warehouse, config.models["m"], progress=said.append)


def test_late_outcomes_are_added_not_counted_again(tmp_path: Path) -> None:
    frame = rows(3000).astype({"time": "datetime64[us]"})
    outcomes = frame.loc[frame["outcome"].notna(), ["id", "outcome", "time"]].rename(columns={"time": "seen"})
    outcomes["seen"] = outcomes["seen"] + pd.Timedelta(days=3)
    early = np.random.default_rng(2).random(len(outcomes)) < 0.6
    folders = [tmp_path / "late", tmp_path / "at once"]
    for folder in folders:
        folder.mkdir()
        (folder / "candor.toml").write_text(TOML)
        frame.drop(columns="outcome").to_parquet(folder / "log.parquet")
        outcomes[early].to_parquet(folder / "outcomes-1.parquet")
    said: list[str] = []
    before = evidence(folders[0], said)
    for folder in folders:
        outcomes[~early].to_parquet(folder / "outcomes-2.parquet")
    late = evidence(folders[0], said)
    whole = evidence(folders[1], [])
    assert any("adding late outcomes" in line for line in said)
    assert before.counts.labelled[0, 0, 0] < late.counts.labelled[0, 0, 0] == len(outcomes)
    assert (late.counts.table == whole.counts.table).all()
    assert late.slices == whole.slices
    for name, values in whole.counts.sums.items():
        np.testing.assert_allclose(late.counts.sums[name], values, rtol=1e-9, atol=1e-9)
    singles = [i for i, found in enumerate(whole.slices) if len(found.levels) < 2]
    crossed = [i for i, found in enumerate(whole.slices) if len(found.levels) == 2]
    ours, theirs = ((*found.margin(singles), *found.coarse(crossed)) for found in (late, whole))
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-9, atol=1e-9)
    assert late.tally.maturity["n"].sum() == whole.tally.maturity["n"].sum() == len(outcomes)
    assert late.medians == whole.medians
    assert late.above == whole.above
