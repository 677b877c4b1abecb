"""The measures `<rate>_mix_effect` and `<rate>_rate_effect`: what changes of who is in a rate, and of how they fare, add to its change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.attribution.kitagawa import Period, Split, split
from audits.attribution.rates import MEANS, RATES, Division, divisions
from audits.attribution.tables import parts_table
from audits.audit import Audit, Need, measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.gaps import first_complete
from audits.interval import z_of

MIX, RATE = "_mix_effect", "_rate_effect"
FEWEST = 2
"""Rows of a period below which nothing is said of chance."""

NO_CHANGE = "no change: one of the two periods has no such rows"
FEW_ROWS = "no interval: a single row in one of the two periods"


def effects(evidence: Evidence, rate: str, kind: str) -> Iterator[Measurement]:
    """One of the two effects of a rate, over everything that the log can divide the population by."""
    if evidence.task == "multiclass" and rate != "accuracy" and str(evidence.model.favorable) not in evidence.classes:
        return
    for division in divisions(evidence, rate):
        before, against, shown = _baseline(evidence, division)
        found = split(before, division.now, proportion=rate not in MEANS)
        windows = np.flatnonzero(shown)
        if not len(windows):
            continue
        tables = _tables(division, before, found, windows, against, rate) if kind == MIX and evidence.without is None else {}
        yield _block(rate, kind, division, before, found, windows, tables)


def _baseline(evidence: Evidence, division: Division) -> tuple[Period, str, NDArray[np.bool_]]:
    """What each window is held against: the reference, and where that has no such rows the first complete window that has."""
    now, held = division.now, division.before
    shown = now.size > 0
    filled = np.flatnonzero(now.size[1:] > 0) + 1
    if float(held.size) > 0:
        own = first_complete(evidence) if evidence.reference.kind == "first window" else -1
        against = "reference"
    elif len(filled):
        own = int(next((i for i in filled.tolist() if not evidence.windows[i].partial), filled[0]))
        held, against = Period(n=now.n[own], total=now.total[own], squared=now.squared[own]), "first window"
    else:
        return held, "reference", np.zeros(len(shown), dtype=np.bool_)
    if own >= 0:
        shown = shown & (np.arange(len(shown)) != own)
    return held, against, shown


def _block(
    rate: str, kind: str, division: Division, before: Period, found: Split, windows: Integers, tables: dict[int, dict[str, Any]]
) -> Measurement:
    value, error = (found.mix, found.mix_error) if kind == MIX else (found.rate_effect, found.rate_error)
    rows = np.minimum(division.now.size, before.size)[windows]
    value, error = value[windows], np.where(rows >= FEWEST, error[windows], np.nan)
    low, high, p_value = interval(value, error)
    reason = np.where(np.isfinite(value), np.where(np.isfinite(low), "", FEW_ROWS), NO_CHANGE).astype(object)
    return measurement(
        rate + kind, unit_of(rate), value=value, low=low, high=high, n=np.rint(rows), method="delta", window=windows, slice=0,
        attribute=division.attribute, column=division.column, p_value=p_value, reason=reason, tables=tables,
    )  # fmt: skip


def interval(value: Floats, error: Floats) -> tuple[Floats, Floats, Floats]:
    """A normal interval and the p-value of no effect; a value without any spread has a point, and is sure unless it is 0."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        certain = np.where(np.abs(value) > 1e-12, 0.0, 1.0)
        p_value = np.where(error > 0, 2 * ndtr(-np.abs(value) / error), np.where(error == 0, certain, np.nan))
    half = z_of() * error
    return value - half, value + half, p_value


def unit_of(rate: str) -> str:
    """The unit of an effect: points between shares of rows, else the outcome's."""
    return "outcome" if rate in MEANS else "difference"


def _tables(division: Division, before: Period, found: Split, windows: Integers, against: str, rate: str) -> dict[int, dict[str, Any]]:
    """Both effects and each level's part, against the reference and against the window before, by position of the figure."""
    filled = np.flatnonzero(division.now.size[1:] > 0) + 1
    earlier = dict(zip(filled[1:].tolist(), filled[:-1].tolist(), strict=True))
    now = division.now
    following = np.asarray([earlier.get(w, w) for w in range(len(now.size))], dtype=np.int64)
    past = Period(n=now.n[following], total=now.total[following], squared=now.squared[following])
    stepped = split(past, now, proportion=rate not in MEANS)
    tables: dict[int, dict[str, Any]] = {}
    for i, w in enumerate(windows.tolist()):
        tables[i] = {"rate": rate, "against": against, **parts_table(division.levels, before, now, found, w)}
        if w in earlier:
            tables[i]["from_previous"] = parts_table(division.levels, past, now, stepped, w)
    return tables


