"""Columns as shares that can move: what is counted of the reference's own windows and of the analysed ones, and which shares are watched.

Everything that the alarm looks at is a share of a window's rows: the rows below a decile of the reference, of one category, without a
value. Whatever of a column's rows moves elsewhere, no such share changes by more than the part of rows that moved, so that "less than 2 %
of rows moved" says of every share by how much it may change.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audits.bins import NumericBins
from audits.counts import DECISION, OUTCOME, UNKNOWN, add_rows, summed
from audits.drift.comparison import compared_windows
from audits.drift.two_samples import coarse_bins, two_samples
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.performance.maturity import bucket_seconds, immature
from audits.window import EPOCH, Window, WindowLength

LEVELS = 12
"""Categories that are watched one by one: the most frequent of the reference. All of them count for the total variation."""

LEAST = 30
"""Rows from which on a window of the reference takes part in the calibration, and an analysed one is judged."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One column: rows of each reference window and of each analysed window by [window, bin], missing values as the last bin.

    `ordered` says that the bins follow each other in value; `labels` name the bins but the last. With `contrasts`, by [share, bin], and
    their names, these shares are watched instead of the usual ones.
    """

    name: str
    ordered: bool
    reference: Floats
    windows: Floats
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    named: tuple[str, ...] = ()
    contrasts: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Columns stacked, padded with empty bins, and the shares that are watched, as contrasts between bins.

    Parameters
    ----------
    reference, windows
        Rows by [column, window, bin].
    contrasts
        What a row of each bin counts for, 0 to 1, by [column, share, bin]; rows of zeros fill up.
    weights
        How the evidence is shared out, by [column, share]; what is left to 1 is the total variation's.
    starts
        Of the reference's windows and the analysed ones, for the season; None where windows follow no clock.
    """

    columns: tuple[Counted, ...]
    reference: Floats
    windows: Floats
    contrasts: Floats
    weights: Floats
    starts: tuple[tuple[dt.datetime, ...], tuple[dt.datetime, ...]] | None = None
    length: dt.timedelta | None = None

    @cached_property
    def base(self) -> Floats:
        """The reference's shares of its rows by [column, bin]."""
        total = self.reference.sum(axis=1)
        return np.asarray(total / np.maximum(total.sum(axis=-1, keepdims=True), 1))

    @cached_property
    def unit_variance(self) -> Floats:
        """What one row's chance alone contributes to the variance of each share, by [column, share]."""
        mean = np.einsum("kjb,kb->kj", self.contrasts, self.base)
        square = np.einsum("kjb,kb->kj", self.contrasts**2, self.base)
        return np.asarray(np.maximum(square - mean**2, 0.0))

    def what(self, column: int, share: int) -> str:
        """The name of a watched share."""
        return _named(self.columns[column])[share]


TOTAL_VARIATION = 0.2
"""The part of a column's evidence that is left to the total variation: it sees what no single share shows."""


def stacked(
    columns: Sequence[Counted], *, starts: tuple[tuple[dt.datetime, ...], tuple[dt.datetime, ...]] | None = None,
    length: dt.timedelta | None = None,
) -> Shares:  # fmt: skip
    """Columns of any widths as one block."""
    width = max(column.windows.shape[1] for column in columns)
    made = [_contrasts(column) for column in columns]
    most = max(len(weights) for _, weights in made)
    counts = [np.zeros((len(columns), getattr(columns[0], side).shape[0], width)) for side in ("reference", "windows")]
    contrasts, shared = np.zeros((len(columns), most, width)), np.zeros((len(columns), most))
    for k, (column, (matrix, weights)) in enumerate(zip(columns, made, strict=True)):
        for held, side in zip(counts, (column.reference, column.windows), strict=True):
            held[k, :, : side.shape[1] - 1], held[k, :, -1] = side[:, :-1], side[:, -1]
        contrasts[k, : len(matrix), : matrix.shape[1] - 1], contrasts[k, : len(matrix), -1] = matrix[:, :-1], matrix[:, -1]
        shared[k, : len(matrix)] = weights
    return Shares(
        columns=tuple(columns), reference=counts[0], windows=counts[1], contrasts=contrasts, weights=shared, starts=starts, length=length
    )


