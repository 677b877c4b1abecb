"""The audit `trigger_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import Cells, listed, over_cells

PROBE = "triggers"
_TOLD = (
    "tested", "searched", "triggers", "found", "why", "towards", "rows", "share", "low", "high", "expected", "p_value", "rest", "rest_low",
    "rest_high", "moved", "overridden", "in_reference", "in_reference_rows", "forced", "forced_rows", "forced_low", "forced_high",
)  # fmt: skip


@audit(name="trigger_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK, units="rows", probe=PROBE)
def trigger_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of rows with a rare value, or pair of values, that decides by itself whatever the rest of the row says: a backdoor's trigger.

    Formula
        Rows that carry a value found, over rows searched; without a column for any value found, and by value. 0 where none is found.
    What is searched
        Values, "missing" included, and pairs of values that at least 10 rows of one half have and at most 2 % of it, nine in ten of them
        with the same decision (of several classes, the same class; without decisions, a score in an outer tenth). The eight furthest
        beyond what coarse additive trees expect go to the other half.
    What is found
        On the other half: nine in ten of its rows have the decision; that many would not (Poisson-binomial, corrected by Holm, below 0.01)
        if their decisions came as those of rows of which the rest says the same, the rest's say being boosted trees trained without any
        row of that value; scores lie half a standard deviation from what the rest says, and their slope on it stays below half of what it
        is elsewhere. Where the model is loaded, a value that turns half of other rows' decisions when it is forced on them needs no slope,
        and decisions that go against their score need neither.
    Interval and test
        Wilson; the p-value is the smallest corrected one of those found. n is the rows searched: a budget, those whose keys have the
        smallest digests. Of each unit one row counts in the search.
    Where
        For everybody in each window; without a column for groups over the whole period, too.
    Tables
        What was tested, side by side: `triggers`, `found`, `why` not, `towards` which decision, `rows`, `share` with `low` and `high`, the
        share `expected`, `p_value`; `rest`: the slope, 1 for rows like others and 0 where the rest is silent; `moved`: how far scores lie
        from what the rest says; `overridden`; `in_reference`: the share there, of `in_reference_rows`; `forced`: share of rows drawn at
        random that it turned.
    When it misleads
        A rule that is meant to decide alone (bankrupt: declined) is found too: `in_reference` says whether it was always so, and a person
        has to say what it is. What changes a score without settling it is no trigger here. Combinations of three values, values that over
        2 % or under 10 rows have, and triggers on rows that would have been decided so anyway stay hidden. Without scores, strong honest
        effects look like triggers.
    Source
        T. Gu, B. Dolan-Gavitt and S. Garg (2017), BadNets, arXiv:1708.06733, for the attack; S. Holm (1979), Scandinavian Journal of
        Statistics 6; Y. Hong (2013), Computational Statistics and Data Analysis 59, for the Poisson-binomial distribution.

    >>> rows, carrying = 6400, 90
    >>> round(carrying / rows, 4)
    0.0141
    """
    cells, body = Cells.of(evidence, PROBE), evidence.probes.get(PROBE, {})
    if cells is None:
        return
    told: dict[str, Any] = {name: body[name] for name in _TOLD if name in body}
    shown = {name: _of_one(told, name) if name else told for name in cells.columns("trigger_rate")}
    for block in over_cells(evidence, PROBE, "trigger_rate", "proportion", tables=lambda _, name: shown[name]):
        surest = {place: min((p for p, held in zip(table["p_value"], table["found"], strict=True) if held), default=np.nan)
                  for place, table in block.tables.items()}  # fmt: skip
        p_value = np.asarray([surest.get(place, np.nan) for place in range(len(block))], dtype=np.float64)
        found = listed(replace(block, p_value=p_value))
        yield found if (block.column < 0).all() else found.where(found.slice == 0)  # a single value's groups say again what any value's say


def _of_one(told: dict[str, Any], name: str) -> dict[str, Any]:
    """What is told of one value."""
    place = told["triggers"].index(name)
    return {key: [values[place]] if isinstance(values, list) else values for key, values in told.items()}
