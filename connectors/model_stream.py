"""Trees and coefficients on their way out of the process that read them, and the checks on what arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_parts import Linear, Trees, described, read_encoding, sound

if TYPE_CHECKING:
    import pyarrow as pa

_INTEGERS = ("left", "right", "default", "feature")
_FLOATS = ("threshold", "value", "cover")


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


def read(said: Mapping[str, Any], table: pa.Table) -> Trees | Linear | None:
    """What `written` wrote; None where it is not sound, for what comes out of that process is believed in nothing."""
    try:
        encode = read_encoding(said["encode"])
        inputs = len(encode.inputs)
        if said["link"] not in ("logit", "identity") or any(not 0 <= part.input < inputs for part in encode.parts):
            return None
        columns = {name: np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in table.column_names}
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
