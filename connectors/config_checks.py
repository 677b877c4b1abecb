"""Refuse keys of one model that contradict each other: columns with two parts, options that its task or its rules exclude."""

from __future__ import annotations

import itertools

from connectors.config import NO_IMPUTATION, REGIMES, Columns, ModelConfig, ThresholdOverride
from connectors.errors import UsageError, nearest


def check(where: str, model: ModelConfig) -> None:
    """Refuse what contradicts itself.

    Raises
    ------
    UsageError
        One sentence that begins with `where` and names key and value.
    """
    _roles(where, model)
    _task(where, model)
    _groups(where, model)
    for name, entries in model.policy.items():
        _dates(f"{where}.policy.{name}", entries)


def _roles(where: str, model: ModelConfig) -> None:
    """Refuse a column that would have to be two things at once."""
    columns = model.columns
    attributes = [p.column for p in model.protected]
    for section, listed in (("protected", attributes), ("segments", list(model.segments)), ("features", list(model.features or ()))):
        twice = next((c for c in listed if listed.count(c) > 1), None)
        if twice is not None:
            raise UsageError(f'{where}.{section}: the column "{twice}" is listed twice')
        for role in ("outcome", "outcome_time"):
            column = getattr(columns, role)
            if column is not None and column in listed:
                raise UsageError(f'{where}.{section}: "{column}" is also columns.{role}, which is known only afterwards; take it out')
    for role, column in columns.named().items():
        for late in ("outcome", "outcome_time"):
            if role != late and column == getattr(columns, late) and {role, late} != {"time", "outcome_time"}:
                raise UsageError(f'{where}.columns: {role} and {late} both name "{column}"; they must be different columns')
    if columns.outcome_time is not None and columns.outcome is None:
        raise UsageError(f"{where}.columns: outcome_time is mapped but outcome is not; map outcome too")


def _task(where: str, model: ModelConfig) -> None:
    """Refuse what the task has no use for."""
    columns = model.columns
    if model.task == "multiclass" and columns.score is not None and columns.score.count("*") != 1:
        raise UsageError(
            f'{where}.columns.score is "{columns.score}"; a multiclass model has one score column a class: write a pattern such as "p_*",'
            " where * is the class"
        )
    if model.task in ("multiclass", "regression") and columns.positive is not None:
        raise UsageError(f"{where}.columns.positive is {columns.positive!r}, but only a binary model has a positive outcome; take it out")
    _interval(where, model.task, columns)
    if model.task == "regression" and model.costs is not None:
        raise UsageError(f"{where}.costs: costs are of right and wrong decisions, and a regression model has none; take them out")


def _interval(where: str, task: str, columns: Columns) -> None:
    ends = {name: getattr(columns, name) for name in ("prediction_low", "prediction_high")}
    given = [name for name, column in ends.items() if column is not None]
    if len(given) == 1:
        other = next(name for name in ends if name not in given)
        raise UsageError(f"{where}.columns: {given[0]} is mapped but {other} is not; an interval has two ends")
    if given and task != "regression":
        raise UsageError(f'{where}.columns.{given[0]} is "{ends[given[0]]}", but only a regression model has intervals; take it out')


def _groups(where: str, model: ModelConfig) -> None:
    """Refuse groups that nobody can form, or that a rule forbids to guess."""
    seen = None
    for position, each in enumerate(model.protected):
        key = f"{where}.protected[{position}]"
        if each.probabilities is None:
            continue
        if each.edges is not None:
            raise UsageError(f"{key}: give either edges or probabilities")
        if seen is not None:
            raise UsageError(f'{key}.probabilities: "{seen}" has probabilities already; one attribute may have them')
        seen = each.column
        if len(each.probabilities) < 2:
            raise UsageError(f"{key}.probabilities: name the columns of two levels at least")
        held = list(each.probabilities.values())
        twice = next((column for column in held if held.count(column) > 1), None)
        if twice is not None:
            raise UsageError(f'{key}.probabilities: the column "{twice}" is named twice')
        if each.reference is not None and each.reference not in each.probabilities:
            raise UsageError(f'{key}.reference is "{each.reference}"; {nearest(each.reference, each.probabilities)}')
        rule = next((name for name in model.regimes if name in NO_IMPUTATION), None)
        if rule is not None:
            raise UsageError(
                f"{key}.probabilities: {REGIMES[rule]} (models.{model.name}.regimes) allows no imputed race or sex; take out one of the two"
            )


def _dates(where: str, entries: tuple[ThresholdOverride, ...]) -> None:
    """Refuse entries that end before they begin, and two that are in force at once."""
    for each in entries:
        if each.since is not None and each.until is not None and each.until <= each.since:
            raise UsageError(f"{where}: until {each.until:%Y-%m-%d} is not after from {each.since:%Y-%m-%d}")
    for one, other in itertools.combinations(entries, 2):
        first = one.since is None or other.until is None or one.since < other.until
        second = other.since is None or one.until is None or other.since < one.until
        if first and second:
            spans = " and ".join(f"{_day(e.since, 'the beginning')} to {_day(e.until, 'today')}" for e in (one, other))
            raise UsageError(f"{where}: two entries are in force at once ({spans}); give them dates that do not overlap")


def _day(moment: object, otherwise: str) -> str:
    return otherwise if moment is None else f"{moment:%Y-%m-%d}"
