"""Wording: numbers, intervals, windows, verdicts and the one sentence that says what a finding is.

Everything here is plain text. Names that come from data are isolated, so that right-to-left or control characters in a
column name cannot rearrange the sentence around them; escaping for HTML or XML is the writer's job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reports import glossary
from reports.figure import Figure
from reports.quantities import about, chance, count, estimate, fixed, interval, number, parts, people, threshold
from reports.subjects import topic
from reports.times import DASH, MINUS, day, duration, moment, window

__all__ = [
    "CANNOT_TELL", "DASH", "ICONS", "IMMATURE_WINDOWS", "MINUS", "SEVERITY_ORDER", "SUPPRESSED", "WORDS", "about", "against_policy",
    "attribute", "broken_side", "cannot_tell", "chance", "count", "day", "detail", "display_unit", "duration", "estimate", "group",
    "headline", "interval", "ledger", "limit", "moment", "name_of", "number", "parts", "people", "policy", "safe", "sentence", "standing",
    "subject", "threshold", "title_of", "too_few", "verdict_icon", "verdict_word", "window", "window_of",
]  # fmt: skip
SUPPRESSED: Final = "suppressed"
CANNOT_TELL: Final = "can't tell"
"""How the reason of a figure begins that is withheld because the evidence does not support one; it is shown as such, never as OK."""
IMMATURE_WINDOWS: Final = "outcomes still to come"
WORDS: Final = {"pass": "OK", "warn": "Warning", "fail": "Critical", "insufficient": "Not enough data", "error": "Error"}
# One glyph per verdict, the shape that charts draw as well.
ICONS: Final = {"pass": "●", "warn": "▲", "fail": "◆", "insufficient": "○", "error": "✕"}
# Worst first. What was not judged comes after what was judged and passed.
SEVERITY_ORDER: Final = {"fail": 0, "error": 1, "warn": 2, "insufficient": 3, "pass": 4}

_UNITS: Final = {
    **dict.fromkeys(("proportion", "share", "rate", "probability", "fraction"), "percent"),
    "difference": "points",
    "proportion difference": "points",
    "percentage points": "points",
    "ratio": "ratio",
    "count": "count",
    "rows": "count",
    "predictions": "count",
    "ms": "milliseconds",
    "s": "duration",
    "seconds": "duration",
    "score": "decimal",
    "distance": "decimal",
    "nats": "decimal",
    "index": "decimal",
}
_NEEDED: Final = re.compile(r"judged from ([\d,]+) rows on")
_CODE: Final = re.compile(r"-?\d+(\.\d+)?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def verdict_word(verdict: str | None) -> str:
    """Return the word shown for a verdict; None is "Not judged"."""
    return WORDS.get(verdict or "", "Not judged")


def verdict_icon(verdict: str | None) -> str:
    """Return the glyph shown beside a verdict's word."""
    return ICONS.get(verdict or "", "·")


def display_unit(name: str, unit: str = "") -> str:
    """Return how a measure's number is written: percent, points, ratio, decimal, count, milliseconds, duration, hours or plain."""
    known = glossary.term(name)
    if unit in ("hours", "outcome"):
        return "plain" if unit == "outcome" else unit  # an outcome's own unit has no name
    return known.unit if known.definition else _UNITS.get(unit, unit or "plain")


def safe(text: str) -> str:
    """Return a name from data fit for showing: control and direction-changing characters are spelt out.

    >>> safe("a\\u202eb")
    'a⟨U+202E⟩b'
    """
    return _BIDI.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", _CONTROL.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", text))


def name_of(text: str | None) -> str:
    """Return a name from data for use inside a sentence: safe, isolated when right-to-left, "(empty)" when it is."""
    if text is None:
        return "(missing)"
    shown = safe(text)
    if not shown.strip():
        return "(empty)"
    return f"\u2068{shown}\u2069" if _RIGHT_TO_LEFT.search(shown) else shown


def group(levels: Mapping[str, str] | None) -> str:
    """Name a group by its levels, in the order of its attributes; {} is everyone. A bare code says what it is a code of.

    >>> group({"race": "Black", "sex": "Female"}), group({"SEX": "2"})
    ('Black · Female', 'SEX 2')
    """
    named = (f"{name_of(name)} {level}" if _CODE.fullmatch(level) else name_of(level) for name, level in sorted((levels or {}).items()))
    return " · ".join(named) or "Everyone"


def attribute(names: str | None) -> str:
    """Name a protected attribute or an intersection ("race,sex" reads "race × sex")."""
    return " × ".join(name_of(part) for part in (names or "").split(",")) if names else ""


