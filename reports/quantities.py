"""Numbers as people write them: with their unit, no more digits than they carry, and an interval in brackets."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from reports.times import DASH, MINUS, duration


def fixed(value: float, decimals: int) -> str:
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
    if unit == "plain":  # the widest of the three says how many digits mean anything
        lead = max((v for v in (value, low, high) if v is not None), key=abs)
    most = _decimals(float(lead), unit)
    if unit == "points" and low is not None and high is not None:
        most = 1  # how small a gap is says its interval; digits beyond it say nothing
    for decimals in range(most, most + 5):
        texts = [DASH if v is None else _written(float(v), unit, decimals) for v in (value, low, high)]
        unclear = value is not None and against is not None and against != value and texts[0] == _written(float(against), unit, decimals)
        # Two significant places between the bounds would be too many: it is enough that they differ from each other.
        alike = low is not None and high is not None and low != high and texts[1] == texts[2]
        if not unclear and not alike:
            break
    counted = unit == "count" and low == high  # a count of everything has no interval
    return texts[0], "" if counted or (low is None and high is None) else f"[{texts[1]}, {texts[2]}]"


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
    if unit == "currency":
        return 2 if size >= 0.01 or size == 0 else 4
    if unit in ("ratio", "duration", "hours"):
        return 2
    if unit == "decimal":
        return 4 if 0 < size < 0.001 else 3
    if value == int(value) and size < 1e15:
        return 0
    return 0 if size >= 10_000 else 1 if size >= 100 else 2 if size >= 1 else 4


def _written(value: float, unit: str, decimals: int) -> str:
    if unit in ("percent", "points"):
        return f"{fixed(float(Decimal(repr(value)) * 100), decimals)}{'%' if unit == 'percent' else ' pp'}"
    if unit in ("duration", "hours"):
        return duration(timedelta(hours=value) if unit == "hours" else timedelta(seconds=value))
    return fixed(value, decimals) + (" ms" if unit == "milliseconds" else "")


def threshold(value: float, unit: str) -> str:
    """Write a threshold in its display unit, with no more decimals than it needs ("0.80", "5%", "0.2").

    >>> threshold(0.8, "ratio"), threshold(0.05, "percent"), threshold(0.2, "decimal")
    ('0.80', '5%', '0.2')
    """
    if unit == "ratio":
        exact = Decimal(repr(float(value))).normalize()
        return fixed(float(value), max(2, -int(exact.as_tuple().exponent)))
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
