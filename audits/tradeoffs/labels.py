"""Whether the known outcomes can say what another threshold would have done, and why not."""

from __future__ import annotations

import numpy as np

from audits.evidence import NO, YES, Evidence
from audits.tradeoffs.histograms import histograms

UNEVEN = 0.5
"""Outcomes known less than this often for one decision, compared with the other, are taken to be selective."""

ENOUGH = 30
"""Rows with a decision before its share of known outcomes is believed."""

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
    return selective(evidence)


def selective(evidence: Evidence) -> str | None:
    """The sentence about outcomes that are known for one decision only, or far more often; None where they are not."""
    table = evidence.counts.table[0, 0, 0]
    n, known = table[:2].sum(axis=-1), table[:2, :2].sum(axis=-1)
    if (n < ENOUGH).any():
        return None
    shares = known / n
    if shares.min() >= UNEVEN * shares.max():
        return None
    percent = [_percent(float(shares[decision])) for decision in (YES, NO)]
    return (
        f"outcomes are known for {percent[0]} of favorable and {percent[1]} of unfavorable decisions: what another threshold would have "
        "brought cannot be told from them"
    )


def _percent(found: float) -> str:
    text = f"{100 * found:.1f}%"
    return "none" if found == 0 else "under 0.1%" if text == "0.0%" else text


def degenerate(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Which groups lack one of the two outcomes, or have fewer than `ENOUGH` labelled rows."""
    n = positives + negatives
    found: np.ndarray = (n < ENOUGH) | (positives == 0) | (negatives == 0)  # type: ignore[type-arg]
    return found