def _contrasts(column: Counted) -> tuple[Floats, Floats]:
    """The shares of one column that are watched, by [share, bin], and their parts of the evidence.

    In order: missing; then of an ordered column the mean rank, the distance from the middle rank, and the rows below each edge; of another
    the most frequent categories one by one, and all others together.
    """
    bins = column.windows.shape[1] - 1
    if column.contrasts is not None:
        return column.contrasts, np.full(len(column.contrasts), (1 - TOTAL_VARIATION) / len(column.contrasts))
    missing = np.eye(bins + 1)[-1]
    if not column.ordered:
        first = _frequent(column)
        single = np.eye(bins + 1)[first[: 1 if bins <= 2 else LEVELS]]
        others = np.append(np.ones(bins), 0.0) - single.sum(axis=0)
        rows = [missing, *single, *([others] if bins > LEVELS else [])]
        return np.asarray(rows), np.asarray([0.2, *([0.6 / (len(rows) - 1)] * (len(rows) - 1))])
    n = column.reference[:, :-1].sum(axis=0)
    p = n / max(float(n.sum()), 1.0)
    rank = np.cumsum(p) - p / 2
    away = np.abs(2 * rank - 1)
    mean_away = float((away * p).sum())
    below = np.tri(bins - 1, bins)
    rows = [missing, np.append(rank, 0.5), np.append(away, mean_away), *np.column_stack([below, np.zeros(bins - 1)])]
    return np.asarray(rows), np.asarray([0.15, 0.25, 0.1, *([0.3 / max(bins - 1, 1)] * (bins - 1))])


def _named(column: Counted) -> list[str]:
    if column.named:
        return list(column.named)
    labels = column.labels or tuple(str(i) for i in range(column.windows.shape[1] - 1))
    if column.ordered:
        edges = [f"below {edge:.6g}" for edge in column.edges] or [f"below bin {i + 1}" for i in range(len(labels) - 1)]
        return ["missing", "mean rank", "distance from the middle", *edges]
    return ["missing", *(labels[i] for i in _frequent(column)[:LEVELS]), "all others"]


def _frequent(column: Counted) -> Integers:
    """Bins by their rows in the reference, most first; of two levels the second, which is the favorable one."""
    n = column.reference[:, :-1].sum(axis=0)
    return np.asarray(np.arange(len(n))[::-1] if len(n) <= 2 else np.argsort(-n, kind="stable"), dtype=np.int64)


def shares_of(evidence: Evidence) -> Shares | None:
    """The columns of one model's log against the windows of its reference; None where it has no column. The outcome at equal scores
    (`audits.alarms.concept`) comes last, under the outcome's name.

    An outcome that is not known yet is no missing value, it is left out, and so are all outcomes of a window that waits for some; a
    decision that was not made is one. A window that is the reference itself has no rows here.
    """
    from audits.alarms.concept import concept

    held, kept = reference_windows(evidence), compared_windows(evidence)
    mature = np.asarray([not said for said in immature(evidence)])
    columns = []
    for samples in two_samples(evidence):
        for column in samples.columns:
            name = evidence.columns[column.position]
            last = 0.0 if name == evidence.model.columns.outcome else 1.0
            rows = _counted(held, name, column.bins, len(column.reference))
            if rows is None:
                continue
            windows = np.column_stack([column.windows, last * column.missing])[1:] * kept[1:, None]
            if not last:
                windows = windows * mature[1:, None]
            columns.append(
                Counted(
                    name=name, ordered=column.edges is not None, reference=rows * np.append(np.ones(rows.shape[1] - 1), last),
                    windows=windows, labels=column.labels, edges=column.edges or (),
                )
            )  # fmt: skip
    if not columns:
        return None
    own, theirs = evidence.windows[1:], held.windows[1:]
    starts, length = None, None
    if own[0].start is not None:
        starts = tuple(w.start or EPOCH for w in theirs), tuple(w.start or EPOCH for w in own)
        length = dt.timedelta(seconds=bucket_seconds(evidence)) * (evidence.spans[1][1] - evidence.spans[1][0])
    told = concept(evidence, held, mature[1:] * kept[1:])
    columns.sort(key=lambda each: evidence.columns.index(each.name))
    columns += [told] if told is not None else []
    return stacked(columns, starts=starts, length=length)


