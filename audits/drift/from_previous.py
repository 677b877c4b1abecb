"""The statistics of two samples asked of each window and the one before it: `<statistic>_from_previous`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace

from audits.audit import Audit
from audits.drift.comparison import FROM_PREVIOUS, Statistic, with_previous
from audits.evidence import Evidence
from audits.finding import Measurement

_ABOUT = """`{name}` between each window and the window before it.

    Formula
        As `{name}` has it, on the same frozen bins, with the window before in the place of the reference; a standard deviation stays the
        reference's. Windows in which the column has no value are passed over, and the reason then names the one compared with. There is
        no figure over the whole period, nor for its first window.
    Interval and test
        Those of `{name}`. n is the smaller of the two windows' rows with a value.
    When it misleads
        It sees a jump once, in the window in which it begins, and a slow drift never: each step is small. What is unusual depends on how
        much windows differ anyway: weekends from weekdays, say.
    Source
        that of `{name}`.
    """


def from_previous(found: Audit) -> Audit:
    """The same statistic against the window before."""
    statistic: Statistic = inspect.unwrap(found.function)

    def function(evidence: Evidence) -> Iterator[Measurement]:
        return statistic(with_previous(evidence))

    function.__doc__ = _ABOUT.format(name=found.name)
    return replace(found, name=found.name + FROM_PREVIOUS, function=function, compared=False, derived=True)
