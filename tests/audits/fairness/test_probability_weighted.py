"""Groups known by probabilities: weighted rates by hand, bounds that hold whatever the proxy hides, and no group for any one row."""

from __future__ import annotations

import numpy as np
import pytest

from audits.audit import missing
from audits.fairness.probability_groups import event_bounds
from audits.fairness.probability_weighted_false_positive_rate import probability_weighted_false_positive_rate
from audits.fairness.probability_weighted_impact_ratio import probability_weighted_impact_ratio
from audits.fairness.probability_weighted_selection_rate import probability_weighted_selection_rate
from audits.fairness.probability_weighted_true_positive_rate import probability_weighted_true_positive_rate
from audits.interval import wilson
from connectors.config import Protected

RACE = Protected(column="race", probabilities={"Black": "p_black", "White": "p_white"})
FOUR = [
    {"decision": 1, "outcome": 1, "p_black": 0.9, "p_white": 0.1},
    {"decision": 0, "outcome": 1, "p_black": 0.6, "p_white": 0.4},
    {"decision": 1, "outcome": 0, "p_black": 0.2, "p_white": 0.8},
    {"decision": 0, "outcome": 0, "p_black": 0.3, "p_white": 0.7},
    {"decision": None, "outcome": 1, "p_black": 0.5, "p_white": 0.5},
]


