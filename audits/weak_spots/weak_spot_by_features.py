"""The audit `weak_spot_by_features`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.weak_spots.features import weak_spots_by_features


@audit(name="weak_spot_by_features", unit="difference", needs=("decision", "outcome"), tasks=("binary", "multiclass"), probe="weak_spots")
def weak_spot_by_features(evidence: Evidence) -> Iterator[Measurement]:
    """Conditions on features under which the model errs more often than elsewhere, found on half of the rows and tested on the other half.

    Formula
        errors inside / rows inside - errors outside / rows outside, on the testing half. One finding a slice, the highest lower end first;
        its conditions are in words, such as "income < 20,000 and region = north".
    What is searched
        A budget of labelled rows (100,000 by default), those whose keys have the smallest digests, so that the same log gives the same
        rows; with several rows a unit, whole units. On one half: all single conditions and pairs of them over features, segments and
        groups (numeric columns are cut near their twentieths, at simple numbers), and every node of four trees of depth 3; the surest have
        their cuts moved. At most 25 that overlap little are tested.
    What is kept
        Slices with more errors at a false discovery rate of 5 %, and still so beside the other kept ones; see `weak_spot`.
    Interval and test
        Newcombe; z or Fisher's exact test; at 1 - 0.05 x kept / tested. They hold because the testing half had no part in the finding.
        With several rows a unit, counts are divided by the design effect of each slice. `people` is the excess over all labelled rows.
    When it misleads
        What is not found may be there: see docs/weak-spots.md for how often slices of which size are. Slices are bad for many reasons, and
        the conditions that describe one need not be why. It is made only when asked for, from the rows of that day.
    Source
        Y. Chung et al. (2019), Slice Finder, ICDE; S. Sagadeeva and M. Boehm (2021), SliceLine, SIGMOD; S. Wager and S. Athey (2018), JASA
        113, for honest splitting.

    >>> 120 / 400 - 900 / 9600  # errors inside, and outside
    0.20625
    """
    yield from weak_spots_by_features(evidence, "weak_spot_by_features", "difference", "error_rate")
