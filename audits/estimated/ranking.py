"""Measures of ranking from expected or observed outcomes in runs of ascending scores, with their slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers

FEWEST = 1.0
"""Expected outcomes of a kind below which a rate among them is not estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs of bins along the last axis of an array, one a slice, scores ascending: their first bins and lengths."""

    starts: Integers
    lengths: Integers

    def total(self, values: Floats) -> Floats:
        """Sums over each run."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=-1))

    def spread(self, by_run: Floats) -> Floats:
        """A number of each run at each of its bins."""
        return np.repeat(by_run, self.lengths, axis=-1)

    def before(self, values: Floats) -> Floats:
        """Sums over the bins of the same run with lower scores."""
        running = np.cumsum(values, axis=-1) - values
        return np.asarray(running - self.spread(running[..., self.starts]))


def ranked(runs: Runs, n: Floats, positives: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Area under the ROC curve by [window, slice], and its slope in the outcome of a row by [window, piece].

    Pairs that a row would form with itself are taken off numerator and denominator: `spread`, half and whole.
    """
    negatives = n - positives
    all_positive, all_negative = runs.total(positives), runs.total(negatives)
    below = runs.before(negatives) + negatives / 2
    above = runs.spread(all_positive) - runs.before(positives) - positives / 2
    own = runs.total(spread)
    pairs = all_positive * all_negative - own
    enough = (all_positive >= FEWEST) & (all_negative >= FEWEST) & (pairs > 0)
    value = np.where(enough, (runs.total(positives * below) - own / 2) / np.where(enough, pairs, 1.0), np.nan)
    scale = np.where(enough, all_positive * all_negative, np.inf)
    slope = below - above - runs.spread(np.nan_to_num(value) * (all_negative - all_positive))
    return np.clip(value, 0.0, 1.0), slope / runs.spread(scale)


def precise(runs: Runs, n: Floats, positives: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Average precision by [window, slice], and its slope in the outcome of a row by [window, piece].

    Σ p (T + p/2) / (M + n/2) from the highest score down, T and M being positives and rows above a piece; plus Σ p(1-p)/n log of rows to
    its end over rows to its start, since the row that counts is itself positive.
    """
    total, rows = runs.total(positives), runs.total(n)
    above, before = (runs.spread(every) - runs.before(part) - part for every, part in ((total, positives), (rows, n)))
    precision = np.where(n > 0, (above + positives / 2) / np.maximum(before + n / 2, 1e-9), 0.0)
    itself = np.where(n > 0, spread / np.maximum(n, 1e-9) * np.log((before + n + 0.5) / (before + 0.5)), 0.0)
    enough = total >= FEWEST
    value = np.where(enough, runs.total(positives * precision + itself) / np.where(enough, total, 1.0), np.nan)
    gained = np.where(n > 0, positives / np.maximum(before + n / 2, 1e-9), 0.0)
    slope = precision + runs.before(gained) + gained / 2 - runs.spread(np.nan_to_num(value))
    return np.clip(value, 0.0, 1.0), slope / runs.spread(np.where(enough, total, np.inf))
