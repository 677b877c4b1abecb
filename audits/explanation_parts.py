"""The parts of an explanation: what drove it, how stable that is, similar cases, what would turn it round, and reasons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Cell = bool | int | float | str | None
"""A logged value; None where it is missing."""
Side = Literal["favorable", "unfavorable", "neither"]
Level = Literal["low", "high", "value", "missing"]
"""How a value compares with the reference: a number below or above the typical one, a category, or nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one input adds to this prediction; `side` is where it pushed, `low` and `high` are how far the background's choice moves it."""

    column: str
    value: Cell
    attribution: float
    low: float | None
    high: float | None
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """From the reference's mean answer to this one: base + attributions = total, on `scale`.

    Parameters
    ----------
    scale
        "log-odds" (trees and linear models with a logistic link), "score" or "prediction".
    base_score, total_score
        Base and total as scores.
    exact
        False where permutations were sampled.
    shares
        The largest first.
    """

    scale: str
    method: str
    exact: bool
    base: float
    total: float
    base_score: float | None
    total_score: float | None
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """In which share of the draws an input is among the most telling ones, and on the same side."""

    column: str
    top: float
    same_side: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How much of the answer is the choice of reference rows: `draws` backgrounds drawn anew with replacement, `rows` rows each.

    `same` is the share of draws with the same `size` most telling inputs, in whatever order; `first` with the same first one.
    """

    draws: int
    rows: int
    size: int
    same: float
    first: float
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A similar logged prediction and what became of it; `later` if it was logged after the one explained.

    `outcome` is what the log holds, `outcome_favorable` whether that benefits the person.
    """

    id: str
    version: str | None
    at: dt.datetime | None
    later: bool
    distance: float
    score: float | None
    favorable: bool | None
    outcome: str | None
    outcome_favorable: bool | None
    values: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The nearest logged rows, one a unit, nearest first.

    Parameters
    ----------
    known, share, low, high
        Rows of them whose outcome is known; the share of favorable ones (of a regression the mean outcome) with its 95 % interval.
    decided, decided_favorable
        Rows of them with a decision, and favorable ones among these.
    overall
        The same share over every row they were chosen from.
    usual
        The median distance from this prediction to those rows: what "near" is to be compared with.
    """

    cases: tuple[Case, ...]
    known: int
    share: float | None
    low: float | None
    high: float | None
    decided: int
    decided_favorable: int
    overall: float | None
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed value; `spreads` is its size in spreads of the reference (1 for another category)."""

    column: str
    before: Cell
    after: Cell
    spreads: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A feasible row for which the model decides otherwise: asked, and answered `score`.

    `cost` is the sum of the changes in spreads; `nearest` the distance to the nearest logged row, so that an odd combination can be told;
    `decision` the class decided for, of several.
    """

    changes: tuple[Change, ...]
    cost: float
    score: float
    nearest: float | None
    decision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """What would have turned the decision round, the cheapest first, each of a different set of inputs.

    Parameters
    ----------
    wanted, label
        The decision that was searched for: "favorable" after an adverse one, "unfavorable" after a favorable one; of several
        classes the one that was searched for, None for any other.
    threshold
        The score to be passed; None where the largest of several decides.
    fixed
        Inputs that were not touched.
    asked
        Rows that the model answered.
    finished
        False where the deadline ended the search, so that a cheaper one may exist.
    """

    wanted: Side
    label: str | None
    threshold: float | None
    found: tuple[Counterfactual, ...]
    fixed: tuple[str, ...]
    asked: int
    seconds: float
    deadline: float
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A principal reason: an input that pushed towards the unfavorable side.

    `sentence` is the declared one of [models.NAME.reasons], None where none is declared; `stable` is the share of resampled backgrounds
    in which it is among as many reasons again.
    """

    column: str
    level: Level
    value: Cell
    typical: Cell
    attribution: float
    sentence: str | None
    protected: bool
    stable: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """At most four reasons, the most telling first; `adverse` says whether the decision was, so that reasons are owed."""

    adverse: bool
    reasons: tuple[Reason, ...]
