"""Decide the stored type of every column of a scan, and alter a model's tables so that they can hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from connectors.base import Scan
from connectors.columns import Profile, profile_sql, source_column, stored_type
from connectors.config import ModelConfig
from connectors.errors import CandorError, UsageError
from connectors.schema import BATCH, KEY, LINE, MAX_COLUMNS, NONFINITE, PARTITION, ROW, TIME, columns_of, model_schema, one, quote, table

if TYPE_CHECKING:
    import duckdb

NUMERIC_ROLES = ("score", "latency_ms", "cost", "energy_wh", "weight", "prediction_low", "prediction_high")


def create(connection: duckdb.DuckDBPyConnection, model: ModelConfig) -> None:
    """Create a model's two tables when it has none."""
    if columns_of(connection, model.name, "outcomes"):
        return
    key = "VARCHAR" if model.columns.id is None else "BIGINT"  # widened as soon as an id is not a whole number
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(model_schema(model.name))}")
    connection.execute(
        f"CREATE TABLE {table(model.name, 'predictions')} ({quote(ROW)} BIGINT, {quote(PARTITION)} INTEGER, {quote(BATCH)} INTEGER,"
        f" {quote(LINE)} BIGINT, {quote(KEY)} {key}, {quote(TIME)} TIMESTAMP, {quote(NONFINITE)} VARCHAR[])"
    )
    connection.execute(
        f"CREATE TABLE {table(model.name, 'outcomes')}"
        f" ({quote(KEY)} {key}, outcome VARCHAR, outcome_time TIMESTAMP, {quote(BATCH)} INTEGER)"
    )


