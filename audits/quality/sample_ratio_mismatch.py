"""Sample-ratio mismatch: versions that get another share of the traffic than was declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import wilson
from audits.quality.versions import rows_by_version


@audit(name="sample_ratio_mismatch", unit="difference", needs=("version", "shares"), tasks=EVERY_TASK, units="own")
def sample_ratio_mismatch(evidence: Evidence) -> Iterator[Measurement]:
    """Largest difference between a version's share of the rows and the share declared for it.

    Formula
        max over versions |rows of the version / rows - declared share|; a version that is not declared has a declared share of 0, and
        declared shares (`alerts.shares`) are scaled to add up to 1. Tables list both. p-value: chi-squared, one degree of freedom less
        than there are versions; 0 where a version that should get nothing got something.
    Interval
        That version's Wilson interval, less its declared share; it is the largest of several, so the interval is a little too low on
        average where all shares agree. n is the rows.
    When it misleads
        A share that was changed on purpose during the window. Rows that repeat people are not independent draws of the split.
    Source
        A. Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD.
    """
    from scipy.special import chdtrc

    declared = evidence.model.alerts.shares
    versions, rows = rows_by_version(evidence)
    if versions == (None,):
        return
    names = tuple(dict.fromkeys((*(str(version) for version in versions if version is not None), *declared)))
    observed = np.zeros((len(names), rows.shape[1]))
    for version, counted in zip(versions, rows, strict=True):
        if version is not None:
            observed[names.index(version)] += counted
    share = np.asarray([declared.get(name, 0.0) for name in names])
    share = share / share.sum()
    total = observed.sum(axis=0)
    windows = np.flatnonzero(total > 0)
    off = observed[:, windows] / total[windows] - share[:, None]
    worst = np.argmax(np.abs(off), axis=0)
    value = np.abs(off)[worst, np.arange(len(windows))]
    low, high = _distance(*wilson(observed[worst, windows], total[windows]), share[worst])
    expected = share[:, None] * total[windows]
    impossible = ((expected == 0) & (observed[:, windows] > 0)).any(axis=0)
    statistic = np.where(expected > 0, (observed[:, windows] - expected) ** 2 / np.where(expected > 0, expected, 1.0), 0.0).sum(axis=0)
    p_value = np.where(impossible, 0.0, chdtrc(max(int((share > 0).sum()) - 1, 1), statistic))
    tables: dict[int, dict[str, Any]] = {
        i: {"versions": list(names), "observed": (observed[:, w] / total[w]).round(6).tolist(), "declared": share.round(6).tolist()}
        for i, w in enumerate(windows.tolist())
    }
    yield measurement(
        "sample_ratio_mismatch", "difference", value=value, low=np.minimum(low, value), high=np.maximum(high, value),
        n=np.rint(total[windows]), method="wilson", window=windows, slice=0, p_value=p_value, tables=tables,
    )  # fmt: skip


def _distance(low: Floats, high: Floats, share: Floats) -> tuple[Floats, Floats]:
    """The least and the greatest distance of an interval from a point.

    >>> _distance(np.array([0.1, 0.4]), np.array([0.3, 0.6]), np.array([0.2, 0.9]))
    (array([0. , 0.3]), array([0.1, 0.5]))
    """
    ends = np.abs(np.stack([low - share, high - share]))
    inside = (low <= share) & (share <= high)
    return np.where(inside, 0.0, ends.min(axis=0)).round(12), ends.max(axis=0).round(12)
