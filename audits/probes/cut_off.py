"""Where the decision turns: the score at which logged decisions go from one to the other, learned from the log.

A model answers with a score, and what people feel is the decision. Of all cut-offs, the one that reproduces most logged decisions is taken,
on whichever side of it the favorable decision lies; several classes are decided by the largest probability. The share of decisions that it
reproduces is told wherever it is used: decisions that also follow people, quotas or several cut-offs are not explained by one number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.estimate import Floats

LEAST_ROWS = 30
LEAST_FOLLOWED = 0.5
"""A cut-off has to put right at least this share of the decisions that always naming the most frequent one gets wrong."""


class NoCutOff(ValueError):
    """No score is known at which the decision turns; the message says why in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The decision as a function of the model's answer.

    Parameters
    ----------
    score
        Favorable from here on (`above`), or up to here; NaN where the largest of several classes decides.
    above
        Whether high scores are favorable.
    between
        The two scores of the log that it lies between: nothing in the log tells where.
    favorable
        The class that is favorable, among several; -1 where none is.
    sided
        Whether a decision is for or against anybody: not where the score is of one class of several of which none is favorable.
    reproduced, n
        The share of logged decisions that come out, and of how many.
    """

    score: float
    above: bool = True
    between: tuple[float, float] = (math.nan, math.nan)
    favorable: int = -1
    sided: bool = True
    reproduced: float
    n: int

    def decided(self, answers: Floats) -> Floats:
        """[row] 1 favorable, 0 not; among several classes the class; NaN where the model did not answer."""
        if answers.ndim == 2:
            known = np.isfinite(answers).all(axis=1)
            return np.where(known, np.argmax(np.where(np.isfinite(answers), answers, -np.inf), axis=1), np.nan)
        side = answers >= self.score if self.above else answers <= self.score
        return np.where(np.isfinite(answers), side, np.nan)

    def adverse(self, decided: Floats) -> Floats:
        """[row] 1 where the decision is not the favorable one, 0 where it is; NaN where it is unknown or no class is favorable."""
        if not math.isnan(self.score):
            return 1.0 - decided if self.sided else np.full(len(decided), np.nan)
        return np.where(np.isfinite(decided) & (self.favorable >= 0), decided != self.favorable, np.nan)

    def margin(self, answers: Floats) -> Floats:
        """[row] how far the answer is on the favorable side, below 0 on the other; of several classes, of the favorable one."""
        if answers.ndim == 2:
            if self.favorable < 0:
                return np.full(len(answers), np.nan)
            others = np.delete(answers, self.favorable, axis=1)
            return np.asarray(answers[:, self.favorable] - others.max(axis=1))
        return answers - self.score if self.above else self.score - answers

    def to_json(self) -> dict[str, Any]:
        """The same for a reader."""
        told: dict[str, Any] = {"reproduced": self.reproduced, "n": self.n}
        if math.isnan(self.score):
            return told | {"kind": "largest"}
        return told | {"kind": "score", "score": self.score, "favorable": "from" if self.above else "up to", "between": list(self.between)}


def learn(answers: Floats, decision: Floats, *, favorable: int = -1) -> CutOff:
    """The cut-off of these answers [row] that reproduces most of the logged decisions (1 favorable, 0 not, NaN unknown).

    Answers [row, class] are decided by the largest, and decisions are then the codes of classes. Between the two neighbouring scores where
    the decision turns, the number with the fewest digits is taken. Errors are counted for all cut-offs at once from sorted scores.

    Raises
    ------
    NoCutOff
        Too few decisions with a score, all of them the same, or decisions that do not follow the score.

    >>> found = learn(np.asarray([0.2, 0.65, 0.72, 0.9] * 10), np.asarray([0.0, 0.0, 1.0, 1.0] * 10))
    >>> found.score, found.above, found.reproduced
    (0.7, True, 1.0)
    """
    scored = np.isfinite(answers) if answers.ndim == 1 else np.isfinite(answers).all(axis=1)
    known = scored & np.isfinite(decision)
    n = int(known.sum())
    if n < LEAST_ROWS:
        raise NoCutOff(f"{n:,} predictions have a decision and a score, and it takes {LEAST_ROWS} to learn where the decision turns")
    if answers.ndim == 2:
        return _largest(answers[known], decision[known], favorable)
    yes = decision[known] > 0.5
    base = max(float(yes.mean()), 1.0 - float(yes.mean()))
    if base == 1.0:
        raise NoCutOff(f"all {n:,} decisions are the same, so nothing tells at which score they turn")
    values, place = np.unique(answers[known], return_inverse=True)
    favored = np.bincount(place, yes)
    other = np.bincount(place) - favored
    # by [place of the cut]: rows put right where favorable is from values[cut] on; the other side puts right all the rest
    right = np.concatenate([[0.0], np.cumsum(other)]) + favored.sum() - np.concatenate([[0.0], np.cumsum(favored)])
    inner = right[1:-1]
    if not len(inner):
        raise NoCutOff(f"all {n:,} answers are the same, so nothing tells at which score the decision turns")
    above = bool(inner.max() >= n - inner.min())
    best = np.flatnonzero(inner == (inner.max() if above else inner.min()))
    cut = int(best[(len(best) - 1) // 2]) + 1
    reproduced = float(inner[cut - 1] / n if above else 1 - inner[cut - 1] / n)
    if reproduced - base < LEAST_FOLLOWED * (1 - base):
        raise NoCutOff(
            f"the decision does not follow the score: the best cut-off reproduces {reproduced:.0%} of {n:,} decisions, where naming "
            f"the most frequent one reproduces {base:.0%}"
        )
    low, high = float(values[cut - 1]), float(values[cut])
    return CutOff(score=shortest(low, high, above=above), above=above, between=(low, high), reproduced=reproduced, n=n)


def _largest(answers: Floats, decision: Floats, favorable: int) -> CutOff:
    right = float((np.argmax(answers, axis=1) == decision).mean())
    base = float(np.unique(decision, return_counts=True)[1].max() / len(decision))
    if right - base < LEAST_FOLLOWED * (1 - base) or base == 1.0:
        raise NoCutOff(f"the class with the largest probability is the decision in only {right:.0%} of {len(decision):,} predictions")
    return CutOff(score=math.nan, favorable=favorable, reproduced=right, n=len(decision))


def shortest(low: float, high: float, *, above: bool = True) -> float:
    """The number with the fewest decimal digits that still divides the two: in (low, high] if `above`, else in [low, high).

    >>> shortest(0.6993, 0.7004), shortest(612.0, 655.0), shortest(0.7, 0.71, above=False)
    (0.7, 650.0, 0.7)
    """
    for digits in range(-math.ceil(math.log10(max(abs(low), abs(high), 1e-300))) - 1, 17):
        scale = 10.0**digits
        if above:
            found = math.floor(high * scale + 1e-9) / scale
            if low < found <= high:
                return found
        else:
            found = math.ceil(low * scale - 1e-9) / scale
            if low <= found < high:
                return found
    return high if above else low
