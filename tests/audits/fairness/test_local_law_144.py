"""The worked example of New York City's rule (scoring for "culture fit"): its printed rates and ratios come out.

The printed rates mix rounding and truncation, so that rates are compared to 0.1 point and ratios to two decimals. The sexes and the races
are two tables of different people.
"""

from __future__ import annotations

import csv

import pytest

from audits.fairness.impact_ratio import impact_ratio
from audits.fairness.scoring_impact_ratio import scoring_impact_ratio
from audits.fairness.scoring_rate import scoring_rate

# Category: (above the median, assessed, printed scoring rate in percent, printed impact ratio). 6 RCNY 5-301.
SEX = {"Male": (50, 92, 54.3, 1.00), "Female": (34, 76, 44.7, 0.82)}
RACE = {
    "Hispanic or Latino": (18, 28, 64.2, 1.00), "White": (15, 40, 37.5, 0.58), "Black or African American": (16, 32, 50.0, 0.78),
    "Native Hawaiian or Pacific Islander": (5, 8, 62.5, 0.97), "Asian": (10, 24, 41.7, 0.65),
}  # fmt: skip
TABLES = pytest.mark.parametrize(("attribute", "table"), [("sex", SEX), ("race", RACE)], ids=["sex", "race"])


def assessed(attribute, table):
    """Write the people of one table: the one score of everybody who is not above the median is the median."""
    return [
        {attribute: category, "score": 0.9 - i / 1000 if i < above else 0.4, "decision": int(i < above)}
        for category, (above, n, *_) in table.items() for i in range(n)
    ]  # fmt: skip


def printed(table, rates, ratios):
    """Compare with what the rule prints."""
    for category, (_, n, rate, ratio) in table.items():
        assert rates[category][1] == ratios[category][1] == n
        assert 100 * rates[category][0] == pytest.approx(rate, abs=0.1), category
        assert round(ratios[category][0], 2) == ratio, category


@TABLES
def test_scoring_rates_and_their_impact_ratios(evidence_of, figures, attribute, table):
    evidence = evidence_of(assessed(attribute, table), protected=(attribute,))
    assert evidence.medians[0] == 0.4 or attribute == "sex"
    rates = {f.slice[attribute]: (f.value, f.n) for f in figures(scoring_rate, evidence, window=0) if f.slice}
    ratios = {f.slice[attribute]: (f.value, f.n) for f in figures(scoring_impact_ratio, evidence, window=0)}
    printed(table, rates, ratios)


@TABLES
def test_the_same_counts_as_selections(evidence_of, figures, attribute, table):
    evidence = evidence_of(assessed(attribute, table), protected=(attribute,))
    found = {f.slice[attribute]: f for f in figures(impact_ratio, evidence, window=0)}
    ratios = {category: (f.value, f.n) for category, f in found.items()}
    best = max(table, key=lambda category: table[category][3])
    rates = {c: (table[best][0] / table[best][1] * f.value, f.n) for c, f in found.items()}
    assert {next(iter(f.reference.values())) for f in found.values()} == {best}
    printed(table, rates, ratios)


@TABLES
def test_from_a_file_through_the_whole_path(tmp_path, attribute, table):
    from audits.run import audit
    from connectors.config import load
    from connectors.ingest import ingest

    with (tmp_path / "log.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", attribute, "score", "decision"])
        writer.writeheader()
        writer.writerows({"id": i, **row} for i, row in enumerate(assessed(attribute, table)))
    (tmp_path / "candor.toml").write_text(f"""
version = 1
[warehouse]
path = "candor.duckdb"
[models.fit]
favorable = 1
protected = ["{attribute}"]
window = "500 rows"
regimes = ["nyc144"]
[models.fit.columns]
id = "id"
score = "score"
decision = "decision"
[[models.fit.sources]]
kind = "file"
path = "log.csv"
rows = "predictions"
""")
    config = load(tmp_path / "candor.toml")
    ingest(config)
    (run,) = audit(config).runs
    found = [row for row in run.findings.to_pylist() if row["whole"] and row["attribute"] == attribute]
    rates, ratios = (
        {row["slice"].split('"')[3]: (row["value"], row["n"]) for row in found if row["name"] == name}
        for name in ("scoring_rate", "scoring_impact_ratio")
    )
    printed(table, rates, ratios)
    gaps = {row["slice"].split('"')[3]: row for row in found if row["name"] == "selection_rate_difference"}
    assert len(gaps) == len(table) - 1
    assert all(row["people"] >= 0 for row in gaps.values())
