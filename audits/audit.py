"""What an audit is: a named function from evidence to measurements, with what it needs of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Estimates, Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement

Need = Literal[
    "decision", "outcome", "score", "probability", "clock", "protected", "columns", "latency_ms", "cost", "energy_wh", "costs",
    "probabilities", "prediction_low", "prediction_high", "error", "version", "id", "outcome_column", "arrivals", "gateway",
    "shares", "training", "sources", "leaks", "rules", "invariants",
]  # fmt: skip
_ROLES = (
    "decision", "outcome", "score", "latency_ms", "cost", "energy_wh", "prediction_low", "prediction_high", "error", "version", "id",
)  # fmt: skip
Function = Callable[[Evidence], Iterator[Measurement]]
Units = Literal["jackknife", "rows", "own"]
EVERY_TASK = ("binary", "multiclass", "regression")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One audit: its finding's name and unit, what it needs, and the function.

    `unit` is "proportion", "ratio", "difference", "score", "count", "ms", "hours", "currency", "Wh", "distance", or "outcome":
    the unit of a numeric outcome.

    Parameters
    ----------
    favorable
        It is about the favorable value: where a class of several is favorable, it is also reported without naming a class, and judged.
    compared
        It holds what is seen against the reference: too small a reference leaves nothing to judge.
    units
        Where rows repeat units: "jackknife" asks it again without each group of units; "rows" takes rows as independent, because the groups
        of units are not known to it (exact passes over rows, bins of a column, searches) or it is no sample; "own" knows how itself.
    probe
        The probe that has to have read rows for it, in `audits/probes`.
    derived
        It is made of other measures, and so has no file of its own.
    """

    name: str
    unit: str
    needs: tuple[Need, ...]
    tasks: tuple[str, ...]
    function: Function
    favorable: bool = False
    compared: bool = False
    units: Units = "jackknife"
    probe: str = ""
    derived: bool = False

    def __call__(self, evidence: Evidence) -> Iterator[Measurement]:
        return self.function(evidence)


def audit(
    *, name: str, unit: str, needs: tuple[Need, ...] = (), tasks: tuple[str, ...] = ("binary",), favorable: bool = False,
    compared: bool = False, units: Units = "jackknife", probe: str = "",
) -> Callable[[Function], Audit]:  # fmt: skip
    """Declare a function to be the audit of this name."""
    return lambda function: Audit(
        name=name, unit=unit, needs=needs, tasks=tasks, function=function, favorable=favorable, compared=compared, units=units, probe=probe
    )


_OF_LEDGER: Mapping[str, tuple[Callable[[Evidence], bool], str]] = {
    "arrivals": (
        lambda evidence: bool(evidence.ledger.batches),
        "ingest remembered nothing of the batches that these rows came with",
    ),
    "gateway": (
        lambda evidence: evidence.ledger.gateway is not None,
        "the configuration names no gateway counts (alerts.gateway)",
    ),
    "shares": (
        lambda evidence: bool(evidence.model.alerts.shares),
        "the configuration declares no shares of the traffic (alerts.shares)",
    ),
    "training": (
        lambda evidence: evidence.reference.kind == "source",
        'the reference is made of served rows; training data is a source with rows = "reference"',
    ),
    "sources": (
        lambda evidence: len(evidence.ledger.sources) > 1,
        "the log has one source: see no_data",
    ),
    "rules": (
        lambda evidence: bool(evidence.model.rules),
        "the configuration declares no rules ([[models.NAME.rules]])",
    ),
    "invariants": (
        lambda evidence: bool(evidence.model.invariants),
        "the configuration declares no invariants ([[models.NAME.invariants]])",
    ),
    "leaks": (
        lambda evidence: bool(evidence.ledger.leaks),
        "the reference has fewer than 100 labelled rows to look for leaks in",
    ),
}
"""What the ledger, the configuration or the reference has to hold for some checks, and what is said where it does not."""


