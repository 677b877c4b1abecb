"""One prediction explained, part by part: a part that cannot be made says why, and the others stand."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from audits.explanation import Absent, CutOff, Explanation, Fidelity, Prediction, Value
from audits.explanation_parts import Reasons, Side, Waterfall
from audits.probes.ground import values_of
from audits.probes.one_asked import AbsentError, Asked
from audits.probes.one_cases import cases_of
from audits.probes.one_shares import stability_of, taken_apart, waterfall_of
from audits.probes.one_turned import turned_of
from audits.probes.reasons import principal
from audits.probes.scorer import Scorer
from connectors.errors import CandorError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
NO_SIDE = "no outcome is declared favorable, so nothing counts against anybody"
NO_SHARES = "without attributions nothing tells which inputs pushed against the person"
LACKS = 'the model wants "{name}", which the log does not have'


def explained(asked: Asked) -> Explanation:
    """Every part of the explanation that can be made."""
    start = time.monotonic()
    inputs = _inputs(asked)
    values = values_of(asked.ground, asked.model, asked.evidence, asked.row)
    asked.about = _cut_off(asked, _answered(asked, inputs))
    if asked.broken:
        asked.absent.append(Absent(part="model", reason=asked.broken))
    taken = _part(asked, "attributions", lambda: taken_apart(asked, inputs))
    waterfall, stability, among = None, None, dict[str, float]()
    if taken is None or asked.scorer is None:
        asked.absent.append(Absent(part="stability", reason=asked.why("attributions")))
    else:
        waterfall = waterfall_of(asked, taken, values)
        stability, among = stability_of(taken, asked.scorer.names, asked.evidence.seed)
    cases = _part(asked, "cases", lambda: cases_of(asked))
    turned = _part(asked, "counterfactuals", lambda: turned_of(asked, inputs))
    reasons = _part(asked, "reasons", lambda: _reasons(asked, waterfall, values, among))
    scorer = asked.scorer
    return Explanation(
        model=asked.model.name, title=asked.model.title, task=asked.model.task, kind=None if scorer is None else scorer.kind,
        fingerprint=None if scorer is None else scorer.fingerprint, data=asked.data,
        created=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0), prediction=asked.about, values=values,
        fidelity=_fidelity(scorer), waterfall=waterfall, stability=stability, cases=cases, counterfactuals=turned, reasons=reasons,
        absent=tuple(asked.absent), budgets=tuple(asked.budgets), seconds=round(time.monotonic() - start, 3),
        reference=asked.evidence.reference.kind,
    )  # fmt: skip


def _part(asked: Asked, name: str, make: Callable[[], T]) -> T | None:
    """A part, or None and its reason: whatever goes wrong in one leaves the others standing."""
    try:
        return make()
    except (AbsentError, CandorError) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  a fault in one part must not take the others down; it is told
        reason = f"it failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
    asked.absent.append(Absent(part=name, reason=reason))
    return None


def _inputs(asked: Asked) -> pa.Table | None:
    """The row as the model is asked about it; None where there is no model, or the log lacks a column that it wants."""
    scorer = asked.scorer
    if scorer is None:
        return None
    lacking = [name for name in scorer.names if name not in asked.row.column_names or name not in asked.ground.names]
    if lacking:
        asked.broken, asked.scorer = LACKS.format(name=lacking[0]), None
        return None
    return asked.row.select(list(scorer.names))


def _answered(asked: Asked, inputs: pa.Table | None) -> Prediction:
    """What the model answers today, held against the log."""
    about, scorer, file = asked.about, asked.scorer, asked.model.model
    if scorer is None or inputs is None:
        return about
    try:
        answer = float(scorer.answer(inputs)[0])
    except CandorError as error:
        asked.broken, asked.scorer = str(error), None
        return about
    tolerance = file.tolerance if scorer.kind == "model" and file is not None else None
    matches = None
    if tolerance is not None and about.score is not None and math.isfinite(answer):
        matches = abs(answer - about.score) <= tolerance
    return replace(about, answer=answer if math.isfinite(answer) else None, tolerance=tolerance, matches=matches)


def _cut_off(asked: Asked, about: Prediction) -> Prediction:
    """With the score at which decisions turn, and the decision that it gives where none was logged."""
    turn = asked.turn
    if isinstance(turn, str) or math.isnan(turn.score):
        return about
    above: Side = "favorable" if turn.above else "unfavorable"
    about = replace(about, cut_off=CutOff(value=turn.score, agreement=turn.reproduced, n=turn.n, above=above))
    score = about.score if about.score is not None else about.answer
    if about.favorable is not None or score is None or not asked.sign:
        return about
    return replace(about, favorable=bool(turn.decided(np.asarray([score]))[0]))


def _reasons(asked: Asked, waterfall: Waterfall | None, values: tuple[Value, ...], among: Mapping[str, float]) -> Reasons:
    if not asked.sign:
        raise AbsentError(NO_SIDE)
    if waterfall is None:
        raise AbsentError(NO_SHARES)
    known = {value.column: value for value in values}
    found = principal(waterfall.shares, known, asked.model.reasons, among)
    return Reasons(adverse=asked.about.favorable is False, reasons=found)


def _fidelity(scorer: Scorer | None) -> Fidelity | None:
    """Of a surrogate, how closely it follows the logged scores."""
    if scorer is None or scorer.fidelity is None:
        return None
    told = scorer.fidelity
    return Fidelity(value=float(told["value"]), low=told.get("low"), high=told.get("high"), n=int(told["n"]))
