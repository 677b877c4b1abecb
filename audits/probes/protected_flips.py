"""What a decision would have been for the same person with another protected attribute, everything else left as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.probes.deciders import Decider
from audits.probes.model_rows import ModelRows, Texts
from audits.slices import OTHER, UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LEVELS = 10
"""Levels of an attribute that are tried, the most frequent ones."""


def inputs(decider: Decider, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """The protected attributes that the model is given."""
    return tuple(name for name in attributes if name in decider.scorer.names and name in decider.rows.levels)


def protected_flips(decider: Decider, name: str) -> tuple[Floats, dict[str, Any]]:
    """Of each row, 1 where some other level of one attribute, and nothing else, changes the decision; 0 where none does.

    A level stands for what most of its rows hold; of a grouped number, for a middle one of its values. Rows whose own level is unknown take
    no part. The second part says, by level, which share of all rows would be decided favorably if they all had it.
    """
    levels = decider.rows.levels[name]
    any_flip = np.where(_known(levels) & np.isfinite(decider.decided), 0.0, np.nan)
    said: dict[str, Any] = {"levels": [], "favorable": [], "n": []}
    for level, value in representatives(decider.rows, name).items():
        after = decider.decide(with_value(decider.rows.table, name, value))
        flip = decider.flipped(after)
        other = (levels != level) & np.isfinite(flip)
        any_flip = np.where(other & np.isfinite(any_flip), np.maximum(any_flip, np.nan_to_num(flip)), any_flip)
        adverse = decider.cut_off.adverse(after)
        held = np.isfinite(adverse)
        if held.any():
            said["levels"].append(level)
            said["favorable"].append(float(1 - adverse[held].mean()))
            said["n"].append(int(held.sum()))
    return any_flip, said


def representatives(rows: ModelRows, name: str) -> dict[str, Any]:
    """The value that stands for each known level of an attribute, most frequent levels first."""
    levels = rows.levels[name]
    found, counts = np.unique(levels[_known(levels)].astype(str), return_counts=True)
    chosen = found[np.argsort(-counts, kind="stable")][:MOST_LEVELS].tolist()
    column = rows.table.column(name).to_pylist()
    return {level: _middle([column[place] for place in np.flatnonzero(levels == level)]) for level in chosen}


def _middle(values: list[Any]) -> Any:
    held = [value for value in values if value is not None]
    if held and isinstance(held[0], (int, float)) and not isinstance(held[0], bool):
        return sorted(held)[len(held) // 2]
    return max(dict.fromkeys(held), key=held.count) if held else None


def with_value(table: pa.Table, name: str, value: Any) -> pa.Table:
    """The rows with one column the same everywhere, of the type that was logged."""
    import pyarrow as pa

    kind = table.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return table.set_column(table.schema.get_field_index(name), name, pa.repeat(pa.scalar(value, kind), table.num_rows))


def _known(levels: Texts) -> Any:
    return (levels != UNKNOWN) & (levels != OTHER)