def missing(evidence: Evidence, need: Need) -> str | None:
    """Why the log cannot serve a need, as a sentence; None when it can."""
    counts, roles = evidence.counts, evidence.model.columns.named()
    if need in _ROLES and need not in roles:
        return f"the configuration maps no {need} column"
    if need == "decision" and not counts.decided[0, 0, 0]:
        return "no prediction carries a decision"
    if need == "outcome" and not counts.labelled[0, 0, 0]:
        return "no outcome is known yet for any prediction of the period"
    if need in ("score", "probability"):
        grids = [evidence.bins.by_name[name] for name in evidence.bins.class_scores if name] if evidence.task == "multiclass" else []
        scored = grids or ([evidence.bins.score_bins] if evidence.bins.score_bins is not None else [])
        if not scored:
            return "no prediction carries a numeric score"
        if need == "probability":
            return next((reason for reason in (_no_probability(evidence, grid.name) for grid in scored) if reason), None)
    if need == "costs" and evidence.model.costs is None:
        return f"the configuration gives no costs: [models.{evidence.model.name}.costs] true_positive, false_positive and so on"
    if need == "probabilities" and evidence.weighted is None:
        return "the configuration declares no groups by probability"
    if need == "outcome_column" and "outcome" not in roles:
        return "the configuration maps no outcome column"
    if need in _OF_LEDGER and not _OF_LEDGER[need][0](evidence):
        return _OF_LEDGER[need][1]
    if need == "clock" and evidence.windows[0].start is None:
        return "the log has no clock"
    if need == "protected" and not evidence.attributes:
        return "the configuration names no protected attribute that the log has"
    if need == "columns" and not evidence.columns:
        return "the log has no feature, score or latency column"
    return None


def _no_probability(evidence: Evidence, column: str) -> str | None:
    """Why a score is no probability: what was logged lies outside 0 and 1."""
    if column not in evidence.tally.columns:
        return None  # the largest of several, which answer for themselves
    moments = evidence.tally.moments
    scores = moments["column"] == evidence.tally.columns.index(column)
    low, high = np.nanmin(moments["min"][scores], initial=np.inf), np.nanmax(moments["max"][scores], initial=-np.inf)
    return f"scores run from {low:g} to {high:g}, so they are not probabilities" if low < 0 or high > 1 else None


def measurement(
    audit_name: str, unit: str, *, value: Floats, low: Floats, high: Floats, n: NDArray[Any], method: str | NDArray[np.object_],
    window: Integers | int = 0, version: Integers | int = 0, slice: Integers | int = 0, reference_slice: Integers | int = -1,
    attribute: Integers | int = -1, column: Integers | int = -1, p_value: Floats | None = None,
    reason: str | NDArray[np.object_] = "", tables: Mapping[int, dict[str, Any]] | None = None,
    people: tuple[Floats, Floats, Floats] | None = None,
) -> Measurement:  # fmt: skip
    """A measurement from flat arrays of one length, single places repeated; infinities become "cannot be computed"."""
    k = len(value)

    def places(given: Integers | int) -> Integers:
        return np.broadcast_to(np.asarray(given, dtype=np.int64), (k,)).copy()

    def words(given: str | NDArray[np.object_]) -> NDArray[np.object_]:
        return np.broadcast_to(np.asarray(given, dtype=object), (k,)).copy()

    def numbers(given: Floats | None) -> Floats:
        if given is None:
            return np.full(k, np.nan)
        found = np.asarray(given, dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    return Measurement(
        name=audit_name, unit=unit, window=places(window), version=places(version), slice=places(slice),
        reference_slice=places(reference_slice), attribute=places(attribute), column=places(column), value=numbers(value), low=numbers(low),
        high=numbers(high), n=np.asarray(n, dtype=np.int64), method=words(method), p_value=numbers(p_value), reason=words(reason),
        tables=tables or {}, people=None if people is None else (numbers(people[0]), numbers(people[1]), numbers(people[2])),
    )  # fmt: skip


def over_slices(evidence: Evidence, name: str, unit: str, found: Estimates, *, reason: str = "no rows to measure it on") -> Measurement:
    """A measurement per version, window and slice, from estimates shaped like `evidence.shape`.

    Cells that are not `Evidence.reported` are left out; reported ones without a value keep their place, with `reason`.
    """
    version, window, place = (axis.ravel() for axis in np.indices(evidence.shape))
    kept = evidence.reported.ravel()
    value = found.value.ravel()[kept]
    return measurement(
        name, unit, value=value, low=found.low.ravel()[kept], high=found.high.ravel()[kept], n=found.n.ravel()[kept],
        method=found.method, window=window[kept], version=version[kept], slice=place[kept],
        attribute=evidence.attribute_places[place[kept]], p_value=None if found.p_value is None else found.p_value.ravel()[kept],
        reason=np.where(np.isfinite(value), "", reason).astype(object),
    )  # fmt: skip
