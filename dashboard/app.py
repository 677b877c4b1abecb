"""The shell: find the published run that a link is about, draw the bar and the strip, then the page."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from connectors.errors import CandorError
from dashboard import data, strings, theme, url_state, views
from dashboard.components import states
from dashboard.components.choose import choose
from dashboard.components.strip import strip
from dashboard.page import REGISTRY, Entry, PageContext
from dashboard.serve import CONFIG
from reports.attention import CALMEST, urgency
from reports.strings import moment, name_of

PAGES = views.__all__
RING = "<circle cx='8' cy='8' r='5.5' fill='none' stroke='#0B5FA5' stroke-width='4'/>"
ICON = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{RING}</svg>"


def run(only: str | None = None) -> None:
    """Draw the app. `only` names one page to draw without routing, for tests of single pages."""
    st.set_page_config(page_title=strings.PRODUCT, page_icon=ICON, layout="wide", initial_sidebar_state="collapsed")
    st.html(theme.stylesheet())
    config_path = os.environ.get(CONFIG, "candor.toml")
    links: dict[str, st.Page] = {}
    for number, entry in enumerate(REGISTRY.values()):
        draw = named(partial(show_page, entry, config_path, links), entry.url)
        links[entry.url] = st.Page(draw, title=entry.title, url_path=entry.url, default=number == 0)
    if only is not None:
        show_page(REGISTRY[only], config_path, links)
    else:
        st.navigation(list(links.values()), position="hidden").run()


def named(draw: Callable[[], None], name: str) -> Callable[[], None]:
    """Give a page's function the name that routing asks for."""

    def render() -> None:
        draw()

    render.__name__ = render.__qualname__ = f"page_{name}"
    return render


def show_page(entry: Entry, config_path: str, links: dict[str, st.Page]) -> None:
    """Draw one page, or the state that stands in its way."""
    asked, said = url_state.decode(st.query_params.to_dict())
    heard = list(said)
    top = st.container(key="topbar", horizontal=True, vertical_alignment="center", gap="small")
    below = st.container()
    slot = st.empty()

    def say(sentence: str) -> None:
        heard.append(sentence)
        with slot.container():
            states.messages(heard)

    try:
        snapshot = data.current(config_path)
        runs = data.runs(snapshot) if snapshot else ()
    except CandorError as error:
        bar(top, entry, links, url_state.encode(replace(url_state.View(), model=asked.model)))
        states.failed(error)
        return
    if snapshot is None or not runs:
        bar(top, entry, links, {})
        taken_in = data.config(config_path).warehouse.path.exists()
        line = strings.command("audit", config_path) if taken_in else strings.first_command(config_path)
        states.empty(strings.EMPTY, strings.EMPTY_SENTENCE if taken_in else strings.UNTOUCHED_SENTENCE, line)
        return
    if heard:
        say(heard.pop())

    chosen = url_state.pick("run", asked.run, [str(row["run"]) for row in runs], say=say) if asked.run else None
    models = data.models(snapshot, chosen)  # without a run, each model in its newest: a watcher audits only those that have new rows
    if not models:
        bar(top, entry, links, {})
        states.empty(strings.NO_MODELS, strings.NO_MODELS_SENTENCE, strings.command("audit", config_path))
        return
    titles = {model.model: model.title or model.model for model in models}
    name = url_state.pick("model", asked.model, list(titles), worst(snapshot, models), say=say)
    model = next(each for each in models if each.model == name)
    view = replace(asked, run=chosen)
    this = next(row for row in runs if str(row["run"]) == model.run)
    context = PageContext(
        snapshot=snapshot, run=this, models=models, model=model, view=view, links=links, say=say,
        now=dt.datetime.now(dt.UTC).replace(tzinfo=None),
    )  # fmt: skip
    bar(top, entry, links, url_state.encode(url_state.View(model=model.model, run=view.run)))
    with top:
        if len(models) > 1 and not entry.across:
            with st.container(width=220):
                choose(
                    replace(context, view=replace(view, model=name)),
                    "model",
                    "Model",
                    list(titles),
                    words=lambda key: name_of(titles[key]),
                    bare=True,
                )
        if len(runs) > 1:
            created = {str(row["run"]): row["created"] for row in runs}
            with st.container(width=210):
                choose(
                    replace(context, view=replace(view, run=model.run)),
                    "run",
                    "Run",
                    list(created),
                    words=lambda key: moment(created[key]),
                    bare=True,
                )
    with below:
        spans = {each.key: each for each in data.spans(*context.key)}
        strip(snapshot, model, this, spans.get(view.window or ""), None if view.version == url_state.ALL else view.version)
        states.stale(model, context.now)
        states.labels(model)
    with st.skeleton(height=420):  # shown only when reading takes long enough to notice
        entry.render(context)


def worst(snapshot: data.Snapshot, models: tuple[data.Model, ...]) -> str:
    """The model to show when a link names none: the one with the most urgent finding."""
    first = {each.model: data.attention(snapshot, each.run, each.model) for each in models}
    return min(first, key=lambda name: urgency(first[name][0].figure) if first[name] else CALMEST)


def bar(place: st.delta_generator.DeltaGenerator, entry: Entry, links: dict[str, st.Page], query: dict[str, str]) -> None:
    """The name of the product and the pages; the model and run go along."""
    with place:
        st.html(f'<div class="c-mark">{strings.PRODUCT}</div>', width="content")
        with st.container(horizontal=True, gap="xxsmall", width="stretch", key="pages"):
            for other in (each for each in REGISTRY.values() if each.listed):
                st.page_link(links[other.url], label=f"**{other.title}**" if other is entry else other.title, query_params=query)


if __name__ == "__main__":
    run()
