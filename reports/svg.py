"""Charts as static SVG: exact, deterministic, escaped by the XML library, no browser and no script.

Coordinates are written to two decimals, so the same chart is the same bytes on every machine.
"""

from __future__ import annotations

from itertools import groupby, pairwise

from reports import palette, scales, strings
from reports.chart_specs import ChartSpec, DistributionChart, HeatMap, IntervalChart, ReliabilityChart, Series, Target, TrendChart
from reports.palette import Palette
from reports.pen import Pen, measure, path

WIDTH = 560.0


def to_svg(spec: ChartSpec, target: Target = "page", *, width: float = WIDTH) -> str:
    """Draw a chart; `page` uses CSS variables, so that one inline drawing follows the reader's light or dark theme."""
    colours = palette.by_variable() if target == "page" else palette.of(target)
    if isinstance(spec, IntervalChart):
        pen = _intervals(spec, colours, width)
    elif isinstance(spec, TrendChart):
        pen = _trend(spec, colours, width)
    elif isinstance(spec, HeatMap):
        pen = _heat(spec, colours, width)
    elif isinstance(spec, DistributionChart):
        pen = _distribution(spec, colours, width)
    else:
        pen = _reliability(spec, colours)
    return pen.finish(spec.alt, standalone=target != "page")


def _intervals(spec: IntervalChart, colours: Palette, width: float) -> Pen:
    """A forest plot: name, dot and interval on one scale, the numbers, n."""
    pen = Pen(colours, width)
    row, top = 24.0, 22.0
    numbers = [" ".join(strings.parts(p.value, p.low, p.high, spec.unit)).strip() for p in spec.points]
    supports = [strings.count(p.n) for p in spec.points]
    right_n = width - 2
    right_numbers = right_n - max([measure(s) for s in supports], default=0) - 16
    name_room = min(max([measure(strings.safe(p.label)) for p in spec.points], default=40), width * 0.3)
    left, right = name_room + 20, right_numbers - max([measure(t) for t in numbers], default=0) - 18
    bottom = top + row * max(len(spec.points), 1)
    axis = scales.numeric(
        spec.extent(),
        unit=spec.unit,
        start=left,
        end=right,
        wanted=max(2, int((right - left) // 44)),
    )
    pen.text(right_numbers, 12, "value [95% interval]", anchor="end", colour=colours.muted, size=10.5)
    pen.text(right_n, 12, "n", anchor="end", colour=colours.muted, size=10.5)
    _outside(pen, axis, spec.minimum, spec.maximum, top, bottom)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        pen.line(axis(tick), top, axis(tick), bottom, colours.grid)
        pen.text(axis(tick), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
    if spec.parity is not None:
        pen.line(axis(spec.parity), top, axis(spec.parity), bottom, colours.line, width=1.4)
    _policy_lines(pen, axis, spec, top, bottom)
    for index, (point, number, support) in enumerate(zip(spec.points, numbers, supports, strict=True)):
        y = top + row * (index + 0.5)
        pen.group(point.said(spec.unit))
        pen.text(name_room, y + 4, point.label, anchor="end", room=name_room, weight="600" if point.reference else None)
        if point.value is None:
            pen.text(right_numbers, y + 4, point.reason or "no value", anchor="end", colour=colours.muted, room=right_numbers - left)
        else:
            faint = point.verdict == "insufficient"
            tint = colours.status(point.verdict) if point.verdict else colours.series[0]
            if point.low is not None and point.high is not None:
                pen.line(axis(point.low), y, axis(point.high), y, tint, width=1.5 if faint else 2.2, dash="3 2" if faint else None)
                for edge in (point.low, point.high):
                    if axis.low <= edge <= axis.high:  # an interval that runs off the axis has no end there
                        pen.line(axis(edge), y - 3.5, axis(edge), y + 3.5, tint, width=1.2)
            pen.marker(axis(point.value), y, point.verdict, radius=4.4, colour=tint)
            pen.text(right_numbers, y + 4, number, anchor="end", colour=colours.muted if faint else colours.text)
        if point.n is not None:
            pen.text(right_n, y + 4, support, anchor="end", colour=colours.muted)
        pen.end()
    pen.height = bottom + 20
    return pen


def _outside(pen: Pen, axis: scales.Axis, minimum: float | None, maximum: float | None, top: float, bottom: float) -> None:
    if minimum is not None:
        pen.shade(axis.start, top, axis(minimum) - axis.start, bottom - top, pen.colours.critical, 0.05)
    if maximum is not None:
        pen.shade(axis(maximum), top, axis.end - axis(maximum), bottom - top, pen.colours.critical, 0.05)


def _policy_lines(pen: Pen, axis: scales.Axis, spec: IntervalChart, top: float, bottom: float) -> None:
    for edge, word in ((spec.minimum, "min"), (spec.maximum, "max")):
        if edge is not None:
            pen.line(axis(edge), top - 4, axis(edge), bottom, pen.colours.critical, dash="4 3")
            pen.text(
                axis(edge), top - 8, f"{word} {strings.threshold(edge, spec.unit)}", anchor="middle", colour=pen.colours.muted, size=10.5
            )


def _trend(spec: TrendChart, colours: Palette, width: float) -> Pen:
    """Lines over windows; one line is neutral with verdicts as marks, several lines carry their names at the right end."""
    pen = Pen(colours, width)
    several = len(spec.series) > 1
    points = [p for line in spec.series for p in line.points]
    top, bottom = (30.0 if spec.marks else 12.0), (30.0 if spec.marks else 12.0) + 150.0
    tag_room = min(max(measure(strings.safe(s.name), 11) for s in spec.series), 130.0) if several else 0.0
    y = scales.numeric(spec.extent(), unit=spec.unit, start=bottom, end=top, wanted=4, pad=0.06)
    left, right = max([measure(label, 10.5) for label in y.labels], default=20) + 10, width - (tag_room + 12 if several else 8)
    x = scales.windows([p.at for p in points if p.at is not None], start=left, end=right, wanted=max(2, int((right - left) // 85)))
    if spec.minimum is not None:
        pen.shade(left, y(spec.minimum), right - left, bottom - y(spec.minimum), colours.critical, 0.05)
    if spec.maximum is not None:
        pen.shade(left, top, right - left, y(spec.maximum) - top, colours.critical, 0.05)
    for tick, label in zip(y.ticks, y.labels, strict=True):
        pen.line(left, y(tick), right, y(tick), colours.grid)
        pen.text(left - 6, y(tick) + 3.5, label, anchor="end", colour=colours.muted, size=10.5)
    for tick, label in zip(x.ticks, x.labels, strict=True):
        pen.line(x(tick), bottom, x(tick), bottom + 4, colours.line)
        half = measure(label, 10.5) / 2
        pen.text(min(max(x(tick), half), width - half), bottom + 16, label, anchor="middle", colour=colours.muted, size=10.5)
    pen.line(left, bottom, right, bottom, colours.line)
    if spec.baseline is not None:
        pen.line(left, y(spec.baseline), right, y(spec.baseline), colours.muted, dash="1 3")
        pen.text(left + 4, y(spec.baseline) - 4, "reference", colour=colours.muted, size=10)
    for edge, word in ((spec.minimum, "min"), (spec.maximum, "max")):
        if edge is not None:
            pen.line(left, y(edge), right, y(edge), colours.critical, dash="4 3")
            pen.text(
                right - 3,
                y(edge) - 4,
                f"{word} {strings.threshold(edge, spec.unit)}",
                anchor="end",
                colour=colours.muted,
                size=10.5,
                halo=True,
            )
    _marks(pen, spec, x, top, bottom, right)
    for index, series in enumerate(spec.series):
        _series(pen, spec, series, colours.series[index % len(colours.series)], x, y, bottom, several)
    if several:
        _tags(pen, spec, y, right, tag_room)
    pen.height = bottom + 22
    return pen


def _series(pen: Pen, spec: TrendChart, series: Series, tint: str, x: scales.Axis, y: scales.Axis, bottom: float, several: bool) -> None:
    placed = [p for p in series.points if p.at is not None]
    for known, run in groupby(placed, key=lambda p: p.value is not None):
        piece = list(run)
        if not known:
            continue
        band = [p for p in piece if p.low is not None and p.high is not None]
        if len(band) > 1:
            upper = [(x(scales.position(p.at)), y(p.high)) for p in band if p.at is not None and p.high is not None]
            lower = [(x(scales.position(p.at)), y(p.low)) for p in reversed(band) if p.at is not None and p.low is not None]
            pen.element("path", d=path([*upper, *lower], close=True), fill=tint, fill_opacity=0.1 if several else 0.14)
        places = [(x(scales.position(p.at)), y(p.value)) for p in piece if p.at is not None and p.value is not None]
        if len(places) > 1:
            pen.element("path", d=path(places), fill="none", stroke=tint, stroke_width=1.6, stroke_linejoin="round")
    crowded = len(placed) > 45
    for point in placed:
        if point.at is None:
            continue
        pen.group(f"{strings.safe(series.name)} {point.said(spec.unit)}".strip())
        across = x(scales.position(point.at))
        if point.value is None:
            pen.marker(across, bottom - 5, "insufficient", radius=2.8)
        else:
            if point.low is not None and point.high is not None and len(placed) == 1:
                pen.line(across, y(point.low), across, y(point.high), tint, width=1.6)
            loud = point.verdict in ("warn", "fail", "error")
            plain = several or point.verdict is None
            radius = (3.2 if crowded else 3.8) if loud else (1.9 if crowded else 2.4)
            colour = tint if plain and not loud and point.verdict != "insufficient" else ""
            hollow = point.partial
            pen.marker(across, y(point.value), point.verdict, radius=radius + (0.8 if hollow else 0), colour=colour, hollow=hollow)
        pen.end()


def _marks(pen: Pen, spec: TrendChart, x: scales.Axis, top: float, bottom: float, right: float) -> None:
    ordered = sorted(spec.marks, key=lambda m: scales.position(m.at))
    places = [x(scales.position(mark.at)) for mark in ordered]
    for index, (mark, across) in enumerate(zip(ordered, places, strict=True)):
        pen.group(f"{mark.kind}, {strings.moment(mark.at)}: {mark.text}")
        pen.line(across, top - 8, across, bottom, pen.colours.muted, dash="2 2")
        room = (places[index + 1] if index + 1 < len(places) else pen.width) - across - 8
        label = f"{mark.kind}: {mark.text}"
        if room < 46 and index + 1 == len(places):
            pen.text(across - 4, top - 12, label, anchor="end", colour=pen.colours.muted, size=10.5, room=150)
        elif room >= 24:
            pen.text(across + 1, top - 12, label, colour=pen.colours.muted, size=10.5, room=min(room, 190))
        pen.element("path", d=path([(across - 3, top - 8), (across + 3, top - 8), (across, top - 3)], close=True), fill=pen.colours.muted)
        pen.end()


def _tags(pen: Pen, spec: TrendChart, y: scales.Axis, right: float, room: float) -> None:
    """Name each line at its right end, moved apart where they would overlap."""
    ends = []
    for index, series in enumerate(spec.series):
        last = next((p.value for p in reversed(series.points) if p.value is not None), None)
        if last is not None:
            ends.append([y(last), float(index)])
    ends.sort()
    for before, after in pairwise(ends):
        after[0] = max(after[0], before[0] + 13)
    if ends and ends[-1][0] > y.start:
        ends[-1][0] = y.start
        for after, before in pairwise(reversed(ends)):
            before[0] = min(before[0], after[0] - 13)
    for height, place in ends:
        colour = pen.colours.series[int(place) % len(pen.colours.series)]
        pen.text(right + 8, height + 4, spec.series[int(place)].name, colour=colour, size=11, room=room, weight="600")


def _heat(spec: HeatMap, colours: Palette, width: float) -> Pen:
    """Cells tinted by effect size; what the policy calls a warning or worse also carries its shape."""
    pen = Pen(colours, width)
    top, height = 20.0, 20.0
    name_room = min(max([measure(strings.safe(name)) for name in spec.rows], default=40), width * 0.26)
    left = name_room + 10
    across = (width - left) / max(len(spec.columns), 1)
    for index, (name, values, verdicts) in enumerate(zip(spec.rows, spec.values, spec.verdicts, strict=True)):
        y = top + index * height
        pen.text(name_room, y + 14, name, anchor="end", room=name_room)
        for column, (value, verdict) in enumerate(zip(values, verdicts, strict=True)):
            x = left + column * across
            gap = 1.0 if across > 6 else 0.4
            word = f" ({strings.verdict_word(verdict)})" if verdict else ""
            pen.group(f"{strings.safe(name)}, {spec.columns[column]}: {strings.number(value, spec.unit)}{word}")
            pen.element(
                "rect", x=x, y=y, width=across - gap, height=height - 1, fill=colours.heat_low if value is not None else colours.background
            )
            if value is None:
                middle = x + (across - gap) / 2
                pen.line(middle - 4, y + height / 2 + 3.5, middle + 4, y + height / 2 - 4.5, colours.line)
            else:
                pen.shade(x, y, across - gap, height - 1, colours.heat_high, round(min(max(value / spec.full, 0.0), 1.0), 3))
                if verdict in ("warn", "fail"):
                    pen.marker(x + (across - gap) / 2, y + height / 2 - 0.5, verdict, radius=min(3.6, across * 0.34), halo=True)
            pen.end()
    foot = top + height * max(len(spec.rows), 1)
    every = max(1, -(-len(spec.columns) * 84 // max(int(width - left), 1)))
    for column, label in enumerate(spec.columns):
        if column % every == 0 and left + column * across + measure(label, 10.5) < width + 8:
            pen.text(left + column * across, 12, label, colour=colours.muted, size=10.5)
    steps = 8
    for step in range(steps + 1):
        pen.element("rect", x=left + 46 + step * 14, y=foot + 8, width=14, height=9, fill=colours.heat_low)
        pen.shade(left + 46 + step * 14, foot + 8, 14, 9, colours.heat_high, step / steps)
    pen.text(left + 40, foot + 16, "0", anchor="end", colour=colours.muted, size=10.5)
    end = left + 46 + (steps + 1) * 14
    pen.text(end + 6, foot + 16, f"{strings.threshold(spec.full, spec.unit)} or more", colour=colours.muted, size=10.5)
    for offset, verdict in ((110.0, "warn"), (190.0, "fail")):
        if any(verdict in line for line in spec.verdicts):
            pen.marker(end + offset, foot + 12, verdict, radius=3.6)
            pen.text(end + offset + 9, foot + 16, strings.verdict_word(verdict), colour=colours.muted, size=10.5)
    pen.height = foot + 24
    return pen


def _distribution(spec: DistributionChart, colours: Palette, width: float) -> Pen:
    """A dumbbell per bin: ring for the reference, dot for the window, so that ten-percent bins show their change at once."""
    pen = Pen(colours, width)
    row, top = 19.0, 24.0
    # Digits of a fallback font run wider than those measured; a name that starts left of the page would lose its first digits.
    name_room = min(1.15 * max([measure(strings.safe(name)) for name in spec.labels], default=40), width * 0.36)
    left, right = name_room + 20, width - 120
    bottom = top + row * max(len(spec.labels), 1)
    axis = scales.numeric(
        [*spec.reference, *spec.window], unit="percent", start=left, end=right, zero=True, wanted=max(2, int((right - left) // 60))
    )
    pen.marker(left + 5, 9, None, radius=3.8, colour=colours.muted, hollow=True)
    pen.text(left + 14, 13, f"Reference, n = {strings.count(spec.reference_n)}", colour=colours.muted, size=10.5)
    shift = left + 30 + measure(f"Reference, n = {strings.count(spec.reference_n)}", 10.5)
    pen.marker(shift, 9, None, radius=3.8, colour=colours.series[0])
    pen.text(shift + 9, 13, f"Window, n = {strings.count(spec.window_n)}", colour=colours.muted, size=10.5)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        pen.line(axis(tick), top, axis(tick), bottom, colours.grid)
        pen.text(axis(tick), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
    for index, (name, before, after, shown) in enumerate(spec.bins()):
        y = top + row * (index + 0.5)
        pen.group(f"{strings.safe(name)}: {shown}")
        pen.text(name_room, y + 4, name, anchor="end", room=name_room)
        if before is not None and after is not None:
            pen.line(axis(before), y, axis(after), y, colours.series[0], width=2)
        if before is not None:
            pen.marker(axis(before), y, None, radius=4, colour=colours.muted, hollow=True)
        if after is not None:
            pen.marker(axis(after), y, None, radius=3.8, colour=colours.series[0])
        pen.text(width - 2, y + 4, shown, anchor="end", colour=colours.muted)
        pen.end()
    pen.height = bottom + 20
    return pen


def _reliability(spec: ReliabilityChart, colours: Palette) -> Pen:
    """Observed against promised, on equal scales, with the diagonal that a calibrated score follows."""
    pen = Pen(colours, 330)
    left, top, right, bottom = 44.0, 8.0, 308.0, 272.0
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    for share in ticks:
        across, down = left + (right - left) * share, bottom - (bottom - top) * share
        pen.line(left, down, right, down, colours.grid)
        pen.line(across, top, across, bottom, colours.grid)
        pen.text(across, bottom + 15, scales.tick_label(share, 0.25, "percent"), anchor="middle", colour=colours.muted, size=10.5)
        pen.text(left - 6, down + 3.5, scales.tick_label(share, 0.25, "percent"), anchor="end", colour=colours.muted, size=10.5)
    pen.line(left, bottom, right, top, colours.muted, dash="4 3")
    x = scales.Axis(low=0, high=1, start=left, end=right, ticks=(), labels=())
    y = scales.Axis(low=0, high=1, start=bottom, end=top, ticks=(), labels=())
    biggest = max((row[4] for row in spec.known()), default=1) or 1
    for score, seen, low, high, n in spec.known():
        span = strings.estimate(seen, low, high, n, spec.unit)
        pen.group(f"Mean score {strings.number(score, 'decimal')}: observed {span}")
        if low is not None and high is not None:
            pen.line(x(score), y(low), x(score), y(high), colours.series[0], width=1.6)
        pen.marker(x(score), y(seen), None, radius=2.4 + 2.4 * (n / biggest) ** 0.5, colour=colours.series[0])
        pen.end()
    pen.text((left + right) / 2, bottom + 32, "mean score", anchor="middle", colour=colours.muted, size=10.5)
    pen.text(left + 6, top + 13, "observed rate", colour=colours.muted, size=10.5)
    pen.height = bottom + 38
    return pen
