"""Trees and coefficients on their way out of the process that read them, and the checks on what arrives."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_parts import Linear, Trees, described, read_encoding, sound

if TYPE_CHECKING:
    import pyarrow as pa

_INTEGERS = ("left", "right", "default", "feature")
_FLOATS = ("threshold", "value", "cover")
_KNOWN = {*_INTEGERS, *_FLOATS, "coefficient"}


def written(parts: Trees | Linear) -> tuple[dict[str, Any], pa.Table]:
    """As JSON and a table: one row a node, or one a coefficient."""
    import pyarrow as pa

    said: dict[str, Any] = {"link": parts.link, "encode": described(parts.encode)}
    if isinstance(parts, Linear):
        said |= {"kind": "linear", "intercept": float(parts.intercept)}
        return said, pa.table({"coefficient": np.asarray(parts.coefficients, dtype=np.float64)})
    said |= {"kind": "trees", "base": float(parts.base), "strict": parts.strict, "offsets": np.asarray(parts.offsets).tolist()}
    columns = {name: np.asarray(getattr(parts, name), dtype=np.int64) for name in _INTEGERS}
    return said, pa.table({**columns, **{name: np.asarray(getattr(parts, name), dtype=np.float64) for name in _FLOATS}})


def numbers(body: bytearray) -> pa.Table | None:
    """The table of an Arrow stream of numbers, which takes no more memory than the stream; None of any other stream.

    Compressed buffers grow when they are read, and several columns may lie in the same bytes: neither comes from `to_stream`.
    """
    import pyarrow as pa

    try:
        for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(body)):
            if message.type != "schema" and (message.type != "record batch" or _compressed(message.metadata.to_pybytes())):
                return None
        table = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
        if any(column.type not in (pa.float64(), pa.int64()) for column in table.schema) or table.nbytes > len(body):
            return None
        table.validate(full=True)
    except (pa.ArrowException, struct.error):
        return None
    return table


def _compressed(header: bytes) -> bool:
    """Whether a record batch's header (flatbuffers: Message, field 2 of which is RecordBatch) has field 3, the compression."""

    def at(table: int, field: int) -> int:
        names = table - struct.unpack_from("<i", header, table)[0]
        (size,) = struct.unpack_from("<H", header, names)
        there = struct.unpack_from("<H", header, names + 4 + 2 * field)[0] if size >= 6 + 2 * field else 0
        return table + int(there) if there else 0

    batch = at(struct.unpack_from("<I", header, 0)[0], 2)
    return at(batch + struct.unpack_from("<I", header, batch)[0], 3) != 0


def read(said: Mapping[str, Any], table: pa.Table) -> Trees | Linear | None:
    """What `written` wrote; None where it is not sound, for what comes out of that process is believed in nothing."""
    try:
        encode = read_encoding(said["encode"])
        inputs = len(encode.inputs)
        if said["link"] not in ("logit", "identity") or any(not 0 <= part.input < inputs for part in encode.parts):
            return None
        columns = {name: np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in table.column_names if name in _KNOWN}
        if said["kind"] == "linear":
            coefficients = columns["coefficient"]
            linear = Linear(coefficients=coefficients, intercept=float(said["intercept"]), link=said["link"], encode=encode)
            fits = len(coefficients) == len(encode.names) and bool(np.isfinite(coefficients).all()) and bool(np.isfinite(linear.intercept))
            return linear if fits else None
        left, right, default, feature = (columns[name].astype(np.int64) for name in _INTEGERS)
        threshold, value, cover = (columns[name] for name in _FLOATS)
        trees = Trees(
            left=left, right=right, default=default, feature=feature, threshold=threshold, value=value, cover=cover,
            offsets=np.asarray(said["offsets"], dtype=np.int64), base=float(said["base"]), link=said["link"], encode=encode,
            strict=bool(said["strict"]),
        )  # fmt: skip
        return trees if np.isfinite(trees.base) and sound(trees) else None
    except (KeyError, TypeError, ValueError, IndexError):
        return None
