"""What a trigger might force: a decision, a class, or where no decision is logged a score in an outer tenth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.model_rows import ModelRows
from audits.probes.rest_of_row import scale_of_scores
from connectors.config import ModelConfig

CLASSES = 5
"""Of many classes the most frequent ones are looked at."""
OFTEN = 0.02
TENTH = 0.1
SCORED = 0.9
"""Share of rows with a score from which on the score is what trees imitate, and not the decision."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One decision that may be forced.

    Parameters
    ----------
    names
        What 1 and 0 are called.
    value
        By row of the analysed period 1 where the decision is this one, 0 where not, NaN unknown; `of` gives the same of any rows.
    score
        By row, what goes with it: the scaled score, NaN throughout where none is logged.
    both
        Whether 0 is a decision of its own, or only "any other".
    code
        The class, of several; else -1.
    """

    names: tuple[str, str]
    value: Floats
    of: Callable[[ModelRows], Floats]
    score: Floats
    both: bool = True
    code: int = -1

    @property
    def learned(self) -> Floats:
        """What trees imitate: the score where rows have one, else the decision."""
        return self.score if self.scored else self.value

    @property
    def scored(self) -> bool:
        """Whether there is a score to tell how much the rest of a row still says."""
        return bool(np.isfinite(self.score).mean() >= SCORED) if len(self.score) else False


def targets_of(held: ModelRows, model: ModelConfig, evidence: Evidence) -> list[Target]:
    """The decisions of a log that a value might force, none where it has neither decisions nor scores."""
    several = held.score.ndim == 2
    if model.task == "multiclass":
        n = [float((held.decision == code).mean()) if len(held) else 0.0 for code in range(len(evidence.classes))]
        often = sorted((code for code in range(len(n)) if OFTEN <= n[code] < 1), key=lambda code: -n[code])[:CLASSES]
        return [_class(held, evidence.classes[code], code, several) for code in often]
    score = scale_of_scores(held.score)
    if model.task == "binary" and np.isfinite(held.decision).any():
        names = (str(model.favorable), f"not {model.favorable}")
        return [Target(names=names, value=held.decision, of=lambda rows: rows.decision, score=score)]
    known = held.score[np.isfinite(held.score)]
    if not len(known) or known.min() == known.max():
        return []
    low, high = (float(x) for x in np.quantile(known, [TENTH, 1 - TENTH]))
    return [
        Target(
            names=(f"score from {high:.4g} on", ""), value=_from(held, high), of=lambda rows: _from(rows, high), score=score, both=False
        ),
        Target(names=(f"score up to {low:.4g}", ""), value=_up_to(held, low), of=lambda rows: _up_to(rows, low), score=score, both=False),
    ]


def _class(held: ModelRows, name: str, code: int, several: bool) -> Target:
    score = held.score[:, code] if several and code < held.score.shape[1] else np.full(len(held), np.nan)
    return Target(
        names=(name, ""), value=_is(held, code), of=lambda rows: _is(rows, code), score=scale_of_scores(score), both=False, code=code
    )


def _is(rows: ModelRows, code: int) -> Floats:
    return np.where(np.isfinite(rows.decision), rows.decision == code, np.nan)


def _from(rows: ModelRows, bound: float) -> Floats:
    return np.where(np.isfinite(rows.score), rows.score >= bound, np.nan)


def _up_to(rows: ModelRows, bound: float) -> Floats:
    return np.where(np.isfinite(rows.score), rows.score <= bound, np.nan)
