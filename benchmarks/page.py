"""docs/statistics.md: one page, of which every simulation writes its own part."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"

HEAD = """# Statistics: do the intervals hold?

An interval at 95 % should hold the truth in 95 of 100 samples, and of the gaps called at q = 5 % at most 5 in 100 should be none. This
page says how far that is so. Samples are drawn from worlds in which the truth is known, and measured by the audits themselves, through
the code that a run goes through. All figures are generated; where an aim is missed, the table says so.

Make it again: `python -m benchmarks.coverage`, `python -m benchmarks.resampling` and `python -m benchmarks.false_discovery`, each some
minutes on one core. How well figures estimated without outcomes agree with the realised ones is in
[estimated-performance.md](estimated-performance.md).
"""


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
    """Write one part of the page, and the page if there is none."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    PAGE.write_text(with_part(page, name, text), encoding="utf-8")
