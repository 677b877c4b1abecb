"""An attack counts as found when its measure rings and names who it was."""

from __future__ import annotations

from benchmarks.attacks import WHO, Seen, rings
from connectors.simulated.attack_plans import ATTACKS


def test_an_attack_is_found_by_name() -> None:
    line = {"client": "newcomer", "score": 0.9}
    seen = Seen(rang=frozenset({"extraction_score"}), tables={"extraction_score": {"clients": [line, {"client": "shop-07", "score": 0.5}]}})
    assert seen.found("scraper")
    assert not seen.found("sweeper")  # below the line of 0.67
    assert not seen.found("replay")  # its measure did not ring
    assert not Seen(rang=frozenset(), tables=seen.tables).found("scraper")


def test_where_nobody_is_named_ringing_is_enough() -> None:
    assert set(WHO) < set(ATTACKS)
    assert Seen(rang=frozenset({"trigger_rate"}), tables={}).found("backdoor")


def test_what_rings() -> None:
    assert rings({"name": "flood_rate", "verdict": "warn"})
    assert not rings({"name": "flood_rate", "verdict": "pass"})
    assert rings({"name": "outlier_rate", "verdict": None, "q_value": 0.001})
    assert not rings({"name": "outlier_rate", "verdict": None, "q_value": None})
    assert not rings({"name": "trigger_rate", "verdict": None, "whole": True, "column": "job", "value": 0.2})
