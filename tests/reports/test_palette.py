"""Colours: text and marks can be read in both themes, and OK is told from critical without red or green."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from reports import palette
from reports.palette import DARK, LIGHT, Palette, contrast

THEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("name", ["text", "muted", "accent", "ok", "warning", "critical", "unknown"])
@pytest.mark.parametrize("ground", ["background", "surface"])
def test_text_can_be_read(colours: Palette, name: str, ground: str) -> None:
    assert contrast(getattr(colours, name), getattr(colours, ground)) >= 4.5


@pytest.mark.parametrize("colours", THEMES)
def test_series_names_can_be_read_and_series_differ(colours: Palette) -> None:
    assert all(contrast(colour, colours.background) >= 4.5 for colour in colours.series)
    assert len({*colours.series, colours.ok, colours.warning, colours.critical, colours.unknown}) == len(colours.series) + 4


@pytest.mark.parametrize("colours", THEMES)
def test_muted_text_on_the_shaded_side_of_a_policy_can_be_read(colours: Palette) -> None:
    assert contrast(colours.muted, palette.mix(colours.background, colours.critical, 0.06)) >= 4.5


def test_status_colours_are_those_of_the_design() -> None:
    assert (LIGHT.ok, LIGHT.warning, LIGHT.critical, LIGHT.unknown) == ("#0B5FA5", "#9A6700", "#A8071A", "#6B7280")
    assert (DARK.background, DARK.ok, DARK.warning, DARK.critical, DARK.unknown) == ("#0E1117", "#4FC3F7", "#FFC24B", "#FF7A70", "#A3ABB8")


@pytest.mark.parametrize("verdict", [None, "insufficient", "stale", ""])
def test_what_is_not_ok_is_never_drawn_as_ok(verdict: str | None) -> None:
    assert LIGHT.status(verdict) == LIGHT.unknown


def test_every_variable_that_the_style_sheet_uses_is_defined_in_both_themes() -> None:
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", (files("reports") / "templates" / "audit.css").read_text("utf-8")))
    assert used
    assert used <= set(palette.variables("light"))
    assert palette.variables("light").keys() == palette.variables("dark").keys()
