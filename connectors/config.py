"""The values of `candor.toml`, checked: what every other file is given instead of a dictionary.

The contract with users is `interfaces.md`; the parsing and its error messages are in `config_file.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from connectors.alert_config import Alerts, ModelAlerts, Watch
from connectors.errors import UsageError, nearest
from connectors.model_config import Invariant, ModelFile, Reason, Rule

Value = bool | int | float | str
Task = Literal["binary", "multiclass", "regression", "ranking", "text"]
Rows = Literal["predictions", "outcomes", "both", "reference"]

REGIMES: Mapping[str, str] = {
    "nyc144": "New York City Local Law 144",
    "ugesp": "Uniform Guidelines on Employee Selection Procedures",
    "ecoa": "Equal Credit Opportunity Act and Regulation B",
    "sr26_2": "SR 26-2",
    "eu_ai_act": "EU AI Act",
    "nist_ai_rmf": "NIST AI Risk Management Framework",
    "iso42001": "ISO/IEC 42001",
    "colorado_sb26_189": "Colorado SB 26-189",
    "gdpr": "General Data Protection Regulation",
    "canada_aia": "Canada's Algorithmic Impact Assessment",
}
"""Rules that a model may be under."""

NO_IMPUTATION = ("nyc144",)
"""Of these, the ones under which nobody's group may be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A protected column; a numeric one is grouped by `edges` into "<25", "25-45", "46+".

    `reference` is the level that the others are compared with. With `probabilities`, level to column, nobody's group is known: each row
    belongs to each level with the probability that its column holds, and `column` is a name, not a column.
    """

    column: str
    edges: tuple[float, ...] | None = None
    reference: str | None = None
    probabilities: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What drift is judged against: rows before `until` (UTC), the first `rows` rows, or one `version`."""

    until: datetime | None = None
    rows: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The user's column names for the roles that Candor knows; None where the log has no such column."""

    id: str | None = None
    time: str | None = None
    version: str | None = None
    score: str | None = None
    decision: str | None = None
    outcome: str | None = None
    outcome_time: str | None = None
    positive: Value | None = None
    latency_ms: str | None = None
    cost: str | None = None
    energy_wh: str | None = None
    unit: str | None = None
    request: str | None = None
    component: str | None = None
    prompt_version: str | None = None
    client: str | None = None
    weight: str | None = None
    prediction_low: str | None = None
    prediction_high: str | None = None
    error: str | None = None

    def named(self) -> dict[str, str]:
        """Role -> column for every mapped role (`positive` is a value, not a column)."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "positive")
        return {role: column for role, column in pairs if column is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place that rows come from; `options` holds the keys that only its kind knows."""

    kind: str
    name: str
    rows: Rows = "both"
    path: str | None = None
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdOverride:
    """A user's own threshold for one finding name, in force from `since` to before `until`; what is None keeps its default."""

    min: float | None = None
    max: float | None = None
    min_n: int | None = None
    severity: str | None = None
    rationale: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What each kind of decision costs, in units of currency; a gain is negative."""

    true_positive: float = 0.0
    false_positive: float = 0.0
    true_negative: float = 0.0
    false_negative: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One audited model: its log's columns, its groups, its sources and its thresholds."""

    name: str
    title: str
    task: Task = "binary"
    favorable: Value | None = 1
    protected: tuple[Protected, ...] = ()
    segments: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    window: str | None = None
    environment: str = "production"
    label_delay: timedelta | None = None
    owner: str | None = None
    runbook: str | None = None
    unknown: tuple[str, ...] = ("", "Unknown")
    reference: Reference | None = None
    columns: Columns
    sources: tuple[Source, ...] = ()
    policy: Mapping[str, tuple[ThresholdOverride, ...]] = field(default_factory=dict)
    model: ModelFile | None = None
    rules: tuple[Rule, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    probes: tuple[str, ...] = ()
    costs: Costs | None = None
    regimes: tuple[str, ...] = ()
    alerts: ModelAlerts = field(default_factory=ModelAlerts)

    @property
    def positive(self) -> Value | None:
        """The outcome value that the score predicts; the favorable one unless said otherwise."""
        return self.favorable if self.columns.positive is None else self.columns.positive

    @property
    def same(self) -> bool:
        """Whether the value that the score predicts is the favorable one."""
        return str(self.positive) == str(self.favorable)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the protected columns, in the order of the file; what is only known by probabilities is not among them."""
        return tuple(p.column for p in self.protected if p.probabilities is None)

    @property
    def imputed(self) -> Protected | None:
        """The attribute that is only known by probabilities, where one is declared."""
        return next((p for p in self.protected if p.probabilities is not None), None)

    @property
    def assigned(self) -> frozenset[str]:
        """Every column that the configuration gives a part to, features aside; the columns of a score pattern are not resolved."""
        imputed = self.imputed
        held = imputed.probabilities.values() if imputed is not None and imputed.probabilities is not None else ()
        return frozenset({*self.columns.named().values(), *self.attributes, *self.segments, *held})

    def class_columns(self, names: Iterable[str]) -> dict[str, str]:
        """Class label -> the column of its probability, of a multiclass score pattern, in the order of `names`; else nothing.

        A column that has another part, and one of Candor's own, is no class.
        """
        pattern = self.columns.score
        if self.task != "multiclass" or pattern is None:
            return {}
        before, after = pattern.split("*", 1)
        least = len(before) + len(after)
        taken = self.assigned | set(self.features or ())
        fitting = (name for name in names if name.startswith(before) and name.endswith(after) and len(name) > least)
        return {
            name[len(before) : len(name) - len(after)]: name for name in fitting if name not in taken and not name.startswith("candor:")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseConfig:
    """Where the log is kept. `memory_bytes` bounds the whole process, not the database alone."""

    path: Path
    engine: Literal["duckdb", "spark"] = "duckdb"
    memory_limit: str = "2GB"
    memory_bytes: int = 2_000_000_000
    spark_master: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole `candor.toml`; relative paths in it are relative to `folder`."""

    path: Path
    folder: Path
    version: int
    warehouse: WarehouseConfig
    models: Mapping[str, ModelConfig]
    alerts: Alerts = field(default_factory=Alerts)
    watch: Watch = field(default_factory=Watch)

    def model(self, name: str) -> ModelConfig:
        """The model of that name.

        Raises
        ------
        UsageError
            No such model; the sentence names the nearest one.
        """
        if name not in self.models:
            raise UsageError(f'{self.path}: there is no model "{name}"; {nearest(name, self.models)}')
        return self.models[name]


def load(path: str | Path) -> Config:
    """Read and check a `candor.toml`.

    Raises
    ------
    UsageError
        The file is missing or breaks the contract; one sentence names file, key, value and nearest valid choice.
    """
    from connectors.config_file import read

    return read(Path(path))
