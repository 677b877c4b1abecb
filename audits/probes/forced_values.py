"""Values forced upon rows drawn at random, to see whether the model's decision turns to the one that a trigger is said to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.evidence import Evidence
from audits.interval import wilson
from audits.probes.deciders import Decider, OutOfTime, deciders
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 2_000
Values = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """Of `n` rows decided otherwise, the share that the value turned, with Wilson's interval."""

    share: float
    low: float
    high: float
    n: int


def forced(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, asked: Sequence[tuple[Values, int | str]], *,
    progress: Callable[[str], None],
) -> list[Forced | None]:  # fmt: skip
    """For each pair of values and wanted decision (1 favorable, 0 not, or a class) what forcing them does; None where no model is loaded.

    A surrogate is not asked: what it knows of the value it has from the log. The releases' shares come together.
    """
    nothing: list[Forced | None] = [None] * len(asked)
    if model.model is None or model.model.format == "surrogate" or model.task == "regression":
        return nothing
    try:
        with deciders(warehouse, model, evidence, rows=ROWS, progress=progress) as (found, _):
            models = [one for one in found if one.scorer.kind == "model"]
            return [_over(models, values, wanted) for values, wanted in asked] if models else nothing
    except (CandorError, OutOfTime) as error:
        progress(f"{model.name}: {error}")
        return nothing


def _over(models: Sequence[Decider], values: Values, wanted: int | str) -> Forced | None:
    turned, n = 0, 0
    for one in models:
        code = wanted if isinstance(wanted, int) else one.scorer.classes.index(wanted) if wanted in one.scorer.classes else None
        used = [name for name, _ in values if name in one.scorer.names]
        if code is None or not used:
            continue
        others = np.flatnonzero(np.isfinite(one.decided) & (one.decided != code))
        if not len(others):
            continue
        after = one.decide(with_values(one.rows.table.take(others), values))
        known = np.isfinite(after)
        turned, n = turned + int((after[known] == code).sum()), n + int(known.sum())
    if not n:
        return None
    low, high = wilson(turned, n)
    return Forced(share=turned / n, low=float(low), high=float(high), n=n)


def with_values(rows: pa.Table, values: Values) -> pa.Table:
    """The rows with these values in all of them.

    >>> import pyarrow as pa
    >>> with_values(pa.table({"a": [1, 2], "b": ["x", "y"]}), [("a", 9)]).to_pylist()
    [{'a': 9, 'b': 'x'}, {'a': 9, 'b': 'y'}]
    """
    import pyarrow as pa

    for name, value in values:
        if name in rows.column_names:
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pa.array([value] * rows.num_rows, type=rows.column(name).type))
    return rows
