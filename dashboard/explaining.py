"""One prediction for a page: explained from rows and model, kept while both are the same, and every look recorded."""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from audits.explanation import Explanation
from audits.probes.explainer import Explainer
from connectors.actions import View, record_view
from connectors.actions import views as recorded
from connectors.errors import CandorError, UsageError
from dashboard.commands.explain import who
from dashboard.snapshot import config

__all__ = ["BUSY", "BusyError", "View", "explained", "views", "who"]

SECONDS = 2.0
"""What each search may take: somebody is waiting."""
PATIENCE = 0.5
AGAIN = 60.0
"""Seconds within which the same look by the same person, as a page is drawn anew, is one look."""
BUSY = "The warehouse is busy: an ingest or an audit has it open. Try again in a moment."


class BusyError(CandorError):
    """Another process writes the warehouse; the text says to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looked at what."""

    who: str
    model: str
    id: str
    version: str | None


@st.cache_resource(show_spinner=False, max_entries=4, on_release=lambda explainer: explainer.close())
def _explainer(config_path: str, modified: int, model: str) -> Explainer:
    """A model that stays open for the next question; `modified` is the configuration's, so that a changed one opens anew."""
    return Explainer(config(config_path), model)


@st.cache_resource(show_spinner=False)
def _looks() -> dict[Look, float]:
    """When each look was last recorded."""
    return {}


def explained(
    config_path: str, model: str, id: str, *, who: str, version: str | None = None, seconds: float = SECONDS
) -> Explanation:  # fmt: skip
    """One prediction explained; the look is recorded first, and without a record nothing is shown.

    Raises
    ------
    BusyError
        Another process writes the warehouse.
    UsageError
        No prediction has this id, or not of this version; the sentence names the nearest.
    CandorError
        Nothing has been audited yet, or the look cannot be recorded.
    """
    from pathlib import Path

    record(config_path, Look(who=who, model=model, id=id, version=version))
    explainer = _explainer(config_path, Path(config_path).stat().st_mtime_ns, model)
    try:
        return explainer.explain(id, version=version, seconds=seconds, patience=PATIENCE)
    except UsageError:
        raise
    except CandorError as error:
        if "is using the warehouse" in str(error):
            raise BusyError(BUSY) from None
        raise


def record(config_path: str, look: Look) -> None:
    """Record a look, once while a page is drawn again and again."""
    looks, now = _looks(), time.monotonic()
    if now - looks.get(look, -AGAIN) >= AGAIN:
        record_view(config(config_path), look.who, look.model, look.id, look.version)
        looks[look] = now
        for old in [each for each, at in looks.items() if now - at >= AGAIN]:
            del looks[old]


def views(config_path: str, model: str, most: int = 20) -> list[View]:
    """Who looked at which predictions of a model, the newest first."""
    return recorded(config(config_path), model, most=most)
