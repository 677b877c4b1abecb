"""Gaps: how far a figure lies from the comparison group's, from the reference's, and from that of the version before.

Gaps are made of figures already measured, with their intervals; only the reference is measured once more. Each is a declared measure,
so that policy, glossary and documentation know it by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import Audit, Need, measurement, missing
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.mean_prediction import mean_prediction
from audits.fairness.yardstick import compared_groups, reference_groups
from audits.figures import Figures, Gap, Words, gap, laid_out, people
from audits.finding import Measurement
from audits.jackknife import Asked, jackknifed
from audits.performance import AUDITS as PERFORMANCE_AUDITS

DIFFERENCE, CHANGE, VERSION_DIFFERENCE = "_difference", "_change", "_version_difference"
Key = tuple[str, int]

SHARES_OF_ROWS = (
    "accuracy", "true_positive_rate", "false_positive_rate", "true_negative_rate", "false_negative_rate", "positive_predictive_value",
    "negative_predictive_value", "base_rate", "selection_rate", "interval_coverage",
)  # fmt: skip
"""A gap in one of these, times the rows that it is a share of, is a number of people."""

COMPARED = (
    *SHARES_OF_ROWS, "balanced_accuracy", "f1", "roc_auc", "average_precision", "log_loss", "brier_score",
    "expected_calibration_error", "calibration_gap", "mean_error", "mean_absolute_error", "median_absolute_error", "absolute_error_p90",
    "root_mean_squared_error", "r_squared", "interval_width", "mean_outcome", "mean_prediction",
)  # fmt: skip
"""What is compared between groups, periods and versions."""

SERVICE = ("latency_p50", "latency_p95", "latency_p99", "cost_per_prediction", "energy_wh_per_prediction")
"""What is compared between periods and versions only: it is measured for everybody."""

_BASE = {found.name: found for found in (*PERFORMANCE_AUDITS, mean_prediction) if found.name in (*COMPARED, *SERVICE)}

NO_GROUP_FIGURE = "no gap: the group has no figure here"
NO_REFERENCE_FIGURE = "no gap: the reference group has no figure here"
NOTHING_BEFORE = "no change: there is no earlier figure to compare with"
NOTHING_NOW = "no change: there is no figure here"
NO_INTERVAL = "no interval: one of the two figures has none"


def derive(evidence: Evidence, blocks: Sequence[Measurement]) -> list[Measurement]:
    """All gaps between figures of one run: `<measure>_difference`, `<measure>_change` and `<measure>_version_difference`.

    Parameters
    ----------
    blocks
        What was measured, in any order; measures that have no gaps are passed over.
    """
    found = {(block.name, column) for block in blocks if block.name in _BASE for column in set(block.column.tolist())}
    keys = [key for name in _BASE for key in sorted(found) if key[0] == name]
    if not keys:
        return []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        now = laid_out(evidence, blocks, keys)
        return [*differences(evidence, now, keys), *changes(evidence, now, keys), *version_differences(evidence, now, keys)]


def differences(evidence: Evidence, now: Figures, keys: Sequence[Key]) -> Iterator[Measurement]:
    """Each known group minus its attribute's reference group, by window, for all versions together."""
    pairs, against, attributes = [], [], []
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            continue
        reference = reference_groups(evidence, groups)[0]
        pairs.append(groups.slices)
        against.append(np.where(reference[:, None] < 0, -1, groups.slices[np.maximum(reference, 0)][:, None]).repeat(len(groups.slices), 1))
        attributes.append(np.full(len(groups.slices), groups.attribute))
    chosen = [place for place, (name, _) in enumerate(keys) if name in COMPARED]
    if not pairs or not chosen:
        return
    slices, beside, attribute = np.concatenate(pairs), np.concatenate(against, axis=1), np.concatenate(attributes)
    window = np.arange(len(evidence.windows))[:, None]
    mine = now.at(np.asarray(chosen)[:, None, None], 0, window[None], slices[None, None])
    theirs = now.at(np.asarray(chosen)[:, None, None], 0, window[None], np.maximum(beside, 0)[None])
    here, there = np.isfinite(mine.value), np.isfinite(theirs.value) & (beside >= 0)
    kept = (here | there) & (beside != slices) & (evidence.counts.rows[0][:, slices] > 0)
    found = _masked(gap(mine, theirs, freedom=_freedom(evidence)), here & there)
    reason = _reasons(found, here, there, NO_GROUP_FIGURE, NO_REFERENCE_FIGURE)
    single = np.asarray([evidence.attributes[place] in evidence.model.attributes for place in attribute.tolist()])
    for place, key in enumerate(keys[i] for i in chosen):
        window_of, pair = np.nonzero(kept[place])
        shown = np.flatnonzero((window_of == 0) & single[pair] & here[place, window_of, pair] & there[place, window_of, pair])
        tables = {
            i: {"value": float(mine.value[place, 0, pair[i]]), "reference": float(theirs.value[place, 0, pair[i]])} for i in shown.tolist()
        }
        yield _block(
            key, DIFFERENCE, found, reason, (mine.n, theirs.n), (place, window_of, pair), tables, window=window_of, slice=slices[pair],
            reference_slice=beside[window_of, pair], attribute=attribute[pair],
        )  # fmt: skip


