"""The audit `reductions_frontier`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.tradeoffs.alternatives import TOLERATED
from audits.tradeoffs.costs import costs_of
from audits.tradeoffs.group_histograms import GroupHistograms, histograms, levels
from audits.tradeoffs.labels import with_repeats
from audits.tradeoffs.paired import Paired
from audits.tradeoffs.points import Ways, widest
from audits.tradeoffs.probed import Counted, about, counts_of, why_not


@audit(name="reductions_frontier", unit="difference", needs=("score", "outcome", "protected"), units="rows", probe="reductions")
def reductions_frontier(evidence: Evidence) -> Iterator[Measurement]:
    """The smallest gap in selection rates of a model retrained under a fairness constraint that loses at most one point of accuracy.

    Formula
        `candor audit --what-if` retrains a plain learner on a budget of logged rows, out of fold, without constraint and under
        demographic parity and equalized odds at a few strengths (fairlearn's exponentiated gradient). The value is the smallest
        max_g P(selected | g) - min_g P(selected | g) over the held-out rows, among those whose accuracy and balanced accuracy are at most
        0.01 below the same learner's without constraint.
    Interval
        Newcombe of the two groups furthest apart, over held-out rows; n is the rows used.
    Tables
        Every retrained model as a point: accuracy, cost and disparities with intervals, and the rates of each group about the favorable
        value. Protected attributes are no features of these models unless the configuration declares them as features; the groups are
        used while training, and not when deciding.
    When it misleads
        It is another model than the one in use, trained on less: compare points with each other first. A constraint kept while training
        is kept only roughly on new rows. Some of these models draw lots.
    Source
        A. Agarwal, A. Beygelzimer, M. Dudík, J. Langford and H. Wallach (2018), A Reductions Approach to Fair Classification, ICML.

    >>> import numpy as np
    >>> from audits.tradeoffs.points import widest
    >>> value, low, high = widest(np.array([[30.0], [24.0]]), np.array([[100.0], [100.0]]))
    >>> round(float(value[0]), 2)
    0.06
    """
    body = evidence.probes.get("reductions")
    if body is None:
        return
    for of in histograms(evidence)[1:]:
        counted = counts_of(evidence, of, body)
        if counted is None:
            none = np.full(1, np.nan)
            yield measurement(
                "reductions_frontier", "difference", value=none, low=none, high=none, n=np.zeros(1), method="", attribute=of.attribute,
                reason=why_not(evidence, of, body),
            )  # fmt: skip
            continue
        yield _measured(evidence, of, body, counted)


def _measured(evidence: Evidence, of: GroupHistograms, body: Mapping[str, Any], counted: Counted) -> Measurement:
    """The finding about one attribute; the first way is the learner without constraint."""
    costs, names, ways = costs_of(evidence.model), levels(evidence, of.slices[counted.kept]), counted.ways
    paired = Paired(counts=counted.against_unchanged, same=of.same, allowed=of.allowed[counted.kept])
    other = paired.other
    total = other.total()
    accuracy, balanced = total.correct / total.n, total.balanced()
    allowed = (accuracy >= accuracy[0] - TOLERATED) & (balanced >= balanced[0] - TOLERATED)
    of_probe = Ways(confusion=other, same=of.same, allowed=paired.allowed, costs=costs, names=names)
    gap = widest(of_probe.chosen, other.n)
    place = int(np.argmin(np.where(allowed, gap[0], np.inf)))
    points = [{**way, **figures} for way, figures in zip(ways, of_probe.points(range(len(ways))), strict=True)]
    return measurement(
        "reductions_frontier", "difference", value=gap[0][[place]], low=gap[1][[place]], high=gap[2][[place]], n=total.n[[place]],
        method="newcombe over held-out rows", attribute=of.attribute,
        reason=with_repeats(evidence, "no constraint does better than none" if place == 0 else ""),
        tables={0: {"baseline": points[0], "points": points[1:], "probe": about(body), "tolerated_loss": TOLERATED}},
    )  # fmt: skip
