"""Menus that are bound to the address bar: the link is the truth, a choice changes the link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, strings, url_state
from dashboard.page import PageContext, Part, Scope
from reports.strings import name_of
from reports.strings import window as window_words


def choose(
    context: PageContext,
    name: str,
    label: str,
    options: Sequence[str],
    *,
    words: Callable[[str], str] = str,
    default: str | None = None,
    segmented: bool = False,
    help: str | None = None,
    bare: bool = False,
    forget: tuple[str, ...] = (),
) -> str | None:
    """Let a person choose the value of the query parameter `name`; None where there is nothing to choose from.

    `bare` leaves the label to screen readers. A link that asks for something else falls back to the default, after saying so
    at the top of the page. A choice takes the parameters that it makes meaningless (`forget`) off the link.
    """
    value = url_state.pick(label.lower(), getattr(context.view, name), options, default, say=context.say)
    if value is None:
        return None
    key = f"choose-{name}"
    visible: Literal["visible", "collapsed"] = "collapsed" if bare else "visible"
    st.session_state[key] = value
    if segmented:
        st.segmented_control(
            label,
            options,
            key=key,
            format_func=words,
            on_change=_write,
            args=(name, key, *forget),
            help=help,
            required=True,
            label_visibility=visible,
        )
    else:
        st.selectbox(label, options, key=key, format_func=words, on_change=_write, args=(name, key), help=help, label_visibility=visible)
    return value


def _write(name: str, key: str, *forget: str) -> None:
    value = st.session_state.get(key)
    if value:
        st.query_params[name] = value
        for other in forget:
            st.query_params.pop(other, None)


OF_A_PART = ("measure", "group", "cut", "analysis", "prediction")
"""Parameters that another part of the page would not know."""


def reread(context: PageContext, *names: str) -> PageContext:
    """The context as the address bar has it now, as to these parameters; what a fragment redraws was given an earlier one."""
    asked, _ = url_state.decode(st.query_params.to_dict())
    return replace(context, view=replace(context.view, **{name: getattr(asked, name) for name in names}))


MENU = 158
"""How wide a menu above a part is, in pixels."""


def menus(context: PageContext, part: Part, *always: str) -> tuple[DeltaGenerator, dict[str, DeltaGenerator]]:
    """The place of the title, and one for each menu that stands above a part; a menu without a choice takes no room."""
    wanted = {
        "class": bool(part.menus & {"class", "one class"}) and context.model.task == "multiclass" and bool(data.labels(*context.key)),
        "attribute": "attribute" in always,
        "version": "version" in part.menus and bool(data.versions(*context.key)),
        "window": "window" in part.menus,
    }
    named = [name for name, there in wanted.items() if there]
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False)
    head = row.container()
    return head, {name: row.container(width=MENU) for name in named}


def scoped(
    context: PageContext, part: Part, places: dict[str, DeltaGenerator], *, attribute: str | None = None, default_class: str | None = None
) -> Scope:
    """What the menus above a part narrow it down to; the attribute has a menu of its own."""
    label = version = window = None
    if "class" in places:
        with places["class"]:
            label = choose_class(context, alone="one class" in part.menus, default=default_class)
    if "version" in places:
        with places["version"]:
            version = choose_version(context)
    if "window" in places:
        with places["window"]:
            window = choose_window(context, data.spans(*context.key))
    return Scope(window=window, version=version, attribute=attribute, label=label)


def choose_part(context: PageContext, parts: Sequence[Part], default: str | None = None) -> Part:
    """The part of a page to draw; only those are offered that the run holds anything of."""
    reported = data.names(*context.key)
    suits = [part for part in parts if not part.tasks or context.model.task in part.tasks]
    held = [part for part in suits if part.shows(reported)] or list(suits[:1])
    titles = {part.key: part.title for part in held}
    chosen = choose(
        context, "part", strings.PART, list(titles), words=titles.__getitem__, default=default, segmented=True, bare=True, forget=OF_A_PART
    )
    return next(part for part in held if part.key == (chosen or held[0].key))


def choose_class(context: PageContext, *, alone: bool = False, default: str | None = None) -> str | None:
    """The class that a page is about, of a task with several; None for all of them, and where there are none.

    `alone` leaves "all classes" out, for what is only measured of one class against the others.
    """
    known = data.labels(*context.key) if context.model.task == "multiclass" else ()
    if not known:
        return None
    if alone and context.view.column == url_state.ALL:
        context = replace(context, view=replace(context.view, column=None))
    chosen = choose(
        context, "column", strings.CLASS, [*([] if alone else [url_state.ALL]), *known], default=default,
        words=lambda key: strings.ALL_CLASSES if key == url_state.ALL else name_of(key), help=strings.TERMS["class"],
    )  # fmt: skip
    return None if chosen == url_state.ALL else chosen


def choose_window(context: PageContext, spans: Sequence[data.Span], default: str = url_state.ALL) -> data.Span | None:
    """The window a page is about; None for the whole analysed period."""
    known = {span.key: span for span in reversed(spans)}

    def words(key: str) -> str:
        if key == url_state.ALL:
            return strings.WHOLE_PERIOD
        span = known[key]
        return window_words(span.start, span.end, span.first_row, span.last_row, partial=span.partial)

    chosen = choose(context, "window", "Window", [url_state.ALL, *known], words=words, default=default, help=strings.TERMS["window"])
    return known.get(chosen or url_state.ALL)


def choose_version(context: PageContext) -> str | None:
    """The model version a page is about; None for all versions together. Nothing is shown where the log tells none apart."""
    known = data.versions(*context.key)
    if not known:
        return None
    words = {url_state.ALL: strings.ALL_VERSIONS}
    chosen = choose(
        context,
        "version",
        "Version",
        [url_state.ALL, *known],
        words=lambda key: words.get(key, name_of(key)),
        help=strings.TERMS["version"],
    )
    return None if chosen == url_state.ALL else chosen