def changes(evidence: Evidence, now: Figures, keys: Sequence[Key]) -> Iterator[Measurement]:
    """Each window, and the whole period, minus the reference; where that has no figure, minus the first complete window."""
    slices = np.asarray([i for i, found in enumerate(evidence.slices) if len(found.attributes) <= 1], dtype=np.int64)
    attribute = evidence.attribute_places[slices]
    mine = now.at(slice(None), 0).at(..., slices)
    before = _reference_figures(evidence, keys).at(slice(None), 0, 0).at(..., slices)
    first = first_complete(evidence)
    compared = np.isfinite(before.value).any(axis=-1)  # by measure: whether the reference has any figure
    theirs = Figures(**{
        name: np.where(compared[:, None, None], getattr(before, name)[:, None], getattr(mine, name)[:, first][:, None])
        for name in Figures.__dataclass_fields__
    })  # fmt: skip
    here, there = np.isfinite(mine.value), np.broadcast_to(np.isfinite(theirs.value), mine.value.shape)
    kept = (here | (there & (evidence.counts.rows[0][:, slices] > 0))) & np.ones_like(here)
    kept[:, first] &= compared[:, None] & (evidence.reference.kind != "first window")  # it is what the others are compared with
    found = _masked(gap(mine, theirs, freedom=_freedom(evidence)), here & there)
    reason = _reasons(found, here, there, NOTHING_NOW, NOTHING_BEFORE)
    for place, key in enumerate(keys):
        window_of, pair = np.nonzero(kept[place])
        shown = np.flatnonzero((slices[pair] == 0) & here[place, window_of, pair] & there[place, window_of, pair])
        named = "reference" if compared[place] else "first window"
        tables = {
            i: {
                "value": float(mine.value[place, window_of[i], pair[i]]), "reference": float(theirs.value[place, 0, pair[i]]),
                "against": named,
            }
            for i in shown.tolist()
        }  # fmt: skip
        yield _block(
            key, CHANGE, found, reason, (mine.n, theirs.n), (place, window_of, pair), tables, window=window_of, slice=slices[pair],
            attribute=attribute[pair],
        )  # fmt: skip


