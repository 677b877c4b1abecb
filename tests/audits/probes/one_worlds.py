"""Models that are functions, so that one prediction can be explained without a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audits.estimate import Floats, Integers
from audits.probes.scorer import Scorer
from connectors.model_parts import Encoding, Linear, Part, Trees


@dataclass
class Function:
    """A model that only answers."""

    names: tuple[str, ...]
    call: Callable[[pa.Table], Floats]
    classes: tuple[str, ...] = ()
    fingerprint: str = "function"

    def predict(self, rows: pa.Table) -> Floats:
        """Answer."""
        return self.call(rows)

    def matrix(self, rows: pa.Table) -> Floats | None:
        """Show nothing."""
        return None

    def owner(self) -> Integers:
        """Own each input by itself."""
        return np.arange(len(self.names))

    def trees(self) -> Trees | None:
        """Show nothing."""
        return None

    def linear(self) -> Linear | None:
        """Show nothing."""
        return None


class Sum(Function):
    """A weighted sum that shows its coefficients."""

    def __init__(self, weights: dict[str, float], *, intercept: float = 0.0, link: str = "identity") -> None:
        parts = tuple(Part(input=place) for place in range(len(weights)))
        encode = Encoding(inputs=tuple(weights), parts=parts)
        self.sum = Linear(coefficients=np.asarray([*weights.values()]), intercept=intercept, link=link, encode=encode)  # type: ignore[arg-type]
        super().__init__(names=tuple(weights), call=lambda rows: self.sum.answer(encode.matrix(rows)))

    def matrix(self, rows: pa.Table) -> Floats | None:
        """Show the numbers."""
        return self.sum.encode.matrix(rows)

    def linear(self) -> Linear | None:
        """Show the coefficients."""
        return self.sum


def scorer(model: Function, *, kind: str = "model", **more: object) -> Scorer:
    """Wrap a function as probes are given it."""
    return Scorer(kind=kind, asked=model, **more)  # type: ignore[arg-type]
