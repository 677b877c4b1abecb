"""docs/statistics.md: one page, of which every simulation writes its own part."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"


def with_part(page: str, name: str, text: str) -> str:
    """The page with its part of this name replaced, or added at its end.

    >>> with_part("# Page\\n", "one", "1").splitlines()
    ['# Page', '', '<!-- one -->', '', '1', '', '<!-- end of one -->']
    """
    block = f"<!-- {name} -->\n\n{text.strip()}\n\n<!-- end of {name} -->\n"
    pattern = re.compile(rf"<!-- {re.escape(name)} -->.*?<!-- end of {re.escape(name)} -->\n", re.DOTALL)
    if pattern.search(page):
        return pattern.sub(lambda _: block, page)
    return page.rstrip("\n") + "\n\n" + block


def write_part(name: str, text: str) -> None:
    """Write one part of the page."""
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")
