"""How often decisions turn when inputs are a little off: rates known in advance, and what cannot be asked."""

from __future__ import annotations

import json
import time

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from audits.probes import perturbations
from audits.probes.altered import alterations
from audits.probes.feasible import Change, Space
from audits.robustness.flip_rate import flip_rate
from audits.robustness.protected_flip_rate import protected_flip_rate
from connectors.config import ModelFile
from connectors.errors import CandorError
from tests.audits.robustness.known_models import BIAS, CUT, WEIGHTS, Known, linear, matrix

EVERY = ("income", "debt", "age", "job", "sex")


def mixed(rows):
    """Decide as the log does, but take 0.8 off women's log-odds, 0.5 off where the job is unknown, and refuse nothing."""
    x = np.nan_to_num(matrix(rows, tuple(WEIGHTS)), nan=0.0) @ np.asarray(list(WEIGHTS.values())) + BIAS
    women = np.asarray([text == "F" for text in rows.column("sex").to_pylist()])
    known = np.asarray([text in ("clerk", "cook", "nurse") for text in rows.column("job").to_pylist()])
    return 1 / (1 + np.exp(-(x - 0.4 * women - 0.5 * ~known + 0.2)))


@pytest.fixture(scope="module")
def table():
    return pa.table({"x": [1.0, None, 12345.0], "k": pa.array([1, 2, 3], pa.int64()), "c": ["ab", None, "cd"], "sex": ["F", "M", "F"]})


SPACE = Space(
    changes=(
        Change(name="x", spread=2.0, low=0.0, high=20000.0, direction=1),
        Change(name="k", fixed="declared immutable", low=0, high=5, whole=True),
        Change(name="c", levels=("ab", "cd"), observed=2), Change(name="sex", fixed="protected", levels=("F", "M"), observed=2),
    )
)  # fmt: skip


def test_every_alteration_does_what_it_is_called(table):
    made = {one.name: one for one in alterations(SPACE, table, ("sex",), seed=1)}
    assert list(made)[:8] == ["noise 0.01", "noise 0.03", "noise 0.1", "noise 0.3", "noise 1", "rounding 3", "rounding 2", "rounding 1"]
    assert set(list(made)[8:]) == {"missing x", "missing k", "missing c", "missing one", "typo", "case", "space"}
    assert made["noise 0.1"].columns == ("x", "k")
    small, large = (made[name].make()[0].column("x").to_pylist() for name in ("noise 0.1", "noise 1"))
    assert (large[2] - 12345) == pytest.approx(10 * (small[2] - 12345))  # the same draw, ten times as large
    assert small[1] is None
    assert made["rounding 2"].make()[0].column("x").to_pylist() == [1.0, None, 12000.0]
    gone, counts = made["missing x"].make()
    assert gone.column("x").to_pylist() == [None, None, None]
    assert counts.tolist() == [True, False, True]  # it was missing already
    assert gone.schema.equals(table.schema)
    assert made["case"].make()[0].column("c").to_pylist() == ["AB", None, "CD"]
    one = made["missing one"].make()[0]
    assert sum(column.null_count for column in one.columns) in (3, 4, 5)
    for name, alteration in made.items():
        assert alteration.make()[0].column("sex").equals(table.column("sex")), name


def test_noise_turns_as_many_decisions_as_the_margin_says(asking, measured, figures, decided):
    body = asking(perturbations, Known(linear, names=("income", "debt", "age")), rows=900)
    json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)
    evidence = measured("perturbations", body)
    frame = decided.frame
    margin = frame[list(WEIGHTS)].to_numpy() @ np.asarray(list(WEIGHTS.values())) + BIAS - np.log(CUT / (1 - CUT))
    deviation = 0.3 * np.linalg.norm(np.asarray(list(WEIGHTS.values())) * np.asarray([20, 0.2, 18]))
    expected = norm.sf(np.abs(margin) / deviation).mean()  # noise of 0.3 spreads moves the log-odds by that deviation
    (found,) = figures(flip_rate, evidence, column="noise 0.3", version=None, slice={}, window=0)
    assert found.n == 900
    assert found.value == pytest.approx(expected, abs=0.02)
    sizes = [figures(flip_rate, evidence, column=f"noise {size}", version=None, slice={}, window=0)[0] for size in ("0.01", "0.1", "1")]
    assert [one.value for one in sizes] == sorted(one.value for one in sizes)
    assert sizes[0].value < 0.02 < sizes[2].value
    assert sizes[0].tables["size"] == 0.01
    assert {one.version for one in figures(flip_rate, evidence, column="noise 1", slice={}, window=0)} == {None, "v1", "v2"}


