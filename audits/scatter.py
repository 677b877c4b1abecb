"""Rows of a tally put in their places: what lays out evidence as arrays, and divides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audits.counts import UNKNOWN, add_rows, summed
from audits.estimate import Floats, Integers
from audits.tally import Tally


def roll_up(values: Floats) -> Floats:
    """Put all windows together into window 0 and all versions into version 0."""
    if values.shape[1] > 1:
        values[:, 0] = values[:, 1:].sum(axis=1)
    if values.shape[0] > 1:
        values[0] = values.sum(axis=0)
    return values


def crossed_rows(
    tally: Tally,
    attribute: tuple[str, Mapping[str, int]],
    segment: tuple[str, Sequence[str]],
    window: Integers,
    windows: int,
    *,
    without: int,
) -> Floats:
    """Rows by [window, group, level of a segment, decision, outcome].

    Parameters
    ----------
    attribute
        Its name and the place of each of its groups.
    segment
        Its name and its levels.
    window
        For each partition, the position of its window.
    without
        The group of units that is left out.
    """
    rows, shape = tally.outcome, (windows, len(attribute[1]), len(segment[1]), 3, 3)
    family = next((f for f, held in tally.families().items() if f > 0 and set(held) == {attribute[0], segment[0]}), -1)
    keep = np.flatnonzero((rows["family"] == family) & (rows["unit"] != without))
    places = {level: place for place, level in enumerate(segment[1])}
    cells = [dict(found.levels) for found in tally.slices]
    pair = [(attribute[1].get(c.get(attribute[0], ""), -1), places.get(c.get(segment[0], ""), -1)) for c in cells]
    place = np.asarray([*pair, (-1, -1)], dtype=np.int64)[rows["slice"][keep]]
    keep, place = keep[(place >= 0).all(axis=1)], place[(place >= 0).all(axis=1)]
    codes = (np.where(rows[name] < 0, UNKNOWN, rows[name])[keep].astype(np.int64) for name in ("decision", "outcome"))
    if not len(keep):
        return np.zeros(shape)
    flat = np.ravel_multi_index((window[rows["partition"][keep]], place[:, 0], place[:, 1], *codes), shape)
    found = summed(flat, rows["n"][keep], int(np.prod(shape))).reshape(shape)
    found[0] = found[1:].sum(axis=0)
    return found


def column_rows(tally: Tally, position: int, size: int, window: Integers, windows: int) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Counts and sums of one column by [window, bin], and its values without a bin by window; the first window is all of them together."""
    rows = tally.bins
    keep = np.flatnonzero(rows["column"] == position)
    place = window[rows["partition"][keep]]
    found = []
    for name in ("n", "total"):
        values = np.zeros((windows, size))
        add_rows(values, place, rows[name][keep][:, :size])
        found.append(values)
    special = {name: summed(place, rows[name][keep], windows) for name in ("missing", "not_a_number", "other", "unseen")}
    if windows > 1:
        for counted in (*found, *special.values()):
            counted[0] = counted[1:].sum(axis=0)
    return found[0], found[1], special
