"""Figures as lines of tables and as things that need attention, still without any markup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reports import glossary, series, strings
from reports.attention import BAD, counts_as_step, key, urgency
from reports.attention import attention as latest
from reports.charts import Mark
from reports.figure import Figure

MOST_ITEMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure as a line of a table."""

    title: str
    about: str
    value: str
    interval: str
    n: str
    q: str
    people: str
    policy: str
    verdict: str | None
    word: str
    note: str
    remark: str
    detail: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that needs attention, in a sentence, and what is known about when."""

    verdict: str
    text: str
    note: str


@dataclass(slots=True)
class Findings:
    """The figures of one model, found by what they are about."""

    all: Sequence[Figure]
    marks: Sequence[Mark] = ()
    whole: list[Figure] = field(init=False)
    windows: list[Figure] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = [f for f in self.all if f.whole]
        self.windows = [f for f in self.all if not f.whole]

    def one(self, name: str) -> Figure | None:
        """Return the whole-period figure of a measure about everyone, all versions together."""
        return next((f for f in self.whole if f.name == name and everyone(f)), None)

    def of(self, name: str) -> list[Figure]:
        """Return the whole-period figures of a family about everyone, all versions together."""
        return [f for f in self.whole if family(f) == name and not f.slice and f.attribute is None and f.version is None]


def everyone(figure: Figure) -> bool:
    """Whether a figure is about the whole population, all versions together."""
    return not figure.slice and figure.attribute is None and figure.version is None and figure.column is None


def family(figure: Figure) -> str:
    """Return the family of measures that a figure belongs to."""
    return glossary.term(figure.name).family


def row(figure: Figure, *, about: str | None = None) -> Row:
    """Return a figure as a line of a table."""
    unit = series.unit_of(figure)
    value, interval = strings.parts(figure.value, figure.low, figure.high, unit, against=strings.limit(figure))
    return Row(
        title=strings.title_of(figure),
        about=strings.subject(figure) if about is None else about,
        value=strings.SUPPRESSED if figure.suppressed else value,
        interval=interval,
        n="" if figure.suppressed else strings.count(figure.n),
        q="" if figure.q_value is None else strings.chance(figure.q_value),
        people="" if figure.people is None else strings.people(figure.people, figure.people_low, figure.people_high),
        policy=strings.policy(figure.threshold_min, figure.threshold_max, unit),
        verdict=figure.verdict,
        word=_standing(figure),
        note=figure.reason if figure.value is None and not figure.suppressed else "",
        remark=figure.reason if figure.value is not None else "",
        detail=strings.detail(figure),
        name=figure.name,
    )


def _standing(figure: Figure) -> str:
    """Return where a figure stands; nothing where no policy says anything of it."""
    judged = figure.verdict is not None or figure.threshold_min is not None or figure.threshold_max is not None
    return strings.standing(figure) if not figure.suppressed and (judged or strings.cannot_tell(figure)) else ""


def attention(figures: Iterable[Figure]) -> list[Item]:
    """Return what fails or warns, worst first: over the whole period, or in its latest bad window where the whole is fine."""
    figures = list(figures)
    since = {key(item.figure): item.since for item in latest(figures)}
    about: dict[Hashable, list[Figure]] = defaultdict(list)
    for figure in figures:
        about[key(figure)].append(figure)
    found = []
    for group in about.values():
        whole = next((f for f in group if f.whole), None)
        windows = sorted((f for f in group if counts_as_step(f)), key=series.order)
        bad = [f for f in windows if f.verdict in BAD]
        count = f"outside in {len(bad)} of {len(windows)} complete {'window' if len(windows) == 1 else 'windows'}" if bad else ""
        if whole is not None and whole.verdict in BAD:
            found.append((whole, strings.sentence(whole, since=since.get(key(whole))), count))
        elif any(f.verdict == "fail" for f in bad) or (windows and windows[-1].verdict in BAD):
            worst = next((f for f in reversed(bad) if f.verdict == "fail"), bad[-1])
            calm = "; OK over the whole period" if whole is not None and whole.verdict == "pass" else ""
            found.append((worst, strings.sentence(worst), count + calm))
    found.sort(key=lambda f: urgency(f[0]))
    kept: dict[tuple[Any, ...], Item] = {}
    more: dict[tuple[Any, ...], dict[str, None]] = defaultdict(dict)
    for figure, text, note in found:
        topic = _topic(figure)
        if topic not in kept:
            kept[topic] = Item(verdict=figure.verdict or "", text=text, note="; ".join(p for p in (note, strings.safe(figure.reason)) if p))
            continue
        more[topic][_addition(figure)] = None
    return [replace(item, note="; ".join(p for p in (item.note, _also(more[topic])) if p)) for topic, item in kept.items()]


def _topic(figure: Figure) -> tuple[Any, ...]:
    """Return what makes two bad figures one thing to attend to.

    A column's drift statistics say the same in other units; versions repeat what holds for all; an intersection is told by its worst group.
    """
    if figure.column is not None:
        about = family(figure) if family(figure) == "drift" else figure.name
        return (about, figure.column, tuple(sorted(figure.slice.items())), figure.attribute)
    if len(figure.slice) > 1:
        return (figure.name, tuple(sorted(figure.slice)))
    return (figure.name, tuple(figure.slice.items()), figure.attribute)


def _addition(figure: Figure) -> str:
    if figure.column is not None and family(figure) == "drift":
        return glossary.term(figure.name).title
    if len(figure.slice) > 1:
        return strings.group(figure.slice)
    return f"version {strings.name_of(figure.version)}" if figure.version is not None else "all versions together"


def _also(names: dict[str, None]) -> str:
    return f"also {listed(list(names), most=3)}" if names else ""


def about(figure: Figure) -> str:
    """Name the group that a figure is about, and the one that it is compared with."""
    own = strings.group(figure.slice)
    return f"{own} / {strings.group(figure.reference_slice)}" if figure.reference_slice and figure.reference_slice != figure.slice else own


def listed(names: list[str], *, most: int = 6) -> str:
    """Name the first few, and count the others."""
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
