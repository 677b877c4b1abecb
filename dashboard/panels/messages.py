"""Messages about alerts: those that did not arrive, alerts that are held back and by what, and every message about one alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from dashboard import alert_strings as said
from dashboard.alerting import Alert, Told
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, show, span, table, text
from dashboard.strings import shown_of
from reports.strings import DASH, moment, name_of, safe

LOOKS = {
    "delivered": ("●", "Delivered", "pass"),
    "waiting": ("▲", "Waits", "warn"),
    "failed": ("◆", "Given up", "fail"),
    "superseded": ("○", "Replaced", "none"),
}
MOST = 50
FIRST = 5
"""Late messages that are listed, the oldest first."""
PATIENCE = dt.timedelta(minutes=2)
"""How long a message may wait for its first try."""


def undelivered(told: Sequence[Told], about: Callable[[str], Html], *, channels: bool, now: dt.datetime) -> None:
    """Messages that wait after a failed try or were given up; where no channel is configured, that nobody is told at all."""
    if not channels:
        show(Html(f"<p>{mark('▲', 'Nobody is told', 'warn')}</p><p class='c-note'>{text(said.NO_CHANNELS)}</p>"))
        return
    late = sorted((each for each in told if each.state == "failed" or overdue(each, now)), key=lambda each: each.at)
    if not late:
        show(Html(f"<p>{mark('●', said.ALL_DELIVERED, 'pass')}</p>"))
        return
    waiting = sum(each.state == "waiting" for each in late)
    show(span(said.undelivered(waiting, len(late) - waiting), "c-note"))
    lines = "".join(
        f"<li>{standing(each)} {text(name_of(each.channel))} {span(why(each, now), 'c-note')}<br>{about(each.incident)}</li>"
        for each in late[:FIRST]
    )
    show(Html(f'<ul class="c-causes">{lines}</ul>'))
    if len(late) > FIRST:
        show(span(shown_of(FIRST, len(late), "messages"), "c-note"))


def overdue(told: Told, now: dt.datetime) -> bool:
    """Whether a message has failed once, or nobody has tried to send it for longer than a watcher takes."""
    return told.state == "waiting" and (told.tries > 0 or now - told.at > PATIENCE)


def held_back(alerts: Sequence[Alert], about: Callable[[str], Html]) -> None:
    """Alerts that are not told on purpose, and the alert that explains each."""
    show(span(said.held_back(len(alerts)), "c-note"))
    if alerts:
        lines = "".join(
            f"<li>{about(each.key)}<br>{span(Html(said.explained(about(each.held_by or ''))), 'c-note')}</li>" for each in alerts[:MOST]
        )
        show(Html(f'<ul class="c-causes">{lines}</ul>'))


def about_one(told: Sequence[Told], *, now: dt.datetime) -> None:
    """Every message about one alert, newest first."""
    if not told:
        show(span(said.NOBODY_TOLD, "c-note"))
        return
    rows = [
        [name_of(each.channel), standing(each), moment(each.at), str(each.tries or DASH), why(each, now)]
        for each in sorted(told, key=lambda each: each.at, reverse=True)[:MOST]
    ]
    heads = [
        Column(head="Channel", css="tight"), Column(head="Message", css="tight"), Column(head="When", css="tight"),
        Column(head="Tries", css="num"), Column(head="", css="wide quiet"),
    ]  # fmt: skip
    show(table(said.TOLD, heads, rows, height=260))


def standing(told: Told) -> Html:
    """What became of a message."""
    return mark(*LOOKS[told.state])


def why(told: Told, now: dt.datetime) -> str:
    """Why a message has not arrived, and when it is tried again."""
    again = f"tried again {said.due(told.next_try - now)}" if told.next_try is not None and told.state == "waiting" else ""
    untried = said.UNTRIED if told.state == "waiting" and not told.tries else ""
    return "; ".join(part for part in (safe(told.reason), untried or again) if part)
