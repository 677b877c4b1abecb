"""Where a figure is shown: the page and the parameters of the link that leads to exactly that figure."""

from __future__ import annotations

import datetime as dt

from dashboard.url_state import ALL
from reports import glossary, strings
from reports.figure import Figure


def window_key(start: dt.datetime | None, first_row: int | None) -> str:
    """How a window is written in a link: a day, a minute or a row number.

    >>> window_key(dt.datetime(2026, 11, 3), None), window_key(dt.datetime(2026, 11, 3, 5), None), window_key(None, 5000)
    ('2026-11-03', '2026-11-03T05:00', '5000')
    """
    if start is None:
        return str(first_row)
    return start.strftime("%Y-%m-%d") if start.time() == dt.time() else start.strftime("%Y-%m-%dT%H:%M")


def attribute_of(figure: Figure) -> str | None:
    """The protected attribute, or the intersection, that a figure about groups belongs to.

    >>> attribute_of(Figure(name="accuracy", slice={"sex": "Female", "race": "Black"}))
    'race,sex'
    """
    return figure.attribute or ",".join(sorted(figure.slice)) or None


def destination(figure: Figure) -> tuple[str, dict[str, str | None]]:
    """Where a figure is shown: the page's address and the parameters that lead to it.

    >>> destination(Figure(name="population_stability_index", slice={}, column="income"))[0]
    'drift'
    """
    window = window_key(figure.window_start, figure.first_row) if not figure.whole and figure.at is not None else None
    family = glossary.term(figure.name).family
    if family == "quality":
        return "data", {"column": figure.column, "measure": figure.name, "window": window}
    if figure.column is not None or family == "drift":
        return "drift", {"column": figure.column, "statistic": figure.name, "window": window or ALL}
    attribute = attribute_of(figure)
    if attribute is not None:
        group = strings.group(figure.slice) if figure.slice else None
        return "fairness", {
            "attribute": attribute, "group": group, "measure": figure.name, "window": window, "version": figure.version,
        }  # fmt: skip
    return "performance", {"measure": figure.name, "window": window, "version": figure.version}
