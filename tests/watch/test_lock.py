"""Two watchers at once: the second says who holds the warehouse; a dead one holds nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.config import Config
from connectors.errors import UsageError
from dashboard.watch import lock

HOLD = (
    "import sys; from connectors.config import load; from dashboard.watch import lock\n"
    "with lock.held(load(sys.argv[1])):\n print('held', flush=True); sys.stdin.read()\n"
)


def hold(config: Config, checkout: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(config.path)], cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_names_the_first_and_a_killed_one_holds_nothing(config: Config, checkout: Path) -> None:
    first = hold(config, checkout)
    with pytest.raises(UsageError, match=f"process {first.pid} on {socket.gethostname()}, since 20") as refusal, lock.held(config):
        pass
    assert refusal.value.exit_code == 2
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with lock.held(config) as me:  # at once: no stale file to clear away
        assert me.pid == os.getpid()
    with lock.held(config):
        pass


def test_a_child_does_not_inherit_the_lock(config: Config) -> None:
    with lock.held(config):
        child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with lock.held(config):
            pass
    finally:
        child.communicate(b"\n")


def test_an_unreadable_holder_is_still_a_holder(config: Config, checkout: Path) -> None:
    first = hold(config, checkout)
    lock.path_of(config).write_text("")
    with pytest.raises(UsageError, match="another process is watching"), lock.held(config):
        pass
    first.communicate()
