"""What `change` of a metamorphic rule says, and which log it suits."""

from __future__ import annotations

import re

import pytest

from connectors.rule_change import Change, parse_change
from connectors.rule_check import problem


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+10%", Change("percent", 10.0)),
        ("- 5 %", Change("percent", -5.0)),
        ("+1000", Change("add", 1000.0)),
        ("-.5", Change("add", -0.5)),
        ("*2", Change("times", 2.0)),
        ("* -1", Change("times", -1.0)),
        ("=web", Change("set", text="web")),
        ("=+10%", Change("set", text="+10%")),
        ("=", Change("set", text="")),
        ("Typo", Change("typo")),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, meant: Change) -> None:
    assert parse_change(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10%", 'did you mean "+10%"?'),
        ("spaces", 'did you mean "space"?'),
        ("", "valid are"),
        ("+0%", "changes nothing"),
        ("*1", "changes nothing"),
        ("+1e999", "too large"),
    ],
)
def test_what_is_no_change_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_change(text)


@pytest.mark.parametrize(
    ("columns", "change", "said"),
    [
        (["income", "debt"], "*2", None),
        (["income", "det"], "*2", 'did you mean "debt"?'),
        (["job"], "*2", "holds no numbers"),
        (["income"], "case", "holds no texts"),
        (["income"], "=much", '"much" is none'),
        (["income"], "=3", None),
        (["job"], "=cook", None),
        (["ok"], "=maybe", '"=true" or "=false"'),
        (["at"], "=2026-01-01", "cannot be set"),
    ],
)
def test_a_log_says_what_it_cannot_be_asked(columns: list[str], change: str, said: str | None) -> None:
    found = problem(columns, change, {"income": "number", "debt": "number", "job": "text", "ok": "boolean", "at": "time"})
    assert (found is None) if said is None else said in str(found)
