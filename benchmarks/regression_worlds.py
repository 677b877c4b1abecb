"""Worlds of predicted numbers: outcomes, predictions and errors with known figures, laid out as replicates of one evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from audits.bins import ABSOLUTE_ERROR, OUTCOME, Bins, NumericBins, numeric_bins
from audits.counts import YES, Counts
from audits.estimate import Floats
from audits.slices import Slice
from benchmarks.replicates import Replicates, empty

LARGE = 4_000_000
NAMES = (
    "mean_error", "mean_absolute_error", "root_mean_squared_error", "r_squared", "median_absolute_error", "absolute_error_p90",
    "mean_outcome",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RegressionWorld:
    """Outcome 10 + 2.4 z + noise, predicted as 10.2 + 2.2 z; noise of deviation 1.8, normal or log-normal."""

    noise: Literal["normal", "log-normal"]

    def draw(self, random: np.random.Generator, *shape: int) -> tuple[Floats, Floats]:
        """Outcomes and predictions."""
        z, e = random.standard_normal(shape), random.standard_normal(shape)
        if self.noise == "log-normal":
            sigma = 0.75
            e = (np.exp(sigma * e) - np.exp(sigma**2 / 2)) / np.sqrt((np.exp(sigma**2) - 1) * np.exp(sigma**2))
        return 10 + 2.4 * z + 1.8 * e, 10.2 + 2.2 * z

    @cached_property
    def _sample(self) -> tuple[Floats, Floats]:
        return self.draw(np.random.default_rng(2), LARGE)

    def truths(self) -> dict[str, float]:
        """Every figure, from a sample of four million rows (its own error is a thirtieth of that of 5,000 rows)."""
        outcome, prediction = self._sample
        error = prediction - outcome
        size = np.abs(error)
        return {
            "mean_error": float(error.mean()), "mean_absolute_error": float(size.mean()),
            "root_mean_squared_error": float(np.sqrt((error**2).mean())), "r_squared": float(1 - (error**2).mean() / outcome.var()),
            "median_absolute_error": float(np.quantile(size, 0.5)), "absolute_error_p90": float(np.quantile(size, 0.9)),
            "mean_outcome": float(outcome.mean()),
        }  # fmt: skip

    @cached_property
    def bins(self) -> Bins:
        """Grids of the outcome and of the size of the error, frozen on a reference of 100,000 rows."""
        outcome, prediction = (values[:100_000] for values in self._sample)
        grids = [
            numeric_bins(
                name, low=float(x.min()), high=float(x.max()), mean=float(x.mean()), deviation=float(x.std()), integers=False,
                quantiles=np.quantile(x, np.linspace(0, 1, 401)).tolist(),
            )
            for name, x in ((OUTCOME, outcome), (ABSOLUTE_ERROR, np.abs(prediction - outcome)))
        ]  # fmt: skip
        return Bins(columns=(), derived=tuple(grids))


@dataclass(frozen=True, kw_only=True)
class RegressionReplicates(Replicates):
    """Evidence of many samples of errors."""

    errors: Floats | None = None

    def absolute_errors(self, slices: Sequence[int]) -> tuple[Floats, NumericBins | None]:
        """Labelled rows by [window, slice, bin of the absolute error], and its grid."""
        grid = self.bins.by_name[ABSOLUTE_ERROR]
        assert isinstance(grid, NumericBins)
        assert self.errors is not None
        places = grid.bin_of(np.abs(self.errors)) + np.arange(len(self.errors))[:, None] * grid.size
        counts = np.zeros((len(self.errors) + 1, len(slices), grid.size))
        counts[1:, 0] = np.bincount(places.ravel(), minlength=len(self.errors) * grid.size).reshape(-1, grid.size)
        return counts, grid


def evidence_of_errors(world: RegressionWorld, outcome: Floats, prediction: Floats) -> RegressionReplicates:
    """Evidence of drawn outcomes and predictions, by [replicate, row]."""
    bare = empty(len(outcome), slices=(Slice.all(),), attributes=(), bins=world.bins)
    given: dict[str, Any] = {name: getattr(bare, name) for name in bare.__dataclass_fields__}
    found = RegressionReplicates(**given | {"errors": prediction - outcome, "model": replace(bare.model, task="regression")})
    found.__dict__["counts"] = _counts(world, outcome, prediction)
    return found


def _counts(world: RegressionWorld, outcome: Floats, prediction: Floats) -> Counts:
    grid = world.bins.outcome_bins
    assert grid is not None
    error, truth = prediction - outcome, (outcome - grid.mean) / grid.deviation
    rows = {
        "scored": np.ones_like(error), "score": prediction, "score_squared": prediction**2, "error": error, "error_abs": np.abs(error),
        "error_2": error**2, "error_4": error**4, "error_2_truth_1": error**2 * truth, "error_2_truth_2": error**2 * truth**2,
    } | {f"truth_{power}": truth**power for power in (1, 2, 3, 4)}  # fmt: skip
    shape = (1, len(outcome) + 1, 1)
    table, sums = np.zeros((*shape, 3, 3)), {}
    table[0, 1:, 0, 2, YES] = outcome.shape[1]
    for name, values in rows.items():
        sums[name] = np.zeros((*shape, 3))
        sums[name][0, 1:, 0, YES] = values.sum(axis=1)
    return Counts(table=table, sums=sums, same=True)
