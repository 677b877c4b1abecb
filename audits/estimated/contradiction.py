"""When outcomes contradict what was expected of them: the test that turns an estimate into "can't tell"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.pieces import Pieces
from audits.estimated.rows import Rows

LEVEL = 0.01
"""Chance at which any slice of a window is withheld although its estimates are sound (Bonferroni over slices and spans)."""

SPANS = (1, 5)
"""How many of the last windows with outcomes are taken together."""

TOLERANCE = 0.02
"""Departures of the outcome rate that are let pass, however significant: estimates this far off are still of use."""

FEWEST = 30
"""Outcomes it takes to test a slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """By [window with outcomes, slice], windows in order; the last row takes all of them together.

    `failed` says where outcomes contradict what was expected; `span` over how many windows. `decided`, `right` and `right_expected` are
    their rows with a decision, and right decisions as observed and expected; `rows`, `positive` and `positive_expected` the same of all
    rows and positive outcomes.
    """

    failed: NDArray[np.bool_]
    span: Integers
    decided: Floats
    right: Floats
    right_expected: Floats
    rows: Floats
    positive: Floats
    positive_expected: Floats

    def words(self, window: int, place: int) -> str:
        """What was seen and what was expected, for one that failed."""
        span, decided, rows = int(self.span[window, place]), self.decided[window, place], self.rows[window, place]
        when = "in the last window with outcomes" if span == 1 else f"in the last {span} windows with outcomes"
        if decided:
            seen, thought = self.right[window, place] / decided, self.right_expected[window, place] / decided
            if abs(seen - thought) >= TOLERANCE:
                return f"{when} realised accuracy was {seen:.2f}, estimated {thought:.2f}"
        seen, thought = self.positive[window, place] / rows, self.positive_expected[window, place] / rows
        if abs(seen - thought) >= TOLERANCE:
            return f"{when} {100 * seen:.0f}% of outcomes were positive, {100 * thought:.0f}% expected"
        return f"{when} outcomes did not follow the score as they do in the reference"


def contradictions(pieces: Pieces, rows: Rows, rate: Floats) -> Contradiction:
    """Test the windows given, all with outcomes and in order: alone, with those before them, and all together.

    Three departures, each in its standard errors: of the outcomes after decisions against the positive outcome (or without a decision),
    of those after decisions for it, and of their slope in the score within decisions. The sum of squares is chi-squared with as many
    degrees of freedom as there are departures. A departure counts from `TOLERANCE` on.

    Standard errors hold the chance of the outcomes themselves (at least that of one) and the sampling of the reference.
    """
    level = pieces.rate.mean(axis=0)
    residual, spread = rows.hits - rows.known * rate, rows.known * rate * (1 - rate)
    known = rows.known
    moments = (
        known, residual, spread, residual * level, spread * level, spread * level**2, known * level, known * level**2, rows.hits
    )  # fmt: skip
    sums = np.stack([pieces.by_slice(values) for values in moments])
    blocks = pieces.by_block(rows.known)
    windows = len(rows.known)
    tested = [_tested(pieces, rolled(sums, span, axis=1), rolled(blocks, span, axis=0)) for span in SPANS]
    choice = np.stack([p_value for p_value, _ in tested]).argmin(axis=0)
    p_values, details = (np.choose(choice, [found[part] for found in tested]) for part in (0, 1))
    spans = np.minimum(np.asarray(SPANS)[choice], np.arange(windows)[:, None] + 1)
    whole, whole_details = _tested(pieces, sums.sum(axis=1, keepdims=True), blocks.sum(axis=0, keepdims=True))
    p_values, details = np.concatenate([p_values, whole]), np.concatenate([details, whole_details], axis=1)
    tests = np.maximum((details[3] >= FEWEST).sum(axis=1, keepdims=True), 1) * len(SPANS)
    return Contradiction(
        failed=p_values < LEVEL / tests, span=np.concatenate([spans, np.full((1, spans.shape[1]), windows)]), decided=details[0],
        right=details[1], right_expected=details[2], rows=details[3], positive=details[4],
        positive_expected=details[5],
    )  # fmt: skip


