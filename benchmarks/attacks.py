"""How often attacks planted in a log are found, and honest clients suspected: the tables of docs/attack-signals.md."""

from __future__ import annotations

import importlib
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audits.evidence import Evidence
from audits.examine import examine
from audits.gather import gather
from audits.policy import thresholds
from audits.registry import AUDITS
from benchmarks.page import with_part
from connectors.config import load
from connectors.ingest import ingest
from connectors.simulated import attacks
from connectors.simulated.attack_plans import ATTACKS
from connectors.simulated.honest_clients import HONEST, world_of
from connectors.warehouse import open_warehouse

PAGE = Path(__file__).parent.parent / "docs" / "attack-signals.md"
REQUESTS = ("boundary_probe_rate", "extraction_score", "replay_rate", "flood_rate", "outcome_flip_rate")
ROWS = ("trigger_rate", "outlier_rate")
PROBES: Mapping[str, tuple[str, ...]] = {
    "queries": REQUESTS[:4], "outcome_flips": REQUESTS[4:], "triggers": ROWS[:1], "outliers": ROWS[1:],
}  # fmt: skip
WHO: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "scraper": ("clients", "client", ("newcomer",)), "sweeper": ("clients", "client", ("shop-07",)),
    "boundary prober": ("clients", "client", ("shop-11",)), "replay": ("clusters", "client", ("shop-03", "shop-19")),
    "flood": ("bursts", "client", ("shop-23",)), "label flip": ("campaigns", "level", ("broker-1",)),
}  # fmt: skip
"""Where the tables of its measure name an attacker: the list, the key in its lines, and the names."""
SIZES: Mapping[float, str] = {1.0: "Full size", 0.5: "Half", 0.25: "A quarter"}
LINE = 0.67
"""Clients in the table of `extraction_score` are named from here on; the other tables hold only those that ring."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One world: which measures ring, and what their tables say over the whole period."""

    rang: frozenset[str]
    tables: Mapping[str, Mapping[str, Any]]

    def found(self, attack: str) -> bool:
        """Whether an attack's measure rings, and names the attacker where it names anybody."""
        rule = ATTACKS[attack].rule
        if attack not in WHO or rule not in self.rang:
            return rule in self.rang
        listed, key, names = WHO[attack]
        lines = self.tables[rule].get(listed, [])
        return any(line[key] in names and line.get("score", 1.0) > LINE for line in lines)


def looked(world: attacks.World, measures: Sequence[str]) -> Seen:
    """What the probes behind some measures say of a world, through ingest and the audits."""
    wanted = [probe for probe, names in PROBES.items() if set(names) & set(measures)]
    with tempfile.TemporaryDirectory() as folder:
        config = load(attacks.write(folder, world))
        ingest(config)
        model = config.model(attacks.MODEL)
        with open_warehouse(config.warehouse) as warehouse:
            evidence: Evidence = gather(warehouse, model, progress=lambda _: None)
            bodies = {
                probe: importlib.import_module(f"audits.probes.{probe}").run(warehouse, model, evidence, progress=lambda _: None)
                for probe in wanted
            }
        run = examine(
            replace(evidence, probes=bodies), thresholds(model), card={}, audits=[AUDITS[name] for name in measures]
        )  # fmt: skip
    broken = [failure for failure in run.errors if failure.error]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].reason}")
    found = [each for each in run.findings.to_pylist() if each["slice"] == "{}" and each["version"] is None]
    rang = frozenset(name for name in measures if any(rings(each) for each in found if each["name"] == name))
    return Seen(rang=rang, tables={each["name"]: json.loads(each["tables"] or "{}") for each in found if each["whole"]})


def rings(found: Mapping[str, Any]) -> bool:
    """Whether somebody would be told of a figure about everybody, over the whole period or a window."""
    if found["name"] == "trigger_rate":
        return bool(found["whole"] and found["column"] is None and (found["value"] or 0) > 0)
    if found["name"] == "outlier_rate":
        return found["q_value"] is not None and found["q_value"] < 0.01
    return found["verdict"] in ("warn", "fail")


def rates(measures: Sequence[str], runs: int, fewer: int, say: Callable[[str], None]) -> Iterator[str]:
    """The tables about some measures: quiet worlds, attacks by size, honest newcomers and changes."""
    quiet = []
    for seed in range(3 * runs // 2):
        quiet.append(looked(attacks.world(seed=seed), measures).rang)
        say(f"quiet {seed}: {sorted(quiet[-1])}")
    yield f"Quiet worlds in which a measure rang, of {len(quiet)}:"
    yield from ("", "| " + " | ".join(f"`{name}`" for name in measures) + " |", "|" + "---|" * len(measures))
    yield "| " + " | ".join(str(sum(name in rang for rang in quiet)) for name in measures) + " |"
    planted = [name for name, attack in ATTACKS.items() if attack.rule in measures]
    together = [tuple(planted)] if set(planted) <= set(WHO) else [(name,) for name in planted]
    hits: dict[tuple[str, float], int] = {}
    for scale, names in itertools.product(SIZES, together):
        for seed in range(runs):
            seen = looked(attacks.world(seed=1000 + seed, attacks=names, scale=scale), measures)
            for name in names:
                hits[name, scale] = hits.get((name, scale), 0) + seen.found(name)
            say(f"{scale} {seed}: {[name for name in names if not seen.found(name)]} missed")
    yield from ("", f"Attacks found, of {runs} worlds each:", "")
    yield "| Attack | Measure | " + " | ".join(SIZES.values()) + " |"
    yield "|---|---|" + "---|" * len(SIZES)
    for name in planted:
        yield f"| {name}: {ATTACKS[name].says} | `{ATTACKS[name].rule}` | " + " | ".join(str(hits[name, scale]) for scale in SIZES) + " |"
    worlds = "one world" if fewer == 1 else f"{fewer} worlds"
    yield from ("", f"Honest newcomers and changes, {worlds} each, and in how many a measure rang:", "")
    yield from ("| What is new | " + " | ".join(f"`{name}`" for name in measures) + " |", "|---|" + "---|" * len(measures))
    for name, each in HONEST.items():
        found = [looked(world_of(name, seed=2000 + seed), measures).rang for seed in range(fewer)]
        say(f"{name}: {[sorted(rang) for rang in found]}")
        yield f"| {name}: {each.says} | " + " | ".join(str(sum(m in rang for rang in found)) for m in measures) + " |"


def main(given: Sequence[str]) -> None:
    """Measure and write tables into the page: "requests", "rows" or, without either, both; "quick" measures a few worlds, to the screen."""
    began = time.monotonic()
    quick = "quick" in given
    for part, measures in (("requests", REQUESTS), ("rows", ROWS)):
        if part in given or not {"requests", "rows"} & set(given):
            runs, fewer = (2, 1) if quick else (16, 4) if part == "requests" else (6, 1)
            text = "\n".join(rates(measures, runs, fewer, lambda line: print(line, flush=True)))
            print(text)
            if not quick:
                PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), part, text), encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
