"""Policy: what is expected of each measure, and the only place where a verdict is decided."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from audits.defaults import DEFAULTS
from audits.estimate import Floats
from audits.finding import PolicyChange, Severity, Threshold
from connectors.config import ModelConfig, ThresholdOverride
from connectors.errors import UsageError, nearest

Entries = tuple[Threshold, ...]
"""The thresholds of one measure, oldest first, without gaps or overlaps."""


def thresholds(model: ModelConfig) -> dict[str, Entries]:
    """The thresholds of one model by date: the defaults, overridden and extended by its `policy` for as long as that is in force.

    Raises
    ------
    UsageError
        A severity is none of page, ticket, info, or a minimum is above its maximum.
    """
    found: dict[str, Entries] = {name: (threshold,) for name, threshold in DEFAULTS.items()}
    for name, given in model.policy.items():
        entries = [_entry(f"models.{model.name}.policy.{name}", name, each) for each in given]
        found[name] = _timeline(sorted(entries, key=_start), DEFAULTS.get(name, Threshold(name=name)))
    return found


def in_force(entries: Entries, moment: dt.datetime) -> int:
    """The position of the entry that holds at a moment (UTC, naive).

    >>> old, new = Threshold(name="a", until=dt.datetime(2026, 3, 1)), Threshold(name="a", since=dt.datetime(2026, 3, 1))
    >>> [in_force((old, new), dt.datetime(2026, month, 1)) for month in (2, 3)]
    [0, 1]
    """
    return max(sum(each.since is None or each.since <= moment for each in entries) - 1, 0)


def _entry(key: str, name: str, given: ThresholdOverride) -> Threshold:
    """One override on top of the default."""
    default = DEFAULTS.get(name, Threshold(name=name))
    fields = ("min", "max", "min_n", "severity", "rationale", "source")
    changed = {field: getattr(given, field) for field in fields if getattr(given, field) is not None}
    if given.severity is not None and given.severity not in get_args(Severity):
        raise UsageError(f'{key}.severity = "{given.severity}"; {nearest(given.severity, get_args(Severity))}')
    if given.min is not None or given.max is not None:
        changed |= {"min": given.min, "max": given.max}
        changed.setdefault("rationale", "Set in candor.toml without a rationale")
    if ("min" in changed or name not in DEFAULTS) and given.source is None:
        changed["source"] = "candor.toml"
    found = replace(default, **changed, since=_naive(given.since), until=_naive(given.until))
    if found.min is not None and found.max is not None and found.min > found.max:
        raise UsageError(f"{key}: min = {found.min:g} is above max = {found.max:g}")
    return found


def _start(entry: Threshold) -> tuple[bool, str]:
    return entry.since is not None, "" if entry.since is None else entry.since.isoformat()


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment is not None and moment.tzinfo is not None else moment


def _timeline(entries: Sequence[Threshold], default: Threshold) -> Entries:
    """The entries with the default wherever none of them is in force."""
    found: list[Threshold] = []
    reached: dt.datetime | None = None  # up to here, exclusive, every moment has its entry; None stands for the beginning of time
    for each in entries:
        if each.since is not None and each.since != reached:
            found.append(replace(default, since=reached, until=each.since))
        found.append(each)
        reached = each.until
    if reached is not None:
        found.append(replace(default, since=reached, until=None))
    return tuple(found)


def judge(threshold: Threshold | None, value: Floats, low: Floats, high: Floats, n: NDArray[Any]) -> NDArray[np.object_]:
    """The verdict on each estimate; None without a threshold.

    Below `min_n` or without a value: insufficient. Interval wholly outside the threshold: fail. Value outside: warn. Else pass.
    An interval without one end (NaN) reaches without limit on that side.

    >>> import numpy as np
    >>> four_fifths = Threshold(name="impact_ratio", min=0.8, min_n=30)
    >>> value, low, high = np.array([0.9, 0.78, 0.6, 0.6]), np.array([0.7, 0.7, 0.5, 0.5]), np.array([1.1, 0.9, 0.7, 0.7])
    >>> judge(four_fifths, value, low, high, np.array([90, 90, 90, 29])).tolist()
    ['pass', 'warn', 'fail', 'insufficient']
    """
    verdict = np.full(len(value), None, dtype=object)
    if threshold is None or (threshold.min is None and threshold.max is None):
        return verdict
    least = -np.inf if threshold.min is None else threshold.min
    most = np.inf if threshold.max is None else threshold.max
    with np.errstate(invalid="ignore"):
        verdict[:] = "pass"
        verdict[(value < least) | (value > most)] = "warn"
        verdict[(high < least) | (low > most)] = "fail"
    verdict[np.isnan(value) | (np.asarray(n) < threshold.min_n)] = "insufficient"
    return verdict


def body(entries: Mapping[str, Entries]) -> str:
    """A policy as canonical JSON: what is kept with a run, so that the next one can tell what was changed."""
    plain = {name: [asdict(each) for each in found] for name, found in entries.items()}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, default=lambda moment: moment.isoformat())


def fingerprint(policies: Mapping[str, Mapping[str, Entries]]) -> str:
    """SHA-256 of all thresholds, past, in force and to come, by model."""
    parts = {model: json.loads(body(found)) for model, found in policies.items()}
    return "sha256:" + hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def changes(model: str, before: str, now: Mapping[str, Entries]) -> list[PolicyChange]:
    """What a policy says otherwise than the one of which `before` is the body, by measure and date."""
    old, new = _by_date(json.loads(before)), _by_date(json.loads(body(now)))
    found = []
    for name, since in sorted({*old, *new}, key=lambda key: (key[0], key[1] or "")):
        was, is_now = old.get((name, since)), new.get((name, since))
        when = None if since is None else dt.datetime.fromisoformat(since)
        if was is None or is_now is None:
            pairs = [("threshold", None if was is None else _said(was), None if is_now is None else _said(is_now))]
        else:
            fields = [key for key in is_now if key not in ("name", "since") and was.get(key) != is_now[key]]
            pairs = [(key, _text(was.get(key)), _text(is_now[key])) for key in fields]
        found += [PolicyChange(model=model, name=name, field=field, before=a, after=b, since=when) for field, a, b in pairs]
    return found


def _by_date(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[tuple[str, str | None], Mapping[str, Any]]:
    return {(name, each["since"]): each for name, entries in found.items() for each in entries}


def _said(entry: Mapping[str, Any]) -> str:
    """A threshold in a few words.

    >>> _said({"min": 0.8, "max": None, "min_n": 30, "severity": "page", "until": "2026-03-01T00:00:00"})
    'min 0.8, min_n 30, severity page, until 2026-03-01'
    """
    parts = [(key, _text(entry.get(key))) for key in ("min", "max", "min_n", "severity", "until")]
    return ", ".join(f"{key} {text}" for key, text in parts if text is not None)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.removesuffix("T00:00:00")
    return None if value is None else f"{value:g}"
