"""From estimates to findings: one block for each version of a measure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimated.estimation import Estimation, estimations
from audits.estimated.figures import Figure
from audits.estimated.losses import loss_estimations
from audits.estimated.pieces import Pieces
from audits.evidence import Evidence
from audits.finding import Measurement

EVERYBODY, OWN, COMMON, WEIGHTED, COARSE, COARSE_OWN = range(6)
METHODS = (
    "cbpe, isotonic", "cbpe, isotonic, own curve", "cbpe, isotonic, everybody's curve", "cbpe, isotonic, weighted to the window's mix",
    "cbpe, isotonic, everybody's curve in 20 bins", "cbpe, own rates in 20 bins",
)  # fmt: skip
PAST = ", interval widened by past errors"


def estimated(evidence: Evidence, name: str, unit: str, nothing: str) -> Iterator[Measurement]:
    """Findings of one measure, `estimated_` before its name; `nothing` says why there is no figure where it is not defined.

    Where everybody's reference cannot carry a curve, one finding says why.
    """
    found = estimations(evidence)
    if found.pieces is None:
        empty = np.full(1, np.nan)
        yield measurement(
            f"estimated_{name}", unit, value=empty, low=empty, high=empty, n=evidence.counts.rows[0, 0, :1].round(),
            method="cbpe, isotonic", reason=found.why,
        )  # fmt: skip
        return
    for version, estimation in enumerate(found.versions):
        yield _block(evidence, found.pieces, version, estimation, name, unit, nothing)


def estimated_error(evidence: Evidence, name: str) -> Iterator[Measurement]:
    """Findings of one measure of a regression's errors, `estimated_` before its name."""
    found = loss_estimations(evidence)
    if found.why:
        empty = np.full(1, np.nan)
        n = evidence.counts.rows[0, 0, :1].round()
        yield measurement(f"estimated_{name}", "outcome", value=empty, low=empty, high=empty, n=n, method="expected loss", reason=found.why)
        return
    attribute = evidence.attribute_places[found.slices]
    version, window, place = np.nonzero(evidence.counts.rows[:, :, found.slices] > 0)
    figure, reason = found.figures[name], found.reason[version, window, place]
    value, low, high, n = (numbers[version, window, place] for numbers in (figure.value, figure.low, figure.high, figure.n))
    shut = np.where((reason == "") & np.isfinite(value), 0.0, np.nan)
    yield measurement(
        f"estimated_{name}", "outcome", value=value + shut, low=low + shut, high=high + shut, n=np.rint(n), method=found.method[place],
        window=window, version=version, slice=found.slices[place], attribute=attribute[place],
        reason=np.where((reason == "") & np.isnan(shut), "no prediction that is a number", reason).astype(object),
    )  # fmt: skip


def _block(
    evidence: Evidence, pieces: Pieces, version: int, found: Estimation, name: str, unit: str, nothing: str
) -> Measurement:  # fmt: skip
    rows = evidence.counts.rows[version][: len(found.outside), pieces.slices] > 0
    window, place = np.nonzero(rows & pieces.shown)
    figure, plain = found.figures[name], found.plain[name]
    reason = found.reason[window, place]
    value, low, high = (numbers[window, place] for numbers in (figure.value, figure.low, figure.high))
    given = (reason == "") & np.isfinite(value)
    attribute = evidence.attribute_places[pieces.slices]
    weighted = np.zeros(rows.shape, dtype=np.bool_)
    weighted[:, : pieces.fine] = found.used
    shown = np.flatnonzero((window == 0) | (place == 0)) if version == 0 else ()
    tables = {int(i): _table(pieces, found, figure, plain, int(window[i]), int(place[i]), weighted) for i in shown}
    shut = np.where(given, 0.0, np.nan)
    kind = weighted[window, place] + 2 * found.widened[name][window, place]
    return measurement(
        f"estimated_{name}", unit, value=value + shut, low=low + shut, high=high + shut, n=np.rint(figure.n[window, place]),
        method=_methods(evidence, pieces)[kind, place], window=window, version=version,
        slice=pieces.slices[place], attribute=attribute[place], tables=tables,
        reason=np.where((reason == "") & ~given, nothing, reason).astype(object),
    )  # fmt: skip


def _methods(evidence: Evidence, pieces: Pieces) -> NDArray[np.object_]:
    """By [weighted or not, and then both with an interval that holds past errors, slice]."""
    first = ", reference is the first window" if evidence.reference.kind == "first window" else ""
    fine = [METHODS[OWN if part.own else COMMON] for part in pieces.parts[: pieces.fine]]
    plain = [METHODS[EVERYBODY], *fine[1:], *(METHODS[COARSE_OWN if part.own else COARSE] for part in pieces.parts[pieces.fine :])]
    both = [plain, [METHODS[WEIGHTED]] * len(plain)]
    return np.asarray([[text + past + first for text in texts] for past in ("", PAST) for texts in both], dtype=object)


def _table(
    pieces: Pieces, found: Estimation, figure: Figure, plain: Figure, window: int, place: int, weighted: NDArray[np.bool_]
) -> dict[str, Any]:
    """What a chart needs beside the value."""

    def number(of: Any) -> float | None:
        return float(of[window, place]) if np.isfinite(of[window, place]) else None

    used = bool(weighted[window, place])
    withheld = found.reason[window, place] != "" and number(figure.value) is not None
    return {
        "basis": "reweighted" if used else "plain", "plain": number(figure.value) if not used else None if window else number(plain.value),
        "reweighted": number(figure.value) if used else None,
        "calibrator": "own" if pieces.parts[place].own or place == 0 else "common", "reference_labels": round(float(pieces.labels[place])),
        "outside": number(found.outside),
        "withheld": {"value": number(figure.value), "low": number(figure.low), "high": number(figure.high)} if withheld else None,
    }  # fmt: skip
