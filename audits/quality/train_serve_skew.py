"""Train/serve skew: how far the first served window is from what the model was trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.distances import total_variation
from audits.quality.layout import binned, valued


@audit(name="train_serve_skew", unit="distance", needs=("columns", "training"), tasks=EVERY_TASK, compared=True, units="rows")
def train_serve_skew(evidence: Evidence) -> Iterator[Measurement]:
    """Total variation distance of a column between the training data and the first complete window that was served.

    Formula
        ½ Σ |q - p| over the training data's deciles, or over categories, for features and the score. The training data is the reference,
        where sources with rows = "reference" brought it; else there is no figure. It speaks of the whole period: what is skewed at once
        was never right. Tables name the window.
    Interval
        Delta method, its lower end less what chance alone makes. n is the rows of the window with a value.
    When it misleads
        Training data of another season or population differs without any fault of the pipeline. Skew that comes later is drift.
    Source
        E. Breck et al. (2019), Data Validation for Machine Learning, MLSys, section 4.3 on training-serving skew.
    """
    rows = evidence.counts.rows[0, :, 0]
    filled = [i for i, window in enumerate(evidence.windows) if i and rows[i] > 0]
    first = next((i for i in filled if not evidence.windows[i].partial), filled[0] if filled else 0)
    window = evidence.windows[first]
    said = {"window": window.first_row if window.start is None else window.start.isoformat()}
    for column, bins, counts in binned(evidence):
        if bins.name == evidence.model.columns.latency_ms:
            continue
        value, low, high = (values[[first]] for values in total_variation(bins, counts))
        yield measurement(
            "train_serve_skew", "distance", value=value, low=low, high=high, n=np.rint(valued(counts)[[first]]), method="delta", slice=0,
            column=column, tables={0: said}, reason=np.where(np.isnan(value), "no values to compare", "").astype(object),
        )  # fmt: skip
