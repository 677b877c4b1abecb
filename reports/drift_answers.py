"""Has a column drifted? The answer of `drift_evidence` in words: drifted, stable, or nobody can tell, with the size of the shift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from reports import strings
from reports.figure import Figure

MEASURE: Final = "drift_evidence"
SHIFT: Final = "share_of_rows_moved"
"""What the size of a shift is called where it stands on its own."""
Word = Literal["drifted", "stable", "can't tell"]
ORDER: Final[dict[str, int]] = {"drifted": 0, "can't tell": 1, "stable": 2}
VERDICTS: Final[dict[str, str]] = {"drifted": "fail", "stable": "pass", "can't tell": "insufficient"}
"""The shape and colour of each answer; can't tell is never shown as OK."""
TITLES: Final[dict[str, str]] = {"drifted": "Drifted", "stable": "Stable", "can't tell": "Can't tell"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the evidence says of one column in one window.

    `size`, `low` and `high` are the share of rows that would have to move to make the window look like the reference; `evidence` and
    `line` are logarithms to base 10: what there is, and what the budget of false alarms asks for.
    """

    column: str
    word: Word
    figure: Figure
    size: float | None
    low: float | None
    high: float | None
    zone: float | None
    evidence: float | None
    line: float | None
    since: datetime | int | None
    moved: Mapping[str, Any]
    reason: str

    @property
    def verdict(self) -> str:
        """The status that the answer is drawn with."""
        return VERDICTS[self.word]

    @property
    def effect(self) -> str:
        """The size with its interval: "23.0% [21.1%, 24.9%]"."""
        value, interval = strings.parts(self.size, self.low, self.high, "percent")
        return f"{value} {interval}".strip() if self.size is not None else strings.DASH

    @property
    def most(self) -> str:
        """The share that moved most: "below 24,296: 10.0% → 29.2%"."""
        before, now = self.moved.get("before"), self.moved.get("now")
        if before is None or now is None:
            return ""
        change = f"{strings.number(before, 'percent')} → {strings.number(now, 'percent')}"
        return f"{strings.safe(str(self.moved.get('what') or ''))}: {change}".removeprefix(": ")


def answer(figure: Figure) -> Answer | None:
    """Return the answer that a finding of `drift_evidence` about a column holds; None for other findings."""
    tables = figure.tables or {}
    word = tables.get("answer")
    if figure.name != MEASURE or figure.column is None or word not in ORDER:
        return None
    effect = tables.get("effect") or {}
    return Answer(
        column=figure.column, word=word, figure=figure, size=effect.get("value"), low=effect.get("low"), high=effect.get("high"),
        zone=tables.get("zone"), evidence=figure.value, line=tables.get("line"), since=_since(tables.get("since")),
        moved=tables.get("moved") or {}, reason=str(tables.get("reason") or figure.reason or ""),
    )  # fmt: skip


def shift(figure: Figure) -> Figure:
    """Return the size of the shift that a finding of `drift_evidence` holds as a figure of its own, judged by its answer and zone."""
    found = answer(figure)
    size, low, high = (None, None, None) if found is None else (found.size, found.low, found.high)
    return replace(
        figure, name=SHIFT, unit="proportion", value=size, low=low, high=high, threshold_max=None if found is None else found.zone,
        verdict=None if found is None else found.verdict, tables=None, reason=figure.reason if found is None else found.reason,
    )  # fmt: skip


def signalled(figure: Figure, since: datetime | int | None) -> str:
    """Say what a signal of `drift_evidence` raised, whose value is the shift itself."""
    value, interval = strings.parts(figure.value, figure.low, figure.high, "percent")
    began = f" since {strings.moment(since)}" if since is not None else ""
    zone = f", where {strings.threshold(figure.threshold_max, 'percent')} does not matter" if figure.threshold_max is not None else ""
    n = f", n = {strings.count(figure.n)}" if figure.n else ""
    return f"Column {strings.name_of(figure.column)} has drifted{began}: {value} {interval} of the rows{n}{zone}"


def answers(figures: Iterable[Figure]) -> tuple[Answer, ...]:
    """Return the answers among figures: drifted first, then what nobody can tell, each by size."""
    found = [each for each in map(answer, figures) if each is not None]
    return tuple(sorted(found, key=lambda each: (ORDER[each.word], -(each.size or 0.0), each.column)))


def latest(figures: Iterable[Figure]) -> tuple[Answer, ...]:
    """Return the answers of each column's newest complete window, a partial one where there is no other."""
    newest: dict[str, Figure] = {}
    for figure in figures:
        if figure.whole or figure.column is None or figure.at is None or answer(figure) is None:
            continue
        held = newest.get(figure.column)
        if held is None or held.at is None or (not figure.partial, figure.at) >= (not held.partial, held.at):
            newest[figure.column] = figure
    return answers(newest.values())


def lead(found: Sequence[Answer]) -> str:
    """Say in one sentence how many columns have drifted, and the worst of them."""
    counts = {word: sum(each.word == word for each in found) for word in ORDER}
    if not found:
        return ""
    columns = f"{strings.count(len(found))} {'column' if len(found) == 1 else 'columns'}"
    unknown = counts["can't tell"]
    rest = f"{strings.count(counts['stable'])} stable" + (f", {strings.count(unknown)} can't be told" if unknown else "")
    if not counts["drifted"]:
        return f"No column has drifted: of {columns}, {rest}."
    verb = "has" if counts["drifted"] == 1 else "have"
    return f"{strings.count(counts['drifted'])} of {columns} {verb} drifted ({rest}). {sentence(found[0])}."


def sentence(found: Answer) -> str:
    """Say what is known of one column, without a full stop."""
    name = strings.name_of(found.column)
    since = f" since {strings.moment(found.since)}" if found.since is not None else ""
    if found.word == "drifted":
        most = f"; moved most: {found.most}" if found.most else ""
        return f"Column {name} has drifted{since}: {found.effect} of the rows lie elsewhere than in the reference{most}"
    if found.word == "stable":
        zone = f" the {strings.number(found.zone, 'percent')} that" if found.zone is not None else " what"
        return f"Column {name} is stable: its shift of {found.effect} of the rows stays within{zone} does not matter"
    why = f": {strings.safe(found.reason)}" if found.reason else ""
    return f"Nobody can tell whether column {name} has drifted{why}" + (
        f"; its shift is {found.effect} of the rows" if found.size is not None else ""
    )


def _since(found: Any) -> datetime | int | None:
    if isinstance(found, str):
        try:
            return datetime.fromisoformat(found.removesuffix("Z")).replace(tzinfo=None)
        except ValueError:
            return None
    return found if isinstance(found, int) else None
