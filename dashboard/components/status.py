"""A verdict as icon, word and colour; the word alone is enough to understand it."""

from __future__ import annotations

from dashboard import strings as screen
from dashboard.components.markup import Html, text
from reports import strings
from reports.figure import Figure


def status(verdict: str | None, reason: str = "") -> Html:
    """A verdict; `reason` is its tooltip."""
    tip = text(reason or screen.TERMS["status"])
    icon = strings.verdict_icon("insufficient" if verdict == "stale" else verdict)
    word = screen.STALE if verdict == "stale" else strings.verdict_word(verdict)
    return Html(f'<span class="c-status {verdict or "none"}" title="{tip}"><i aria-hidden="true">{icon}</i>{text(word)}</span>')


def standing(figure: Figure) -> Html:
    """Where a figure stands: its verdict, or that nobody can tell; the reason is its tooltip."""
    if not strings.cannot_tell(figure):
        return status(figure.verdict, strings.too_few(figure) or figure.reason)
    icon = strings.verdict_icon("insufficient")
    word = strings.standing(figure)
    return Html(f'<span class="c-status insufficient" title="{text(figure.reason)}"><i aria-hidden="true">{icon}</i>{text(word)}</span>')
