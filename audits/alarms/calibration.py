"""How much a quiet log moves by itself, read off the reference's own windows: overdispersion, season, and how long a wobble lasts.

Rows of a log are not drawn one by one from one urn: days differ. A share of a window of m rows, of variance v per row, therefore varies
by

    v (1/m + (φ - 1) max(1/m, 1/m̄))

around its expectation: φ is how many times more than chance alone the reference's windows, of m̄ rows on average, vary. What goes beyond
chance does not get less in a window that is larger than those of the reference, and not more certain in one that is smaller.

Sources: R. W. M. Wedderburn (1974), Biometrika 61 (quasi-likelihood); G. K. Smyth (2004), Statistical Applications in Genetics and
Molecular Biology 3 (variances of many series lend each other strength).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.alarms.shares import Shares
from audits.estimate import Floats, Integers

WEEKDAY, HOUR, HOUR_AND_WEEKEND = "weekday", "hour of day", "hour of day and weekend"
PRIOR_SD, PRIOR_DF = 0.04, 10.0
"""Where the reference is one window: days are taken to differ by four hundredths of a row's standard deviation (by two points where a
share is one half), known as badly as ten windows would tell it."""
USUALLY_LASTS = 0.5
"""Correlation of neighbouring windows beyond chance, as far as the reference is too short to tell."""
LENT, LEAST_LENT, MOST_LENT = 1.5, 6.0, 20.0
"""Degrees of freedom that other columns lend: so many times a column's own, within these bounds. Columns of one log have their bad days
together, and where rows are few, all look alike."""
WORTH = 1.5
"""A column has a season where cells of the season differ by so many times what windows of one cell do."""
SHORT = "the reference is a single window: how much a quiet log moves is taken from experience, not from this log"
NO_CLOCK = "windows follow no clock: seasons are not allowed for"
TOO_SHORT = "the reference is too short to tell a season ({needed} are needed): seasons are not allowed for"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What is quiet, for each column.

    Parameters
    ----------
    baseline
        Expected shares of the analysed windows by [column, window, bin], from the reference's windows of the same cell of the season.
    cells, known
        The cell that each analysed window belongs to, and whether the reference has rows of it, by [column, window].
    chance, extra
        What the error of a cell's baseline adds to the variance of a share: v (chance + (φ - 1) extra), by [column, cell].
    dispersion, bin_dispersion
        φ of each watched share and of each bin, at least 1.
    freedom
        Degrees of freedom that φ is known with, by column, those lent by other columns included.
    lasting
        Correlation of what neighbouring windows have beyond chance, by column, at least 0.
    typical
        Rows of a typical window of the reference, by column.
    windows
        Windows of the reference.
    season
        The season that was looked for; `seasonal` says which columns have one.
    reason
        What is not allowed for, in words.
    """

    baseline: Floats
    cells: Integers
    known: NDArray[np.bool_]
    chance: Floats
    extra: Floats
    dispersion: Floats
    bin_dispersion: Floats
    freedom: Floats
    lasting: Floats
    typical: Floats
    windows: int
    season: str | None
    seasonal: NDArray[np.bool_]
    reason: str


