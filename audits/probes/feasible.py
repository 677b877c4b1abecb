"""Which changes of a row are possible, and how large they are: shared by attacks on the model and by counterfactuals.

What may change of an input comes from the configuration (`immutable`, `monotone`, `ranges`) and otherwise from the reference: numbers stay
within the values that it held, levels are levels that it held, whole numbers stay whole. Protected attributes are never changed, and a
missing value stays missing: a leap to or from "missing" has no size. What a row holds already is always allowed to stay.

A change is measured in spreads: a number's move over (q90 - q10) / 2.563 of the reference, which is the standard deviation where values are
normal and is not stretched by a few huge ones (the standard deviation itself where the nine deciles are not nine values); a change of level
counts as one spread. It misleads where one spread of one column is far easier to move than of another, which no log can tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import CategoricalBins, NumericBins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from connectors.config import ModelConfig

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]
TENTHS = 2.5631031310892007
"""The distance between the first and the last decile of a normal distribution, in standard deviations."""
PROTECTED, DECLARED, CONSTANT, UNHELD = "protected", "declared immutable", "the same in the whole reference", "not held by the reference"
"""Why an input does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What may change of one input.

    Parameters
    ----------
    fixed
        Why it may not change at all; "" where it may.
    direction
        1: a number can only grow, -1: only shrink, 0: both.
    low, high, whole, spread
        Of a number: its range, whether it stays whole, and the size of one unit of distance.
    levels, observed
        Of a text: the levels that codes stand for; only the first `observed` of them, the reference's, can be changed to.
    """

    name: str
    fixed: str = ""
    direction: int = 0
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    spread: float = 1.0
    levels: tuple[str, ...] | None = None
    observed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The same for a reader; a range that is open on a side says nothing there."""
        if self.levels is not None:
            return {"column": self.name, "fixed": self.fixed, "levels": list(self.levels[: self.observed])}
        ends = {name: value for name, value in (("low", self.low), ("high", self.high)) if math.isfinite(value)}
        return {"column": self.name, "fixed": self.fixed, "direction": self.direction, "whole": self.whole, "spread": self.spread} | ends


