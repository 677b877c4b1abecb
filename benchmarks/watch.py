"""What `candor watch` costs while nothing happens, and how long a page takes: `python -m benchmarks.watch [--every 1m]`.

Real processes throughout: the command itself, a receiver over HTTP, files written while it watches. The figures go into docs/watch.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from benchmarks.page import with_part
from benchmarks.watch_world import Hourly, hourly

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "watch.md"


class Pager:
    """A receiver that notes when it was called."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.called = threading.Event()
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                pager.calls.append(time.monotonic())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                pager.called.set()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        os.environ["CANDOR_BENCH_KEY"] = "a key for this benchmark"
        url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.head = f'[[alerts.channels]]\nname = "pager"\nkind = "webhook"\nurl = "{url}"\nsecret_env = "CANDOR_BENCH_KEY"\n'


class Watching:
    """The command, and what it has said."""

    def __init__(self, world: Hourly) -> None:
        command = [sys.executable, "-m", "dashboard.cli", "watch", "-c", str(world.config)]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        self.said: list[str] = []
        self._heard = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            self._heard.set()

    def until(self, words: str, patience: float = 300.0) -> None:
        """Wait for a line."""
        end = time.monotonic() + patience
        while not any(words in line for line in self.said):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("the watcher said: " + "\n".join(self.said))
            self._heard.wait(0.5)
            self._heard.clear()

    def stop(self) -> None:
        """End it as systemd would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def idle(models: int, every: str, seconds: float) -> tuple[float, float, float]:
    """CPU per cent of one core and resident megabytes of the idle watcher, and the seconds of its first round."""
    with tempfile.TemporaryDirectory() as folder:
        world = hourly(Path(folder), models=models, every=every)
        begun = time.monotonic()
        watching = Watching(world)
        watching.until("audited")
        first = time.monotonic() - begun
        time.sleep(2)
        process = psutil.Process(watching.process.pid)
        before, at = process.cpu_times(), time.monotonic()
        time.sleep(seconds)
        after, passed = process.cpu_times(), time.monotonic() - at
        used = (after.user - before.user) + (after.system - before.system)
        memory = process.memory_info().rss / 1e6
        watching.stop()
    return 100 * used / passed, memory, first


def latency(every: str, pages: Pager, models: int = 1) -> float:
    """Seconds from the file's rename to the page at the receiver, where one of so many models gets rows."""
    with tempfile.TemporaryDirectory() as folder:
        world = hourly(Path(folder), models=models, every=every, head=pages.head)
        watching = Watching(world)
        watching.until("audited")
        time.sleep(1)
        pages.called.clear()
        written = time.monotonic()
        world.commit(world.faulty)
        if not pages.called.wait(300):
            raise SystemExit("no page; the watcher said: " + "\n".join(watching.said))
        took = pages.calls[-1] - written
        watching.stop()
    return took


def main() -> None:
    """Measure, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", default="1m", help="interval of the latency's measurement")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long idleness is measured")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    rows = ["| What | Setting | Measured | Aim |", "|---|---|---|---|"]
    for models, every in ((1, "1m"), (1, "2s"), (20, "1m")):
        cpu, memory, first = idle(models, every, chosen.seconds)
        setting = f"{models} {'model' if models == 1 else 'models'}, every {every}"
        rows.append(f"| idle: CPU of one core, resident memory | {setting} | {cpu:.2f} %, {memory:.0f} MB | < 1 %, < 200 MB |")
        rows.append(f"| start to first audit done | {setting} | {first:.1f} s | |")
        print("\n".join(rows[-2:]), flush=True)
    pages = Pager()
    for models, every in ((1, "2s"), (20, "2s"), (1, chosen.every)):
        took = sorted(latency(every, pages, models) for _ in range(chosen.repeats if models == 1 else 1))
        said = f"{took[0]:.1f} s" + (f" to {took[-1]:.1f} s in {len(took)} tries" if len(took) > 1 else "")
        setting = f"{models} {'model' if models == 1 else 'models'}, every {every}"
        rows.append(f"| row committed to page delivered, `1h` windows | {setting} | {said} | ≤ 120 s |")
        print(rows[-1], flush=True)
    day, busy = dt.datetime.now(dt.UTC).date(), os.getloadavg()[0]
    beside = f"; the load average was {busy:.0f}, so other work went on beside it" if busy > 3 else ""
    head = f"Measured {day} on {os.cpu_count()} cores, Python {sys.version.split()[0]}, by `python -m benchmarks.watch`{beside}.\n\n"
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "measured", head + "\n".join(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
