"""One prediction for a page: kept, on record once a look, and "busy" at once while somebody writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.gather import gather
from connectors.config import load
from connectors.errors import UsageError
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from dashboard import explaining
from reports.explanation_words import FIRST_WINDOW, told
from tests.audits.probes.one_worlds import Function, scorer

TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
window = "100 rows"
[models.loans.columns]
id = "id"
score = "score"
decision = "decision"
[[models.loans.sources]]
kind = "file"
path = "log.parquet"
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The configuration of a log of 200 rows, whose surrogate is a function."""
    x = np.random.default_rng(1).random(200).round(3)
    pd.DataFrame({"id": [f"k{i}" for i in range(200)], "x": x, "score": x, "decision": (x >= 0.4).astype(int)}).to_parquet(
        tmp_path / "log.parquet"
    )
    (tmp_path / "candor.toml").write_text(TOML)
    config = load(tmp_path / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        gather(warehouse, config.model("loans"), progress=lambda _: None)
    model = Function(names=("x",), call=lambda rows: rows["x"].to_numpy())
    monkeypatch.setattr("audits.probes.surrogate.surrogates", lambda *_, **__: [scorer(model, kind="surrogate")])
    yield str(tmp_path / "candor.toml")
    explaining._explainer.clear()
    explaining._looks().clear()


def test_explained_and_on_record(page: str) -> None:
    found = explaining.explained(page, "loans", "k7", who="ann")
    assert found.prediction.id == "k7"
    assert found.waterfall is not None
    assert FIRST_WINDOW in told(found)["budget"]  # this log names no reference
    assert explaining.explained(page, "loans", "k7", who="ann") is found  # kept, and the page is only drawn again
    explaining.explained(page, "loans", "k7", who="bob")
    assert [(each.who, each.id) for each in explaining.views(page, "loans")] == [("bob", "k7"), ("ann", "k7")]


def test_a_look_at_nobody_is_on_record_too(page: str) -> None:
    with pytest.raises(UsageError, match='the nearest is "k7"'):
        explaining.explained(page, "loans", "k7x", who="ann")
    assert [each.id for each in explaining.views(page, "loans")] == ["k7x"]


def test_busy(page: str) -> None:
    with open_warehouse(load(Path(page)).warehouse), pytest.raises(explaining.BusyError, match="Try again in a moment"):
        explaining.explained(page, "loans", "k7", who="ann")
