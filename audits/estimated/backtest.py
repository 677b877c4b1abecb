"""How wrong the estimates were: each window whose outcomes are in, against what was estimated of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.estimated.estimation import Checked, estimations
from audits.estimated.losses import loss_estimations
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson

FIRST = ("accuracy", "roc_auc", "base_rate", "mean_absolute_error")
"""The measure that the value is about: the first of these that there is."""

UNTESTED = "no window with 30 outcomes or more that the estimates can be checked in"


def past(evidence: Evidence, name: str, unit: str, part: str) -> Iterator[Measurement]:
    """Findings about past estimates of every slice over the whole period: `part` is "mean_absolute_error" or "coverage"."""
    if evidence.task == "regression":
        found = loss_estimations(evidence)
        slices = found.slices
        checked = found.checked
    else:
        made = estimations(evidence)
        slices = np.zeros(1, dtype=np.int64) if made.pieces is None else made.pieces.slices[made.pieces.shown]
        checked = made.versions[0].checked if made.versions else None
    if checked is None:
        empty = np.full(1, np.nan)
        yield measurement(name, unit, value=empty, low=empty, high=empty, n=np.zeros(1), method="back-test", reason=UNTESTED)
    else:
        yield _block(evidence, slices, checked, name, unit, part)


def _block(
    evidence: Evidence, slices: Integers, checked: Checked, name: str, unit: str, part: str
) -> Measurement:  # fmt: skip
    kept = np.flatnonzero(evidence.counts.rows[0, 0, slices] > 0)
    attribute = evidence.attribute_places[slices]
    scores = {key: _score(checked, key, len(slices)) for key in checked.figures}
    scores = {key: found for key, found in scores.items() if found["windows"][kept].any()}
    first = next((key for key in FIRST if key in scores), None)
    empty = np.full(len(slices), np.nan)
    value = empty if first is None else scores[first][part]
    n = np.zeros(len(slices)) if first is None else scores[first]["windows"]
    low, high = (empty, empty) if part != "coverage" else wilson(np.nan_to_num(value * n), n)
    withheld = np.zeros(len(slices)) if not len(checked.windows) else (~checked.given & checked.enough)[:, : len(slices)].sum(axis=0)
    tables = {}
    for i, place in enumerate(kept.tolist()):
        listed = {key: _words(found, place) for key, found in scores.items() if found["windows"][place]}
        if listed:
            tables[i] = {"measure": first, "windows": int(n[place]), "withheld": int(withheld[place]), "measures": listed}
    if tables and part == "mean_absolute_error" and first is not None and 0 in tables and slices[kept[0]] == 0:
        tables[0]["series"] = _series(evidence, checked, first, checked.realised[first])
    missing = ~np.isfinite(value[kept])
    return measurement(
        name, unit, value=value[kept], low=low[kept], high=high[kept], n=np.rint(n[kept]),
        method="wilson over windows" if part == "coverage" else "back-test", slice=slices[kept],
        attribute=attribute[kept], reason=np.where(missing, UNTESTED, "").astype(object), tables=tables,
    )  # fmt: skip


def _score(checked: Checked, name: str, slices: int) -> dict[str, Floats]:
    """Windows compared, mean absolute error, mean error, largest error and coverage by [slice], of those that are reported."""
    figure, seen = checked.figures[name], checked.realised[name]
    usable: NDArray[np.bool_] = (checked.given & checked.enough & np.isfinite(seen) & np.isfinite(figure.value))[:, :slices]
    gap = np.where(usable, (figure.value - seen)[:, :slices], 0.0)
    inside = usable & ((seen >= figure.low - 1e-12) & (seen <= figure.high + 1e-12))[:, :slices]
    windows = usable.sum(axis=0).astype(np.float64)
    return {
        "windows": windows, "mean_absolute_error": share(np.abs(gap).sum(axis=0), windows),
        "mean_error": share(gap.sum(axis=0), windows), "coverage": share(inside.sum(axis=0), windows),
        "largest_error": np.where(windows > 0, np.abs(gap).max(axis=0, initial=0.0), np.nan),
    }  # fmt: skip


def _words(found: Mapping[str, Floats], place: int) -> dict[str, Any]:
    return {key: int(values[place]) if key == "windows" else round(float(values[place]), 6) for key, values in found.items()}


def _series(evidence: Evidence, checked: Checked, name: str, seen: Floats) -> dict[str, Any]:
    """Everybody's estimated and realised figures, window by window."""
    figure = checked.figures[name]

    def numbers(values: Floats) -> list[float | None]:
        return [float(value) if np.isfinite(value) else None for value in values[:, 0]]

    starts = [evidence.windows[int(i)].start for i in checked.windows]
    return {
        "window": checked.windows.tolist(), "start": [None if start is None else start.isoformat() for start in starts],
        "estimated": numbers(figure.value), "low": numbers(figure.low), "high": numbers(figure.high), "realised": numbers(seen),
        "withheld": (~checked.given[:, 0]).tolist(),
    }  # fmt: skip
