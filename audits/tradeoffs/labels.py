"""Whether the known outcomes can say what another threshold would have done, and why not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.performance.selective_labels import selective
from audits.tradeoffs.group_histograms import histograms

ENOUGH = 30
"""Labelled rows from which a group takes part."""

NO_LABELS = "no scored prediction has a known outcome"
ONE_OUTCOME = "all known outcomes are the same, so every threshold is right or wrong alike"


def refusal(evidence: Evidence) -> str | None:
    """Why outcomes cannot be used to judge other thresholds; None where they can.

    Another threshold decides differently about people near the cut. Where outcomes are known only, or far more often, for those who were
    decided favorably, nobody knows what would have become of the others, and figures from the known ones would be about other people.
    """
    everybody = histograms(evidence)[0]
    positives, negatives = float(everybody.positives.sum()), float(everybody.negatives.sum())
    if positives + negatives == 0:
        return NO_LABELS
    if not positives or not negatives:
        return ONE_OUTCOME
    said = selective(evidence)
    return None if said is None else f"{said}: what another threshold would have brought cannot be told from them"


def degenerate(positives: Floats, negatives: Floats) -> NDArray[np.bool_]:
    """Which groups lack one of the two outcomes, or have fewer than `ENOUGH` labelled rows."""
    return np.asarray((positives + negatives < ENOUGH) | (positives == 0) | (negatives == 0))


def with_repeats(evidence: Evidence, *said: str) -> str:
    """Several reasons as one, and that intervals are too narrow where one person has several rows: these audits count rows."""
    unit = evidence.model.columns.unit
    repeats = f'intervals take rows that share one "{unit}" as independent, and are too narrow where many do' if unit is not None else ""
    return "; ".join(reason for reason in (*said, repeats) if reason)