def test_rates_by_hand(evidence_of, figures):
    evidence = evidence_of(FOUR, protected=(RACE,))
    rates = {}
    for audit in (probability_weighted_selection_rate, probability_weighted_true_positive_rate, probability_weighted_false_positive_rate):
        rates[audit.name] = {f.slice["race"]: f for f in figures(audit, evidence, window=0)}
    selected = rates["probability_weighted_selection_rate"]
    assert selected["Black"].value == pytest.approx((0.9 + 0.2) / 2.0)
    assert selected["White"].value == pytest.approx((0.1 + 0.8) / 2.0)
    assert rates["probability_weighted_true_positive_rate"]["Black"].value == pytest.approx(0.9 / 1.5)
    assert rates["probability_weighted_false_positive_rate"]["Black"].value == pytest.approx(0.2 / 0.5)
    effective = 2.0**2 / (0.81 + 0.36 + 0.04 + 0.09)
    tables = selected["Black"].tables
    assert (tables["weight"], tables["effective_n"]) == (pytest.approx(2.0), pytest.approx(effective))
    low, high = wilson(0.55 * effective, effective)
    assert (tables["sampling"]["low"], tables["sampling"]["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert tables["bounds"]["low"] <= 0.55 <= tables["bounds"]["high"]
    assert selected["Black"].low <= min(tables["bounds"]["low"], tables["sampling"]["low"])
    assert selected["Black"].high >= max(tables["bounds"]["high"], tables["sampling"]["high"])


def test_a_negative_positive_turns_the_error_rates_around(evidence_of, figures):
    evidence = evidence_of(FOUR, protected=(RACE,), positive=0)
    (found,) = figures(probability_weighted_true_positive_rate, evidence, window=0, slice={"race": "Black"})
    assert found.value == pytest.approx(0.3 / 0.5)  # of those with outcome 0, decided 0


def test_ratios_are_against_the_group_selected_most_or_the_named_one(evidence_of, figures):
    evidence = evidence_of(FOUR * 40, protected=(RACE,))
    found = {f.slice["race"]: f for f in figures(probability_weighted_impact_ratio, evidence, window=0)}
    assert found["White"].value == pytest.approx(0.45 / 0.55)
    assert (found["White"].reference, found["Black"].value, found["Black"].reason) == ({"race": "Black"}, 1.0, "reference group")
    assert found["White"].low < found["White"].tables["bounds"]["low"] < found["White"].value
    assert found["White"].p is None, "no test takes weights for memberships"
    named = evidence_of(FOUR * 40, protected=(Protected(column="race", probabilities=RACE.probabilities, reference="White"),))
    found = {f.slice["race"]: f for f in figures(probability_weighted_impact_ratio, named, window=0)}
    assert found["Black"].value == pytest.approx(0.55 / 0.45)


def test_a_ratio_without_an_upper_end_says_why(evidence_of, figures):
    """Everybody's chance is a half and half are selected: all of either group may be, or none."""
    rows = [{"decision": i % 2, "p_black": 0.5, "p_white": 0.5} for i in range(80)]
    evidence = evidence_of(rows, protected=(Protected(column="race", probabilities=RACE.probabilities, reference="White"),))
    (found,) = figures(probability_weighted_impact_ratio, evidence, window=0, slice={"race": "Black"})
    assert (found.value, found.low, found.high) == (pytest.approx(1.0), 0.0, None)
    assert found.reason == "no upper end: by its bounds the reference group's rate may be 0"


def test_probabilities_of_0_and_1_are_groups_that_are_known(evidence_of, figures):
    rows = [{"decision": int(i % 10 < k), "p_black": float(k == 4), "p_white": float(k == 6)} for k in (4, 6) for i in range(200)]
    (black,) = figures(probability_weighted_selection_rate, evidence_of(rows, protected=(RACE,)), window=0, slice={"race": "Black"})
    assert (black.value, black.n) == (pytest.approx(0.4), 200)
    assert black.tables["bounds"] == {"low": pytest.approx(0.4), "high": pytest.approx(0.4)}
    low, high = wilson(80, 200)
    assert (black.low, black.high) == (pytest.approx(float(low)), pytest.approx(float(high)))


def test_without_probabilities_the_reason_says_so(evidence_of):
    evidence = evidence_of([{"decision": 1, "sex": "F"}], protected=("sex",))
    reasons = [missing(evidence, need) for need in probability_weighted_selection_rate.needs]
    assert any(reason and "probabilit" in reason for reason in reasons)


def neighbourhoods(draw, cells, *, hidden):
    """People in cells that the proxy knows, where members of the group are selected less often by `hidden` than their neighbours."""
    w = draw.choice(cells, size=60000)
    member = draw.random(60000) < w
    rate = 0.3 + 0.4 * (1 - w) - hidden * member
    return w, member, draw.random(60000) < rate


@pytest.mark.parametrize("cells", [[0.02, 0.98], [0.1, 0.5, 0.9], [0.3, 0.4]])
@pytest.mark.parametrize("hidden", [0.0, 0.1, 0.25])
def test_the_bounds_hold_the_true_rate_however_the_proxy_is_fooled(cells, hidden):
    w, member, selected = neighbourhoods(np.random.default_rng(8), cells, hidden=hidden)
    truth = (member & selected).sum()
    sums = [np.array([x]) for x in (w[selected].sum(), w.sum(), (w**2).sum(), float(selected.sum()), 60000.0)]
    low, high = (float(end[0]) for end in event_bounds(*sums))
    slack = 3 * (60000 * 0.25) ** 0.5  # the bounds are about the expected number
    assert low - slack <= truth <= high + slack
    if hidden == 0.25 and cells == [0.3, 0.4]:
        assert abs(truth - float(sums[0][0])) > slack, "the weighted count itself is off"


def test_better_proxies_leave_less_open():
    widths = []
    for sure in (0.6, 0.8, 0.95, 1.0):
        w = np.repeat([sure, 1 - sure], 500)
        selected = np.tile([True, False], 500)
        low, high = event_bounds(*(np.array([x]) for x in (w[selected].sum(), w.sum(), (w**2).sum(), 500.0, 1000.0)))
        widths.append(float(high[0] - low[0]))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(0.0, abs=1e-9)


def test_frechet_is_the_tighter_one_where_nearly_everybody_is_selected():
    # 98 of 100 selected, every w = 1/2: of 50 members at least 48 are selected.
    low, high = event_bounds(*(np.array([x]) for x in (49.0, 50.0, 25.0, 98.0, 100.0)))
    assert (float(low[0]), float(high[0])) == (pytest.approx(48.0), pytest.approx(50.0))
