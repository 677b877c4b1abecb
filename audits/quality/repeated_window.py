"""Repeated window: a window whose features are, value for value, those of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import binned

FEW = 30
TOO_FEW = f"fewer than {FEW} rows, or no feature that varies: equal counts could be chance"


@audit(name="repeated_window", unit="count", needs=("columns",), tasks=EVERY_TASK, units="own")
def repeated_window(evidence: Evidence) -> Iterator[Measurement]:
    """1 where all features of a window have the same counts in every bin as in one earlier window, else 0.

    Formula
        Equal rows, equal counts in each bin of each feature's frozen grid or vocabulary, equal missing values, and equal sums of
        the values; features only, since times, scores and latencies are made anew. Windows with fewer than 30 rows, or without a feature
        that has three values or more in them, have no figure. Over the whole period: how many windows repeat one.
    Interval
        None needed: it is a fact. n is the window's rows. Tables name the window that is repeated.
    When it misleads
        A source that sends the same test data every day by design. A stale file of which one row differs is not found, and neither are
        single stale columns: see `frozen_column`.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems, on stale inputs.
    """
    aside = {evidence.model.columns.score, evidence.model.columns.latency_ms}
    features = [(bins, counts) for _, bins, counts in binned(evidence) if bins.name not in aside]
    if not features:
        return
    rows = evidence.counts.rows[0, :, 0]
    varied = np.zeros(len(rows), dtype=bool)
    prints: list[list[bytes]] = [[] for _ in rows]
    for _, counts in features:
        special = np.stack([counts.special[name] for name in sorted(counts.special)], axis=1)
        sums = np.stack([counts.total.sum(axis=1)], axis=1) if counts.total.size else np.zeros((len(rows), 1))
        held = np.concatenate([counts.windows, special], axis=1)
        varied |= (counts.windows > 0).sum(axis=1) > 2
        for window in range(1, len(rows)):
            prints[window].append(held[window].tobytes() + np.float64(f"{sums[window, 0]:.9g}").tobytes())
    told = (rows >= FEW) & varied
    value, tables = np.zeros(len(rows)), {}
    seen: dict[bytes, int] = {}
    for window in range(1, len(rows)):
        key = b"".join(prints[window])
        if told[window] and key in seen:
            first = evidence.windows[seen[key]]
            since = first.first_row if first.start is None else first.start.isoformat()
            value[window], tables[window] = 1.0, {"repeats": since}
        elif told[window]:
            seen[key] = window
    value[0], told[0] = value[1:].sum(), bool(told[1:].any())
    shown = np.concatenate([[0], np.flatnonzero(rows[1:] > 0) + 1])
    value = np.where(told, value, np.nan)[shown]
    attached: dict[int, dict[str, Any]] = {i: tables[w] for i, w in enumerate(shown.tolist()) if w in tables}
    yield measurement(
        "repeated_window", "count", value=value, low=value, high=value, n=np.rint(rows[shown]), method="exact", window=shown, slice=0,
        tables=attached, reason=np.where(np.isnan(value), TOO_FEW, "").astype(object),
    )  # fmt: skip
