"""From measurements to findings: q-values, thresholds and verdicts, as one columnar table and never as objects."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.yardstick import picked_from
from audits.finding import COLUMNS, Measurement, Threshold
from audits.interval import benjamini_hochberg
from audits.policy import Entries, in_force, judge
from audits.slices import Slice

if TYPE_CHECKING:
    import pyarrow as pa


ANY_CLASS = "shown, not judged: the configuration does not call this class favorable"
UNKNOWN_GROUP = "unknown group: shown, not judged"


def findings_table(
    evidence: Evidence, measurements: Sequence[Measurement], thresholds: Mapping[str, Threshold | Entries],
    notes: Mapping[str, Sequence[str]], compared: Container[str] = (),
    shown: Container[str] = (),
) -> pa.Table:  # fmt: skip
    """All findings of one model.

    Parameters
    ----------
    measurements
        Blocks in the order in which findings are to be listed; q-values are taken over all blocks of one name, but for those that bring
        their own, and allow for a comparison group that was picked from several.
    thresholds
        For a measure, what is expected of it, or what was expected when; a window is judged by what held when it ended, one without a
        clock by what holds today.
    notes
        For some measures, what is to be said of each window ("immature: ..."); it is added to the reason, and a window that it is said
        of is not judged. The whole period, of which the newest days are always young, is judged all the same.
    compared
        Measures that hold a window against the reference: too small a reference leaves nothing to judge either.
    shown
        Measures that are about the favorable value: of a class that nobody has called favorable they are listed and not judged.

    A group with an unknown level is nobody in particular: its figures are listed without threshold or verdict. A figure that rests on too
    few rows to be judged says how many it takes.
    """
    import pyarrow as pa

    blocks = [block for block in measurements if len(block)]
    sizes = [len(block) for block in blocks]
    slices, joined = _slices(evidence, blocks)
    names = list(dict.fromkeys(block.name for block in blocks))
    which = np.repeat(np.asarray([names.index(block.name) for block in blocks], dtype=np.int64), sizes)
    tried = _tried(evidence, joined)
    q_value, verdict = np.full(len(which), np.nan), np.full(len(which), None, dtype=object)
    known = np.asarray([*(found.known for found in slices), True], dtype=np.bool_)[joined["slice"]]  # -1, no slice, is the last
    rules: list[Threshold] = []
    ruled = np.full(len(which), -1, dtype=np.int64)
    ends = [evidence.clock if window.end is None else window.end - dt.timedelta(microseconds=1) for window in evidence.windows]
    for position, name in enumerate(names):
        of_name = np.flatnonzero(which == position)
        q_value[of_name] = benjamini_hochberg(np.minimum(joined["p_value"][of_name] * tried[of_name], 1.0))
        given = thresholds.get(name, Threshold(name=name))
        entries = (given,) if isinstance(given, Threshold) else given
        ruled[of_name] = len(rules)
        if len(entries) > 1:
            held = np.asarray([in_force(entries, end) for end in ends], dtype=np.int64)
            ruled[of_name] += held[joined["window"][of_name]]
        for number, rule in enumerate(entries, start=len(rules)):
            chosen = of_name if len(entries) == 1 else of_name[ruled[of_name] == number]
            rows = np.minimum(joined["n"][chosen], evidence.reference.n if name in compared else joined["n"][chosen])
            value, low, high = (joined[column][chosen] for column in ("value", "low", "high"))
            verdict[chosen] = judge(rule, value, low, high, rows)
            _explain(joined["reason"], chosen, verdict, joined["n"], known, rule)
            if name in compared and evidence.reference.n < rule.min_n:
                _too_small(joined["reason"], chosen, verdict, rule)
        rules += entries
        if name in notes:
            said = np.asarray(notes[name], dtype=object)[joined["window"][of_name]]
            joined["reason"][of_name] = _and(joined["reason"][of_name], said)
            early = of_name[(said != "") & (joined["window"][of_name] > 0)]
            verdict[early[verdict[early] != None]] = "insufficient"  # noqa: E711  an array of objects
    start = 0
    for block, size in zip(blocks, sizes, strict=True):
        if block.q_value is not None:
            q_value[start : start + size] = block.q_value
        start += size
    of_class = joined["column"] >= len(evidence.columns)
    for position, name in enumerate(names):
        if name in shown and of_class.any():
            chosen = np.flatnonzero((which == position) & of_class)
            unsaid = chosen[(verdict[chosen] != None) & (joined["reason"][chosen] == "")]  # noqa: E711  an array of objects
            joined["reason"][unsaid] = ANY_CLASS
            verdict[chosen], ruled[chosen] = None, -1
    judged = [rule.min is not None or rule.max is not None for rule in rules]
    verdict[~known] = None
    ruled = np.where(known, ruled, -1)
    windows, numbers_of = evidence.windows, _floats(joined)
    texts = [found.to_json() for found in slices]
    place, time, whole = joined["window"], pa.timestamp("us"), pa.int64()
    columns: dict[str, Any] = {
        "name": _lookup(names, which),
        "unit": _lookup([next(b.unit for b in blocks if b.name == name) for name in names], which),
        "version": _lookup(evidence.versions, joined["version"]),
        "slice": _lookup(texts, joined["slice"]),
        "reference_slice": _lookup(texts, joined["reference_slice"]),
        "attribute": _lookup(evidence.attributes, joined["attribute"]),
        "column": _lookup(evidence.topics, joined["column"]),
        "window_start": _lookup([w.start for w in windows], place, time),
        "window_end": _lookup([w.end for w in windows], place, time),
        "first_row": _lookup([w.first_row for w in windows], place, whole),
        "last_row": _lookup([w.last_row for w in windows], place, whole),
        "partial": _lookup([w.partial for w in windows], place, pa.bool_()),
        "whole": pa.array(place == 0),
        **numbers_of,
        "n": pa.array(joined["n"]),
        "method": pa.array(joined["method"], pa.string()),
        "q_value": pa.array(q_value, from_pandas=True),
        **_people(blocks, sizes),
        "tables": _tables(blocks, sizes),
        "severity": _severities(blocks, sizes, [rule.severity if on else None for rule, on in zip(rules, judged, strict=True)], ruled),
        "threshold_min": _lookup([rule.min for rule in rules], ruled, pa.float64()),
        "threshold_max": _lookup([rule.max for rule in rules], ruled, pa.float64()),
        **{
            column: _lookup([getattr(rule, name) if on else None for rule, on in zip(rules, judged, strict=True)], ruled, kind)
            for column, name, kind in (
                ("rationale", "rationale", None),
                ("threshold_source", "source", None),
                ("threshold_since", "since", time),
                ("threshold_until", "until", time),
            )
        },
        "verdict": pa.array(verdict, pa.string()),
        "reason": pa.array(joined["reason"], pa.string()),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("window", "version", "slice", "reference_slice", "attribute", "column", "n"), np.int64),
    **dict.fromkeys(("value", "low", "high", "p_value"), np.float64),
    **dict.fromkeys(("method", "reason"), object),
}


def _slices(evidence: Evidence, blocks: Sequence[Measurement]) -> tuple[list[Slice], dict[str, NDArray[Any]]]:
    """The evidence's slices and those that blocks name beyond them, and the blocks' arrays joined, speaking of these."""
    slices, shifts, own = list(evidence.slices), [], len(evidence.slices)
    for block in blocks:
        shifts.append(len(slices) - own)
        slices += block.named
    joined = {name: _joined([getattr(block, name) for block in blocks], kind) for name, kind in _KINDS.items()}
    if any(shifts):
        shift = np.repeat(np.asarray(shifts, dtype=np.int64), [len(block) for block in blocks])
        for name in ("slice", "reference_slice"):
            joined[name] = np.where(joined[name] >= own, joined[name] + shift, joined[name])
    return slices, joined


def _tried(evidence: Evidence, joined: Mapping[str, NDArray[Any]]) -> Floats:
    """How many tests each p-value stands for: more than one where the comparison group was picked from several for its rate."""
    tried = np.ones(len(joined["p_value"]))
    beside = (joined["reference_slice"] >= 0) & (joined["attribute"] >= 0)
    if beside.any():
        tried[beside] = picked_from(evidence)[tuple(joined[name][beside] for name in ("version", "window", "attribute"))]
    return tried


def _people(blocks: Sequence[Measurement], sizes: Sequence[int]) -> dict[str, Any]:
    """How many people each gap amounts to, null where it is none or cannot be said."""
    import pyarrow as pa

    found = {}
    for place, name in enumerate(("people", "people_low", "people_high")):
        values = np.full(sum(sizes), np.nan)
        start = 0
        for block, size in zip(blocks, sizes, strict=True):
            if block.people is not None:
                values[start : start + size] = block.people[place]
            start += size
        found[name] = pa.array(np.where(np.isfinite(values), values, np.nan), from_pandas=True)
    return found


def _severities(blocks: Sequence[Measurement], sizes: Sequence[int], of_rules: Sequence[str | None], ruled: Integers) -> pa.Array:
    """The threshold's severity, or what was declared with what is measured; none where nothing is judged."""
    import pyarrow as pa

    found = np.asarray([*of_rules, None], dtype=object)[ruled]
    declared = np.repeat(np.asarray([block.severity for block in blocks], dtype=object), sizes)
    return pa.array(np.where((found != None) & (declared != None), declared, found), pa.string())  # noqa: E711  arrays of objects


