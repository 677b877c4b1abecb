"""What `candor.toml` says of the model itself: where it is, what may be changed in its inputs, and what must hold of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

SURROGATE: Final = "surrogate"
FORMATS = ("onnx", "lightgbm", "xgboost", "skops", "mlflow", "http", SURROGATE)
PROBES = ("what-if", "multivariate", "explain", "robustness", "attacks")
"""What an audit may read rows for, as the configuration and the options of `candor audit` name it."""

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """The model itself, for explanations and attacks: a file or an address; "surrogate" where one is trained on the logged scores.

    Parameters
    ----------
    version, versions
        The version in the log that the file is (None: all of them), and files of further versions.
    output
        Which output is the probability of the positive outcome: a position or a class label; None where the model says it.
    tolerance
        The largest distance between a logged score and the model's answer that still is a match.
    timeout, memory
        What one answer may take: time, and bytes.
    protocol, name, token_env
        Of an address: how it is asked, the model's name there, and the environment variable that holds a bearer token.
    trusted
        Types in a skops file that the user has reviewed and trusts, beyond Candor's own list.
    immutable, monotone, ranges
        What nobody can change, what can be changed in one direction only, and values that are possible.
    """

    format: str = SURROGATE
    path: Path | None = None
    url: str | None = None
    version: str | None = None
    versions: Mapping[str, Path] = field(default_factory=dict)
    output: int | str | None = None
    tolerance: float = 0.001
    timeout: timedelta = timedelta(seconds=30)
    memory: int = 2_000_000_000
    protocol: str = "json"
    name: str | None = None
    token_env: str | None = None
    trusted: tuple[str, ...] = ()
    immutable: tuple[str, ...] = ()
    monotone: Mapping[str, Direction] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A metamorphic rule: what the score must do when columns change.

    Parameters
    ----------
    kind
        "invariant": the score stays within `by`. "monotone": it never goes against `direction` by more than `by`. "directional": it goes
        `by` at least in `direction`.
    change
        "+10%", "-5%", "+1000", "*2", "=web", "typo", "case", "space".
    """

    name: str
    kind: Literal["invariant", "monotone", "directional"]
    columns: tuple[str, ...]
    change: str
    direction: Direction | None = None
    by: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """What must never be seen in the log, as a condition on its columns."""

    name: str
    never: str
    severity: str = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The sentence told to a person when a column's low, or high, value counted against them."""

    low: str
    high: str
