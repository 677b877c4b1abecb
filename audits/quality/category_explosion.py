"""Category explosion: how many categories are in use, against the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.bins import CategoricalBins
from audits.estimate import Floats
from audits.evidence import ColumnCounts, Evidence
from audits.finding import Measurement
from audits.quality.layout import absent, binned, valued


@audit(name="category_explosion", unit="ratio", needs=("columns",), tasks=EVERY_TASK, compared=True, units="own")
def category_explosion(evidence: Evidence) -> Iterator[Measurement]:
    """Effective number of categories in a window over that of the reference.

    Formula
        exp(-Σ q ln q) / exp(-Σ p ln p), with q and p the shares of the categories in the window and in the reference: as many equally
        frequent categories would be as varied. Unseen categories count one by one as far as the tally lists them (the 20 most frequent of
        a day or hour); the rest are no more frequent than the last of those, and are taken to be as few as that allows. Rare ones of a
        vocabulary that was cut off count as one. So the figure is a lower bound.
    Interval
        Delta method for the entropies of both. n is the rows with a value. Tables hold the categories in use.
    When it misleads
        Entropy is underestimated in few rows. Text that people type has no fixed categories to begin with.
    Source
        M. O. Hill (1973), Diversity and Evenness, Ecology 54; G. A. Miller (1955), on the variance and bias of entropies.
    """
    for column, bins, counts in binned(evidence):
        if not isinstance(bins, CategoricalBins):
            continue
        n = valued(counts)
        shown = np.flatnonzero(n + absent(counts) > 0)
        before = np.append(counts.reference, counts.reference_special["other"])
        entropy, spread = _entropy(before)
        levels = _levels(evidence, bins.name, counts)
        found = [_entropy(levels[window]) for window in shown.tolist()]
        difference = np.asarray([each[0] for each in found]) - entropy
        half = 1.96 * np.sqrt(np.asarray([each[1] for each in found]) + spread)
        told = (n[shown] > 0) & (before.sum() > 0)
        tables = {
            i: {"levels": int((levels[w] > 0).sum()), "reference_levels": int((before > 0).sum())}
            for i, w in enumerate(shown.tolist()) if told[i]
        }  # fmt: skip
        yield measurement(
            "category_explosion", "ratio", value=np.where(told, np.exp(difference), np.nan),
            low=np.where(told, np.exp(difference - half), np.nan), high=np.where(told, np.exp(difference + half), np.nan),
            n=np.rint(n[shown]), method="delta", window=shown, slice=0, column=column, tables=tables,
            reason=np.where(told, "", "every value is missing").astype(object),
        )  # fmt: skip


def unseen_by_window(evidence: Evidence, name: str) -> list[tuple[dict[str, int], int]]:
    """By window, the whole period first: the unseen categories that the tally lists, with their rows, and the most that one not listed has.

    A tally lists the most frequent of a day or hour, so what it leaves out is no more frequent there than the last of those.
    """
    found: list[tuple[dict[str, int], int]] = [({}, 0) for _ in evidence.windows]
    rows = evidence.tally.bins
    position = evidence.tally.columns.index(name)
    starts = np.asarray([span[0] for span in evidence.spans[1:]], dtype=np.int64)
    for i in np.flatnonzero((rows["column"] == position) & (rows["unseen"] > 0)).tolist():
        window = int(np.searchsorted(starts, evidence.tally.partitions[rows["partition"][i]].bucket, side="right"))
        listed: dict[str, int] = json.loads(rows["unseen_levels"][i]) if rows["unseen_levels"][i] else {}
        left = int(rows["unseen"][i]) - sum(listed.values())
        for place in (0, window):
            levels, most = found[place]
            for level, n in listed.items():
                levels[level] = levels.get(level, 0) + n
            found[place] = levels, most + (min(min(listed.values(), default=left), left) if left > 0 else 0)
    return found


def _levels(evidence: Evidence, name: str, counts: ColumnCounts) -> list[Floats]:
    """Rows of each category in use, by window; those that are not listed in as few categories as they can be in."""
    found = []
    for window, (listed, most) in enumerate(unseen_by_window(evidence, name)):
        unseen = np.asarray(sorted(listed.values()), dtype=np.float64)
        rest = max(float(counts.special["unseen"][window]) - unseen.sum(), 0.0)
        whole, left = divmod(rest, most) if most else (0.0, rest)
        others = np.append(np.full(int(whole), float(most)), left)
        found.append(np.concatenate([counts.windows[window], [counts.special["other"][window]], unseen, others]))
    return found


def _entropy(counts: Floats) -> tuple[float, float]:
    """Entropy in nats, and the variance of its estimate.

    >>> round(_entropy(np.array([50.0, 50.0]))[0], 4), _entropy(np.array([7.0, 0.0]))
    (0.6931, (0.0, 0.0))
    """
    n = float(counts.sum())
    if n <= 0:
        return 0.0, 0.0
    q = counts[counts > 0] / n
    entropy = float(-(q * np.log(q)).sum())
    return max(entropy, 0.0) + 0.0, float(max((q * np.log(q) ** 2).sum() - entropy**2, 0.0)) / n
