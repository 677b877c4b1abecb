"""Detectable gap: the smallest gap that the rows of a group could show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Floats
from audits.evidence import YES, Evidence
from audits.fairness.compare import ONE_GROUP, no_group
from audits.fairness.yardstick import Groups, compared_groups, selection_yardstick
from audits.finding import Measurement, Threshold
from audits.policy import in_force, thresholds

POWER = 0.8
DEFAULT_GAP = 0.1
MOST = 10**10
"""A group that needs more rows than this is told that no number is enough."""


@audit(name="detectable_gap", unit="difference", needs=("decision", "protected"), units="rows")
def detectable_gap(evidence: Evidence) -> Iterator[Measurement]:
    """The smallest gap in selection rate below the reference group's that this many rows would show in four samples out of five.

    Formula
        The d for which a two-sided 5 % test of two proportions, p_r and p_r - d, has 80 % power: |d| = 1.96 √(2-sample variance at the
        pooled rate) + 0.84 √(variance at the two rates), with both groups' rows of the whole period. The reference group is that of
        `impact_ratio`. `people` is that gap times the group's rows.
    Tables
        `policy_gap`, the gap at which policy judges (1 - impact ratio's minimum, times p_r), and `n_needed`, the rows of the group that
        would show it against this reference group; `enough`. The same for the true positive rate, judged by the line of
        `equal_opportunity_difference`, over rows whose outcome is favorable. A group with too few rows says "insufficient" in its reason,
        and how many it takes; where the reference group itself is too small, that no number of rows is enough.
    When it misleads
        It is about chance alone: not about labels that are missing, people who came twice, or whether a gap of that size matters. A gap
        seen in a group that was too small to show one is likely to be overstated.
    Source
        J. L. Fleiss, B. Levin and M. C. Paik (2003), Statistical Methods for Rates and Proportions, chapter 4, without continuity
        correction; statsmodels, `power_proportions_2indep`.
    """
    least, line = _rule(evidence, "impact_ratio").min, _rule(evidence, "equal_opportunity_difference").max
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("detectable_gap", "difference", groups)
            continue
        place = int(selection_yardstick(evidence, groups)[0, 0])
        hits, n = counts.selected[0, 0, groups.slices], counts.decided[0, 0, groups.slices]
        if (n > 0).sum() < 2:
            yield _nothing(groups, ONE_GROUP)
            continue
        if place < 0 or not n[place]:
            yield _nothing(groups, "no rows of the reference group to compare with")
            continue
        rate = float(hits[place] / n[place])
        selection = _answers(rate, float(n[place]), n, DEFAULT_GAP if least is None else (1 - least) * rate)
        table = counts.table[0, 0, groups.slices]
        found, favored = table[:, YES, YES], table[:, : YES + 1, YES].sum(axis=-1)
        opportunity = None
        if favored[place]:
            rate_r = float(found[place] / favored[place])
            opportunity = _answers(rate_r, float(favored[place]), favored, DEFAULT_GAP if line is None else line)
        yield _block(groups, place, n, selection, opportunity)


def _rule(evidence: Evidence, name: str) -> Threshold:
    """The policy on one measure at the end of the period."""
    entries = thresholds(evidence.model)[name]
    return entries[in_force(entries, evidence.windows[0].end or evidence.clock)]


def power(gap: Floats, rate: Floats | float, n: Floats, n_r: Floats | float) -> Floats:
    """The chance that a two-sided 5 % test of two proportions sees `rate - gap` beside `rate`, in that direction or the other.

    >>> round(float(power(np.array([0.1]), 0.5, np.array([400.0]), 400.0)[0]), 3)
    0.813
    """
    from scipy.special import ndtr

    other = np.clip(rate - gap, 0.0, 1.0)
    pooled = (n * other + n_r * rate) / (n + n_r)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_r))
    spread = np.sqrt(other * (1 - other) / n + rate * (1 - rate) / n_r)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ndtr((gap - 1.959963984540054 * null) / spread) + ndtr((-gap - 1.959963984540054 * null) / spread))


def smallest_gap(rate: float, n: Floats, n_r: float) -> Floats:
    """The smallest gap below `rate` seen with 80 % power; NaN where even a rate of 0 would not be."""
    low, high, size = np.zeros(n.shape), np.full(n.shape, rate), np.maximum(n, 1)
    possible = (n > 0) & (power(high, rate, size, n_r) >= POWER)
    steps = np.linspace(0.0, 1.0, 65)[1:, None]
    for _ in range(6):  # 64 gaps at once, closer and closer: to within 64^-6 of the rate
        between = low + (high - low) * steps
        first = np.argmax(power(between, rate, size, n_r) >= POWER, axis=0)
        low, high = low + (high - low) * first / 64, np.take_along_axis(between, first[None], axis=0)[0]
    return np.where(possible, high, np.nan)


def rows_needed(gap: float, rate: float, n_r: float) -> int | None:
    """The rows a group needs for a gap of this size to be seen beside n_r rows at this rate; None where no number is enough."""
    if not 0 < gap <= rate:
        return None
    low, high = 0, MOST
    if float(power(np.array([gap]), rate, np.array([float(high)]), n_r)[0]) < POWER:
        return None
    while high - low > 1:  # a hundred numbers of rows at once, closer and closer
        between = np.unique(np.rint(np.geomspace(max(low, 1), high, 100)))
        seen = np.flatnonzero(power(np.full(between.shape, gap), rate, between, n_r) >= POWER)
        low, high = int(between[seen[0] - 1]) if seen[0] else 0, int(between[seen[0]])
    return high


def _answers(rate: float, n_r: float, n: Floats, policy: float) -> list[dict[str, Any]]:
    """What each group's rows can show, as named numbers."""
    smallest = smallest_gap(rate, n, n_r)
    needed = rows_needed(policy, rate, n_r)
    return [
        {
            "gap": float(gap) if np.isfinite(gap) else None, "n": int(rows), "reference_rate": rate, "reference_n": int(n_r),
            "policy_gap": policy, "n_needed": needed, "enough": needed is not None and rows >= needed,
        }
        for gap, rows in zip(smallest.tolist(), np.rint(n).tolist(), strict=True)
    ]  # fmt: skip


def _block(groups: Groups, place: int, n: Floats, selection: list[dict[str, Any]], opportunity: list[dict[str, Any]] | None) -> Measurement:
    kept = [i for i in range(len(n)) if i != place and n[i] > 0]
    value = np.asarray([np.nan if selection[i]["gap"] is None else selection[i]["gap"] for i in kept], dtype=np.float64)
    reason = [_in_words(selection[i], opportunity[i] if opportunity else None) for i in kept]
    tables = {}
    for position, i in enumerate(kept):
        body = {name: selection[i][name] for name in ("reference_rate", "reference_n", "policy_gap", "n_needed", "enough")}
        tables[position] = {"power": POWER, **body, "true_positive_rate": opportunity[i] if opportunity else None}
    blank = np.full(len(kept), np.nan)
    rows = value * n[kept]
    return measurement(
        "detectable_gap", "difference", value=value, low=blank, high=blank, n=np.rint(n[kept]), method="power 80 %",
        slice=groups.slices[kept], reference_slice=groups.slices[place], attribute=groups.attribute,
        reason=np.asarray(reason, dtype=object), tables=tables, people=(rows, blank, blank),
    )  # fmt: skip


def _in_words(selection: dict[str, Any], opportunity: dict[str, Any] | None) -> str:
    """What the group is too small for; nothing where it is large enough."""
    said = []
    for found, name in ((selection, "selection rate"), (opportunity, "true positive rate")):
        if found is None or found["enough"]:
            continue
        points = f"a gap of {100 * found['policy_gap']:.1f} points in {name}"
        if found["policy_gap"] >= found["reference_rate"]:
            said.append(
                f"insufficient: the reference group's {name} of {100 * found['reference_rate']:.1f} % leaves no room for such a gap"
            )
        elif found["n_needed"] is None:
            said.append(f"insufficient: no number of rows would show {points} against {found['reference_n']:,} rows of the reference group")
        else:
            said.append(f"insufficient: {points} needs n = {found['n_needed']:,}, and there are {found['n']:,}")
    return "; ".join(said)


def _nothing(groups: Groups, reason: str) -> Measurement:
    empty = np.full(1, np.nan)
    return measurement(
        "detectable_gap", "difference", value=empty, low=empty, high=empty, n=np.zeros(1), method="", attribute=groups.attribute,
        reason=reason,
    )  # fmt: skip
