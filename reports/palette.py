"""Colours of the light and the dark theme, and the arithmetic that shows they can be read.

OK is blue, so that red-green blindness loses nothing; colour never stands alone (icon + word + colour).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one theme as `#RRGGBB`."""

    background: str
    surface: str
    text: str
    muted: str
    line: str
    grid: str
    accent: str
    ok: str
    warning: str
    critical: str
    unknown: str
    series: tuple[str, ...]
    heat_low: str
    heat_high: str

    def status(self, verdict: str | None) -> str:
        """Return the status colour of a verdict; whatever is not a verdict is drawn as unknown, never as OK."""
        return {"pass": self.ok, "warn": self.warning, "fail": self.critical, "error": self.critical}.get(verdict or "", self.unknown)


# The series colours stay clear of the status colours: nobody should read the third group as "warning".
LIGHT: Final = Palette(
    background="#FFFFFF", surface="#F6F7F9", text="#16191F", muted="#5A6270", line="#C9CED6", grid="#E8EBEF", accent="#0B5FA5",
    ok="#0B5FA5", warning="#9A6700", critical="#A8071A", unknown="#6B7280",
    series=("#3B4A61", "#0F766E", "#7A3EB1", "#A0527A", "#5C6B00", "#2D6CDF"), heat_low="#F1F4F8", heat_high="#37517A",
)  # fmt: skip
DARK: Final = Palette(
    background="#0E1117", surface="#161B23", text="#E8EBF0", muted="#A3ABB8", line="#3A4250", grid="#232A35", accent="#4FC3F7",
    ok="#4FC3F7", warning="#FFC24B", critical="#FF7A70", unknown="#A3ABB8",
    series=("#C5CEDC", "#4FD1B5", "#C39BF5", "#F2A3C9", "#C3CF5A", "#86B0FF"), heat_low="#1A212C", heat_high="#8FB2E8",
)  # fmt: skip


def of(theme: Theme) -> Palette:
    """Return the palette of a theme."""
    return DARK if theme == "dark" else LIGHT


def variables(theme: Theme) -> dict[str, str]:
    """Return the palette as CSS custom properties (`--ok` → `#0B5FA5`), series as `--series-0` and on."""
    palette = of(theme)
    named = {f"--{field.name.replace('_', '-')}": getattr(palette, field.name) for field in fields(palette) if field.name != "series"}
    return named | {f"--series-{index}": colour for index, colour in enumerate(palette.series)}


def by_variable() -> Palette:
    """Return a palette whose colours are CSS variables, so that one inline SVG serves both themes."""
    named = {field.name: f"var(--{field.name.replace('_', '-')})" for field in fields(LIGHT) if field.name != "series"}
    return Palette(**named, series=tuple(f"var(--series-{index})" for index in range(len(LIGHT.series))))


def luminance(colour: str) -> float:
    """Return the relative luminance of `#RRGGBB`, 0 for black to 1 for white (WCAG 2.2)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2); text needs 4.5, marks need 3.

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(low: str, high: str, share: float) -> str:
    """Return the colour that lies `share` (0 to 1) of the way from `low` to `high`.

    >>> mix("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    bounded = min(max(share, 0.0), 1.0)
    pairs = ((int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * bounded):02X}" for a, b in pairs)
