"""What would have turned one decision round, told in logged values."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.explanation_parts import Change, Counterfactual, Counterfactuals, Side
from audits.probes.counterfactual import Ask, Found, search
from audits.probes.cut_off import CutOff
from audits.probes.feasible import Space
from audits.probes.ground import cell, encoded
from audits.probes.neighbours import apart
from audits.probes.one_asked import NO_INPUTS, NO_MODEL, AbsentError, Asked

if TYPE_CHECKING:
    import pyarrow as pa

REAL = 2_000
"""Real rows that a search starts from, at most."""
UNANSWERED = "the model gives no answer for this row, so nothing tells what would turn it"
OTHER_SIDE = "the {kind} answers {answer:.4g} today, which is on the other side of the cut-off than the logged decision already"
OTHER_CLASS = 'the {kind} decides for "{now}" today where "{logged}" was logged'
TOO_FAR = (
    "the surrogate answers {answer:.4g} where {score:.4g} was logged, and it takes a move of only {gap:.2g} to turn the decision: what "
    "would turn the surrogate's answer round tells nothing of the model's"
)


def turned_of(asked: Asked, inputs: pa.Table | None) -> Counterfactuals:
    """The cheapest possible changes for which the model decides otherwise.

    Raises
    ------
    AbsentError, CandorError
        There is nothing to ask or no cut-off, the model does not answer, or it decides otherwise than the log as it is.
    """
    scorer, turn, ground = asked.scorer, asked.turn, asked.ground
    if scorer is None or inputs is None:
        raise AbsentError(asked.broken or NO_MODEL)
    if not scorer.names:
        raise AbsentError(NO_INPUTS)
    if isinstance(turn, str):
        raise AbsentError(turn)
    began = time.monotonic()
    asked.progress("looking for what would have turned it")
    now = float(turn.decided(scorer.predict(inputs))[0])
    if not math.isfinite(now):
        raise AbsentError(UNANSWERED)
    favorable = _favorable(asked, turn, now)
    if favorable is not None and asked.about.favorable is not None and favorable != asked.about.favorable:
        raise AbsentError(OTHER_SIDE.format(kind=scorer.kind, answer=math.nan if asked.about.answer is None else asked.about.answer))
    wanted: Side = "neither" if favorable is None else "unfavorable" if favorable else "favorable"
    _surely_followed(asked, turn, scorer.predict(inputs), now)
    goal = _goal(turn, now, wanted)
    order = [ground.names.index(name) for name in scorer.names]
    wider, _ = encoded(ground, asked.row)
    space = Space(changes=tuple(wider.changes[place] for place in order))
    rows = ground.x[:, order]
    toward = _logged_toward(asked, turn, now, goal)
    some = np.concatenate([np.flatnonzero(toward)[:REAL], np.flatnonzero(~toward)[:REAL]])
    found = search(space, inputs, _ask(asked, turn, now, goal), rows=rows[some], toward=toward[some], deadline=asked.seconds)
    asked.spent("counterfactuals", len(some), ground.available[0], began)
    return Counterfactuals(
        wanted=wanted, label=_label(asked, goal), threshold=None if math.isnan(turn.score) else turn.score,
        found=tuple(_told(asked, space, inputs, found, line, rows) for line in range(len(found.rows))),
        fixed=_untouched(space, inputs), asked=found.asked, seconds=round(found.seconds, 3),
        deadline=asked.seconds, finished=found.finished,
    )  # fmt: skip


def _surely_followed(asked: Asked, turn: CutOff, answers: Floats, now: float) -> None:
    """Nothing, where what is asked decides as was logged, and a surrogate is nearer to the logged score than that is to the cut-off.

    Of several classes the distance is that between the explained one and the largest other one.

    Raises
    ------
    AbsentError
        It does not.
    """
    about, scorer = asked.about, asked.scorer
    assert scorer is not None
    if scorer.classes and about.decision in scorer.classes and scorer.classes[int(now)] != about.decision:
        raise AbsentError(OTHER_CLASS.format(kind=scorer.kind, now=scorer.classes[int(now)], logged=about.decision))
    one = not scorer.classes and asked.model.task == "multiclass"  # one number, about one class
    if one and about.decision is not None and (about.decision == scorer.target) != (now == 1):
        other = scorer.target if now == 1 else f"another than {scorer.target}"
        raise AbsentError(OTHER_CLASS.format(kind=scorer.kind, now=other, logged=about.decision))
    if scorer.kind != "surrogate" or about.score is None or about.answer is None:
        return
    if answers.ndim == 2:
        place = scorer.classes.index(scorer.target)
        gap = abs(float(answers[0, place] - np.delete(answers[0], place).max()))
    else:
        gap = abs(about.score - turn.score)
    if abs(about.answer - about.score) > gap:
        raise AbsentError(TOO_FAR.format(answer=about.answer, score=about.score, gap=gap))


def _untouched(space: Space, inputs: pa.Table) -> tuple[str, ...]:
    """Inputs that may not change, and those that are missing: a leap from nothing to something has no size."""
    missing = ~np.isfinite(space.encode(inputs)[0])
    return tuple(change.name for place, change in enumerate(space.changes) if change.fixed or missing[place])


def _favorable(asked: Asked, turn: CutOff, now: float) -> bool | None:
    """Whether the model decides favorably today; None where nobody says what is favorable."""
    adverse = float(turn.adverse(np.asarray([now]))[0])
    return None if not math.isfinite(adverse) or asked.sign == 0 else not adverse


def _goal(turn: CutOff, now: float, wanted: Side) -> int | None:
    """Of several classes the one that is searched for; None for any other than now's, and where there is a cut-off."""
    return turn.favorable if math.isnan(turn.score) and wanted == "favorable" else None


