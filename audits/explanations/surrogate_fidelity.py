"""The audit `surrogate_fidelity`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, over_cells


@audit(name="surrogate_fidelity", unit="score", tasks=EVERY_TASK, units="own", probe="answers")
def surrogate_fidelity(evidence: Evidence) -> Iterator[Measurement]:
    """How much of the variance of the logged scores the surrogate explains, on rows that it did not learn from: 1 when it is the model.

    Formula
        R² = 1 - mean of (score - answer)² / V, where V is the variance of all scores that the surrogate of that version was trained on:
        the same for every group and window, so that a group with scores close together is not marked down for that. Each row is answered
        by trees that were trained without its third of the rows (of the units, where the log names one). Where only decisions are
        logged, score is 0 or 1 and the answer a probability; of several classes squares are summed over the classes.
    Interval
        Student's t on the mean over rows, V taken as known; one row a unit and window where the log names a unit. The tables hold the
        figure of each version as printed, with an interval that takes V as estimated, and the share of decisions that agree.
    When it misleads
        It is about rows like the logged ones: where a counterfactual or an attack goes beyond them, the surrogate is a guess. A high
        fidelity can rest on a feature that merely goes along with what the model uses. Below 0.8 no surrogate is asked at all.
    Source
        M. Craven and J. Shavlik (1996), Extracting Tree-Structured Representations of Trained Networks, NeurIPS 8, for surrogates and
        their fidelity.

    >>> import numpy as np
    >>> logged, answered = np.array([0.1, 0.3, 0.5, 0.7]), np.array([0.1, 0.2, 0.6, 0.7])
    >>> round(float(1 - ((logged - answered) ** 2).mean() / logged.var()), 2)
    0.9
    """
    body = {key: value for key, value in evidence.probes.get("answers", {}).items() if key != "cells"}

    def table(cells: Cells, _: str) -> dict[str, object]:
        n, share = (float(found[0, 0, 0]) for found in cells.means("agreement", "")[:2])
        return body | {"agreement": share if n else None, "agreement_n": int(n)}

    yield from over_cells(evidence, "answers", "surrogate_fidelity", "score", quantity="fidelity", tables=table)
