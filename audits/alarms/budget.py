"""From a budget of false alarms to the line that evidence has to pass."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from connectors.alert_config import Budget

KINDS = 2
"""What shares a model's budget in equal parts: columns that drift, and figures that are checked against a threshold."""

LEAST_RUN = 20.0
"""No alarm rings with less evidence than one chance in twenty, however long the windows and however large the budget."""


def window_length(evidence: Evidence) -> dt.timedelta:
    """How long a window is; one of rows, which follows no clock, counts as a day."""
    window = evidence.windows[-1]
    return dt.timedelta(days=1) if window.start is None or window.end is None else window.end - window.start


def run_length(budget: Budget, length: dt.timedelta) -> float:
    """Windows from one false alarm of one kind of rule to the next that a model's budget allows, on average.

    >>> run_length(Budget(count=1, per=dt.timedelta(days=7)).shared(200), dt.timedelta(days=1))
    2800.0
    """
    return max(budget.shared(KINDS).run_length(length), LEAST_RUN)


def ringing(evidence: Floats, run: float) -> tuple[NDArray[np.bool_], Floats]:
    """Which series ring, by [series, window], and the line that each had to pass, as a logarithm to base 10.

    The e-BH procedure at level 1/run over the series of each window: with K series, k of them ring together when each has an e-value of
    at least K run / k. Then their average reaches `run`, which by chance happens in at most one window of so many, however the series
    depend on each other. Source: R. Wang and A. Ramdas (2022), Journal of the Royal Statistical Society B 84.

    >>> rings, line = ringing(np.array([[3.0], [1.2], [2.9]]), 20.0)
    >>> rings[:, 0].tolist(), line.round(2)[:, 0].tolist()
    ([True, False, True], [1.48, 1.48, 1.48])
    """
    many = len(evidence)
    ranked = -np.sort(-evidence, axis=0)
    lines = np.log10(many * run / np.arange(1, many + 1))
    passed = np.where(ranked >= lines[:, None], np.arange(1, many + 1)[:, None], 0).max(axis=0)
    line = lines[np.maximum(passed, 1) - 1]
    return evidence >= np.where(passed > 0, line, np.inf), np.broadcast_to(line, evidence.shape).copy()
