"""Pages: what each is given, and the one registry that the shell and every link between pages read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dashboard import data, url_state

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
class Entry:
    """A registered page; `render` draws it below the strip."""

    title: str
    url: str
    render: Callable[[PageContext], None]


REGISTRY: dict[str, Entry] = {}


def page(title: str, url: str) -> Callable[[Callable[[PageContext], None]], Callable[[PageContext], None]]:
    """Register a page under its title and address; pages appear in the order of registration."""

    def register(render: Callable[[PageContext], None]) -> Callable[[PageContext], None]:
        REGISTRY[url] = Entry(title=title, url=url, render=render)
        return render

    return register
