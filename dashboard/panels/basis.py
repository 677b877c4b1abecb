"""What is explained or tried out, first of all: the model's file and how far it agrees with the log, or a surrogate and its fidelity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import data, strings
from dashboard.components.markup import Html, show, text
from dashboard.components.states import banner, empty
from dashboard.page import PageContext
from dashboard.panels import explanation_words as words
from reports import explained
from reports import strings as wording
from reports.figure import Figure

SURROGATE = "○ A surrogate."
DIFFERS = "▲ Another model?"
REFUSED = "▲ No model answers."


def of(context: PageContext, verb: str = "explained") -> explained.Basis:
    """What answers for the model in this run; `verb` says what is done with it."""
    figures = data.figures(*context.key, names=(explained.MISMATCH, explained.FIDELITY), columns=False, population=True, tables=True)
    failures = ((str(row["name"]), str(row["reason"])) for row in data.failures(*context.key))
    return explained.basis(figures, failures, verb=verb)


def quiet(found: explained.Basis) -> bool:
    """Whether the model's own file answers, and as it is logged."""
    differs = found.figure is not None and (found.figure.value or 0.0) >= explained.WORTH_SAYING
    return found.kind == "model" and not differs and found.verdict not in ("warn", "fail")


def draw(found: explained.Basis) -> None:
    """Say loudly that it is a surrogate, another model, or nothing; what is quiet is said with the page's title."""
    if found.kind == "refused":
        banner(found.words, "warn", REFUSED)
    elif found.kind == "surrogate":
        banner(found.words, "info", SURROGATE)
    elif found.kind == "model" and not quiet(found):
        banner(found.words, "warn", DIFFERS)
    hints(found.figure)


def hints(figure: Figure | None) -> None:
    """What would make the model's answers those of the log, as far as the probe could tell."""
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    said = [words.hint(each) for each in tables.get("hints") or () if each.get("kind")]
    if said:
        show(Html(f'<p class="c-note">{text(" ".join(said[:3]))}</p>'))


def nothing(context: PageContext, found: explained.Basis, *, title: str, sentence: str, command: str) -> None:
    """The state of a part that has nothing to show yet: why, and the one line that changes it."""
    if found.kind == "refused":
        title, sentence = words.REFUSED_TITLE, words.REFUSED_SENTENCE
    empty(title, sentence, strings.command(command, context.snapshot.config))


def read(figure: Figure | None) -> str:
    """Rows that were read, the time it took and when, from a figure's tables; a sample is never silent."""
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    if not tables.get("rows_used"):
        return ""
    used = int(tables["rows_used"])
    created = str(tables.get("created") or "").replace("T", " ").removesuffix("Z")
    return words.rows_read(used, int(tables.get("rows_available") or used), tables.get("seconds"), wording.safe(created))
