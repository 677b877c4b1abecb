"""The audit `evasion_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, listed, over_cells
from audits.robustness.distances import BUDGET, PROBE, TO_FAVORABLE, WITHIN, curve, histogram, told

NOBODY = "no decision that was searched is against anybody"


@audit(name="evasion_rate", unit="proportion", needs=("decision",), tasks=("binary", "multiclass"), units="own", probe=PROBE)
def evasion_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions against a person that a possible change of at most half a spread turns into the favorable one.

    Formula
        #{rows decided against, for which a change of size <= 0.5 that turns them was found} / #{rows decided against that were searched}.
        The size is Euclidean over inputs, in spreads, (q90 - q10) / 2.563 of the reference; a changed level counts as one spread.
    What is possible
        What respects `immutable`, `monotone` and `ranges` of the configuration, leaves protected attributes and missing values alone, stays
        within what the reference held, and keeps whole numbers whole. Every change that counts was itself asked about.
    Interval
        Wilson's, over the rows searched: one in five of a budget of rows, as far as the seconds go.
    Tables
        `curve`: the share within other sizes. Whether a model or a surrogate was asked, rows, questions and seconds.
    When it misleads
        As a bound on attackers: what a search did not find may still be there, so the true share can only be larger; who knows the model
        finds more. What is possible on paper may be honest improvement as well as deceit, which no log tells apart. Where a surrogate was
        asked, it is the surrogate that was fooled.
    Source
        W. Brendel, J. Rauber and M. Bethge (2018), Decision-based adversarial attacks, ICLR; J. Chen, M. I. Jordan and M. J. Wainwright
        (2020), HopSkipJumpAttack, IEEE Symposium on Security and Privacy.

    >>> import numpy as np
    >>> size = np.asarray([0.2, 0.4, 0.9, 3.5, 0.1])  # of the smallest change that turns each row
    >>> against = np.asarray([True, True, True, True, False])
    >>> float((size[against] <= 0.5).mean())
    0.5
    """

    def table(cells: Cells, column: str) -> dict[str, Any]:
        body = evidence.probes[PROBE]
        return {"within": WITHIN, "budget": BUDGET, "curve": curve(histogram(cells, TO_FAVORABLE)[0, 0, 0])} | told(body)

    cells = Cells.of(evidence, PROBE)
    if cells is not None and not cells.columns("evasion_rate"):
        none = np.full(1, np.nan)
        yield measurement(
            "evasion_rate", "proportion", value=none, low=none, high=none, n=np.zeros(1, dtype=np.int64), method="wilson", reason=NOBODY
        )
    yield from map(listed, over_cells(evidence, PROBE, "evasion_rate", "proportion", tables=table))
