"""What one explanation is made from, and what was spent and left out while it was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.explanation import Absent, Budget, Prediction
from audits.probes.cut_off import CutOff
from audits.probes.ground import Ground
from audits.probes.scorer import Answers, Scorer
from connectors.config import ModelConfig

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Linear, Trees

NO_MODEL = "there is no model to ask"
NO_INPUTS = "the log holds none of the model's inputs"


@dataclass(frozen=True)
class Opaque:
    """A model of which only the answers are looked at: what it is made of speaks of another class than the one explained."""

    asked: Answers

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs, in the model's order."""
        return self.asked.names

    @property
    def fingerprint(self) -> str:
        """Of the model."""
        return self.asked.fingerprint

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the model."""
        return self.asked.classes

    def predict(self, rows: pa.Table) -> Floats:
        """[row, class]."""
        return self.asked.predict(rows)

    def matrix(self, rows: pa.Table) -> Floats | None:
        """Nothing."""
        return None

    def owner(self) -> Integers:
        """Each input by itself."""
        return np.arange(len(self.names))

    def trees(self) -> Trees | None:
        """Nothing."""
        return None

    def linear(self) -> Linear | None:
        """Nothing."""
        return None


def about_label(scorer: Scorer, label: str | None) -> Scorer:
    """The scorer, asked about one class of several; its parts are let go of where they are about another."""
    if label is None or label == scorer.target:
        return scorer
    return replace(scorer, target=label, asked=Opaque(scorer.asked))


class AbsentError(Exception):
    """A part that cannot be made; the message says why."""


@dataclass(kw_only=True)
class Asked:
    """What one explanation is made from.

    Parameters
    ----------
    row
        The prediction as logged, one row, with every column that was asked for.
    about
        What is known of it before anything is computed.
    broken
        Why there is no scorer.
    turn
        Where the decision turns, or why that is not known.
    """

    model: ModelConfig
    evidence: Evidence
    ground: Ground
    row: pa.Table
    unit: object
    about: Prediction
    scorer: Scorer | None
    broken: str = ""
    turn: CutOff | str = ""
    data: str = ""
    seconds: float = 10.0
    progress: Callable[[str], None] = field(default=lambda _: None)
    budgets: list[Budget] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)

    @property
    def sign(self) -> int:
        """1 where a larger answer is better for the person, -1 where it is worse, 0 where nobody says."""
        if self.model.task == "regression" or self.model.favorable is None:
            return 0
        if self.model.task == "multiclass":
            return int(self.about.label == str(self.model.favorable))
        return 1 if self.model.same else -1

    def spent(self, part: str, used: int, available: int, began: float) -> None:
        """Remember what a part used; `began` is what `time.monotonic` said."""
        self.budgets.append(Budget(part=part, rows_used=used, rows_available=available, seconds=round(time.monotonic() - began, 3)))

    def why(self, part: str) -> str:
        """Why a part is absent."""
        return next((each.reason for each in self.absent if each.part == part), NO_MODEL)
