"""Killed, locked out, out of disk: nothing lost, nothing doubled, one sentence."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.errors import CandorError
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.connectors.world import HEADER, World, csv_rows

ROOT = Path(__file__).resolve().parents[2]
LOG = '"model:m".predictions'

CHILD = """
import sys, duckdb, pyarrow.csv
from connectors import delimited, files, ingest
from connectors.config import load
files.TEXT_ROWS, files.PARQUET_ROWS, ingest.COMMIT_ROWS, delimited.BLOCK = 2_000, 2_000, 2_000, 60_000
config = load(sys.argv[1])
print("ready", flush=True)
ingest.ingest(config, progress=lambda m: print(m, flush=True))
"""


def child(world: World, code: str = CHILD) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(world.toml)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_fifty_kills_lose_and_double_nothing(world: World) -> None:
    rows = 12_000
    for name in ("a.csv", "b.csv"):
        first = 0 if name == "a.csv" else rows
        lines = csv_rows(range(first, first + rows)) + csv_rows([first])  # one duplicate
        world.write(name, HEADER + lines + "broken\n")
    world.configure(path="*.csv")
    shuffled = random.Random(7)
    kills = partial = 0
    while kills < 50:
        process = child(world)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(shuffled.randrange(4)):  # so many commits, then a moment within the next one
            process.stdout.readline()
        time.sleep(shuffled.uniform(0, 0.1))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            if world.config.warehouse.path.exists():
                with open_warehouse(world.config.warehouse) as warehouse:
                    partial += warehouse.connection.execute("FROM candor.ledger WHERE NOT complete").fetchall() != []
        else:
            assert process.returncode == 0, process.stderr.read() if process.stderr else ""
            _whole(world, rows)
            world.config.warehouse.path.unlink()  # begin again: the kills must meet work
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    assert partial >= 10  # many of the kills fell into the middle of a file
    ingest(world.config)
    _whole(world, rows)


def _whole(world: World, rows: int) -> None:
    world.check_laws()
    assert world.sql(f"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {LOG}") == [(2 * rows, 2 * rows, 0, 2 * rows - 1)]
    found = world.sql("SELECT received, accepted, duplicate, quarantined, outcomes, complete FROM candor.ledger")
    assert found == [(rows + 2, rows, 1, 1, rows, True)] * 2
    assert world.sql(f'SELECT count(*) FROM {LOG} WHERE "candor:row" <> id') == [(0,)]


def test_ctrl_c_in_a_real_process_rolls_back(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    before = world.dump()
    world.write("log.csv", HEADER + csv_rows(range(200_000)))
    code = CHILD.replace("2_000, 2_000, 2_000, 60_000", "10**9, 10**9, 10**9, 8_000_000")
    process = child(world, code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.15)  # a quiet machine is through with all of it in half a second
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert process.returncode in (-signal.SIGINT, 130, 1)
    assert world.dump() == before
    (row,) = world.ingest()
    assert row.accepted == 199_999


def test_a_locked_warehouse_names_the_holder(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    code = (
        "import sys\nfrom connectors.config import load\nfrom connectors.warehouse import open_warehouse\n"
        "with open_warehouse(load(sys.argv[1]).warehouse):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(world.toml)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        sentence = f"process {holder.pid} is using the warehouse"
        with pytest.raises(CandorError, match=sentence), open_warehouse(world.config.warehouse, patience=0.5):
            pass
        assert time.monotonic() - started >= 0.5
    finally:
        holder.communicate()
    assert world.ingest() == []


def test_an_unwritable_folder_and_a_file_that_is_no_database(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    text = world.toml.read_text()
    world.toml.write_text(text.replace("version = 1", 'version = 1\n[warehouse]\npath = "none/candor.duckdb"', 1))
    with pytest.raises(CandorError, match=r"the folder .*none does not exist"):
        world.ingest()
    world.toml.write_text(text)
    world.write("candor.duckdb", b"not a database at all" * 1000)
    with pytest.raises(CandorError, match=r"candor\.duckdb: is not a DuckDB database"):
        world.ingest()


@contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A small file system of its own on a folder; only root can make one."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own needs a tmpfs, which only root can mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_disk(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("disk")
    world.write("log.csv", HEADER + csv_rows([1]))
    text = world.toml.read_text()
    world.toml.write_text(text.replace("version = 1", f'version = 1\n[warehouse]\npath = "{folder}/candor.duckdb"', 1))
    with disk(folder, "ro,size=1m"), pytest.raises(CandorError, match="cannot be written"):
        ingest(world.config)


def test_a_full_disk_stores_nothing_and_says_so(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("disk")
    text = world.toml.read_text()
    world.toml.write_text(text.replace("version = 1", f'version = 1\n[warehouse]\npath = "{folder}/candor.duckdb"', 1))
    with disk(folder, "size=3m"):
        world.write("log.csv", HEADER + csv_rows([1]))
        world.ingest()
        before = world.dump()
        noise = random.Random(1)
        lines = "".join(f"{i},2026-01-01,0.5,1,1,{noise.random()},{noise.getrandbits(256):x}\n" for i in range(100_000))
        world.write("log.csv", HEADER.strip() + ",x,y\n" + lines)
        with pytest.raises(CandorError, match="the disk is full"):
            world.ingest()
        assert world.dump() == before
