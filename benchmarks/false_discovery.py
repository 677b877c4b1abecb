"""How many of the gaps that Candor calls are none: `python -m benchmarks.false_discovery`, a few minutes on one core.

Runs of 30 windows, two protected attributes and their intersection are drawn from worlds in which it is known who differs. The audits
give the p-values, the judgement of a run the q-values. Results go to docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits import fairness
from audits.audit import Audit
from audits.counts import Counts
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import benjamini_hochberg
from audits.judgement import findings_table
from audits.slices import Slice
from benchmarks.page import write_part
from benchmarks.replicates import empty

RACES, SEXES = ("r0", "r1", "r2", "r3"), ("s0", "s1")
SHARES = np.asarray([0.5, 0.25, 0.15, 0.1])
WINDOWS, PER_WINDOW, RUNS, LEVEL = 30, 1000, 600, 0.05
CHOSEN = (
    "impact_ratio", "odds_ratio", "demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference",
    "equalized_odds_difference", "false_positive_rate_ratio", "predictive_parity_difference",
)  # fmt: skip
AUDITS: tuple[Audit, ...] = tuple(audit for audit in fairness.AUDITS if audit.name in CHOSEN)


@dataclass(frozen=True, kw_only=True)
class Populations:
    """Who is selected how often: by race, the same for both sexes and in every window.

    Parameters
    ----------
    base_rate, true_positive_rate, false_positive_rate
        By race.
    """

    words: str
    base_rate: tuple[float, ...] = (0.4, 0.4, 0.4, 0.4)
    true_positive_rate: tuple[float, ...] = (0.7, 0.7, 0.7, 0.7)
    false_positive_rate: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2)

    @property
    def cells(self) -> Floats:
        """Probabilities of one row by [race, sex, decision, outcome]."""
        base, right, wrong = (np.asarray(values) for values in (self.base_rate, self.true_positive_rate, self.false_positive_rate))
        of_race = np.asarray([[(1 - base) * (1 - wrong), base * (1 - right)], [(1 - base) * wrong, base * right]])
        joint = SHARES[:, None, None] * np.moveaxis(of_race, -1, 0)
        return np.asarray(np.stack([joint / 2, joint / 2], axis=1))


WORLDS = (
    Populations(words="nobody differs"),
    Populations(
        words="one race of four differs in all rates", true_positive_rate=(0.7, 0.7, 0.7, 0.45), false_positive_rate=(0.2, 0.2, 0.2, 0.08)
    ),
    Populations(
        words="one race differs in the base rate, another in the true positive rate", base_rate=(0.4, 0.4, 0.25, 0.4),
        true_positive_rate=(0.7, 0.7, 0.7, 0.45),
    ),
)  # fmt: skip


def slices() -> tuple[Slice, ...]:
    """Everybody, each race, each sex, each intersection."""
    crossed = [Slice.of({"race": race, "sex": sex}) for race in RACES for sex in SEXES]
    return (Slice.all(), *(Slice.of({"race": r}) for r in RACES), *(Slice.of({"sex": s}) for s in SEXES), *crossed)


def by_slice(cells: Floats) -> Floats:
    """Values by [..., race, sex, decision, outcome] added up into [..., slice, decision, outcome]."""
    races, sexes = cells.sum(axis=-3), cells.sum(axis=-4)
    crossed = cells.reshape(*cells.shape[:-4], len(RACES) * len(SEXES), 2, 2)
    return np.concatenate([races.sum(axis=-3, keepdims=True), races, sexes, crossed], axis=-3)


def run_of(random: np.random.Generator, world: Populations, *, named: bool) -> Evidence:
    """One run: `named` says whether the configuration names the groups that others are compared with."""
    drawn = random.multinomial(PER_WINDOW, world.cells.ravel(), size=WINDOWS).astype(np.float64).reshape(WINDOWS, *world.cells.shape)
    table = np.zeros((1, WINDOWS + 1, len(slices()), 3, 3))
    table[0, 1:, :, :2, :2] = by_slice(drawn)
    table[0, 0] = table[0, 1:].sum(axis=0)
    references = {"race": RACES[0], "sex": SEXES[0]} if named else {"race": None, "sex": None}
    found = empty(WINDOWS, slices=slices(), attributes=("race", "sex", "race,sex"), references=references)
    found.__dict__["counts"] = Counts(table=table, sums={}, same=True)
    return found


def figures(world: Populations) -> dict[str, Floats]:
    """What each measure divides, by slice: two groups are alike in a measure where these are equal."""
    table = by_slice(world.cells)
    (tn, fn), (fp, tp) = np.moveaxis(table[:, 0], -1, 0), np.moveaxis(table[:, 1], -1, 0)
    selected, opportunity, wrong = (tp + fp) / (tp + fp + tn + fn), tp / (tp + fn), fp / (fp + tn)
    return {
        "impact_ratio": selected, "odds_ratio": selected, "demographic_parity_difference": selected, "demographic_parity_ratio": selected,
        "equal_opportunity_difference": opportunity, "equalized_odds_difference": opportunity + 10 * wrong,
        "false_positive_rate_ratio": wrong, "predictive_parity_difference": tp / (tp + fp),
    }  # fmt: skip


def differs(evidence: Evidence, block: Measurement, values: Floats) -> NDArray[np.bool_]:
    """For each figure of a block, whether there is a difference to find."""
    spread = {
        position: float(np.ptp(values[evidence.groups(name)])) for position, name in enumerate(evidence.attributes)
    }  # fmt: skip
    widest = np.asarray([spread[position] for position in block.attribute.tolist()])
    pair = np.abs(values[block.slice] - values[np.maximum(block.reference_slice, 0)])
    return np.asarray(np.where(block.reference_slice >= 0, pair, widest) > 1e-9)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Mean false discovery proportion of runs, its standard error, and the share of true differences that were called."""

    rate: float
    error: float
    power: float
    tests: int