def version_differences(evidence: Evidence, now: Figures, keys: Sequence[Key]) -> Iterator[Measurement]:
    """Each version minus the one that came before it, over the whole period, for everybody and single groups."""
    if len(evidence.versions) < 3:
        return
    places = [i for i, found in enumerate(evidence.slices) if len(found.attributes) <= 1 and (i == 0 or evidence.attribute_of(i) >= 0)]
    slices = np.asarray(places, dtype=np.int64)
    attribute = evidence.attribute_places[slices]
    mine, theirs = (now.at(slice(None), chosen, 0).at(..., slices) for chosen in (slice(2, None), slice(1, -1)))
    here, there = np.isfinite(mine.value), np.isfinite(theirs.value)
    found = gap(mine, theirs, freedom=_freedom(evidence))
    reason = _reasons(found, here, there, NOTHING_NOW, NOTHING_BEFORE)
    for place, key in enumerate(keys):
        version, pair = np.nonzero(here[place] | there[place])
        shown = np.flatnonzero(here[place, version, pair] & there[place, version, pair])
        tables = {
            i: {
                "value": float(mine.value[place, version[i], pair[i]]), "reference": float(theirs.value[place, version[i], pair[i]]),
                "against": evidence.versions[int(version[i]) + 1],
            }
            for i in shown.tolist()
        }  # fmt: skip
        yield _block(
            key, VERSION_DIFFERENCE, found, reason, (mine.n, theirs.n), (place, version, pair), tables, version=version + 2,
            slice=slices[pair], attribute=attribute[pair],
        )  # fmt: skip


def first_complete(evidence: Evidence) -> int:
    """The first window with rows that is not cut short; without one, the first with rows."""
    filled = np.flatnonzero(evidence.counts.rows[0, 1:, 0] > 0) + 1
    return int(next((i for i in filled.tolist() if not evidence.windows[i].partial), filled[0] if len(filled) else 0))


def _reference_figures(evidence: Evidence, keys: Sequence[Key]) -> Figures:
    """The figures of these measures on the reference, by [measure, version, window, slice]; NaN where it cannot serve one."""
    held = evidence.of_reference()
    asked: list[Asked] = []
    natively = {
        name for name, _ in keys if held.task in _BASE[name].tasks
    }  # an audit that knows the task speaks of all its columns at once
    for name in (name for name in _BASE if name in natively):
        if not any(missing(held, need) for need in _BASE[name].needs):
            asked.append(Asked(audit=_BASE[name], place=None, blocks=list(_BASE[name](held))))
    for name, column in (key for key in keys if key[0] not in natively and key[1] >= 0):
        place = evidence.classes.index(evidence.topics[column])
        seen = held.of_class(place)
        if not any(missing(seen, need) for need in _BASE[name].needs):
            blocks = [replace(block, column=np.full(len(block), column, dtype=np.int64)) for block in _BASE[name](seen)]
            asked.append(Asked(audit=_BASE[name], place=place, column=column, blocks=blocks))
    if held.units:
        asked = jackknifed(held, [each for each in asked if each.audit.name not in SERVICE])
    return laid_out(held, [block for each in asked for block in each.blocks], keys)


def _freedom(evidence: Evidence) -> int:
    """Degrees of freedom of a jackknife over groups of units."""
    return max(evidence.units - 1, 1)


def _masked(found: Gap, usable: np.ndarray[Any, np.dtype[np.bool_]]) -> Gap:
    def keep(values: Floats) -> Floats:
        return np.where(usable, values, np.nan)

    return Gap(value=keep(found.value), low=keep(found.low), high=keep(found.high), p_value=keep(found.p_value), method=found.method)


def _reasons(found: Gap, here: Any, there: Any, no_first: str, no_second: str) -> Words:
    """Why there is no gap, or no interval of it."""
    words = np.asarray(["", no_first, no_second, NO_INTERVAL], dtype=object)
    bounded = np.isfinite(found.low) & np.isfinite(found.high)
    return np.asarray(words[np.where(~here, 1, np.where(~there, 2, np.where(bounded, 0, 3)))])


def _block(
    key: Key, kind: str, found: Gap, reason: Words, n: tuple[Floats, Floats], cell: tuple[Any, ...], tables: dict[int, dict[str, Any]],
    **places: Integers | int,
) -> Measurement:  # fmt: skip
    name, column = key
    value, low, high = found.value[cell], found.low[cell], found.high[cell]
    rows = n[0][cell]
    # A gap and one of its figures give the other away: it is as small as the smaller of the two.
    fewer = np.where(np.isfinite(value), np.minimum(rows, np.broadcast_to(n[1], n[0].shape)[cell]), rows)
    return measurement(
        name + kind, unit_of(_BASE[name].unit), value=value, low=low, high=high, n=np.rint(fewer), method=found.method[cell],
        p_value=found.p_value[cell], reason=reason[cell], tables=tables, column=column,
        people=people(value, low, high, rows) if name in SHARES_OF_ROWS else None, window=places.get("window", 0),
        version=places.get("version", 0), slice=places["slice"], reference_slice=places.get("reference_slice", -1),
        attribute=places["attribute"],
    )  # fmt: skip


