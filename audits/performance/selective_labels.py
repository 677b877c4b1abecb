"""Selective labels: outcomes that are known for one decision far more often than for the other, and what can be said all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats
from audits.evidence import NO, UNKNOWN, YES, Evidence
from audits.finding import Measurement
from audits.interval import newcombe, share, two_proportion_p

LEVEL = 0.01
"""Chance at which a difference between the decisions counts as found."""

MATERIAL = 0.2
"""Difference between the shares known from which labels count as selective: below it, bounds hardly say more than the interval."""

NEEDLESS = "outcomes are known about as often after either decision, so the figure on known outcomes needs no bounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectivity:
    """How often outcomes are known after each decision, by [version, window, slice].

    `difference` is the share known after favorable decisions minus that after unfavorable ones, `selective` whether it is both material
    (`MATERIAL`) and beyond chance (`LEVEL`).
    """

    favorable: Floats
    favorable_known: Floats
    unfavorable: Floats
    unfavorable_known: Floats
    difference: Floats
    low: Floats
    high: Floats
    p_value: Floats
    selective: NDArray[np.bool_]


def selectivity(evidence: Evidence) -> Selectivity:
    """Compare how often outcomes are known after each decision: Newcombe's interval, two-sided p-value."""
    table = evidence.counts.table
    rows, known = table[..., :2, :].sum(axis=-1), table[..., :2, :2].sum(axis=-1)
    pairs = known[..., YES], rows[..., YES], known[..., NO], rows[..., NO]
    low, high = newcombe(*pairs)
    difference = share(known[..., YES], rows[..., YES]) - share(known[..., NO], rows[..., NO])
    material = np.isfinite(difference) & (np.abs(difference) >= MATERIAL)
    p_value = np.full(difference.shape, np.nan)
    tested = np.isfinite(difference)
    p_value[tested] = two_proportion_p(*(counts[tested] for counts in pairs))
    with np.errstate(invalid="ignore"):
        found = material & (p_value < LEVEL)
    return Selectivity(
        favorable=rows[..., YES], favorable_known=known[..., YES], unfavorable=rows[..., NO], unfavorable_known=known[..., NO],
        difference=difference, low=low, high=high, p_value=p_value, selective=found,
    )  # fmt: skip


def selective(evidence: Evidence) -> str | None:
    """What makes the labels of the whole period selective, as a sentence; None where they are not."""
    found = selectivity(evidence)
    if not found.selective[0, 0, 0]:
        return None
    return (
        f"outcomes are known for {100 * found.favorable_known[0, 0, 0] / found.favorable[0, 0, 0]:.1f}% of the favorable decisions "
        f"and for {100 * found.unfavorable_known[0, 0, 0] / found.unfavorable[0, 0, 0]:.1f}% of the unfavorable ones"
    )


Ends = tuple[Floats, Floats, Floats, Floats]
"""The figure on the known outcomes, the least and the most it can be, and the rows it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Confusion counts of known outcomes, and the rows without one by decision: of all versions together, by [window, slice]."""

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    true_negatives: Floats
    positive_unknown: Floats
    negative_unknown: Floats


def known_of(evidence: Evidence) -> Known:
    """The counts that bounds are made of."""
    c = evidence.counts
    positive, negative = (YES, NO) if c.same else (NO, YES)
    return Known(
        true_positives=c.true_positives[0], false_positives=c.false_positives[0], false_negatives=c.false_negatives[0],
        true_negatives=c.true_negatives[0], positive_unknown=c.table[0, :, :, positive, UNKNOWN],
        negative_unknown=c.table[0, :, :, negative, UNKNOWN],
    )  # fmt: skip


def between(hits: Floats, others: Floats, raising: Floats, lowering: Floats) -> Ends:
    """hits / (hits + others) where `raising` more rows may yet be hits, and `lowering` more rows may yet be others.

    Each unknown row that can be a hit only raises the share, each that can be another only lowers it, so the ends are at all or none.
    """
    value = share(hits, hits + others)
    low, high = share(hits, hits + others + lowering), share(hits + raising, hits + raising + others)
    return value, low, high, hits + others + raising + lowering


def bounds(evidence: Evidence, name: str, ends: Callable[[Known], Ends] | Ends) -> Iterator[Measurement]:
    """Findings of one measure between its worst and its best case, for the windows and slices whose labels are selective.

    `value` is the figure on the known outcomes, which always lies between the two. Where labels are not selective over the whole period,
    one finding says so, without a value.
    """
    found = selectivity(evidence)
    value, low, high, n = ends(known_of(evidence)) if callable(ends) else ends
    window, place = np.nonzero(found.selective[0] & np.isfinite(value))
    if not found.selective[0, 0, 0]:
        nothing = np.full(1, np.nan)
        yield measurement(
            name, "proportion", value=nothing, low=nothing, high=nothing, n=n[0, :1].round(), method="worst and best case", reason=NEEDLESS
        )
        window, place = window[(window > 0) | (place > 0)], place[(window > 0) | (place > 0)]
    low, high = low[window, place], high[window, place]
    said = [f"between {a:.2f} and {b:.2f} whatever the missing outcomes are" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    known = known_of(evidence)
    positive = "favorable" if evidence.counts.same else "unfavorable"
    negative = "unfavorable" if evidence.counts.same else "favorable"
    tables = {
        int(i): {
            f"unknown_{positive}": int(known.positive_unknown[window[i], place[i]]),
            f"unknown_{negative}": int(known.negative_unknown[window[i], place[i]]),
        }
        for i in np.flatnonzero((window == 0) | (place == 0))
    }
    yield measurement(
        name, "proportion", value=value[window, place], low=low, high=high, n=np.rint(n[window, place]), method="worst and best case",
        window=window, slice=place, attribute=evidence.attribute_places[place], reason=np.asarray(said, dtype=object), tables=tables,
    )  # fmt: skip
