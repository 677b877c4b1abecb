"""Right and wrong predictions at a threshold, and the rates they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.interval import mover, share, wilson
from audits.tradeoffs.costs import mean_cost

Interval = tuple[Floats, Floats, Floats]
"""Value, low and high."""

RATES = ("accuracy", "balanced_accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Labelled rows by prediction and outcome, about the positive value; arrays of one shape."""

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    true_negatives: Floats

    @property
    def positives(self) -> Floats:
        """Rows whose outcome is positive."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> Floats:
        """Rows whose outcome is negative."""
        return self.false_positives + self.true_negatives

    @property
    def n(self) -> Floats:
        """All rows."""
        return self.positives + self.negatives

    @property
    def correct(self) -> Floats:
        """Rows predicted right."""
        return self.true_positives + self.true_negatives

    @property
    def cells(self) -> Floats:
        """True positives, false positives, false negatives, true negatives on a last axis."""
        return np.stack([self.true_positives, self.false_positives, self.false_negatives, self.true_negatives], axis=-1)

    def at(self, place: Any) -> Confusion:
        """Those at some places."""
        return Confusion(**{name: getattr(self, name)[place] for name in self.__dataclass_fields__})

    def total(self) -> Confusion:
        """Added up over the first axis."""
        return Confusion(**{name: getattr(self, name).sum(axis=0) for name in self.__dataclass_fields__})

    def turned(self) -> Confusion:
        """The same about the other value."""
        return Confusion(
            true_positives=self.true_negatives, false_positives=self.false_negatives, false_negatives=self.false_positives,
            true_negatives=self.true_positives,
        )  # fmt: skip

    def balanced(self) -> Floats:
        """The mean of the two rates of right predictions, NaN without both outcomes."""
        return np.asarray((share(self.true_positives, self.positives) + share(self.true_negatives, self.negatives)) / 2)

    def rates(self, costs: Floats | None, *, names: Collection[str] = RATES) -> dict[str, Interval | None]:
        """Accuracy, balanced accuracy, true and false positive rate, precision and cost, each with its interval; `names` picks some.

        Wilson intervals; balanced accuracy by MOVER of the two it is made of; the cost's as `costs.mean_cost` says.
        """
        made: dict[str, Callable[[], Interval | None]] = {
            "accuracy": lambda: proportion(self.correct, self.n),
            "balanced_accuracy": self._balanced,
            "true_positive_rate": lambda: proportion(self.true_positives, self.positives),
            "false_positive_rate": lambda: proportion(self.false_positives, self.negatives),
            "positive_predictive_value": lambda: proportion(self.true_positives, self.true_positives + self.false_positives),
            "cost": lambda: None if costs is None else mean_cost(self.cells, costs),
        }
        return {name: make() for name, make in made.items() if name in names}

    def _balanced(self) -> Interval:
        tpr, fpr = proportion(self.true_positives, self.positives), proportion(self.false_positives, self.negatives)
        low, high = mover([tpr[0], fpr[0]], [tpr[1:], fpr[1:]], [0.5, -0.5])
        return self.balanced(), np.maximum(low + 0.5, 0.0), np.minimum(high + 0.5, 1.0)


def proportion(hits: Floats, n: Floats) -> Interval:
    """hits / n and its Wilson interval."""
    return (share(hits, n), *wilson(hits, n))


def listed(found: Interval | None, place: Any = slice(None)) -> dict[str, Any] | None:
    """An interval for tables: value, low and high as lists or numbers, null where they cannot be computed."""
    if found is None:
        return None
    return {name: plain(np.asarray(values)[place]) for name, values in zip(("value", "low", "high"), found, strict=True)}


def plain(values: NDArray[Any] | float) -> Any:
    """Numbers for tables, to eight digits: more are noise, and a table of a hundred thresholds has thousands of them."""
    rounded = np.round(np.asarray(values, dtype=np.float64), 8)
    finite = np.isfinite(rounded)
    return rounded.tolist() if finite.all() else np.where(finite, rounded, None).tolist()  # type: ignore[call-overload]


def exact(values: NDArray[Any] | float) -> Any:
    """Thresholds and p-values for tables, unrounded: a threshold may lie just above a score that many rows share."""
    found = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, None).tolist()  # type: ignore[call-overload]


def tabled(rates: Mapping[str, Interval | None], place: Any = slice(None)) -> dict[str, Any]:
    """Several intervals for tables."""
    return {name: listed(found, place) for name, found in rates.items()}
