"""What the tables of drift become in a report: small counts go, and nothing else is taken for a count."""

from __future__ import annotations

import pytest

from audits.drift.concept_drift import concept_drift
from audits.drift.quantile_shift import quantile_shift
from reports.figure import Figure
from reports.suppressed_tables import Around, cleaned

AROUND = Around(hidden=lambda _: False, n=lambda *_: None, smallest=10)


def in_a_report(name, tables):
    """Give the tables as a report shows them."""
    return cleaned(Figure(model="loans", name=name, slice={}, column="x", tables=tables), AROUND)


def test_percentiles_are_no_counts(evidence_of, figures, columns):
    """Values of 1 to 9 are withheld from nobody."""
    rows = columns({"x": [float(i % 9 + 1) for i in range(90)]}, {"x": [float(i % 7 + 2) for i in range(70)]})
    (found,) = figures(quantile_shift, evidence_of(rows), window=1)
    assert in_a_report("quantile_shift", found.tables) == found.tables
    assert None not in found.tables["value"]


@pytest.mark.parametrize("few", [40, 4])
def test_bins_of_few_outcomes_go_with_all_they_say(evidence_of, figures, few):
    """Two scores; four outcomes at the second are too few to show, and then the first goes too, since the total is known."""
    rows = [{"score": s, "outcome": i % 2, "reference": True} for s in (0.2, 0.8) for i in range(60)]
    rows += [{"score": s, "outcome": i % 2, "day": 1} for s, n in ((0.2, 50), (0.8, few)) for i in range(n)]
    (found,) = figures(concept_drift, evidence_of(rows), window=1)
    shown = in_a_report("concept_drift", found.tables)
    used = [i for i, n in enumerate(found.tables["n"]) if n]
    for key in ("n", "level", "reference_level", "weight"):
        assert [shown[key][i] for i in used] == ([found.tables[key][i] for i in used] if few == 40 else [None, None])
    assert shown["mean_change"] == found.tables["mean_change"]