@dataclass(frozen=True, kw_only=True)
class Space:
    """Rows as numbers [row, input]: a number as it is, a level as its code, a missing value as NaN; and which of them can be reached.

    Arrays named `x0` hold rows as they were logged, `x` the same rows changed; both have one line a row and one column an input.
    """

    changes: tuple[Change, ...]
    places: dict[str, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {change.name: place for place, change in enumerate(self.changes)})

    @cached_property
    def numeric(self) -> Flags:
        """[input] which are numbers."""
        return np.asarray([change.levels is None for change in self.changes], dtype=np.bool_)

    @cached_property
    def free(self) -> Flags:
        """[input] which may change."""
        return np.asarray([not change.fixed for change in self.changes], dtype=np.bool_)

    @cached_property
    def spread(self) -> Floats:
        """[input] one unit of distance; 1 for levels."""
        return np.asarray([change.spread for change in self.changes], dtype=np.float64)

    @cached_property
    def whole(self) -> Flags:
        """[input] which stay whole numbers; levels' codes are."""
        return np.asarray([change.whole or change.levels is not None for change in self.changes], dtype=np.bool_)

    def encode(self, table: pa.Table) -> Floats:
        """The rows as numbers; a level that is not among an input's levels is taken for missing."""
        columns = []
        for change in self.changes:
            column = table.column(change.name)
            if change.levels is None:
                x = np.asarray(column.cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)
                columns.append(np.where(np.isfinite(x), x, np.nan))
            else:
                code = {level: float(place) for place, level in enumerate(change.levels)}
                codes = (np.nan if text is None else code.get(text, np.nan) for text in _texts(column))
                columns.append(np.fromiter(codes, dtype=np.float64, count=table.num_rows))
        return np.stack(columns, axis=1) if columns else np.zeros((table.num_rows, 0))

    def decode(self, base: pa.Table, x: Floats, *, x0: Floats | None = None) -> pa.Table:
        """Rows that a model can be asked about: `base` with every changed value in the type that was logged; what is the same stays exact.

        `base` has one line for each of `x`; `x0` is its encoding, where that is at hand.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        before = self.encode(base) if x0 is None else x0
        for place, change in enumerate(self.changes):
            changed = np.isfinite(x[:, place]) & (x[:, place] != before[:, place])
            if not changed.any():
                continue
            position = base.schema.get_field_index(change.name)
            logged = base.column(position).combine_chunks()
            kind = logged.type.value_type if pa.types.is_dictionary(logged.type) else logged.type
            if change.levels is None:
                new = pa.array(np.where(changed, x[:, place], 0.0)).cast(kind, safe=False)
            else:
                codes = np.where(changed, x[:, place], 0.0).astype(np.int64)
                new = pa.array(np.asarray(change.levels, dtype=object)[codes].tolist(), pa.string()).cast(kind)
            merged = pc.if_else(pa.array(changed), new, logged.cast(kind))
            base = base.set_column(position, change.name, merged)
        return base

    def bounds(self, x0: Floats) -> tuple[Floats, Floats]:
        """The smallest and largest number that each input of each row may become; of levels and of what is fixed or missing, itself."""
        low, high = x0.copy(), x0.copy()
        for place, change in enumerate(self.changes):
            if change.fixed or change.levels is not None:
                continue
            if change.direction <= 0:
                low[:, place] = np.fmin(x0[:, place], change.low)
            if change.direction >= 0:
                high[:, place] = np.fmax(x0[:, place], change.high)
        missing = ~np.isfinite(x0)
        low[missing], high[missing] = np.nan, np.nan
        return low, high

    def project(self, x0: Floats, x: Floats) -> Floats:
        """The nearest possible rows: numbers clipped to their bounds and rounded where they stay whole, impossible levels taken back."""
        low, high = self.bounds(x0)
        found = np.where(self.numeric, np.clip(np.where(np.isfinite(x), x, x0), low, high), x)
        found = np.where(self.whole & (found != x0), np.clip(np.round(found), np.ceil(low), np.floor(high)), found)
        for place, change in enumerate(self.changes):
            if change.levels is not None:
                code = x[:, place]
                possible = np.isin(code, self.levels_to(place)) & np.isfinite(x0[:, place])
                found[:, place] = np.where(possible, code, x0[:, place])
        return np.where(np.isfinite(x0), found, np.nan)

    def feasible(self, x0: Floats, x: Floats) -> Flags:
        """[row] whether every change of the row is possible."""
        return np.asarray((np.isclose(self.project(x0, x), x, rtol=1e-12, atol=0, equal_nan=True)).all(axis=1))

    def moves(self, x0: Floats, x: Floats) -> Floats:
        """[row, input] signed moves in spreads; 1 for a level that changed; 0 for what is missing."""
        moved = np.where(self.numeric, (x - x0) / self.spread, (x != x0).astype(np.float64))
        return np.where(np.isfinite(x0) & np.isfinite(x), moved, 0.0)

    def distance(self, x0: Floats, x: Floats, *, order: float = 2.0) -> Floats:
        """[row] size of the whole change: (Σ |move|^order)^(1/order); the Euclidean distance unless said otherwise, the sum for order 1."""
        moved = np.abs(self.moves(x0, x))
        return np.asarray(np.linalg.norm(moved, ord=order, axis=1), dtype=np.float64)

    def levels_to(self, place: int) -> Integers:
        """The codes that an input can be changed to; none where it is fixed or a number."""
        change = self.changes[place]
        return np.arange(0 if change.fixed or change.levels is None else change.observed, dtype=np.int64)

    def to_json(self) -> list[dict[str, Any]]:
        """What may change of each input."""
        return [change.to_json() for change in self.changes]


def space(model: ModelConfig, evidence: Evidence, names: Sequence[str], table: pa.Table) -> Space:
    """What may change of these inputs of the model; `table` has the rows as logged, whose types and own levels are kept."""
    return Space(changes=tuple(_change(model, evidence, name, table.column(name)) for name in names))


def _change(model: ModelConfig, evidence: Evidence, name: str, column: Any) -> Change:
    import pyarrow as pa

    declared = model.model
    grid = evidence.bins.by_name.get(name)
    immutable = declared is not None and name in declared.immutable
    guarded = name in model.attributes
    fixed = PROTECTED if guarded else DECLARED if immutable else ""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not number:
        observed = grid.levels if isinstance(grid, CategoricalBins) else ()
        own = dict.fromkeys(text for text in _texts(column) if text is not None)
        return Change(
            name=name, fixed=fixed or ("" if len(observed) > 1 else CONSTANT if observed else UNHELD),
            levels=tuple(dict.fromkeys([*observed, *own])), observed=len(observed),
        )  # fmt: skip
    whole = pa.types.is_integer(kind)
    if not isinstance(grid, NumericBins):
        return Change(name=name, fixed=fixed or UNHELD, whole=whole)
    spread = spread_of(grid)
    low, high = grid.low, grid.high
    if declared is not None and name in declared.ranges:
        low, high = declared.ranges[name]
    way = None if declared is None else declared.monotone.get(name)
    return Change(
        name=name, fixed=fixed or ("" if spread > 0 else CONSTANT), direction={"up": 1, "down": -1}.get(way or "", 0), low=low, high=high,
        whole=whole or all(float(x).is_integer() for x in (grid.low, grid.high, *grid.deciles)), spread=spread or 1.0,
    )  # fmt: skip


def spread_of(grid: NumericBins) -> float:
    """One unit of distance of a number: (q90 - q10) / 2.563 of the reference, its standard deviation where deciles coincide."""
    deciles = grid.deciles
    return (deciles[-1] - deciles[0]) / TENTHS if len(deciles) == 9 else grid.deviation


def _texts(column: Any) -> list[str | None]:
    """Levels as the tallies name them: whole numbers without a decimal point, flags in small letters."""
    return column.cast("string").to_pylist()  # type: ignore[no-any-return]
