"""A model that can be asked: a file, read in a locked process of its own, or an address. Rows go in under the log's names.

`open_model` keeps the process for as long as the `with` lasts, so that one more question costs no start.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from connectors.config import ModelConfig
from connectors.errors import nearest
from connectors.model_columns import ModelError, in_order, matched, same_label
from connectors.model_config import SURROGATE
from connectors.model_parts import Floats, Integers, Linear, Trees

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LoadedModel", "ModelError", "open_model"]

_CHECKED = 256
_REPEATED = 32
_SAME = 1e-5
"""How far two answers for the same row may be apart: libraries that add up in single precision do so in the order that suits the batch."""


class Answering(Protocol):
    """Where answers come from; `about` as in `sandbox_child.Opened`."""

    about: Mapping[str, Any]
    fingerprint: str
    batch: int

    def ask(self, rows: pa.Table) -> tuple[pa.Table, Mapping[str, Sequence[str]]]:
        """One column an output, and the levels not seen in training."""

    def parts(self) -> Trees | Linear | None:
        """What the model is made of."""

    def close(self) -> None:
        """Let go of it."""


class LoadedModel:
    """One release of a model, ready to be asked.

    Attributes
    ----------
    names
        Inputs in the model's order, under the log's column names.
    fingerprint
        SHA-256 of the file; of an address, of its URL and what it says of itself.
    classes
        Labels of a multiclass task; else nothing.
    unseen
        Input -> levels asked for so far that the model has never seen, at most 20 each.
    """

    def __init__(
        self, answering: Answering, model: ModelConfig, where: str, columns: Sequence[str] | None = None, others: Sequence[str] = ()
    ) -> None:
        about = answering.about
        self._answering, self._model, self._where = answering, model, where
        self._inputs: tuple[str, ...] = tuple(str(name) for name in about["inputs"])
        self.names = self._named(columns if columns is not None else model.features, others)
        self._outputs = 0
        self._logged = tuple(model.class_columns([*(columns or ()), *others]))
        self.classes: tuple[str, ...] = in_order(self._logged)
        if about["outputs"]:
            self._settle(tuple(str(label) for label in about["classes"]), int(about["outputs"]))
        self.fingerprint = answering.fingerprint
        self._notes: tuple[str, ...] = tuple(str(note) for note in about.get("notes", ()))
        self.unseen: dict[str, tuple[str, ...]] = {}
        self._lock = threading.RLock()
        self._known: Floats | None = None
        self._read: tuple[Trees | Linear | None] | None = None
        self._parts: tuple[Trees | Linear | None] | None = None
        self._repeated = 0
        self._first: pa.Table | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, in sentences; levels that the model has never seen come to it as they are met."""
        new = (f'of "{name}" the model has never seen {_listed(levels)}' for name, levels in self.unseen.items())
        return (*self._notes, *new)

    def predict(self, rows: pa.Table) -> Floats:
        """[row] P(positive), or the number of a regression; of several classes [row, class]. An answer that is no number is NaN.

        Raises
        ------
        ModelError
            A column is missing or of the wrong kind, the model failed, took too long or too much, or answers chance.
        """
        with self._lock:
            table = self._ordered(rows)
            out = self._asked(table)
            if self._repeated < min(_REPEATED, rows.num_rows):
                self._check_repeats(table, out)
            return out

    def matrix(self, rows: pa.Table) -> Floats | None:
        """[row, numeric column] that `trees()` and `linear()` speak of; None where the model is opaque."""
        parts = self._read_parts()
        return None if parts is None else parts.encode.matrix(rows)

    def owner(self) -> Integers:
        """[numeric column] -> position in `names`; the columns of a one-hot encoding belong to one input."""
        parts = self._read_parts()
        return np.arange(len(self.names)) if parts is None else parts.encode.owner()

    def trees(self) -> Trees | None:
        """The trees behind the answers; None where there are none, or they do not give exactly what the model answers."""
        parts = self._read_parts()
        return parts if isinstance(parts, Trees) else None

    def linear(self) -> Linear | None:
        """The coefficients behind the answers; None as for `trees`."""
        parts = self._read_parts()
        return parts if isinstance(parts, Linear) else None

    def _named(self, columns: Sequence[str] | None, others: Sequence[str]) -> tuple[str, ...]:
        count = int(self._answering.about["count"])
        if self._inputs:
            try:
                known = dict.fromkeys([*(columns or ()), *others, *sorted(self._model.assigned)])
                return self._inputs if columns is None else matched(self._inputs, known)
            except ModelError as error:
                raise self._said(error) from None
        if columns is None or (count >= 0 and len(columns) != count):
            said = f"{self._where}: the model names none of its {count if count >= 0 else ''} inputs".replace("  ", " ")
            held = "" if columns is None else f", and the log has {len(columns)} features"
            raise ModelError(f"{said}{held}; name them with features in candor.toml, in the order that the model was trained on")
        self._inputs = tuple(columns)
        return self._inputs

    def _settle(self, labels: tuple[str, ...], outputs: int) -> None:
        """What the columns of an answer are; of an address only its first answer tells."""
        self.classes = self._labels(labels, outputs) if self._model.task == "multiclass" else ()
        self._output = None if self.classes else self._chosen(labels, outputs)
        self._two = len(labels) == 2
        self._outputs = outputs

    def _labels(self, labels: tuple[str, ...], outputs: int) -> tuple[str, ...]:
        if outputs < 2:
            raise ModelError(f"{self._where}: the model answers one number, where the task has several classes")
        numbered = tuple(str(i) for i in range(outputs))
        named = labels if len(labels) == outputs else numbered
        if named == numbered and len(self._logged) == outputs and set(self._logged) != set(named):
            return in_order(self._logged)  # a model that has numbers for its classes has them in this order
        return named

    def _chosen(self, labels: tuple[str, ...], outputs: int) -> int:
        """Position of the output, or of the class where one number stands for two."""
        count = max(outputs, len(labels) if len(labels) == 2 else 0)
        asked = self._model.model.output if self._model.model is not None else None
        wanted = asked if asked is not None else self._model.positive
        if isinstance(asked, int) and not isinstance(asked, bool) and 0 <= asked < count:
            return asked
        found = next((i for i, label in enumerate(labels) if same_label(label, wanted)), None)
        if found is not None:
            return found
        if asked is not None:
            held = labels or tuple(str(i) for i in range(count))
            raise ModelError(f'{self._where}: the model has no output "{asked}"; {nearest(str(asked), held)}')
        return count - 1

    def _ordered(self, rows: pa.Table) -> pa.Table:
        try:
            found = matched(self.names, rows.column_names)
        except ModelError as error:
            raise self._said(error) from None
        return rows.select(found).rename_columns(list(self._inputs))

    def _asked(self, table: pa.Table) -> Floats:
        blocks = []
        for start in range(0, table.num_rows, self._answering.batch):
            batch = table.slice(start, self._answering.batch)
            try:
                answered, unseen = self._answering.ask(batch)
            except ModelError as error:
                raise self._said(error) from None
            if answered.num_rows != batch.num_rows:
                raise ModelError(f"{self._where}: the model gave {answered.num_rows:,} answers for {batch.num_rows:,} rows")
            if self._outputs == 0:
                named = tuple(answered.column_names)
                self._settle(named if named != tuple(map(str, range(len(named)))) else (), len(named))
            if answered.num_columns != self._outputs:
                raise ModelError(f"{self._where}: the model gave {answered.num_columns} numbers a row, and not the {self._outputs} it has")
            self._note(unseen)
            blocks.append(self._taken(answered))
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.classes)) if self.classes else 0)

    def _taken(self, answered: pa.Table) -> Floats:
        columns = [np.asarray(column.to_numpy(), dtype=np.float64) for column in answered.columns]
        if self.classes:
            return np.column_stack(columns)
        if len(columns) == 1:
            return 1.0 - columns[0] if self._two and self._output == 0 else columns[0]
        return columns[self._output or 0]

    def _note(self, unseen: Mapping[str, Sequence[str]]) -> None:
        names = dict(zip(self._inputs, self.names, strict=True))
        for name, levels in unseen.items():
            if name in names and levels:
                known = self.unseen.get(names[name], ())
                self.unseen[names[name]] = tuple(sorted({*known, *map(str, levels)})[:20])

    def _check_repeats(self, table: pa.Table, answers: Floats) -> None:
        """The same rows once more, in another order and company: a model that answers otherwise answers chance, or its neighbours' rows."""
        count = min(_REPEATED, table.num_rows)
        again = self._asked(table.slice(0, count).take(list(range(count - 1, -1, -1))))[::-1]
        first = answers[:count]
        apart = ~np.isclose(first, again, rtol=_SAME, atol=_SAME, equal_nan=True)
        if apart.any():
            at = np.argwhere(apart)[0]
            pair = f"{first[tuple(at)]:.6g} and {again[tuple(at)]:.6g}"
            raise ModelError(f"{self._where}: the model gives two different answers for the same row ({pair}), so nothing explains them")
        self._repeated = count
        self._first = table.slice(0, _CHECKED).rename_columns(list(self.names))
        self._known = answers[:_CHECKED]
        self._parts = None

    def _read_parts(self) -> Trees | Linear | None:
        with self._lock:
            if self._parts is None:
                try:
                    self._read = self._read or (self._answering.parts(),)
                except ModelError as error:
                    raise self._said(error) from None
                self._parts = (self._checked(self._read[0]),)
            return self._parts[0]

    def _checked(self, parts: Trees | Linear | None) -> Trees | Linear | None:
        """`parts` under the log's names and for the chosen class, or None where they do not give the answers that the model gave."""
        if parts is None or self.classes or (self._output != 0 and self._outputs > 2) or len(parts.encode.inputs) != len(self.names):
            return None
        from dataclasses import replace

        parts = replace(parts, encode=replace(parts.encode, inputs=self.names))
        two = self._two or self._outputs == 2
        if two and self._output == 0:
            parts = parts.turned()
        if self._first is None or self._known is None:
            return parts
        given = self._known
        told = parts.answer(parts.encode.matrix(self._first))
        held = np.isfinite(given)
        return parts if np.allclose(told[held], given[held], rtol=_SAME, atol=_SAME) else None

    def _said(self, error: ModelError) -> ModelError:
        text = str(error)
        return error if text.startswith(self._where) else ModelError(f"{self._where}: {text}")


def _listed(levels: Sequence[str]) -> str:
    shown = ", ".join(f'"{level}"' for level in levels[:5])
    return shown if len(levels) <= 5 else f"{shown} and others"


@contextmanager
def open_model(
    model: ModelConfig, version: str | None = None, *, columns: Sequence[str] | None = None, others: Sequence[str] = ()
) -> Iterator[LoadedModel]:
    """The model of one version of `model`, until the `with` ends.

    `columns` are the log's features (default: those of the configuration). A file that names its inputs finds them among these and
    `others`; a file that names none takes `columns` in their order.

    Raises
    ------
    ModelError
        No file or address is named for it, or it cannot be read; one sentence.
    """
    from connectors.model_opening import opened

    file = model.model
    if file is None or file.format == SURROGATE:
        raise ModelError(f"models.{model.name} names no model; add a [models.{model.name}.model] with format and path or url")
    answering, where = opened(model.name, file, version)
    try:
        yield LoadedModel(answering, model, where, columns, others)
    finally:
        answering.close()
