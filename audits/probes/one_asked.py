"""What one explanation is made from, and what was spent and left out while it was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audits.evidence import Evidence
from audits.explanation import Absent, Budget, Prediction
from audits.probes.cut_off import CutOff
from audits.probes.ground import Ground
from audits.probes.scorer import Scorer
from connectors.config import ModelConfig

if TYPE_CHECKING:
    import pyarrow as pa

NO_MODEL = "there is no model to ask"
NO_INPUTS = "the log holds none of the model's inputs"


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
