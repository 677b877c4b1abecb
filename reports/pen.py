"""A pen for small SVG drawings: texts, lines and the marks of verdicts, escaped by the XML library.

Coordinates are written to two decimals, so the same drawing is the same bytes on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from xml.etree import ElementTree

from reports import palette, strings
from reports.palette import Palette

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
SIZE = 11.5


def icon(verdict: str | None, *, size: float = 10.0) -> str:
    """Draw the mark of a verdict alone, for use beside its word; it is hidden from screen readers."""
    pen = Pen(palette.by_variable(), size)
    pen.marker(size / 2, size / 2, verdict, radius=size * 0.36)
    pen.height = size
    pen.root.set("aria-hidden", "true")
    return pen.finish("", standalone=False, classes="icon")


def measure(text: str, size: float = SIZE) -> float:
    """Return about how many pixels wide a text is in a common sans-serif face; wide ones included."""
    total = 0.0
    for character in text:
        if unicodedata.combining(character):
            continue
        if unicodedata.east_asian_width(character) in "WF":
            total += 1.05
        elif character in "iljtfI.,:;'|!()[] ":
            total += 0.38
        else:
            total += 0.95 if character in "mwMW@%" else 0.72 if character.isupper() else 0.62
    return total * size


def shorten(text: str, room: float, size: float = SIZE) -> str:
    """Return the text cut to fit `room` pixels, with an ellipsis where something was cut."""
    if measure(text, size) <= room:
        return text
    kept = text
    while kept and measure(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


class Pen:
    """A drawing under way."""

    def __init__(self, colours: Palette, width: float) -> None:
        self.colours = colours
        self.width = width
        self.height = 0.0
        self.root = ElementTree.Element("svg")
        self._at = self.root

    def element(self, tag: str, content: str | None = None, /, **attributes: str | float | None) -> ElementTree.Element:
        """Add an element; underscores in attribute names become hyphens, numbers are rounded to two decimals."""
        made = ElementTree.SubElement(self._at, tag)
        for name, value in attributes.items():
            if value is not None:
                made.set(name.rstrip("_").replace("_", "-"), value if isinstance(value, str) else coordinate(value))
        made.text = None if content is None else strings.safe(content)
        return made

    def group(self, said: str) -> None:
        """Start a group whose tooltip is `said`; the next group or `end` closes it."""
        self._at = ElementTree.SubElement(self.root, "g")
        self.element("title", said)

    def end(self) -> None:
        """Close the current group."""
        self._at = self.root

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        colour: str = "",
        size: float = SIZE,
        weight: str | None = None,
        room: float | None = None,
        halo: bool = False,
    ) -> None:
        """Write a text with its baseline at y, cut to `room` pixels, the whole of it in the tooltip when cut.

        `halo` clears what lies below the letters.
        """
        shown = text if room is None else shorten(text, room, size)
        clear: dict[str, str | float | None] = (
            {"stroke": self.colours.background, "stroke_width": 3, "stroke_linejoin": "round", "paint_order": "stroke"} if halo else {}
        )
        made = self.element(
            "text",
            shown,
            x=x,
            y=y,
            fill=colour or self.colours.text,
            font_size=size,
            font_weight=weight,
            text_anchor=None if anchor == "start" else anchor,
            **clear,
        )
        if shown != text and self._at is self.root:
            ElementTree.SubElement(made, "title").text = strings.safe(text)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str | None = None) -> None:
        """Draw a line."""
        self.element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width, stroke_dasharray=dash)

    def shade(self, x: float, y: float, width: float, height: float, colour: str, opacity: float) -> None:
        """Tint a rectangle; nothing is drawn when it has no area."""
        if width > 0 and height > 0:
            self.element("rect", x=x, y=y, width=width, height=height, fill=colour, fill_opacity=opacity)

    def marker(
        self, x: float, y: float, verdict: str | None, *, radius: float = 4.0, colour: str = "", hollow: bool = False, halo: bool = False
    ) -> None:
        """Draw the shape of a verdict: circle OK, triangle warning, diamond critical, ring not enough data, cross error."""
        tint = colour or (self.colours.status(verdict) if verdict else self.colours.muted)
        open_ = hollow or verdict == "insufficient"
        look: dict[str, str | float | None] = {
            "fill": self.colours.background if open_ else tint,
            "stroke": tint if open_ else self.colours.background if halo else None,
            "stroke_width": 1.5 if open_ else 1.2 if halo else None,
        }
        if verdict == "warn":
            r = radius * 1.25
            self.element("path", d=path([(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)], close=True), **look)
        elif verdict == "fail":
            r = radius * 1.3
            self.element("path", d=path([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], close=True), **look)
        elif verdict == "error":
            for slant in (1, -1):
                self.line(x - radius, y - radius * slant, x + radius, y + radius * slant, tint, width=1.8)
        else:
            self.element("circle", cx=x, cy=y, r=radius - (0.5 if open_ else 0), **look)

    def finish(self, alt: str, *, standalone: bool, classes: str | None = None) -> str:
        """Return the drawing as text."""
        for name, value in {
            "class": classes,
            "xmlns": "http://www.w3.org/2000/svg" if standalone else None,
            "width": coordinate(self.width),
            "height": coordinate(self.height),
            "viewBox": f"0 0 {coordinate(self.width)} {coordinate(self.height)}",
            "font-family": FONT,
            "role": "img" if alt else None,
            "aria-label": strings.safe(alt) or None,
        }.items():
            if value is not None:
                self.root.set(name, value)
        if standalone and alt:
            description = ElementTree.Element("desc")
            description.text = strings.safe(alt)
            self.root.insert(0, description)
        return ElementTree.tostring(self.root, encoding="unicode")


def coordinate(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def path(places: Sequence[tuple[float, float]], *, close: bool = False) -> str:
    return "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in places) + ("Z" if close else "")


def tags(pen: Pen, ends: Sequence[tuple[float, int, str]], x: float, bottom: float, room: float) -> None:
    """Name lines at their right ends (height, place of the colour, name), moved apart where they would overlap."""
    heights = [height for height, _, _ in sorted(ends)]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + 13)
    if heights and heights[-1] > bottom:
        heights[-1] = bottom
        for place in range(len(heights) - 1, 0, -1):
            heights[place - 1] = min(heights[place - 1], heights[place] - 13)
    for height, (_, colour, name) in zip(heights, sorted(ends), strict=True):
        pen.text(x, height + 4, name, colour=pen.colours.series[colour % len(pen.colours.series)], size=11, room=room, weight="600")