def calibrate(shares: Shares) -> Calibration:
    """Season, dispersion and persistence of every column, from the reference's windows alone."""
    rows = shares.reference.sum(axis=-1)
    typical = np.maximum(rows.sum(axis=1) / np.maximum((rows > 0).sum(axis=1), 1), 1.0)
    held, own, season, reason = _season(shares)
    q = shares.reference / np.maximum(rows, 1)[..., None]
    c = np.concatenate([np.matmul(shares.contrasts, np.swapaxes(q, 1, 2)), np.moveaxis(q, 1, 2)], axis=1)  # watched shares, then bins
    v = np.concatenate([shares.unit_variance, _spread(shares)], axis=1)
    w = np.minimum(rows, typical[:, None])
    seasonal = np.zeros(len(rows), dtype=bool)
    if season is not None:
        seasonal = _worth(c[:, : shares.contrasts.shape[1]], v[:, : shares.contrasts.shape[1]], w, held)
    cells = np.where(seasonal[:, None], held, 0)
    own_cells = np.where(seasonal[:, None], own, 0)
    many = int(max(cells.max(initial=0), own_cells.max(initial=0))) + 1
    hot = (cells[:, :, None] == np.arange(many)).astype(np.float64)  # [column, window, cell]
    total = np.einsum("kr,krs->ks", rows, hot)
    pooled = np.einsum("krs,krb->ksb", hot, shares.reference) / np.maximum(total, 1)[..., None]
    part = np.divide(rows**2, w, out=np.zeros_like(rows), where=w > 0)
    extra = np.divide(np.einsum("kr,krs->ks", part, hot), total**2, out=np.ones_like(total), where=total > 0)
    chance = 1 / np.maximum(total, 1)
    mean = np.matmul(w[:, None] * c, hot) / np.maximum(np.einsum("kr,krs->ks", w, hot), 1e-12)[:, None]
    residual = (c - np.matmul(mean, np.swapaxes(hot, 1, 2))) * np.sqrt(w)[:, None]
    used = (np.einsum("kr,krs->ks", rows > 0, hot) > 0).sum(axis=1)
    freedom = np.maximum((rows > 0).sum(axis=1) - used, 0).astype(np.float64)
    raw = _excess(residual, v, rows, w, freedom)
    watched = shares.contrasts.shape[1]
    dispersion, freedom = _shrunk(raw, v > 1e-12, freedom, watched, typical)
    lasting = _lasting(residual[:, :watched], raw[:, :watched], v[:, :watched], shares.weights, used)
    hidden = np.minimum((lasts(lasting, rows.shape[1]) - 1) / np.maximum(rows.shape[1] - used, 1), 0.7)
    dispersion = 1 + (dispersion - 1) / (1 - hidden[:, None])  # what lasts as long as the reference is taken for its mean
    return Calibration(
        baseline=np.take_along_axis(pooled, own_cells[:, :, None], axis=1), cells=own_cells,
        known=np.take_along_axis(total, own_cells, axis=1) > 0, chance=chance, extra=extra,
        dispersion=dispersion[:, :watched], bin_dispersion=dispersion[:, watched:], freedom=freedom, lasting=lasting,
        typical=typical, windows=rows.shape[1], season=season, seasonal=seasonal, reason=SHORT if rows.shape[1] < 2 else reason,
    )  # fmt: skip


def _spread(shares: Shares) -> Floats:
    return np.asarray(shares.base * (1 - shares.base))


def _season(shares: Shares) -> tuple[Integers, Integers, str | None, str]:
    """The cell of the season of each reference and each analysed window, its name, and what is not allowed for."""
    held, own = (np.zeros(side.shape[1], dtype=np.int64) for side in (shares.reference, shares.windows))
    if shares.starts is None or shares.length is None:
        return held, own, None, NO_CLOCK
    days = len({start.date() for start in shares.starts[0]})
    if shares.length == dt.timedelta(days=1):
        if days < 14:
            return held, own, None, TOO_SHORT.format(needed="14 days")
        return *(_cells(side, lambda at: at.weekday()) for side in shares.starts), WEEKDAY, ""  # type: ignore[return-value]
    if shares.length == dt.timedelta(hours=1):
        if days < 3:
            return held, own, None, TOO_SHORT.format(needed="3 days")
        if days < 14:
            return *(_cells(side, lambda at: at.hour) for side in shares.starts), HOUR, ""  # type: ignore[return-value]
        return *(_cells(side, lambda at: at.hour + 24 * (at.weekday() >= 5)) for side in shares.starts), HOUR_AND_WEEKEND, ""  # type: ignore[return-value]
    return held, own, None, ""


def _cells(starts: Sequence[dt.datetime], cell: object) -> Integers:
    return np.asarray([cell(start) for start in starts], dtype=np.int64)  # type: ignore[operator]


def _worth(c: Floats, v: Floats, w: Floats, cells: Integers) -> NDArray[np.bool_]:
    """Columns whose cells differ more than windows of one cell do: mean squares between against within, over all watched shares."""
    hot = (cells[:, None] == np.unique(cells)).astype(np.float64)
    many, windows = hot.shape[1], hot.shape[0]
    inside = np.einsum("kr,rs->ks", w, hot)
    mean = np.matmul(w[:, None] * c, hot) / np.maximum(inside, 1e-12)[:, None]
    grand = (w[:, None] * c).sum(axis=-1) / np.maximum(w.sum(axis=-1), 1e-12)[:, None]
    unit = np.where(v > 1e-12, v, np.inf)
    between = ((mean - grand[..., None]) ** 2 * inside[:, None]).sum(axis=-1) / unit / (many - 1)
    within = ((c - np.matmul(mean, hot.T)) ** 2 * w[:, None]).sum(axis=-1) / unit / max(windows - many, 1)
    return np.asarray(between.sum(axis=1) > WORTH * within.sum(axis=1) + 1e-6)


