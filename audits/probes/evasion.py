"""How little it takes to turn a decision: the smallest possible change of each row, and how many adverse decisions an attacker turns so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.cells import Found, tally_of
from audits.probes.deciders import Decider, OutOfTime, deciders, fair_share
from audits.probes.feasible import Flags, Space, space
from audits.probes.hop_skip_jump import MOST_SECONDS, second_attack
from audits.probes.smallest_flip import Search
from audits.robustness.distances import BUDGET, EDGES, OF_BIN, TO_ADVERSE, TO_FAVORABLE, WITHIN
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1_500
"""Rows that are read and can be aimed at, of all releases together."""
SEARCHED = 5
"""One row in so many is searched from."""
OTHERS = 2_000
SECONDS = 60.0
LARGEST_BLOCK = 400
"""Rows that are searched at once, at most: few calls, and arrays that fit."""
QUESTIONS, PER_NUMBER = 300, 30
"""What a row takes, and what for each number that may change, about; the first block is as large as that leaves time for."""
TOO_SLOW = "the model answers too slowly: no row was searched to the end in {seconds:.0f} seconds"


@dataclass(kw_only=True)
class Attacked:
    """What was found of one release's rows: sizes are NaN for rows that were not searched, infinite beyond the budget."""

    decider: Decider
    space: Space
    distance: Floats
    stopped: bool = False
    second: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def searched(self) -> Flags:
        """[row] which were searched to the end."""
        return ~np.isnan(self.distance)

    @property
    def adverse(self) -> Floats:
        """[row] 1 where the model decides against the person, 0 where for; NaN where no side is favorable."""
        return self.decider.cut_off.adverse(self.decider.decided)

    def found(self) -> Found:
        """The quantities of each row."""
        adverse, searched = self.adverse, self.searched
        within = np.where(searched & (adverse == 1), (self.distance <= WITHIN).astype(np.float64), np.nan)
        found = {("evasion_rate", ""): within}
        place = np.searchsorted(EDGES, self.distance, side="left")  # bin b holds edges[b - 1] < distance <= edges[b]; the last is beyond
        for column, side in ((TO_FAVORABLE, adverse == 1), (TO_ADVERSE, adverse == 0), ("", np.isnan(adverse))):
            held = searched & side
            for each in np.unique(place[held]).tolist():
                found[OF_BIN.format(each), column] = np.where(held & (place == each), 1.0, np.nan)
        return found

    def to_json(self) -> dict[str, Any]:
        """What is said of this release."""
        told = self.decider.to_json() | {
            "searched": int(self.searched.sum()), "beyond": int((self.distance > BUDGET).sum()), "stopped": self.stopped,
            "second": self.second, "changes": self.space.to_json(),
        }  # fmt: skip
        return told | ({"reason": self.reason} if self.reason else {})


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, seconds: float = SECONDS,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Search the smallest possible change that turns the decision of one row in five of those read, for each release that answers.

    Rows are searched in blocks, each to its end, until all are done or the seconds are up; what was not searched takes no part.
    """
    began = time.monotonic()
    with deciders(warehouse, model, evidence, rows=rows, progress=progress, seconds=seconds) as (found, reasons):
        attacked: list[Attacked] = []
        for place, decider in enumerate(found):
            one = attack(model, evidence, decider, seconds=fair_share(found[place:], began + seconds))
            attacked.append(one)
            name = "" if decider.scorer.version is None else f" {decider.scorer.version}"
            progress(
                f"{model.name}{name}: evasion: {int(one.searched.sum()):,} of {len(decider.rows):,} rows searched, "
                f"{decider.queries:,} questions in {decider.calls:,} calls{', stopped by the deadline' if one.stopped else ''}"
            )
    body: dict[str, Any] = {
        "rows_used": sum(int(one.searched.sum()) for one in attacked),
        "rows_available": sum(one.decider.rows.available for one in attacked),
        "seconds": round(time.monotonic() - began, 2), "deadline": seconds, "budget": BUDGET, "within": WITHIN,
        "models": [*(one.to_json() for one in attacked), *reasons],
    }  # fmt: skip
    done = [one for one in attacked if one.searched.any()]
    if done:
        body["cells"] = tally_of(evidence, *((one.decider.rows, one.found()) for one in done))
    elif attacked or reasons:
        body["reason"] = next((told["reason"] for told in body["models"] if "reason" in told), "")
    return body


def attack(model: ModelConfig, evidence: Evidence, decider: Decider, *, seconds: float) -> Attacked:
    """Search one release's rows, four fifths of the time, and let the second attack have some of them in the rest."""
    began = time.monotonic()
    table = decider.rows.table.select(list(decider.scorer.names)).combine_chunks()
    found = Attacked(
        decider=decider, space=space(model, evidence, decider.scorer.names, table), distance=np.full(len(decider.rows), np.nan)
    )  # fmt: skip
    x = found.space.encode(table)
    answered = np.flatnonzero(np.isfinite(decider.decided))
    queue = answered[: -(-len(decider.rows) // SEARCHED)]
    decider.deadline = began + 0.8 * seconds
    done, first = 0, None
    free = found.space.numeric & found.space.free
    asked = QUESTIONS + PER_NUMBER * free.sum() + sum(len(found.space.levels_to(place)) for place in range(len(free)))
    size = int(np.clip(0.25 * seconds / max(decider.pace * asked, 1e-9), 4, LARGEST_BLOCK))
    try:
        while done < len(queue):
            block = queue[done : done + size]
            started = time.monotonic()
            search = searched_from(found.space, decider, table, x, block, answered, seed=evidence.seed)
            search.run()
            found.distance[block] = search.distance
            first = first or (search, block)
            done += len(block)
            pace = (time.monotonic() - started) / len(block)
            size = int(np.clip((decider.deadline - time.monotonic()) / max(2 * pace, 1e-9), 1, LARGEST_BLOCK))
        decider.deadline = began + seconds
        if first is not None:
            found.second = second_attack(first[0], seconds=min(MOST_SECONDS, began + seconds - time.monotonic()))
            found.distance[first[1]] = first[0].distance
    except OutOfTime:
        found.stopped = True
        found.reason = "" if done else TOO_SLOW.format(seconds=seconds)
    except CandorError as error:
        found.reason = str(error)
    return found


def searched_from(
    feasible: Space, decider: Decider, table: pa.Table, x: Floats, block: Integers, answered: Integers, *, seed: int
) -> Search:
    """The search of a block of rows, towards the other side of the decision: for or against, or any other class where none is favorable."""
    cut_off, side = decider.cut_off, sides(decider, decider.decided)
    others, before = answered[:OTHERS], side[block]

    def ask(changed: pa.Table, of: Integers) -> tuple[Floats, Flags]:
        answers = decider.ask(changed)
        after = sides(decider, cut_off.decided(answers))
        gain = cut_off.margin(answers) * np.where(before[of] == 1, -1.0, 1.0)
        if answers.ndim == 2 and cut_off.favorable < 0:
            own = before[of].astype(np.int64)
            rest = np.where(np.arange(answers.shape[1]) == own[:, None], -np.inf, answers)
            gain = rest.max(axis=1) - answers[np.arange(len(own)), own]
        return gain, np.isfinite(after) & (after != before[of])

    return Search(
        space=feasible, base=table.take(block), x0=x[block], ask=ask, others=x[others], aims=side[others][None, :] != before[:, None],
        budget=BUDGET, seed=seed + int(block[0]),
    )  # fmt: skip


def sides(decider: Decider, decided: Floats) -> Floats:
    """[row] 1 favorable, 0 not; the class itself where none is favorable."""
    adverse = decider.cut_off.adverse(decided)
    return decided if np.isnan(adverse).all() else 1.0 - adverse
