"""The worst slices among groups, segments and their crosses: what the three `weak_spot` audits share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.evidence import Evidence
from audits.finding import Measurement
from audits.slices import Slice
from audits.weak_spots.finding import nothing, number, spots
from audits.weak_spots.lattice import Lattice, lattice, searched
from audits.weak_spots.search import MIN_N, MOST_EXPLAINED, Kept, Measure, figure

WORSE = {"error_rate": "more errors", "log_loss": "a higher logarithmic loss", "absolute_error": "larger errors"}
NEEDS = {
    "error_rate": "no prediction with a decision and a known outcome", "log_loss": "no prediction with a probability and a known outcome",
    "absolute_error": "no prediction with a score and a known outcome",
}  # fmt: skip


def weak_spots(evidence: Evidence, name: str, unit: str, measure: Measure) -> Iterator[Measurement]:
    """The findings of one measure."""
    found = lattice(evidence.tally, measure, classes=len(evidence.bins.classes))
    if not found.slices:
        yield nothing(name, unit, "the log has no protected attribute and no segment to slice by")
        return
    rows = float(found.everybody.n)
    if not rows:
        yield nothing(name, unit, NEEDS[measure])
        return
    kept = searched(found, measure)
    if not kept.tested:
        yield nothing(name, unit, f"no slice has {MIN_N} such predictions with {MIN_N} outside it", n=rows)
        return
    if not len(kept.slices):
        why = f"none of {kept.tested:,} slices has {WORSE[measure]} than everybody else beyond chance"
        yield nothing(name, unit, why, tested=kept.tested, n=rows)
        return
    n, excess = found.inside.n[kept.slices], kept.excess
    people = None
    if measure == "error_rate":
        people = (np.maximum(n * excess.value, 0.0), np.maximum(n * excess.low, 0.0), np.maximum(n * excess.high, 0.0))
    yield spots(
        evidence, name, unit, [found.slices[i] for i in kept.slices.tolist()], excess, n=n, q_value=kept.q_value, people=people,
        tables=[_table(found, kept, i, measure) for i in range(len(kept.slices))],
    )  # fmt: skip


def words(one: Slice) -> str:
    """A slice as text.

    >>> words(Slice.of({"region": "north", "race": "Black"}))
    'race = Black and region = north'
    """
    return " and ".join(f"{column} = {level}" for column, level in one.levels)


def _table(found: Lattice, kept: Kept, rank: int, measure: Measure) -> dict[str, Any]:
    place = kept.slices[rank : rank + 1]
    one = found.slices[int(place[0])]
    factor = found.inflation[place]
    inside = found.inside[place]
    outside = found.everybody.each(lambda x: np.asarray([x])) - inside
    numbers: dict[str, float | None] = {}
    for name, part in (("inside", inside), ("outside", outside)):
        value, low, high = figure(part.over(factor), measure)
        numbers |= {name: number(value[0]), f"{name}_low": number(low[0]), f"{name}_high": number(high[0])}
    return {
        "rank": rank + 1, "words": words(one),
        "conditions": [{"column": column, "words": f"{column} = {level}", "level": level} for column, level in one.levels],
        "measure": measure, **numbers, "n": round(float(inside.n[0])), "n_outside": round(float(outside.n[0])),
        "share": float(inside.n[0] / found.everybody.n), "tested": kept.tested, "found": len(kept.slices), "level": kept.level,
        "explains": [words(found.slices[i]) for i in kept.explains[rank][:MOST_EXPLAINED].tolist()],
    }  # fmt: skip
