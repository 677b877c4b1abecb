"""The audit `expected_cost`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import audit, over_slices
from audits.estimate import Estimates, Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.tradeoffs.costs import CELLS, costs_of, mean_cost


@audit(name="expected_cost", unit="currency", needs=("decision", "outcome", "costs"))
def expected_cost(evidence: Evidence) -> Iterator[Measurement]:
    """The mean cost of a decision, from the costs that the configuration gives to right and wrong decisions.

    Formula
        (TP cost_TP + FP cost_FP + FN cost_FN + TN cost_TN) / (TP + FP + FN + TN), about `positive`, over the predictions whose decision
        and outcome are both known. A gain is a negative cost.
    Interval
        Normal, of a weighted sum of multinomial shares, with z² / 4 rows added to each cell (Agresti and Coull), so that a dear mistake
        that was not seen yet widens it; within the range of the costs.
    Tables
        For everybody over the whole period: the costs, the rows in each cell, and the part of the total that each cell makes.
    When it misleads
        The costs are somebody's judgement, the same for every person: a wrongly declined loan costs the applicant what no matrix of the
        lender holds. Outcomes known for favorable decisions only leave out the cost of wrong refusals.
    Source
        C. Elkan (2001), The Foundations of Cost-Sensitive Learning, IJCAI.

    >>> import numpy as np
    >>> from audits.tradeoffs.costs import mean_cost
    >>> float(mean_cost([40, 10, 5, 45], np.array([-2.0, 10.0, 1.0, 0.0]))[0])  # -80 + 100 + 5, over 100
    0.25
    """
    costs = costs_of(evidence.model)
    assert costs is not None
    c = evidence.counts
    cells = np.stack([c.true_positives, c.false_positives, c.false_negatives, c.true_negatives], axis=-1)
    value, low, high = mean_cost(cells, costs)
    n = np.rint(cells.sum(axis=-1)).astype(np.int64)
    found = Estimates(value=value, low=low, high=high, n=n, method="adjusted-wald")
    block = over_slices(evidence, "expected_cost", "currency", found, reason="no prediction with a decision and a known outcome")
    first = np.flatnonzero((block.window == 0) & (block.version == 0) & (block.slice == 0) & (block.n > 0))
    yield replace(block, tables={int(i): _table(cells[0, 0, 0], costs) for i in first})


def _table(cells: Floats, costs: Floats) -> dict[str, Any]:
    spent = cells * costs
    shares = spent / spent.sum() if (spent >= 0).all() and spent.any() else np.full(len(CELLS), np.nan)  # with gains there are no parts
    return {
        "costs": dict(zip(CELLS, costs.tolist(), strict=True)),
        "n": {cell: int(rows) for cell, rows in zip(CELLS, cells.tolist(), strict=True)},
        "share": {cell: part if np.isfinite(part) else None for cell, part in zip(CELLS, shares.tolist(), strict=True)},
    }
