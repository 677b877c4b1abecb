"""Work that several audits of one run ask for, done once."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import TypeVar

from audits.evidence import Evidence

T = TypeVar("T")


def once(make: Callable[[Evidence], T]) -> Callable[[Evidence], T]:
    """Let a function of evidence remember what it gave for the evidence it was last asked about, as long as that lives.

    >>> class Log: ...
    >>> asked, log = [], Log()
    >>> size = once(lambda evidence: asked.append(evidence) or len(asked))
    >>> size(log), size(log), size(Log())
    (1, 1, 2)
    """
    kept: list[tuple[weakref.ref[Evidence], T]] = []

    @functools.wraps(make)
    def remembered(evidence: Evidence) -> T:
        if not (kept and kept[0][0]() is evidence):
            kept.clear()  # before the next is made: both at once might be too large
            kept[:] = [(weakref.ref(evidence, lambda _: kept.clear()), make(evidence))]
        return kept[0][1]

    return remembered
