"""Quantile impact ratio: the impact ratio that the scores alone would give, had the best tenth, two tenths, ... been selected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.standardized_mean_difference import score_yardstick
from audits.fairness.yardstick import compared_groups, of_group
from audits.finding import Measurement
from audits.interval import share

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NO_RATE = "nobody of the reference group would be selected, so there is no rate to compare with"


@audit(name="quantile_impact_ratio", unit="ratio", needs=("score", "protected"), tasks=("binary", "regression"), units="rows")
def quantile_impact_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Impact ratio of each group, had the same share of people been selected by the most favorable scores alone.

    Formula
        (share of group g among the q best scored) / (the same share of the reference group), over the whole period, where the q best of
        all scored people, unknown groups included, are the highest scores, or the lowest if the positive outcome is unfavorable. The
        value is taken at the tenth nearest to the share of favorable decisions in the log, at 0.5 without decisions. Scores are binned:
        of the bin that holds the cut-off the same fraction of every group counts. The reference group is that of
        `standardized_mean_difference`. For single attributes.
    Interval and test
        Katz log interval, Koopman's score below five events, with the cut-off taken as known; pooled z or Fisher's exact test as in
        `impact_ratio`. n is the group's scored rows.
    Tables
        The curve over q = 0.1 ... 0.9, with intervals, rates and cut-offs.
    When it misleads
        It leaves out all that decides beside the score: rules, reviewers, cut-offs that moved. Nine points of one curve are not nine
        independent findings. Many equal scores make the curve depend on how ties are split.
    Source
        Lenders' practice: SolasAI Disparity Testing Library, "By-Quantile Adverse Impact Ratio".
    """
    compared = [groups for groups in compared_groups(evidence) if evidence.attributes[groups.attribute] in evidence.model.attributes]
    slices = [0, *(place for groups in compared for place in groups.slices.tolist())]
    histograms = dict(zip(slices, evidence.decided_rows(slices, whole=True)[0].sum(axis=(1, 2)), strict=True))
    for groups in compared:
        if not len(groups.slices):
            yield no_group("quantile_impact_ratio", "ratio", groups)
            continue
        hits, n, cuts = best_scored(evidence, np.stack([histograms[place] for place in [0, *groups.slices.tolist()]]))
        reference = np.full((1, len(SHARES)), score_yardstick(evidence, groups)[0, 0], dtype=np.int64)
        curve = ratios(hits[None], np.broadcast_to(n, hits.shape)[None], reference, zero=NO_RATE)
        at = nearest_share(evidence)
        one = {name: getattr(curve, name)[:, at : at + 1] for name in ("value", "low", "high", "n", "p_value", "method", "reason")}
        rate = share(hits, n)
        rate_r = of_group(rate[None], reference, absent=np.nan)[0, :, 0]
        tables = [_table(curve, rate, rate_r, cuts, at, place) if n[place] else None for place in range(len(n))]
        yield per_group(
            evidence, "quantile_impact_ratio", "ratio", groups, reference[:, :1], replace(curve, **one), tables=tables,
            counted=(hits[None, at : at + 1], n[None, None]),
        )  # fmt: skip


def nearest_share(evidence: Evidence) -> int:
    """The place in `SHARES` nearest to the share of favorable decisions of the whole period."""
    counts = evidence.counts
    decided = counts.decided[0, 0, 0]
    rate = counts.selected[0, 0, 0] / decided if decided else 0.5
    return int(np.argmin(np.abs(np.asarray(SHARES) - rate)))


def best_scored(evidence: Evidence, rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Rows among the best scored by [share, group], rows scored by [group], and the cut-off scores by [share].

    `rows` are scored rows by [everybody and groups, bin].
    """
    grid = evidence.bins.score_bins
    edges = np.asarray([] if grid is None else grid.edges, dtype=np.float64)
    if evidence.counts.same:
        rows = rows[:, ::-1]
    below = np.cumsum(rows, axis=1)
    wanted = np.asarray(SHARES) * below[0, -1]
    place: Integers = np.minimum((below[0][None] < wanted[:, None] * (1 - 1e-12)).sum(axis=1), rows.shape[1] - 1).astype(np.int64)
    inside = share(wanted - (below - rows)[0, place], rows[0, place])
    hits = ((below - rows)[1:, place] + np.nan_to_num(inside) * rows[1:, place]).T
    number = rows.shape[1] - 1 - place if evidence.counts.same else place
    cuts = edges[np.clip(number - (0 if not evidence.counts.same else 1), 0, len(edges) - 1)]
    return hits, below[1:, -1], cuts


def _table(curve: Any, rate: Floats, rate_r: Floats, cuts: Floats, at: int, place: int) -> dict[str, Any]:
    lists = {"ratio": curve.value[0, :, place], "low": curve.low[0, :, place], "high": curve.high[0, :, place], "rate": rate[:, place],
             "reference_rate": rate_r, "thresholds": cuts}  # fmt: skip
    found = {name: [x if np.isfinite(x) else None for x in values.tolist()] for name, values in lists.items()}
    return {"shares": list(SHARES), "at": SHARES[at], **found}
