"""The clean world, taken in once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.world import Log, begin, clean


@pytest.fixture(scope="session")
def log() -> Log:
    """Give the log without a fault; nobody changes it."""
    return clean()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, log: Log) -> Path:
    """Give the folder of the world up to the day of the fault, with its warehouse."""
    folder = tmp_path_factory.mktemp("faults") / "base"
    begin(folder, log)
    return folder
