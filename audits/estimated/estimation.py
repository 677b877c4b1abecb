"""All estimates of one log, made once: figures, why some are withheld, and what there is to check them against."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.contradiction import Contradiction, contradictions, unlike
from audits.estimated.figures import Expected, Figure, expect, figures
from audits.estimated.pieces import Pieces, lay_out
from audits.estimated.realised import excess, realised, widened
from audits.estimated.rows import Rows, rows_by_version
from audits.evidence import Evidence
from audits.performance.maturity import immature

OUTSIDE = 0.05
"""Share of a window's rows with scores, or of groups, that the reference has no outcomes of, above which nothing is estimated."""

CLEARED = 100
"""Outcomes of its own from which a slice that agrees with everybody's curve keeps it although it failed for everybody."""

FEWEST = 30
"""Outcomes from which a window's realised figure says something about the estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Windows whose outcomes are in: what was estimated of the rows that have one, by [window, slice].

    `windows` are their positions; `given` says where an estimate was given, that is not withheld for what came before, and
    `enough` where there are outcomes enough to compare it. `plain` are the figures whose intervals past errors have not widened.
    """

    windows: Integers
    figures: Mapping[str, Figure]
    plain: Mapping[str, Figure]
    realised: Mapping[str, Floats]
    given: NDArray[np.bool_]
    enough: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimation:
    """Estimates by [window, slice], of one version alone over the whole period only; `plain` without weighting, of the whole period.

    `reason` says why an estimate is withheld, "" where it is given; `outside` is the share of scores without support; `widened` says where
    the interval holds past errors beyond chance.
    """

    figures: Mapping[str, Figure]
    plain: Mapping[str, Figure]
    used: NDArray[np.bool_]
    outside: Floats
    widened: Mapping[str, NDArray[np.bool_]]
    reason: NDArray[np.object_]
    checked: Checked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimations:
    """All versions' estimates over one layout of pieces, or why there are none."""

    pieces: Pieces | None
    versions: tuple[Estimation, ...]
    why: str = ""


_kept: list[tuple[weakref.ref[Evidence], Estimations]] = []
"""The estimates of the evidence last asked about, and of a few others: all measures of one run ask about the same."""


def estimations(evidence: Evidence) -> Estimations:
    """The estimates of a log, made once."""
    for reference, found in _kept:
        if reference() is evidence:
            return found
    made = _estimations(evidence)
    _kept[:] = [(weakref.ref(evidence), made), *[(ref, found) for ref, found in _kept if ref() is not None]][:32]
    return made


def _estimations(evidence: Evidence) -> Estimations:
    pieces = lay_out(evidence)
    if isinstance(pieces, str):
        return Estimations(pieces=None, versions=(), why=pieces)
    refused, windows = unlike(pieces), comparable(evidence)
    rows = rows_by_version(evidence, pieces)
    found = [_together(evidence, pieces, rows[0], refused, windows)]
    found += [_version(evidence, pieces, one, refused, windows) for one in rows[1:]]
    return Estimations(pieces=pieces, versions=tuple(found))


def comparable(evidence: Evidence) -> Integers:
    """Windows whose outcomes are in and that are not the reference itself."""
    said, known = immature(evidence), evidence.counts.labelled[0, :, 0] > 0
    own = _reference_window(evidence) if evidence.reference.kind == "first window" else -1
    places = [i for i in range(1, len(evidence.windows)) if known[i] and not said[i] and i != own]
    return np.asarray(places, dtype=np.int64)


def _reference_window(evidence: Evidence) -> int:
    """The window that serves as reference: the one that begins where it does, else the first with rows."""
    held = evidence.reference
    for place, window in enumerate(evidence.windows):
        begins = (window.start, held.start) if held.start is not None else (window.first_row, held.first_row)
        if place and begins[0] is not None and begins[0] == begins[1]:
            return place
    return int(np.flatnonzero(evidence.counts.rows[0, 1:, 0] > 0)[0]) + 1


def _together(evidence: Evidence, pieces: Pieces, rows: Rows, refused: NDArray[np.object_], windows: Integers) -> Estimation:
    """All versions together, window by window, compared with the outcomes of the windows that have them."""
    same = evidence.counts.same
    expected = expect(pieces, rows.n)
    found = figures(pieces, expected, same=same)
    known = Rows(n=rows.known[windows], known=rows.known[windows], hits=rows.hits[windows])
    of_known = _of_known(pieces, expected, rows, windows)
    tested = contradictions(pieces, known, of_known.rate) if len(windows) else None
    reason, before = _withheld(pieces, tested, len(evidence.windows), windows)
    outside = _outside(pieces, rows.n, reason)
    reason[:, refused != ""] = refused[refused != ""]
    enough = pieces.by_slice(known.known.sum(axis=1)) >= FEWEST
    given = ~before & (refused == "") & (outside[windows] <= OUTSIDE)
    estimated, seen = figures(pieces, of_known, same=same), realised(evidence, pieces, known, windows)
    added = excess(estimated, seen, given & enough)
    past = np.searchsorted(windows, np.arange(len(evidence.windows)), side="left")
    past[0] = len(windows) + 1
    compared = {name: widened(figure, added[name][:-2]) for name, figure in estimated.items()}
    return Estimation(
        figures={name: widened(figure, added[name][past]) for name, figure in found.items()}, plain=_plain(pieces, expected, found, same),
        used=expected.shift.used, outside=outside, widened={name: added[name][past] > 0 for name in found}, reason=reason,
        checked=Checked(windows=windows, figures=compared, plain=estimated, realised=seen, given=given, enough=enough),
    )  # fmt: skip


