"""Is the watcher alive: its last round, the next, a strip of heartbeats, and the sources that are down. Loud when nobody watches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from connectors import watch_store
from connectors.config import Config
from dashboard import alert_strings as said
from dashboard import strings
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, join, known_in, show, span, table, text
from reports.strings import count, duration, moment, name_of

ROUNDS = 60


def loud(config: Config, status: watch_store.Status | None, now: dt.datetime) -> bool:
    """Say across the page that nobody watches, with the line that starts the watcher; False where somebody does."""
    if status is not None and status.alive(now):
        return False
    if status is None:
        word, sentence, kind = f"▲ {said.NEVER}.", said.NEVER_SENTENCE, "warn"
    else:
        word, kind = f"◆ {said.DEAD}.", "fail"
        sentence = said.dead(now - newest(status), dt.timedelta(seconds=status.every))
    show(Html(f'<div class="c-banner {kind}" role="alert"><b>{text(word)}</b> {text(sentence)}</div>'))
    with st.container(width=720, key="start-watching"):
        st.code(strings.command("watch", str(config.path)), language=None, wrap_lines=True)
    return True


def newest(status: watch_store.Status) -> dt.datetime:
    """When the watcher last gave a sign of life."""
    return status.since if status.last is None else max(status.since, status.last.ended)


def draw(config: Config, status: watch_store.Status | None, now: dt.datetime) -> None:
    """Draw the panel."""
    if status is None:
        show(Html(f"<p>{mark('▲', said.NEVER, 'warn')}</p>"))
        return
    alive, failing = status.alive(now), [each for each in status.models if each.failing_since is not None]
    if not alive:
        head = mark("◆", said.DEAD, "fail")
    elif failing:
        head = mark("▲", said.FAILING, "warn")
    else:
        head = mark("●", said.ALIVE, "pass")
    every = dt.timedelta(seconds=status.every)
    last = newest(status)
    cells = [
        ("Last round", said.ago(now - last), moment(last)),
        ("Next round", said.due(last + every - now) if alive else "overdue", f"every {duration(every)}"),
    ]
    if status.heartbeat is not None or status.heartbeat_failure:
        answered = said.ago(now - status.heartbeat) if status.heartbeat is not None else "never"
        cells.append(("Heartbeat answered", answered, status.heartbeat_failure))
    tiles = "".join(
        f'<div><div class="label">{text(label)}</div><div class="small">{text(value)}</div>'
        f'<div class="detail" title="{text(detail)}">{text(detail)}</div></div>'
        for label, value, detail in cells
    )
    show(Html(f'<p>{head}</p><div class="c-tiles">{tiles}</div>'))
    found = watch_store.rounds(config, limit=ROUNDS)
    show(heartbeats(found) if found else span(said.NO_ROUNDS, "c-note"))
    sources(status.models, now)


def heartbeats(rounds: Sequence[watch_store.Round]) -> Html:
    """A strip of the last rounds, oldest at the left; height and shape tell good from failed, not colour alone."""
    beats = []
    for each in reversed(rounds):
        tip = f"{moment(each.ended)}: {each.answer}, {count(each.rows)} rows" + (f"; {each.said}" if each.said else "")
        beats.append(f'<i class="{text(each.answer)}" title="{text(tip)}"></i>')
    failed = sum(each.answer == "failed" for each in rounds)
    words = said.rounds(len(rounds) - failed, failed)
    strip = f'<div class="c-beats" role="img" aria-label="{text(words)}">{"".join(beats)}</div>'
    return Html(f'{strip}<p class="c-note">{known_in(said.TERMS, "Rounds", "heartbeat")}: {text(words)}</p>')


def sources(models: Sequence[watch_store.WatchedModel], now: dt.datetime) -> None:
    """The newest prediction of each model, and what fails."""
    if not models:
        show(span(said.NO_SOURCES, "c-note"))
        return
    rows: list[list[object]] = []
    for each in sorted(models, key=lambda each: (each.failing_since is None, each.name)):
        if each.failing_since is not None:
            standing = mark("◆", "Down", "fail", said.down(each.failing_since, each.tries, each.reason))
            note: object = span(said.down(each.failing_since, each.tries, each.reason), "c-note")
        else:
            standing, note = mark("●", "Answers", "pass"), ""
        age = said.ago(now - each.newest) if each.newest is not None else "–"
        rows.append([join([name_of(each.name), note], "<br>" if note else ""), standing, span(age, title=moment(each.newest))])
    heads = [Column(head="Model", css="wide"), Column(head="Source", css="tight"), Column(head="Newest prediction", css="num")]
    show(table(said.SOURCES, heads, rows, height=220))
