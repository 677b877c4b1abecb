"""Causes: what the alarms of a model come from, read off the figures of the windows they speak of; data before models.

Each kind of cause leaves its own traces, and `COLUMN_RULES` and `LOG_RULES` list them, most upstream first: the first that fits names the
cause of an alarm. What is left of moved columns is told apart by what moved with what (`audits.cause_of_drift`). What nothing fits is said
to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from audits.cause_figures import Figure, Figures, figures_of, order
from audits.cause_of_drift import drifts
from audits.cause_rules import COLUMN_RULES, DATA, FOLLOWING, INCLUDED, KINDS, LOG_RULES, OUTCOMES, SHARED
from audits.cause_signatures import mixed, scaled, swapped
from audits.finding import Cause, ModelRun, Signal
from connectors.config import ModelConfig

OUT_OF_RANGE = 0.5
"""Share of a column's values beyond the reference's range from which its scale changed, whatever its shape."""


def causes(run: ModelRun, *, model: ModelConfig | None = None) -> tuple[Cause, ...]:
    """What the raised signals of one model come from, most upstream first; nothing where none is raised.

    Parameters
    ----------
    model
        Tells score, decision and outcome from features, and names the source; without it every column is a feature.
    """
    raised = [signal for signal in run.signals if signal.answer == "raised"]
    if not raised:
        return ()
    figures = figures_of(run.findings, raised)
    outcome = None if model is None else model.columns.outcome
    found = [*_of_log(run.model, raised, figures, outcome), *_of_columns(run.model, raised, figures, model)]
    present = {cause.kind for cause in found}
    found = [cause for cause in found if not present & {*INCLUDED.get(cause.kind, ())}]
    source = model.sources[0].name if model is not None and len(model.sources) == 1 else None
    held = [_holding(replace(cause, source=source if cause.kind in DATA else None), raised, outcome) for cause in found]
    held += drifts(run.model, _left(raised, held), figures, model)
    ordered = sorted(held, key=lambda cause: (_rank(cause), -_weight(cause, raised), cause.columns))
    left = _left(raised, held)
    return (*ordered, *_unknown(run.model, left, figures))


def _rank(cause: Cause) -> tuple[int, int]:
    """Faults of the data, those with a date before facts of the whole period; then what the model and the world did."""
    undated = cause.since is None and cause.kind in DATA
    return (0 if cause.kind in DATA and not undated else 1 if undated else 2, KINDS.index(cause.kind))


def _left(raised: Sequence[Signal], held: Sequence[Cause]) -> list[Signal]:
    """The signals that none of these causes explains."""
    explained = {key for cause in held for key in cause.explains}
    return [signal for signal in raised if signal.key not in explained]


def _of_log(name: str, raised: Sequence[Signal], figures: Figures, outcome: str | None) -> list[Cause]:
    """Causes about the whole log: one of a kind."""
    found: dict[str, Cause] = {}
    for rule in LOG_RULES:
        signals = [signal for signal in raised if signal.rule == rule.measure and signal.column is None]
        kind = rule.kind
        if kind in OUTCOMES and signals:
            kind = "outcomes stopped" if _one_kind_only(figures) else "label delay"
        if signals and kind not in found:
            worst = signals[0]
            found[kind] = Cause(
                model=name, kind=kind, since=_since(signals), size=worst.value, low=worst.low, high=worst.high, unit=worst.unit,
                upstream=_upstream(name, kind, [signal.slice for signal in signals if signal.slice != "{}"]),
                evidence=tuple(figures.of_signal(signal).as_evidence() for signal in signals),
            )  # fmt: skip
    about = [signal for signal in raised if signal.family == "performance" or (outcome is not None and signal.column == outcome)]
    if about and not OUTCOMES & found.keys() and _one_kind_only(figures):  # not yet for sure, but enough to say what outcomes moved by
        late = figures.latest("negative_outcome_arrival")
        assert late is not None  # it is what `_one_kind_only` looked at
        found["outcomes stopped"] = Cause(
            model=name, kind="outcomes stopped", since=_since(about), size=late.value, low=late.low, high=late.high, unit="ratio",
            upstream=_upstream(name, "outcomes stopped", []), evidence=(late.as_evidence(),),
        )  # fmt: skip
    if "source gone" in found and OUTCOMES & found.keys() and "no data" not in found:
        del found["source gone"]  # predictions still come: it is the outcomes' source that is silent
    return list(found.values())


MISSED = 0.7
"""Share of the due outcomes of a kind, at most, that came."""

MORE = 1.15
"""Share of the due outcomes of a kind, at most, that came where it is the other kind that stopped."""

ALL = 0.9
"""Share of the due outcomes from which none are missing."""

DUE = 20
"""Outcomes that must have been due for their absence to say anything."""


def _one_kind_only(figures: Figures) -> bool:
    """Whether outcomes of one kind, good or bad, fell behind much further than those of the other."""
    tables = [figure.tables if figure is not None else {} for figure in map(figures.latest, ("negative_outcome_arrival", "label_arrival"))]
    if not all((table.get("promised") or 0.0) >= DUE for table in tables):
        return False
    (bad, due_bad), (every, due) = ((float(table["known"]), float(table["promised"])) for table in tables)
    if due - due_bad <= 0 or every >= ALL * due:  # all came: one kind became more frequent
        return False
    unfavorable, favorable = bad / due_bad, (every - bad) / (due - due_bad)
    if unfavorable < min(favorable / 2, MISSED):
        return True
    return favorable < min(unfavorable / 2, MISSED) and unfavorable < MORE  # more bad ones than were due are no sign that good ones stopped


def _of_columns(name: str, raised: Sequence[Signal], figures: Figures, model: ModelConfig | None) -> list[Cause]:
    """Causes about single columns, each column put down to the first kind that fits; columns of one kind together where they are many."""
    given = {} if model is None else model.columns.named()
    aside = {column for role, column in given.items() if role in ("decision", "outcome")}
    columns = [column for column in dict.fromkeys(signal.column for signal in raised) if column is not None and column not in aside]
    pairs = swapped(columns, figures)
    found = []
    for column in columns:
        signals = [signal for signal in raised if signal.column == column]
        cause = _of_column(name, column, signals, figures, pairs.get(column), given.get("score"))
        if cause is not None:
            found.append(replace(cause, since=_since(signals)))
    return _joined(found)


def _of_column(name: str, column: str, signals: Sequence[Signal], figures: Figures, partner: str | None, score: str | None) -> Cause | None:
    rules = {signal.rule for signal in signals}
    quantiles = figures.at("quantile_shift", column)
    if partner is not None and quantiles is not None:  # before anything about scales, which two columns that traded places seem to have
        return _column_cause(name, "train/serve skew", sorted([column, partner]), quantiles, None, None, None)
    for rule in COLUMN_RULES:
        figure = figures.at(rule.measure, column)
        size = rule.fits(figure, raised=rule.measure in rules)
        if size is None or figure is None:
            continue
        if rule.kind == "missing values" and (figure.low or 0.0) <= 0:
            continue  # a share that chance could make
        bounds = (figure.low, figure.high) if not rule.key else (None, None)
        return _column_cause(name, rule.kind, [column], figure, size, *bounds, unit="ratio" if rule.key == "factor" else figure.unit)
    factor = None if column == score or quantiles is None else scaled(quantiles)
    if factor is not None and quantiles is not None:
        return _column_cause(name, "unit or scale change", [column], quantiles, factor, None, None, unit="ratio")
    outside, bins = figures.at("out_of_range_rate", column), figures.at("population_stability_index", column)
    beyond = 0.0 if outside is None else outside.value or 0.0
    if outside is not None and column != score and beyond >= OUT_OF_RANGE:
        return _column_cause(name, "unit or scale change", [column], outside, outside.value, outside.low, outside.high)
    spike = None if bins is None or column == score or figures.at("quantile_shift", column) is None else mixed(bins)
    if spike is not None and bins is not None:
        elsewhere = outside is not None and spike[1] and beyond >= spike[0] / 2
        kind, figure = ("unit or scale change", outside) if elsewhere and outside is not None else ("frozen column", bins)
        return _column_cause(name, kind, [column], figure, spike[0], None, None, unit="proportion")
    return None


def _column_cause(
    name: str, kind: str, columns: Sequence[str], figure: Figure, size: float | None, low: float | None, high: float | None,
    unit: str | None = None,
) -> Cause:  # fmt: skip
    return Cause(
        model=name, kind=kind, columns=tuple(columns), size=size, low=low, high=high, unit=figure.unit if unit is None else unit,
        upstream=_upstream(name, kind, columns), evidence=(figure.as_evidence(),),
    )  # fmt: skip


MANY = 3
"""Columns with one kind of cause, begun at one time, from which they are one cause."""


def _joined(found: Sequence[Cause]) -> list[Cause]:
    """One cause of a pair that traded places; one of many columns that broke in one way at one time; else each column's own."""
    unique = list({(cause.kind, cause.columns): cause for cause in found}.values())
    groups: dict[tuple[str, Any], list[Cause]] = {}
    for cause in unique:
        groups.setdefault((cause.kind, cause.since), []).append(cause)
    joined: list[Cause] = []
    for (kind, _), members in groups.items():
        if len(members) < MANY:
            joined += members
            continue
        largest = max(members, key=lambda cause: abs(cause.size or 0.0))
        columns = tuple(sorted({column for cause in members for column in cause.columns}))
        joined.append(replace(
            largest, columns=columns, upstream=_upstream(largest.model, kind, columns),
            evidence=tuple(each for cause in members for each in cause.evidence),
        ))  # fmt: skip
    return joined


