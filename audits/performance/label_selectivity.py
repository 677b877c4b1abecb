"""The audit `label_selectivity`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import LEVEL, MATERIAL, selectivity


@audit(name="label_selectivity", unit="difference", needs=("decision", "outcome"), units="rows")
def label_selectivity(evidence: Evidence) -> Iterator[Measurement]:
    """The share of outcomes known after favorable decisions minus the share known after unfavorable ones.

    known / rows after the favorable decision - known / rows after the unfavorable one; Newcombe's interval, two-sided p-value. Labels count
    as selective (`tables`) where the two shares differ by 20 points or more, with p < 0.01: a loan that was refused is never repaid, so
    that error rates on known outcomes speak of the accepted only. The measures ending in `_bounds` then say what remains certain.

    It misleads in young windows, where few outcomes are known after either decision; and even shares do not prove that outcomes are missing
    at random.

    Source: H. Lakkaraju, J. Kleinberg, J. Leskovec, J. Ludwig and S. Mullainathan (2017), The Selective Labels Problem, KDD; interval:
    Newcombe (1998).

    >>> round(95 / 100 - 3 / 50, 2)  # 95 of 100 accepted and 3 of 50 refused have an outcome
    0.89
    """
    found = selectivity(evidence)
    decided = found.favorable + found.unfavorable
    version, window, place = np.nonzero(decided > 0)
    at = (version, window, place)
    value = found.difference[at]
    shown = np.flatnonzero((version == 0) & ((window == 0) | (place == 0)))
    tables = {
        int(i): {
            "favorable": {"rows": int(found.favorable[cell]), "known": int(found.favorable_known[cell])},
            "unfavorable": {"rows": int(found.unfavorable[cell]), "known": int(found.unfavorable_known[cell])},
            "selective": bool(found.selective[cell]),
        }
        for i in shown
        for cell in [(0, window[i], place[i])]
    }
    said = f"selective: outcomes are known for one decision far more often ({100 * MATERIAL:.0f} points or more, p < {LEVEL})"
    yield measurement(
        "label_selectivity", "difference", value=value, low=found.low[at], high=found.high[at], n=np.rint(decided[at]), method="newcombe",
        window=window, version=version, slice=place, attribute=evidence.attribute_places[place], p_value=found.p_value[at],
        reason=np.where(np.isnan(value), "only one decision was made", np.where(found.selective[at], said, "")).astype(object),
        tables=tables,
    )  # fmt: skip
