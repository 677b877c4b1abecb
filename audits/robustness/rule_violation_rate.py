"""The audit `rule_violation_rate`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import listed, over_cells

PROBE = "rules"


@audit(name="rule_violation_rate", unit="proportion", needs=("rules",), tasks=EVERY_TASK, units="rows", probe=PROBE)
def rule_violation_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of rows whose score breaks a declared rule once inputs are changed as the rule says, by rule.

    Formula
        Each row is scored as logged and with `change` applied to `columns`; d is the second score less the first. "invariant" is broken
        where |d| > by; "monotone" where d goes against `direction` by more than `by`; "directional" where d does not go in `direction` by
        `by` at least. Rows broken over rows that the change alters.
    Interval
        Wilson. n is the rows that were asked about and altered: a budget of rows, those whose keys have the smallest digests.
    Where
        For groups over the whole period, and for everybody in each window.
    Tables
        The rule (`kind`, `change`, `columns`, `direction`, `by`); `mean_change` of the score with `low` and `high` (Student's t), and its
        `quantiles` at 5, 25, 50, 75 and 95 %; `unchanged`: rows that the change leaves as they are; `unanswered`: rows that the model gave
        no number for; `unasked`: rows that there was no time for; `unused`: columns that the model does
        not take in; `scorer`, and the `fidelity` of a surrogate.
    When it misleads
        A changed row may be one that nobody could send: ten per cent more income at the same debt ratio. A score that is flat where a rule
        asks for a move breaks "directional" and is no fault where it has reached its end. Of a surrogate it says what the surrogate does:
        trees imitate a smooth model in steps, so give `by` some room.
    Source
        T. Y. Chen, S. C. Cheung and S. M. Yiu (1998), Metamorphic Testing, HKUST-CS98-01; M. T. Ribeiro et al. (2020), Beyond Accuracy:
        Behavioral Testing of NLP Models with CheckList, ACL (invariance and directional tests).

    >>> moved = [0.02, 0.0, -0.01, 0.05]  # of "more income never hurts": monotone, up, by 0
    >>> sum(d < 0 for d in moved) / len(moved)
    0.25
    """
    declared = {rule.name: rule for rule in evidence.model.rules}
    said = evidence.probes.get(PROBE, {}).get("rules", {})
    kept = [name for name in said if name in declared and name in evidence.topics]
    for name in kept:
        if "reason" in said[name]:
            nothing = np.full(1, np.nan)
            yield measurement(
                "rule_violation_rate", "proportion", value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="wilson",
                column=evidence.topics.index(name), reason=str(said[name]["reason"]),
            )  # fmt: skip
    asked = ("kind", "change", "direction", "by")
    fitting = [name for name in kept if all(said[name].get(key) == getattr(declared[name], key) for key in asked)]
    blocks = over_cells(evidence, PROBE, "rule_violation_rate", "proportion", columns=fitting, tables=lambda cells, name: dict(said[name]))
    yield from map(listed, blocks)
