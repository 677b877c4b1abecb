"""Colours, type and spacing of the screen, as options for the server; light and dark follow the system."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reports import palette
from reports.palette import Palette

STYLESHEET = Path(__file__).parent / "components" / "style.css"

FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Inter, Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def _colours(palette: Palette) -> dict[str, str]:
    return {
        "primaryColor": palette.accent,
        "backgroundColor": palette.background,
        "secondaryBackgroundColor": palette.surface,
        "textColor": palette.text,
        "borderColor": palette.line,
        "dataframeBorderColor": palette.grid,
        "dataframeHeaderBackgroundColor": palette.surface,
        "linkColor": palette.accent,
        "blueColor": palette.ok,
        "yellowColor": palette.warning,
        "redColor": palette.critical,
        "grayColor": palette.unknown,
    }


SHARED = {
    "font": FONT,
    "headingFont": FONT,
    "codeFont": MONOSPACE,
    "baseFontSize": 14,
    "baseRadius": "6px",
    "buttonRadius": "6px",
    "headingFontSizes": ["1.45rem", "1.15rem", "1rem", "0.95rem", "0.9rem", "0.85rem"],
    "headingFontWeights": [600, 600, 600, 600, 600, 600],
    "codeFontSize": "0.85rem",
    "paddingTop": "0.5rem",
    "paddingBottom": "2rem",
    "showWidgetBorder": True,
    "linkUnderline": False,
}


def options(port: int) -> dict[str, object]:
    """Options of a server that is private, quiet and asks nothing of any other machine."""
    fixed: dict[str, object] = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.showEmailPrompt": False,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": "127.0.0.1",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.showSidebarNavigation": False,
        "logger.level": "error",
    }
    sections = ((SHARED, "theme."), (_colours(palette.LIGHT), "theme.light."), (_colours(palette.DARK), "theme.dark."))
    return fixed | {prefix + key: value for section, prefix in sections for key, value in section.items()}


@cache
def stylesheet() -> str:
    """The one style sheet, with the palette as variables that follow the theme in use."""
    light, dark = palette.variables("light"), palette.variables("dark")
    colours = "".join(f"{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    return f"<style>.stApp{{{colours}}}\n{STYLESHEET.read_text(encoding='utf-8')}</style>"
