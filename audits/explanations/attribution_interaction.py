"""The audit `attribution_interaction`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, release_of, said
from audits.finding import Measurement
from audits.probed_cells import Cells, over_cells


@audit(name="attribution_interaction", unit="score", tasks=EVERY_TASK, units="own", probe=PROBE)
def attribution_interaction(evidence: Evidence) -> Iterator[Measurement]:
    """How far two inputs move the margin together, beyond what each does alone: mean size over rows, strongest pairs only.

    Formula
        Σ |φ_ij| / n with φ_ij the Shapley interaction index: the mean of f(S, i, j) - f(S, i) - f(S, j) + f(S) over the inputs S that come
        before both in a random order, averaged over the whole reference. A table that lays interactions out as a matrix holds half of it
        on either side. Of trees it is exact, for pairs among the eight inputs with the largest attributions; of a model that only answers
        it is sampled, for pairs among the six largest, and a little too large.
    Interval
        Student's t over rows, of which there are at most 500: too few for groups, which are not listed. The pairs
        were picked as the strongest on the same rows.
    Tables
        `pairs`: how many were looked at; `rows`; how the values were made.
    When it misleads
        On log-odds a model that multiplies chances has none, and on the score it has: which it is, the scale says. Inputs that go together
        leave few rows where the model was taught what the pair does. A weighted sum has none on its own scale.
    Source
        M. Grabisch and M. Roubens (1999), Int. J. of Game Theory 28, 547-565; S. Lundberg et al. (2020), Nature Machine Intelligence 2.

    >>> f = lambda x, z: x * z  # against one reference row with x = 0 and z = 0, the row x = 2, z = 3
    >>> f(2, 3) - f(2, 0) - f(0, 3) + f(0, 0)
    6
    """

    def tables(cells: Cells, column: str) -> dict[str, object]:
        release = release_of(evidence)
        return said(evidence) | {"pairs": release.get("interaction_pairs"), "rows": release.get("interaction_rows")}

    for block in over_cells(evidence, PROBE, "attribution_interaction", "score", tables=tables):
        yield block.where(block.slice == 0)  # a few hundred rows are not many enough for groups
