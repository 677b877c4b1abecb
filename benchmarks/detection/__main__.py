"""`python -m benchmarks.detection`: half an hour on one core; `--quick` takes three minutes. Writes docs/detection.md.

The peers run in environments of their own, which are made once in the work folder from pinned versions; `--without-peers` leaves them out,
`--nannyml` and `--evidently` name an interpreter that has them. What is already there of a run that was stopped is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.detection import candor_side, cases, elsewhere
from benchmarks.detection.counted import Watched, reference_of
from benchmarks.detection.plan import FULL, QUICK, Size, seeded
from benchmarks.detection.report import write
from benchmarks.detection.world import draw, model, planted

PINNED = {
    "evidently": ("evidently==0.7.23", "numpy==1.26.4", "pandas==2.3.3", "pyarrow==25.0.1"),
    "nannyml": ("nannyml==0.13.1", "statsmodels==0.14.5", "numpy==1.26.4", "pandas==2.3.3", "pyarrow==25.0.1"),
}
"""nannyml 0.13.1 imports statsmodels without asking for it, and pandas 3 is newer than it is."""


def environment(root: Path, tool: str) -> Path:
    """An interpreter with one of the peers, installed once."""
    folder = root / f"env-{tool}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        print(f"installing {', '.join(PINNED[tool])}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINNED[tool]], check=True)
        (folder / "done").touch()
    return python


def simulate(root: Path, size: Size) -> None:
    """Draw every log of a size, have Candor look at it, and write what the peers will look at."""
    for kind, seed, faulty, peers in size.logs():
        world, folder = size.world(kind), size.folder(root, kind, seed)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [case for case in size.cases() if faulty]
        done = folder / "quiet.candor.json", *(folder / f"{case.name}.candor.json" for case in wanted)
        if all(path.exists() for path in done):
            continue
        log = draw(world, seeded(kind, seed), range(world.reference if size.streamed else 0, world.windows))
        held = reference_of(world, seeded(kind, seed)) if size.streamed else Watched(log, world, model()).counted
        if peers:
            cases.write(folder, "reference", log, (0, world.reference))
            cases.write(folder, "quiet", log, cases.days_of(world, None, 0))
        if not done[0].exists():
            figures, seconds = candor_side.quiet(world, log, held=held)
            done[0].write_text(json.dumps({"seconds": seconds, "figures": figures}), encoding="utf-8")
        for case, path in zip(wanted, done[1:], strict=True):
            if path.exists():
                continue
            broken = planted(log, world, case.fault, size.onset, seeded(kind, seed), case.share)
            if peers:
                cases.write(folder, case.name, broken, cases.days_of(world, size.onset, size.horizon))
            found = candor_side.faulty(world, broken, case.fault, size.onset, size.horizon, before=held)
            path.write_text(json.dumps(found), encoding="utf-8")
        print(f"{size.rows:,} rows, {kind} {seed}: {len(done)} logs", flush=True)


def ask(root: Path, size: Size, tool: str, python: Path) -> None:
    """Have one peer look at every log that it is given."""
    folders = [str(size.folder(root, kind, seed)) for kind, seed, _, peers in size.logs() if peers]
    run(tool, python, folders)


def run(tool: str, python: Path, folders: list[str]) -> None:
    """Have one peer look at every log of some folders."""
    script = Path(__file__).parent / f"{tool}_side.py"
    given = ["--check"] if tool == "evidently" else []
    if folders:
        subprocess.run([str(python), str(script), *given, *folders], check=True, env=single_threaded())


def single_threaded() -> dict[str, str]:
    """The environment of a process that uses one core."""
    return {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")}


def main() -> None:
    """Simulate, ask, compare, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small size and few seeds")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "candor-detection")
    parser.add_argument("--data", type=Path, help="folder with the public data sets; by default shared/data beside the repository")
    parser.add_argument("--rows", type=int, action="append", help="only logs of this size")
    parser.add_argument("--nannyml", type=Path, help="an interpreter that has nannyml")
    parser.add_argument("--evidently", type=Path, help="an interpreter that has evidently")
    given = parser.parse_args()
    os.environ.update(single_threaded())
    root: Path = given.folder / ("quick" if given.quick else "full")
    tools = {} if given.without_peers else {name: getattr(given, name) or environment(given.folder, name) for name in PINNED}
    sizes = [size for size in (QUICK if given.quick else FULL) if not given.rows or size.rows in given.rows]
    took: dict[str, float] = {}
    for size in sizes:
        start = time.monotonic()
        simulate(root, size)
        took["candor"] = took.get("candor", 0.0) + time.monotonic() - start
        for tool, python in tools.items():
            start = time.monotonic()
            ask(root, size, tool, python)
            took[tool] = took.get(tool, 0.0) + time.monotonic() - start
    source = given.data or Path(__file__).parents[2].parent / "shared" / "data"
    start = time.monotonic()
    folders = elsewhere.prepare(root, source)
    for tool, python in tools.items():
        run(tool, python, [str(folder) for folder in folders])
    took["data not made here"] = time.monotonic() - start
    said = elsewhere.section(folders, tuple(tools)) if folders else []
    write(root, sizes, tuple(tools), quick=given.quick, elsewhere=said)
    print("; ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))


if __name__ == "__main__":
    main()
