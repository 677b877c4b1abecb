"""The audit `mitigation_frontier`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share
from audits.tradeoffs.alternatives import TOLERATED
from audits.tradeoffs.confusion import Confusion, exact, listed, proportion
from audits.tradeoffs.costs import costs_of
from audits.tradeoffs.group_histograms import GroupHistograms, histograms, levels
from audits.tradeoffs.labels import ENOUGH, degenerate, refusal, with_repeats
from audits.tradeoffs.logged import logged
from audits.tradeoffs.per_group import confusions, per_group, rules
from audits.tradeoffs.points import Ways, at, favorable, joined, widest
from audits.tradeoffs.thresholds import Thresholds

ANALYSIS = "thresholds that differ by group are in the tables as analysis only: possible disparate treatment"
FEW = "fewer than two groups have 30 labelled rows with both outcomes"


@audit(name="mitigation_frontier", unit="difference", needs=("score", "outcome", "protected"), units="rows")
def mitigation_frontier(evidence: Evidence) -> Iterator[Measurement]:
    """The smallest gap in selection rates that one threshold for everybody reaches while losing at most one point of accuracy.

    Formula
        min over thresholds t of max_g P(selected | g, t) - min_g P(selected | g, t), over the t whose accuracy and balanced accuracy are
        at most 0.01 below the baseline's: the log's own decisions where it has them, else the threshold of highest accuracy. From the
        score histograms of scored rows with a known outcome; groups with fewer than 30 of them, or with one outcome only, are left out
        and listed. (Balanced accuracy is asked for too, because deciding the same for everybody has no gap.)
    Interval
        Newcombe of the two groups furthest apart at that threshold, which is taken as given. n is all labelled rows of the groups. Where
        rates were made equal by thresholds of their own, every pair of groups counts, at Bonferroni's level.
    Tables
        `common`: accuracy, cost and four disparities at some seventy thresholds for everybody, and which of them nothing else beats on
        both accuracy and selection gap. `per_group`: thresholds that differ by group, the best for each tolerated gap under demographic
        parity, equal opportunity and equalized odds, by accuracy and by balanced accuracy. At tolerance 0 these are what fairlearn's
        `ThresholdOptimizer` finds on the same rows: convex hulls of the ROC curves, lots drawn between two thresholds, constrained rates
        compared in steps of 1/1000. Where scores are finer than the grid's bins, objectives agree to about 0.0003 and rates to a step or
        two. They are analysis and never recommended: to decide by another threshold for another group may be
        disparate treatment. Rates of groups in these tables are about the favorable value.
    When it misleads
        Thresholds were picked on the rows that judge them. Simulated with three groups and 500, 3,000 and 20,000 rows, the gap of the
        common threshold looks 2.3, 0.9 and 0.2 points too small and its interval holds the truth in 93 to 94 % of samples; the accuracy of
        per-group thresholds looks 2.1, 0.7 and 0.1 points too good and its interval holds it in 87 to 94 %. It moves thresholds only; see
        `less_discriminatory_alternatives` for other models. Refused where outcomes are known for one decision only.
    Source
        M. Hardt, E. Price and N. Srebro (2016), Equality of Opportunity in Supervised Learning; fairlearn, `ThresholdOptimizer`.

    >>> from audits.interval import share
    >>> rates = share([30, 24], [100, 100])  # two groups above one threshold
    >>> round(float(rates.max() - rates.min()), 2)
    0.06
    """
    why = refusal(evidence)
    for of in histograms(evidence)[1:]:
        if why is not None:
            yield _refused(of, why)
            continue
        usable = ~degenerate(of.positives.sum(axis=1), of.negatives.sum(axis=1))
        if usable.sum() < 2:
            yield _refused(of, FEW)
            continue
        yield _measured(evidence, of, usable)


def _refused(of: GroupHistograms, why: str) -> Measurement:
    none = np.full(1, np.nan)
    return measurement(
        "mitigation_frontier", "difference", value=none, low=none, high=none, n=np.zeros(1), method="", attribute=of.attribute, reason=why
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What other ways to decide are held against: the log's decisions, or the best common threshold."""

    kind: str
    confusion: Confusion
    place: int | None

    def allows(self, found: Confusion) -> NDArray[np.bool_]:
        """Which ways to decide, by [way], lose at most `TOLERATED` of accuracy and of balanced accuracy; rows by [group, way]."""
        own, other = self.confusion.total(), found.total()
        loss = share(own.correct, own.n) - share(other.correct, other.n)
        return (loss <= TOLERATED) & (own.balanced() - other.balanced() <= TOLERATED)


