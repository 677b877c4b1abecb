"""The audit `weak_spot`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.groups import weak_spots


@audit(name="weak_spot", unit="difference", needs=("decision", "outcome"), tasks=("binary", "multiclass"), units="own")
def weak_spot(evidence: Evidence) -> Iterator[Measurement]:
    """A group, a segment level or a cross of them in which the model errs more often than for everybody else, beyond chance.

    Formula
        errors inside / rows inside - errors outside / rows outside, over the predictions whose decision and outcome are both known;
        outside is everybody who is not in the slice. One finding a slice, over the whole period, the highest lower end first.
    What is searched
        Every slice that the tallies hold with 30 rows or more in it: single groups, all crosses of protected attributes, segment levels,
        and each segment crossed with each attribute. No row is read again.
    What is kept
        Slices with more errors at a false discovery rate of 5 % over all that were tested. Of overlapping ones only those that still have
        more errors among people who are alike in belonging to the other kept slices (Cochran-Mantel-Haenszel): "Black" goes where only
        "Black and under 25" is bad, and "Black and north" goes where it is no worse than the rest of "Black". What a kept slice explains
        is in its tables.
    Interval and test
        Newcombe; z or Fisher's exact test. The interval is at 1 - 0.05 x kept / tested instead of 95 %, because the slices were chosen for
        being bad. With several rows a unit, counts are divided by the design effect that a jackknife over groups of units shows.
    When it misleads
        Slices are bad for many reasons: an outcome that is harder to foresee there makes a weak spot of the best possible model. What is
        in the slice is not why it is bad. Two slices that no tally holds together (a cross of attributes and a segment) are not told apart.
        Where outcomes are known for one decision only, it speaks of those alone.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; Y. Benjamini and D. Yekutieli (2005), JASA 100, for the intervals; N. Mantel and
        W. Haenszel (1959), JNCI 22, for the overlap.

    >>> 60 / 200 - 80 / 800  # errors inside, and outside
    0.19999999999999998
    """
    yield from weak_spots(evidence, "weak_spot", "difference", "error_rate")