class Widening:
    """Fits a model's tables to one scan."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: ModelConfig, scan: Scan, where: str) -> None:
        self._connection, self._model, self._scan, self._where = connection, model, scan, where
        self._profiles: dict[str, Profile] = {}
        self._numeric = self._parts()

    def _parts(self) -> dict[str, str]:
        """Column -> its part in the configuration, for the columns that hold numbers whatever their values look like."""
        model = self._model
        parts = {column: f"the class {label}" for label, column in model.class_columns(self._scan.types).items()}
        imputed = model.imputed
        if imputed is not None and imputed.probabilities is not None:
            parts |= {column: f"the probability of {level}" for level, column in imputed.probabilities.items()}
        roles = model.columns.named()
        if model.task == "multiclass":
            roles.pop("score", None)
        return parts | {roles[role]: role for role in NUMERIC_ROLES if role in roles}

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """What the values of text columns were found to be, for those that had to be looked at."""
        return self._profiles

    def key(self) -> str:
        """The type of the key column, widened to VARCHAR when an id of this scan is not a whole number."""
        column = self._model.columns.id
        stored = columns_of(self._connection, self._model.name, "outcomes")[KEY]
        if column is None or stored == "VARCHAR":
            return "VARCHAR"
        if self._whole(column):
            return "BIGINT"
        self._alter("predictions", KEY, "VARCHAR")
        self._alter("outcomes", KEY, "VARCHAR")
        if column in columns_of(self._connection, self._model.name, "predictions"):
            self._alter("predictions", column, "VARCHAR")
        return "VARCHAR"

    def predictions(self, columns: Sequence[str], key: str) -> dict[str, tuple[str, str]]:
        """Column -> (type in the scan, type in the table) for the given columns; adds and widens table columns."""
        stored = columns_of(self._connection, self._model.name, "predictions")
        folded = {name.casefold(): name for name in stored}
        self._profile([c for c in columns if self._scan.types[c] == "VARCHAR" and self._unsettled(c, stored.get(c))])
        targets: dict[str, tuple[str, str]] = {}
        for column in columns:
            other = folded.get(column.casefold(), column)
            if other != column:
                raise CandorError(f'{self._where}: the column "{column}" differs only in case from "{other}" of earlier files; rename it')
            natural = self._natural(column, key)
            if column not in stored:
                natural = natural or "VARCHAR"
                if len(stored) + len(targets) > MAX_COLUMNS + 100:
                    raise CandorError(f'{self._where}: with "{column}" the log of {self._model.name} has more than {MAX_COLUMNS} columns')
                self._connection.execute(f"ALTER TABLE {table(self._model.name, 'predictions')} ADD COLUMN {quote(column)} {natural}")
                target = natural
            else:
                target = self._widened("predictions", column, stored[column], natural)
            targets[column] = (self._scan.types[column], target)
        return targets

    def outcome(self) -> tuple[str, str]:
        """(Type in the scan, type in the table) of the outcome; widens the table's column."""
        column = self._model.columns.outcome or ""
        self._profile([column] if self._scan.types[column] == "VARCHAR" else [])
        stored = columns_of(self._connection, self._model.name, "outcomes")["outcome"]
        natural = self._natural(column, "VARCHAR")
        natural = "VARCHAR" if natural == "TIMESTAMP" else natural
        return self._scan.types[column], self._widened("outcomes", "outcome", stored, natural, scan_column=column)

    def _unsettled(self, column: str, stored: str | None) -> bool:
        """Whether a text column's values must be looked at: its type is not fixed yet, or may have to widen."""
        if stored in {"DOUBLE", "TIMESTAMP", "BOOLEAN"}:
            return False
        return self._scan.text or column in self._numeric or stored == "BIGINT"

    def _natural(self, column: str, key: str) -> str | None:
        """The type that the scan's values have; None when there are none."""
        roles = self._model.columns
        kind = self._scan.types[column]
        if column == roles.version:
            return "VARCHAR"
        if column == roles.id:
            return key
        if column in self._numeric:
            self._refuse_words(column, self._numeric[column])
            return "DOUBLE"
        if column == roles.outcome and self._model.task == "regression":
            self._refuse_words(column, "the outcome of a regression")
            return "DOUBLE"
        if kind != "VARCHAR":
            return stored_type(kind)
        if not self._scan.text or column in self._scan.strings:
            return "VARCHAR"
        return self._profiles[column].type() if column in self._profiles else None

    def _refuse_words(self, column: str, part: str) -> None:
        profile = self._profiles.get(column)
        if profile is not None and profile.values and profile.numbers < profile.values / 2:
            raise UsageError(
                f'{self._where}: the column "{column}" is mapped to {part} and must hold numbers,'
                f" but {profile.values - profile.numbers} of its {profile.values} values are not numbers"
            )

    def _widened(self, name: str, column: str, stored: str, natural: str | None, *, scan_column: str | None = None) -> str:
        source = scan_column or column
        if natural is None or natural == stored:
            return stored
        if stored == "VARCHAR":
            known = one(self._connection.execute(f"SELECT count({quote(column)}) FROM {table(self._model.name, name)}"))
            forced = column in {self._model.columns.version, self._model.columns.id}
            if known is not None and known[0] == 0 and not forced:
                self._alter(name, column, natural, empty=True)  # so far the column was empty, so its type is fixed only now
                return natural
            return stored
        if stored == "BIGINT" and self._scan.types[source] == "VARCHAR":
            profile = self._profiles.get(source)
            if profile is None or profile.integers == profile.numbers:
                return stored
            self._alter(name, column, "DOUBLE")
            return "DOUBLE"
        if stored == "BIGINT" and natural == "DOUBLE" and not self._whole(source):
            self._alter(name, column, "DOUBLE")
            return "DOUBLE"
        return stored

    def _whole(self, column: str) -> bool:
        """Whether all values of the scan's column are whole numbers that BIGINT holds."""
        kind = self._scan.types[column]
        if kind == "VARCHAR":
            if column in self._scan.strings or not self._scan.text:
                return False
            self._profile([column])
            profile = self._profiles[column]
            return profile.integers == profile.values and profile.codes == 0
        if stored_type(kind) == "BIGINT":
            return True
        if stored_type(kind) != "DOUBLE":
            return False
        value = source_column(column)
        test = f"isfinite(CAST({value} AS DOUBLE)) AND (abs({value}) >= 9007199254740992 OR {value} <> floor({value}))"
        found = one(self._connection.execute(f"SELECT count(*) FILTER ({test}) FROM {self._scan.relation} s"))
        return found is not None and found[0] == 0

    def _profile(self, columns: Sequence[str]) -> None:
        missing = [column for column in columns if column not in self._profiles]
        for start in range(0, len(missing), 50):
            part = missing[start : start + 50]
            row = one(self._connection.execute(f"SELECT {', '.join(map(profile_sql, part))} FROM {self._scan.relation} s"))
            for column, counts in zip(part, row or (), strict=True):
                values, integers, numbers, codes, booleans, times = counts
                self._profiles[column] = Profile(
                    values=values, integers=integers, numbers=numbers, codes=codes, booleans=booleans, times=times
                )

    def _alter(self, name: str, column: str, kind: str, *, empty: bool = False) -> None:
        # Rows that this transaction deletes are still converted: an empty column may hold what was there before.
        using = f" USING TRY_CAST({quote(column)} AS {kind})" if empty else ""
        self._connection.execute(f"ALTER TABLE {table(self._model.name, name)} ALTER COLUMN {quote(column)} TYPE {kind}{using}")
