"""The probe over a stored log: every detector says something, with the rows it used, and audits tell it later."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from audits import multivariate as measures
from audits.examine import examine
from audits.probes import batch_detectors, multivariate, online_detectors
from tests.audits.probes.conftest import planted


@pytest.fixture(scope="module")
def found(stored):
    """What the probe says of a log whose last day has another income."""
    frame = planted(4000)
    last = frame["time"] >= frame["time"].max().normalize()
    frame.loc[last, "income"] *= 1.6
    with pytest.MonkeyPatch.context() as patch, stored(frame) as logged:
        for name, value in (("BOOTSTRAPS", 800), ("RUN_TIME", 80), ("WINDOWS", (20,)), ("STREAM_ROWS", 100), ("REFERENCE_ROWS", 300)):
            patch.setattr(online_detectors, name, value)
        said: list[str] = []
        body = multivariate.run(logged.warehouse, logged.model, logged.evidence, rows=500, progress=said.append)
        yield logged.evidence, body, said


def test_every_detector_answers_with_its_budget(found) -> None:
    _, body, said = found
    json.dumps(body, allow_nan=False)
    names = {audit.name for audit in measures.AUDITS}
    assert set(body["parts"]) == names == {"domain_classifier_auc", "reconstruction_error", "second_opinion", *batch_detectors.NAMES,
                                           *multivariate.ONLINE}  # fmt: skip
    assert all((0 < part["rows_used"] <= 500) == ("reason" not in part) for part in body["parts"].values())
    assert all(part["rows_available"] > 500 and part["seconds"] >= 0 for part in body["parts"].values())
    assert not [part["reason"] for part in body["parts"].values() if part.get("reason", "").startswith("it broke")]
    assert len(said) == len(names)
    assert any("not run" in line for line in said) == any("reason" in part for part in body["parts"].values())


def test_audits_tell_what_the_probe_found(found) -> None:
    evidence, body, _ = found
    run = examine(replace(evidence, probes={"multivariate": body}), {}, card={}, audits=measures.AUDITS)
    assert not [failure for failure in run.errors if failure.error]
    rows = {row["name"]: row for row in run.findings.to_pylist()}
    told = rows["domain_classifier_auc"]
    assert told["value"] == body["parts"]["domain_classifier_auc"]["value"]
    assert told["low"] > 0.6  # 1.6 times the income is 0.94 deviations of its logarithm
    assert json.loads(told["tables"])["features"][0] == "income"
    assert told["window_start"] == evidence.windows[len(evidence.windows) - 1].start
    opinion = rows["second_opinion"]
    assert opinion["value"] == pytest.approx(body["parts"]["second_opinion"]["drifted"] / opinion["n"])
    assert np.isfinite(opinion["low"])


def test_without_the_probe_there_is_one_line(found) -> None:
    evidence, _, _ = found
    run = examine(evidence, {}, card={}, audits=measures.AUDITS)
    assert run.findings.num_rows == 0
    assert {failure.reason for failure in run.errors} == {"not run: candor audit --multivariate"}
