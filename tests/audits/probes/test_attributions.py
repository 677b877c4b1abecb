"""The probe on a stored log: a proxy is found and its absence is quiet; sums hold in every group; a broken model gives its reason."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.examine import examine
from audits.explanations import AUDITS
from audits.probed_cells import Cells
from audits.probes import attributions
from audits.probes.scorer import NoScorer, Scorer
from audits.slices import Slice
from connectors.model_parts import Linear, Trees
from tests.audits.probes.ensembles import encoding, made

NAMES = ("income", "height")
OPTIONS = {"rows": 2500, "progress": lambda _: None}


def stumps(income: float, height: float) -> Trees:
    """Make trees that add `income` above 27,000 and `height` above 171, and take as much below; more where both are high."""
    parts = {
        "left": [1, -1, -1, 4, -1, -1, 7, -1, 9, -1, -1], "right": [2, -1, -1, 5, -1, -1, 8, -1, 10, -1, -1],
        "feature": [0, -1, -1, 1, -1, -1, 0, -1, 1, -1, -1],
        "threshold": [27_000, np.nan, np.nan, 171, np.nan, np.nan, 27_000, np.nan, 171, np.nan, np.nan],
        "value": [0, -income, income, 0, -height, height, 0, 0, 0, 0, 0.4 * (height > 0)],
        "cover": [10, 5, 5, 10, 5, 5, 10, 5, 5, 2, 3],
    }  # fmt: skip
    return made(parts | {"default": parts["left"]}, [0, 3, 6, 11], encoding(list(NAMES)))


@dataclasses.dataclass
class Model:
    """What the trees, or a weighted sum, answer."""

    parts: Any

    names = NAMES
    fingerprint = "f"
    classes = ()

    def matrix(self, rows: pa.Table) -> Any:
        return np.stack([rows.column(name).to_numpy() for name in NAMES], axis=1).astype(float)

    def predict(self, rows: pa.Table) -> Any:
        return 1 / (1 + np.exp(-self.parts.margin(self.matrix(rows))))

    def owner(self) -> Any:
        return np.arange(2)

    def trees(self) -> Any:
        return self.parts if isinstance(self.parts, Trees) else None

    def linear(self) -> Any:
        return self.parts if isinstance(self.parts, Linear) else None


@pytest.fixture(scope="module")
def explained(logged):
    """Give the function that explains the planted log by some model, and the evidence with the answer."""

    def run(parts: Any) -> Any:
        @contextmanager
        def asked(*_: Any, **__: Any) -> Any:
            yield [Scorer(kind="model", asked=Model(parts=parts))]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attributions, "scorers", asked)
            body = attributions.run(logged.warehouse, logged.model, logged.evidence, **OPTIONS)
        return dataclasses.replace(logged.evidence, probes={"attributions": body | {"created": "2026-01-07T00:00:00Z"}})

    return run


@pytest.fixture(scope="module")
def proxied(explained):
    """Give the evidence of a model that uses height, which tells sex."""
    return explained(stumps(0.5, 1.0))


def found(evidence, name):
    """List the figures of one measure over the whole period."""
    table = examine(evidence, {}, card={}, audits=[each for each in AUDITS if each.name == name]).findings
    return [row for row in table.to_pylist() if row["whole"]]


def test_the_receipt_says_which_rows_and_how_exact(proxied):
    body = proxied.probes["attributions"]
    release = body["releases"][0]
    assert (body["rows_used"], body["rows_available"]) == (2500, 9000)
    assert release["background_used"] == release["background_available"] == body["reference_available"]
    assert (release["method"], release["scale"], release["order"]) == ("tree", "log-odds", ["height", "income"])
    assert release["adds_up_to"] < 1e-9
    assert release["check"]["interventional"] < 1e-6
    assert body["seconds"] >= 0


def test_a_planted_proxy_is_found_and_carries_the_gap(proxied):
    sexes = [row for row in found(proxied, "mean_attribution_difference") if row["attribute"] == "sex"]
    by_column = {row["column"]: row for row in sexes}
    assert by_column["height"]["q_value"] < 1e-6
    assert by_column["income"]["q_value"] > 0.05
    gap = sum(row["value"] for row in sexes)
    cells = Cells.of(proxied, "attributions")
    place = {level: proxied.slices.index(Slice.of({"sex": level})) for level in "FM"}
    mean = {level: sum(cells.means("attribution", name)[1][0, 0, at] for name in NAMES) for level, at in place.items()}
    assert abs(gap) == pytest.approx(abs(mean["F"] - mean["M"]), abs=1e-9)
    assert abs(gap) > 0.5
    kinds = ("logged", "explained", "unexplained")
    logged, answer, rest = ({level: cells.means(f"{kind}_score", "")[1][0, 0, at] for level, at in place.items()} for kind in kinds)
    assert {level: answer[level] + rest[level] for level in "FM"} == pytest.approx(logged)


def test_without_the_proxy_it_is_quiet(explained):
    rows = found(explained(stumps(0.5, 0.0)), "mean_attribution_difference")
    assert len(rows) >= 4
    assert min(row["q_value"] for row in rows if row["column"] == "income") > 0.05
    assert {row["value"] for row in rows if row["column"] == "height"} == {0.0}


def test_every_measure_speaks_and_nothing_shifted(proxied):
    names = {row["name"] for each in AUDITS for row in found(proxied, each.name)} - {"surrogate_fidelity"}
    assert names >= {
        "mean_absolute_attribution", "mean_attribution_difference", "attribution_shift", "attribution_ranking_similarity",
        "attribution_interaction", "attribution_stability",
    }  # fmt: skip
    assert min(row["q_value"] for row in found(proxied, "attribution_shift")) > 0.01
    assert [row["value"] for row in found(proxied, "attribution_ranking_similarity")] == [1.0]
    assert {row["column"] for row in found(proxied, "attribution_interaction")} == {"income × height"}


def test_a_weighted_sum_has_no_interactions_and_says_so(explained):
    linear = Linear(coefficients=np.asarray([1e-4, 0.1]), intercept=-20.0, link="logit", encode=encoding(list(NAMES)))
    evidence = explained(linear)
    assert evidence.probes["attributions"]["releases"][0]["method"] == "linear"
    run = examine(evidence, {}, card={}, audits=[each for each in AUDITS if each.name == "attribution_interaction"])
    assert [each.reason for each in run.errors if each.name == "attribution_interaction"] == [attributions.LINEAR]


def test_a_model_that_refuses_gives_its_reason(logged, monkeypatch):
    @contextmanager
    def broken(*_: Any, **__: Any) -> Any:
        raise NoScorer("the surrogate explains 0.10 of the scores, and 0.80 is the least")
        yield

    monkeypatch.setattr(attributions, "scorers", broken)
    body = attributions.run(logged.warehouse, logged.model, logged.evidence, **OPTIONS)
    assert body["reason"] == "the surrogate explains 0.10 of the scores, and 0.80 is the least"
    assert (body["rows_used"], body["rows_available"]) == (0, 9000)


def test_a_model_that_never_answers_a_number_gives_its_reason(logged, monkeypatch):
    @contextmanager
    def silent(*_: Any, **__: Any) -> Any:
        model = Model(parts=None)
        model.predict = lambda rows: np.full(rows.num_rows, np.nan)  # type: ignore[method-assign]
        yield [Scorer(kind="model", asked=model)]

    monkeypatch.setattr(attributions, "scorers", silent)
    body = attributions.run(logged.warehouse, logged.model, logged.evidence, rows=50, progress=lambda _: None)
    assert (body["reason"], body["rows_used"]) == (attributions.UNANSWERED, 0)


def test_rows_go_to_their_release_and_those_of_the_reference_to_the_first(logged):
    partitions = [dataclasses.replace(p, version=("v1", "v2", None)[i % 3]) for i, p in enumerate(logged.evidence.tally.partitions)]
    evidence = dataclasses.replace(logged.evidence, tally=dataclasses.replace(logged.evidence.tally, partitions=tuple(partitions)))
    rows = dataclasses.make_dataclass("Rows", ["partition", "side"])(np.arange(3), "analysed")
    scorers = [Scorer(kind="model", asked=Model(parts=None), version=version) for version in ("v1", "v2")]
    assert attributions._release_of(scorers, evidence, rows).tolist() == [0, 1, -1]
    scorers.append(Scorer(kind="model", asked=Model(parts=None)))
    assert attributions._release_of(scorers, evidence, rows).tolist() == [0, 1, 2]
