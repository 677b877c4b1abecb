"""The figure that a link names, on pages whose figures are about columns, groups and versions alike."""

from __future__ import annotations

from dashboard import data
from dashboard.destination import attribute_of
from dashboard.page import PageContext
from reports import strings as wording
from reports.figure import Figure


def asked_for(context: PageContext) -> Figure | None:
    """The figure of the link's measure, of its column and group, in its window."""
    view = context.view
    if view.measure is None or view.measure not in data.names(*context.key):
        return None
    window = next((each for each in data.spans(*context.key) if each.key == view.window), None)
    version = view.version if view.version in data.versions(*context.key) else None
    found = data.figures(*context.key, names=(view.measure,), window=window, columns=None, version=version, tables=True)
    mine = [each for each in found if each.column == view.column and (wording.group(each.slice) if each.slice else None) == view.group]
    return next((each for each in mine if view.attribute is None or attribute_of(each) == view.attribute), None)