def _joined(parts: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
    found: NDArray[Any] = np.concatenate([np.zeros(0, dtype=kind), *parts]).astype(kind, copy=False)
    return found


def _floats(joined: Mapping[str, Floats]) -> dict[str, Any]:
    import pyarrow as pa

    return {name: pa.array(joined[name], from_pandas=True) for name in ("value", "low", "high", "p_value")}


def _lookup(values: Sequence[Any], place: Integers, kind: Any = None) -> Any:
    """values[place] as an Arrow array, null where the place is -1."""
    import pyarrow as pa

    known = pa.array([*values, None], type=kind or pa.string())
    return known.take(pa.array(np.where(place < 0, len(values), place)))


def _and(reasons: NDArray[np.object_], notes: NDArray[np.object_]) -> NDArray[np.object_]:
    both = np.where((reasons != "") & (notes != ""), "; ", "")
    return np.asarray(reasons + both + notes, dtype=object)


def _explain(
    reasons: NDArray[np.object_], places: Integers, verdict: NDArray[np.object_], n: Integers, known: NDArray[np.bool_], rule: Threshold
) -> None:
    """Say why figures of one measure with a threshold are not judged; those without a value have said so already."""
    if rule.min is None and rule.max is None:
        return
    few = places[(verdict[places] == "insufficient") & known[places] & (n[places] < rule.min_n) & (reasons[places] == "")]
    reasons[few] = f"judged from {rule.min_n:,} rows on"
    unknown = places[~known[places]]
    reasons[unknown] = _and(reasons[unknown], np.full(len(unknown), UNKNOWN_GROUP, dtype=object))


def _too_small(reasons: NDArray[np.object_], places: Integers, verdict: NDArray[np.object_], rule: Threshold) -> None:
    """Say of what is not judged only because the reference is small that it is."""
    silent = places[(verdict[places] == "insufficient") & (reasons[places] == "")]
    reasons[silent] = f"judged from {rule.min_n:,} rows of the reference on"


def _tables(blocks: Sequence[Measurement], sizes: Sequence[int]) -> Any:
    import pyarrow as pa

    texts = np.full(sum(sizes), None, dtype=object)
    start = 0
    for block, size in zip(blocks, sizes, strict=True):
        for position, table in block.tables.items():
            texts[start + position] = _json(table)
        start += size
    return pa.array(texts, pa.string())


def _json(table: Mapping[str, Any]) -> str:
    """Canonical JSON without NaN: numbers that cannot be computed are null."""
    try:
        return _encode(table)
    except (ValueError, TypeError):
        return _encode(_plain(table))


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _plain(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {str(key): _plain(value) for key, value in found.items()}
    if isinstance(found, np.ndarray | np.generic):
        return _plain(found.tolist())
    if isinstance(found, list | tuple):
        return [_plain(value) for value in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found
