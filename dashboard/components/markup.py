"""HTML from data: everything that is not written here is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboard import strings
from reports import glossary
from reports.figure import Figure
from reports.strings import safe, title_of


class Html(str):
    """Text that is already HTML."""


def text(value: object) -> Html:
    """`value` as HTML text; names from data lose control and direction-changing characters."""
    return value if isinstance(value, Html) else Html(escape(safe(str(value)), quote=True))


def span(content: object, css: str = "", title: str = "") -> Html:
    """Text with a class and, where there is more to say, a tooltip."""
    attributes = (f' class="{css}"' if css else "") + (f' title="{text(title)}"' if title else "")
    return Html(f"<span{attributes}>{text(content)}</span>")


def term(label: str, definition: str) -> Html:
    """A word with its definition behind it."""
    return Html(f'<abbr class="c-term" title="{text(definition)}">{text(label)}</abbr>') if definition else text(label)


def known(label: str, key: str) -> Html:
    """A word of the screen with its definition behind it."""
    return known_in(strings.TERMS, label, key)


def known_in(terms: Mapping[str, str], label: str, key: str) -> Html:
    """A word with its definition in another list of terms behind it."""
    return term(label, terms[key])


def measure(name: str, *, of_class: bool = False) -> Html:
    """A measure's plain name with its definition behind it; of a class, nobody says that it is approved."""
    title = title_of(Figure(name=name, slice={}, column="class" if of_class else None))
    return term(title, definition(name, of_class=of_class))


def definition(name: str, *, of_class: bool = False) -> str:
    """A measure's definition, in words that fit one class of several where it is about one.

    >>> definition("selection_rate", of_class=True)
    'Share of decisions that are of this class (selection rate).'
    """
    said = glossary.term(name).definition
    return (
        said.replace("favorable", "of this class").replace("Approval", "Selection").replace("approval", "selection") if of_class else said
    )


def link(label: object, page: str, parameters: dict[str, str], title: str = "") -> Html:
    """A link to another view."""
    tip = f' title="{text(title)}"' if title else ""
    return Html(f'<a class="c-link" href="{text(page + "?" + urlencode(parameters))}" target="_self"{tip}>{text(label)}</a>')


def join(parts: Iterable[object], between: str = " ") -> Html:
    """Parts put one after another."""
    return Html(between.join(text(part) for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its heading and the class of its cells ("num", "tight", "quiet", "mono", "wide")."""

    head: object
    css: str = ""


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, chosen: int | None = None, height: int | None = None
) -> Html:
    """A table with row headings; `chosen` marks a row, `height` (pixels) makes it scroll."""
    head = "".join(f'<th scope="col" class="{column.css}">{text(column.head)}</th>' for column in columns)
    lines = []
    for index, row in enumerate(rows):
        cells = "".join(
            f'<{tag} class="{column.css}">{text(cell)}</{tag.split()[0]}>'
            for column, cell, tag in zip(columns, row, ["th scope='row'"] + ["td"] * (len(columns) - 1), strict=True)
        )
        lines.append(f"<tr{' class=chosen' if index == chosen else ''}>{cells}</tr>")
    style = f' style="max-height:{height}px"' if height else ""
    return Html(
        f'<div class="c-scroll" tabindex="0" role="region" aria-label="{text(caption)}"{style}><table class="c-table">'
        f"<caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def show(html: Html) -> None:
    """Put HTML on the page."""
    st.html(html)
