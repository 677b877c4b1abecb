"""Which rates are split, over what, and the tallies they are split from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from audits.attribution.kitagawa import Period
from audits.drift.two_samples import coarse_bins, range_labels
from audits.estimate import Floats, Integers
from audits.evidence import NO, YES, Evidence
from audits.once import once

SHARES = ("accuracy", "selection_rate", "base_rate", "true_positive_rate", "false_positive_rate")
"""Rates of rows that are one thing or the other, from a table of decisions by outcomes."""

MEANS: Mapping[str, tuple[str, str]] = {"mean_error": ("error", "error_2"), "mean_absolute_error": ("error_abs", "error_2")}
"""Means over the rows of a regression: the sums they are made of."""

RATES = (*SHARES, *MEANS)

REST = "(none of these)"
"""Rows that no level holds, such as those without a score."""

Sums = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, kw_only=True)
class Division:
    """What the whole population is divided by.

    Parameters
    ----------
    attribute, column
        Position in `Evidence.attributes`, or in `Evidence.topics`; the other one is -1.
    """

    attribute: int
    column: int
    levels: tuple[str, ...]
    now: Period
    """By [window, level]."""
    before: Period
    """The reference's, by [level]."""


def divisions(evidence: Evidence, name: str) -> Iterator[Division]:
    """A rate over each protected attribute, each segment and the bins of the score, as far as the log can say it."""
    for attribute, column, slices in _of_slices(evidence):
        levels = tuple(evidence.slices[i].levels[0][1] for i in slices.tolist())
        sums, held = _sums(evidence, name)
        whole, whole_before = tuple(x[:, :1] for x in sums), tuple(x[:1] for x in held)
        found = _division(attribute, column, levels, (sums, held), (whole, whole_before), slices)
        if len(found.levels) > 1:
            yield found
    grid = evidence.bins.score_bins
    if grid is not None and evidence.model.task != "multiclass" and grid.name in evidence.topics:
        parts = _by_score(evidence, name)
        sums, held = _sums(evidence, name)
        whole, whole_before = tuple(x[:, :1] for x in sums), tuple(x[:1] for x in held)
        every = np.arange(parts[0][0].shape[-1])
        yield _division(-1, evidence.topics.index(grid.name), range_labels(coarse_bins(grid)[1]), parts, (whole, whole_before), every)


def _division(
    attribute: int, column: int, levels: tuple[str, ...], parts: tuple[Sums, Sums], whole: tuple[tuple[Floats, ...], tuple[Floats, ...]],
    chosen: Integers,
) -> Division:  # fmt: skip
    """The levels, with what they leave of the whole as one more, so that nothing of the change is lost."""
    now, before = ([x[..., chosen] for x in side] for side in parts)
    left = [[all_rows - x.sum(axis=-1, keepdims=True) for all_rows, x in zip(every, side, strict=True)]
            for every, side in zip(whole, (now, before), strict=True)]  # fmt: skip
    if any(float(side[0].max(initial=0.0)) > 0.5 for side in left):  # counts: anything below is rounding
        now, before = ([np.concatenate([x, rest], axis=-1) for x, rest in zip(side, rests, strict=True)]
                       for side, rests in zip((now, before), left, strict=True))  # fmt: skip
        levels = (*levels, REST)
    return Division(
        attribute=attribute, column=column, levels=levels, now=Period(n=now[0], total=now[1], squared=now[2]),
        before=Period(n=before[0], total=before[1], squared=before[2]),
    )  # fmt: skip


def _of_slices(evidence: Evidence) -> list[tuple[int, int, Integers]]:
    """Attribute, column and the slices that together are everybody: of each protected attribute, then of each segment."""
    found = []
    for position, name in enumerate(evidence.attributes):
        if name in evidence.model.attributes:
            found.append((position, -1, evidence.groups(name)))
    for name in evidence.model.segments:
        slices = [i for i, one in enumerate(evidence.slices) if one.attributes == (name,)]
        found.append((-1, evidence.topics.index(name), np.asarray(slices, dtype=np.int64)))
    rows = evidence.counts.rows[0, 0]
    return [each for each in found if rows[each[2]].sum() > 0]


def of_table(table: Floats, name: str, *, same: bool) -> Sums:
    """Rows that a rate is a share of, and the hits twice, from rows by [..., decision, outcome]."""
    positive, negative = (YES, NO) if same else (NO, YES)
    known = table[..., :2, :2]
    if name == "accuracy":
        n, hits = known.sum(axis=(-2, -1)), known[..., NO, NO] + known[..., YES, YES]
    elif name == "selection_rate":
        n, hits = table[..., :2, :].sum(axis=(-2, -1)), table[..., YES, :].sum(axis=-1)
    elif name == "base_rate":
        n, hits = table[..., :2].sum(axis=(-2, -1)), table[..., YES].sum(axis=-1)
    else:
        outcome = positive if name == "true_positive_rate" else negative
        n, hits = known[..., outcome].sum(axis=-1), known[..., positive, outcome]
    return np.asarray(n), np.asarray(hits), np.asarray(hits)


def _sums(evidence: Evidence, name: str) -> tuple[Sums, Sums]:
    """Of the analysed period by [window, slice] and of the reference by [slice]."""
    if name in MEANS:
        sides = []
        for counts in (evidence.counts, evidence.reference_counts):
            n, total, squared = (counts.total(key, labelled=True)[0] for key in ("scored", *MEANS[name]))
            sides.append((n, total, squared))
        return sides[0], (sides[1][0][0], sides[1][1][0], sides[1][2][0])
    seen = _agreement(evidence) if name == "accuracy" and evidence.task == "multiclass" else evidence
    same = seen.counts.same
    return of_table(seen.counts.table[0], name, same=same), of_table(seen.reference_counts.table[0, 0], name, same=same)


@once
def _agreement(evidence: Evidence) -> Evidence:
    """The view of several classes in which a decision is right or wrong."""
    return evidence.of_class(len(evidence.classes))


@once
def _tables_by_score(evidence: Evidence) -> tuple[Floats, Floats]:
    """Rows by [window, bin, decision, outcome] and of the reference by [bin, decision, outcome], in reference deciles of the score."""
    grid = evidence.bins.score_bins
    assert grid is not None
    starts, _ = coarse_bins(grid)
    if evidence.without is None:
        now = evidence.decided_runs([0], [starts])
    else:  # runs do not know of units
        now = np.add.reduceat(evidence.decided_rows([0])[:, 0], starts, axis=-1)
    before = np.add.reduceat(evidence.reference_margin([0])[0][0], starts, axis=-1)
    return np.moveaxis(now, -1, 1), np.moveaxis(before, -1, 0)


def _by_score(evidence: Evidence, name: str) -> tuple[Sums, Sums]:
    if name not in MEANS:
        now, before = _tables_by_score(evidence)
        return of_table(now, name, same=evidence.counts.same), of_table(before, name, same=evidence.counts.same)
    grid = evidence.bins.score_bins
    assert grid is not None
    starts, _ = coarse_bins(grid)
    keys = ("n", *MEANS[name])
    sides = [{key: np.add.reduceat(side[key], starts, axis=-1) for key in keys}
             for side in (evidence.error_margin([0]), evidence.reference_error_margin([0]))]  # fmt: skip
    n, total, squared = (sides[0][key][:, 0] for key in keys)
    held = tuple(sides[1][key][0] for key in keys)
    return (n, total, squared), (held[0], held[1], held[2])
