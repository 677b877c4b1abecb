"""Why a model's answers are not the logged ones, as far as a few more questions to it can tell.

Each hint is a change after which the answers match, or a part of the rows in which nearly all mismatches lie.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.model_rows import ModelRows
from audits.probes.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 200
"""Rows that each further question is asked about."""

FEWEST = 20
"""Mismatches, below which nobody asks why."""

MATCHED = 0.9
"""Share of rows that match after a change, from which on the change explains the mismatch."""

SECONDS = 20.0
"""For all further questions about columns."""

MOST_PAIRS = 120
FACTORS = (1000.0, 0.001, 100.0, 0.01, 12.0, 1 / 12)
"""Units that numbers are written in: thousands, per cent, months and years."""


def hints(scorer: Scorer, rows: ModelRows, answers: Floats, wrong: Floats, evidence: Evidence, tolerance: float) -> list[dict[str, Any]]:
    """What makes answers match, or where mismatches lie; empty where there are few."""
    if np.nansum(wrong) < FEWEST or answers.ndim == 2 or not np.isfinite(rows.score).any():
        return list(_places(scorer, rows, wrong)) if np.nansum(wrong) >= FEWEST else []
    both = np.flatnonzero(np.isfinite(rows.score))
    found = _of_scale(rows.score[both], answers[both], tolerance)
    if found is None and np.nanmean(wrong) > 0.5:
        some = both[:ROWS]
        found = _of_columns(scorer, rows.table.take(some), rows.score[some], tolerance)
    if found is not None:
        return [found]
    within = list(_places(scorer, rows, wrong))
    if within or np.nanmean(wrong) < 0.5:
        return within
    x, y = rows.score[both], answers[both]
    there = np.isfinite(y)
    varied = there.sum() > 2 and np.ptp(x[there]) > 0 and np.ptp(y[there]) > 0
    return [{"kind": "unknown", "columns": [], "correlation": float(np.corrcoef(x[there], y[there])[0, 1]) if varied else None}]


def _of_scale(logged: Floats, answers: Floats, tolerance: float) -> dict[str, Any] | None:
    """Scores of the other class, in per cent, as log-odds, or rounded."""
    from scipy.special import expit, logit

    inside = ((answers >= 0) & (answers <= 1)) | np.isnan(answers)
    found = []
    if inside.all():
        odds = logit(np.clip(answers, 1e-15, 1 - 1e-15))
        found = [("other class", 1.0 - answers, tolerance), ("percent", 100.0 * answers, 100.0 * tolerance), ("log-odds", odds, tolerance)]
    else:
        found = [("probability", expit(answers), tolerance), ("fraction", answers / 100.0, tolerance)]
    for digits in range(7):
        if np.allclose(logged, np.round(logged, digits), rtol=0, atol=1e-12):
            found.append(("rounded", answers, 0.5 * 10.0**-digits + 1e-9))
            break
    for kind, changed, near in found:
        matched = float((np.abs(logged - changed) <= near).mean())
        if matched >= MATCHED:
            return {"kind": kind, "columns": [], "share": matched}
    return None


def _of_columns(scorer: Scorer, table: pa.Table, logged: Floats, tolerance: float) -> dict[str, Any] | None:
    """Columns in another order or exchanged, or a number in another unit."""
    from connectors.errors import CandorError

    until = time.monotonic() + SECONDS
    for kind, columns, changed in _changes(table, scorer.names):
        if time.monotonic() > until:
            return None
        try:
            answers = scorer.predict(changed)
        except CandorError:
            continue  # a text where the model wants a number: this is not what happened
        matched = float((np.abs(logged - answers) <= tolerance).mean())
        if matched >= MATCHED:
            return {"kind": kind, "columns": columns, "share": matched}
    return None


def _changes(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[str, list[str], pa.Table]]:
    """What may have happened to the columns, and the rows as they then were."""
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    def number(name: str) -> bool:
        kind = table.column(name).type
        return bool(kinds.is_integer(kind) or kinds.is_floating(kind))

    def given(columns: Sequence[str]) -> pa.Table:
        """The rows with other columns under the names of the inputs."""
        changed = table
        for name, other in zip(names, columns, strict=True):
            changed = changed.set_column(changed.column_names.index(name), name, table.column(other))
        return changed

    stored = [name for name in table.column_names if name in names]
    for kind, order in (("stored order", stored), ("alphabetical order", sorted(names)), ("reverse order", list(names)[::-1])):
        if order != list(names):
            yield kind, order, given(order)
    pairs = [(a, b) for a, b in combinations(names, 2) if number(a) == number(b)]
    for a, b in pairs[:MOST_PAIRS]:
        swapped = {a: b, b: a}
        yield "swapped columns", [a, b], given([swapped.get(name, name) for name in names])
    for name in names:
        for factor in FACTORS if number(name) else ():
            scaled = pc.multiply(table.column(name).cast("float64"), factor)
            yield f"unit x {factor:g}", [name], table.set_column(table.column_names.index(name), name, scaled)


def _places(scorer: Scorer, rows: ModelRows, wrong: Floats) -> Iterator[dict[str, Any]]:
    """Levels and missing values where nearly all rows mismatch, while few of the others do."""
    from connectors.model_columns import texts

    compared = np.isfinite(wrong)
    found = []
    for name in scorer.names:
        if name not in rows.table.column_names:
            continue
        column = rows.table.column(name)
        levels, code = texts(column)
        if len(levels) > 200:  # numbers: only whether there is one
            levels, code = ["a value", None], np.asarray(column.is_null(nan_is_null=True).to_numpy(), dtype=np.int64)
        n = np.bincount(code[compared], minlength=len(levels))
        hits = np.bincount(code[compared], weights=wrong[compared], minlength=len(levels))
        for place, level in enumerate(levels):
            outside = n.sum() - n[place]
            if n[place] >= 10 and outside >= 10:
                inside, elsewhere = hits[place] / n[place], (hits.sum() - hits[place]) / outside
                if inside >= MATCHED and elsewhere <= inside / 5:
                    kind = "missing" if level is None else "level"
                    found.append(
                        (
                            hits[place],
                            {"kind": kind, "columns": [name], "level": level, "share": float(inside), "elsewhere": float(elsewhere)},
                        )
                    )
    yield from (hint for _, hint in sorted(found, key=lambda pair: -pair[0])[:5])
