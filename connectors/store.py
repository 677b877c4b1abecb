"""Judge and store one scan, in the open transaction: accepted rows, duplicates, quarantined rows, outcomes and partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors import arrivals, layout
from connectors.base import Batch, Scan
from connectors.columns import NOUNS, converted, moment, nonfinite, present, raw, source_column, unconvertible
from connectors.config import ModelConfig
from connectors.schema import BATCH, KEY, LINE, NONFINITE, OWN_PREFIX, PARTITION, ROW, TIME, columns_of, literal, one, quote, quoted, table
from connectors.validate import check_columns, roles_of
from connectors.widen import Widening, create

if TYPE_CHECKING:
    import duckdb

    from connectors.config import Config

SHOWN_ROW = 10_000  # characters of a quarantined row that are kept
FUTURE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of a scan's rows; received = accepted + duplicate + quarantined."""

    received: int
    accepted: int
    duplicate: int
    quarantined: int
    outcomes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One way for a row to be refused; the reason begins with `before`, then the value, then `after`."""

    column: str
    test: str
    before: str
    value: str | None
    after: str


class Store:
    """Stores the scans of one batch."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, config: Config, model: ModelConfig, now: datetime, *, alone: bool) -> None:
        self._connection, self._config, self._model, self._now = connection, config, model, now
        self._alone = alone  # whether this batch is all there is to read now
        self._outcomes = table(model.name, "outcomes")
        self._predictions = table(model.name, "predictions")

    def store(self, scan: Scan, batch: Batch, number: int) -> Counts:
        """Store one scan under a batch number.

        Raises
        ------
        UsageError
            A configured column is missing, or a numeric role holds text.
        """
        where = batch.path
        create(self._connection, self._model)
        if batch.columns() is None and scan.rows:
            scan = self._complete(scan, batch)
        bad = self._bad_lines(scan, batch, number)
        if scan.rows == 0:
            return Counts(received=bad, accepted=0, duplicate=0, quarantined=bad, outcomes=0)
        widening = Widening(self._connection, self._model, scan, where)
        if batch.rows == "outcomes":
            counts = self._outcome_rows(scan, batch, number, widening)
        else:
            counts = self._prediction_rows(scan, batch, number, widening)
        for name in ("candor_stage", "candor_repeats", "candor_numbered", "candor_fresh", "candor_new"):
            self._connection.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
        return Counts(
            received=counts.received + bad,
            accepted=counts.accepted,
            duplicate=counts.duplicate,
            quarantined=counts.quarantined + bad,
            outcomes=counts.outcomes,
        )

    def _complete(self, scan: Scan, batch: Batch) -> Scan:
        """Give a scan without a header the columns that no row of this stretch happens to have."""
        roles = self._model.columns
        stored = columns_of(self._connection, self._model.name, "predictions")
        known = {*scan.types, *stored, roles.outcome, roles.outcome_time} - {None}
        check_columns(
            self._config, self._model, batch.rows, batch.path, [c for c in known if c is not None and not c.startswith(OWN_PREFIX)]
        )
        absent = [c for c in roles_of(self._model, batch.rows) if c not in scan.types]
        for column in dict.fromkeys(absent):
            self._connection.execute(f"ALTER TABLE {scan.relation} ADD COLUMN {quote(column)} VARCHAR")
        return replace(scan, types={**scan.types, **dict.fromkeys(absent, "VARCHAR")})

    # -- predictions, with or without outcomes

    def _prediction_rows(self, scan: Scan, batch: Batch, number: int, widening: Widening) -> Counts:
        roles = self._model.columns
        late = {c for c in (roles.outcome, roles.outcome_time) if c is not None} - ({roles.time} if roles.time else set())
        key_type = widening.key()
        targets = widening.predictions([c for c in scan.types if c not in late], key_type)
        takes = roles.outcome is not None and roles.outcome in scan.types and batch.rows != "predictions"
        outcome = widening.outcome() if takes else None
        checks = self._checks(scan, targets, outcome, self._key(scan, number, key_type))
        version = "CAST(NULL AS VARCHAR)" if roles.version is None else converted(roles.version, *targets[roles.version])
        time = "CAST(NULL AS TIMESTAMP)" if roles.time is None else moment(roles.time, scan.types[roles.time])
        self._stage(scan, number, checks, key_type, version, time)
        self._find_repeats(table_too=True)
        unit = self._unit(whole=self._alone and scan.complete)
        accepted = layout.number(self._connection, self._model, unit, reference_source=batch.rows == "reference")
        names = list(targets)
        values = [f"{converted(c, *targets[c])} AS {quote(c)}" for c in names]
        self._connection.execute(
            f"INSERT INTO {self._predictions} ({quoted([*names, ROW, PARTITION, BATCH, LINE, KEY, TIME, NONFINITE])})"
            f' SELECT {", ".join([*values, ""])} n."row", n.partition, {number}, s.{quote(LINE)},'
            f" {self._key(scan, number, key_type)}, {time}, {nonfinite(targets)}"
            f" FROM {scan.relation} s JOIN {layout.NUMBERED} n ON s.{quote(LINE)} = n.line",
            [self._model.name],
        )
        arrivals.rows_arrived(self._connection, self._model.name, number, self._now, identified=roles.id is not None)
        header = batch.columns() is not None
        arrivals.columns_arrived(self._connection, self._model.name, number, scan, targets, widening.profiles, header=header)
        outcomes = self._take_outcomes(scan, number, outcome, key_type) if outcome is not None else 0
        quarantined = self._quarantine(scan, batch, number, checks)
        return Counts(
            received=scan.rows,
            accepted=accepted,
            duplicate=scan.rows - accepted - quarantined,
            quarantined=quarantined,
            outcomes=outcomes,
        )

    def _unit(self, *, whole: bool) -> str:
        """The present bucket unit; before the first row it is chosen from the waiting rows when they are the whole log.

        Otherwise days are the best guess: a log of more than 60 hours would have to be numbered again if it began with hours.
        """
        found = layout.stored_layout(self._connection, self._model.name)
        if found is not None:
            return found[1]
        window = self._model.window
        if window is None and self._model.columns.time is not None and not whole:
            window = "1d"
        elif window is None and self._model.columns.time is not None:
            span = one(self._connection.execute('SELECT min("time"), max("time") FROM candor_stage WHERE problem IS NULL'))
            window = layout.window_for(*span) if span is not None and span[0] is not None else "1d"
        unit = layout.unit_of(window or layout.DEFAULT_ROWS)
        layout.record_layout(self._connection, self._model, unit)
        return unit

    # -- outcomes alone

    def _outcome_rows(self, scan: Scan, batch: Batch, number: int, widening: Widening) -> Counts:
        key_type = widening.key()
        outcome = widening.outcome()
        checks = self._checks(scan, {}, outcome, self._key(scan, number, key_type))
        self._stage(scan, number, checks, key_type, "CAST(NULL AS VARCHAR)", "CAST(NULL AS TIMESTAMP)")
        quarantined = self._quarantine(scan, batch, number, checks)
        outcomes = self._take_outcomes(scan, number, outcome, key_type)
        arrivals.outcomes_arrived(self._connection, self._model.name, number)
        # A row whose outcome is not known yet is accepted: there is nothing in it to repeat.
        unknown = self._count(
            f"FROM candor_stage t JOIN {scan.relation} s ON s.{quote(LINE)} = t.line"
            f" WHERE t.problem IS NULL AND ({self._outcome_value(outcome)}) IS NULL"
        )
        accepted = outcomes + unknown
        return Counts(
            received=scan.rows,
            accepted=accepted,
            duplicate=scan.rows - accepted - quarantined,
            quarantined=quarantined,
            outcomes=outcomes,
        )

    def _outcome_value(self, outcome: tuple[str, str]) -> str:
        return converted(self._model.columns.outcome or "", *outcome)

    def _take_outcomes(self, scan: Scan, number: int, outcome: tuple[str, str], key_type: str) -> int:
        """Store the outcomes that become known with this scan and mark the predictions they belong to."""
        late = self._model.columns.outcome_time
        time = "CAST(NULL AS TIMESTAMP)" if late is None or late not in scan.types else moment(late, scan.types[late])
        known = f"FROM {scan.relation} s JOIN candor_stage t ON s.{quote(LINE)} = t.line WHERE t.problem IS NULL AND"
        values = f"t.key, t.line, {self._outcome_value(outcome)} AS outcome, {time} AS outcome_time"
        found = f"SELECT {values} {known} ({self._outcome_value(outcome)}) IS NOT NULL"
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE candor_new AS {found}")
        if self._model.columns.id is not None:
            self._connection.execute(
                "DELETE FROM candor_new AS n USING (SELECT key, min(line) AS first FROM candor_new GROUP BY key HAVING count(*) > 1) t"
                " WHERE n.key = t.key AND n.line > t.first"
            )
            # Joined this way round, the hash table is as small as the scan, however many outcomes are stored.
            self._connection.execute(
                f"DELETE FROM candor_new WHERE key IN (SELECT n.key FROM {self._outcomes} o JOIN candor_new n ON o.{quote(KEY)} = n.key)"
            )
        self._connection.execute(
            f"INSERT INTO {self._outcomes} ({quote(KEY)}, outcome, outcome_time, {quote(BATCH)})"
            f" SELECT key, outcome, outcome_time, {number} FROM candor_new"
        )
        clean = one(
            self._connection.execute("SELECT count(*) FROM candor.partitions WHERE model = ? AND NOT outcome_dirty", [self._model.name])
        )
        if clean is not None and clean[0] and self._model.columns.id is not None:
            self._connection.execute(
                "UPDATE candor.partitions SET outcome_dirty = TRUE WHERE model = ? AND NOT outcome_dirty AND partition IN"
                f" (SELECT DISTINCT p.{quote(PARTITION)} FROM {self._predictions} p JOIN candor_new n ON p.{quote(KEY)} = n.key)",
                [self._model.name],
            )
        return self._count("FROM candor_new")

    # -- judging rows

    def _key(self, scan: Scan, number: int, key_type: str) -> str:
        column = self._model.columns.id
        if column is None:
            return f"'{number}:' || s.{quote(LINE)}"
        value = raw(column, scan.types[column], key_type)
        return f"CASE WHEN trim({value}) <> '' THEN {value} END" if key_type == "VARCHAR" else value

    def _checks(self, scan: Scan, targets: dict[str, tuple[str, str]], outcome: tuple[str, str] | None, key: str) -> list[_Check]:
        roles = self._model.columns
        checks: list[_Check] = []
        if roles.id is not None:
            checks.append(_Check(column=roles.id, test=f"({key}) IS NULL", before="the id is missing", value=None, after=""))
        for column in (roles.time if targets else None, roles.outcome_time if outcome else None):
            if column is not None and column in scan.types:
                checks += self._time_checks(column, scan.types[column], must=column == roles.time)
        if outcome is not None and roles.outcome is not None:
            targets = {**targets, roles.outcome: outcome}
        for column, (source, target) in targets.items():
            test = unconvertible(column, source, target)
            if test is not None and column not in {roles.id, roles.time, roles.outcome_time}:
                shown = f"left(CAST({source_column(column)} AS VARCHAR), 100)"
                checks.append(
                    _Check(column=column, test=test, before=f'column "{column}": \'', value=shown, after=f"' is not {NOUNS[target]}")
                )
        return checks

    def _time_checks(self, column: str, kind: str, *, must: bool) -> list[_Check]:
        value = f"({present(source_column(column))})" if kind == "VARCHAR" else source_column(column)
        time = moment(column, kind)
        limit = (self._now + FUTURE).strftime("%Y-%m-%d %H:%M:%S")
        shown = f"left(CAST({source_column(column)} AS VARCHAR), 100)"
        name = f'column "{column}": '
        checks = [
            _Check(column=column, test=f"{value} IS NOT NULL AND {time} IS NULL", before=f"{name}'", value=shown, after="' is not a time"),
            _Check(column=column, test=f"{time} > TIMESTAMP '{limit}'", before=f"{name}'", value=shown, after="' is in the future"),
        ]
        if must:
            checks.insert(0, _Check(column=column, test=f"{value} IS NULL", before="the time is missing", value=None, after=""))
        return checks

    def _stage(self, scan: Scan, number: int, checks: Sequence[_Check], key_type: str, version: str, time: str) -> None:
        tests = " ".join(f"WHEN {check.test} THEN {position}" for position, check in enumerate(checks))
        problem = f"CASE {tests} END" if tests else "CAST(NULL AS INTEGER)"
        self._connection.execute(
            f'CREATE OR REPLACE TEMP TABLE candor_stage AS SELECT s.{quote(LINE)} AS line, {self._key(scan, number, key_type)} AS "key",'
            f' {version} AS version, {time} AS "time", {problem} AS problem FROM {scan.relation} s'
        )

    def _find_repeats(self, *, table_too: bool) -> None:
        """Lines whose (version, id) is in an earlier line of the scan or in the table."""
        self._connection.execute("CREATE OR REPLACE TEMP TABLE candor_repeats (line BIGINT)")
        if self._model.columns.id is None:
            return
        self._connection.execute(
            'INSERT INTO candor_repeats SELECT s.line FROM candor_stage s JOIN (SELECT "key", version, min(line) AS first FROM candor_stage'
            " WHERE problem IS NULL GROUP BY ALL HAVING count(*) > 1) t"
            ' ON s."key" = t."key" AND s.version IS NOT DISTINCT FROM t.version AND s.line > t.first WHERE s.problem IS NULL'
        )
        version = self._model.columns.version
        known = columns_of(self._connection, self._model.name, "predictions")
        same = "" if version is None else f" AND p.{quote(version)} IS NOT DISTINCT FROM s.version"
        if version is not None and version not in known:
            same = ""
        self._connection.execute(
            f"INSERT INTO candor_repeats SELECT DISTINCT s.line FROM {self._predictions} p JOIN candor_stage s"
            f' ON p.{quote(KEY)} = s."key"{same} WHERE s.problem IS NULL'
        )

    # -- quarantine

    def _bad_lines(self, scan: Scan, batch: Batch, number: int) -> int:
        if scan.bad:
            import pyarrow as pa

            table = pa.table(
                {
                    "line": pa.array([b.line for b in scan.bad], pa.int64()),
                    "column": pa.array([b.column for b in scan.bad], pa.string()),
                    "reason": pa.array([b.reason for b in scan.bad], pa.string()),
                    "row": pa.array([b.row for b in scan.bad], pa.string()),
                }
            )
            self._connection.register("candor_bad", table)
            self._connection.execute(
                'INSERT INTO candor.quarantine SELECT ?, ?, ?, ?, line, "column", reason, "row" FROM candor_bad ORDER BY line',
                [number, self._model.name, batch.source, batch.path],
            )
            self._connection.unregister("candor_bad")
        return len(scan.bad)

    def _quarantine(self, scan: Scan, batch: Batch, number: int, checks: Sequence[_Check]) -> int:
        count = self._count("FROM candor_stage WHERE problem IS NOT NULL")
        if count == 0:
            return 0
        columns = " ".join(f"WHEN {position} THEN {literal(check.column)}" for position, check in enumerate(checks))
        reasons = " ".join(
            f"WHEN {position} THEN {literal(check.before)}" + (f" || {check.value} || {literal(check.after)}" if check.value else "")
            for position, check in enumerate(checks)
        )
        row = ", ".join(f"{quote(c)}: s.{quote(c)}" for c in scan.types)
        self._connection.execute(
            "INSERT INTO candor.quarantine"
            f" SELECT ?, ?, ?, ?, t.line, CASE t.problem {columns} END, CASE t.problem {reasons} END,"
            f" left(CAST(to_json({{{row}}}) AS VARCHAR), {SHOWN_ROW})"
            f" FROM {scan.relation} s JOIN candor_stage t ON s.{quote(LINE)} = t.line WHERE t.problem IS NOT NULL ORDER BY t.line",
            [number, self._model.name, batch.source, batch.path],
        )
        return count

    def _count(self, rest: str) -> int:
        row = one(self._connection.execute(f"SELECT count(*) {rest}"))
        return 0 if row is None else int(row[0])
