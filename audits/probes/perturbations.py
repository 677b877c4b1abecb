"""How often a decision turns when inputs are a little off, and when nothing but a protected attribute is another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.altered import alterations
from audits.probes.cells import tally_of
from audits.probes.deciders import Decider, OutOfTime, deciders, fair_share
from audits.probes.feasible import space
from audits.probes.protected_flips import inputs, protected_flips
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

ROWS = 10_000
SECONDS = 60.0
NO_TIME = "no time was left for it"
NOTHING = "the model answers none of the changed rows"


@dataclass(kw_only=True)
class Perturbed:
    """What was found of one release: (quantity, column) by row, what each perturbation was, and what could not be asked."""

    decider: Decider
    found: dict[tuple[str, str], Floats] = field(default_factory=dict)
    perturbations: list[dict[str, Any]] = field(default_factory=list)
    protected: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """What is said of this release."""
        return self.decider.to_json() | {"perturbations": self.perturbations, "protected": self.protected, "skipped": self.skipped}


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, seconds: float = SECONDS,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Ask each release about its rows with their inputs a little off, until all is asked or the seconds are up.

    What there was no time for, and what the model refuses to answer, is named in the body and not counted.
    """
    began = time.monotonic()
    done: list[Perturbed] = []
    with deciders(warehouse, model, evidence, rows=rows, progress=progress, seconds=seconds) as (found, reasons):
        for place, decider in enumerate(found):
            decider.deadline = time.monotonic() + fair_share(found[place:], began + seconds)
            one = perturb(model, evidence, decider)
            done.append(one)
            name = "" if decider.scorer.version is None else f" {decider.scorer.version}"
            progress(
                f"{model.name}{name}: perturbations: {len(decider.rows):,} of {decider.rows.available:,} rows, "
                f"{decider.queries:,} questions in {decider.calls:,} calls" + (f", {len(one.skipped)} left out" if one.skipped else "")
            )
    body: dict[str, Any] = {
        "rows_used": sum(len(one.decider.rows) for one in done), "rows_available": sum(one.decider.rows.available for one in done),
        "seconds": round(time.monotonic() - began, 2), "deadline": seconds, "models": [*(one.to_json() for one in done), *reasons],
        "not_inputs": [name for name in model.attributes if done and not any(name in one.decider.scorer.names for one in done)],
    }  # fmt: skip
    counted = [one for one in done if one.found]
    if counted:
        body["cells"] = tally_of(evidence, *((one.decider.rows, one.found) for one in counted))
        body["topics"] = body["not_inputs"]
    else:
        body["reason"] = next((told["reason"] for told in reasons), NOTHING)
    return body


def perturb(model: ModelConfig, evidence: Evidence, decider: Decider) -> Perturbed:
    """One release's rows, with every perturbation that its inputs allow."""
    found = Perturbed(decider=decider)
    table = decider.rows.table.select(list(decider.scorer.names)).combine_chunks()
    for name in inputs(decider, model.attributes):
        with _left_out(found, name):
            found.found["protected_flip_rate", name], found.protected[name] = protected_flips(decider, name)
    feasible = space(model, evidence, decider.scorer.names, table)
    for one in alterations(feasible, table, model.attributes, seed=evidence.seed):
        with _left_out(found, one.name):
            changed, counts = one.make()
            after = decider.decide(changed)
            value = np.where(counts, decider.flipped(after), np.nan)
            told = {"name": one.name, "kind": one.kind, "size": one.size, "columns": list(one.columns)}
            found.perturbations.append(told | {"unanswered": int((counts & ~np.isfinite(after)).sum())})
            if np.isfinite(value).any():
                found.found["flip_rate", one.name] = value
    return found


@contextmanager
def _left_out(found: Perturbed, name: str) -> Iterator[None]:
    """What cannot be asked is named, with the reason, and the rest goes on."""
    try:
        yield
    except OutOfTime:
        found.skipped.append({"name": name, "reason": NO_TIME})
    except (CandorError, ValueError) as error:
        found.skipped.append({"name": name, "reason": str(error)})
