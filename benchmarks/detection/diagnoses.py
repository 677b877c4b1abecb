"""How often the cause that Candor names first is the one that was planted; "can't tell" is counted apart."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.detection.plan import QUARTER, Size
from benchmarks.detection.readings import diagnoses
from connectors.simulated.faults import FAULTS

WHEN = ("at once", "three windows on")
ANSWERS = ("right", "wrong", "can't tell")


def answer(fault: str, causes: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """ "right", "wrong" or "can't tell", and the kind that was named first.

    >>> answer("missing values", [{"kind": "covariate shift", "confidence": "named"}])
    ('wrong', 'covariate shift')
    """
    named = [cause for cause in causes if cause["confidence"] == "named" and cause["kind"] != "unknown"]
    if not named:
        return "can't tell", ""
    planted = FAULTS[fault]
    first = str(named[0]["kind"])
    return ("right" if first in (planted.cause, *planted.also) else "wrong"), first


def diagnosis_table(root: Path, sizes: Sequence[Size]) -> list[str]:
    """Right, wrong and can't tell by fault, of what was noticed at the default, on the day it was noticed and three days later."""
    counts: dict[tuple[str, float, str], collections.Counter[str]] = {}
    wrong: dict[str, collections.Counter[str]] = {}
    missed: collections.Counter[float] = collections.Counter()
    for size in sizes:
        for (fault, share, _), found in diagnoses(root, size).items():
            said: Any = found["diagnosis"]
            if found["noticed"] is None:
                missed[share] += 1
                continue
            for when in WHEN:
                result, kind = answer(fault, said[when])
                counts.setdefault((fault, share, when), collections.Counter())[result] += 1
                if result == "wrong":
                    wrong.setdefault(fault, collections.Counter())[kind] += 1
    parts = [
        "The first cause named, on the day of the first alert and three days later; a fault of the registry has one cause, and some have a",
        "second that is right too (columns that traded places are a skew and a change of scale).",
        "",
        "| rows hit | when | right | wrong | can't tell | right of those named | not noticed |",
        "|---|---|---|---|---|---|---|",
    ]
    for share in (1.0, QUARTER):
        for when in WHEN:
            total: collections.Counter[str] = collections.Counter()
            for (_, part, moment), each in counts.items():
                if (part, moment) == (share, when):
                    total += each
            every, named = sum(total.values()), total["right"] + total["wrong"]
            if every:
                shown = [f"{100 * total[result] / every:.0f} % ({total[result]})" for result in ANSWERS]
                hit = "all" if share == 1 else "a quarter"
                of_named = f"{100 * total['right'] / max(named, 1):.0f} %"
                parts.append(f"| {hit} | {when} | {' | '.join(shown)} | {of_named} | {missed[share]} |")
    parts += ["", "Faults whose cause was named wrongly, or not at all, on the day of the first alert:", ""]
    for fault in FAULTS:
        for share in (1.0, QUARTER):
            each = counts.get((fault, share, "at once"), collections.Counter())
            if each["wrong"] or each["can't tell"]:
                named_as = ", ".join(f"{kind} {n}×" for kind, n in wrong.get(fault, collections.Counter()).most_common(3))
                hit = "" if share == 1 else ", a quarter of the rows"
                parts.append(
                    f"* {fault}{hit}: wrong {each[ANSWERS[1]]}, can't tell {each[ANSWERS[2]]} of {sum(each.values())}"
                    + (f" (named: {named_as})" if each["wrong"] else "")
                )
    return [*parts, ""]