_DOCS = {
    MIX: """What the change of who is in `{rate}` adds to its change, held against the reference: as if nobody fared better or worse.

    Formula
        Σ (w'_k - w_k) (r_k + r'_k) / 2 over the levels k of a protected attribute (`attribute`), of a segment or of the score's ten
        reference-decile bins (`column`), with w and r a level's share of the rows that `{rate}` is a mean over and its rate there, before,
        and w', r' in the window. It and `{rate}_rate_effect` add up to `{rate}_change` exactly: the interaction is shared equally. Rows
        that no level holds are a level of their own. Where the reference has no such rows, the first complete window takes its place. Each
        level's part, its shares and rates, and the same against the window before (`from_previous`) are in `tables`; levels of fewer than
        ten rows are listed together there.
    Interval and test
        Delta method, the two periods independent; z test. With repeated units a jackknife. n is the smaller period's rows.
    When it misleads
        What differs between levels need not be why they differ: a change inside a level, of something that nobody divided by, is in the
        rate effect. Effects over two attributes do not add up with each other: they are the same change seen twice. A level that only one
        period has counts as mix alone.
    Source
        E. M. Kitagawa (1955), JASA 50, 1168-1194; R. Oaxaca (1973), International Economic Review 14, 693-709; A. S. Blinder (1973),
        Journal of Human Resources 8, 436-455.

    >>> shares, rates = ((0.8, 0.2), (0.5, 0.5)), ((0.8, 0.3), (0.8, 0.2))  # before and now
    >>> round(sum((shares[1][k] - shares[0][k]) * (rates[0][k] + rates[1][k]) / 2 for k in (0, 1)), 6)
    -0.165
    """,
    RATE: """What the change of how people of a level fare adds to the change of `{rate}`, held against the reference: as if the same came.

    Formula
        Σ (r'_k - r_k) (w_k + w'_k) / 2 over the levels k of a protected attribute (`attribute`), of a segment or of the score's ten
        reference-decile bins (`column`), with w and r a level's share of the rows that `{rate}` is a mean over and its rate there, before,
        and w', r' in the window. It and `{rate}_mix_effect`, which holds the tables, add up to `{rate}_change` exactly.
    Interval and test
        Delta method, the two periods independent; z test. With repeated units a jackknife. n is the smaller period's rows.
    When it misleads
        It holds everything that is no change of these levels' shares: also a change of who is inside a level. Over the score, a change of
        the rate at the same score is a change of the world or of the cut-off, or of what the score means after a release.
    Source
        E. M. Kitagawa (1955), JASA 50, 1168-1194; R. Oaxaca (1973), International Economic Review 14, 693-709; A. S. Blinder (1973),
        Journal of Human Resources 8, 436-455.

    >>> shares, rates = ((0.8, 0.2), (0.5, 0.5)), ((0.8, 0.3), (0.8, 0.2))  # before and now
    >>> round(sum((rates[1][k] - rates[0][k]) * (shares[0][k] + shares[1][k]) / 2 for k in (0, 1)), 6)
    -0.035
    """,
}  # fmt: skip

_NEEDS: dict[str, tuple[Need, ...]] = {
    "selection_rate": ("decision",), "base_rate": ("outcome",), **dict.fromkeys(MEANS, ("score", "outcome"))
}  # fmt: skip


def _declared(rate: str, kind: str) -> Audit:
    def function(evidence: Evidence) -> Iterator[Measurement]:
        yield from effects(evidence, rate, kind)

    function.__doc__ = _DOCS[kind].format(rate=rate)
    tasks = ("regression",) if rate in MEANS else ("binary", "multiclass")
    needs = _NEEDS.get(rate, ("decision", "outcome"))
    return Audit(name=rate + kind, unit=unit_of(rate), needs=needs, tasks=tasks, function=function, compared=True, derived=True)


EFFECTS: tuple[Audit, ...] = tuple(_declared(rate, kind) for rate in RATES for kind in (MIX, RATE))
"""Both effects of every rate."""
