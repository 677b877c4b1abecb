"""Audits of the public data sets, made once a session through the whole path: files, ingest, tallies, findings, publication."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from audits.finding import AuditRun
from audits.run import audit
from connectors.config import Config, load
from connectors.ingest import ingest

EMPLOYMENT = """version = 1
[models.employment]
title = "Employment"
favorable = 1
protected = ["SEX", "RAC1P"]
window = "50000 rows"
[models.employment.columns]
id = "id"
score = "predicted_probability"
decision = "prediction"
outcome = "employed"
"""

COMPAS = """version = 1
[models.compas]
title = "Recidivism risk"
favorable = 0
protected = ["sex", "race", "age_cat"]
features = []
[models.compas.columns]
id = "entity_id"
decision = "score"
outcome = "label_value"
positive = 1
[[models.compas.sources]]
kind = "file"
path = "{data}/compas_for_aequitas.csv"
rows = "both"
"""


@dataclass(frozen=True)
class Audited:
    """One audited data set: its configuration, its run, its findings as a frame and the rows they came from."""

    config: Config
    run: AuditRun
    findings: pd.DataFrame
    rows: pd.DataFrame
    reference: pd.DataFrame

    def value(self, name: str, slice: Mapping[str, str] | None = None, *, attribute: str | None = None, column: str | None = None) -> float:
        """The value over the whole period, of the finding that these name; there must be exactly one."""
        f = self.findings
        chosen = f[(f["name"] == name) & f["whole"] & f["version"].isna() & (f["slice"] == json.dumps(dict(sorted((slice or {}).items()))))]
        if attribute is not None:
            chosen = chosen[chosen["attribute"] == attribute]
        if column is not None:
            chosen = chosen[chosen["column"] == column]
        assert len(chosen) == 1, f"{name} {slice} {attribute} {column}: {len(chosen)} findings"
        return float(chosen["value"].iloc[0])


def audited(folder: Path, toml: str, rows: pd.DataFrame, reference: pd.DataFrame) -> Audited:
    """Run the whole path in a folder."""
    (folder / "candor.toml").write_text(toml)
    config = load(folder / "candor.toml")
    ingest(config)
    run = audit(config)
    return Audited(config=config, run=run, findings=run.runs[0].findings.to_pandas(), rows=rows, reference=reference)


@pytest.fixture(scope="session")
def employment(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """277,677 people of the American Community Survey; the outcomes of the analysed ones come in a second file."""
    toml = EMPLOYMENT
    for name, kind in (("reference", "reference"), ("analysis", "predictions"), ("analysis_target", "outcomes")):
        toml += f'[[models.employment.sources]]\nkind = "file"\npath = "{shared_data}/employment_MA_{name}.parquet"\nrows = "{kind}"\n'
    rows = pd.read_parquet(shared_data / "employment_MA_analysis.parquet")
    rows = rows.merge(pd.read_parquet(shared_data / "employment_MA_analysis_target.parquet"), on="id")
    reference = pd.read_parquet(shared_data / "employment_MA_reference.parquet")
    return audited(tmp_path_factory.mktemp("employment"), toml, rows, reference)


@pytest.fixture(scope="session")
def compas(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """7,214 defendants with a high-risk flag, which harms, and re-arrest, which it predicts."""
    rows = pd.read_csv(shared_data / "compas_for_aequitas.csv")
    return audited(tmp_path_factory.mktemp("compas"), COMPAS.format(data=shared_data), rows, rows.iloc[:0])
