"""In which order attributes are offered."""

from __future__ import annotations

from dashboard import data


def ordered(model: data.Model, found: frozenset[str]) -> list[str]:
    """The attributes of a run: those declared, in the file's order, then segments, then intersections."""
    single = [name for name in model.attributes if name in found]
    return single + sorted(found - set(single), key=lambda name: (name.count(","), name))
