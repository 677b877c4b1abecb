"""Realised minus estimated: how much of a figure neither the scores nor the reference's outcomes explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.audit import Audit, measurement
from audits.drift.comparison import noted
from audits.estimate import Integers
from audits.estimated.contradiction import unlike
from audits.estimated.estimation import OUTSIDE, Checked, estimations
from audits.estimated.losses import loss_estimations
from audits.evidence import Evidence
from audits.finding import Measurement

PREFIX = "realised_minus_estimated_"
UNITS = {"accuracy": "difference", "base_rate": "difference", "roc_auc": "score", "mean_absolute_error": "outcome"}
"""What is compared, and the unit of the difference."""

REGRESSION = "mean_absolute_error"
NO_WINDOW = "no window outside the reference has its outcomes yet"
FEW = "fewer than 30 outcomes of scored predictions are known"
OTHERS = "can't tell: its outcomes in the reference are too few, or unlike everybody's, to know what to expect"
STRANGE = "can't tell: the reference has no outcomes at too many of its scores"
UNDEFINED = "it is not defined for these rows"

_ABOUT = """Realised `{name}` of each window minus what was to be expected of the same rows: the change that the scores do not explain.

    Formula
        {name} of the rows whose outcome is known, minus `estimated_{name}` of the same rows: what it would be if the reference's outcomes
        still followed the {basis} as they did, at the window's own {basis}s. Where only these have moved it stays around 0; a change
        of the outcomes themselves, concept drift, shows in full. For windows whose outcomes are in (see `label_maturity`) with 30 or more,
        the reference left out; for everybody and each group of one protected attribute; also where an estimate would have been withheld
        because outcomes contradict it. There is no figure over the whole period: see `estimation_error`.
    Interval and test
        The realised figure minus the ends of the interval in which it was to fall: the chance of the outcomes and the sampling of the
        reference, errors of earlier windows left aside. p is the normal one of the distance in its standard errors. n is the rows with an
        outcome.
    When it misleads
        A change of the mix of people at equal scores is in it, unless the mix of protected groups explains it. So is a curve fitted badly:
        the reference's own first windows show by how much. Small outcomes in many windows: read the q-value.
    Source
        J. Białek et al. (2024), Estimating Model Performance Under Covariate Shift Without Labels, arXiv 2401.08348, for the estimate.
    """


def _declared(name: str) -> Audit:
    """The measure about one figure."""

    def function(evidence: Evidence) -> Iterator[Measurement]:
        found = _compared(evidence)
        yield _nothing(evidence, name, found) if isinstance(found, str) else _differences(evidence, name, found)

    function.__doc__ = _ABOUT.format(name=name, basis="prediction" if name == REGRESSION else "score")
    tasks = ("regression",) if name == REGRESSION else ("binary",)
    return Audit(
        name=PREFIX + name, unit=UNITS[name], needs=("score", "outcome"), tasks=tasks, function=function, compared=True, derived=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Windows whose outcomes are in, and slices, of which `shown` are reported; `refused` says by [window, slice] why there is nothing to
    compare with."""

    checked: Checked
    slices: Integers
    shown: NDArray[np.bool_]
    refused: NDArray[np.object_]


def _compared(evidence: Evidence) -> _Compared | str:
    """What was estimated of rows with outcomes, or why nothing was."""
    if evidence.task == "regression":
        losses = loss_estimations(evidence)
        if losses.checked is None or not len(losses.checked.windows):
            return losses.why or NO_WINDOW
        unlike_others = np.where(losses.checked.given[:1], "", OTHERS).astype(object)  # nothing was contradicted before the first window
        refused = np.broadcast_to(unlike_others, losses.checked.given.shape)
        return _Compared(checked=losses.checked, slices=losses.slices, shown=np.ones(len(losses.slices), dtype=np.bool_), refused=refused)
    made = estimations(evidence)
    if made.pieces is None:
        return made.why
    checked, outside = made.versions[0].checked, made.versions[0].outside
    if checked is None or not len(checked.windows):
        return NO_WINDOW
    refused = np.where(outside[checked.windows] > OUTSIDE, STRANGE, np.where(unlike(made.pieces) != "", OTHERS, ""))
    return _Compared(checked=checked, slices=made.pieces.slices, shown=made.pieces.shown, refused=refused.astype(object))


def _differences(evidence: Evidence, name: str, found: _Compared) -> Measurement:
    from scipy.special import ndtr

    checked = found.checked
    figure, seen = checked.plain[name], checked.realised[name]
    group = [len(evidence.slices[place].attributes) <= 1 and evidence.attribute_of(place) >= 0 for place in found.slices.tolist()]
    listed = found.shown & ((found.slices == 0) | (np.asarray(group) & checked.enough & (found.refused == "")))
    row, place = np.nonzero(listed & (evidence.counts.rows[0][np.ix_(checked.windows, found.slices)] > 0))
    value, low, high, deviation, n = (
        of[row, place] for of in (seen - figure.value, seen - figure.high, seen - figure.low, figure.deviation, figure.n)
    )
    why = np.where(found.refused[row, place] != "", found.refused[row, place], np.where(checked.enough[row, place], UNDEFINED, FEW))
    known = (found.refused[row, place] == "") & checked.enough[row, place] & np.isfinite(value)
    p_value = np.where(value == 0, 1.0, 2 * ndtr(-np.abs(value) / np.maximum(deviation, 1e-300)))
    value, low, high, p_value = (np.where(known, numbers, np.nan) for numbers in (value, low, high, p_value))
    return measurement(
        PREFIX + name, UNITS[name], value=value, low=np.minimum(low, value), high=np.maximum(high, value), n=np.rint(n),
        method="expected loss" if name == REGRESSION else "cbpe, isotonic", window=checked.windows[row], slice=found.slices[place],
        attribute=evidence.attribute_places[found.slices[place]], column=_column(evidence), p_value=p_value,
        reason=noted(evidence, np.where(known, "", why).astype(object)),
    )  # fmt: skip


def _nothing(evidence: Evidence, name: str, why: str) -> Measurement:
    nothing = np.full(1, np.nan)
    return measurement(
        PREFIX + name, UNITS[name], value=nothing, low=nothing, high=nothing, n=evidence.counts.labelled[0, 0, :1].round(), method="",
        column=_column(evidence), reason=why,
    )  # fmt: skip


def _column(evidence: Evidence) -> int:
    """The score: what the outcome is said to depend on."""
    return evidence.columns.index(evidence.bins.score) if evidence.bins.score in evidence.columns else -1


AUDITS: tuple[Audit, ...] = tuple(_declared(name) for name in UNITS)
