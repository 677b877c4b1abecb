"""What every test shares: where the public data sets are, and that a skip is never silent.

A newcomer's machine may lack a browser, Java or the public data sets; those tests skip and the run says so last.
Under ``CANDOR_NO_SKIPS=1`` (set by ``.ci/run``) a skipped test fails the run instead.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # A shell starts what runs in the background deaf to Ctrl-C, and so would be every process that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def no_skips() -> bool:
    """Say whether a skip counts as a failure in this run."""
    return os.environ.get("CANDOR_NO_SKIPS", "") not in ("", "0")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the folder that holds the four packages."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of public data sets: ``$CANDOR_DATA``, else ``../shared/data``; skip where there is none."""
    folder = Path(os.environ.get("CANDOR_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not here: no folder {folder}")
    return folder


for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(library, "1")  # two workers share the cores: threads that wait for each other would take them

TOGETHER = ("real", "simulated", "browser", "dashboard")
"""Folders whose tests share what is costly to make: each stays on one worker."""
FILES = (("tests", "audits", "probes"), ("tests", "cli"), ("tests", "examples"), ("tests", "connectors"))
"""Folders where it is each file that does."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a costly fixture on one worker: before the workers read what belongs together."""
    for item in items:
        inside = item.path.relative_to(ROOT).parts
        if inside[0] == "tests" and inside[1] in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(inside[1]))
        elif any(inside[: len(folder)] == folder for folder in FILES):
            item.add_marker(pytest.mark.xdist_group("/".join(inside)))
        elif "[spark" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("spark"))


def skipped(terminal: pytest.TerminalReporter) -> list[tuple[str, str]]:
    """List (test, why) for every skip the run has seen, workers included."""
    found = []
    for report in terminal.stats.get("skipped", []):
        where = getattr(report, "longrepr", None)
        why = where[2] if isinstance(where, tuple) else str(where)
        found.append((report.nodeid, why.removeprefix("Skipped: ")))
    return sorted(found)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn skips into a failed run where the machine is meant to have everything."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and no_skips() and skipped(terminal) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped and why, as the last thing before pytest's closing line."""
    tests = skipped(terminalreporter)
    if not tests:
        return
    failing = no_skips()
    title = f"{len(tests)} skipped, which fails this run (CANDOR_NO_SKIPS)" if failing else f"{len(tests)} NOT RUN on this machine"
    terminalreporter.section(title, sep="!", red=failing, yellow=not failing)
    for test, why in tests:
        terminalreporter.line(f"{test}: {why}")
