"""Realised figures of the rows whose outcome is known, laid out as the estimates are, and what past estimates missed them by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.figures import Figure, rates
from audits.estimated.pieces import Pieces
from audits.estimated.ranking import precise, ranked
from audits.estimated.rows import Rows
from audits.evidence import Evidence
from audits.interval import share

SOUND = 0.25
"""Share of sound histories whose intervals are widened all the same: an interval a little too wide does less harm than one too narrow."""


def realised(evidence: Evidence, pieces: Pieces, rows: Rows, windows: Integers) -> dict[str, Floats]:
    """Figures of the known outcomes by [window of `windows`, slice]; losses from sums over rows, where there are such."""
    found = realised_of(pieces, rows, same=evidence.counts.same)
    sums, place = evidence.counts.sums, np.ix_(windows, pieces.slices)
    for name, stored in (("log_loss", "log_loss"), ("brier_score", "error_2")):
        if stored in sums:
            total, scored = (evidence.counts.total(key, labelled=True)[0][place] for key in (stored, "scored"))
            found[name] = share(total, scored)
    return found


def realised_of(pieces: Pieces, rows: Rows, *, same: bool) -> dict[str, Floats]:
    """Figures of the known outcomes by [window, slice] from pieces alone: losses as they are in the reference's piece."""
    n, hits = pieces.by_slice(np.moveaxis(rows.known, 1, 0)), pieces.by_slice(np.moveaxis(rows.hits, 1, 0))
    found = {name: value for name, (value, _, _) in rates(n[0], n[1], hits[0], hits[1]).items()}
    known, positive = n.sum(axis=0), hits.sum(axis=0)
    found["base_rate"] = share(positive if same else known - positive, known)
    each, seen = rows.known.sum(axis=1), rows.hits.sum(axis=1)
    found["roc_auc"], _ = ranked(pieces.runs, each, seen, np.zeros_like(seen))
    found["average_precision"], _ = precise(pieces.runs, each, seen, seen * (1 - seen / np.maximum(each, 1.0)))
    for kind, name in ((0, "log_loss"), (2, "brier_score")):
        found[name] = share(pieces.by_slice(seen * pieces.losses[kind] + (each - seen) * pieces.losses[kind + 1]), known)
    return found


def excess(figures: Mapping[str, Figure], seen: Mapping[str, Floats], usable: NDArray[np.bool_]) -> dict[str, Floats]:
    """What past errors add to the variance of an estimate, by [number of checked windows before it, slice]; last, of the whole period.

    The mean over those windows of (estimated - realised)² minus the variance that chance and the reference's sampling explain, where the
    squares are larger than in three of four sound histories (Σ gap² / variance, chi-squared), else 0: outcomes drift a little from
    window to window without contradicting the estimates, and an interval that ignores it is too narrow for large windows. Over the whole
    period errors that change sign average out: it adds the square of their mean, as far as that is more than chance explains, and the
    rest divided by the windows.
    """
    from scipy.special import chdtri

    found = {}
    for name, figure in figures.items():
        gap, variance = figure.value - seen[name], figure.deviation**2
        counted = usable & np.isfinite(gap) & (variance > 1e-18)
        kept, spread = np.where(counted, gap, 0.0), np.where(counted, variance, 0.0)
        parts = (counted, kept**2 / np.where(counted, variance, 1.0), kept**2 - spread)
        windows, squares, added = (np.concatenate([np.zeros((1, part.shape[1])), np.cumsum(part, axis=0)]) for part in parts)
        beyond = squares > chdtri(np.maximum(windows, 1), SOUND)
        mean = np.where(beyond & (windows > 0), np.maximum(share(added, windows), 0.0), 0.0)
        size = np.maximum(windows[-1], 1.0)
        lasting = np.maximum((kept.sum(axis=0) ** 2 - spread.sum(axis=0)) / size**2, 0.0)
        whole = np.where(mean[-1] > 0, np.minimum(lasting + mean[-1] / size, mean[-1]), 0.0)
        found[name] = np.concatenate([mean, whole[None]])
    return found


def widened(figure: Figure, added: Floats) -> Figure:
    """A figure whose interval holds more variance, within the range of the measure."""
    variance = figure.deviation**2
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(added > 0, np.sqrt((variance + added) / np.where(variance > 0, variance, 1.0)), 1.0)
    low, high = figure.value - (figure.value - figure.low) * factor, figure.value + (figure.high - figure.value) * factor
    return Figure(
        value=figure.value, low=np.clip(low, *figure.range), high=np.clip(high, *figure.range), n=figure.n,
        deviation=np.sqrt(variance + added), range=figure.range,
    )  # fmt: skip
