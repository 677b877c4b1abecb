"""Logged columns as a model wants them: found by name, numbers as numbers, categories by their level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from connectors.errors import CandorError, nearest
from connectors.model_parts import Encoding, Floats, Integers, Part

if TYPE_CHECKING:
    import pyarrow as pa


class ModelError(CandorError):
    """A model cannot be read, or does not answer as a model does; one sentence."""


def plain(name: str) -> str:
    """A name as LightGBM writes it into its file, without what differs between two spellings of the same column."""
    return "".join(c if c.isalnum() else "_" for c in name).casefold()


def matched(wanted: Sequence[str], columns: Iterable[str]) -> tuple[str, ...]:
    """For each input of a model the log's column: the same name, or else the only one that differs just in case, spaces and signs.

    Raises
    ------
    ModelError
        The log has no such column.
    """
    present = list(columns)
    held = set(present)
    similar: dict[str, list[str]] = {}
    for name in present:
        similar.setdefault(plain(name), []).append(name)
    found: list[str] = []
    missing: list[str] = []
    for name in wanted:
        alike = similar.get(plain(name), [])
        if name in held:
            found.append(name)
        elif len(alike) == 1:
            found.append(alike[0])
        else:
            missing.append(name)
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ModelError(f"the model wants {listed}, which the log does not have; {nearest(missing[0], present)}")
    return tuple(found)


def encoded(rows: pa.Table, encode: Encoding) -> Floats:
    """[row, numeric column] of the inputs in `rows`; see `Encoding`."""
    inputs = matched([encode.inputs[part.input] for part in encode.parts], rows.column_names)
    out = np.empty((rows.num_rows, sum(len(part.labels) for part in encode.parts)), order="F")
    at = 0
    for part, name in zip(encode.parts, inputs, strict=True):
        end = at + len(part.labels)
        if part.levels is None:
            out[:, at] = _stepped(numbers(rows.column(name), name), part)
        else:
            out[:, at:end] = _looked_up(rows.column(name), part.levels, part)
        at = end
    if encode.single:
        with np.errstate(over="ignore"):
            out = out.astype(np.float32).astype(np.float64)
    return out


def numbers(column: pa.ChunkedArray, name: str) -> Floats:
    """A column as floats: true is 1, missing is NaN, a number written as text is a number.

    Raises
    ------
    ModelError
        It holds something else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = pc.utf8_trim_whitespace(column.cast(pa.string()))
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise ModelError(f'"{name}" is {kind} in the log, where the model takes numbers')
    try:
        floats = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        raise ModelError(f'"{name}" holds the text {_first_text(column)!r}, where the model takes numbers') from None
    return np.asarray(floats.to_numpy(), dtype=np.float64)


def _first_text(column: pa.ChunkedArray) -> str:
    for value in column.unique().to_pylist():
        try:
            float(value if value is not None else 0)
        except ValueError:
            return str(value)[:40]
    return ""


def texts(column: pa.ChunkedArray) -> tuple[list[str | None], Integers]:
    """(the column's values as texts, [row] position among them): 3 and 3.0 are "3", true is "True", missing is None."""
    import pyarrow as pa

    held = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = held if pa.types.is_dictionary(held.type) else held.dictionary_encode(null_encoding="encode")
    values = [text_of(value) for value in coded.dictionary.to_pylist()]
    indices = coded.indices
    if indices.null_count:
        indices = indices.fill_null(len(values))
        values.append(None)
    return values, np.asarray(indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def text_of(value: object) -> str | None:
    """One value of a category as the text that levels are compared by."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def same_label(label: str, wanted: object) -> bool:
    """Whether a class of the model is the one that the configuration names; true and 1 are."""
    text = text_of(wanted)
    return text is not None and (label in (text, str(wanted)) or {label, text} in ({"1", "True"}, {"0", "False"}))


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels as encoders number them: by value where they are numbers, else by alphabet."""
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def _stepped(x: Floats, part: Part) -> Floats:
    return stepped(x, part.steps)


def stepped(x: Floats, steps: Iterable[tuple[str, float]]) -> Floats:
    """The steps of a `Part`, one after the other."""
    for name, value in steps:
        match name:
            case "fill":
                x = np.where(np.isnan(x), value, x)
            case "missing":
                x = np.isnan(x).astype(np.float64)
            case "subtract":
                x = x - value
            case "add":
                x = x + value
            case "multiply":
                x = x * value
            case "divide":
                x = x / value
            case "least":
                x = np.maximum(x, value)
            case "most":
                x = np.minimum(x, value)
            case "whole":
                x = np.trunc(x)
            case "single":
                with np.errstate(over="ignore"):
                    x = x.astype(np.float32).astype(np.float64)
            case _:
                raise ModelError(f"the model takes a step that is not known: {name}")
    return x


def unseen(column: pa.ChunkedArray, part: Part) -> tuple[list[str], NDArray[np.bool_]]:
    """(levels that the model has never seen, [row] whether the model refuses the row for its level)."""
    values, codes = texts(column)
    held = set(part.levels or ())
    new = np.asarray([value is not None and value not in held for value in values], dtype=bool)
    refused = np.asarray(
        [(value is None and part.missing is None) or (bool(new[i]) and part.unseen is None) for i, value in enumerate(values)], dtype=bool
    )
    return sorted({str(values[i]) for i in np.unique(codes) if new[i]}), refused[codes] if len(values) else np.zeros(0, dtype=bool)


def _looked_up(column: pa.ChunkedArray, levels: Sequence[str], part: Part) -> Floats:
    values, codes = texts(column)
    position = {level: i for i, level in enumerate(levels)}
    none = (np.nan,) * len(part.labels)
    lines = np.asarray(
        [
            (part.missing or none) if value is None
            else part.table[position[value]] if value in position
            else (part.unseen or none)
            for value in values
        ],
        dtype=np.float64,
    ).reshape(len(values), len(part.labels))  # fmt: skip
    return lines[codes]
