"""Proxy strength: how much each feature, and all of them together, tell about a protected attribute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import chi_squared_p, z_of
from audits.slices import OTHER, UNKNOWN

TELLING = 5
LEAST = 10
"""Rows of a bin that may be called telling."""

UNREAD = 'the features together need rows, not tallies: run "candor audit --what-if"'


@audit(name="proxy_strength", unit="score", needs=("protected", "columns"), tasks=EVERY_TASK, units="rows")
def proxy_strength(evidence: Evidence) -> Iterator[Measurement]:
    """How strongly a feature is tied to a protected attribute: 0 tells nothing, 1 gives the group away.

    Formula
        Cramér's V with Bergsma's correction: φ² = chi-squared / n, φ̃² = max(0, φ² - (r-1)(c-1)/(n-1)), r̃ = r - (r-1)²/(n-1), c̃ likewise,
        V = √(φ̃² / min(r̃-1, c̃-1)), over the known groups (r) and at most 20 bins of the feature (c), missing values being one, on the
        reference rows. One finding for each attribute and feature, the strongest first, and one for each attribute with no column: the same
        V between the group and a prediction of it from all features together, made out of fold by boosted trees, where
        `candor audit --what-if` has made one.
    Interval and test
        φ̃² is normal with the delta method's variance and what it is without any tie; chi-squared p-value that there is no tie. With
        several rows a unit both are too sure.
    When it misleads
        With enough rows every tie is significant: read V, not p. A weak tie of each of many features can be a strong one together. A strong
        proxy is not by itself unlawful, nor is a weak one harmless: what matters is what the model makes of it.
    Source
        W. Bergsma (2013), Journal of the Korean Statistical Society 42; Y. M. M. Bishop, S. E. Fienberg and P. W. Holland (1975), Discrete
        Multivariate Analysis, section 11.3, for the variance.

    >>> import numpy as np
    >>> from audits.fairness.proxy_strength import cramers_v
    >>> value, low, high = cramers_v(np.asarray([[40.0, 10.0], [10.0, 40.0]]))
    >>> round(value, 3)
    0.595
    """
    for position, attribute in enumerate(evidence.attributes):
        if attribute not in evidence.model.attributes:
            continue
        yield _joint(evidence, attribute, position)
        yield from _singles(evidence, attribute, position)


def cramers_v(table: Floats) -> tuple[float, float, float]:
    """Bias-corrected V of a contingency table with its interval; NaN where fewer than two rows or columns hold anything."""
    seen = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = float(seen.sum())
    if min(seen.shape, default=0) < 2 or n < 2:
        return np.nan, np.nan, np.nan
    p = seen / n
    rows, columns = p.sum(axis=1, keepdims=True), p.sum(axis=0, keepdims=True)
    ratio = p / (rows * columns)
    squared = float((p * ratio).sum() - 1)
    free = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    pull = 2 * ratio - (p * ratio).sum(axis=1, keepdims=True) / rows - (p * ratio).sum(axis=0, keepdims=True) / columns
    variance = max(float((p * pull**2).sum() - (p * pull).sum() ** 2), 0.0) / n + 2 * free / n**2
    corrected, half = squared - free / (n - 1), z_of() * np.sqrt(variance)
    most = min(size - (size - 1) ** 2 / (n - 1) for size in seen.shape) - 1
    if most <= 0:
        return np.nan, np.nan, np.nan
    value, low, high = (float(np.sqrt(min(max(x, 0.0) / most, 1.0))) for x in (corrected, corrected - half, corrected + half))
    return value, low, high


def _joint(evidence: Evidence, attribute: str, position: int) -> Measurement:
    body = evidence.probes.get("proxies")
    found = {} if body is None else body.get("attributes", {}).get(attribute, {})
    if body is None or "table" not in found:
        none = np.full(1, np.nan)
        reason = UNREAD if body is None else found.get("reason", UNREAD)
        return measurement(
            "proxy_strength", "score", value=none, low=none, high=none, n=np.zeros(1), method="", attribute=position, reason=reason
        )
    table = np.asarray(found["table"], dtype=np.float64)
    value, low, high = cramers_v(table)
    kept = {key: one for key, one in found.items() if key not in ("table", "levels")} | {"rows_used": body["rows_used"],
        "rows_available": body["rows_available"], "created": body["created"]}  # fmt: skip
    return measurement(
        "proxy_strength", "score", value=np.asarray([value]), low=np.asarray([low]), high=np.asarray([high]),
        n=np.asarray([round(table.sum())]), method="bergsma, out of fold", attribute=position, p_value=chi_squared_p(table)[None],
        reason="" if np.isfinite(value) else "the prediction is the same for everybody", tables={0: kept},
    )  # fmt: skip


def _singles(evidence: Evidence, attribute: str, position: int) -> Iterator[Measurement]:
    counts = evidence.proxies
    names = [] if counts is None else [name for name in evidence.columns if (attribute, name) in counts.counts]
    if counts is None or not names:
        return
    levels = counts.levels(attribute)
    known = [i for i, level in enumerate(levels) if level not in (UNKNOWN, OTHER)]
    tables = [counts.table(attribute, name)[known] for name in names]
    found = np.asarray([cramers_v(table) for table in tables])
    order = np.argsort(-np.nan_to_num(found[:, 0], nan=-1.0), kind="stable")
    few = (
        "fewer than two known groups are in the reference"
        if len(known) < 2
        else "the feature is the same for all known groups of the reference"
    )
    yield measurement(
        "proxy_strength", "score", value=found[order, 0], low=found[order, 1], high=found[order, 2],
        n=np.asarray([round(tables[i].sum()) for i in order.tolist()]), method="bergsma", attribute=position,
        column=np.asarray([evidence.columns.index(names[i]) for i in order.tolist()], dtype=np.int64),
        p_value=np.asarray([float(chi_squared_p(tables[i])) if np.isfinite(found[i, 0]) else np.nan for i in order.tolist()]),
        reason=np.where(np.isfinite(found[order, 0]), "", few).astype(object),
        tables={
            rank: _table(tables[i], [levels[k] for k in known], counts.bins[names[i]], rank + 1)
            for rank, i in enumerate(order.tolist()) if np.isfinite(found[i, 0])
        },
    )  # fmt: skip


def _table(table: Floats, levels: Sequence[str], bins: Sequence[str], rank: int) -> dict[str, Any]:
    """What a reader sees of one pair: the best guess, the AUC of two groups, and the bins that tell most."""
    n = table.sum()
    overall = table.sum(axis=1) / n
    inside = table.sum(axis=0)
    shares = np.divide(table, inside, out=np.zeros_like(table), where=inside > 0)
    lift = np.where(inside >= LEAST, shares - overall[:, None], -np.inf)
    telling = []
    for place in np.argsort(-lift, axis=None, kind="stable")[:TELLING].tolist():
        level, bin_ = divmod(place, table.shape[1])
        if lift[level, bin_] > 0:
            telling.append({"level": levels[level], "bin": bins[bin_], "n": round(float(inside[bin_])), "share": float(shares[level, bin_]),
                            "overall": float(overall[level])})  # fmt: skip
    present = np.flatnonzero(overall > 0)
    two = len(present) == 2
    return {
        "rank": rank, "accuracy": float(table.max(axis=0).sum() / n), "majority": float(overall.max()),
        "auc": _auc(table[present]) if two else None, "first": levels[present[0]] if two else None, "telling": telling,
    }  # fmt: skip


def _auc(table: Floats) -> float:
    """The AUC of two groups when bins are ordered by the share of the first: the best that any ordering of the bins can do."""
    inside = table.sum(axis=0)
    order = np.argsort(np.divide(table[0], inside, out=np.zeros_like(inside), where=inside > 0), kind="stable")
    first, second = table[0][order], table[1][order]
    return float((first * (np.cumsum(second) - second / 2)).sum() / (first.sum() * second.sum()))
