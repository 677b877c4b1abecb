"""The audit `less_discriminatory_alternatives`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share
from audits.tradeoffs.alternatives import Judged, described, judged
from audits.tradeoffs.confusion import exact
from audits.tradeoffs.costs import costs_of
from audits.tradeoffs.group_histograms import GroupHistograms, histograms, levels
from audits.tradeoffs.labels import degenerate, refusal, with_repeats
from audits.tradeoffs.logged import logged
from audits.tradeoffs.mitigation_frontier import FEW
from audits.tradeoffs.paired import Paired
from audits.tradeoffs.points import Ways
from audits.tradeoffs.probed import probed, receipt
from audits.tradeoffs.thresholds import Thresholds, above

LISTED, REJECTED = 5, 3
"""Thresholds listed, of those kept and of those not."""


@audit(name="less_discriminatory_alternatives", unit="ratio", needs=("score", "outcome", "protected"), units="rows")
def less_discriminatory_alternatives(evidence: Evidence) -> Iterator[Measurement]:
    """The highest impact ratio among alternatives that are not significantly worse and significantly less disparate than today's decisions.

    Formula
        Today's decisions are those logged, or, in a log without any, those of the threshold of highest accuracy. Searched in this order:
        other thresholds for everybody (from the score histograms), and, where `candor audit --what-if` was run, the same learner without
        the features that speak most of the attribute, other learners, and reductions (retrained out of fold on logged features, at the
        share of people selected today). An alternative is kept if the paired 95 % interval of its loss does not lie above 0 and the loss
        is at most one point, in accuracy and in balanced accuracy (in cost, where costs are given), and its smallest impact ratio is
        significantly higher: q < 0.05 over all that were searched in that way. A threshold is held against today's decisions; a retrained
        model against the same learner retrained without the change, on the same held-out rows, because a budget of rows alone may make it
        worse than the model in use (`today` says by how much), and its impact ratio must be above today's too. The value is the highest
        impact ratio of those kept, or today's where none is.
    Interval
        Katz (Koopman below five events) of the alternative's smallest impact ratio; the p-value is that it equals today's, by the delta
        method on paired rows.
    Tables
        Every alternative in words and numbers, those kept first: accuracy, loss, cost, impact ratio and gain with intervals, the rates of
        each group, and why it is not kept; what was not searched, and why.
    When it misleads
        Thresholds are judged on the rows they were picked on, and retrained models on a budget of rows; and the best of many is picked
        by its estimate, so it looks a little better than it is. An alternative is a lead to follow, not a finished model. None found does
        not mean none exists. Thresholds that differ by group are not searched: possible disparate treatment. Refused where outcomes are
        known for one decision only.
    Source
        29 CFR 1607.3(B); E. Black, J. L. Koepke, P. T. Kim, S. Barocas and M. Hsu (2024), Less Discriminatory Algorithms, Washington
        University Law Review 101.

    >>> import numpy as np
    >>> from audits.tradeoffs.paired import contrast
    >>> float(contrast(np.array([5.0]), np.array([15.0]), np.array([100.0]))[0][0])  # 10 rows right only before, 5 only after: of 100
    0.05
    """
    why = refusal(evidence)
    for of in histograms(evidence)[1:]:
        own = logged(evidence, of)
        n = (of.positives.sum(axis=1), of.negatives.sum(axis=1))
        usable = ~degenerate(*n) if own is None else ~(degenerate(*n) | degenerate(own.confusion.positives, own.confusion.negatives))
        reason = why or (FEW if usable.sum() < 2 else None)
        yield _refused(of, reason) if reason is not None else _measured(evidence, of.within(usable), own is not None)


def _refused(of: GroupHistograms, why: str) -> Measurement:
    none = np.full(1, np.nan)
    return measurement(
        "less_discriminatory_alternatives", "ratio", value=none, low=none, high=none, n=np.zeros(1), method="", attribute=of.attribute,
        reason=why,
    )  # fmt: skip


def _measured(evidence: Evidence, of: GroupHistograms, decided: bool) -> Measurement:
    """The finding about one attribute, over its usable groups."""
    costs, names, thresholds = costs_of(evidence.model), levels(evidence, of.slices), Thresholds(of=of)
    cut = None if decided else best_threshold(evidence, thresholds)
    table = of.decided[:, :, :2] if cut is None else split(thresholds, cut)
    shown = thresholds.shown()
    found = judged(Paired(counts=pairs(table, shown), same=of.same, allowed=of.allowed), costs)
    picked = _picked(found)
    named = [_named(float(thresholds.values[shown[way]]), of.same) for way in picked]
    listing = described(found, picked, named, names, costs)
    rows = probed(evidence, of, costs)
    ranked = sorted([*listing, *rows.alternatives], key=lambda each: (not each["kept"], -(each["impact_ratio"]["value"] or 0.0)))
    best = ranked[0] if ranked and ranked[0]["kept"] else None
    today = Ways(confusion=found.paired.baseline, same=of.same, allowed=of.allowed, costs=costs, names=names)
    start = today.points([0])[0]
    chosen = start["impact_ratio"] if best is None else best["impact_ratio"]
    value, low, high = (np.asarray([np.nan if chosen[name] is None else chosen[name]]) for name in ("value", "low", "high"))
    said = [] if best is not None else ["no alternative that was searched is significantly less disparate and not significantly worse"]
    tables = {
        "baseline": {
            "kind": "logged decisions" if cut is None else "best common threshold",
            "threshold": None if cut is None else exact(thresholds.values[cut]), **start,
        },
        "yardstick": "accuracy" if costs is None else "cost", "searched": ["common thresholds", *rows.searched],
        "not_searched": rows.missing, "alternatives": ranked, "probe": receipt(evidence),
    }  # fmt: skip
    for why in dict.fromkeys(each["reason"] for each in rows.missing):
        kinds = [each["kind"] for each in rows.missing if each["reason"] == why]
        said.append(f"not searched: {', '.join(kinds)} ({why})")
    return measurement(
        "less_discriminatory_alternatives", "ratio", value=value, low=low, high=high,
        n=np.asarray([table.sum() if best is None else best["n"]]),
        method="katz-log" if best is None else f"katz-log, {best['kind']}", attribute=of.attribute, reason=with_repeats(evidence, *said),
        p_value=None if best is None else np.asarray([np.nan if best["p_value"] is None else best["p_value"]]), tables={0: tables},
    )  # fmt: skip


def best_threshold(evidence: Evidence, thresholds: Thresholds) -> int:
    """The threshold of highest accuracy for everybody, as the nearest place in some thresholds."""
    every = Thresholds(of=histograms(evidence)[0])
    place = every.best(share(every.together.correct, every.together.n))
    assert place is not None
    return int(min(np.searchsorted(thresholds.values, every.values[place]), len(thresholds.values) - 1))


def split(thresholds: Thresholds, cut: int) -> Floats:
    """Labelled rows by [group, decision, outcome, bin], as one threshold would have decided them."""
    both = np.stack([thresholds.of.negatives, thresholds.of.positives], axis=1)
    up = np.arange(both.shape[-1]) >= cut
    return np.stack([both * ~up, both * up], axis=1)


def pairs(table: Floats, places: Integers) -> Floats:
    """From rows by [group, decision, outcome, bin]: rows by [group, threshold, outcome, decision, decision at the threshold]."""
    over = above(table)
    chosen = np.moveaxis(over[..., places], -1, 1)
    rest = np.moveaxis(over[..., :1] - over[..., places], -1, 1)
    return np.swapaxes(np.stack([rest, chosen], axis=-1), 2, 3)


def _named(threshold: float, same: bool) -> Mapping[str, Any]:
    side = "from" if same else "below"
    return {
        "kind": "common threshold", "against": "today's decisions", "today": None, "threshold": exact(threshold),
        "description": f"one cut-off for everybody: favorable {side} a score of {threshold:.4g}",
    }  # fmt: skip


def _picked(found: Judged) -> list[int]:
    """The kept thresholds with the highest impact ratios, then the nearest misses: those that gain most of the rest."""
    ratio = np.nan_to_num(found.impact_ratio[0], nan=-1.0)
    order = np.argsort(-ratio, kind="stable")
    kept = order[found.kept[order]][:LISTED]
    close = (found.gain[0] > 1) & (found.loss[0] <= 0.05) & ~found.kept
    return [*kept.tolist(), *order[close[order]][:REJECTED].tolist()]
