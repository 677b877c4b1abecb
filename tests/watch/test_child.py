"""A round's process: answers, dies, hangs, is given up, and never outlives its watcher."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from connectors.config import Config
from dashboard.watch.child import Child
from dashboard.watch.round import Request

READ = "import sys, pickle, json, time; asked = pickle.load(sys.stdin.buffer)\n"


def child(config: Config, code: str) -> Child:
    return Child(Request(config=config, models=("a",)), command=(sys.executable, "-S", "-c", code))


def test_an_answer_comes_back_whole(config: Config) -> None:
    code = READ.replace("asked = pickle.load(sys.stdin.buffer)", "sys.stdin.buffer.read(10)") + (
        "print('noise', file=sys.stderr); print(json.dumps({'rows': 3, 'audited': ['a'], 'failures': {'b': 'no'}}))"
    )
    answer = child(config, code).wait(threading.Event())
    assert answer is not None
    assert (answer.rows, answer.audited, answer.failures, answer.failure) == (3, ("a",), {"b": "no"}, None)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the round's process ended with signal 9"),
        ("raise SystemError('odd')", "the round's process ended with exit code 1: SystemError: odd"),
        ("print('not an answer')", "the round's process ended with exit code 0"),
    ],
)
def test_a_process_that_dies_is_a_failure_in_words(config: Config, code: str, said: str) -> None:
    answer = child(config, code).wait(threading.Event())
    assert answer is not None
    assert answer.failure == said


def test_a_process_that_hangs_is_ended(config: Config) -> None:
    hanging = child(config, "import time; time.sleep(60)")
    begun = time.monotonic()
    answer = hanging.wait(threading.Event(), stall=0.3)
    assert answer is not None
    assert answer.failure == "the round gave no sign of life for 0.3 s and was ended"
    assert time.monotonic() - begun < 5
    with pytest.raises(ProcessLookupError):
        os.kill(hanging.pid, 0)


def test_signs_of_life_keep_it_going(config: Config) -> None:
    code = "import sys, time\nfor _ in range(5):\n time.sleep(0.4); print('.', file=sys.stderr, flush=True)\nprint('{\"audited\": []}')"
    answer = child(config, code).wait(threading.Event(), stall=1.5)
    assert answer is not None
    assert answer.failure is None


def test_told_to_stop_it_gets_a_moment_and_no_more(config: Config) -> None:
    stop = threading.Event()
    stop.set()
    assert child(config, "import time; time.sleep(60)").wait(stop, grace=0.1) is None
    answer = child(config, 'print(\'{"audited": [], "rows": 1}\')').wait(stop, grace=5)
    assert answer is not None
    assert answer.rows == 1


def test_a_round_ends_when_its_watcher_is_killed(config: Config, checkout: Path) -> None:
    """The watcher is killed while the round works: nobody closes anything, and the round still ends."""
    work = "import time; from dashboard.watch import round as r; r.work = lambda *a, **k: time.sleep(60); r.main()"
    code = (
        "import sys, time; from dashboard.watch.child import Child; from dashboard.watch.round import Request\n"
        "from connectors.config import load\n"
        f"made = Child(Request(config=load(sys.argv[1]), models=()), command=(sys.executable, '-c', {work!r}))\n"
        "print(made.pid, flush=True); time.sleep(60)"
    )
    watcher = subprocess.Popen([sys.executable, "-c", code, str(config.path)], cwd=checkout, stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    pid = int(watcher.stdout.readline())
    time.sleep(0.2)
    os.kill(pid, 0)
    watcher.kill()
    watcher.communicate()
    until = time.monotonic() + 10
    while running(pid):
        assert time.monotonic() < until, "the round outlived its watcher"
        time.sleep(0.05)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False
