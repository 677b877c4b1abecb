"""What needs attention, worst first, and since when: the one order that the pages, the report and the command line follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reports import strings
from reports.figure import Figure
from reports.scales import position

BAD: Final = ("fail", "error", "warn")
VERDICTS: Final = {"fail": 0, "error": 1, "warn": 2, "insufficient": 3, None: 4, "pass": 5}
SEVERITIES: Final = {"page": 0, "ticket": 1, "info": 2}
CALMEST: Final = (9, 9, 9, True, 0.0, 0)
"""The urgency of a model about which nothing needs attention."""
IMMATURE: Final = "immature: "
"""In the reason of a figure whose outcomes are not all known yet: early outcomes are unlike the rest, so nobody is woken by them."""

WEAK_SPOT: Final = "Weak spot"
CANNOT_TELL: Final = "Can't tell"
SELECTIVE: Final = "Selective outcomes"
PARADOX: Final = "Simpson's paradox"
MOST_SPOTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A measure that needs attention: over the whole period, or in the log's latest complete window, and since when."""

    figure: Figure
    since: datetime | int | None
    """Start of the unbroken run of windows in which the value lay outside the threshold, to the latest complete one."""
    windows: int
    """Windows in that run; 0 when the latest complete window is inside the threshold, or has no such figure."""


def urgency(figure: Figure) -> tuple[int, int, int, bool, float, int]:
    """Sort key, worst first: verdict, severity, the broad before the narrow, all versions before one, how far outside, the run's order.

    Of thirty groups the one with the most extreme value is the one that chance has helped most; a gap between two whole groups is
    said before the gap in one corner of it.
    """
    breadth = max(len(figure.slice), (figure.attribute or "").count(",") + 1 if figure.attribute else 0)
    severity = SEVERITIES.get(figure.severity or "", len(SEVERITIES))
    return (VERDICTS.get(figure.verdict, 4), severity, breadth, figure.version is not None, -excess(figure), figure.position)


def excess(figure: Figure) -> float:
    """How far outside its threshold a value lies, in proportion to the threshold; 0 inside or without one."""
    for edge, side in ((figure.threshold_min, -1), (figure.threshold_max, 1)):
        if edge is not None and figure.value is not None and side * (figure.value - edge) > 0:
            return abs(figure.value - edge) / max(abs(edge), 1e-9)
    return 0.0


def key(figure: Figure) -> Hashable:
    """What a figure has in common with itself in another window; the comparison group may change from window to window."""
    return (figure.name, figure.version, tuple(sorted(figure.slice.items())), figure.attribute, figure.column)


def counts_as_step(figure: Figure) -> bool:
    """Whether a window is complete, has all its outcomes and was judged: only then does it start, carry on or end a run of bad windows."""
    judged = figure.verdict is not None and figure.verdict != "insufficient"
    return judged and not figure.whole and not figure.partial and IMMATURE not in figure.reason


def attention(figures: Iterable[Figure]) -> list[Attention]:
    """List what needs attention in one model's figures, worst first: one entry for each measure of each slice, column and version.

    A measure is listed when its whole period warns or fails, or the latest complete window of the log does; the worse of the two figures
    is given. A version or group that is absent from that window is not said to go on failing.
    """
    wholes: dict[Hashable, Figure] = {}
    steps: defaultdict[Hashable, list[Figure]] = defaultdict(list)
    latest: dict[str, float] = {}
    for figure in figures:
        if figure.whole:
            wholes[key(figure)] = figure
        elif counts_as_step(figure) and figure.at is not None:
            steps[key(figure)].append(figure)
            latest[figure.name] = max(latest.get(figure.name, -1.0), position(figure.at))
    found = []
    for each in wholes.keys() | steps.keys():
        windows = sorted(steps.get(each, ()), key=_place)
        current = [figure for figure in windows[-1:] if _place(figure) == latest[figure.name] and figure.verdict in BAD]
        bad = [figure for figure in (*([wholes[each]] if each in wholes else []), *current) if figure.verdict in BAD]
        if bad:
            run = spell(windows) if current else []
            worst = min(bad, key=lambda figure: VERDICTS.get(figure.verdict, 4))
            found.append(Attention(figure=worst, since=run[0].at if run else None, windows=len(run)))
    return sorted(found, key=lambda item: urgency(item.figure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth knowing that no policy judges, in a sentence."""

    kind: str
    text: str
    figure: Figure


def notes(figures: Iterable[Figure]) -> list[Note]:
    """List what no policy judges and a reader should still know, over the whole period: a few of each kind, told once.

    Weak spots (at most three), for whom nobody can give estimates and why, outcomes that are seen selectively, gaps that turn round within
    the levels of a segment. Gaps between groups are not listed: those that matter are judged by name.
    """
    whole = [figure for figure in figures if figure.whole and figure.version is None]
    found: dict[tuple[str, str], Note] = {}

    def add(kind: str, text: str, figure: Figure, about: str) -> None:
        found.setdefault((kind, about), Note(kind=kind, text=text, figure=figure))

    spots = [f for f in whole if f.name.startswith("weak_spot") and f.slice and f.value is not None]
    for figure in sorted(spots, key=lambda f: ((f.tables or {}).get("rank", 99), f.position)):
        if sum(kind == WEAK_SPOT for kind, _ in found) < MOST_SPOTS:
            add(WEAK_SPOT, strings.sentence(figure), figure, repr(sorted(figure.slice.items())))
    untold = sorted((f for f in whole if strings.cannot_tell(f)), key=lambda f: (len(f.slice), f.position))
    if untold:
        names = list(dict.fromkeys(strings.group(f.slice) for f in untold))
        about = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        first = f"{names[0]}: " if len(names) > 1 else ""
        add(CANNOT_TELL, f"Estimates for {about}. {first}{strings.safe(untold[0].reason)}", untold[0], "")
    for figure in whole:
        tables = figure.tables or {}
        if figure.name == "label_selectivity" and tables.get("selective") and not figure.slice:
            text = f"{strings.sentence(figure)}: outcomes are seen far more often after one decision than after the other"
            add(SELECTIVE, text, figure, "")
        if figure.name == "cochran_mantel_haenszel" and tables.get("simpson") and figure.reason:
            add(PARADOX, strings.safe(figure.reason), figure, figure.reason)
    return list(found.values())


def since(figure: Figure, items: Iterable[Attention]) -> datetime | int | None:
    """Since when a figure has been outside its threshold, where it is one of those listed; else None."""
    return next((item.since for item in items if key(item.figure) == key(figure)), None)


def spell(windows: Sequence[Figure]) -> list[Figure]:
    """Return the last unbroken run of bad windows, none when the last window is not bad."""
    run: list[Figure] = []
    for figure in windows:
        run = [*run, figure] if figure.verdict in BAD else []
    return run


def _place(figure: Figure) -> float:
    return position(figure.at) if figure.at is not None else -1.0
