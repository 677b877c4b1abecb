"""Impact ratio: each group's selection rate over the reference group's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.yardstick import Groups, compared_groups, of_group, selection_yardstick
from audits.finding import Measurement
from audits.interval import FEW_EXPECTED, share

NO_SELECTION = "no group received the favorable decision, so there is no rate to compare with"


@audit(name="impact_ratio", unit="ratio", needs=("decision", "protected"), favorable=True)
def impact_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Selection rate of each group over the selection rate of the reference group.

    Formula
        (selected_g / decided_g) / (selected_r / decided_r). The reference group r is the one that the configuration names, else it has
        the highest rate among groups with at least 30 decided rows, or 2 % of them and more than one; it is reported too, with 1 by
        definition.
    Interval and test
        Katz log interval, Koopman's score below five events; pooled z or Fisher's exact test. Where the reference group was picked from k >
        3 groups, the q-value is made of p-values times (k - 1) / 2: a group that was picked as the highest lies above the others by chance
        too. n is the group's decided rows.
    Tables
        `flips`: the smallest number of decisions in the group that, made favorable, lift the ratio to 0.8; `rate` and `reference_rate`;
        `z`, and `expected`, the smallest expected count: below five the p-value is Fisher's (`test`); `p_value` is that of the two groups
        alone. For all single attributes, and for the intersection over the whole period. `people` is how many decisions the gap in rates
        amounts to.
    When it misleads
        The four-fifths line is a screen, not a law: with few rows a ratio below it may be chance, with many a ratio above it may still
        be a significant gap. It says nothing about whether the groups were alike, and the reference is picked after looking, so the
        smallest of many ratios lies below 0.8 more often than one would think. It may pick another reference group in another window.
    Source
        29 CFR 1607.4(D); 6 RCNY 5-300.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("impact_ratio", "ratio", groups)
            continue
        reference = selection_yardstick(evidence, groups)
        hits, n = counts.selected[..., groups.slices], counts.decided[..., groups.slices]
        found = ratios(hits, n, reference, zero=NO_SELECTION)
        tables = _tables(evidence, groups, reference, hits, n, found.p_value)
        yield per_group(evidence, "impact_ratio", "ratio", groups, reference, found, tables=tables, counted=(hits, n))


def flips(hits: Floats, n: Floats, hits_r: Floats, n_r: Floats) -> Integers:
    """Smallest k with (hits + k) / n at least 0.8 hits_r / n_r, in whole numbers so that no rounding decides; at least 0.

    >>> flips(np.array([20.0]), np.array([100.0]), np.array([50.0]), np.array([100.0]))
    array([20])
    """
    h, m, a, b = (np.rint(values).astype(np.int64) for values in (hits, n, hits_r, n_r))
    missing = 4 * a * m - 5 * b * h
    return np.asarray(np.maximum(-(-missing // np.maximum(5 * b, 1)), 0), dtype=np.int64)


def _tables(
    evidence: Evidence, groups: Groups, reference: Integers, hits: Floats, n: Floats, p_value: Floats
) -> list[dict[str, Any] | None]:
    """Flat over [version, window, group]."""
    hits_r, n_r = of_group(hits, reference), of_group(n, reference)
    rate, rate_r = share(hits, n), np.broadcast_to(share(hits_r, n_r), n.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (hits + hits_r) / (n + n_r)
        z = (rate - rate_r) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_r))
        events = hits + hits_r
        expected = np.minimum(n, n_r) * np.minimum(events, n + n_r - events) / (n + n_r)
    single = evidence.attributes[groups.attribute] in evidence.model.attributes
    wanted = (n > 0) & (rate_r > 0) & (np.arange(n.shape[-1]) != reference[..., None])
    wanted[1:] = False
    if not single:
        wanted[:, 1:] = False
    found: list[dict[str, Any] | None] = [None] * n.size
    rows = zip(*(values[wanted].tolist() for values in (flips(hits, n, hits_r, n_r), rate, rate_r, z, expected, p_value)), strict=True)
    for place, (k, own, beside, score, least, p) in zip(np.flatnonzero(wanted).tolist(), rows, strict=True):
        found[place] = {
            "flips": k, "rate": own, "reference_rate": beside, "z": score if math.isfinite(score) else None, "expected": least,
            "test": "fisher" if least < FEW_EXPECTED else "z", "p_value": p if math.isfinite(p) else None,
        }  # fmt: skip
    return found
