"""A fresh world for each connector test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh folder."""
    return World(tmp_path)
