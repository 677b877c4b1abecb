"""What a planted fault is and what it is given: a log as NumPy columns, and where in it the fault acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from connectors.config import Columns, Value

    Log = dict[str, NDArray[Any]]
    """The user's column name -> values, all of one length; numbers miss as NaN, anything else as None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a fault acts, and on what.

    Parameters
    ----------
    roles
        Which column is the time, the score and so on.
    since
        The fault acts on rows made from then on: `after` marks them.
    numeric, second
        The numeric features that faults about one or two of them act on; None where the log has none.
    text
        The feature of categories that faults about categories act on.
    features
        All features.
    favorable
        The outcome that benefits the person.
    """

    roles: Columns
    since: np.datetime64
    after: NDArray[np.bool_]
    rng: np.random.Generator
    numeric: str | None
    second: str | None
    text: str | None
    features: tuple[str, ...]
    favorable: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that can be planted in any log that has what it `needs`.

    Parameters
    ----------
    says
        What it does, in one line.
    cause
        The kind of cause that a diagnosis should name (`audits.causes`); naming one of `also` is right too.
    rule
        The measure that should notice it first.
    needs
        What the log must have: names of roles ("time", "score", "outcome" ...), "numeric", "two numeric", "text", or "two versions".
    function
        From the log and the scene to the log with the fault; the log given is not changed.
    """

    name: str
    says: str
    cause: str
    rule: str
    function: Callable[[Log, Scene], Log]
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = field(default=())

    def lacking(self, log: Log, scene: Scene) -> str | None:
        """What the log lacks for this fault; None when nothing."""
        roles = scene.roles.named()
        has: Mapping[str, bool] = {
            "numeric": scene.numeric is not None, "two numeric": scene.second is not None, "text": scene.text is not None,
            "two versions": _several(log, roles.get("version")),
        }  # fmt: skip
        return next((need for need in self.needs if not has.get(need, roles.get(need) in log)), None)


def _several(log: Log, column: str | None) -> bool:
    return column in log and len(set(log[column].tolist()) - {None}) > 1


def kept(log: Log, rows: NDArray[Any]) -> Log:
    """The rows of a mask, or at places, in their order."""
    return {name: values[rows] for name, values in log.items()}


def changed(log: Log, column: str, rows: NDArray[np.bool_], values: NDArray[Any]) -> Log:
    """The log with other values of one column in some rows; whole numbers and booleans become able to be missing."""
    import numpy as np

    old = log[column]
    kind = np.result_type(old.dtype, np.asarray(values).dtype) if "O" not in (old.dtype.kind, np.asarray(values).dtype.kind) else object
    new = old.astype(kind)
    new[rows] = values
    return {**log, column: new}


def known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values are not missing."""
    import numpy as np

    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values))
    if values.dtype.kind == "M":
        return np.asarray(~np.isnat(values))
    if values.dtype.kind == "O":
        return np.asarray([value is not None and value == value for value in values], dtype=bool)  # NaN differs from itself
    return np.ones(len(values), dtype=bool)


def is_numeric(values: NDArray[Any]) -> bool:
    """Whether a column holds numbers with more than two values."""
    import numpy as np

    return values.dtype.kind in "iuf" and len(np.unique(values[known(values)][:5_000])) > 2
