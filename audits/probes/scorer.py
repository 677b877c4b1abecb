"""What every probe asks: the model itself, one for each release with a file, or a surrogate trained on the logged scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from connectors.config import ModelConfig
from connectors.errors import CandorError, nearest
from connectors.schema import OWN_PREFIX, columns_of
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Linear, Trees

SURROGATE = "surrogate"


class NoScorer(CandorError):
    """There is nothing to ask: no model file, and a surrogate would be unfaithful; the text is the reason in one sentence."""


class Answers(Protocol):
    """What a loaded model and a surrogate have in common; see `connectors.model.LoadedModel`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs, in the model's order, under the log's names."""

    @property
    def fingerprint(self) -> str:
        """Of the file, the endpoint or the trained surrogate."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Of a multiclass model; else ()."""

    def predict(self, rows: pa.Table) -> Floats:
        """[row], or [row, class]."""

    def matrix(self, rows: pa.Table) -> Floats | None:
        """[row, numeric column] that trees and coefficients speak of; None of an opaque model."""

    def owner(self) -> Integers:
        """[numeric column] -> position in `names`."""

    def trees(self) -> Trees | None:
        """The additive ensemble of trees that it is, if it is one."""

    def linear(self) -> Linear | None:
        """The coefficients that it is, if it is linear."""


@dataclass(kw_only=True)
class Scorer:
    """A model to ask.

    Parameters
    ----------
    kind
        The model itself, or a surrogate: a page says the surrogate's fidelity before anything else.
    version
        The version of the log that it is, so that rows of other versions are not asked; None: every row.
    fidelity
        Of a surrogate: value (R² out of fold), low, high, agreement (share of decisions), n, rows, floor; else None.
    target
        Of a multiclass task: the class whose probability `answer` gives, which is the favorable one, else the most frequent; else "".
    """

    kind: Literal["model", "surrogate"]
    asked: Answers
    version: str | None = None
    fidelity: Mapping[str, Any] | None = None
    target: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What a page says of it: format, file (its name alone), learner, tolerance; `refused` are versions that cannot be asked, and why."""

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs, in the model's order, under the log's names: what `predict` wants in its rows."""
        return self.asked.names

    @property
    def fingerprint(self) -> str:
        """Of the file, the endpoint or the trained surrogate: what answers are kept by."""
        return self.asked.fingerprint

    @property
    def classes(self) -> tuple[str, ...]:
        """Of a multiclass model, in the order of the columns of `predict`; else ()."""
        return self.asked.classes

    def predict(self, rows: pa.Table) -> Floats:
        """P(positive) or the number of a regression by [row], of several classes probabilities by [row, class]; NaN answers stay.

        Raises
        ------
        CandorError
            The model broke, hung or does not know these columns.
        """
        return self.asked.predict(rows)

    def answer(self, rows: pa.Table) -> Floats:
        """One number a row, whatever the task: P(positive), the probability of `target`, or the number of a regression."""
        found = self.predict(rows)
        if found.ndim == 1:
            return found
        return np.ascontiguousarray(found[:, self.classes.index(self.target) if self.target in self.classes else -1])

    def matrix(self, rows: pa.Table) -> Floats | None:
        """[row, numeric column] that `trees` and `linear` speak of; None of an opaque model."""
        return self.asked.matrix(rows)

    def owner(self) -> Integers:
        """[numeric column] -> position in `names`: the columns of one category belong to one input."""
        return self.asked.owner()

    def trees(self) -> Trees | None:
        """The additive ensemble of trees behind `answer`, if it is one."""
        return self.asked.trees()

    def linear(self) -> Linear | None:
        """The coefficients behind `answer`, if it is linear."""
        return self.asked.linear()


@contextmanager
def scorers(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, progress: Callable[[str], None], rows: int | None = None
) -> Iterator[list[Scorer]]:
    """One scorer for each release with a model file, the one in `model.path` first; without a file a surrogate for each version.

    A release that does not open is left out while another one opens, and told in `about`. A read-only warehouse works too: a surrogate
    that was not kept is trained and forgotten.

    Parameters
    ----------
    rows
        The most rows that a surrogate is trained on; None leaves it to `audits.probes.surrogate`.

    Raises
    ------
    NoScorer
        There is no model file, and no surrogate can be trained or it is below the stated fidelity.
    ModelError
        No release of the model opens.
    """
    file = model.model
    if file is None or file.format == SURROGATE:
        from audits.probes.surrogate import surrogates

        yield surrogates(warehouse, model, evidence, progress=progress, rows=rows)
        return
    from audits.probes.rows import features
    from connectors.model import open_model

    columns, others = features(evidence.bins, model), stored(warehouse, model)
    with ExitStack() as stack:
        found: list[Scorer] = []
        broken: list[CandorError] = []
        refused: list[dict[str, Any]] = []
        for version in releases(model):
            try:
                _check(model, evidence, version)
                loaded = stack.enter_context(open_model(model, version, columns=columns, others=others))
            except CandorError as error:
                broken.append(error)
                refused.append({"version": version, "reason": str(error)})
                continue
            told = about(model) | {"refused": refused}
            found.append(Scorer(kind="model", asked=loaded, version=version, target=target_of(model, evidence, loaded.classes), about=told))
        if not found:
            raise broken[0]
        yield found


def _check(model: ModelConfig, evidence: Evidence, version: str | None) -> None:
    """Refuse a release that no row of the log names: nothing would be asked, and nothing said of it."""
    held = {p.version for p in (*evidence.tally.partitions, *evidence.reference_tally.partitions)}
    if version is None or version in held:
        return
    known = sorted(name for name in held if name is not None)
    said = nearest(version, known) if known else "the log names no version, so leave it out"
    raise NoScorer(f'models.{model.name}.model: no row is of version "{version}"; {said}')


def stored(warehouse: Warehouse, model: ModelConfig) -> tuple[str, ...]:
    """The columns of the log."""
    held = columns_of(warehouse.connection, model.name, "predictions")
    return tuple(name for name in held if not name.startswith(OWN_PREFIX))


def releases(model: ModelConfig) -> tuple[str | None, ...]:
    """The versions of the log that there is a model file for; None stands for every version."""
    file = model.model
    if file is None:
        return ()
    named = file.path is not None or file.url is not None or not file.versions
    return tuple(dict.fromkeys([*([file.version] if named else []), *file.versions]))


def about(model: ModelConfig) -> dict[str, Any]:
    """What a page says of a model file."""
    file = model.model
    assert file is not None
    return {"format": file.format, "file": None if file.path is None else file.path.name, "tolerance": file.tolerance}


def target_of(model: ModelConfig, evidence: Evidence, classes: tuple[str, ...]) -> str:
    """Of several classes the one that is explained: the favorable one, else the most frequent of those that the model knows."""
    favorable = None if model.favorable is None else str(model.favorable)
    wanted = [favorable, *evidence.classes]
    return next((name for name in wanted if name in classes), classes[0] if classes else "")
