"""Measurements, findings and runs: what audits yield, what a policy makes of it, and the record that is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.slices import Slice

Verdict = Literal["pass", "warn", "fail", "insufficient", "error"]
Severity = Literal["page", "ticket", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measure over many cells: parallel arrays of length K, indices into the evidence they were made from.

    `window`, `version`, `slice`, `reference_slice`, `attribute` and `column` index `Evidence.windows`, `.versions`,
    `.slices`, `.slices`, `.attributes` and `.topics`; -1 means none. Index 0 of windows is the whole analysed period,
    of versions all versions together, of slices the whole population. In `value`, `low`, `high` and `p_value` NaN stands
    for a number that cannot be computed, and `reason` then says why.
    """

    name: str
    unit: str
    window: Integers
    version: Integers
    slice: Integers
    reference_slice: Integers
    attribute: Integers
    column: Integers
    value: Floats
    low: Floats
    high: Floats
    n: Integers
    method: NDArray[np.object_]
    p_value: Floats
    reason: NDArray[np.object_]
    tables: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """Named numbers for charts, by position in the arrays."""
    people: tuple[Floats, Floats, Floats] | None = None
    """How many rows of the group in this window the gap amounts to (value, low, high), at least 0."""
    named: tuple[Slice, ...] = ()
    """Slices beyond the evidence's: a `slice` or `reference_slice` of len(evidence.slices) + i stands for named[i]."""
    q_value: Floats | None = None
    """q-values over everything that was tested, where only a part of it is listed."""
    severity: str | None = None
    """Declared with what is measured, in the place of the threshold's."""

    def __len__(self) -> int:
        return len(self.value)

    def where(self, kept: NDArray[np.bool_]) -> Measurement:
        """Some of the figures, with what stands beside them."""
        places = np.flatnonzero(kept)
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        arrays: dict[str, Any] = {name: part[places] for name, part in parts.items() if isinstance(part, np.ndarray)}
        tables = {new: self.tables[old] for new, old in enumerate(places.tolist()) if old in self.tables}
        people = None if self.people is None else (self.people[0][places], self.people[1][places], self.people[2][places])
        return replace(self, **arrays, tables=tables, people=people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a policy expects of a measure: at least `min`, at most `max`, judged from `min_n` rows on.

    It is in force from `since` until the moment before `until` (UTC, naive); None leaves that side open.
    """

    name: str
    min: float | None = None
    max: float | None = None
    min_n: int = 30
    severity: Severity = "ticket"
    rationale: str = ""
    source: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """One thing that a policy says otherwise than when the model was last audited; None where there was, or is, nothing.

    `field` is a field of `Threshold`, or "threshold" where a whole one came or went; `since` tells entries with dates apart.
    """

    model: str
    name: str
    field: str
    before: str | None
    after: str | None
    since: dt.datetime | None = None


COLUMNS = (
    "name", "unit", "version", "slice", "reference_slice", "attribute", "column", "window_start", "window_end", "first_row", "last_row",
    "partial", "whole", "value", "low", "high", "n", "method", "p_value", "q_value", "people", "people_low",
    "people_high", "tables", "threshold_min", "threshold_max", "severity", "rationale", "threshold_source", "threshold_since",
    "threshold_until", "verdict", "reason",
)  # fmt: skip
"""The columns of a findings table, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something an audit could not do, and why; `error` is True where it raised instead of finding nothing to measure."""

    name: str
    reason: str
    error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What drift and thresholds are judged against."""

    kind: Literal["until", "rows", "version", "source", "first window"]
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    first_row: int | None = None
    last_row: int | None = None
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The ledger of one model: rows available, used and left out, so that every figure says what it rests on.

    `available` = `used` + `quarantined` + `duplicate`, the reference included; `analysed` of those used are the analysed period's,
    and `labelled` of those have a known outcome.
    """

    available: int
    used: int
    analysed: int
    quarantined: int
    duplicate: int
    labelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one rule says of one series of figures in the newest window that it can judge: whether somebody should be told.

    Parameters
    ----------
    rule
        The measure.
    slice, reference_slice
        Canonical JSON, as in the findings table.
    answer
        "raised", "quiet", or "can't tell", which neither raises an alert nor ends one.
    since
        Start of the first window of the change: a time, or a row number for a log without a clock.
    evidence, line
        Logarithms to base 10 of the evidence gathered and of what the budget of false alarms asks for; None where the rule states a fact.
    """

    model: str
    rule: str
    family: Literal["drift", "quality", "performance", "fairness", "service"]
    severity: Severity
    answer: Literal["raised", "quiet", "can't tell"]
    slice: str = "{}"
    reference_slice: str | None = None
    attribute: str | None = None
    column: str | None = None
    version: str | None = None
    window_start: dt.datetime | None = None
    window_end: dt.datetime | None = None
    first_row: int | None = None
    last_row: int | None = None
    partial: bool = False
    since: dt.datetime | int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = ""
    threshold_min: float | None = None
    threshold_max: float | None = None
    evidence: float | None = None
    line: float | None = None
    reason: str = ""

    @property
    def key(self) -> str:
        """What the alert about this rule and series is called, now and in every later run."""
        parts = [self.rule, self.model, self.slice, self.attribute, self.column, self.version]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why figures moved, as far as the log can tell.

    Parameters
    ----------
    kind
        "unit or scale change", "missing values", "concept drift" and so on; see `audits.causes`.
    size, low, high, unit
        How large it is, with its interval.
    upstream
        What alerts of one origin share, also across models.
    explains
        Keys of the signals that it holds back: what follows from it needs no alert of its own.
    evidence
        The figures that it rests on: name, column, value, low, high.
    """

    model: str
    kind: str
    columns: tuple[str, ...] = ()
    source: str | None = None
    since: dt.datetime | int | None = None
    size: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    confidence: Literal["named", "can't tell"] = "named"
    upstream: str = ""
    explains: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """The findings about one model, as one columnar table (a `pyarrow.Table` with `COLUMNS`)."""

    model: str
    task: str
    card: Mapping[str, Any]
    """The model's row of the published `models` table: title, owner, window, attributes and so on."""
    reference: Reference
    coverage: Coverage
    findings: Any
    errors: Sequence[Failure]
    signals: tuple[Signal, ...] = ()
    """What there is to tell somebody at once."""
    causes: tuple[Cause, ...] = ()
    """Why, most likely first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """An immutable record of one audit: what was measured, on which data, under which policy, by which code."""

    id: str
    format: int
    created: dt.datetime
    code_revision: str
    policy: str
    data: str
    bins: str
    runs: Sequence[ModelRun]
    policy_changes: Sequence[PolicyChange] = ()
    """What the policies say otherwise than at each model's last audit."""