def _upstream(name: str, kind: str, where: Iterable[str]) -> str:
    """What alerts of one origin share: the kind and where it happened; the model only where the origin is its own."""
    place = ",".join(sorted(where))
    return f"{place}|{kind}" if kind in SHARED and place else f"{name}|{place}|{kind}"


def _holding(cause: Cause, raised: Sequence[Signal], outcome: str | None) -> Cause:
    """The cause with the signals that follow from it: those about its columns, and what is computed from them and began no earlier.

    Faults of the data are followed by any drift and any figure about the model; late outcomes by figures that need outcomes.
    """
    mentioned = {(each["name"], each["column"]) for each in cause.evidence}
    keys = {signal.key for signal in raised if signal.column in cause.columns or (signal.rule, signal.column) in mentioned}
    keys |= set(cause.explains)
    keys |= {signal.key for signal in raised if signal.rule in FOLLOWING.get(cause.kind, ()) and signal.column in (None, *cause.columns)}
    if cause.kind in DATA:
        keys |= {signal.key for signal in raised if _follows(signal, cause, {*cause.columns})}
    if cause.kind in OUTCOMES:
        late = [s for s in raised if s.family in ("performance", "fairness") or (s.column is not None and s.column == outcome)]
        keys |= {signal.key for signal in late}
    return replace(cause, explains=tuple(signal.key for signal in raised if signal.key in keys))


