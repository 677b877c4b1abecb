"""Wording: numbers, intervals, windows, verdicts and the one sentence that says what a finding is.

Everything here is plain text. Names that come from data are isolated, so that right-to-left or control characters in a
column name cannot rearrange the sentence around them; escaping for HTML or XML is the writer's job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from reports import glossary
from reports.figure import Figure

DASH: Final = "–"
MINUS: Final = "\u2212"
SUPPRESSED: Final = "suppressed"
IMMATURE_WINDOWS: Final = "outcomes still to come"
WORDS: Final = {"pass": "OK", "warn": "Warning", "fail": "Critical", "insufficient": "Not enough data", "error": "Error"}
# One glyph per verdict, the shape that charts draw as well; text fonts hold all of them.
ICONS: Final = {"pass": "●", "warn": "▲", "fail": "◆", "insufficient": "○", "error": "✕"}
# Worst first. What was not judged comes after what was judged and passed.
SEVERITY_ORDER: Final = {"fail": 0, "error": 1, "warn": 2, "insufficient": 3, "pass": 4}

_UNITS: Final = {
    "proportion": "percent",
    "share": "percent",
    "rate": "percent",
    "probability": "percent",
    "fraction": "percent",
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
    if unit == "hours":
        return unit
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


def _fixed(value: float, decimals: int) -> str:
    """Write a number with that many decimals, thousands separators and a true minus; never "-0"."""
    # Decimal(repr) rounds the number that the JSON shows, not its binary neighbour: 0.285 and 28.5 % agree in every format.
    text = f"{Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):,f}"
    return text.replace("-", "" if not text.strip("-0.,") else MINUS)


def number(value: float | None, unit: str, *, against: float | None = None) -> str:
    """Write a value in its display unit; None is an en dash.

    `against` is a threshold: decimals are added (at most four more) while rounding would hide on which side of it the value lies.

    >>> number(0.1234, "percent"), number(0.7981, "ratio"), number(0.7981, "ratio", against=0.8), number(None, "ratio")
    ('12.3%', '0.80', '0.798', '–')
    """
    return parts(value, None, None, unit, against=against)[0]


def parts(value: float | None, low: float | None, high: float | None, unit: str, *, against: float | None = None) -> tuple[str, str]:
    """Write a value and its interval with the same decimals, enough of them to tell the bounds apart (at most four more).

    >>> parts(0.0021, 0.00184, 0.00243, "percent")
    ('0.21%', '[0.18%, 0.24%]')
    """
    lead = next((v for v in (value, low, high) if v is not None), None)
    if lead is None:
        return DASH, ""
    most = _decimals(float(lead), unit)
    for decimals in range(most, most + 5):
        texts = [DASH if v is None else _written(float(v), unit, decimals) for v in (value, low, high)]
        unclear = value is not None and against is not None and against != value and texts[0] == _written(float(against), unit, decimals)
        # Two significant places between the bounds would be too many: it is enough that they differ from each other.
        alike = low is not None and high is not None and low != high and texts[1] == texts[2]
        if not unclear and not alike:
            break
    return texts[0], "" if low is None and high is None else f"[{texts[1]}, {texts[2]}]"


def _decimals(value: float, unit: str) -> int:
    """Return how many decimals a value of that size wants in its display unit."""
    size = abs(value)
    if unit in ("percent", "points"):
        near_edge = 0 < size < 0.001 or (unit == "percent" and 0 < 1 - size < 0.001)
        return 3 if 0 < size < 0.0001 else 2 if near_edge else 1
    if unit == "milliseconds":
        return 0 if size >= 100 else 1 if size >= 10 else 2
    if unit == "count":
        return 0 if value == int(value) else 1
    if unit in ("ratio", "duration", "hours"):
        return 2
    if unit == "decimal":
        return 4 if 0 < size < 0.001 else 3
    if value == int(value) and size < 1e15:
        return 0
    return 0 if size >= 10_000 else 1 if size >= 100 else 2 if size >= 1 else 4


def _written(value: float, unit: str, decimals: int) -> str:
    if unit in ("percent", "points"):
        return f"{_fixed(float(Decimal(repr(value)) * 100), decimals)}{'%' if unit == 'percent' else ' pp'}"
    if unit in ("duration", "hours"):
        return duration(timedelta(hours=value) if unit == "hours" else timedelta(seconds=value))
    return _fixed(value, decimals) + (" ms" if unit == "milliseconds" else "")


def threshold(value: float, unit: str) -> str:
    """Write a threshold in its display unit, with no more decimals than it needs ("0.80", "5%", "0.2").

    >>> threshold(0.8, "ratio"), threshold(0.05, "percent"), threshold(0.2, "decimal")
    ('0.80', '5%', '0.2')
    """
    if unit == "ratio":
        exact = Decimal(repr(float(value))).normalize()
        return _fixed(float(value), max(2, -int(exact.as_tuple().exponent)))
    if unit in ("percent", "points"):
        return f"{_shortest(Decimal(repr(float(value))) * 100)}{'%' if unit == 'percent' else ' pp'}"
    return _shortest(Decimal(repr(float(value)))) if unit in ("decimal", "plain") else number(value, unit)


def _shortest(value: Decimal) -> str:
    return f"{value.normalize():,f}".replace("-", MINUS)


def count(n: int | None) -> str:
    """Write a whole number with thousands separators.

    >>> count(4824)
    '4,824'
    """
    return DASH if n is None else f"{n:,}".replace("-", MINUS)


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Write an interval in brackets; an absent bound is an en dash, an absent interval nothing.

    >>> interval(0.741, 0.82, "ratio")
    '[0.74, 0.82]'
    """
    return parts(None, low, high, unit)[1]


