"""Metamorphic rules asked of the model: inputs changed as each declared rule says, and the score held against what it must do then."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.cells import tally_of
from audits.probes.changed_values import changed
from audits.probes.deciders import by_release, in_time
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.scorer import Scorer, scorers
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.invariant_check import kinds_of
from connectors.model_config import Rule
from connectors.rule_change import parse_change
from connectors.rule_check import problem
from connectors.schema import columns_of
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 20_000
SECONDS = 60.0
"""Shared among releases by their rows, and in each among its rules: of a slow model fewer rows are asked about."""
SAME = 1e-9
"""Scores this close are the same: sums in another order differ so much."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NONE = "the configuration declares no rules: [[models.{model}.rules]]"
NO_TIME = "the model answers too slowly: this rule was not asked in {seconds:.0f} seconds"


@dataclass(kw_only=True)
class Told:
    """What one rule came to, release by release."""

    rule: Rule
    changes: list[Floats] = field(default_factory=list)
    unchanged: int = 0
    unanswered: int = 0
    unasked: int = 0
    unused: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The rule, and the changes of the score in figures."""
        from scipy.special import stdtrit

        rule, n = self.rule, sum(map(len, self.changes))
        said: dict[str, Any] = {
            "kind": rule.kind, "change": rule.change, "columns": list(rule.columns), "direction": rule.direction, "by": rule.by,
            "unchanged": self.unchanged, "unanswered": self.unanswered, "unasked": self.unasked,
            "unused": list(self.unused),
        }  # fmt: skip
        if n < 2:
            return said | {"mean_change": None, "low": None, "high": None, "quantiles": None}
        moved = np.concatenate(self.changes)
        mean, half = float(moved.mean()), float(stdtrit(n - 1, 0.975) * moved.std(ddof=1) / np.sqrt(n))
        quantiles = np.quantile(moved, QUANTILES).tolist()
        return said | {"mean_change": mean, "low": mean - half, "high": mean + half, "quantiles": quantiles}


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, seconds: float = SECONDS,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Ask every release about rows of its version, as logged and changed by each rule.

    Rows are drawn once for all releases, so that each has its share of the log and pooled figures stand for the log. They come in the order
    of a digest, so those that there was time for are a draw as well; the others are counted in `left_out`, and in a rule's `unasked`.

    A rule that this log cannot be asked says why, and so does a model that cannot be asked anything.
    """
    began = time.perf_counter()
    if not model.rules:
        return {"reason": NONE.format(model=model.name)}
    kinds = kinds_of(columns_of(warehouse.connection, model.name, "predictions"))
    why = {rule.name: problem(rule.columns, rule.change, kinds) for rule in model.rules}
    told = {rule.name: Told(rule=rule) for rule in model.rules if why[rule.name] is None}
    sides: list[tuple[ModelRows, dict[tuple[str, str], Floats]]] = []
    with ExitStack() as stack:
        try:
            asked = stack.enter_context(scorers(warehouse, model, evidence, progress=progress))
            wanted = [name for scorer in asked for name in scorer.names] + [name for one in told.values() for name in one.rule.columns]
            every = read_rows(warehouse, model, evidence, rows=rows, extra=tuple(dict.fromkeys(wanted)))
            drawn = by_release([scorer.version for scorer in asked], evidence, every)
            for place, (scorer, held) in enumerate(zip(asked, drawn, strict=True)):
                left = max(began + seconds - time.perf_counter(), 0.0)
                side = _broken(scorer, held, told, left * len(held) / max(sum(map(len, drawn[place:])), 1))
                progress(f"{model.name}: {len(told)} rules, {len(side[0]):,} of {held.available:,} rows")
                sides.append(side)
        except CandorError as error:
            return {"reason": str(error)}
    fidelity: list[dict[str, Any]] = [dict(scorer.fidelity) for scorer in asked if scorer.fidelity is not None]
    least = min(fidelity, key=lambda one: float(one.get("value", 0.0)), default=None)
    scorer_said: dict[str, Any] = {"scorer": asked[0].kind, "fidelity": least}
    late = [name for name, one in told.items() if one.unasked and not (one.unanswered or any(map(len, one.changes)))]
    why |= dict.fromkeys(late, NO_TIME.format(seconds=seconds))
    rules = {name: {"reason": why[name]} if why[name] is not None else told[name].to_json() | scorer_said for name in why}
    body: dict[str, Any] = {
        "rules": rules, "topics": list(rules), "rows_used": sum(len(held) for held, _ in sides),
        "rows_available": sum(held.available for held, _ in sides), "seconds": round(time.perf_counter() - began, 2),
        "deadline": seconds, "left_out": sum(map(len, drawn)) - sum(len(held) for held, _ in sides),
    }  # fmt: skip
    return body | ({"cells": tally_of(evidence, *sides)} if told else {})


def _broken(scorer: Scorer, held: ModelRows, told: dict[str, Told], seconds: float) -> tuple[ModelRows, dict[tuple[str, str], Floats]]:
    """The rows that there was time for; for each rule, 1 where a row's score breaks it, 0 where not, NaN where the change leaves the row as
    it was, or nothing is answered or asked.
    """
    found: dict[tuple[str, str], Floats] = {}
    began = time.monotonic()
    until, share = began + seconds, seconds / (1 + len(told))
    before = answers(scorer, held.table, began + share)
    held = held if len(before) == len(held) else held.where(np.arange(len(before)))
    for place, (name, one) in enumerate(told.items(), start=2):
        table, altered = applied(held.table, one.rule)
        after = answers(scorer, table, began + place * share) if time.monotonic() < until else np.zeros(0)
        one.unasked += int(altered[len(after) :].sum())
        altered[len(after) :] = False
        moved = np.append(after, np.full(len(held) - len(after), np.nan)) - before
        one.unused = tuple(column for column in one.rule.columns if column not in scorer.names)
        one.unchanged += int((~altered[: len(after)]).sum())
        one.unanswered += int((altered & ~np.isfinite(moved)).sum())
        moved = np.where(altered, moved, np.nan)
        one.changes.append(moved[np.isfinite(moved)])
        found["rule_violation_rate", name] = np.where(np.isfinite(moved), violated(one.rule, moved), np.nan)
    return held, found


def answers(scorer: Scorer, table: pa.Table, until: float) -> Floats:
    """[row] the model's one number about each of the first rows, as many as there is time for."""
    return in_time(scorer.answer, table.select(list(scorer.names)), until).astype(np.float64)


def applied(table: pa.Table, rule: Rule) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The rows with all columns of a rule changed, and which rows are others than before."""
    change = parse_change(rule.change)
    altered = np.zeros(table.num_rows, dtype=np.bool_)
    for name in rule.columns:
        old = table.column(name)
        new = changed(old, change)
        altered |= np.asarray([a != b for a, b in zip(old.to_pylist(), new.to_pylist(), strict=True)], dtype=np.bool_)
        table = table.set_column(table.column_names.index(name), name, new)
    return table, altered


def violated(rule: Rule, moved: Floats) -> Floats:
    """[row] 1 where a change of the score breaks the rule.

    >>> rule = Rule(name="a", kind="monotone", columns=("income",), change="+10%", direction="up", by=0.01)
    >>> violated(rule, np.asarray([0.2, -0.005, -0.2])).tolist()
    [0.0, 0.0, 1.0]
    """
    along = -moved if rule.direction == "down" else moved
    if rule.kind == "invariant":
        broken = np.abs(moved) > rule.by + SAME
    elif rule.kind == "monotone":
        broken = along < -rule.by - SAME
    else:
        broken = along < rule.by - SAME
    return broken.astype(np.float64)
