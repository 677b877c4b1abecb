"""The audit `estimation_coverage`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.backtest import past
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimation_coverage", unit="proportion", needs=("score", "outcome"), tasks=("binary", "regression"))
def estimation_coverage(evidence: Evidence) -> Iterator[Measurement]:
    """The share of windows whose realised figure fell inside the estimate's 95 % interval, of those whose outcomes are in.

    windows inside / windows; Wilson interval over windows. n is the windows.

    Windows count whose outcomes are in (see `label_maturity`), with 30 or more of the slice, the reference itself left out, and for which
    an estimate was given: those withheld for what earlier windows showed are counted in `tables` ("withheld"). The estimate is that of the
    rows whose outcome is known. The value is about accuracy; without decisions about the ROC AUC, in a regression about the mean absolute
    error. Every other measure is in `tables`, and everybody's figures window by window.

    It misleads with few windows, and with very many rows: then the interval is narrow, and a small lasting change falls outside it.

    Source: A. P. Dawid (1984), Statistical Theory: the Prequential Approach, J. R. Stat. Soc. A 147.

    >>> 19 / 20
    0.95
    """
    yield from past(evidence, "estimation_coverage", "proportion", "coverage")
