"""The audit `protected_flip_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, over_cells
from audits.robustness.distances import told
from audits.robustness.flip_rate import PROBE

NO_INPUT = "it is no input of the model: changing it alone changes no decision, and what stands in for it is found elsewhere"
NOT_TOLD = "it was not given to the surrogate: whether the model uses it cannot be told from the log"


@audit(
    name="protected_flip_rate", unit="proportion", needs=("decision", "protected"), tasks=("binary", "multiclass"), units="own", probe=PROBE
)
def protected_flip_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that another level of a protected attribute, and nothing else, would turn.

    Formula
        #{rows for which some other level turns the decision} / #{rows with a known level that the model answers about}, for each protected
        attribute that is an input of the model; the column of the finding names it. A level stands for the value that most of its rows
        hold; of a grouped number, for a middle one. At most ten levels are tried, the most frequent.
    Interval
        Wilson's, over the rows asked about: a budget of rows, those whose keys have the smallest digests.
    Tables
        By version and level, which share of everybody would be decided favorably with that level.
    When it misleads
        0 says that the attribute is not used directly, while others may stand in for it: see `proxy_strength` and
        `mean_attribution_difference`. People who differ in it also differ in what it has caused, which a change of it alone leaves out. A
        changed row may be one that nobody is. An attribute that is no input has no rate; one that a
        surrogate was not given has none either, and that says nothing about the model.
    Source
        S. Galhotra, Y. Brun and A. Meliou (2017), Fairness testing, ESEC/FSE; M. J. Kusner, J. Loftus, C. Russell and R. Silva (2017),
        Counterfactual fairness, NeurIPS, who say why changing the attribute alone is not counterfactual fairness.

    >>> import numpy as np
    >>> merit, women = np.asarray([0.4, 0.65, 0.75, 0.9]), np.asarray([True, False, True, False])
    >>> def decided(women):
    ...     return merit - 0.1 * women >= 0.6
    >>> float((decided(women) != decided(~women)).mean())  # 0.65 passes only for a man
    0.25
    """

    def table(cells: Cells, column: str) -> dict[str, Any]:
        body = evidence.probes[PROBE]
        held = [one for one in body["models"] if column in one.get("protected", {})]
        by_version = [{"version": one["version"], **one["protected"][column]} for one in held]
        return {"by_version": by_version} | told(body)

    yield from over_cells(evidence, PROBE, "protected_flip_rate", "proportion", tables=table)
    body = evidence.probes.get(PROBE, {})
    surrogate = any(one.get("kind") == "surrogate" for one in body.get("models", ()))
    for name in body.get("topics", ()):
        none = np.full(1, np.nan)
        yield measurement(
            "protected_flip_rate", "proportion", value=none, low=none, high=none, n=np.zeros(1, dtype=np.int64), method="",
            column=evidence.topics.index(name), reason=NOT_TOLD if surrogate else NO_INPUT,
        )  # fmt: skip
