"""`candor doctor`: what is installed against what is pinned, what the machine has, and the state of the warehouse."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from connectors.errors import CandorError

if TYPE_CHECKING:
    from connectors.config import Config

State = Literal["ok", "absent", "wrong", "note"]

EXTRAS = {
    "alibi": "more detectors; alibi-detect is under the Business Source License 1.1: production use needs Seldon's licence until four "
    "years after each release",
    "spark": "logs that outgrow one machine; needs Java 17 or later",
    "postgres": "PostgreSQL sources",
    "kafka": "Kafka sources",
    "s3": "object stores",
    "lake": "Delta and Iceberg tables",
    "torch": "maximum mean discrepancy with learned kernels",
    "dev": "the tests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at: only `wrong` means that something must be done."""

    part: str
    thing: str
    state: State
    found: str


def examine(config_path: Path | None) -> Iterator[Line]:
    """Look at the interpreter, the libraries, the extras, the machine and, where there is a candor.toml, its warehouse."""
    yield from interpreter()
    yield from libraries()
    yield from machine()
    if config_path is not None:
        yield from warehouse(config_path)


def interpreter() -> Iterator[Line]:
    """Look at Python."""
    version = platform.python_version()
    right = (3, 11) <= sys.version_info[:2] <= (3, 12)
    found = f"{version} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield Line(part="python", thing="python", state="ok" if right else "wrong", found=found if right else f"{found}; needs 3.11 or 3.12")
    yield Line(part="candor", thing="candor", state="ok", found=installed("candor") or "run from a checkout that is not installed")


def project() -> tuple[list[str], dict[str, list[str]]]:
    """Read the pins: plain requirements, and those of each extra."""
    file = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if file.exists():
        settings = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        return settings["dependencies"], settings["optional-dependencies"]
    from packaging.requirements import Requirement

    plain: list[str] = []
    extras: dict[str, list[str]] = {}
    for text in metadata.requires("candor") or []:
        marker = Requirement(text).marker
        name = next((extra for extra in EXTRAS if marker is not None and f'extra == "{extra}"' in str(marker)), None)
        (plain if name is None else extras.setdefault(name, [])).append(text)
    return plain, extras


def libraries() -> Iterator[Line]:
    """Compare what is installed with what is pinned."""
    from packaging.requirements import Requirement

    plain, extras = project()
    for text in sorted(plain, key=str.lower):
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue  # another system's
        found = installed(wanted.name)
        if found is None:
            needed = wanted.specifier or "any version"
            yield Line(part="library", thing=wanted.name, state="wrong", found=f"absent; needs {needed}: make setup")
        elif not wanted.specifier.contains(found, prereleases=True):
            yield Line(part="library", thing=wanted.name, state="wrong", found=f"{found}; needs {wanted.specifier}: make setup")
        else:
            yield Line(part="library", thing=wanted.name, state="ok", found=f"{found} (pinned {wanted.specifier or 'to any version'})")
    for extra, texts in extras.items():
        missing = [name for name in (Requirement(text).name for text in texts) if installed(name) is None]
        about = EXTRAS.get(extra, "")
        if missing:
            lacking = missing[0] if len(missing) == 1 else f"{len(missing)} of {len(texts)} libraries"
            yield Line(part="extra", thing=extra, state="absent", found=f"for {about} ({lacking} not installed)")
        else:
            yield Line(part="extra", thing=extra, state="note" if extra == "alibi" else "ok", found=f"installed: {about}")


def installed(name: str) -> str | None:
    """Give the installed version of a distribution, None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def machine() -> Iterator[Line]:
    """Look for what only some tests and engines need."""
    browser = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
    yield Line(part="machine", thing="chromium", state="ok" if browser else "absent", found=browser or "only the browser tests need it")
    java = shutil.which("java")
    yield Line(part="machine", thing="java", state="ok" if java else "absent", found=java_version(java) if java else "only Spark needs it")


def java_version(java: str) -> str:
    """Ask Java for its version; it answers on stderr."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return f"{java} (does not answer)"
    return next(iter((said.stderr or said.stdout).splitlines()), java)


def warehouse(config_path: Path) -> Iterator[Line]:
    """Look at the warehouse that a configuration names: its size, who holds it, what is published."""
    from connectors.config import load

    try:
        config = load(config_path)
    except CandorError as error:
        yield Line(part="config", thing=str(config_path), state="wrong", found=str(error))
        return
    yield Line(part="config", thing=str(config_path), state="ok", found=f"{len(config.models)} models: {', '.join(config.models)}")
    yield from stores(config)


def stores(config: Config) -> Iterator[Line]:
    """Look at the three stores of a configuration."""
    from connectors.published import folder_of
    from connectors.warehouse import open_warehouse

    path = config.warehouse.path
    if not path.exists():
        yield Line(part="warehouse", thing=path.name, state="absent", found='nothing ingested yet: run "candor ingest"')
    else:
        try:
            with open_warehouse(config.warehouse, write=False, patience=0):
                state, found = "ok", "not in use"
        except CandorError as error:
            state, found = "note", str(error)
        yield Line(part="warehouse", thing=path.name, state="ok" if state == "ok" else "note", found=f"{size(path)}, {found}")
    published = folder_of(config)
    snapshots = sorted(published.glob("*.duckdb"))
    yield Line(
        part="warehouse",
        thing=published.name,
        state="ok" if snapshots else "absent",
        found=f"{len(snapshots)} snapshots, {size(*snapshots)}" if snapshots else 'nothing published yet: run "candor audit"',
    )
    free = shutil.disk_usage(path.parent if path.parent.is_dir() else config.folder).free
    yield Line(part="warehouse", thing="free space", state="ok", found=human(free))


def size(*paths: Path) -> str:
    """Give the size of files together."""
    return human(sum(path.stat().st_size for path in paths))


def human(count: float) -> str:
    """Write a number of bytes.

    >>> human(512), human(86_400_000)
    ('512 B', '86.4 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