def estimate(value: float | None, low: float | None, high: float | None, n: int | None, unit: str, *, against: float | None = None) -> str:
    """Write a value with its interval and n.

    >>> estimate(0.7812, 0.741, 0.8204, 4824, "ratio")
    '0.78 [0.74, 0.82], n = 4,824'
    """
    shown = " ".join(part for part in parts(value, low, high, unit, against=against) if part)
    return shown if n is None else f"{shown}, n = {count(n)}"


def about(value: float) -> str:
    """Write a number of people as it is said: whole, and from a hundred on rounded to two significant digits.

    >>> about(307.6), about(41.4), about(12_345), about(0.3)
    ('310', '41', '12,000', '<1')
    """
    if 0 < value < 1:
        return "<1"
    whole = round(value)
    return count(round(whole, 2 - len(str(abs(whole)))) if abs(whole) >= 100 else whole)


def people(value: float, low: float | None = None, high: float | None = None) -> str:
    """Say how many people a gap amounts to, with its interval where there is one.

    >>> people(307.6, 255.0, 361.2), people(1.2), people(0.3)
    ('about 310 people [260, 360]', 'about 1 person', 'less than one person')
    """
    span = f" [{about(low)}, {about(high)}]" if low is not None and high is not None else ""
    said = about(value)
    if said == "<1":
        return f"less than one person{span}"
    return f"about {said} {'person' if said == '1' else 'people'}{span}"


def chance(value: float) -> str:
    """Write a p-value or q-value.

    >>> chance(0.0314), chance(0.00002)
    ('0.031', '<0.001')
    """
    return "<0.001" if value < 0.001 else f"{value:.3f}"


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
        about = f"of {name_of(figure.column)}"
        return f"{about}, {group(figure.slice)}" if figure.slice else about
    if figure.slice and figure.reference_slice:
        if "ratio" in figure.name:
            first, second = group(figure.slice), group(figure.reference_slice)
            return f"{first} / {second}" if " " in first + second else f"{first}/{second}"
        return f"{group(figure.slice)} against {group(figure.reference_slice)}"
    if figure.slice:
        return f"for {group(figure.slice)}"
    return f"by {attribute(figure.attribute)}" if figure.attribute else ""


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
    """Name a figure without its number: "Approval ratio Female/Male", "Population stability index of income"."""
    version = f", version {name_of(figure.version)}" if figure.version else ""
    return f"{glossary.term(figure.name).title} {subject(figure)}".strip() + version


def sentence(finding: Figure | Mapping[str, Any], *, since: datetime | int | None = None) -> str:
    """Say what was found, in one line, from a figure or a row of the published findings table.

    >>> row = {"name": "impact_ratio", "unit": "ratio", "slice": '{"sex": "Female"}', "reference_slice": '{"sex": "Male"}',
    ...        "value": 0.7812, "low": 0.7411, "high": 0.8204, "n": 4824, "threshold_min": 0.8, "verdict": "warn"}
    >>> sentence(row)
    'Approval ratio Female/Male 0.78 [0.74, 0.82], n = 4,824, below 0.80'
    """
    figure = finding if isinstance(finding, Figure) else Figure.of(finding)
    unit = display_unit(figure.name, figure.unit)
    if figure.suppressed:
        return f"{headline(figure)} {DASH} {SUPPRESSED}"
    if figure.value is None:
        support = f" (n = {count(figure.n)})" if figure.n is not None else ""
        return f"{headline(figure)} {DASH} {safe(figure.reason) or 'not computed'}{support}"
    said = f"{headline(figure)} {estimate(figure.value, figure.low, figure.high, figure.n, unit, against=limit(figure))}"
    if not figure.whole and (place := window_of(figure)) != DASH:
        said = f"{said} in {place}"
    if figure.verdict == "insufficient":
        return f"{said}: not enough data to judge"
    standing = against_policy(figure)
    if not standing or not broken_side(figure):
        return said
    return f"{said}, {standing}" + (f" since {moment(since)}" if since is not None else "")


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
    score = f"z = {_fixed(z, 1)}" if z is not None else ""
    return "; ".join(part for part in (needed, score) if part)


