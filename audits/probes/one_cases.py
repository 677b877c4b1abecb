"""Similar logged predictions and what became of them."""

from __future__ import annotations

import math
import time

import numpy as np

from audits.estimate import Floats
from audits.explanation_parts import Case, Cases
from audits.probes.ground import cell, encoded, moment
from audits.probes.neighbours import apart, mean_of, nearest, share_of
from audits.probes.one_asked import NO_INPUTS, AbsentError, Asked

ALONE = "no other prediction is in the log"


def cases_of(asked: Asked) -> Cases:
    """The nearest rows of both sides, and the share of favorable outcomes among those that are known.

    Raises
    ------
    AbsentError
        There are no inputs to be near in, or no other row.
    """
    ground, began = asked.ground, time.monotonic()
    if not ground.names:
        raise AbsentError(NO_INPUTS)
    wider, x0 = encoded(ground, asked.row)
    distance = apart(wider, x0, ground.x)
    near = nearest(distance, ground.unit, asked.unit)
    if not len(near.place):
        raise AbsentError(ALONE)
    flags = _favorable(asked, ground.outcome)
    regression = asked.model.task == "regression"
    known, share, low, high = (mean_of if regression else share_of)(flags[near.place])
    every = flags[np.isfinite(flags)]
    decided = _favorable(asked, ground.decision)[near.place]
    cases = tuple(_case(asked, place, gap) for place, gap in zip(near.place.tolist(), near.distance.tolist(), strict=True))
    asked.spent("cases", len(ground), ground.available[0], began)
    return Cases(
        cases=cases, known=known, share=share, low=low, high=high, decided=int(np.isfinite(decided).sum()),
        decided_favorable=int(np.nansum(decided)), overall=float(every.mean()) if len(every) else None, usual=near.usual,
    )  # fmt: skip


def _favorable(asked: Asked, codes: Floats) -> Floats:
    """1 where a decision or outcome is favorable (of several classes: `label` where none is declared), a regression's number as it is."""
    if asked.model.task != "multiclass":
        return codes
    wanted = str(asked.model.favorable) if asked.model.favorable is not None else asked.about.label
    place = asked.evidence.classes.index(wanted) if wanted in asked.evidence.classes else -2
    return np.where(np.isfinite(codes), codes == place, np.nan)


def _case(asked: Asked, place: int, distance: float) -> Case:
    ground = asked.ground
    at = moment(float(ground.time[place]))
    decision, outcome = (float(_favorable(asked, codes[[place]])[0]) for codes in (ground.decision, ground.outcome))
    score = ground.score[place] if ground.score.ndim == 1 else ground.score[place, _label_place(asked)]
    text = None
    if asked.model.task == "multiclass" and math.isfinite(ground.outcome[place]):
        code = int(ground.outcome[place])
        text = asked.evidence.classes[code] if code >= 0 else "other"
    elif asked.model.task == "regression" and math.isfinite(outcome):
        text = f"{outcome:.6g}"
    elif math.isfinite(outcome):
        text = ground.outcomes[outcome == 1]
    told = asked.model.task != "regression"
    return Case(
        id=str(ground.key[place]), version=ground.version[place], at=at,
        later=at is not None and asked.about.at is not None and at > asked.about.at, distance=distance,
        score=float(score) if math.isfinite(score) else None,
        favorable=bool(decision) if told and math.isfinite(decision) else None, outcome=text,
        outcome_favorable=bool(outcome) if told and math.isfinite(outcome) else None,
        values={name: cell(ground.table.column(name)[place].as_py()) for name in ground.names},
    )  # fmt: skip


def _label_place(asked: Asked) -> int:
    return asked.evidence.classes.index(asked.about.label) if asked.about.label in asked.evidence.classes else 0
