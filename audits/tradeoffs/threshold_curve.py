"""The audit `threshold_curve`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share
from audits.tradeoffs.confusion import Confusion, Interval, exact, listed, proportion, tabled
from audits.tradeoffs.costs import costs_of
from audits.tradeoffs.group_histograms import histograms, levels
from audits.tradeoffs.impact import impact
from audits.tradeoffs.labels import refusal, with_repeats
from audits.tradeoffs.logged import Cut, Logged, cut, logged
from audits.tradeoffs.points import at
from audits.tradeoffs.thresholds import Thresholds

GROUP_RATES = ("true_positive_rate", "false_positive_rate")


@audit(name="threshold_curve", unit="proportion", needs=("score",), units="rows")
def threshold_curve(evidence: Evidence) -> Iterator[Measurement]:
    """The highest accuracy that one threshold on the logged scores reaches for everybody; its tables hold all the others.

    Formula
        Positive is predicted where score >= threshold. For each edge t of the score's frozen grid (20 bins for the intersection), the
        rows at or above t by outcome give every rate at t. The value is max over t of (TP + TN) / n, over the scored rows with a known
        outcome: for everybody, and for the known groups of each attribute together.
    Interval
        Wilson, at the threshold that did best: since that one was picked after looking, the value is a little high for few rows.
    Tables
        About seventy thresholds at even steps of the share of people selected, those that are best by accuracy, by balanced accuracy and
        by cost, and the one closest to the log's decisions: selection rate (over all scored rows), accuracy, balanced accuracy, true and
        false positive rate, precision and cost with Wilson (balanced accuracy: MOVER) intervals; per group the selection rate, the two
        error rates and the impact ratio (Katz, Koopman below five events), always against the highest rate. `log` is where the logged
        decisions lie, with the share of them that the closest threshold gives too.
    When it misleads
        It says what the same scores would have done on the same people; a decision that changes who is seen (a loan that is now granted)
        changes outcomes too. Where outcomes are known for one decision only it is refused. Accuracy is best at "never" where the positive
        outcome is rare: read balanced accuracy or the cost then.
    Source
        T. Fawcett (2006), An introduction to ROC analysis, Pattern Recognition Letters 27.

    >>> from audits.interval import share
    >>> float(share(3 + 4, 10))  # at a threshold that has 3 of 5 positives above it and 4 of 5 negatives below
    0.7
    """
    why = refusal(evidence)
    costs = costs_of(evidence.model)
    found = histograms(evidence)
    own = logged(evidence, found[0])
    closest: Cut | None = None
    for of in found:
        if not len(of.slices):
            continue
        thresholds = Thresholds(of=of)
        if not thresholds.scored.sum():
            continue
        if own is not None and (of.attribute < 0 or len(of.edges) != len(found[0].edges)):
            closest = cut(of, thresholds)
        yield _measured(evidence, thresholds, costs, why, logged(evidence, of), closest)


def _measured(
    evidence: Evidence, thresholds: Thresholds, costs: Floats | None, why: str | None, own: Logged | None, closest: Cut | None
) -> Measurement:
    """The finding about one set of groups."""
    of, together = thresholds.of, thresholds.together
    known = why is None and bool(together.n[0] > 0)
    best: dict[str, int | None] = {"accuracy": None, "balanced_accuracy": None, "cost": None}
    if known:
        best["accuracy"] = thresholds.best(share(together.correct, together.n))
        best["balanced_accuracy"] = thresholds.best(together.balanced())
        if costs is not None:
            best["cost"] = thresholds.best(-(together.cells @ costs))
    place = None if closest is None else closest.place
    shown = thresholds.shown(*best.values(), place)
    value: Interval = (np.full(1, np.nan),) * 3
    if best["accuracy"] is not None:
        most = together.at(slice(best["accuracy"], best["accuracy"] + 1))
        value = proportion(most.correct, most.n)
    single = of.attribute < 0 or evidence.attributes[of.attribute] in evidence.model.attributes
    tables: dict[str, Any] = {
        "selected": "above" if of.same else "below", "scored": int(thresholds.scored.sum()), "n": int(together.n[0]),
        "bins": len(of.edges) + 1, "threshold": exact(thresholds.values[shown]),
        "selection_rate": listed(proportion(thresholds.selected.sum(axis=0)[shown], thresholds.scored.sum())),
        **_rates(together.at(shown), costs, known),
        "best": {name: None if k is None else int(np.searchsorted(shown, k)) for name, k in best.items()},
        "log": None if own is None else _log(own, thresholds, closest, shown, costs, why is None),
    }  # fmt: skip
    if of.attribute >= 0:
        tables |= _groups(evidence, thresholds, shown, own, why is None)
    reason = why or (with_repeats(evidence) if np.isfinite(value[0][0]) else "no scored prediction of a known group has a known outcome")
    return measurement(
        "threshold_curve", "proportion", value=value[0], low=value[1], high=value[2], n=np.asarray([together.n[0] if known else 0.0]),
        method="wilson at the best threshold" if single else f"wilson at the best of {len(of.edges)} thresholds",
        attribute=of.attribute, reason=reason, tables={0: tables},
    )  # fmt: skip


def _rates(found: Confusion, costs: Floats | None, known: bool, place: int | slice = slice(None)) -> dict[str, Any]:
    """The rates that need outcomes, for tables; null where they are refused."""
    rates = found.rates(costs)
    return tabled(rates, place) if known else dict.fromkeys(rates)


def _log(own: Logged, thresholds: Thresholds, closest: Cut | None, shown: Integers, costs: Floats | None, known: bool) -> dict[str, Any]:
    """Where the log's own decisions lie."""
    decided = own.decided.sum(keepdims=True)
    return {
        "threshold": None if closest is None else exact(thresholds.values[closest.place]),
        "place": None if closest is None else int(np.searchsorted(shown, closest.place)),
        "agreement": None if closest is None else closest.agreement,
        "selection_rate": listed(proportion(own.selected.sum(keepdims=True), decided), 0),
        **_rates(own.confusion.total().at(np.newaxis), costs, known, 0),
    }