def day(value: datetime | date) -> str:
    """Write a UTC date.

    >>> day(date(2026, 11, 3))
    '3 Nov 2026'
    """
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | int | None) -> str:
    """Write a UTC time to the minute, midnight as a date only; a number is a row.

    >>> moment(datetime(2026, 11, 3, 14, 5)), moment(5000), moment(None)
    ('3 Nov 2026, 14:05 UTC', 'row 5,000', '–')
    """
    if value is None:
        return DASH
    if isinstance(value, int):
        return f"row {value:,}"
    return day(value) if (value.hour, value.minute, value.second) == (0, 0, 0) else f"{day(value)}, {value:%H:%M} UTC"


def window(
    start: datetime | None, end: datetime | None, first_row: int | None = None, last_row: int | None = None, *, partial: bool = False
) -> str:
    """Name a window: a day, a month, a range of days or hours (the end is exclusive), or rows (inclusive).

    >>> window(datetime(2026, 11, 3), datetime(2026, 11, 4))
    '3 Nov 2026'
    >>> window(datetime(2026, 11, 2), datetime(2026, 11, 9)), window(datetime(2026, 10, 1), datetime(2026, 11, 1))
    ('2–8 Nov 2026', 'Oct 2026')
    >>> window(datetime(2026, 11, 3, 14), datetime(2026, 11, 3, 15)), window(None, None, 0, 4999, partial=True)
    ('3 Nov 2026, 14:00–15:00 UTC', 'rows 0–4,999 (partial)')
    """
    suffix = " (partial)" if partial else ""
    if start is None or end is None:
        return DASH if first_row is None or last_row is None else f"rows {first_row:,}–{last_row:,}{suffix}"
    return f"{_span(start, end)}{suffix}"


def _span(start: datetime, end: datetime) -> str:
    midnight = all((t.hour, t.minute, t.second, t.microsecond) == (0, 0, 0, 0) for t in (start, end))
    if not midnight:
        close = f"{end:%H:%M}" if start.date() == end.date() else f"{day(end)}, {end:%H:%M}"
        return f"{day(start)}, {start:%H:%M}–{close} UTC" if start.date() == end.date() else f"{day(start)}, {start:%H:%M} – {close} UTC"
    last = end - timedelta(days=1)
    if last <= start:
        return day(start)
    if start.day == 1 and end.day == 1 and (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1:
        return f"{_MONTHS[start.month - 1]} {start.year}"
    if (start.year, start.month) == (last.year, last.month):
        return f"{start.day}–{day(last)}"
    opening = day(start) if start.year != last.year else f"{start.day} {_MONTHS[start.month - 1]}"
    return f"{opening} – {day(last)}"


def window_of(figure: Figure) -> str:
    """Name the window of a figure."""
    return window(figure.window_start, figure.window_end, figure.first_row, figure.last_row, partial=figure.partial)


def duration(span: timedelta) -> str:
    """Write a duration with its two largest units.

    >>> duration(timedelta(hours=26, minutes=5)), duration(timedelta(seconds=12))
    ('1 d 2 h', '12 s')
    """
    seconds = round(span.total_seconds())
    sign, seconds = (MINUS, -seconds) if seconds < 0 else ("", seconds)
    parts = []
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size} {letter}")
            seconds %= size
        elif parts:
            break
    return sign + (" ".join(parts[:2]) or "0 s")


def ledger(received: int, accepted: int, duplicate: int, quarantined: int) -> str:
    """Write the coverage equation.

    >>> ledger(10, 7, 1, 2)
    'received 10 = accepted 7 + duplicate 1 + quarantined 2'
    """
    return f"received {count(received)} = accepted {count(accepted)} + duplicate {count(duplicate)} + quarantined {count(quarantined)}"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
