"""Answers of probes are kept until anything they rest on changes; one that cannot answer says why and takes nobody down."""

from __future__ import annotations

import dataclasses
import sys
from types import ModuleType

import numpy as np
import pytest

from audits.audit import audit
from audits.examine import ask
from audits.probed_cells import Cells, over_cells
from audits.probes.cells import tally_of
from audits.probes.model_rows import read_rows
from audits.what_if import run_probes, source_of, wanted, with_probes
from connectors.errors import CandorError
from connectors.model_config import Invariant, ModelFile

ROWS = 400


@audit(name="flip_rate", unit="proportion", probe="perturbations")
def flips(evidence):
    """Stand in for a measure on the probe."""
    yield from over_cells(evidence, "perturbations", "flip_rate", "proportion")


@pytest.fixture
def probe(monkeypatch):
    """Put a probe called "perturbations" in place, which counts how often it is asked."""
    module = ModuleType("audits.probes.perturbations")

    def run(warehouse, model, evidence, *, rows=ROWS, progress):
        module.asked += 1
        if module.error is not None:
            raise module.error
        read = read_rows(warehouse, model, evidence, rows=rows)
        cells = tally_of(evidence, (read, {("flip_rate", "noise"): np.ones(len(read))}))
        return {"cells": cells, "rows_used": len(read), **module.more}

    module.run, module.asked, module.error, module.more = run, 0, None, {}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_an_answer_is_kept_with_its_cells(logged, probe):
    said: list[str] = []
    asked = run_probes(logged.warehouse, logged.evidence, ["perturbations"], rows=None, progress=said.append)
    again = with_probes(logged.warehouse, logged.evidence)
    run_probes(logged.warehouse, again, ["perturbations"], rows=None, progress=said.append)
    assert probe.asked == 1
    assert said[0] == "loans: 1 of 1: perturbations"
    assert "nothing has changed since 20" in said[1]
    for mine, theirs in zip(*(Cells.of(each, "perturbations").sums("flip_rate", "noise") for each in (asked, again)), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert again.probes["perturbations"]["rows_used"] == ROWS
    run_probes(logged.warehouse, again, ["perturbations"], rows=300, progress=said.append)
    assert probe.asked == 2


def test_what_one_model_answered_is_not_told_of_another(logged, probe, tmp_path):
    def of(**given):
        model = dataclasses.replace(logged.model, model=ModelFile(format="lightgbm", **given))
        return dataclasses.replace(logged.evidence, model=model)

    asked = of(path=tmp_path / "old.txt")
    run_probes(logged.warehouse, asked, ["perturbations"], rows=None, progress=str)
    assert "perturbations" in with_probes(logged.warehouse, asked).probes
    assert "perturbations" in with_probes(logged.warehouse, of(path=tmp_path / "old.txt", memory=1_000_000)).probes
    assert "perturbations" not in with_probes(logged.warehouse, of(path=tmp_path / "new.txt")).probes
    assert "perturbations" not in with_probes(logged.warehouse, of(path=tmp_path / "old.txt", immutable=("income",))).probes


def test_what_it_was_made_from_is_known(logged, tmp_path):
    """Another budget, another file, another rule is another source; behind an address nobody knows."""
    model = tmp_path / "model.txt"
    model.write_text("one")

    def source(rows=None, **given):
        return source_of(dataclasses.replace(logged.evidence, model=dataclasses.replace(logged.model, **given)), rows)

    of_file = source(model=ModelFile(format="lightgbm", path=model))
    assert of_file == source(model=ModelFile(format="lightgbm", path=model))
    model.write_text("two")
    others = {source(), source(500), source(model=ModelFile(format="lightgbm", path=model)),
              source(invariants=(Invariant(name="a", never="income < 0"),))}  # fmt: skip
    assert len(others | {of_file}) == 5
    assert source(model=ModelFile(format="http", url="http://127.0.0.1:1")) is None


def test_a_probe_that_cannot_answer_says_why(logged, probe):
    probe.error = CandorError("model.txt: it answered with 3 rows for 5")
    said: list[str] = []
    found = run_probes(logged.warehouse, logged.evidence, ["perturbations", "perturbations"], rows=None, progress=said.append)
    assert said.count("loans: perturbations: model.txt: it answered with 3 rows for 5") == 1
    assert found.probes["perturbations"]["reason"] == "model.txt: it answered with 3 rows for 5"
    assert [(each.name, each.reason, each.error) for each in ask(found, [flips])[1]] == [
        ("flip_rate", "model.txt: it answered with 3 rows for 5", False)
    ]
    run_probes(logged.warehouse, found, ["perturbations"], rows=None, progress=str)
    assert probe.asked == 3  # a failure is not kept as an answer


def test_a_broken_probe_is_an_error_and_the_audit_goes_on(logged, probe):
    probe.error = ZeroDivisionError("division by zero")
    found = run_probes(logged.warehouse, logged.evidence, ["perturbations"], rows=None, progress=str)
    assert [(each.reason, each.error) for each in ask(found, [flips])[1]] == [("ZeroDivisionError: division by zero", True)]


def test_an_answer_that_is_no_number_is_the_fault_of_its_probe_alone(logged, probe):
    probe.more = {"share": float("nan")}
    found = run_probes(logged.warehouse, logged.evidence, ["perturbations"], rows=None, progress=str)
    ((why, error),) = [(each.reason, each.error) for each in ask(found, [flips])[1]]
    assert why.startswith("ValueError: Out of range float values")
    assert error


def test_each_probe_is_run_once_whoever_wants_it(logged):
    model = dataclasses.replace(logged.model, probes=("explain", "robustness"), invariants=(Invariant(name="a", never="income < 0"),))
    names = wanted(model, ["--explain"])
    assert len(names) == len(set(names))
    assert names[:3] == ("answers", "attributions", "effects")
    assert names[-1] == "invariants"
    assert wanted(logged.model, ["drop"]) == ("drop",)