def subject(figure: Figure) -> str:
    """Say what a figure is about, after its measure's name: a column, two groups, a group, an attribute, or nothing."""
    if figure.column is not None:
        rest = _people_of(figure)
        return topic(figure.name, name_of(figure.column)) + (f" {rest}" if rest.startswith("by ") else f", {rest}" if rest else "")
    rest = _people_of(figure)
    return f"for {rest}" if figure.slice and not figure.reference_slice else rest


def _people_of(figure: Figure) -> str:
    """Name the groups that a figure is about: two, one, all of an attribute, or nobody in particular."""
    if figure.slice and figure.reference_slice:
        first, second = group(figure.slice), group(figure.reference_slice)
        if "ratio" in figure.name:
            return f"{first} / {second}" if " " in first + second else f"{first}/{second}"
        return f"{first} against {second}"
    if figure.slice:
        return group(figure.slice)
    return f"by {attribute(figure.attribute)}" if figure.attribute else ""


def title_of(figure: Figure, name: str | None = None) -> str:
    """Name a figure's measure; of a class, nobody says that it is approved.

    >>> title_of(Figure(name="selection_rate", slice={})), title_of(Figure(name="selection_rate", slice={}, column="ambulance"))
    ('Approval rate', 'Selection rate')
    """
    title = glossary.term(name or figure.name).title
    return title if figure.column is None else title.replace("Approval", "Selection").replace("approval", "selection")


def broken_side(figure: Figure) -> str:
    """Return "below" or "above" when the value lies outside its threshold, else ""."""
    if figure.value is None:
        return ""
    if figure.threshold_min is not None and figure.value < figure.threshold_min:
        return "below"
    return "above" if figure.threshold_max is not None and figure.value > figure.threshold_max else ""


def limit(figure: Figure) -> float | None:
    """Return the threshold that the value breaks, or the only one there is."""
    side = broken_side(figure)
    if side:
        return figure.threshold_min if side == "below" else figure.threshold_max
    return figure.threshold_min if figure.threshold_min is not None else figure.threshold_max


def against_policy(figure: Figure) -> str:
    """Say where the value stands against its threshold: "below 0.80", "within 0.80 or more", or "" where none applies."""
    unit = display_unit(figure.name, figure.unit)
    side = broken_side(figure)
    edge = limit(figure)
    if side and edge is not None:
        return f"{side} {threshold(edge, unit)}"
    allowed = policy(figure.threshold_min, figure.threshold_max, unit)
    return f"within {allowed}" if allowed and figure.value is not None else ""


def policy(minimum: float | None, maximum: float | None, unit: str) -> str:
    """Write what a policy allows: "0.80 or more", "5% or less", "0.80 to 1.25", or "" without one."""
    if minimum is not None and maximum is not None:
        return f"{threshold(minimum, unit)} to {threshold(maximum, unit)}"
    if minimum is not None:
        return f"{threshold(minimum, unit)} or more"
    return f"{threshold(maximum, unit)} or less" if maximum is not None else ""


def headline(figure: Figure) -> str:
    """Name a figure without its number: "Approval ratio Female/Male", "Population stability index of income".

    >>> headline(Figure(name="true_positive_rate_difference", slice={"sex": "F"}, reference_slice={"sex": "M"}))
    'True positive rate F against M'
    """
    version = f", version {name_of(figure.version)}" if figure.version else ""
    # "Gap in true positive rate F against M" would say the same twice.
    base = glossary.base_of(figure.name, "_difference") if figure.slice and figure.reference_slice else None
    if figure.name.startswith("weak_spot") and figure.tables and figure.tables.get("words"):
        return f"{glossary.term(figure.name).title} where {safe(figure.tables['words'])}"
    return f"{title_of(figure, base)} {subject(figure)}".strip() + version


