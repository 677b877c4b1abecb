"""The audit `flip_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, over_cells
from audits.robustness.distances import told

PROBE = "perturbations"


@audit(name="flip_rate", unit="proportion", needs=("decision",), tasks=("binary", "multiclass"), units="own", probe=PROBE)
def flip_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that turn when inputs are a little off, for each way of being off.

    #{rows whose decision is another} / #{rows the model answers about, as logged and changed}, with Wilson's interval; decisions are the
    model's answers at the cut-off that reproduces the log's. The column names the perturbation: "noise 0.1" adds normal noise of a tenth
    of a spread to every number (clipped to what the reference held, whole numbers rounded), "rounding 2" leaves two significant digits,
    "missing x" leaves an input out, "missing one" a random one, "typo", "case" and "space" change every text. Noise of all sizes is one
    draw, so that its rates are a curve. Protected attributes are left as they are.

    It misleads when the noise is not the kind that the inputs really have, and where a column's spread says little about how well it is
    measured. A rate near 0 can also mean that decisions are far from the boundary for other reasons, and a decision that never turns may
    depend on nothing. Rows that were missing a value already do not count for that perturbation; a model that does not answer about
    missing values has no rate there, and the probe says so.

    Source: M. T. Ribeiro, T. Wu, C. Guestrin and S. Singh (2020), Beyond accuracy: behavioral testing of NLP models with CheckList, ACL.

    >>> import numpy as np
    >>> score, noise = np.asarray([0.2, 0.69, 0.72, 0.9]), np.asarray([0.05, 0.02, -0.01, -0.03])
    >>> float(((score >= 0.7) != (score + noise >= 0.7)).mean())  # the second one turns
    0.25
    """

    def table(cells: Cells, column: str) -> dict[str, Any]:
        body = evidence.probes[PROBE]
        held = [each for one in body["models"] for each in one.get("perturbations", ()) if each["name"] == column]
        about = {name: held[0][name] for name in ("kind", "size", "columns")} if held else {}
        return about | {"unanswered": sum(each["unanswered"] for each in held)} | told(body)

    yield from over_cells(evidence, PROBE, "flip_rate", "proportion", tables=table)