def _groups(evidence: Evidence, thresholds: Thresholds, shown: Integers, own: Logged | None, known: bool) -> dict[str, Any]:
    """The curves of each group, and the lowest impact ratio at each threshold."""
    of = thresholds.of
    selected, scored = thresholds.selected[:, shown], np.repeat(thresholds.scored[:, None], len(shown), axis=1)
    found, rate = impact(selected, scored, of.allowed), proportion(selected, scored)
    rates = thresholds.confusion.at((slice(None), shown)).rates(None, names=GROUP_RATES)
    curves = {"selection_rate": listed(rate), "impact_ratio": listed(found.each)}
    curves |= {name: listed(rates[name]) if known else None for name in GROUP_RATES}
    points: dict[str, Any] | None = None
    if own is not None:
        mine = own.confusion.rates(None, names=GROUP_RATES)
        today = impact(own.selected[:, None], own.decided[:, None], of.allowed).each
        points = {
            "selection_rate": listed(proportion(own.selected, own.decided)), "impact_ratio": listed(today, (slice(None), 0)),
            **{name: listed(mine[name]) if known else None for name in GROUP_RATES},
        }  # fmt: skip
    n, everybody = thresholds.confusion.n[:, 0].astype(int).tolist(), thresholds.scored.astype(int).tolist()
    groups = [
        {
            "slice": level, "scored": everybody[i], "n": n[i], **{name: at(curve, i) for name, curve in curves.items()},
            "log": None if points is None else {name: at(point, i) for name, point in points.items()},
        }
        for i, level in enumerate(levels(evidence, of.slices))
    ]  # fmt: skip
    return {
        "impact_ratio": listed(found.smallest), "groups": groups,
        **{name: [int(k) if k >= 0 else None for k in places] for name, places in (("lowest", found.lowest), ("highest", found.highest))},
    }  # fmt: skip
