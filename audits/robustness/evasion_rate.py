"""The audit `evasion_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, over_cells
from audits.robustness.distances import BUDGET, PROBE, TO_FAVORABLE, WITHIN, curve, histogram, told


@audit(name="evasion_rate", unit="proportion", needs=("decision",), tasks=("binary", "multiclass"), units="own", probe=PROBE)
def evasion_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions against a person that a possible change of at most half a spread turns into the favorable one.

    #{rows decided against, with a change of size <= 0.5 found that turns them} / #{rows decided against that were searched}, with Wilson's
    interval. A change is possible where it respects `immutable`, `monotone` and `ranges` of the configuration, leaves protected attributes
    and missing values alone, stays within what the reference held, and keeps whole numbers whole; its size is Euclidean over inputs, in
    spreads ((q90 - q10) / 2.563 of the reference), a changed level counting as one. Every change counted was asked about. The table holds
    the share within other sizes.

    It misleads as a bound on attackers: a search that finds nothing proves nothing, so the true share can only be larger; one who knows
    the model finds more. What is possible on paper may be honest improvement as well as deceit, which the log cannot tell apart. Where a
    surrogate was asked, it is the surrogate that was fooled.

    Source: W. Brendel, J. Rauber and M. Bethge (2018), Decision-based adversarial attacks, ICLR; J. Chen, M. I. Jordan and M. J. Wainwright
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

    yield from over_cells(evidence, PROBE, "evasion_rate", "proportion", tables=table)
