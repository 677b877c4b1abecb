"""The audit `flip_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, listed, over_cells
from audits.robustness.distances import told

PROBE = "perturbations"
IN_FULL = ("noise 0.1", "missing one")
"""Perturbations whose rates are also listed for each group in each window, for trends and alerts."""


@audit(name="flip_rate", unit="proportion", needs=("decision",), tasks=("binary", "multiclass"), units="own", probe=PROBE)
def flip_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that turn when inputs are a little off, for each way of being off.

    Formula
        #{rows whose decision is another} / #{rows that the model answers about both as logged and changed}. Decisions are the model's
        answers at the cut-off that reproduces most of the log's decisions.
    What is changed
        The column of the finding names it. "noise 0.1": every number moved by normal noise of a tenth of a spread, (q90 - q10) / 2.563 of
        the reference, clipped to what the reference held, whole numbers rounded; noise of all sizes is one draw, so that its rates are a
        curve. "rounding 2": two significant digits are left. "missing x": an input left out; "missing one": a random one. "typo", "case",
        "space": every text with two letters swapped, its case swapped, a space behind it. Protected attributes are left as they are.
    Interval
        Wilson's, over the rows asked about: a budget of rows, those whose keys have the smallest digests.
    Where
        For groups over the whole period, and for everybody in each window; "noise 0.1" and "missing one" for groups in windows, too.
    Tables
        `kind`, `size`, `columns`; `unanswered` rows; whether a model or a surrogate was asked, rows, questions and seconds.
    When it misleads
        Where the noise is not the kind that inputs have: a column's spread says little about how well it is measured. Decisions also seldom
        turn where hardly any are near the boundary. Rows that miss a value already do not count where it is left out; a model that does not
        answer about missing values has no rate there, and the probe says so.
    Source
        M. T. Ribeiro, T. Wu, C. Guestrin and S. Singh (2020), Beyond accuracy: behavioral testing of NLP models with CheckList, ACL.

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

    for block in over_cells(evidence, PROBE, "flip_rate", "proportion", tables=table):
        yield block if len(block) and evidence.topics[block.column[0]] in IN_FULL else listed(block)