def baseline(evidence: Evidence, of: GroupHistograms, thresholds: Thresholds) -> Baseline:
    """The log's own decisions where enough of them have outcomes of both kinds, else the common threshold of highest accuracy."""
    own = logged(evidence, of)
    if own is not None and not degenerate(own.confusion.positives, own.confusion.negatives).any():
        return Baseline(kind="logged decisions", confusion=own.confusion, place=None)
    together = thresholds.together
    place = thresholds.best(share(together.correct, together.n))
    assert place is not None
    return Baseline(kind="best common threshold", confusion=thresholds.confusion.at((slice(None), place)), place=place)


def _measured(evidence: Evidence, every: GroupHistograms, usable: NDArray[np.bool_]) -> Measurement:
    """The finding about one attribute, over its usable groups."""
    of = every.within(usable)
    thresholds, names = Thresholds(of=of), levels(evidence, of.slices)
    start = baseline(evidence, of, thresholds)
    found = thresholds.confusion
    benefit = favorable(found, of.same)
    gap = widest(benefit.true_positives + benefit.false_positives, found.n)
    allowed = start.allows(found) & np.isfinite(gap[0])
    place = int(thresholds.canonical[int(np.argmin(np.where(allowed, gap[0], np.inf)))]) if allowed.any() else None
    ends = tuple(np.full(1, np.nan if place is None else values[place]) for values in gap)
    shown = thresholds.shown(place, start.place)
    # Thresholds by group need the fine grid: 20 bins, those of an intersection, would say little.
    single = evidence.attributes[of.attribute] in evidence.model.attributes
    by_group = rules(of) if single else []
    parts = [start.confusion.at((slice(None), np.newaxis)), found.at((slice(None), shown)), *confusions(by_group, of.same)]
    ways = Ways(confusion=joined(parts), same=of.same, allowed=of.allowed, costs=costs_of(evidence.model), names=names)
    common = slice(1, 1 + len(shown))
    picked = [0] if place is None else [0, 1 + int(np.searchsorted(shown, place))]
    points = ways.points(picked)
    own = ways.figures["demographic_parity_difference"]
    better = place is not None and own is not None and bool(gap[0][place] < own[0][0] - 1e-12)
    cuts = exact(thresholds.values)
    tables = {
        "selected": "above" if of.same else "below", "n": int(found.n[:, 0].sum()), "tolerated_loss": TOLERATED,
        "baseline": {"kind": start.kind, "threshold": None if start.place is None else cuts[start.place], **points[0]},
        "common": {"threshold": [cuts[k] for k in shown.tolist()], **ways.columns(common), "frontier": _unbeaten(ways, common)},
        "recommended": {"threshold": cuts[place], **points[1]} if better and place is not None else None,
        "per_group": per_group(of, by_group, ways, common.stop) if single else None,
        "groups": _groups(benefit, names), "left_out": _left_out(every, ~usable, levels(evidence, every.slices[~usable])),
    }  # fmt: skip
    none = f"no common threshold comes within one point of the {start.kind}" if place is None else ""
    reason = with_repeats(evidence, none, ANALYSIS)
    return measurement(
        "mitigation_frontier", "difference", value=ends[0], low=ends[1], high=ends[2], n=found.n[:, 0].sum(keepdims=True),
        method="newcombe at the threshold", attribute=of.attribute, reason=reason, tables={0: tables},
    )  # fmt: skip


def _unbeaten(ways: Ways, common: slice) -> list[bool]:
    """Which thresholds no other shown one beats on accuracy or selection gap without losing on the other."""
    accuracy, gap = ways.figures["accuracy"], ways.figures["demographic_parity_difference"]
    assert accuracy is not None
    assert gap is not None
    good, bad = accuracy[0][common], gap[0][common]
    beaten = (good[:, None] >= good) & (bad[:, None] <= bad) & ((good[:, None] > good) | (bad[:, None] < bad))
    found: list[bool] = (~beaten.any(axis=0)).tolist()
    return found


def _groups(benefit: Confusion, names: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    n = benefit.n[:, 0]
    rate = listed(proportion(benefit.positives[:, 0], n))
    return [{"slice": levels, "n": int(n[i]), "base_rate": at(rate, i)} for i, levels in enumerate(names)]


def _left_out(every: GroupHistograms, lacking: NDArray[np.bool_], names: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Groups that take no part, and why."""
    n = (every.positives + every.negatives).sum(axis=1)[lacking].astype(int).tolist()
    few = f"fewer than {ENOUGH} scored rows with a known outcome"
    return [
        {"slice": levels, "n": rows, "reason": few if rows < ENOUGH else "all known outcomes are the same"}
        for levels, rows in zip(names, n, strict=True)
    ]