def _follows(signal: Signal, cause: Cause, columns: set[str]) -> bool:
    """Whether an alarm may come of a fault of the data: of the whole log any drift; of a column what the model made of it."""
    if cause.since is None and not columns:
        return False  # a fact of the whole period says nothing about what moved when
    if not _not_before(signal, cause) or signal.family not in ("drift", "performance", "fairness"):
        return signal.rule == "unexplained_score_shift" and _not_before(signal, cause)
    return not columns or signal.column is None or signal.severity == "page" or signal.column in columns


def _not_before(signal: Signal, cause: Cause) -> bool:
    """Whether a signal's change began with the cause or after it, give or take a window, as far as both are known."""
    begun, origin = signal.since, cause.since
    if begun is None or origin is None or isinstance(begun, int) != isinstance(origin, int):
        return True
    if isinstance(begun, int) and isinstance(origin, int):
        size = 0 if signal.last_row is None or signal.first_row is None else signal.last_row - signal.first_row + 1
        return begun >= origin - size
    length = None if signal.window_end is None or signal.window_start is None else signal.window_end - signal.window_start
    return begun >= origin if length is None else begun >= origin - length  # type: ignore[operator]


def _weight(cause: Cause, raised: Sequence[Signal]) -> float:
    """How much is put down to a cause: its signals, pages first."""
    worth = {"page": 3.0, "ticket": 1.0, "info": 0.3}
    return sum(worth[signal.severity] for signal in raised if signal.key in cause.explains)


def _unknown(name: str, left: Sequence[Signal], figures: Figures) -> list[Cause]:
    """One cause that cannot be told, for all that nothing fits."""
    if not left:
        return []
    columns = tuple(dict.fromkeys(signal.column for signal in left if signal.column is not None))
    worst = left[0]
    return [Cause(
        model=name, kind="unknown", columns=columns, since=_since(left), size=worst.value, low=worst.low, high=worst.high, unit=worst.unit,
        confidence="can't tell", upstream=f"{name}||unknown", explains=tuple(signal.key for signal in left),
        evidence=tuple(figures.of_signal(signal).as_evidence() for signal in left),
    )]  # fmt: skip


def _since(signals: Sequence[Signal]) -> Any:
    """When the earliest of these changes began."""
    begun = [signal.since for signal in signals if signal.since is not None]
    return min(begun, key=order, default=None)
