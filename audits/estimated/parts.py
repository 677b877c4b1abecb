"""What the reference says of one slice: its score bins joined to pieces, with the outcome rate and the losses to be expected in each."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.curve import ENOUGH, PRIOR, Curve, anchored, distrust, fit, pulled
from audits.evidence import YES
from audits.histograms import COARSE

CUTS = 4 * COARSE
"""Even cuts of the score grid at which pieces end, besides where the rate changes: rows of a piece are taken to lie as the reference's."""

TINY = sys.float_info.epsilon
"""Probabilities are kept this far from 0 and 1 in the logarithmic loss, as scikit-learn does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One slice.

    Parameters
    ----------
    bins
        The first bin of each piece.
    coarse
        The coarse bin of each piece.
    rate
        Expected outcome rate by [decision, piece].
    blocks, variance
        The first piece of each block of one rate, and the variance of its rate.
    losses
        Mean loss of a row by [kind, piece]: logarithmic if the outcome is positive and if not, squared if it is and if not.
    supported
        Whether the reference has outcomes at such scores.
    known, hits
        Labelled reference rows and their positive outcomes, by [decision, piece].
    own, refused
        Whether the rates are its own, and why there is no trusting them.
    """

    bins: Integers
    coarse: Integers
    rate: Floats
    blocks: Integers
    variance: Floats
    losses: Floats
    supported: NDArray[np.bool_]
    known: Floats
    hits: Floats
    own: bool
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Everybody's curve, and what everybody's reference rows say of each bin.

    `rate` and `rows` by [decision, bin], `known` (with an outcome) by [bin], `losses` by [kind, bin].
    """

    curve: Curve
    rate: Floats
    rows: Floats
    known: Floats
    losses: Floats


def means(values: Floats, weights: Floats, first: Integers) -> Floats:
    """Weighted means over runs of bins (the last axis) that begin at `first`; the plain mean where a run has no weight.

    >>> means(np.array([1.0, 3.0, 5.0, 7.0]), np.array([3.0, 1.0, 0.0, 0.0]), np.array([0, 2]))
    array([1.5, 6. ])
    """
    total = np.add.reduceat(weights, first, axis=-1)
    weighted = np.add.reduceat(values * weights, first, axis=-1)
    plain = np.add.reduceat(values, first, axis=-1) / np.diff(np.append(first, values.shape[-1]))
    return np.where(total > 0, weighted / np.where(total > 0, total, 1.0), plain)


def common_of(table: Floats, mean: Floats) -> Common:
    """Everybody's, from reference rows by [decision, outcome, bin] and the mean score of each bin."""
    known, hits = table[:, :2].sum(axis=1), table[:, YES]
    curve = fit(hits.sum(axis=0), known.sum(axis=0))
    score = np.clip(mean, TINY, 1 - TINY)
    losses = np.stack([-np.log(score), -np.log1p(-score), (1 - mean) ** 2, mean**2])
    return Common(curve=curve, rate=anchored(curve.rate, known, hits), rows=table.sum(axis=1), known=known.sum(axis=0), losses=losses)


def fine_part(common: Common, table: Floats) -> Part:
    """A slice on the frozen grid, from its reference rows by [decision, outcome, bin].

    With `ENOUGH` labelled rows it has a curve of its own, unless that cannot be trusted; else everybody's.
    """
    known, hits = table[:, :2].sum(axis=1), table[:, YES]
    enough = known.sum() >= ENOUGH
    refused = distrust(hits.sum(axis=0), known.sum(axis=0)) if enough else ""
    own = bool(enough and not refused)
    curve = fit(hits.sum(axis=0), known.sum(axis=0)) if own else common.curve
    rate = anchored(curve.rate, known, hits) if own else common.rate
    size = table.shape[-1]
    edges = np.asarray([curve.first, min(curve.last + 1, size - 1)])
    even = np.flatnonzero(np.append(True, np.diff(np.arange(size) * CUTS // size) > 0))
    first = np.unique(np.concatenate([even, curve.starts, edges])).astype(np.int64)
    return Part(
        bins=first, coarse=first * COARSE // size, rate=rate[:, first], blocks=np.searchsorted(first, curve.starts),
        variance=curve.variance, losses=means(common.losses, common.rows.sum(axis=0), first),
        supported=(first >= curve.first) & (first <= curve.last), known=np.add.reduceat(known, first, axis=-1),
        hits=np.add.reduceat(hits, first, axis=-1), own=own, refused=refused,
    )  # fmt: skip


def cell_parts(common: Common, cells: Floats) -> list[Part]:
    """Cells of the protected cross, from their reference rows by [cell, decision, outcome, coarse bin].

    Their rates are those of everybody's curve, averaged over the reference rows with the same decision in a coarse bin. With `ENOUGH`
    labelled rows they are a cell's own instead (`pulled`).
    """
    known, hits = cells[:, :, :2].sum(axis=2), cells[:, :, YES]
    curve, every = common.curve, common.rows.sum(axis=0)
    rate, mixed = expected(common.rate, common.rows), coarse_means(curve.rate, every)
    both, found = known.sum(axis=1), hits.sum(axis=1)
    labels, positive = both.sum(axis=1), found.sum(axis=1)
    own = (labels >= ENOUGH) & (np.minimum(positive, labels - positive) > 0)
    own_rate = pulled(rate, known, hits)
    together = (found + PRIOR * mixed) / (both + PRIOR)
    common_variance = coarse_means(curve.rate * (1 - curve.rate), every) / np.maximum(sums(common.known), 1.0)
    own_variance = together * (1 - together) / (both + PRIOR)
    losses = np.concatenate(
        [coarse_means(common.losses[k::2], every * weight)[:, None] for k, weight in ((0, curve.rate), (1, 1 - curve.rate))], axis=1
    ).reshape(4, -1)
    places, bins = np.arange(len(curve.rate)), np.arange(COARSE)
    inside = sums(((places >= curve.first) & (places <= curve.last)).astype(np.float64)) > 0
    return [
        Part(
            bins=bins, coarse=bins, rate=own_rate[i] if own[i] else rate, blocks=bins,
            variance=own_variance[i] if own[i] else common_variance, losses=losses, supported=inside, known=known[i], hits=hits[i],
            own=bool(own[i]),
        )
        for i in range(len(cells))
    ]  # fmt: skip


def expected(rate: Floats, rows: Floats) -> Floats:
    """A rate by [decision, coarse bin], from one by [decision, bin]: averaged over the rows that have the decision, else over all."""
    return np.where(sums(rows) > 0, coarse_means(rate, rows), coarse_means(rate, np.tile(rows.sum(axis=0), (len(rate), 1))))


def sums(values: Floats) -> Floats:
    """Sums over coarse bins, of the last axis; a grid of fewer bins leaves some empty.

    >>> sums(np.array([1.0, 2.0])).tolist()[:11]
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    """
    size = values.shape[-1]
    if size >= COARSE:
        return np.asarray(np.add.reduceat(values, -(-np.arange(COARSE) * size // COARSE), axis=-1))
    return np.asarray(values @ (np.arange(size)[:, None] * COARSE // size == np.arange(COARSE)))


def coarse_means(values: Floats, weights: Floats) -> Floats:
    """Weighted means over coarse bins, of the last axis; the plain mean where nothing has weight, 0 in a bin that the grid leaves empty."""
    total, bins = sums(weights), sums(np.ones(values.shape[-1]))
    return np.where(total > 0, sums(values * weights) / np.where(total > 0, total, 1.0), sums(values) / np.maximum(bins, 1.0))
