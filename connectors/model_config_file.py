"""Parse what `candor.toml` says of the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictStr

from connectors import config_values as values
from connectors.config_parts import Column, Number, Part, Scalar
from connectors.errors import UsageError, nearest
from connectors.invariant_grammar import parse
from connectors.model_config import PROBES, SURROGATE, Direction, Invariant, ModelFile, Reason, Rule
from connectors.rule_change import parse_change


def _probe(value: str) -> str:
    if value not in PROBES:
        raise ValueError(f'"{value}" is nothing that an audit reads rows for; {nearest(value, PROBES)}')
    return value


def _never(value: str) -> str:
    parse(value)
    return value


def _change(value: str) -> str:
    parse_change(value)
    return value


def _name(value: str) -> str:
    if not value.strip():
        raise ValueError("a name cannot be empty")
    return value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError('no model answers in no time; write how long one answer may take, such as "30s"')
    return value


def _sentences(value: object) -> object:
    return {"low": value, "high": value} if isinstance(value, str) else value


def _one(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[StrictStr, AfterValidator(_name)]
Probe = Annotated[StrictStr, AfterValidator(_probe)]
Probes = Annotated[tuple[Probe, ...], BeforeValidator(_one)]


class ModelFilePart(Part):
    """[models.X.model]"""

    format: Literal["onnx", "lightgbm", "xgboost", "skops", "mlflow", "http", "surrogate"] = SURROGATE
    path: StrictStr | None = None
    url: StrictStr | None = None
    version: StrictStr | None = None
    versions: dict[str, StrictStr] = Field(default_factory=dict)
    output: Scalar | None = None
    tolerance: Annotated[Number, Field(ge=0)] = 0.001
    timeout: Annotated[timedelta, BeforeValidator(values.delay), AfterValidator(_some_time)] = timedelta(seconds=30)
    memory: Annotated[StrictStr, AfterValidator(values.memory)] = "2GB"
    protocol: Literal["json", "kserve-v1", "kserve-v2"] = "json"
    name: StrictStr | None = None
    token_env: StrictStr | None = None
    trusted: tuple[StrictStr, ...] = ()
    immutable: tuple[Column, ...] = ()
    monotone: dict[str, Literal["up", "down"]] = Field(default_factory=dict)
    ranges: dict[str, tuple[Number, Number]] = Field(default_factory=dict)


class RulePart(Part):
    """[[models.X.rules]]"""

    name: Name
    kind: Literal["invariant", "monotone", "directional"]
    columns: Annotated[tuple[Column, ...], BeforeValidator(_one), Field(min_length=1)]
    change: Annotated[StrictStr, AfterValidator(_change)]
    direction: Direction | None = None
    by: Annotated[Number, Field(ge=0)] = 0.0


class InvariantPart(Part):
    """[[models.X.invariants]]"""

    name: Name
    never: Annotated[StrictStr, AfterValidator(_never)]
    severity: Literal["page", "ticket", "info"] = "ticket"


class ReasonPart(Part):
    """[models.X.reasons]: one sentence, or one for low and one for high values."""

    low: StrictStr
    high: StrictStr


Reasons = dict[str, Annotated[ReasonPart, BeforeValidator(_sentences)]]


def model_file_of(where: str, folder: Path, raw: ModelFilePart | None, mapped: bool) -> ModelFile | None:
    """The model file, checked; `mapped` says whether the log has a version column.

    Raises
    ------
    UsageError
        Path and url contradict each other or the format, or versions are named and the log has none.
    """
    if raw is None:
        return None
    key = f"{where}.model"
    _place(key, raw)
    if (raw.version is not None or raw.versions) and not mapped:
        raise UsageError(f"{key}: a version is named but columns.version is not mapped; map one, or take it out")
    if raw.version in raw.versions:
        raise UsageError(f'{key}: version "{raw.version}" has two files, by path and by versions; keep one')
    if raw.versions and raw.path is not None and raw.version is None:
        raise UsageError(f"{key}: path is a file for every version and versions names others; say which one path is with version")
    if isinstance(raw.output, bool | float):
        raise UsageError(f"{key}.output is {raw.output!r}; write a position such as 1 or a class label")
    for name, (low, high) in raw.ranges.items():
        if high < low:
            raise UsageError(f"{key}.ranges.{name} is [{low}, {high}]; the low end comes first")
    both = next((name for name in raw.immutable if name in raw.monotone), None)
    if both is not None:
        raise UsageError(f'{key}: "{both}" is immutable and monotone; keep one of them')
    return ModelFile(
        format=raw.format, path=None if raw.path is None else (folder / raw.path).resolve(), url=raw.url, version=raw.version,
        versions={version: (folder / path).resolve() for version, path in raw.versions.items()}, output=raw.output,
        tolerance=float(raw.tolerance), timeout=raw.timeout, memory=values.memory_bytes(raw.memory), protocol=raw.protocol, name=raw.name,
        token_env=raw.token_env, trusted=raw.trusted, immutable=raw.immutable, monotone=dict(raw.monotone),
        ranges={name: (float(low), float(high)) for name, (low, high) in raw.ranges.items()},
    )  # fmt: skip


def _place(key: str, raw: ModelFilePart) -> None:
    """Refuse a place that does not suit the format."""
    if raw.format == SURROGATE:
        if raw.path is not None or raw.url is not None or raw.versions:
            raise UsageError(f"{key}: a path or url is given but no format; name it: onnx, lightgbm, xgboost, skops, mlflow or http")
        return
    if raw.format == "http":
        if raw.url is None or raw.path is not None or raw.versions:
            raise UsageError(f'{key}: format "http" needs url, and neither path nor versions')
        if not raw.url.startswith(("http://", "https://")):
            raise UsageError(f'{key}.url is "{raw.url}"; it must begin with http:// or https://')
        return
    if raw.url is not None or (raw.path is None and not raw.versions):
        raise UsageError(f'{key}: format "{raw.format}" is a file: give either path or versions, not url')


def rules_of(where: str, raw: tuple[RulePart, ...]) -> tuple[Rule, ...]:
    """The metamorphic rules.

    Raises
    ------
    UsageError
        Two rules have one name, or a rule lacks its direction.
    """
    _once(f"{where}.rules", [each.name for each in raw])
    for position, each in enumerate(raw):
        if (each.direction is None) != (each.kind == "invariant"):
            needs = "has no direction: the score may move neither way" if each.direction else 'needs direction = "up" or "down"'
            raise UsageError(f'{where}.rules[{position}]: the rule "{each.name}" is {each.kind} and {needs}')
        if each.kind == "directional" and not each.by:
            raise UsageError(f'{where}.rules[{position}]: the rule "{each.name}" is directional and needs by, the least move of the score')
    return tuple(
        Rule(name=r.name, kind=r.kind, columns=r.columns, change=r.change, direction=r.direction, by=float(r.by)) for r in raw
    )


def invariants_of(where: str, raw: tuple[InvariantPart, ...]) -> tuple[Invariant, ...]:
    """The declared invariants.

    Raises
    ------
    UsageError
        Two have one name.
    """
    _once(f"{where}.invariants", [each.name for each in raw])
    return tuple(Invariant(name=each.name, never=each.never, severity=each.severity) for each in raw)


def reasons_of(raw: Reasons) -> Mapping[str, Reason]:
    """The sentences of principal reasons, by column."""
    return {column: Reason(low=each.low, high=each.high) for column, each in raw.items()}


def _once(key: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f'{key}: two are called "{twice}"; give each its own name')
