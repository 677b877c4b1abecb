"""How often attacks planted in a log are found, and honest clients suspected: the tables of docs/attack-signals.md."""

from __future__ import annotations

import importlib
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
WHO: Mapping[str, str] = {
    "scraper": "newcomer", "sweeper": "shop-07", "boundary prober": "shop-11", "replay": "shop-", "flood": "shop-23",
    "label flip": "broker-1", "backdoor": "7777",
}  # fmt: skip
"""What the first line of the tables has to name."""
SIZES: Mapping[float, str] = {1.0: "Full size", 0.5: "Half", 0.25: "A quarter"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One world: which measures ring, and whether the one that should names who it was."""

    rang: frozenset[str]
    named: bool
    seconds: float


def looked(world: attacks.World, measures: Sequence[str], attack: str = "") -> Seen:
    """What the probes behind some measures say of a world, through ingest and the audits."""
    wanted = [probe for probe, names in PROBES.items() if set(names) & set(measures)]
    with tempfile.TemporaryDirectory() as folder:
        config = load(attacks.write(folder, world))
        ingest(config)
        model = config.model(attacks.MODEL)
        with open_warehouse(config.warehouse) as warehouse:
            evidence: Evidence = gather(warehouse, model, progress=lambda _: None)
            began = time.perf_counter()
            bodies = {
                probe: importlib.import_module(f"audits.probes.{probe}").run(warehouse, model, evidence, progress=lambda _: None)
                for probe in wanted
            }
            spent = time.perf_counter() - began
        evidence = replace(evidence, probes=bodies)
        run = examine(evidence, thresholds(model), card={}, audits=[AUDITS[name] for name in measures])
    broken = [failure for failure in run.errors if failure.error]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].reason}")
    found = [each for each in run.findings.to_pylist() if each["slice"] == "{}" and each["version"] is None]
    rang = frozenset(name for name in measures if any(rings(each) for each in found if each["name"] == name))
    rule = ATTACKS[attack].rule if attack else ""
    tables = [each["tables"] or "{}" for each in found if each["name"] == rule and each["whole"]]
    return Seen(rang=rang, named=any(names(json.loads(table), WHO.get(attack, "")) for table in tables), seconds=spent)


def rings(found: Mapping[str, Any]) -> bool:
    """Whether somebody would be told of a figure about everybody, over the whole period or a window."""
    if found["name"] == "trigger_rate":
        return bool(found["whole"] and found["column"] is None and (found["value"] or 0) > 0)
    if found["name"] == "outlier_rate":
        tables = json.loads(found["tables"] or "{}")
        before = (tables.get("reference") or {}).get("value") if isinstance(tables.get("reference"), dict) else None
        surely = found["q_value"] is not None and found["q_value"] < 0.01 and not found["whole"]
        return bool((tables.get("excess_low") or 0) > 0 or (surely and found["value"] > (before or 0.02)))
    return found["verdict"] in ("warn", "fail")


def names(tables: Mapping[str, Any], who: str) -> bool:
    """Whether the first line of the first list in a measure's tables names somebody."""
    lists = [value for key, value in tables.items() if key in ("clients", "clusters", "bursts", "campaigns", "triggers", "found")]
    first = next((each[0] for each in lists if isinstance(each, list) and each), None)
    return first is not None and who in json.dumps(first)


def rates(measures: Sequence[str], runs: int, fewer: int, say: Callable[[str], None]) -> Iterator[str]:
    """The tables about some measures: quiet worlds, attacks by size, honest newcomers."""
    quiet = [looked(attacks.world(seed=seed), measures) for seed in range(3 * runs // 2 + 1)]
    say(f"quiet: {quiet}")
    yield f"Quiet worlds in which a measure rang, of {len(quiet)}:"
    yield from ("", "| " + " | ".join(f"`{name}`" for name in measures) + " |", "|" + "---|" * len(measures))
    yield "| " + " | ".join(str(sum(name in one.rang for one in quiet)) for name in measures) + " |"
    yield from ("", "Attacks found, by size, and how many of those named the attacker in the first line of their table:", "")
    yield "| Attack | Measure | " + " | ".join(SIZES.values()) + " | Others that rang at full size |"
    yield "|---|---|" + "---|" * (len(SIZES) + 1)
    for name, attack in ATTACKS.items():
        if attack.rule not in measures:
            continue
        told, also = [], ""
        for scale in SIZES:
            count = runs if scale == 1 else fewer
            found = [looked(attacks.world(seed=1000 + seed, attacks=(name,), scale=scale), measures, name) for seed in range(count)]
            hits = [one for one in found if attack.rule in one.rang]
            told.append(f"{len(hits)} of {count}" + (f", named in {sum(one.named for one in hits)}" if name in WHO and hits else ""))
            if scale == 1:
                also = _others(found, [other for other in measures if other != attack.rule])
            say(f"{name} at {scale}: {told[-1]}; {also}")
        yield f"| {name}: {attack.says} | `{attack.rule}` | " + " | ".join(told) + f" | {also or 'none'} |"
    yield from ("", f"Honest newcomers, {fewer} worlds each, and in how many a measure rang:", "")
    yield from ("| Newcomer | " + " | ".join(f"`{name}`" for name in measures) + " |", "|---|" + "---|" * len(measures))
    for name, each in HONEST.items():
        found = [looked(world_of(name, seed=2000 + seed), measures) for seed in range(fewer)]
        say(f"{name}: {found}")
        yield f"| {name}: {each.says} | " + " | ".join(str(sum(m in one.rang for one in found)) for m in measures) + " |"


def _others(found: Sequence[Seen], measures: Sequence[str]) -> str:
    times = {name: sum(name in one.rang for one in found) for name in measures}
    return ", ".join(f"`{name}` in {count}" for name, count in times.items() if count)


def main(given: Sequence[str]) -> None:
    """Measure and write tables into the page: "requests", "rows" or, without either, both; "quick" measures a few worlds, to the screen."""
    began = time.monotonic()
    quick = "quick" in given
    for part, measures in (("requests", REQUESTS), ("rows", ROWS)):
        if part in given or not {"requests", "rows"} & set(given):
            text = "\n".join(rates(measures, 1 if quick else 16, 1 if quick else 8, lambda line: print(line, flush=True)))
            print(text)
            if not quick:
                PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), part, text), encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
