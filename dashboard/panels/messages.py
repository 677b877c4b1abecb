"""Messages about alerts: those that did not arrive, those that were held back and by what, and all about one alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from dashboard import alert_strings as said
from dashboard.alerting import Told
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, show, span, table, text
from reports.strings import DASH, moment, name_of, safe

LOOKS = {
    "delivered": ("●", "Delivered", "pass"),
    "waiting": ("▲", "Waits", "warn"),
    "failed": ("◆", "Given up", "fail"),
    "held back": ("○", "Held back", "none"),
}
MOST = 50


def undelivered(told: Sequence[Told], about: Callable[[str], Html], *, channels: bool, now: dt.datetime) -> None:
    """Messages that wait or were given up; where no channel is configured, that nobody is told at all."""
    if not channels:
        show(Html(f"<p>{mark('▲', 'Nobody is told', 'warn')}</p><p class='c-note'>{text(said.NO_CHANNELS)}</p>"))
        return
    late = sorted((each for each in told if each.state in ("waiting", "failed")), key=lambda each: each.at)
    if not late:
        show(Html(f"<p>{mark('●', said.ALL_DELIVERED, 'pass')}</p>"))
        return
    waiting = sum(each.state == "waiting" for each in late)
    show(span(said.undelivered(waiting, len(late) - waiting), "c-note"))
    lines = "".join(
        f"<li>{standing(each)} {text(name_of(each.channel))} {span(why(each, now), 'c-note')}<br>{about(each.key)}</li>"
        for each in late[:MOST]
    )
    show(Html(f'<ul class="c-causes">{lines}</ul>'))


def held_back(told: Sequence[Told], about: Callable[[str], Html]) -> None:
    """Messages that were not sent on purpose, and by what."""
    held = sorted((each for each in told if each.state == "held back"), key=lambda each: each.at, reverse=True)
    show(span(said.held_back(len(held)), "c-note"))
    if held:
        lines = "".join(
            f"<li>{about(each.key)}<br>{span(safe(each.reason) or DASH, title=moment(each.at))} {span(moment(each.at), 'c-note')}</li>"
            for each in held[:MOST]
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
    return "; ".join(part for part in (safe(told.reason), again) if part)
