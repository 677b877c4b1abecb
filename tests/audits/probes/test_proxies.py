"""Groups by feature bin, against a plain count; and groups predicted from features that do and do not give them away."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from audits.bins import CategoricalBins
from audits.probes.group_prediction import binned, figures, predicted_groups
from audits.probes.proxies import bin_names, coarse, counted, proxies, run
from audits.proxies import ProxyCounts
from connectors import partitions


def test_counts_are_those_of_a_plain_loop(logged):
    everything = partitions.partitions(logged.warehouse, "loans")
    found = counted_of(logged, everything)
    assert found.levels("sex") == ("F", "M")
    assert found.levels("race") == ("A", "B", "C", "Unknown")
    job = pd.crosstab(logged.frame["race"].fillna("Unknown"), logged.frame["job"])
    for place, name in enumerate(found.bins["job"]):
        wanted = job[name].to_numpy() if name in job else np.zeros(4)
        np.testing.assert_array_equal(found.table("race", "job")[:, place], wanted)
    cut = coarse(logged.evidence.bins.by_name["debt"])
    values = logged.frame["debt"].to_numpy()
    place = np.where(np.isnan(values), cut.size, np.searchsorted(cut.edges, values, side="right"))
    wanted = pd.crosstab(logged.frame["sex"], place).reindex(columns=range(cut.size + 1), fill_value=0)
    np.testing.assert_array_equal(found.table("sex", "debt"), wanted)
    assert found.bins["debt"][-1] == "missing"
    assert found.table("sex", "debt")[:, -1].sum() == np.isnan(values).sum()


def counted_of(logged, which) -> ProxyCounts:
    """Count now, whatever is kept."""
    from audits.scan import Log

    engine = logged.warehouse.engine
    log = Log(predictions=engine.table("model:loans", "predictions"), outcomes=None, model=logged.model)
    found = counted(engine, log, logged.evidence.bins, [p.number for p in which])
    assert found is not None
    return found


def test_counts_are_made_once_and_kept_by_bins(logged):
    reference = partitions.partitions(logged.warehouse, "loans")[:1]
    logged.warehouse.connection.execute("DROP TABLE IF EXISTS candor.proxies")
    first = proxies(logged.warehouse, logged.model, logged.evidence.bins, reference)
    kept = logged.warehouse.connection.execute("SELECT count(*), min(body) FROM candor.proxies").fetchall()[0]
    again = proxies(logged.warehouse, logged.model, logged.evidence.bins, [])  # nothing is counted: it would give None
    assert kept[0] == 1
    assert first is not None
    assert again is not None
    assert first.to_json() == again.to_json() == kept[1] == ProxyCounts.from_json(kept[1]).to_json()
    assert first.table("sex", "height").sum() == reference[0].rows


def test_no_reference_row_gives_nothing(logged):
    logged.warehouse.connection.execute("DROP TABLE IF EXISTS candor.proxies")
    assert proxies(logged.warehouse, logged.model, logged.evidence.bins, []) is None


def test_bins_are_at_most_twenty_and_cut_where_the_grid_is(logged):
    for column in logged.evidence.bins.columns:
        cut = coarse(column)
        assert len(bin_names(cut)) <= 20 + 1
        if not isinstance(column, CategoricalBins):
            assert {*column.deciles} <= {*cut.edges}
            assert column.whole or set(cut.edges) <= set(column.knots)
    many = CategoricalBins(name="town", levels=tuple(f"t{i}" for i in range(80)), complete=False)
    assert bin_names(coarse(many))[-3:] == ("t17", "(other)", "missing")


def test_height_tells_sex_and_nothing_tells_race(logged):
    found = run(logged.warehouse, logged.model, logged.evidence, rows=3000, progress=lambda _: None)
    json.dumps(found, allow_nan=False)
    sex, race = found["attributes"]["sex"], found["attributes"]["race"]
    # Heights 13 apart with deviation 7: the best possible AUC is Phi(13 / (7 √2)) = 0.905.
    assert sex["auc_low"] < 0.905
    assert 0.86 < sex["auc"] < 0.92
    assert race["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.05)
    assert race["balanced_accuracy_low"] < 1 / 3 < race["balanced_accuracy_high"]
    assert (found["rows_used"], found["rows_available"], race["left_out"]) == (3000, len(logged.frame), ["Unknown"])


def test_figures_are_those_of_scikit_learn():
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, 400)
    second = np.clip(draw.normal(0.4 + 0.2 * truth, 0.2), 0, 1).round(2)
    found = figures(truth, np.column_stack([1 - second, second]), ["a", "b"])
    assert found["auc"] == pytest.approx(roc_auc_score(truth, second), rel=1e-12)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, second > 0.5), rel=1e-12)
    assert np.asarray(found["table"]).sum(axis=1).tolist() == [int((truth == 0).sum()), int((truth == 1).sum())]
    three = figures(draw.integers(0, 3, 300), draw.dirichlet([1, 1, 1], 300), ["a", "b", "c"])
    assert "auc" not in three
    assert np.asarray(three["table"]).sum() == 300


def test_equal_values_share_a_bin():
    assert binned(np.asarray([1.0, 1.0, 1.0, 2.0]), 4).tolist() == [binned(np.asarray([1.0, 1.0, 1.0, 2.0]), 4)[0]] * 3 + [
        binned(np.asarray([1.0, 1.0, 1.0, 2.0]), 4)[3]
    ]
    assert len(set(binned(np.arange(100.0), 20).tolist())) == 20


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"numeric": {}, "categorical": {}}, "the log has no feature"),
        ({"levels": {"sex": np.asarray(["F"] * 300, dtype=object)}}, "fewer than two known groups have 30 rows"),
        ({"levels": {"sex": np.asarray(["F"] * 280 + ["M"] * 20, dtype=object)}}, "fewer than two known groups have 30 rows"),
        (
            {"levels": {"sex": np.asarray((["F", "M"] * 60) + ["Unknown"] * 180, dtype=object)}},
            "needs 200 rows of known groups, and has 120",
        ),
        ({"unit": np.arange(300) % 2, "levels": {"sex": np.asarray(["F", "M"] * 150, dtype=object)}},
         "a group has fewer than 3 units, so that none can be held out"),
    ],
)  # fmt: skip
def test_groups_that_cannot_be_predicted_say_why(change, reason):
    from audits.probes.rows import Sampled

    nothing = np.full(300, np.nan)
    fields = {
        "numeric": {"x": np.arange(300.0)}, "categorical": {}, "levels": {}, "decision": np.zeros(300, dtype=int),
        "outcome": np.zeros(300, dtype=int), "score": nothing, "truth": nothing, "half": np.zeros(300, dtype=int), "unit": None,
        "classes": (), "available": 300,
    }  # fmt: skip
    fields["levels"] = {"sex": np.asarray(["F", "M"] * 150, dtype=object)}
    assert predicted_groups(Sampled(**fields | change), ["sex"]) == {"sex": {"reason": reason}}