def _version(evidence: Evidence, pieces: Pieces, rows: Rows, refused: NDArray[np.object_], windows: Integers) -> Estimation:
    """One version over the whole period, withheld where the outcomes of all windows that have them contradict it."""
    same = evidence.counts.same
    expected = expect(pieces, rows.n[:1])
    found = figures(pieces, expected, same=same)
    known, hits = (values[windows].sum(axis=0, keepdims=True) for values in (rows.known, rows.hits))
    rate = expect(pieces, known, used=expected.shift.used).rate
    tested = contradictions(pieces, Rows(n=known, known=known, hits=hits), rate) if known.any() else None
    reason, _ = _withheld(pieces, tested, 1, np.zeros(int(known.any()), dtype=np.int64))
    for place in np.flatnonzero(reason[0] != ""):
        reason[0, place] = reason[0, place].replace("in the last window with outcomes", "over all windows with outcomes")
    outside = _outside(pieces, rows.n[:1], reason)
    reason[:, refused != ""] = refused[refused != ""]
    return Estimation(
        figures=found, plain=found, used=expected.shift.used, outside=outside, reason=reason, checked=None,
        widened={name: np.zeros(outside.shape, dtype=np.bool_) for name in found},
    )  # fmt: skip


def _outside(pieces: Pieces, n: Floats, reason: NDArray[np.object_]) -> Floats:
    """The share of rows whose score, or whose groups, the reference has no outcomes of, by [window, slice].

    Where it is too much, `reason` says so.
    """
    rows = n.sum(axis=1)
    outside = pieces.by_slice(rows * pieces.unsupported) / np.maximum(pieces.by_slice(rows), 1.0)
    for window, place in zip(*np.nonzero(outside > OUTSIDE), strict=True):
        share = f"{100 * outside[window, place]:.0f}%"
        reason[window, place] = f"{share} of the scores lie where the reference has no outcomes (at most {100 * OUTSIDE:.0f}%)"
    strange = pieces.labels[pieces.fine :] == 0
    if strange.any():
        cells = pieces.by_slice(rows)[:, pieces.fine :] * strange
        unseen = (cells @ pieces.within.T.astype(np.float64)) / np.maximum(pieces.by_slice(rows)[:, : pieces.fine], 1.0)
        for window, place in zip(*np.nonzero(unseen > OUTSIDE), strict=True):
            share = f"{100 * unseen[window, place]:.0f}% of the rows (at most {100 * OUTSIDE:.0f}%)"
            reason[window, place] = f"can't tell: the reference has no outcomes of the groups of {share}"
        outside[:, : pieces.fine] = np.maximum(outside[:, : pieces.fine], unseen)
    return np.asarray(outside)


def _plain(pieces: Pieces, expected: Expected, found: Mapping[str, Figure], same: bool) -> Mapping[str, Figure]:
    """The figures without weighting, of the whole period."""
    if not expected.shift.used[0].any():
        return found
    return figures(pieces, expect(pieces, expected.n[:1], used=np.zeros_like(expected.shift.used[:1])), same=same)


def _of_known(pieces: Pieces, expected: Expected, rows: Rows, windows: Integers) -> Expected:
    """What is expected of the rows whose outcome is known, weighted wherever all rows are."""
    if (rows.known[windows] == rows.n[windows]).all():
        moved = expected.shift
        chosen = type(moved)(outcomes=moved.outcomes[windows], variance=moved.variance[windows], used=moved.used[windows])
        return Expected(n=expected.n[windows], rate=expected.rate[windows], shift=chosen)
    return expect(pieces, rows.known[windows], used=expected.shift.used[windows])


def _withheld(pieces: Pieces, tested: Contradiction | None, count: int, windows: Integers) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Why estimates are withheld, by [window, slice], and where they were already before a window's own outcomes, by [checked, slice].

    The last windows with outcomes speak for every window from then on, until new outcomes agree. What fails for a group fails for its
    crosses too, and what fails for everybody for all who have no curve of their own, since they share the curve that failed, unless
    `CLEARED` outcomes of their own agree with it.
    """
    reason = np.full((count, len(pieces.parts)), "", dtype=object)
    if tested is None or not tested.failed.any():
        return reason, np.zeros((len(windows), len(pieces.parts)), dtype=np.bool_)
    source = np.where(tested.failed, np.arange(len(pieces.parts)), -1)
    for place, part in enumerate(pieces.parts):
        for parent in () if part.own else pieces.parents[place]:
            cleared = (parent == 0) & (tested.rows[:, place] >= CLEARED)
            source[:, place] = np.where((source[:, place] < 0) & ~cleared, source[:, parent], source[:, place])
    latest = np.searchsorted(windows, np.arange(count), side="right") - 1
    for window in range(count):
        rows = (len(windows), len(windows) - 1) if window == 0 else (latest[window],) if latest[window] >= 0 else ()
        for row in rows:
            for place in np.flatnonzero((source[row] >= 0) & (reason[window] == "")):
                at = int(source[row, place])
                whose = "" if at == place else "its curve is everybody's, and " if at == 0 else "for the whole group, "
                reason[window, place] = f"can't tell: {whose}{tested.words(int(row), at)}"
    failing = source[: len(windows)] >= 0
    before = np.concatenate([np.zeros_like(failing[:1]), failing[:-1]]) if len(windows) else failing
    return reason, before