def _label(asked: Asked, goal: int | None) -> str | None:
    return None if goal is None or asked.scorer is None else asked.scorer.classes[goal]


def _ask(asked: Asked, turn: CutOff, now: float, goal: int | None) -> Ask:
    scorer = asked.scorer
    assert scorer is not None

    def ask(rows: pa.Table) -> tuple[Floats, NDArray[np.bool_]]:
        answers = scorer.predict(rows)
        decided = turn.decided(answers)
        if answers.ndim == 2:
            aim = int(now) if goal is None else goal
            gain = answers[:, aim] - np.delete(answers, aim, axis=1).max(axis=1)
            gain = -gain if goal is None else gain
        else:
            gain = turn.margin(answers) * (1.0 if now == 0 else -1.0)
        flipped = decided != now if goal is None else decided == goal
        return gain, flipped & np.isfinite(decided)

    return ask


def _logged_toward(asked: Asked, turn: CutOff, now: float, goal: int | None) -> NDArray[np.bool_]:
    """[row] whether a logged row was decided as wanted."""
    decision = asked.ground.decision
    if asked.model.task != "multiclass" or asked.scorer is None:
        return np.asarray(decision == 1.0 - now)
    classes, own = asked.evidence.classes, asked.scorer.classes
    name = own[int(now) if goal is None else goal] if own else asked.scorer.target
    code = classes.index(name) if name in classes else -2
    same = decision == code
    if not own:
        return np.asarray(np.isfinite(decision) & (same == (now == 0)))
    return np.asarray(np.isfinite(decision) & (~same if goal is None else same))


def _told(asked: Asked, space: Space, inputs: pa.Table, found: Found, line: int, rows: Floats) -> Counterfactual:
    """One row that flips, in logged values; `inputs` decoded is what the model was asked."""
    x0, row = space.encode(inputs), found.rows[line : line + 1]
    after = space.decode(inputs, row, x0=x0)
    moves = np.abs(space.moves(x0, row))[0]
    changes = tuple(
        Change(
            column=change.name, before=cell(inputs.column(change.name)[0].as_py()), after=cell(after.column(change.name)[0].as_py()),
            spreads=float(moves[place]),
        )
        for place, change in enumerate(space.changes)
        if moves[place] > 0
    )  # fmt: skip
    scorer = asked.scorer
    assert scorer is not None
    order = sorted(changes, key=lambda change: -change.spreads)
    return Counterfactual(
        changes=tuple(order), cost=float(found.cost[line]), score=float(scorer.answer(after)[0]),
        nearest=float(apart(space, row, rows).min()) if len(rows) else None,
        decision=scorer.classes[int(np.argmax(scorer.predict(after)[0]))] if scorer.classes else None,
    )  # fmt: skip
