"""Axes: where the ticks go and how they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reports import strings

EPOCH = datetime.fromisoformat("1970-01-01")  # naive and UTC, as every time in a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear axis: domain [low, high] onto pixels [start, end], and its ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def __call__(self, value: float) -> float:
        """Return the pixel of a value, kept within the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)


def step_for(span: float, wanted: int) -> float:
    """Return a step of 1, 2, 2.5 or 5 times a power of ten that cuts `span` into about `wanted` pieces."""
    raw = span / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)


def numeric(
    values: Iterable[float | None], *, unit: str, start: float, end: float, wanted: int = 4, zero: bool = False, pad: float = 0.04
) -> Axis:
    """Return an axis that holds all values with a margin; proportions never leave 0 to 1, `zero` keeps 0 on the axis."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if zero or not known:
        known = [*known, 0.0]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        low, high = low - (abs(low) * 0.1 or 0.05), high + (abs(high) * 0.1 or 0.05)
    margin = (high - low) * pad
    bounded = unit == "percent" and low >= 0 and high <= 1
    natural = low >= 0
    low, high = (low if zero and low == 0 else low - margin), high + margin
    if natural:
        low = max(low, 0.0)
    if bounded:
        high = min(high, 1.0)
    step = step_for(high - low, wanted)
    first = math.ceil(low / step - 1e-9)
    ticks = tuple(round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1))
    return Axis(low=low, high=high, start=start, end=end, ticks=ticks, labels=tuple(tick_label(t, step, unit) for t in ticks))


def tick_label(value: float, step: float, unit: str) -> str:
    """Write a tick with the decimals its step needs."""
    scale, suffix = (100, "%") if unit == "percent" else (100, "") if unit == "points" else (1, " ms" if unit == "milliseconds" else "")
    if unit in ("duration", "hours"):
        return strings.duration(timedelta(hours=value) if unit == "hours" else timedelta(seconds=value))
    scaled = step * scale
    decimals = max(0, -math.floor(math.log10(scaled) + 1e-9))
    if abs(scaled * 10**decimals - round(scaled * 10**decimals)) > 1e-6:
        decimals += 1
    text = f"{value * scale:,.{decimals}f}"
    return (text.replace("-", strings.MINUS) if text.strip("-0.,") else text.lstrip("-")) + suffix


def position(at: datetime | int) -> float:
    """Return where a window lies on an axis: days since 1970, or the row number."""
    if isinstance(at, int):
        return float(at)
    return ((at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)) - EPOCH) / timedelta(days=1)


def windows(places: Iterable[datetime | int], *, start: float, end: float, wanted: int = 5) -> Axis:
    """Return an axis over window starts, ticks at days, Mondays' distance, firsts of a month, hours, or round row numbers."""
    known = sorted(set(places), key=position)
    low, high = (position(known[0]), position(known[-1])) if known else (0.0, 1.0)
    if high == low:
        low, high = low - 0.5, high + 0.5
    margin = (high - low) * 0.02
    ticks: list[float]
    labels: list[str]
    if known and isinstance(known[0], int):
        step = step_for(high - low, wanted)
        ticks = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
        labels = [f"{t:,.0f}" for t in ticks]
    else:
        times = _times(EPOCH + timedelta(days=low), EPOCH + timedelta(days=high), wanted)
        ticks = [position(t) for t in times]
        labels = _time_labels(times)
    return Axis(low=low - margin, high=high + margin, start=start, end=end, ticks=tuple(ticks), labels=tuple(labels))


def _times(low: datetime, high: datetime, wanted: int) -> list[datetime]:
    days = (high - low) / timedelta(days=1)
    if days <= 3:
        hours = next((h for h in (1, 2, 3, 6, 12, 24) if days * 24 / h <= wanted + 1), 24)
        first = low.replace(minute=0, second=0, microsecond=0)
        grid = [first + timedelta(hours=i) for i in range(int(days * 24) + 2)]
        return [t for t in grid if t.hour % hours == 0 and low <= t <= high]
    if days <= 75:
        step = next((d for d in (1, 2, 7, 14) if days / d <= wanted + 1), 28)
        first = low.replace(hour=0, minute=0, second=0, microsecond=0)
        grid = [first + timedelta(days=i) for i in range(int(days) + 2)]
        return [t for t in grid if (t.toordinal() - 1) % step == 0 and low <= t <= high]  # ordinal 1 is a Monday
    months = next((m for m in (1, 2, 3, 6, 12, 24, 60, 120) if days / 30.4 / m <= wanted + 1), 240)
    index = low.year * 12 + low.month - 1
    firsts = [
        low.replace(year=i // 12, month=i % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        for i in range(index, high.year * 12 + high.month)
    ]
    return [t for t in firsts if (t.year * 12 + t.month - 1) % months == 0 and low <= t <= high]


def _time_labels(times: list[datetime]) -> list[str]:
    labels = []
    for index, time in enumerate(times):
        previous = times[index - 1] if index else None
        day = strings.day(time)
        if time.hour:
            labels.append(f"{time:%H:%M}")
        elif previous is None or previous.year != time.year:
            labels.append(day)
        else:
            labels.append(day.rsplit(" ", 1)[0])
    return labels
