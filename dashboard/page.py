"""Pages: what each is given, and the one registry that the shell and every link between pages read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dashboard import data, url_state
from reports.figure import Figure

if TYPE_CHECKING:
    from streamlit.navigation.page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """Everything a page may know: the snapshot it reads, the run and model it is about, and what its link asks for."""

    snapshot: data.Snapshot
    run: data.Row
    models: tuple[data.Model, ...]
    model: data.Model
    view: url_state.View
    links: dict[str, Page]
    now: dt.datetime
    say: Callable[[str], None]
    """Show a sentence about a parameter of the link that could not be followed."""

    @property
    def key(self) -> tuple[data.Snapshot, str, str]:
        """Snapshot, run and model: the leading arguments of most reads."""
        return self.snapshot, self.model.run, self.model.model

    def query(self, **changes: str | None) -> dict[str, str]:
        """The query parameters of this view with `changes`."""
        return url_state.encode(replace(self.view, model=self.model.model, **changes))

    def without(self, name: str) -> PageContext:
        """This context with one parameter of its link left out."""
        return replace(self, view=replace(self.view, **{name: None}))

    def elsewhere(self, **changes: str | None) -> dict[str, str]:
        """The query parameters of a link to another page about the same model and run."""
        return url_state.elsewhere(replace(self.view, model=self.model.model), **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the menus of a page narrow it down to; None is everything."""

    window: data.Span | None = None
    version: str | None = None
    attribute: str | None = None
    label: str | None = None
    """A class of a task with several; its figures carry it in `column`."""

    def read(self, context: PageContext, *names: str, windows: bool = False, **more: Any) -> tuple[Figure, ...]:
        """Figures of these measures in this scope; `windows` for every window instead of the chosen one."""
        place: dict[str, Any] = {"whole": False} if windows else {"window": self.window}
        about: dict[str, Any] = {"column": self.label} if self.label is not None else {"columns": False}
        return data.figures(*context.key, **({"names": names, "version": self.version, **place, **about} | more))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a page: drawn alone, offered where the run holds any of what it shows."""

    key: str
    title: str
    draw: Callable[[PageContext, Scope], None]
    shows: Callable[[frozenset[str]], bool]
    tasks: frozenset[str] = frozenset()
    """The tasks that it is for; empty for all."""
    menus: frozenset[str] = frozenset()
    """Which of the menus "version", "window", "attribute" and "class" stand above it."""


def any_of(*names: str) -> Callable[[frozenset[str]], bool]:
    """Whether a run reports any of these measures; a name that ends in "*" stands for all that begin so."""
    exact = {name for name in names if not name.endswith("*")}
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return lambda reported: bool(exact & reported) or (bool(starts) and any(name.startswith(starts) for name in reported))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A registered page; `render` draws it below the strip."""

    title: str
    url: str
    render: Callable[[PageContext], None]
    listed: bool = True
    """Whether the bar names it; other pages are reached from those."""
    across: bool = False
    """Whether it is about all models, and no menu chooses one."""


REGISTRY: dict[str, Entry] = {}


def page(
    title: str, url: str, *, listed: bool = True, across: bool = False
) -> Callable[[Callable[[PageContext], None]], Callable[[PageContext], None]]:
    """Register a page under its title and address; pages appear in the order of registration."""

    def register(render: Callable[[PageContext], None]) -> Callable[[PageContext], None]:
        REGISTRY[url] = Entry(title=title, url=url, render=render, listed=listed, across=across)
        return render

    return register