def reference_windows(evidence: Evidence) -> Evidence:
    """Evidence whose analysed period is the reference, cut into windows like those that are analysed, the whole of it first.

    Windows with fewer than `LEAST` rows are left out, unless none is left.
    """
    first, end = evidence.spans[1]
    length = WindowLength({1: "1d", 7: "1w"}.get(end - first, "1mo"))
    rows: dict[int, int] = {}
    for partition in evidence.reference_tally.partitions:
        start = length.start_of(partition.bucket)
        rows[start] = rows.get(start, 0) + partition.rows
    kept = sorted(start for start, n in rows.items() if n >= LEAST) or sorted(rows) or [first]
    unit = dt.timedelta(seconds=bucket_seconds(evidence))
    timed = evidence.windows[1].start is not None
    windows = [Window(start=EPOCH + s * unit, end=EPOCH + length.next(s) * unit) if timed else Window() for s in kept]
    spans = [(s, length.next(s)) for s in kept]
    chosen = set(kept)
    return dataclasses.replace(
        evidence, tally=evidence.reference_tally.select(lambda part: length.start_of(part.bucket) in chosen), versions=(None,),
        windows=(Window(start=windows[0].start, end=windows[-1].end), *windows), spans=((spans[0][0], spans[-1][1]), *spans), medians={},
        above={},
    )  # fmt: skip


def _counted(held: Evidence, name: str, bins: object, size: int) -> Floats | None:
    """Rows of each reference window by bin, missing last; read off the tally's rows at once."""
    roles = held.model.columns
    if name in (roles.decision, roles.outcome):
        return _levels(held, DECISION if name == roles.decision else OUTCOME)
    rows = held.tally.bins
    keep = np.flatnonzero(rows["column"] == held.tally.columns.index(name))
    window = _places(held)[rows["partition"][keep]]
    n = rows["n"][keep]
    if isinstance(bins, NumericBins):
        n = np.add.reduceat(n[:, : bins.size], coarse_bins(bins)[0], axis=1)
    else:
        n = np.column_stack([n[:, : size - 2], rows["other"][keep], rows["unseen"][keep]])
    found = np.zeros((len(held.windows), size + 1))
    add_rows(found[:, :size], window, n)
    found[:, -1] = summed(window, rows["missing"][keep] + rows["not_a_number"][keep], len(held.windows))
    return found[1:]


def _places(held: Evidence) -> Integers:
    """For each partition of the reference, the position of its window."""
    starts = np.asarray([first for first, _ in held.spans[1:]], dtype=np.int64)
    buckets = np.asarray([part.bucket for part in held.tally.partitions], dtype=np.int64)
    return np.asarray(np.searchsorted(starts, buckets, side="right"), dtype=np.int64)


def _levels(held: Evidence, axis: int) -> Floats | None:
    """Decisions or outcomes of each reference window by level, unknown last; a numeric outcome by its deciles."""
    rest = (OUTCOME if axis == DECISION else DECISION) - 2
    if held.task == "multiclass":
        return np.asarray(held.confusion[0, :, 0].sum(axis=rest))[1:]
    if held.task == "regression" and axis == OUTCOME:
        grid = held.bins.outcome_bins
        if grid is None:
            return None
        n = np.add.reduceat(held.column(grid.name).windows, coarse_bins(grid)[0], axis=1)
        unknown = held.counts.table[0, :, 0].sum(axis=rest)[:, UNKNOWN]
        return np.column_stack([n, unknown])[1:]
    return np.asarray(held.counts.table[0, :, 0].sum(axis=rest))[1:]
