"""The merge law: tallies of parts add up to the tally of the whole, in any order, and refuse foreign bins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.count import count
from audits.tally import KEYS, Tally, add_up, load
from connectors import partitions
from connectors.config import WarehouseConfig
from connectors.warehouse import open_warehouse
from tests.tally.conftest import MODEL, frozen, small_log


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Tally:
    """The tally of the small log, stored and loaded through a warehouse."""
    from audits.scan import Log

    predictions, outcomes = small_log(800)
    bins = frozen(predictions)
    with open_warehouse(WarehouseConfig(path=tmp_path_factory.mktemp("merge") / "w.duckdb")) as warehouse:
        partitions.prepare(warehouse)
        warehouse.connection.execute('CREATE SCHEMA "model:small"')
        for name, frame in (("predictions", predictions), ("outcomes", outcomes)):
            warehouse.connection.register("frame", frame)
            warehouse.connection.execute(f'CREATE TABLE "model:small".{name} AS FROM frame')
            warehouse.connection.unregister("frame")
        warehouse.connection.execute(
            """INSERT INTO candor.partitions SELECT 'small', "candor:partition", NULL, 20454 + "candor:partition", FALSE, count(*), TRUE,
            TRUE, NULL, NULL FROM "model:small".predictions GROUP BY "candor:partition" """
        )
        engine = warehouse.engine
        log = Log(predictions=engine.table("model:small", "predictions"), outcomes=engine.table("model:small", "outcomes"), model=MODEL)
        cells: dict[str, int] = {}
        numbers = [p.number for p in partitions.partitions(warehouse, "small")]
        for side in partitions.TABLES:
            partitions.save(warehouse, "small", side, bins.fingerprint, numbers, count(engine, log, bins, side, None, cells))
        partitions.add_cells(warehouse, "small", cells)
        return load(warehouse, "small", bins, partitions.partitions(warehouse, "small"))


def assert_same(a: Tally, b: Tally) -> None:
    """Equal after adding up rows with equal keys; sums of floats to rounding."""
    assert [(p.version, p.bucket, p.rows) for p in a.partitions] == [(p.version, p.bucket, p.rows) for p in b.partitions]
    assert a.slices == b.slices
    for name, keys in KEYS.items():
        left, right = getattr(a, name), getattr(b, name)
        if name != "moments":
            left, right = add_up(left, keys), add_up(right, keys)
        assert left.keys() == right.keys()
        for column in left:
            if left[column].dtype == object:
                continue
            np.testing.assert_allclose(left[column].astype(float), right[column].astype(float), rtol=1e-9, atol=1e-9)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sets(st.integers(0, 3)), data=st.data())
def test_parts_add_up_to_the_whole_in_any_order(whole: Tally, first: set[int], data: st.DataObject) -> None:
    places = {p.bucket: i for i, p in enumerate(whole.partitions)}
    a = whole.select(lambda p: places[p.bucket] in first)
    b = whole.select(lambda p: places[p.bucket] not in first)
    everything = whole + whole.select(lambda p: False)
    assert_same(a + b, everything)
    assert_same(b + a, everything)


def test_adding_nothing_changes_nothing(whole: Tally) -> None:
    nothing = whole.select(lambda p: False)
    assert_same(nothing + whole, whole + nothing)


def test_between_keeps_whole_buckets(whole: Tally) -> None:
    part = whole.between(20455, 20457)
    assert [p.bucket for p in part.partitions] == [20455, 20456]
    assert part.outcome["n"][part.outcome["family"] == 0].sum() == sum(p.rows for p in part.partitions)


def test_by_keeps_the_total(whole: Tally) -> None:
    by_sex = whole.by("sex")
    assert {found.attributes for found in by_sex.slices if by_sex.outcome["slice"].size} >= {("sex",)}
    assert by_sex.outcome["n"].sum() == sum(p.rows for p in whole.partitions)
    with pytest.raises(KeyError, match="no tally holds"):
        whole.by("income")


def test_foreign_bins_do_not_merge(whole: Tally) -> None:
    with pytest.raises(ValueError, match="different bins"):
        _ = whole + replace(whole, fingerprint="sha256:other")


def test_moments_survive_a_large_offset() -> None:
    """Two halves of 1e9 + N(0, 1): raw sums of squares would lose the variance altogether."""
    from audits.tally import merge_moments

    x = 1e9 + np.random.default_rng(3).normal(size=2000)
    halves = [x[:700], x[700:]]
    table = {
        "partition": np.zeros(2, dtype=np.int64), "column": np.zeros(2, dtype=np.int64), "n": np.asarray([len(h) for h in halves]),
        "min": np.asarray([h.min() for h in halves]), "max": np.asarray([h.max() for h in halves]),
        "mean": np.asarray([h.mean() for h in halves]), "m2": np.asarray([((h - h.mean()) ** 2).sum() for h in halves]),
    }  # fmt: skip
    merged = merge_moments(table)
    assert merged["m2"][0] / 1999 == pytest.approx(x.var(ddof=1), rel=1e-7)  # the halves' own means are good to 1e-7
    assert (merged["min"][0], merged["max"][0]) == (x.min(), x.max())
