"""Parse `candor.toml` into checked values; every refusal names file, key, what was found and the nearest valid choice."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from connectors import config_checks
from connectors import config_values as values
from connectors.alert_config_file import (
    AlertsPart,
    ChannelPart,
    ModelAlertsPart,
    RollbackPart,
    WatchPart,
    alerts_of,
    model_alerts_of,
    watch_of,
)
from connectors.config import (
    REGIMES,
    Columns,
    Config,
    Costs,
    ModelConfig,
    Protected,
    Reference,
    Rows,
    Source,
    Task,
    ThresholdOverride,
    WarehouseConfig,
)
from connectors.config_parts import Column, Number, Part, Scalar
from connectors.errors import UsageError, nearest
from connectors.model_config_file import (
    InvariantPart,
    ModelFilePart,
    Probes,
    ReasonPart,
    Reasons,
    RulePart,
    invariants_of,
    model_file_of,
    reasons_of,
    rules_of,
)

_MODEL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

class _Protected(Part):
    column: Column
    edges: Annotated[tuple[Number, ...], AfterValidator(values.edges)] | None = None
    reference: Annotated[StrictStr, BeforeValidator(values.level)] | None = None
    probabilities: dict[str, Column] | None = None


class _Reference(Part):
    until: Annotated[datetime, BeforeValidator(values.moment)] | None = None
    rows: Annotated[StrictInt, Field(gt=0)] | None = None
    version: StrictStr | None = None


class _Columns(Part):
    id: Column | None = None
    time: Column | None = None
    version: Column | None = None
    score: Column | None = None
    decision: Column | None = None
    outcome: Column | None = None
    outcome_time: Column | None = None
    positive: Scalar | None = None
    latency_ms: Column | None = None
    cost: Column | None = None
    energy_wh: Column | None = None
    unit: Column | None = None
    request: Column | None = None
    component: Column | None = None
    prompt_version: Column | None = None
    client: Column | None = None
    weight: Column | None = None
    prediction_low: Column | None = None
    prediction_high: Column | None = None
    error: Column | None = None


class _Source(Part):
    model_config = ConfigDict(extra="allow")  # each kind knows its own keys and refuses the others
    kind: StrictStr = "file"
    path: StrictStr | None = None
    rows: Rows = "both"
    name: StrictStr | None = None


class _Threshold(Part):
    min: Number | None = None
    max: Number | None = None
    min_n: Annotated[StrictInt, Field(ge=1)] | None = None
    severity: Literal["page", "ticket", "info"] | None = None
    rationale: StrictStr | None = None
    source: StrictStr | None = None
    since: Annotated[datetime, BeforeValidator(values.moment)] | None = Field(default=None, alias="from")
    until: Annotated[datetime, BeforeValidator(values.moment)] | None = None


class _Costs(Part):
    true_positive: Number = 0.0
    false_positive: Number = 0.0
    true_negative: Number = 0.0
    false_negative: Number = 0.0


def _protected(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _entries(value: object) -> object:
    return [value] if isinstance(value, dict) else value


def _regime(value: str) -> str:
    if value not in REGIMES:
        raise ValueError(f'"{value}" is no known rule; {nearest(value, REGIMES)}')
    return value


class _Model(Part):
    title: StrictStr | None = None
    task: Task = "binary"
    favorable: Scalar | None = None
    protected: tuple[Annotated[_Protected, BeforeValidator(_protected)], ...] = ()
    segments: tuple[Column, ...] = ()
    features: tuple[Column, ...] | None = None
    window: Annotated[StrictStr, AfterValidator(values.window)] | None = None
    environment: StrictStr = "production"
    label_delay: Annotated[timedelta, BeforeValidator(values.delay)] | None = None
    owner: StrictStr | None = None
    runbook: StrictStr | None = None
    unknown: tuple[StrictStr, ...] = ("", "Unknown")
    reference: _Reference | None = None
    columns: _Columns = Field(default_factory=_Columns)
    model: ModelFilePart | None = None
    rules: tuple[RulePart, ...] = ()
    invariants: tuple[InvariantPart, ...] = ()
    reasons: Reasons = Field(default_factory=dict)
    probes: Probes = ()
    sources: tuple[_Source, ...] = ()
    policy: dict[str, Annotated[tuple[_Threshold, ...], BeforeValidator(_entries)]] = Field(default_factory=dict)
    costs: _Costs | None = None
    regimes: tuple[Annotated[StrictStr, AfterValidator(_regime)], ...] = ()
    alerts: ModelAlertsPart = Field(default_factory=ModelAlertsPart)


class _Spark(Part):
    master: StrictStr


class _Warehouse(Part):
    path: StrictStr = "candor.duckdb"
    engine: Literal["duckdb", "spark"] = "duckdb"
    memory_limit: Annotated[StrictStr, AfterValidator(values.memory)] = "2GB"
    spark: _Spark | None = None


class _File(Part):
    version: Literal[1]
    warehouse: _Warehouse = Field(default_factory=_Warehouse)
    alerts: AlertsPart = Field(default_factory=AlertsPart)
    watch: WatchPart = Field(default_factory=WatchPart)
    models: dict[str, _Model]


def read(path: Path) -> Config:
    """Parse one `candor.toml`; raises UsageError, see `connectors.config.load`."""
    raw = _toml(path)
    try:
        parsed = _File.model_validate(raw)
    except ValidationError as error:
        raise UsageError(_sentence(path, error, raw)) from None
    folder = path.resolve().parent
    seen: dict[str, str] = {}
    for name in parsed.models:
        if not _MODEL_NAME.fullmatch(name):
            raise UsageError(f"{path}: models.{name!r}: a model name has 1 to 64 letters, digits, dots, dashes or underscores")
        if name.casefold() in seen:
            raise UsageError(f'{path}: models "{seen[name.casefold()]}" and "{name}" differ only in case; rename one')
        seen[name.casefold()] = name
    if not parsed.models:
        raise UsageError(f"{path}: no models; write a [models.<name>] section")
    house = parsed.warehouse
    warehouse = WarehouseConfig(
        path=(folder / house.path).resolve(),
        engine=house.engine,
        memory_limit=house.memory_limit,
        memory_bytes=values.memory_bytes(house.memory_limit),
        spark_master=house.spark.master if house.spark else None,
    )
    alerts, watch = alerts_of(path, parsed.alerts, parsed.models), watch_of(path, parsed.watch)
    models = {name: _model(path, folder, name, model) for name, model in parsed.models.items()}
    sharing = sum(model.alerts.budget is None for model in parsed.models.values())
    for name, model in parsed.models.items():
        own = model_alerts_of(
            f"{path}: models.{name}.alerts", folder, model.alerts, shared=alerts.budget.shared(sharing or 1), every=watch.every,
            versions=models[name].columns.version is not None,
        )  # fmt: skip
        models[name] = replace(models[name], alerts=own)
    return Config(
        path=path,
        folder=folder,
        version=parsed.version,
        warehouse=warehouse,
        models=models,
        alerts=alerts,
        watch=watch,
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f'{path}: no such file; write one with "candor init" or name another with -c') from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a folder; name the candor.toml in it with -c") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None


def _sentence(path: Path, error: ValidationError, raw: Mapping[str, Any]) -> str:
    """One sentence for the first refusal, which is the one to correct first."""
    errors = error.errors()
    found = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a misspelt key also leaves its section missing
    where = [str(part) for part in _written(found["loc"], raw) if not str(part).startswith(("function-", "constrained-", "tuple["))]
    scalars = {"bool", "int", "float", "str"}
    scalar = bool(where) and where[-1] in scalars
    while where and where[-1] in scalars:
        where.pop()
    key = ".".join(where)
    if scalar:
        return f"{path}: {key} is {found['input']!r}; it must be one value: a number, a text, true or false"
    if where[-2:-1] == ["protected"]:
        return f'{path}: {key} is {found["input"]!r}; write a column name or {{ column = "age", edges = [25, 46] }}'
    kind = found["type"]
    if kind == "extra_forbidden":
        valid = _fields_at(where[:-1])
        return f'{path}: unknown key "{key}"; {nearest(where[-1], valid)}'
    if kind == "missing":
        return f'{path}: the key "{key}" is missing'
    if kind == "literal_error":
        expected = found.get("ctx", {}).get("expected", "")
        valid = [text.strip("'") for text in re.split(r", | or ", str(expected))]
        return f"{path}: {key} is {found['input']!r}; {nearest(str(found['input']), valid)}"
    message = str(found["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return f"{path}: {key}: {message}"
    return f"{path}: {key} is {found['input']!r}; {message[:1].lower()}{message[1:]}"


def _written(loc: tuple[int | str, ...], raw: object) -> list[int | str]:
    """The place of an error as the file has it: a single table that stands for a list of one has no number there."""
    found: list[int | str] = []
    for part in loc:
        if isinstance(part, int) and isinstance(raw, dict):
            continue
        found.append(part)
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
    return found


def _fields_at(where: list[str]) -> list[str]:
    """The valid keys of the section at `where`, for the nearest-choice hint."""
    sections: list[tuple[str, type[BaseModel]]] = [
        (r"", _File),
        (r"warehouse", _Warehouse),
        (r"warehouse\.spark", _Spark),
        (r"models\.[^/]+/reference", _Reference),
        (r"models\.[^/]+/columns", _Columns),
        (r"models\.[^/]+/model", ModelFilePart),
        (r"models\.[^/]+/rules/\d+", RulePart),
        (r"models\.[^/]+/invariants/\d+", InvariantPart),
        (r"models\.[^/]+/reasons/.*", ReasonPart),
        (r"models\.[^/]+/protected/\d+", _Protected),
        (r"models\.[^/]+/sources/\d+", _Source),
        (r"models\.[^/]+/policy/.*", _Threshold),
        (r"models\.[^/]+/costs", _Costs),
        (r"models\.[^/]+/alerts.*", ModelAlertsPart),
        (r"models\.[^/]+", _Model),
        (r"alerts", AlertsPart),
        (r"alerts\.rollback", RollbackPart),
        (r"alerts\.channels.*", ChannelPart),
        (r"watch", WatchPart),
    ]
    text = ".".join(where[:2]) + "".join(f"/{part}" for part in where[2:])
    for pattern, model in sections:
        if re.fullmatch(pattern, text):
            return [field.alias or key for key, field in model.model_fields.items()]
    return []


def _model(path: Path, folder: Path, name: str, raw: _Model) -> ModelConfig:
    where = f"{path}: models.{name}"
    columns = Columns(**raw.columns.model_dump())
    reference = None
    if raw.reference is not None:
        given = raw.reference.model_dump(exclude_none=True)
        if len(given) != 1:
            raise UsageError(f"{where}.reference: give exactly one of until, rows, version; found {', '.join(given) or 'none'}")
        reference = Reference(**given)
    if reference is not None and any(source.rows == "reference" for source in raw.sources):
        raise UsageError(f'{where}.reference is given, and so is a source with rows = "reference"; keep one of them')
    if reference is not None and reference.until is not None and columns.time is None:
        raise UsageError(f'{where}.reference.until needs a clock; map one with columns.time, or use "rows"')
    if reference is not None and reference.version is not None and columns.version is None:
        raise UsageError(f"{where}.reference.version needs a version column; map one with columns.version")
    if raw.window in values.CALENDAR_WINDOWS and columns.time is None:
        raise UsageError(f'{where}.window is "{raw.window}" but no column is mapped to time; map columns.time or write "5000 rows"')
    sources = tuple(_source(where, position, source, columns) for position, source in enumerate(raw.sources))
    names = [source.name for source in sources]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UsageError(f'{where}.sources: two sources are called "{twice}"; give each its own name')
    protected = tuple(
        Protected(column=p.column, edges=p.edges, reference=p.reference, probabilities=p.probabilities) for p in raw.protected
    )
    model = ModelConfig(
        name=name,
        title=raw.title or name,
        task=raw.task,
        favorable=1 if raw.favorable is None and raw.task not in ("multiclass", "regression") else raw.favorable,
        protected=protected,
        segments=raw.segments,
        features=raw.features,
        window=raw.window,
        environment=raw.environment,
        label_delay=raw.label_delay,
        owner=raw.owner,
        runbook=raw.runbook,
        unknown=raw.unknown,
        reference=reference,
        columns=columns,
        sources=sources,
        policy={key: tuple(ThresholdOverride(**entry.model_dump()) for entry in entries) for key, entries in raw.policy.items()},
        model=model_file_of(where, folder, raw.model, columns.version is not None),
        rules=rules_of(where, raw.rules),
        invariants=invariants_of(where, raw.invariants),
        reasons=reasons_of(raw.reasons),
        probes=raw.probes,
        costs=None if raw.costs is None else Costs(**{key: float(cost) for key, cost in raw.costs.model_dump().items()}),
        regimes=raw.regimes,
    )
    config_checks.check(where, model)
    return model


def _source(where: str, position: int, raw: _Source, columns: Columns) -> Source:
    at = f"{where}.sources[{position}]"
    if raw.kind == "file" and not raw.path:
        raise UsageError(f'{at}: a source of kind "file" needs a path')
    if raw.rows == "outcomes" and (columns.id is None or columns.outcome is None):
        lacking = "id" if columns.id is None else "outcome"
        raise UsageError(f'{at}: rows = "outcomes" are matched by id, but columns.{lacking} is not mapped')
    default = raw.path if raw.path else f"{raw.kind}-{position}"
    return Source(kind=raw.kind, name=raw.name or default, rows=raw.rows, path=raw.path, options=_options(raw))


def _options(raw: _Source) -> Mapping[str, object]:
    return dict(raw.model_extra or {})
