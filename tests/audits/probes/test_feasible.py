"""What may change of a row, how far it is, and the way there and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from audits.probes.feasible import TENTHS, Change, Space, space
from connectors.config import ModelFile

DRAWN = np.random.default_rng(1)
ROWS = [
    {
        "income": float(income), "age": int(age), "late": int(late), "job": str(job), "sex": str(sex), "one": 3.0, "score": 0.5,
        "decision": 1, "reference": True,
    }
    for income, age, late, job, sex in zip(
        DRAWN.normal(100, 20, 200), DRAWN.integers(18, 80, 200), DRAWN.poisson(0.3, 200), DRAWN.choice(["a", "b", "c"], 200),
        DRAWN.choice(["F", "M"], 200), strict=True,
    )
]  # fmt: skip
TABLE = pa.table(
    {
        "income": [100.0, None, 1000.0], "age": pa.array([40, 41, 99], pa.int64()), "late": pa.array([0, 1, 2], pa.int32()),
        "job": ["a", None, "odd"], "sex": ["F", "M", "F"], "one": [3.0, 3.0, 3.0], "note": ["x", "y", "z"],
    }
)  # fmt: skip
NAMES = ("income", "age", "late", "job", "sex", "one")


@pytest.fixture(scope="module")
def evidence(evidence_of):
    return evidence_of([*ROWS, {**ROWS[0], "reference": False}], protected=["sex"])


def space_of(evidence, **declared):
    model = replace(evidence.model, model=ModelFile(**({"format": "onnx", "monotone": {}} | declared)))
    return space(model, evidence, NAMES, TABLE)


def test_what_may_change_comes_from_the_reference(evidence):
    found = {change.name: change for change in space_of(evidence).changes}
    income = np.asarray([row["income"] for row in ROWS])
    assert (found["income"].low, found["income"].high) == (income.min(), income.max())
    assert found["income"].spread == pytest.approx(np.diff(np.quantile(income, [0.1, 0.9]))[0] / TENTHS, rel=0.01)
    assert found["late"].spread == pytest.approx(np.std([row["late"] for row in ROWS]))  # its deciles are one and the same value
    assert (found["age"].whole, found["late"].whole, found["income"].whole) == (True, True, False)
    assert (found["sex"].fixed, found["one"].fixed, found["income"].fixed) == ("protected", "the same in the whole reference", "")
    assert set(found["job"].levels[: found["job"].observed]) == {"a", "b", "c"}
    assert found["job"].levels[3:] == ("odd",)


def test_the_configuration_goes_first(evidence):
    found = {
        change.name: change
        for change in space_of(evidence, immutable=("age", "job"), monotone={"income": "up"}, ranges={"income": (0.0, 500.0)}).changes
    }
    assert (found["age"].fixed, found["job"].fixed) == ("declared immutable",) * 2
    assert (found["income"].low, found["income"].high, found["income"].direction) == (0.0, 500.0, 1)


def test_rows_go_there_and_back_in_the_types_that_were_logged(evidence):
    found = space_of(evidence)
    x0 = found.encode(TABLE)
    assert found.decode(TABLE, x0).equals(TABLE)
    x = x0.copy()
    x[0, found.places["income"]], x[0, found.places["age"]], x[2, found.places["job"]] = 120.5, 41.0, 1.0
    back = found.decode(TABLE, x)
    assert back.schema.equals(TABLE.schema)
    assert back.column("income").to_pylist() == [120.5, None, 1000.0]
    assert back.column("age").to_pylist() == [41, 41, 99]
    assert back.column("job").to_pylist() == ["a", None, found.changes[3].levels[1]]
    assert back.column("note").to_pylist() == ["x", "y", "z"]


@pytest.mark.parametrize("column", [pa.array([True, False, None]), pa.array(["true", "false", None]).dictionary_encode()])
def test_flags_and_dictionaries_are_levels(evidence_of, column):
    flags = ["true", "false"] * 20
    rows = [{"flag": flag, "score": 0.5, "decision": 1, "reference": True} for flag in flags]
    seen = evidence_of([*rows, {**rows[0], "reference": False}])
    table = pa.table({"flag": column})
    found = space(seen.model, seen, ("flag",), table)
    x0 = found.encode(table)
    back = found.decode(table, np.where(np.isfinite(x0), 1 - x0, x0))
    assert [None if x is None else str(x).lower() for x in back.column("flag").to_pylist()] == ["false", "true", None]


def test_what_is_impossible_is_taken_back(evidence):
    found = space_of(evidence, immutable=("late",), monotone={"income": "up"}, ranges={"income": (0.0, 500.0)})
    x0 = found.encode(TABLE)
    wished = x0.copy()
    wished[0] = [-50, 40.6, 7, 3, 1, 9]  # income only grows; age is whole; late is immutable; "odd" was not in the reference
    wished[1] = [80, 17, 1, 0, 1, 3]  # a missing income and job stay missing; nobody in the reference was younger than its youngest
    wished[2] = [2000, 120, 2, 1, 0, 3]  # beyond the range already: it can stay, and not go further
    youngest = min(row["age"] for row in ROWS)
    expected = x0.copy()
    expected[0, 1], expected[1, 1], expected[2, 3] = 41, youngest, 1
    reached = found.project(x0, wished)
    np.testing.assert_array_equal(reached, expected)
    assert found.feasible(x0, wished).tolist() == [False, False, False]
    assert found.feasible(x0, reached).all()
    assert found.feasible(x0, x0).all()


def test_distances_worked_by_hand():
    found = Space(changes=(Change(name="x", spread=2.0), Change(name="y", spread=10.0), Change(name="c", levels=("a", "b"), observed=2)))
    x0 = np.asarray([[0.0, 0.0, 0.0], [1.0, np.nan, 1.0]])
    x = np.asarray([[6.0, -40.0, 0.0], [1.0, np.nan, 0.0]])
    np.testing.assert_allclose(found.moves(x0, x), [[3, -4, 0], [0, 0, 1]])  # 6 / 2, -40 / 10; another level is 1
    np.testing.assert_allclose(found.distance(x0, x), [5, 1])  # √(3² + 4²)
    np.testing.assert_allclose(found.distance(x0, x, order=1), [7, 1])