def rolled(values: Floats, span: int, *, axis: int) -> Floats:
    """Sums over the last `span` places of an axis, fewer at its start.

    >>> rolled(np.array([1.0, 2.0, 3.0]), 2, axis=0)
    array([1., 3., 5.])
    """
    total = np.cumsum(values, axis=axis)
    before = np.roll(total, span, axis=axis)
    first = [slice(None)] * values.ndim
    first[axis] = slice(0, span)
    before[tuple(first)] = 0.0
    return np.asarray(total - before)


def _tested(pieces: Pieces, sums: Floats, blocks: Floats) -> tuple[Floats, Floats]:
    """P-values by [window, slice], and what `Contradiction` tells of the rows."""
    from scipy.special import chdtrc

    n, residual, spread, tilt, first, second, mean, square, hits = sums  # each by [window, decision, slice]
    curve = np.add.reduceat(blocks**2 * pieces.variance, pieces.block_starts, axis=-1)
    side = [residual[:, 0] + residual[:, 2], residual[:, 1]]
    chance = [spread[:, 0] + spread[:, 2], spread[:, 1]]
    sampled = [curve[:, 0] + curve[:, 2], curve[:, 1]]
    rows = [n[:, 0] + n[:, 2], n[:, 1]]
    squares, free = np.zeros(n[:, 0].shape), np.zeros(n[:, 0].shape)
    for found, own, reference, size in zip(side, chance, sampled, rows, strict=True):
        beyond = np.maximum(np.abs(found) - TOLERANCE * size - 0.5, 0.0)
        squares += np.where(size > 0, beyond**2 / (np.maximum(own, 1.0) + reference), 0.0)
        free += size > 0
    middle = np.divide(first, spread, out=np.zeros_like(first), where=spread > 0)
    slope, own = (tilt - middle * residual).sum(axis=1), (second - middle * first).sum(axis=1)
    total = n.sum(axis=1)
    allowed = TOLERANCE * np.sqrt(np.maximum(n * square - mean**2, 0.0)).sum(axis=1)
    inflated = np.maximum(own, 1e-3) * (1 + total / np.maximum(pieces.labels, 1.0))
    squares += np.maximum(np.abs(slope) - allowed, 0.0) ** 2 / inflated
    p_value = np.where(total >= FEWEST, chdtrc(free + 1, squares), 1.0)
    decided, right = n[:, 0] + n[:, 1], hits[:, 1] + n[:, 0] - hits[:, 0]
    details = np.stack([decided, right, right - residual[:, 1] + residual[:, 0], total, hits.sum(axis=1), (hits - residual).sum(axis=1)])
    return p_value, details


def unlike(pieces: Pieces) -> NDArray[np.object_]:
    """Why everybody's curve must not speak for a slice without one of its own; "" where it may, or where there is no need.

    The slice's own outcomes in the reference are tested against it.
    """
    known, hits = pieces.joined("known")[None], pieces.joined("hits")[None]
    found = contradictions(pieces, Rows(n=known, known=known, hits=hits), np.asarray(pieces.rate[None]))
    said = np.full(len(pieces.parts), "", dtype=object)
    for place, part in enumerate(pieces.parts):
        if part.refused:
            said[place] = part.refused
        elif not part.own and pieces.labels[place] < FEWEST:
            few = f"the reference has {pieces.labels[place]:,.0f} outcomes of it"
            said[place] = f"can't tell: {few}, too few to see whether everybody's curve holds"
        elif not part.own and found.failed[0, place]:
            words = found.words(0, place).replace("in the last window with outcomes", "in the reference")
            said[place] = f"can't tell: {words} by everybody's curve, and {pieces.labels[place]:,.0f} outcomes are too few for its own"
    return said
