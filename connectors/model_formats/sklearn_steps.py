"""What a scikit-learn pipeline does to its columns before its last step, written down so that it can be done without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from connectors.model_columns import stepped, text_of
from connectors.model_parts import Floats, Part

_SELF_EVIDENT = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer")
_ENCODERS = ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
_NEVER_SEEN = "\x00 no level of this name"


class Opaque(Exception):
    """A step that is not written down; the model is asked as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column on its way: an input, what was filled in for missing texts, and what it has become (`part`, once it is a number).

    `texts` says of a category whether its levels are texts, and `nothing` whether None is one of them.
    """

    input: int
    part: Part | None = None
    filled: str | None = None
    texts: bool = False
    nothing: bool = False

    def stepped(self, *steps: tuple[str, float]) -> Column:
        """The same after arithmetic; of a category, its table is computed."""
        part = self.part or Part(input=self.input)
        if part.levels is None:
            return replace(self, part=replace(part, steps=(*part.steps, *steps)))

        def done(row: tuple[float, ...] | None) -> tuple[float, ...] | None:
            return None if row is None else tuple(float(v) for v in stepped(np.asarray(row), steps))

        table = tuple(done(row) or () for row in part.table)
        return replace(self, part=replace(part, table=table, unseen=done(part.unseen), missing=done(part.missing)))


def columns_after(steps: Sequence[Any], names: Sequence[str]) -> list[Column]:
    """The columns that reach the last step of a pipeline, from its inputs.

    Raises
    ------
    Opaque
        A step is not one of those that are known.
    """
    columns = [Column(input=i) for i in range(len(names))]
    for step in steps:
        columns = _after(step, columns, names)
    return columns


def parts_of(columns: Sequence[Column]) -> tuple[Part, ...]:
    """One part a numeric column."""
    return tuple(column.part or Part(input=column.input) for column in columns)


def _after(step: Any, columns: list[Column], names: Sequence[str]) -> list[Column]:
    if step is None or isinstance(step, str):
        if step in (None, "passthrough"):
            return columns
        raise Opaque(str(step))
    kind = type(step).__name__
    known: Mapping[str, Callable[[Any, list[Column], Sequence[str]], list[Column]]] = {
        "Pipeline": _pipeline, "ColumnTransformer": _by_column, "FeatureUnion": _union, "FunctionTransformer": _function,
        "SimpleImputer": _imputed, **dict.fromkeys(_SELF_EVIDENT[:4], _scaled), **dict.fromkeys(_ENCODERS, _encoded),
    }  # fmt: skip
    if kind in known and type(step).__module__.startswith("sklearn."):
        return known[kind](step, columns, names)
    if hasattr(step, "get_support") and type(step).__module__.startswith("sklearn."):
        return [columns[i] for i in np.flatnonzero(step.get_support())]
    raise Opaque(kind)


def _pipeline(step: Any, columns: list[Column], names: Sequence[str]) -> list[Column]:
    for _, each in step.steps:
        columns = _after(each, columns, names)
    return columns


def _by_column(step: Any, columns: list[Column], names: Sequence[str]) -> list[Column]:
    out: list[Column] = []
    for _, each, chosen in step.transformers_:
        if isinstance(each, str) and each == "drop":
            continue
        out += _after(each, [columns[i] for i in _positions(chosen, step, len(columns), names)], names)
    return out


def _positions(chosen: Any, step: Any, count: int, names: Sequence[str]) -> list[int]:
    held = [str(name) for name in getattr(step, "feature_names_in_", names)]
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            raise Opaque("a slice of names")
        return list(range(count))[chosen]
    listed = np.atleast_1d(np.asarray(chosen, dtype=object)).tolist()
    if listed and all(isinstance(each, bool | np.bool_) for each in listed):
        return [i for i, each in enumerate(listed) if each]
    return [held.index(each) if isinstance(each, str) else int(each) % count for each in listed]


def _union(step: Any, columns: list[Column], names: Sequence[str]) -> list[Column]:
    if step.transformer_weights:
        raise Opaque("weights")
    return [column for _, each in step.transformer_list if each != "drop" for column in _after(each, columns, names)]


def _function(step: Any, columns: list[Column], _names: Sequence[str]) -> list[Column]:
    """Doing nothing, or a check of the values, as scikit-learn itself puts it before boosted trees."""
    inside = getattr(step.func, "func", step.func)
    if inside is not None and (inside.__module__, inside.__name__) != ("sklearn.utils.validation", "check_array"):
        raise Opaque("a function")
    return columns


def _imputed(step: Any, columns: list[Column], _names: Sequence[str]) -> list[Column]:
    if not (step.missing_values is None or step.missing_values != step.missing_values or "NA" in repr(step.missing_values)):
        raise Opaque("a value that stands for missing")
    out = []
    for column, value in zip(columns, step.statistics_, strict=True):
        if isinstance(value, str):
            out.append(replace(column, filled=value))
        elif value is None or value != value:
            raise Opaque("a column without values")
        else:
            out.append(column.stepped(("fill", float(value))))
    if step.indicator_ is not None:
        out += [_indicator(columns[i]) for i in step.indicator_.features_]
    return out


def _indicator(column: Column) -> Column:
    told = column.stepped(("missing", 0.0))
    return replace(told, part=replace(told.part, labels=("=missing",))) if told.part is not None else told


def _scaled(step: Any, columns: list[Column], _names: Sequence[str]) -> list[Column]:
    done: list[tuple[str, Any]] = []
    match type(step).__name__:
        case "StandardScaler":
            done = [("subtract", step.mean_ if step.with_mean else None), ("divide", step.scale_ if step.with_std else None)]
        case "MinMaxScaler":
            done = [("multiply", step.scale_), ("add", step.min_)]
            if step.clip:
                done += [(name, np.full(len(columns), step.feature_range[i])) for i, name in enumerate(("least", "most"))]
        case "MaxAbsScaler":
            done = [("divide", step.scale_)]
        case _:
            done = [("subtract", step.center_), ("divide", step.scale_)]
    given = [(name, values) for name, values in done if values is not None]
    return [column.stepped(*((name, float(values[i])) for name, values in given)) for i, column in enumerate(columns)]


def _encoded(step: Any, columns: list[Column], _names: Sequence[str]) -> list[Column]:
    """An encoder treats every column for itself, so it is asked level by level and its answers are the table."""
    if any(column.part is not None for column in columns):
        raise Opaque("an encoder of numbers that were computed")
    categories = [list(each) for each in step.categories_]
    widths = list(getattr(step, "_n_features_outs", None) or [1] * len(columns))
    strict = getattr(step, "handle_unknown", "ignore") == "error"
    first = [_sentinel(each) if not strict else each[0] for each in categories]
    out: list[Column] = []
    start = 0
    for i, column in enumerate(columns):
        here = slice(start, start + widths[i])
        start += widths[i]
        named = [(level, text_of(level)) for level in categories[i]]
        none = next((level for level, text in named if text is None), None)
        has_none = any(text is None for _, text in named)
        levels = [(level, text) for level, text in named if text is not None]
        rows = [_with(first, i, level) for level, _ in levels]
        extra = [] if strict else [_with(first, i, _sentinel(categories[i]))]
        extra += [_with(first, i, none)] if has_none else []
        answers = _dense(step.transform(_frame(step, [*rows, *extra])))[:, here] if rows or extra else np.empty((0, widths[i]))
        table = [tuple(map(float, row)) for row in answers]
        unseen = None if strict else table[len(levels)]
        missing = table[-1] if has_none else unseen
        if column.filled is not None:
            known = [text for _, text in levels]
            missing = table[known.index(column.filled)] if column.filled in known else unseen
        made = Part(
            input=column.input, levels=tuple(text or "" for _, text in levels), table=tuple(table[: len(levels)]), unseen=unseen,
            missing=missing,
        )  # fmt: skip
        texts, nothing = any(isinstance(level, str) for level in categories[i]), any(level is None for level in categories[i])
        out += [replace(column, part=each, texts=texts, nothing=nothing) for each in _narrow(made, widths[i])]
    return out


def _narrow(part: Part, width: int) -> Iterator[Part]:
    """One part a numeric column, named by the level that it stands for where it stands for one."""
    for j in range(width):
        values = [row[j] for row in part.table]
        own = [level for level, value in zip(part.levels or (), values, strict=True) if value == 1.0]
        label = f"={own[0]}" if width > 1 and len(own) == 1 else f"={j}" if width > 1 else ""
        yield replace(
            part, labels=(label,), table=tuple((value,) for value in values),
            unseen=None if part.unseen is None else (part.unseen[j],), missing=None if part.missing is None else (part.missing[j],),
        )  # fmt: skip


def _with(row: Sequence[Any], at: int, value: Any) -> list[Any]:
    return [value if i == at else each for i, each in enumerate(row)]


def _sentinel(categories: Sequence[Any]) -> Any:
    texts = any(isinstance(each, str) for each in categories)
    return _NEVER_SEEN if texts else float(max((float(c) for c in categories if c is not None and c == c), default=0.0)) + 12345.5


def _frame(step: Any, rows: Sequence[Sequence[Any]]) -> Any:
    import pandas as pd

    held = [list(column) for column in zip(*rows, strict=True)]
    names = getattr(step, "feature_names_in_", None)
    columns = [np.asarray(column, dtype=object if any(isinstance(v, str) or v is None for v in column) else float) for column in held]
    if names is None:
        return np.column_stack([column.astype(object) for column in columns])
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _dense(answers: Any) -> Floats:
    array = answers.toarray() if hasattr(answers, "toarray") else answers
    return np.asarray(array, dtype=np.float64)