def rates(world: Populations, *, named: bool, runs: int, seed: int) -> dict[str, Rate]:
    """By measure, with q-values as a run has them (one family a measure), and for all measures in one family."""
    random, truth = np.random.default_rng(seed), figures(world)
    wrong: dict[str, list[float]] = {}
    found: dict[str, list[float]] = {}
    tests: dict[str, int] = {}
    for _ in range(runs):
        evidence = run_of(random, world, named=named)
        with np.errstate(divide="ignore", invalid="ignore"):
            blocks = [block for audit in AUDITS for block in audit(evidence) if len(block)]
        table = findings_table(evidence, blocks, {}, {})
        names = np.repeat([block.name for block in blocks], [len(block) for block in blocks])
        real = np.concatenate([differs(evidence, block, truth[block.name]) for block in blocks])
        p = np.concatenate([block.p_value for block in blocks])
        q = table["q_value"].to_numpy(zero_copy_only=False).astype(np.float64)
        families = {name: (names == name, q) for name in CHOSEN}
        families |= {ALL: (np.full(len(q), True), q), ONE: (np.full(len(q), True), benjamini_hochberg(p))}
        for name, (kept, values) in families.items():
            called = kept & (values <= LEVEL)
            wrong.setdefault(name, []).append(float((called & ~real).sum() / max(called.sum(), 1)))
            there = int((kept & real & np.isfinite(p)).sum())
            found.setdefault(name, []).append(float((called & real).sum() / there) if there else np.nan)
            tests[name] = int((kept & np.isfinite(p)).sum())
    return {
        name: Rate(
            rate=float(np.mean(values)), error=float(np.std(values) / np.sqrt(runs)), power=float(np.mean(found[name])), tests=tests[name]
        )
        for name, values in wrong.items()
    }  # fmt: skip


ALL, ONE = "all measures, each a family", "all measures, one family"


def lines(world: Populations, named: dict[str, Rate], picked: dict[str, Rate]) -> Sequence[str]:
    """One world as a table in Markdown."""
    head = ("measure", "p-values", "false discoveries", "found of what is there", "the same, yardstick picked", "met")
    found = [f"**{world.words[0].upper()}{world.words[1:]}**", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, one in named.items():
        other = picked[name]
        met = "yes" if max(one.rate - 2 * one.error, other.rate - 2 * other.error) <= LEVEL else "no"
        shown = "" if np.isnan(one.power) else f"{100 * one.power:.0f} %"
        found.append(f"| {name} | {one.tests:,} | {_percent(one)} | {shown} | {_percent(other)} | {met} |")
    return found


def _percent(rate: Rate) -> str:
    return f"{100 * rate.rate:.1f} ± {196 * rate.error:.1f} %"


def text(runs: int = RUNS) -> str:
    """The whole part of the page."""
    parts = [
        "## False discoveries",
        "",
        f"{runs} runs of {WINDOWS} windows of {PER_WINDOW} rows, four races (50, 25, 15 and 10 % of rows) and two sexes, their eight",
        "intersections, and the whole period beside the windows: p-values depend on each other as in a real run, since intersections are",
        "parts of groups and windows parts of the whole. A discovery is a q-value of at most 5 %. Shown is the mean share of discoveries",
        "that are none, ± 1.96 standard errors, with the groups that others are compared with named beforehand in the configuration, and",
        "with them picked after looking (the highest selection rate), where nothing is named. Met: at most 5 % but for simulation noise.",
        "",
    ]
    for number, world in enumerate(WORLDS):
        named, picked = (rates(world, named=given, runs=runs, seed=100 + number) for given in (True, False))
        parts += [*lines(world, named, picked), ""]
    parts += [
        "A run takes q-values within each measure, over all its slices and windows. The last two lines of each table compare that with one",
        "family of all measures: where somebody differs, both hold the rate, and a family a measure loses no findings when another measure",
        "is added; where nobody differs at all, each family may err in 5 % of runs, so that the chance that any of them does is larger.",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    write_part("false discoveries", text())
