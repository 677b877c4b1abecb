"""Schema change: a column that appeared, vanished or came as another kind than in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.ledger import Batch
from audits.quality.arrived import Placed, placed

Change = tuple[str | None, str | None]
"""The kind before and after; None for a column that is not there."""


@audit(name="schema_change", unit="count", needs=("arrivals",), tasks=EVERY_TASK, units="own")
def schema_change(evidence: Evidence) -> Iterator[Measurement]:
    """1 in windows to which a batch brought this feature as another kind than the reference had, or not at all; else 0.

    Formula
        Each batch's columns are compared with those of its own source's reference batches (without any, with the source's first batch).
        Kinds are number, text, time and boolean: whole numbers that become fractions are no change. Features that never changed have no
        figure of their own; the figure without a column counts the changed columns that are no features, new ones above all. Tables name
        the kinds before and after.
    Interval
        None needed: it is a fact. n is the batches of the window.
    When it misleads
        A file of text says no types: its columns are of the kind they are stored as, so a number written in another way shows in
        `format_change` and in the quarantine instead. A log without a clock is one window.
    Source
        E. Breck et al. (2019), Data Validation for Machine Learning, MLSys.
    """
    found = placed(evidence)
    known = np.asarray([batch.columns is not None for batch in found.batches], dtype=bool)
    if not known.any():  # taken in before columns were remembered
        return
    changes = _changes(found)
    batches = (found.held[known] > 0).sum(axis=0)
    windows = np.flatnonzero(batches[1:] > 0) + 1
    windows = np.concatenate([[0], windows])
    n = np.concatenate([[int((found.held[known][:, 1:].sum(axis=1) > 0).sum())], batches[windows[1:]]])
    features = [name for name in changes if name in evidence.columns]
    for name in features:
        states = [_last(changes[name], int(window)) for window in windows]
        value = np.asarray([0.0 if state is None else 1.0 for state in states])
        yield measurement(
            "schema_change", "count", value=value, low=value, high=value, n=n, method="exact", window=windows, slice=0,
            column=evidence.columns.index(name), reason=np.asarray([_said(state) for state in states], dtype=object),
            tables={i: {"before": state[0], "after": state[1]} for i, state in enumerate(states) if state is not None},
        )  # fmt: skip
    rest = {name: each for name, each in changes.items() if name not in features}
    tables = [_tables({name: state for name, each in rest.items() if (state := _last(each, int(window)))}) for window in windows]
    value = np.asarray([float(sum(len(part) for part in table.values())) for table in tables])
    yield measurement(
        "schema_change", "count", value=value, low=value, high=value, n=n, method="exact", window=windows, slice=0,
        tables={i: dict(table) for i, table in enumerate(tables) if value[i]},
        reason=np.asarray([_listed(table) if value[i] else "" for i, table in enumerate(tables)], dtype=object),
    )  # fmt: skip


def _changes(found: Placed) -> dict[str, dict[int, Change]]:
    """Column -> window -> what a batch with rows in it changed."""
    changes: dict[str, dict[int, Change]] = {}
    for source in dict.fromkeys(batch.source for batch in found.batches):
        places = [i for i, batch in enumerate(found.batches) if batch.source == source and batch.columns is not None]
        if not places:
            continue
        first = [i for i in places if found.held[i, 0] > 0] or places[:1]
        before, optional = _baseline([found.batches[i] for i in first])
        for i in places:
            if i in first:
                continue
            after = found.batches[i].columns or {}
            for name in {**before, **after}:
                was, now = before.get(name), after.get(name)
                if was != now and name not in optional and not (now is None and found.batches[i].more):
                    for window in np.flatnonzero(found.held[i, 1:] > 0) + 1:
                        changes.setdefault(name, {})[int(window)] = (was, now)
    return dict(sorted(changes.items()))


def _baseline(batches: list[Batch]) -> tuple[dict[str, str], set[str]]:
    """Column -> kind in the batches that the rest is compared with, and the columns that not all of them had or had alike."""
    held: dict[str, str] = {}
    for batch in batches:
        held = {**(batch.columns or {}), **held}
    return held, {name for name, kind in held.items() if any((batch.columns or {}).get(name) != kind for batch in batches)}


def _last(changes: Mapping[int, Change], window: int) -> Change | None:
    """The change in a window; for the whole period the latest."""
    return changes.get(window) if window else changes[max(changes)]


def _said(change: Change | None) -> str:
    if change is None:
        return ""
    before, after = change
    return f"new, a {after}" if before is None else "it is gone" if after is None else f"was {before}, is {after}"


def _tables(changes: Mapping[str, Change]) -> dict[str, dict[str, Change] | list[str]]:
    return {
        "appeared": [name for name, (was, _) in changes.items() if was is None],
        "vanished": [name for name, (_, now) in changes.items() if now is None],
        "retyped": {name: (was, now) for name, (was, now) in changes.items() if was is not None and now is not None},
    }


def _listed(tables: Mapping[str, dict[str, Change] | list[str]]) -> str:
    """The changed columns by name, at most five."""
    names = [name for part in tables.values() for name in part]
    return ", ".join(f'"{name}"' for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