def _excess(residual: Floats, v: Floats, rows: Floats, w: Floats, freedom: Floats) -> Floats:
    """φ as each series shows it: what windows vary, over what chance makes them vary."""
    seen = (residual**2).sum(axis=-1) / np.maximum(freedom, 1)[:, None]
    own = np.divide(w, rows, out=np.zeros_like(w), where=rows > 0).sum(axis=1) / np.maximum((rows > 0).sum(axis=1), 1)
    return np.asarray(np.maximum(seen / np.maximum(v, 1e-12) + 1 - own[:, None], 0.05))


def _shrunk(raw: Floats, varies: NDArray[np.bool_], freedom: Floats, watched: int, typical: Floats) -> tuple[Floats, Floats]:
    """φ of each series moved towards what is usual in this log, and degrees of freedom, by the moments of log φ (Smyth 2004).

    What columns lend each other is never more than all other columns know, nor than `LENT` times what the column knows itself.
    """
    from scipy.special import digamma, polygamma

    if freedom.max(initial=0) < 1:
        return np.broadcast_to(1 + PRIOR_SD**2 * typical[:, None], raw.shape).copy(), np.full(len(raw), PRIOR_DF)
    own = np.maximum(freedom, 1)[:, None]
    centred = np.log(raw) - digamma(own / 2) + np.log(own / 2)
    told = varies[:, :watched]
    if not told.any():
        return np.ones_like(raw), np.maximum(freedom, 1)
    values = centred[:, :watched][told]
    spare = float(np.var(values)) - float(polygamma(1, np.broadcast_to(own / 2, told.shape)[told]).mean())
    most = np.minimum(float(freedom.sum()) - freedom, np.clip(LENT * freedom, LEAST_LENT, MOST_LENT))
    lent = np.minimum(2 * _inverse_trigamma(spare), most) if spare > 1e-6 else most
    usual = float(np.exp(values.mean()))
    scale = np.where(lent > 0, usual * np.exp(digamma(np.maximum(lent, 1e-3) / 2)) / (np.maximum(lent, 1e-3) / 2), 0.0)
    scale = np.where(spare > 1e-6, scale, usual)[:, None]
    both = (own * raw + lent[:, None] * scale) / (own + lent[:, None])
    return np.maximum(both, 1.0), np.maximum(freedom, 1) + lent


def _inverse_trigamma(value: float) -> float:
    """x with trigamma(x) = value, by Newton's steps on 1/trigamma, which is nearly straight."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(20):
        at = float(polygamma(1, x))
        x += at * (1 - at / value) / float(polygamma(2, x))
    return float(x)


def _lasting(residual: Floats, raw: Floats, v: Floats, weights: Floats, used: Integers) -> Floats:
    """Correlation of what neighbouring windows have beyond chance, by column: its own, moved towards that of all columns.

    Products of neighbours, corrected for the means taken off, over the variance beyond chance; the fewer windows the reference has, the
    more of what is usual (`USUALLY_LASTS`) is mixed in.
    """
    windows = residual.shape[-1]
    if windows < 3:
        return np.full(len(residual), USUALLY_LASTS)
    share = np.where(v > 1e-12, weights, 0.0)
    scale = np.maximum(v, 1e-12)
    products = (residual[..., 1:] * residual[..., :-1]).sum(axis=-1) / (windows - 1) / scale + raw * used[:, None] / windows
    together = (products * share).sum(axis=1)
    beyond = (np.maximum(raw - 1, 0) * share).sum(axis=1)
    everybody = float(np.clip(together.sum() / max(float(beyond.sum()), 1e-9), 0.0, 1.0))
    everybody = (windows * everybody + 7 * USUALLY_LASTS) / (windows + 7)
    own = np.clip(together / np.maximum(beyond, 1e-9), 0.0, 1.0)
    return np.asarray(np.clip(everybody + (own - everybody) * windows / (windows + 20), 0.0, 0.95))


def lasts(correlation: Floats, windows: int) -> Floats:
    """How many times more the mean of so many neighbouring windows varies than that of independent ones."""
    lags = np.arange(1, min(windows, 200))
    return np.asarray(1 + 2 * (correlation[:, None] ** lags * (1 - lags / windows)).sum(axis=1))