def sentence(finding: Figure | Mapping[str, Any], *, since: datetime | int | None = None) -> str:
    """Say what was found, in one line, from a figure or a row of the published findings table.

    >>> row = {"name": "impact_ratio", "unit": "ratio", "slice": '{"sex": "Female"}', "reference_slice": '{"sex": "Male"}',
    ...        "value": 0.7812, "low": 0.7411, "high": 0.8204, "n": 4824, "threshold_min": 0.8, "verdict": "warn"}
    >>> sentence(row)
    'Approval ratio Female/Male 0.78 [0.74, 0.82], n = 4,824, below 0.80'
    >>> sentence(row | {"name": "true_positive_rate_difference", "value": -0.061, "low": -0.07, "high": -0.052, "people": 307.6,
    ...                 "whole": True, "threshold_min": None, "verdict": None})
    'True positive rate Female against Male −6.1 points [−7.0, −5.2], n = 4,824, about 310 people in this period'
    """
    figure = finding if isinstance(finding, Figure) else Figure.of(finding)
    if figure.suppressed:
        return f"{headline(figure)} {DASH} {SUPPRESSED}"
    if figure.value is None:
        if not cannot_tell(figure) and (few := too_few(figure)):
            return f"{headline(figure)} {DASH} {few}"
        support = f" (n = {count(figure.n)})" if figure.n is not None else ""
        return f"{headline(figure)} {DASH} {safe(figure.reason) or 'not computed'}{support}"
    unit = display_unit(figure.name, figure.unit)
    said = f"{headline(figure)} {_spoken(figure, unit)}"
    if figure.people is not None:
        said += f", {people(figure.people)}" + (" in this period" if figure.whole else "")
    if not figure.whole and (place := window_of(figure)) != DASH:
        said = f"{said} in {place}"
    if figure.verdict == "insufficient":
        return f"{said}. {few}" if (few := too_few(figure)) else f"{said}: not enough data to judge"
    standing = against_policy(figure)
    if not standing or not broken_side(figure):
        return said
    return f"{said}, {standing}" + (f" since {moment(since)}" if since is not None else "")


def _spoken(figure: Figure, unit: str) -> str:
    """Write an estimate inside a sentence, where percentage points are called points, once."""
    found = _inside_and_out(figure)
    said = estimate(figure.value, figure.low, figure.high, figure.n, unit, against=limit(figure))
    if unit == "points":
        said = said.replace(" pp", " points", 1).replace(" pp", "")
    return f"{said}, {found}" if found else said


def _inside_and_out(figure: Figure) -> str:
    """Say the two figures behind a weak spot: inside it, and of everybody else; "" for other figures."""
    tables = figure.tables or {}
    inside, outside = tables.get("inside"), tables.get("outside")
    if not figure.name.startswith("weak_spot") or inside is None or outside is None:
        return ""
    unit = {"error_rate": "percent", "log_loss": "decimal"}.get(str(tables.get("measure")), "plain")
    return f"{number(inside, unit)} against {number(outside, unit)} elsewhere"


def cannot_tell(figure: Figure) -> bool:
    """Whether a figure was withheld because the evidence does not support one."""
    return figure.value is None and figure.reason.startswith(CANNOT_TELL)


def too_few(figure: Figure) -> str:
    """Say how many rows a figure lacks before it is judged: "Not enough data: n = 37, needs 200"; "" where that is not its trouble.

    >>> too_few(Figure(name="accuracy", slice={}, value=0.8, n=37, verdict="insufficient", reason="judged from 200 rows on"))
    'Not enough data: n = 37, needs 200'
    """
    found = _NEEDED.search(figure.reason)
    return f"{WORDS['insufficient']}: n = {count(figure.n)}, needs {found[1]}" if found and figure.verdict == "insufficient" else ""


def standing(figure: Figure) -> str:
    """Return the word for where a figure stands: its verdict's, or that nobody can tell.

    >>> standing(Figure(name="estimated_accuracy", slice={}, reason="can't tell: the scores left the reference's range"))
    "Can't tell"
    """
    return "Can't tell" if cannot_tell(figure) else verdict_word(figure.verdict)


def detail(figure: Figure) -> str:
    """Say what is known about a figure beyond its interval: how exact it is, or what it would take to reach the four-fifths line.

    >>> detail(Figure(name="roc_auc", slice={}, tables={"resolution": 0.00055}))
    'within 0.0006 of the exact value'
    >>> detail(Figure(name="impact_ratio", slice={"sex": "F"}, tables={"flips": 1204, "z": -12.34}))
    '1,204 more favorable decisions would reach 0.80; z = −12.3'
    """
    tables = figure.tables or {}
    resolution, flips, z = (tables.get(name) for name in ("resolution", "flips", "z"))
    if resolution is not None:
        return f"within {number(resolution, 'decimal')} of the exact value" if resolution >= 0.00005 else ""
    needed = f"{count(flips)} more favorable {'decision' if flips == 1 else 'decisions'} would reach 0.80" if flips else ""
    score = f"z = {fixed(z, 1)}" if z is not None else ""
    return "; ".join(part for part in (needed, score) if part)


def window_of(figure: Figure) -> str:
    """Name the window of a figure."""
    return window(figure.window_start, figure.window_end, figure.first_row, figure.last_row, partial=figure.partial)


def ledger(received: int, accepted: int, duplicate: int, quarantined: int) -> str:
    """Write the coverage equation.

    >>> ledger(10, 7, 1, 2)
    'received 10 = accepted 7 + duplicate 1 + quarantined 2'
    """
    return f"received {count(received)} = accepted {count(accepted)} + duplicate {count(duplicate)} + quarantined {count(quarantined)}"
