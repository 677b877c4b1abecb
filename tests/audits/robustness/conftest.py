"""A stored log decided by a model that is known, and probes that ask such models instead of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from audits.evidence import Evidence
from audits.gather import gather
from audits.probes import deciders as asked_by
from audits.probes.scorer import Scorer
from connectors.config import ModelFile, load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.audits.robustness.known_models import Known, people

TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
title = "Loans"
task = "binary"
favorable = 1
protected = ["sex", "race"]
features = ["income", "debt", "age", "job", "sex"]
[models.loans.columns]
id = "id"
time = "time"
version = "version"
score = "score"
decision = "decision"
[[models.loans.sources]]
kind = "file"
path = "log.parquet"
"""


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Give the log, its evidence and the model that decided on it."""
    folder = tmp_path_factory.mktemp("decided")
    people().to_parquet(folder / "log.parquet")
    (folder / "candor.toml").write_text(TOML, encoding="utf-8")
    config = load(folder / "candor.toml")
    ingest(config)
    model = config.model("loans")
    with open_warehouse(config.warehouse) as warehouse:
        evidence = gather(warehouse, model, progress=lambda _: None)
        yield SimpleNamespace(warehouse=warehouse, model=model, evidence=evidence, frame=people())


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch, decided: SimpleNamespace) -> Callable[..., dict[str, Any]]:
    """Give the function that runs a probe against known models, with what the configuration declares of changes."""

    def ask(probe: Any, *models: Known, versions: tuple[str | None, ...] = (None,), declared: Any = None, **given: Any) -> Any:
        @contextmanager
        def scorers(*_: Any, **__: Any) -> Iterator[list[Scorer]]:
            yield [Scorer(kind="model", asked=one, version=version) for one, version in zip(models, versions, strict=True)]  # type: ignore[arg-type]

        monkeypatch.setattr(asked_by, "scorers", scorers)
        model = replace(decided.model, model=ModelFile(format="onnx", **(declared or {})))
        return probe.run(decided.warehouse, model, decided.evidence, progress=lambda _: None, **given)

    return ask


@pytest.fixture
def measured(decided: SimpleNamespace) -> Callable[..., Evidence]:
    """Give the function that puts what a probe found into the evidence."""
    return lambda name, body: replace(decided.evidence, probes={name: body})
