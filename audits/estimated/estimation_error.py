"""The audit `estimation_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.backtest import past
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimation_error", unit="score", needs=("score", "outcome"), tasks=("binary", "regression"))
def estimation_error(evidence: Evidence) -> Iterator[Measurement]:
    """How far estimated figures lay from the realised ones, on average over the windows whose outcomes are in.

    Σ |estimated - realised| / windows. n is the windows.

    Windows count whose outcomes are in (see `label_maturity`), with 30 or more of the slice, the reference itself left out, and for which
    an estimate was given: those withheld for what earlier windows showed are counted in `tables` ("withheld"). The estimate is that of the
    rows whose outcome is known. The value is about accuracy; without decisions about the ROC AUC, in a regression about the mean absolute
    error. Every other measure is in `tables`, and everybody's figures window by window.

    It misleads when windows are small: then most of it is the chance of the outcomes, which the intervals show (`estimation_coverage`).

    Source: M. Stone (1974), Cross-Validatory Choice and Assessment of Statistical Predictions, J. R. Stat. Soc. B 36.

    >>> round((abs(0.80 - 0.82) + abs(0.79 - 0.78)) / 2, 4)  # estimated 0.80 and 0.79, realised 0.82 and 0.78
    0.015
    """
    yield from past(evidence, "estimation_error", "score", "mean_absolute_error")
