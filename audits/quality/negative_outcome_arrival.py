"""Negative-outcome arrival: unfavorable outcomes that came, over those that the reference leads one to expect."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import katz, katz_method
from audits.quality.label_flow import NO_PROMISE, YOUNG, promise

TOO_YOUNG = "the window is too young to tell which outcomes are missing"
NONE_BEFORE = "every outcome of the reference is favorable"


@audit(name="negative_outcome_arrival", unit="ratio", needs=("clock", "outcome_column"), compared=True, units="own")
def negative_outcome_arrival(evidence: Evidence) -> Iterator[Measurement]:
    """Known unfavorable outcomes of a window over those that the reference had when it was as old.

    Formula
        known x unfavorable share of the window / (promised x unfavorable share of the reference); known and promised as in `label_arrival`,
        so both sides count the same days. Windows younger than it takes half of the outcomes that ever come have no figure.
    Interval
        Katz, for the share of the window's rows that are known to have turned out badly, against the reference's at that age. n is the
        rows.
    When it misleads
        It cannot tell bad news that stopped coming from bad news that became rarer: look at who reports it, and at `base_rate`. Where
        unfavorable outcomes take longer than others, young windows look short of them.
    Source
        E. L. Kaplan and P. Meier (1958), JASA 53; D. Katz et al. (1978), Biometrics 34, for the interval.
    """
    found = promise(evidence)
    if found is None or not found.unfavorable > 0:
        nothing = np.full(1, np.nan)
        yield measurement(
            "negative_outcome_arrival", "ratio", value=nothing, low=nothing, high=nothing, n=evidence.counts.rows[0, :1, 0],
            method="katz-log", slice=0, reason=NO_PROMISE if found is None else NONE_BEFORE,
        )  # fmt: skip
        return
    windows = np.flatnonzero(found.rows > 0)
    rows, promised, ripe = (values[windows] for values in (found.rows, found.promised, found.ripe))
    labelled, favored = (of[0, windows, 0] for of in (evidence.counts.labelled, evidence.counts.favored))
    known = (labelled - favored) * np.divide(found.known[windows], labelled, out=np.zeros(len(rows)), where=labelled > 0)
    promised = promised * found.unfavorable
    told = (ripe >= YOUNG) & (promised > 0)
    at_age = np.divide(promised, rows) * found.n
    low, high = katz(known, rows, at_age, np.full(len(rows), found.n))
    value = np.divide(known, promised, out=np.full(len(rows), np.nan), where=told)
    tables = {i: {"known": round(float(known[i]), 1), "promised": round(float(promised[i]), 1)} for i in range(len(windows))}
    yield measurement(
        "negative_outcome_arrival", "ratio", value=value, low=np.where(told, np.minimum(low, value), np.nan),
        high=np.where(told, np.maximum(high, value), np.nan), n=np.rint(rows), method=katz_method(known, at_age), window=windows,
        slice=0, tables=tables,
        reason=np.where(told, "", TOO_YOUNG).astype(object),
    )  # fmt: skip
