"""One prediction explained: the values that the page, the command line and the handout render, and their JSON form."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from audits.explanation_parts import Cases, Cell, Counterfactuals, Reasons, Side, Stability, Waterfall

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1
PARTS = ("attributions", "stability", "cases", "counterfactuals", "reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What one input held.

    Parameters
    ----------
    typical
        The reference's median, or its most frequent level.
    low, high
        The reference's 10 % and 90 % quantiles; None for a category.
    odd
        "missing"; "unseen": a level the reference does not hold; "outside": a number beyond the reference's range; None for neither.
    fixed
        Declared immutable, or protected.
    """

    column: str
    value: Cell
    typical: Cell
    low: float | None = None
    high: float | None = None
    odd: Literal["missing", "unseen", "outside"] | None = None
    protected: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The score at which decisions turn, as the log shows it: `agreement` of `n` decided rows lie on their side of it."""

    value: float
    agreement: float
    n: int
    above: Side
    """What a score at or above the cut-off is decided as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What was decided and when.

    Parameters
    ----------
    version, versions
        The version that is explained, and every version that logged a prediction under this id, oldest first.
    at
        When it was logged, UTC; None for a log without a clock.
    score, answer
        The logged score, and what the model (or surrogate) answers for the logged row now; of several classes about `label`.
    matches
        Whether the two agree within `tolerance`; None where one is absent or a surrogate answers.
    decision, favorable
        As logged, and whether it benefits the person; None where there is none; without a logged decision the cut-off
        decides, if there is one.
    outcome, outcome_favorable
        What became of it, once known.
    label
        Of several classes: the one that attributions and counterfactuals are about.
    """

    id: str
    version: str | None
    versions: tuple[str, ...]
    at: dt.datetime | None
    score: float | None
    decision: str | None
    favorable: bool | None
    outcome: str | None
    outcome_favorable: bool | None
    label: str | None = None
    answer: float | None = None
    tolerance: float | None = None
    matches: bool | None = None
    cut_off: CutOff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How closely a surrogate follows the logged scores out of fold (R squared), with its interval; to be shown before all else."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A part that could not be made, and why."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one part used."""

    part: str
    rows_used: int
    rows_available: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One prediction explained: every part that could be made, and why the others could not."""

    model: str
    title: str
    task: str
    kind: Literal["model", "surrogate"] | None
    """What was asked; None where neither could be."""
    fingerprint: str | None
    data: str
    created: dt.datetime
    prediction: Prediction
    values: tuple[Value, ...]
    fidelity: Fidelity | None = None
    waterfall: Waterfall | None = None
    stability: Stability | None = None
    cases: Cases | None = None
    counterfactuals: Counterfactuals | None = None
    reasons: Reasons | None = None
    absent: tuple[Absent, ...] = ()
    budgets: tuple[Budget, ...] = ()
    seconds: float = 0.0
    reference: str = ""
    """What it is held against, as `audits.finding.Reference.kind` names it."""
    format: int = field(default=FORMAT)


@cache
def _adapter() -> TypeAdapter[Explanation]:
    from pydantic import TypeAdapter

    return TypeAdapter(Explanation)


def to_json(found: Explanation) -> dict[str, Any]:
    """The explanation as JSON values: absent numbers are null, times ISO 8601 in UTC.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    body: dict[str, Any] = _adapter().dump_python(found, mode="json")
    json.dumps(body, allow_nan=False)
    return body


def from_json(body: Mapping[str, Any]) -> Explanation:
    """The explanation that `to_json` wrote.

    Raises
    ------
    ValueError
        It is of another format or shape.
    """
    if body.get("format") != FORMAT:
        raise ValueError(f"an explanation of format {body.get('format')!r}; this is {FORMAT}")
    return _adapter().validate_python(dict(body))
