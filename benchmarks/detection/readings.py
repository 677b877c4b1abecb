"""How each tool's figures are read: which of its series count, and how many have to ring together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.compare import Figures, Margins, Trials, gathered, laid_out
from benchmarks.detection.plan import Size
from benchmarks.detection.world import FIRST

EVIDENTLY_COLUMNS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way of making an alarm of a tool's figures.

    Parameters
    ----------
    prefixes
        Series whose key begins so take part; none: all.
    least
        How many have to ring together.
    default
        Whether this is what the tool does unless told otherwise.
    """

    tool: str
    words: str
    prefixes: tuple[str, ...] = ()
    least: int = 1
    default: bool = False


READINGS = (
    Reading(tool="candor", words="Candor: any alert", default=True),
    Reading(tool="candor", words="Candor: alerts that page", prefixes=("page/",), default=True),
    Reading(tool="evidently", words="evidently: dataset drift (half of the columns)", prefixes=("drift/",), least=EVIDENTLY_COLUMNS // 2,
            default=True),
    Reading(tool="evidently", words="evidently: any drifted column", prefixes=("drift/",), default=True),
    Reading(tool="evidently", words="evidently: two drifted columns", prefixes=("drift/",), least=2),
    Reading(tool="evidently", words="evidently: three drifted columns", prefixes=("drift/",), least=3),
    Reading(tool="evidently", words="evidently: any drifted column or failed test", default=True),
    Reading(tool="evidently", words="evidently: any drifted column or share of missing values", prefixes=("drift/", "test/missing share/")),
    Reading(tool="nannyml", words="nannyml: any drifted column", prefixes=("drift/",), default=True),
    Reading(tool="nannyml", words="nannyml: two drifted columns", prefixes=("drift/",), least=2),
    Reading(tool="nannyml", words="nannyml: three drifted columns", prefixes=("drift/",), least=3),
    Reading(tool="nannyml", words="nannyml: any alert of any calculator", default=True),
    Reading(tool="nannyml", words="nannyml: two alerts of any calculators", least=2),
    Reading(tool="nannyml", words="nannyml: three alerts of any calculators", least=3),
    Reading(tool="nannyml", words="nannyml: drift, missing and unseen values, rows", prefixes=("drift/", "missing/", "unseen/", "rows/")),
    Reading(tool="nannyml", words="nannyml: reconstruction error", prefixes=("reconstruction/",)),
)  # fmt: skip


def chosen(figures: Figures, reading: Reading) -> Figures:
    """The series that a reading counts."""
    if not reading.prefixes:
        return figures
    return {key: by_window for key, by_window in figures.items() if key.startswith(reading.prefixes)}


def figures_of(path: Path, tool: str, first: int) -> Figures:
    """A tool's margins by series and analysed window; the peers' files name days, `first` of which is the first analysed one."""
    held = json.loads(path.with_name(f"{path.name}.{tool}.json").read_text(encoding="utf-8"))["figures"]
    if tool == "candor":
        return {key: {int(window): margin for window, margin in by.items()} for key, by in held.items()}
    import numpy as np

    days = {day for by in held.values() for day in by}
    place = {day: int((np.datetime64(day) - FIRST).astype(int)) - first for day in days}
    return {key: {place[day]: margin for day, margin in by.items()} for key, by in held.items()}


def trials(root: Path, size: Size, reading: Reading, *, share: float, kind: str | None = None) -> Trials:
    """All logs of a size, or those of one kind of world, as one tool reads them."""
    quiet: dict[str, Margins] = {}
    faulty: dict[tuple[str, str], Margins] = {}
    for each, seed, broken, peers in size.logs():
        if (kind is not None and each != kind) or (reading.tool != "candor" and not peers):
            continue
        folder, name = size.folder(root, each, seed), f"{each}-{seed}"
        quiet[name] = laid_out(chosen(figures_of(folder / "quiet", reading.tool, size.reference), reading), range(size.analysed))
        for case in size.cases() if broken else ():
            if case.share == share:
                held = figures_of(folder / case.name, reading.tool, size.reference)
                windows = range(size.onset - (1 if reading.tool == "candor" else 2), min(size.onset + size.horizon, size.analysed))
                faulty[name, case.fault] = laid_out(chosen(held, reading), windows)
    return gathered(quiet, faulty, size.onset, reading.least)


def diagnoses(root: Path, size: Size) -> Mapping[tuple[str, float, str], dict[str, object]]:
    """What Candor noticed and named, by (fault, share, log)."""
    found = {}
    for kind, seed, broken, _ in size.logs():
        for case in size.cases() if broken else ():
            path = size.folder(root, kind, seed) / f"{case.name}.candor.json"
            found[case.fault, case.share, f"{kind}-{seed}"] = json.loads(path.read_text(encoding="utf-8"))
    return found
