"""The figures that causes are read off: of the whole population, in the windows that raised signals speak of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audits.finding import Signal

if TYPE_CHECKING:
    import pyarrow as pa

READ = frozenset({
    "schema_change", "format_change", "mixed_types", "missing_rate_change", "constant_column", "frozen_column", "category_explosion",
    "unseen_category_rate", "out_of_range_rate", "train_serve_skew", "quantile_shift", "drift_evidence", "unexplained_score_shift",
    "concept_drift", "label_arrival", "negative_outcome_arrival", "population_stability_index",
})  # fmt: skip
"""Measures that causes are read off."""

LAGGING = frozenset({"concept_drift", "label_arrival", "negative_outcome_arrival"})
"""Those that speak of outcomes, and so of earlier windows."""

At = dt.datetime | int | None


def order(at: At) -> tuple[int, Any]:
    """The order of windows by their start, a time or a row; what has none comes first."""
    return (0, 0) if at is None else (2, at) if isinstance(at, int) else (1, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure about a column, or about the whole log, in one window."""

    name: str
    column: str | None
    value: float | None
    low: float | None
    high: float | None
    unit: str
    tables: Mapping[str, Any] = field(default_factory=dict)

    def as_evidence(self) -> dict[str, Any]:
        """What a cause keeps of it."""
        return {"name": self.name, "column": self.column, "value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures by measure, column and window, and the window that each column's newest signal speaks of."""

    held: Mapping[tuple[str, str | None, At], Figure]
    windows: Mapping[str | None, At]
    newest: At
    releases: Mapping[str, At] = field(default_factory=dict)
    """The window in which each version but the first began to answer most rows."""
    first: At = None
    """The first window."""

    def at(self, name: str, column: str | None) -> Figure | None:
        """The figure of a measure in the window that the column's signals speak of; else in the newest one."""
        own = self.windows.get(column, self.newest)
        return self.held.get((name, column, own)) or self.held.get((name, column, self.newest))

    def latest(self, name: str) -> Figure | None:
        """The newest figure that has a value, of a measure that lags behind because outcomes do."""
        found = [
            (at, figure) for (held, _, at), figure in self.held.items() if held == name and figure.value is not None and at is not None
        ]
        return max(found, key=lambda pair: order(pair[0]))[1] if found else None

    def columns(self, name: str) -> list[str]:
        """The columns that a measure has figures of."""
        return list(dict.fromkeys(column for held, column, _ in self.held if held == name and column is not None))

    @staticmethod
    def of_signal(signal: Signal) -> Figure:
        """A signal as a figure."""
        return Figure(name=signal.rule, column=signal.column, value=signal.value, low=signal.low, high=signal.high, unit=signal.unit)


def figures_of(findings: pa.Table, raised: Iterable[Signal]) -> Figures:
    """The figures of the windows that these signals speak of, and of the window with the newest outcomes."""
    windows: dict[str | None, At] = {}
    for signal in raised:
        at = signal.window_start if signal.window_start is not None else signal.first_row
        windows[signal.column] = max(windows.get(signal.column), at, key=order)
    known = set(windows.values())
    newest = max(windows.values(), key=order, default=None)
    held: dict[tuple[str, str | None, At], Figure] = {}
    for row in _rows(findings):
        at = row["window_start"] if row["window_start"] is not None else row["first_row"]
        if order(at) > order(newest) and newest is not None:
            continue
        if at in known or row["name"] in LAGGING:
            held[row["name"], row["column"], at] = Figure(
                name=row["name"], column=row["column"], value=row["value"], low=row["low"], high=row["high"], unit=row["unit"],
                tables=_tables(row["name"], row["tables"]),
            )  # fmt: skip
    releases, first = _releases(findings)
    return Figures(held=held, windows=windows, newest=newest, releases=releases, first=first)


def _rows(findings: pa.Table) -> list[dict[str, Any]]:
    """Figures of single windows about the whole population, all versions together; `train_serve_skew` is one of the whole period."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not findings.num_rows:
        return []
    wanted = pc.is_in(findings["name"], value_set=pa.array(sorted(READ)))
    about = pc.and_(pc.is_null(findings["version"]), pc.is_null(findings["attribute"]))
    alone = pc.and_(pc.equal(findings["slice"], "{}"), pc.or_(pc.invert(findings["whole"]), pc.equal(findings["name"], "train_serve_skew")))
    kept = findings.filter(pc.and_(wanted, pc.and_(about, alone)))
    columns = ["name", "column", "window_start", "first_row", "value", "low", "high", "unit", "tables"]
    rows: list[dict[str, Any]] = kept.select(columns).to_pylist()
    return rows


def _tables(name: str, text: str | None) -> dict[str, Any]:
    """A figure's tables; of a change of schema "gone" where the column is no longer there."""
    found: dict[str, Any] = json.loads(text) if text else {}
    if name == "schema_change" and "after" in found and found["after"] is None:
        found["gone"] = 1.0
    return found


def _releases(findings: pa.Table) -> tuple[dict[str, At], At]:
    """For each version but those of the first window, the first window in which it answered most rows; and the first window."""
    import pyarrow.compute as pc

    if not findings.num_rows:
        return {}, None
    kept = findings.filter(pc.and_(pc.equal(findings["name"], "volume"), pc.invert(findings["whole"])))
    total: dict[At, float] = {}
    rows = [row for row in kept.select(["version", "window_start", "first_row", "value"]).to_pylist() if row["value"]]
    for row in rows:
        if row["version"] is None:
            total[row["window_start"] if row["window_start"] is not None else row["first_row"]] = row["value"]
    began: dict[str, At] = {}
    for row in rows:
        at = row["window_start"] if row["window_start"] is not None else row["first_row"]
        if row["version"] is not None and row["value"] > total.get(at, float("inf")) / 2:
            began[row["version"]] = min(began.get(row["version"], at), at, key=order)
    first = min(total, key=order, default=None)
    return {version: at for version, at in began.items() if at != first}, first