def test_what_the_model_does_not_answer_has_no_rate(asking, measured, figures):
    body = asking(perturbations, Known(linear), rows=300)  # NaN where a number is missing
    told = {one["name"]: one for one in body["models"][0]["perturbations"]}
    assert told["missing income"]["unanswered"] == 300
    assert not figures(flip_rate, measured("perturbations", body), column="rounding 1", window=0, slice={}, version=None)[0].value > 0.2
    assert "missing income" not in measured("perturbations", body).topics

    def choosy(rows):
        if rows.column("debt").null_count:
            raise CandorError("debt has to be there")
        return linear(rows)

    body = asking(perturbations, Known(choosy), rows=300)
    assert {"name": "missing debt", "reason": "debt has to be there"} in body["models"][0]["skipped"]
    assert "cells" in body


def test_a_protected_attribute_that_is_an_input_turns_what_it_turns(asking, measured, figures, decided):
    body = asking(perturbations, Known(mixed, names=EVERY), rows=900)
    evidence = measured("perturbations", body)
    table = pa.Table.from_pandas(decided.frame)
    cut = body["models"][0]["cut_off"]["score"]
    sexes = [mixed(table.set_column(table.schema.get_field_index("sex"), "sex", pa.array([sex] * 900))) >= cut for sex in ("F", "M")]
    (found,) = figures(protected_flip_rate, evidence, column="sex", version=None, slice={}, window=0)
    assert found.value == pytest.approx((sexes[0] != sexes[1]).mean())
    assert found.value > 0.02
    (levels,) = found.tables["by_version"]
    favorable = dict(zip(levels["levels"], levels["favorable"], strict=True))
    assert favorable == pytest.approx({"F": sexes[0].mean(), "M": sexes[1].mean()})
    (race,) = figures(protected_flip_rate, evidence, column="race")
    assert race.value is None
    assert "no input of the model" in race.reason
    surrogates = body | {"models": [one | {"kind": "surrogate"} for one in body["models"]]}
    (race,) = figures(protected_flip_rate, measured("perturbations", surrogates), column="race")
    assert race.value is None
    assert race.reason == "it was not given to the surrogate: whether the model uses it cannot be told from the log"


def test_slips_of_the_pen_count_where_the_model_reads_texts(asking, measured, figures):
    evidence = measured("perturbations", asking(perturbations, Known(mixed, names=EVERY), rows=900))
    rates = {one.column: one for one in figures(flip_rate, evidence, version=None, slice={}, window=0)}
    # a typo, a case and a space all make the job unknown to this model, and that costs the same
    assert rates["typo"].value == rates["case"].value == rates["space"].value == rates["missing job"].value > 0
    assert rates["missing one"].value > 0


def test_the_deadline_holds(asking):
    def slow(rows):
        time.sleep(0.1)
        return linear(rows)

    began = time.monotonic()
    body = asking(perturbations, Known(slow), rows=300, seconds=1.2)  # twelve ways of being off, a tenth of a second each, and more before
    assert time.monotonic() - began < 5
    assert body["models"][0]["skipped"]
    assert all(one["reason"] == "no time was left for it" for one in body["models"][0]["skipped"])
    assert "cells" in body


def test_a_regression_has_nothing_to_turn(asking, decided, monkeypatch):
    from dataclasses import replace

    model = replace(decided.model, task="regression", model=ModelFile(format="onnx"))
    body = perturbations.run(decided.warehouse, model, decided.evidence, progress=lambda _: None)
    assert body["reason"] == "a regression takes no decision that could turn"


def test_the_list_of_findings_stays_short(asking, measured, figures):
    evidence = measured("perturbations", asking(perturbations, Known(linear), rows=600))
    every = figures(flip_rate, evidence)
    assert {(one.window > 0, bool(one.slice)) for one in every if one.column == "noise 1"} == {(False, False), (False, True), (True, False)}
    assert any(one.window > 0 and one.slice for one in every if one.column == "noise 0.1")
    assert sum(one.tables is not None for one in every) == len({one.column for one in every})
