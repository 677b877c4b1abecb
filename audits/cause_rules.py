"""What kinds of cause there are, and the traces that each leaves: the table that `audits.causes` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audits.cause_figures import Figure

KINDS = (
    "source gone", "no data", "schema change", "type change", "stale data", "duplicated rows", "clock", "sampling", "volume",
    "missing values", "frozen column", "train/serve skew", "unit or scale change", "new categories", "model version", "outcomes stopped",
    "label delay", "prediction shift", "prior shift", "concept drift", "covariate shift", "unknown",
)  # fmt: skip
"""All kinds, most upstream first: the order in which causes are listed."""

DATA = frozenset(KINDS[: KINDS.index("model version")])
"""Kinds that are faults of the data, which come before anything that the model or the world did."""

OUTCOMES = frozenset({"outcomes stopped", "label delay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One trace of a kind of cause: a figure that has passed a line.

    Parameters
    ----------
    least, most
        The figure is at least, or at most, this; with neither, its signal is raised.
    key
        The entry of the figure's tables that is held against the line instead of its value; one that is there is enough without a line.
    """

    kind: str
    measure: str
    least: float | None = None
    most: float | None = None
    key: str = ""

    def fits(self, figure: Figure | None, *, raised: bool) -> float | None:
        """The number that passed the line, or None."""
        if figure is None:
            return None
        number = figure.tables.get(self.key) if self.key else figure.value
        if number is None or isinstance(number, str | list | dict):
            return None if number is None or not self.key else figure.value
        if self.least is None and self.most is None:
            return float(number) if self.key or raised else None
        return float(number) if (self.least is None or number >= self.least) and (self.most is None or number <= self.most) else None


COLUMN_RULES = (
    Rule(kind="schema change", measure="schema_change", key="gone"),
    Rule(kind="type change", measure="schema_change", key="after"),
    Rule(kind="type change", measure="format_change", key="unreadable", least=1),
    Rule(kind="type change", measure="mixed_types"),
    Rule(kind="missing values", measure="missing_rate_change", least=0.03),
    Rule(kind="frozen column", measure="constant_column", least=1),
    Rule(kind="frozen column", measure="frozen_column", most=0.1),
    Rule(kind="unit or scale change", measure="format_change", key="factor"),
    Rule(kind="new categories", measure="category_explosion", least=2),
    Rule(kind="new categories", measure="unseen_category_rate", least=0.01),
    Rule(kind="type change", measure="format_change", key="pattern", least=1),
    Rule(kind="train/serve skew", measure="train_serve_skew"),
)
"""Traces of broken columns, in the order in which they are looked for; columns that traded places come before, small factors after them."""

LOG_RULES = (
    Rule(kind="source gone", measure="source_gone"),
    Rule(kind="no data", measure="no_data"),
    Rule(kind="schema change", measure="schema_change"),
    Rule(kind="stale data", measure="repeated_window"),
    Rule(kind="duplicated rows", measure="duplicate_rate"),
    Rule(kind="clock", measure="clock_skew"),
    Rule(kind="clock", measure="duplicated_timestamps"),
    Rule(kind="sampling", measure="sampling_rate_change"),
    Rule(kind="sampling", measure="sample_ratio_mismatch"),
    Rule(kind="sampling", measure="prediction_count_mismatch"),
    Rule(kind="volume", measure="volume_against_expected"),
    Rule(kind="model version", measure="old_version_rate"),
    Rule(kind="outcomes stopped", measure="negative_outcome_arrival"),
    Rule(kind="label delay", measure="label_arrival"),
)
"""Traces in the whole log: their signals are raised."""

INCLUDED: Mapping[str, tuple[str, ...]] = {
    "source gone": ("type change", "schema change"), "no data": ("source gone", "type change", "schema change"),
    "volume": ("source gone", "no data", "type change", "schema change", "duplicated rows", "sampling", "stale data"),
}  # fmt: skip
"""Kinds that are no cause of their own beside one of these: rows that cannot be read are set aside, and then none come."""

FOLLOWING: Mapping[str, tuple[str, ...]] = {
    "type change": ("quarantine_rate", "format_change", "schema_change", "no_data", "source_gone", "volume_against_expected", "freshness"),
    "schema change": ("quarantine_rate", "no_data", "source_gone", "volume_against_expected", "freshness"),
    "clock": ("quarantine_rate", "duplicated_timestamps", "clock_skew"),
    "source gone": ("no_data", "volume_against_expected", "freshness", "ingest_lag"),
    "no data": ("volume_against_expected", "freshness", "ingest_lag"),
    "sampling": ("volume_against_expected",), "duplicated rows": ("volume_against_expected", "duplicated_timestamps"),
    "stale data": ("volume_against_expected", "duplicated_timestamps"),
    "outcomes stopped": ("label_arrival", "negative_outcome_arrival", "source_gone"),
    "label delay": ("label_arrival", "negative_outcome_arrival", "source_gone"),
}  # fmt: skip
"""Measures about the whole log that ring with a cause of a kind and say nothing beyond it."""

SHARED = DATA - {"volume", "sampling", "duplicated rows", "no data", "train/serve skew"}
"""Kinds whose origin several models may share: the same column, or the same source, breaks for all of them at once."""
