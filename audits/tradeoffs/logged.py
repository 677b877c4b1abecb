"""Where the log's own decisions lie: their confusion, and the threshold that comes closest to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.tradeoffs.confusion import Confusion
from audits.tradeoffs.group_histograms import GroupHistograms
from audits.tradeoffs.thresholds import Thresholds, above


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The decisions of the whole period, by [group].

    Parameters
    ----------
    confusion
        Rows with a decision and a known outcome.
    selected, decided
        Favorable decisions and all decisions.
    """

    confusion: Confusion
    selected: Floats
    decided: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The threshold that comes closest to the logged decisions: its place, and the share of scored decisions that it gives too."""

    place: int
    agreement: float


def logged(evidence: Evidence, of: GroupHistograms) -> Logged | None:
    """The logged decisions about some groups; None in a log without decisions."""
    c = evidence.counts
    if not c.decided[0, 0, 0]:
        return None
    cell = (0, 0, of.slices)
    return Logged(
        confusion=Confusion(
            true_positives=c.true_positives[cell], false_positives=c.false_positives[cell], false_negatives=c.false_negatives[cell],
            true_negatives=c.true_negatives[cell],
        ),
        selected=c.selected[cell], decided=c.decided[cell],
    )  # fmt: skip


def cut(of: GroupHistograms, thresholds: Thresholds) -> Cut | None:
    """The threshold with the fewest decisions that it would not have given; None where no scored row has a decision."""
    by_bin = of.decided.sum(axis=(0, 2))
    total = by_bin.sum()
    if not total:
        return None
    agreed = above(by_bin[1]) + (by_bin[0].sum() - above(by_bin[0]))
    place = int(thresholds.canonical[int(np.argmax(agreed))])
    return Cut(place=place, agreement=float(agreed[place] / total))
