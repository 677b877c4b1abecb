"""The audit `invariant_violations`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import wilson
from audits.probed_cells import Cells

PROBE = "invariants"


@audit(name="invariant_violations", unit="count", needs=("invariants",), tasks=EVERY_TASK, units="own", probe=PROBE)
def invariant_violations(evidence: Evidence) -> Iterator[Measurement]:
    """Number of predictions of which a condition held that the configuration says never may, by invariant.

    Formula
        Rows for which `never` is true, of all rows of the log: nothing is sampled. A comparison with a missing value is neither true nor
        false; such rows are counted apart (`untold`) and are no violations, so say `or dose is missing` where they should be.
    Interval
        None but the count itself: every row was looked at, so nothing is left to chance. n is the rows of which it can be told.
    Tables
        `never`: the condition; `severity`; `share` with `low` and `high`: violations over n with Wilson's interval, for who asks how often
        it would happen; `untold`: rows of which it cannot be told.
    When it misleads
        A count grows with the traffic: read `share` beside it. 0 with many `untold` rows is no promise. What was quarantined on arrival is
        not in the log and so not looked at.
    Source
        Checks that hold for every row: S. Schelter et al. (2018), Automating Large-Scale Data Quality Verification, PVLDB 11.

    >>> doses = [10, 50, 41, None, 40]  # never = "dose > 40"
    >>> sum(dose is not None and dose > 40 for dose in doses), sum(dose is None for dose in doses)
    (2, 1)
    """
    body = evidence.probes.get(PROBE, {})
    declared = {each.name: each for each in evidence.model.invariants}
    cells = Cells.of(evidence, PROBE)
    for name, told in body.get("invariants", {}).items():
        if name not in declared or declared[name].never != told["never"] or name not in evidence.topics:
            continue  # the answer is older than the configuration
        found = _unasked(evidence, name, told) if "reason" in told or cells is None else _counted(evidence, cells, name, told)
        yield replace(found, severity=declared[name].severity)


def _unasked(evidence: Evidence, name: str, told: Mapping[str, Any]) -> Measurement:
    nothing = np.full(1, np.nan)
    return measurement(
        "invariant_violations", "count", value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="exact",
        column=evidence.topics.index(name), reason=str(told.get("reason", "no rows to count on")),
        tables={0: {"never": told["never"], "severity": told["severity"]}},
    )  # fmt: skip


def _counted(evidence: Evidence, cells: Cells, name: str, told: Mapping[str, Any]) -> Measurement:
    n, broken, _ = cells.sums("invariant_violations", name)
    rows, untold, _ = cells.sums("untold", name)
    version, window, place = np.nonzero((rows > 0) & evidence.reported)
    at = (version, window, place)
    value = np.where(n[at] > 0, broken[at], np.nan)
    low, high = wilson(broken[0, 0, 0], n[0, 0, 0])
    whole = np.flatnonzero((version == 0) & (window == 0) & (place == 0))
    table = {
        "never": told["never"], "severity": told["severity"], "untold": int(untold[0, 0, 0]), "rows": int(rows[0, 0, 0]),
        "share": broken[0, 0, 0] / n[0, 0, 0] if n[0, 0, 0] else None, "low": float(low), "high": float(high),
    }  # fmt: skip
    return measurement(
        "invariant_violations", "count", value=value, low=value, high=value, n=n[at].astype(np.int64), method="exact", window=window,
        version=version, slice=place, attribute=evidence.attribute_places[place], column=evidence.topics.index(name),
        reason=np.where(n[at] > 0, "", "in no row can it be told").astype(object), tables={int(i): table for i in whole},
    )  # fmt: skip
