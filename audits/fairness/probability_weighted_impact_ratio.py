"""Probability-weighted impact ratio: for groups that are known by probabilities only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Integers
from audits.evidence import NO, Evidence
from audits.fairness.compare import REFERENCE_GROUP, ratio_interval
from audits.fairness.probability_groups import DECIDED, NO_WEIGHT, Weighted, weighted_rate
from audits.fairness.yardstick import of_group, yardstick
from audits.finding import Measurement

NO_RATE = "the reference group's weighted selection rate is 0, so there is no rate to compare with"
NO_UPPER_END = "no upper end: by its bounds the reference group's rate may be 0"


@audit(name="probability_weighted_impact_ratio", unit="ratio", needs=("decision", "probabilities"), units="rows")
def probability_weighted_impact_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Probability-weighted selection rate of each group over that of the reference group.

    Formula
        rate_g / rate_r, both as in `probability_weighted_selection_rate`. The reference group r is the one that the configuration names,
        else that with the highest weighted rate among groups with an effective 30 rows; it is reported too, with 1 by definition.
    Interval
        Katz log interval (Koopman's score below five events) with the effective numbers of rows, laid around the least and the largest
        ratio that the bounds of the two rates allow. The tables hold both parts. n is the group's effective number of rows. There is no
        p-value: a test would take the weights for memberships.
    When it misleads
        As the two rates do. A row counts in part for both groups, so sampling is a little less uncertain than the interval says; and the
        weighted ratio of groups that live together is pulled towards 1.
    Source
        J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell (2019), Fairness Under Unawareness, FAT*; N. Kallus, X. Mao and A. Zhou (2022),
        Management Science 68.
    """
    counts = evidence.weighted
    if counts is None:
        return
    hit = DECIDED.copy()
    hit[NO] = False
    found = weighted_rate(counts, hit, DECIDED, DECIDED)
    named = evidence.model.imputed.reference if evidence.model.imputed is not None else None
    levels = [evidence.slices[place].levels[0][1] for place in counts.slices.tolist()]
    allowed = np.asarray([named is None or level == named for level in levels], dtype=np.bool_)
    reference = yardstick(found.value, found.effective, evidence.counts.decided[..., 0], allowed)
    yield _block(counts.slices, found, reference)


def _block(slices: Integers, found: Weighted, reference: Integers) -> Measurement:
    rate_r, n_r = of_group(found.value, reference, absent=np.nan), of_group(found.effective, reference)
    value = np.where(rate_r > 0, found.value / np.where(rate_r > 0, rate_r, 1.0), np.nan)
    hits, n = np.nan_to_num(found.value * found.effective), found.effective
    sampling = ratio_interval(hits, n, *np.broadcast_arrays(np.nan_to_num(rate_r * n_r), n_r, n)[:2])[:2]
    ends = [np.broadcast_to(of_group(end, reference, absent=np.nan), n.shape) for end in found.bounds]
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = found.bounds[0] / ends[1], np.where(ends[0] > 0, found.bounds[1] / ends[0], np.nan)
        low, high = bounds[0] * sampling[0] / value, bounds[1] * sampling[1] / value
    own = (np.arange(n.shape[-1]) == reference[..., None]) & np.isfinite(value)
    low, high = np.where(own, 1.0, np.where(value > 0, low, 0.0)), np.where(own, 1.0, np.where(value > 0, high, sampling[1]))
    version, window, place = np.nonzero(n > 0)
    cell = (version, window, place)
    given = np.where(np.isnan(high), NO_UPPER_END, "")
    reason = np.where(own, REFERENCE_GROUP, np.where(np.isfinite(value), given, np.where(n_r > 0, NO_RATE, NO_WEIGHT)))
    tables = {}
    for i in np.flatnonzero((version == 0) & ~own[cell] & np.isfinite(value[cell])).tolist():
        at = tuple(int(axis[i]) for axis in cell)
        tables[i] = {
            "rate": float(found.value[at]), "reference_rate": float(rate_r[*at[:2], 0]), "weight": float(found.weight[at]),
            "effective_n": float(n[at]), "sampling": {"low": float(sampling[0][at]), "high": float(sampling[1][at])},
            "bounds": {"low": float(bounds[0][at]), "high": float(bounds[1][at]) if np.isfinite(bounds[1][at]) else None},
        }  # fmt: skip
    beside = np.where(reference < 0, -1, slices[reference])[version, window]
    return measurement(
        "probability_weighted_impact_ratio", "ratio", value=value[cell], low=np.where(np.isfinite(value), low, np.nan)[cell],
        high=np.where(np.isfinite(value), high, np.nan)[cell], n=np.rint(n[cell]),
        method=np.where(own, "by definition", "katz-effective-n, bounds")[cell].astype(object), version=version, window=window,
        slice=slices[place], reference_slice=beside, reason=reason[cell].astype(object), tables=tables,
    )  # fmt: skip
