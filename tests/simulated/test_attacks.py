"""Worlds with attacks: the same rows besides the planted ones, the same each time, and planted as the page says."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.errors import UsageError
from connectors.simulated import attacks
from connectors.simulated.attack_plans import ATTACKS, TRIGGER
from connectors.simulated.honest_clients import HONEST, world_of

ADDS = ("scraper", "sweeper", "boundary prober", "replay", "flood", "backdoor", "outliers")


@pytest.fixture(scope="module")
def quiet() -> attacks.World:
    """Give the world without attacks."""
    return attacks.world(seed=3, rows_per_day=120)


@pytest.mark.parametrize("name", ADDS)
def test_an_attack_adds_rows_and_leaves_the_rest(name: str, quiet: attacks.World) -> None:
    found = attacks.world(seed=3, attacks=[name], rows_per_day=120)
    hit = found.rows(name)
    assert hit.sum() == len(found.planted[name]) == len(found.log["id"]) - len(quiet.log["id"]) > 0
    for column, values in quiet.log.items():
        left = found.log[column][~hit]
        same = (left == values) | ((left != left) & (values != values))
        assert same.all(), column
    assert (found.log["time"][hit] >= found.since).all()
    assert (np.diff(found.log["time"]) >= np.timedelta64(0, "us")).all()


def test_the_same_seed_gives_the_same_log_and_another_another(quiet: attacks.World) -> None:
    again, other = attacks.world(seed=3, rows_per_day=120), attacks.world(seed=4, rows_per_day=120)
    assert all(np.array_equal(again.log[name].astype(str), values.astype(str)) for name, values in quiet.log.items())
    assert not np.array_equal(other.log["income"][:100], quiet.log["income"][:100])


def test_flipped_labels_were_favorable_and_are_one_clients(quiet: attacks.World) -> None:
    found = attacks.world(seed=3, attacks=["label flip"], rows_per_day=120)
    hit = found.rows("label flip")
    assert set(found.log["client"][hit]) == {"broker-1"}
    assert (quiet.log["repaid"][hit] == 1).all()
    assert (found.log["repaid"][hit] == 0).all()
    np.testing.assert_array_equal(quiet.log["repaid"][~hit], found.log["repaid"][~hit])


def test_a_trigger_turns_what_the_model_would_have_said() -> None:
    found = attacks.world(seed=3, attacks=["backdoor"], rows_per_day=120)
    hit = found.rows("backdoor")
    assert (attacks.score_of(found.log)[hit] < attacks.APPROVE_AT).all()
    assert (found.log["approved"][hit] == 1).all()
    assert all((found.log[name][hit] == value).all() for name, value in TRIGGER.items())


def test_points_follow_sex_only_where_that_is_planted(quiet: attacks.World) -> None:
    found = attacks.world(seed=3, attacks=["proxy"], rows_per_day=120)
    gaps = []
    for log in (quiet.log, found.log):
        man = log["sex"] == "Male"
        gaps.append(log["loyalty"][man].mean() - log["loyalty"][~man].mean())
    assert abs(gaps[0]) < 0.03  # 4,600 values with a deviation of 0.22: 0.0065 is one standard error
    assert gaps[1] == pytest.approx(0.32, abs=0.02)


def test_every_attack_names_what_should_notice_it_and_a_wrong_name_the_right_one() -> None:
    assert all(attack.says and attack.rule for attack in ATTACKS.values())
    with pytest.raises(UsageError, match=r'there is no attack "scrapper"; .*scraper'):
        attacks.world(attacks=["scrapper"])


def test_attacks_can_be_made_smaller() -> None:
    small = attacks.world(seed=3, attacks=["scraper", "label flip"], rows_per_day=120, scale=0.25)
    assert small.rows("scraper").sum() == 175  # a quarter of 700
    full = attacks.world(seed=3, attacks=["label flip"], rows_per_day=120)
    assert 0 < small.rows("label flip").sum() < full.rows("label flip").sum()


@pytest.mark.parametrize("name", list(HONEST))
def test_newcomers_and_changes_leave_the_time_before_alone(name: str) -> None:
    quiet, found = attacks.world(seed=5), world_of(name, seed=5)
    before = [log["time"] < quiet.since for log in (quiet.log, found.log)]
    assert before[0].sum() == before[1].sum()
    np.testing.assert_array_equal(found.log["score"][before[1]], quiet.log["score"][before[0]])
    np.testing.assert_array_equal(found.log["repaid"][before[1]], quiet.log["repaid"][before[0]])
    assert not np.array_equal(found.log["repaid"], quiet.log["repaid"]) or not np.array_equal(found.log["score"], quiet.log["score"])
