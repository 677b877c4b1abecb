"""Who looked at which prediction: nothing is shown that is not on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.actions import path_of, record_view, views
from connectors.errors import CandorError, UsageError
from tests.connectors.world import World


def test_the_newest_first(world: World) -> None:
    assert views(world.config, "m") == []
    before = datetime.now(UTC).replace(tzinfo=None)
    for id, version in (("a", None), ("b'; DROP TABLE views", "v2"), ("c", None)):
        record_view(world.config, "ann", "m", id, version)
    found = views(world.config, "m")
    assert [(each.who, each.model, each.id, each.version) for each in found] == [
        ("ann", "m", "c", None), ("ann", "m", "b'; DROP TABLE views", "v2"), ("ann", "m", "a", None)
    ]  # fmt: skip
    assert all(before <= each.at <= before + timedelta(minutes=1) for each in found)
    assert [each.id for each in views(world.config, "m", most=1)] == ["c"]
    assert views(world.config, "other") == []


def test_a_model_that_is_not_there(world: World) -> None:
    with pytest.raises(UsageError, match='there is no model "n"'):
        record_view(world.config, "ann", "n", "a")


def test_without_a_record_there_is_no_look(world: World) -> None:
    path_of(world.config).mkdir()
    with pytest.raises(CandorError, match="cannot be used"):
        record_view(world.config, "ann", "m", "a")
