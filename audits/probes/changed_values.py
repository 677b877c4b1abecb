"""A column with its values changed as a rule says: numbers moved, values set, and slips of the pen in texts."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from connectors.model_columns import numbers
from connectors.rule_change import Change

if TYPE_CHECKING:
    import pyarrow as pa


def changed(column: pa.ChunkedArray, change: Change) -> pa.ChunkedArray:
    """The column with every value changed, of the same type; a missing value stays missing, except that "=value" sets it.

    Whole numbers stay whole: the result of a step in percent is rounded.

    Raises
    ------
    ValueError
        The column's type has no such change; see `connectors.rule_check`.
    """
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if change.how == "set":
        return pa.chunked_array([pa.array([_literal(kind, change.text)] * len(column), type=kind)])
    if change.of_numbers:
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise ValueError(f"a column of type {kind} holds no numbers")
        x = numbers(column, "")
        moved = (
            x * (1 + change.amount / 100) if change.how == "percent" else x + change.amount if change.how == "add" else x * change.amount
        )
        if pa.types.is_integer(kind):
            return pa.chunked_array([pa.array(np.round(moved), from_pandas=True).cast(kind, safe=False)])
        return pa.chunked_array([pa.array(moved, from_pandas=True).cast(kind)])
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise ValueError(f"a column of type {kind} holds no texts")
    coded = column.combine_chunks()
    coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
    slips: dict[str, Callable[[str], str]] = {"typo": mistyped, "case": str.swapcase, "space": lambda text: text + " "}
    written = [None if text is None else slips[change.how](text) for text in coded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(written, type=kind).take(coded.indices)])


def mistyped(text: str) -> str:
    """The text with two neighbouring letters that differ swapped; where a checksum of it says, so that a text always slips the same way.

    A text without such letters has its last letter twice.

    >>> mistyped("nurse"), mistyped("aaa"), mistyped("")
    ('nures', 'aaaa', '')
    """
    places = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
    if not places:
        return text + text[-1:]
    i = places[zlib.crc32(text.encode()) % len(places)]
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _literal(kind: pa.DataType, text: str) -> object:
    """A value as the column's type has it."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return text.strip().lower() == "true"
    if pa.types.is_integer(kind):
        return round(float(text))
    return float(text) if pa.types.is_floating(kind) else text