def unit_of(unit: str) -> str:
    """The unit of a gap: percentage points between proportions, else that of the figures."""
    return "difference" if unit == "proportion" else unit


def _declared(base: Audit, kind: str) -> Audit:
    """The measure of one kind of gap in another measure."""
    name = base.name + kind

    def function(evidence: Evidence) -> Iterator[Measurement]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            yield from (block for block in derive(evidence, list(base(evidence))) if block.name == name)

    function.__doc__ = _DOCS[kind].format(name=base.name)
    needs: tuple[Need, ...] = (*base.needs, "protected") if kind == DIFFERENCE else base.needs
    return Audit(
        name=name, unit=unit_of(base.unit), needs=needs, tasks=base.tasks, function=function, derived=True, compared=kind == CHANGE
    )


_INTERVAL = """
    Interval and test
        Newcombe's interval and the pooled z test (Fisher's exact test where a count below five is expected) where the figure is a share of
        rows. Otherwise MOVER from the intervals of the two figures, and the p-value that agrees with it; with repeated units both come from
        their jackknife, with Student's t."""

_DOCS = {
    DIFFERENCE: """`{name}` of each group minus that of the comparison group.

    Formula
        {name}_g - {name}_r. The comparison group r is the one that the configuration names, else that with the highest selection rate
        among groups with at least 30 decided rows or 2 % of them, else the largest. `people` is the absolute gap times the group's rows,
        where the figure is a share of rows; n is the smaller of the two groups'.""" + _INTERVAL + """
    When it misleads
        A gap says nothing about its cause. Where the comparison group is picked by its rate from k groups, it may be another one in another
        window, and gaps to it are wide by chance: for the q-value, not for interval and p-value, it is multiplied by (k - 1) / 2. Name the
        group in the configuration to be rid of that.
    Source
        R. G. Newcombe (1998), Statistics in Medicine 17; G. Y. Zou and A. Donner (2008), Statistics in Medicine 27.
    """,
    CHANGE: """`{name}` of each window, and of the whole period, minus that of the reference.

    Formula
        {name}_window - {name}_reference; where the reference has no such figure, minus that of the first complete window, and `against` in
        the tables says so. `people` is the absolute change times the window's rows; n is the smaller period's.""" + _INTERVAL + """
    When it misleads
        The two periods are taken as independent: where the same rows or people are in both, as when the whole period is compared with its
        own first window, the interval is too wide rather than too narrow. A change of the mix of people changes a figure too.
    Source
        R. G. Newcombe (1998), Statistics in Medicine 17; G. Y. Zou and A. Donner (2008), Statistics in Medicine 27.
    """,
    VERSION_DIFFERENCE: """`{name}` of each version minus that of the version before it, over the whole period.

    Formula
        {name}_v - {name}_u, where u is the version that began last before v; n is the smaller of the two versions'.""" + _INTERVAL + """
    When it misleads
        Versions that ran at different times answered different people: only where both ran side by side on the same kind of traffic is the
        gap the versions' own.
    Source
        R. G. Newcombe (1998), Statistics in Medicine 17; G. Y. Zou and A. Donner (2008), Statistics in Medicine 27.
    """,
}  # fmt: skip

FAIRNESS: tuple[Audit, ...] = tuple(_declared(found, DIFFERENCE) for name, found in _BASE.items() if name in COMPARED)
"""Gaps between groups."""

PERFORMANCE: tuple[Audit, ...] = tuple(_declared(found, kind) for found in _BASE.values() for kind in (CHANGE, VERSION_DIFFERENCE))
"""Gaps between periods and between versions."""

AUDITS: tuple[Audit, ...] = (*FAIRNESS, *PERFORMANCE)
NAMES = frozenset(found.name for found in AUDITS)
