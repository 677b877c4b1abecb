"""Which columns of a window arrive broken, held against the reference, and what they would be without that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.probes.drop_rows import Flags, Rows

EXCESS = 0.02
"""Share of rows by which missing, impossible or unknown values must have grown to count as broken."""

SPIKE = 0.05
RARE = 0.002
SCALE = np.log(1.15)
"""How far from 1 a common factor must lie, in logarithms."""

STEADY = 0.06
"""How far the factors of single quantiles may lie from the common one, as a share of its logarithm."""

QUANTILES = np.linspace(0.05, 0.95, 19)
SIGMAS = 4.0


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One broken column of the window.

    Parameters
    ----------
    kind
        As in `audits.causes`: "missing values", "unit or scale change", "new categories", "frozen column", "type change".
    rows
        Which rows of the window it is broken in.
    repaired
        The whole column mapped back to the reference's scale or names; None where the true values are gone.
    factor
        Of a scale change, by how much values were multiplied.
    """

    column: str
    kind: str
    rows: Flags
    repaired: NDArray[Any] | None = None
    factor: float | None = None

    @property
    def share(self) -> float:
        """Share of the window's rows."""
        return float(self.rows.mean())


def broken_columns(before: Rows, now: Rows) -> list[Broken]:
    """The columns of the window that are broken, the most complete breaks first."""
    found = [_numeric(name, before.numeric[name], x) for name, x in now.numeric.items()]
    found += [_categorical(name, before.categorical[name], x) for name, x in now.categorical.items()]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.share, one.column))


def _grown(hits_before: float, n_before: int, hits: float, n: int, least: float = EXCESS) -> bool:
    """Whether a share has grown by more than `least` and beyond chance."""
    p, q = hits_before / max(n_before, 1), hits / max(n, 1)
    pooled = (hits_before + hits + 1) / (n_before + n + 2)
    return q - p > max(least, SIGMAS * float(np.sqrt(pooled * (1 - pooled) * (1 / max(n_before, 1) + 1 / max(n, 1)))))


def _numeric(name: str, before: Floats, now: Floats) -> Broken | None:
    gone = np.isnan(now)
    if _grown(np.isnan(before).sum(), len(before), gone.sum(), len(now)):
        return Broken(column=name, kind="missing values", rows=gone)
    x, y = before[~np.isnan(before)], now[~gone]
    if len(x) < 20 or len(y) < 20 or np.ptp(x) == 0:
        return None
    if np.ptp(y) == 0:
        return Broken(column=name, kind="frozen column", rows=~gone)
    factor = common_factor(x, y)
    if factor is not None:
        return Broken(column=name, kind="unit or scale change", rows=~gone, repaired=now / factor, factor=factor)
    outside = (now < x.min()) | (now > x.max())
    if _grown(0.0, len(x), outside.sum(), len(y)):
        return Broken(column=name, kind="unit or scale change", rows=outside)
    value, hits = _most_common(y)
    if _grown(float((x == value).sum()), len(x), hits, len(y), SPIKE) and (x == value).mean() < RARE:
        return Broken(column=name, kind="missing values", rows=now == value)  # a number that stands for "unknown"
    return None


def _most_common(values: Floats) -> tuple[float, float]:
    found, counts = np.unique(values, return_counts=True)
    place = int(np.argmax(counts))
    return float(found[place]), float(counts[place])


def common_factor(before: Floats, now: Floats) -> float | None:
    """The factor by which all values were multiplied, where one factor explains every quantile and no move does; else None.

    >>> x = np.random.default_rng(1).lognormal(10, 0.5, 5000)
    >>> round(common_factor(x[:2500], x[2500:] * 0.72), 2), common_factor(x[:2500], x[2500:])
    (0.72, None)
    """
    p, q = np.quantile(before, QUANTILES), np.quantile(now, QUANTILES)
    same = (np.sign(p) == np.sign(q)) & (p != 0)
    if same.sum() < 10 or len(np.unique(p)) < 5:
        return None
    ratios = np.log(q[same] / p[same])
    factor = float(np.median(ratios))
    if abs(factor) < SCALE or float(np.median(np.abs(ratios - factor))) > STEADY * abs(factor):
        return None
    moved = float(np.median(q - p))
    rest = [float(np.abs(q / np.exp(factor) - p).mean()), float(np.abs(q - moved - p).mean())]
    return float(np.exp(factor)) if rest[0] < rest[1] / 2 else None


def _categorical(name: str, before: NDArray[np.object_], now: NDArray[np.object_]) -> Broken | None:
    gone = np.asarray([value is None for value in now.tolist()], dtype=np.bool_)
    lost = sum(value is None for value in before.tolist())
    if _grown(lost, len(before), gone.sum(), len(now)):
        return Broken(column=name, kind="missing values", rows=gone)
    known = Counter(value for value in before.tolist() if value is not None)
    fresh = np.asarray([value is not None and value not in known for value in now.tolist()], dtype=np.bool_)
    if not known or not _grown(0.0, len(before), fresh.sum(), len(now)):
        return None
    spelt = _spelling(known)
    mapped = np.asarray([spelt.get(_plain(v), v) if new else v for v, new in zip(now.tolist(), fresh.tolist(), strict=True)], dtype=object)
    repaired = sum(value in known for value in mapped[fresh].tolist()) > 0.9 * fresh.sum()
    return Broken(column=name, kind="new categories", rows=fresh, repaired=mapped if repaired else None)


def _spelling(known: Mapping[str, int]) -> dict[str, str]:
    """From a level's bare letters to how the reference spells it."""
    return {_plain(level): level for level in sorted(known, key=lambda level: known[level])}


def _plain(level: str) -> str:
    return "".join(letter for letter in level.casefold() if letter.isalnum())
