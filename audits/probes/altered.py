"""Rows with their inputs a little off, as they come in practice: noise, rounding, missing values, slips of the pen.

Unlike an attacker's changes these are mistakes of whoever measures or types, so that what is declared immutable, or movable in one
direction only, is not spared. Protected attributes are: see `audits.probes.protected_flips`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.changed_values import changed
from audits.probes.feasible import DECLARED, Flags, Space
from connectors.rule_change import TEXTS, Change

if TYPE_CHECKING:
    import pyarrow as pa

NOISE = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Standard deviations of the noise, in spreads."""
DIGITS = (3, 2, 1)
"""Significant digits that rounding leaves."""
MOST_MISSING = 40
"""Inputs that are left out one at a time, the first ones of the model; a random one of all is left out besides."""


@dataclass(frozen=True, kw_only=True)
class Altered:
    """One way of being off.

    Parameters
    ----------
    kind
        "noise", "rounding", "missing" or "text".
    size
        Of noise in spreads, of rounding in digits; None otherwise.
    columns
        The inputs that are off.
    make
        Gives the rows, and which of them differ from what was logged at all; NaN is no decision about the others.
    """

    name: str
    kind: str
    size: float | None
    columns: tuple[str, ...]
    make: Callable[[], tuple[pa.Table, Flags]]


def alterations(space: Space, table: pa.Table, spared: Sequence[str], *, seed: int) -> Iterator[Altered]:
    """Every way of being off that these inputs allow; noise of all sizes is the same draw, so that its curve is smooth."""
    loose = loosened(space)
    x0 = loose.encode(table)
    names = tuple(change.name for change in space.changes)
    numbers = tuple(change.name for change in loose.changes if change.levels is None and not change.fixed and change.name not in spared)
    if numbers:
        places = np.asarray([loose.places[name] for name in numbers])
        draw = np.random.default_rng(seed).normal(size=(len(x0), len(places)))
        for size in NOISE:
            make = partial(_noisy, loose, table, x0, places, size * draw)
            yield Altered(name=f"noise {size:g}", kind="noise", size=size, columns=numbers, make=make)
        for digits in DIGITS:
            rounds = partial(_rounded, loose, table, x0, places, digits=digits)
            yield Altered(name=f"rounding {digits}", kind="rounding", size=float(digits), columns=numbers, make=rounds)
    left_out = tuple(name for name in names if name not in spared)
    first = np.zeros(table.num_rows, dtype=np.int64)
    for name in left_out[:MOST_MISSING]:
        yield Altered(name=f"missing {name}", kind="missing", size=None, columns=(name,), make=partial(_without, table, (name,), first))
    if len(left_out) > 1:
        chosen = np.random.default_rng([seed, 1]).integers(0, len(left_out), table.num_rows)
        yield Altered(name="missing one", kind="missing", size=None, columns=left_out, make=partial(_without, table, left_out, chosen))
    texts = tuple(name for name in left_out if _is_text(table, name))
    for how in TEXTS if texts else ():
        yield Altered(name=how, kind="text", size=None, columns=texts, make=partial(_slipped, table, texts, Change(how)))


def loosened(space: Space) -> Space:
    """The same inputs with nothing declared about them: they can be measured wrongly all the same."""
    return Space(
        changes=tuple(replace(one, fixed="" if one.fixed == DECLARED else one.fixed, direction=0) for one in space.changes)
    )  # fmt: skip


def rounded(x: Floats, digits: int) -> Floats:
    """Numbers to so many significant digits.

    >>> rounded(np.asarray([12345.0, 0.04567, 0.0]), 2).tolist()
    [12000.0, 0.046, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        power = digits - 1 - np.floor(np.log10(np.abs(x)))
        up, down = 10.0 ** np.maximum(power, 0), 10.0 ** np.maximum(-power, 0)
        return np.where(np.isfinite(x) & (x != 0), np.round(x * up / down) * down / up, x)


def _noisy(space: Space, table: pa.Table, x0: Floats, places: Integers, spreads: Floats) -> tuple[pa.Table, Flags]:
    x = x0.copy()
    x[:, places] += spreads * space.spread[places]
    return _told(space, table, x0, places, space.project(x0, x))


def _rounded(space: Space, table: pa.Table, x0: Floats, places: Integers, *, digits: int) -> tuple[pa.Table, Flags]:
    x = x0.copy()
    x[:, places] = rounded(x0[:, places], digits)
    return _told(space, table, x0, places, x)


def _told(space: Space, table: pa.Table, x0: Floats, places: Integers, x: Floats) -> tuple[pa.Table, Flags]:
    """Every row counts that holds one of these numbers, whether it came out changed or not."""
    return space.decode(table, x, x0=x0), np.isfinite(x0[:, places]).any(axis=1)


def _without(table: pa.Table, names: tuple[str, ...], chosen: Integers) -> tuple[pa.Table, Flags]:
    """Of each row the input at its place in `names` missing; rows where it was missing already do not count."""
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = np.zeros(table.num_rows, dtype=bool)
    for place, name in enumerate(names):
        gone = chosen == place
        if not gone.any():
            continue
        column = table.column(name).combine_chunks()
        counts |= gone & np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), dtype=bool)
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        table = table.set_column(
            table.schema.get_field_index(name), name, pc.if_else(pa.array(gone), pa.scalar(None, plain.type), plain)
        )
    return table, counts


def _slipped(table: pa.Table, names: tuple[str, ...], change: Change) -> tuple[pa.Table, Flags]:
    """Every text of every row written otherwise."""
    import pyarrow.compute as pc

    counts = np.zeros(table.num_rows, dtype=bool)
    for name in names:
        counts |= np.asarray(pc.is_valid(table.column(name)).to_numpy(), dtype=bool)
        table = table.set_column(table.schema.get_field_index(name), name, changed(table.column(name), change))
    return table, counts


def _is_text(table: pa.Table, name: str) -> bool:
    import pyarrow as pa

    kind = table.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
