"""The registry of planted faults: every one changes what it says from its time on, and nothing before, and gives back what it was given."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from audits.registry import AUDITS
from connectors.config import Columns, ModelConfig
from connectors.errors import CandorError, UsageError
from connectors.simulated.faults import FAULTS, arrived, find, plant, plant_in_table, possible

SINCE = np.datetime64("2026-01-14", "us")
ROLES = Columns(id="id", time="at", version="model", score="p", decision="yes", outcome="paid", outcome_time="seen")
KINDS = {
    "source gone", "no data", "volume", "schema change", "type change", "missing values", "unit or scale change", "new categories",
    "frozen column", "stale data", "duplicated rows", "clock", "sampling", "model version", "train/serve skew", "label delay",
    "outcomes stopped", "covariate shift", "prior shift", "concept drift", "prediction shift",
}  # fmt: skip


def log():
    """Make 20 days of 200 rows; a second version comes on the sixth day."""
    r = np.random.default_rng(1)
    n = 4000
    at = np.sort(np.datetime64("2026-01-01", "us") + r.integers(0, 20 * 86_400_000_000, n).astype("timedelta64[us]"))
    x, z = r.lognormal(3, 0.5, n), r.normal(size=n)
    p = 1 / (1 + np.exp(3 - np.log(x) - z))
    return {
        "id": np.arange(n), "at": at, "model": np.where(at < np.datetime64("2026-01-06"), "v1", "v2").astype(object), "x": x, "z": z,
        "k": r.choice(["a", "b", "c"], n).astype(object), "p": p, "yes": (p > 0.5).astype(int), "paid": (r.random(n) < p).astype(float),
        "seen": at + np.timedelta64(2, "D"),
    }  # fmt: skip


def same(one, other):
    """Whether two columns hold the same values, missing ones included."""
    return len(one) == len(other) and bool((one.astype(str) == other.astype(str)).all())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_acts_from_its_time_on_and_only_then(name):
    clean, kept = log(), log()
    found = plant(name, clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    assert all(same(clean[column], kept[column]) for column in clean)  # what was given is as it was
    assert set(found) == set(clean)
    assert len({len(values) for values in found.values()}) == 1
    before = int((clean["at"] < SINCE).sum())
    assert all(same(found[column][:before], clean[column][:before]) for column in clean)
    assert not all(same(found[column], clean[column]) for column in clean)


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_seed_plants_the_same_fault(name):
    one, other = (plant(name, log(), ROLES, since=SINCE, rng=np.random.default_rng(2)) for _ in range(2))
    assert all(same(one[column], other[column]) for column in one)


def test_every_fault_names_a_kind_of_cause_and_a_measure():
    assert {kind for fault in FAULTS.values() for kind in (fault.cause, *fault.also)} <= KINDS
    assert {fault.rule for fault in FAULTS.values()} <= set(AUDITS)
    assert all(fault.says and fault.name == name for name, fault in FAULTS.items())


def test_what_a_log_lacks_is_said():
    bare = {name: values for name, values in log().items() if name in ("id", "at", "x", "model")}
    roles = Columns(id="id", time="at", version="model")
    assert set(FAULTS) - set(possible(bare, roles)) == {
        "category renamed", "new category", "category explosion", "columns swapped", "labels late", "negative labels stop",
        "old hyper-parameters", "concept drift", "prior shift",
    }  # fmt: skip
    with pytest.raises(CandorError, match='the fault "prior shift" cannot be planted: the log has no outcome'):
        plant("prior shift", bare, roles, since=SINCE, rng=np.random.default_rng(2))


def test_a_wrong_name_lists_the_nearest():
    with pytest.raises(UsageError, match='no fault "frozen colum"; did you mean "frozen column"'):
        find("frozen colum")


def test_what_has_arrived_by_a_moment():
    found = arrived(log(), ROLES, np.datetime64("2026-01-10"))
    known = found["paid"] == found["paid"]  # NaN differs from itself
    assert found["at"].max() <= np.datetime64("2026-01-10")
    assert found["at"][known].max() <= np.datetime64("2026-01-08")
    assert np.isnat(found["seen"][~known]).all()


def test_a_table_keeps_its_types_where_the_fault_leaves_them():
    table = pa.table({name: pa.array(values) for name, values in log().items()})
    model = ModelConfig(name="m", title="M", columns=ROLES)
    for name in FAULTS:
        found = plant_in_table(name, table, model, seed=3, since=SINCE)
        other = [column for column in table.column_names if found.schema.field(column).type != table.schema.field(column).type]
        assert other == (["x"] if name in ("type change", "decimal comma") else []), name
    assert plant_in_table("source gone", table, model, seed=3).num_rows == 0


def test_faults_of_meaning_by_hand():
    clean = log()
    late = clean["at"] >= SINCE
    swapped = plant("columns swapped", clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    assert same(swapped["x"][late], clean["z"][late])
    twice = plant("delivered twice", clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    assert len(twice["id"]) == len(late) + late.sum()
    stale = plant("stale day", clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    day = (clean["at"] >= SINCE - np.timedelta64(1, "D")) & ~late
    last = stale["at"] >= np.datetime64("2026-01-20")
    assert sorted(stale["x"][last]) == sorted(clean["x"][day])
    assert len(set(stale["id"].tolist())) == len(stale["id"])
    silent = plant("negative labels stop", clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    assert set(silent["paid"][late][~np.isnan(silent["paid"][late])]) == {1.0}
    shifted = plant("covariate shift", clean, ROLES, since=SINCE, rng=np.random.default_rng(2))
    assert shifted["x"][late].mean() > 1.2 * clean["x"][late].mean()
    assert ((shifted["seen"] - shifted["at"]) == np.timedelta64(2, "D")).all()
