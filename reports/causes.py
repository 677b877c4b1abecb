"""Causes in sentences: what changed, since when, what it most likely comes from, how much of it, and what to do next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from audits.finding import Cause
from reports import glossary, strings

NEXT: Final[Mapping[str, str]] = {
    "source gone": "Fix the source: find out why it stopped delivering, then let it deliver what is missing.",
    "no data": "Fix the source: see whether the service still answers, and whether its log still arrives.",
    "volume": "Watch: see whether fewer people came, or rows are lost between the service and the log.",
    "schema change": "Fix the source: ask its owner what was changed, and map the new columns or have the old ones back.",
    "type change": "Fix the source: have the values written as before, then replay what was set aside.",
    "missing values": "Fix the source: find the step that stopped filling the column.",
    "unit or scale change": "Fix the source: find out in which unit the values come now, and convert them before the model sees them.",
    "new categories": "Fix the source if spellings changed; if the categories are real, retrain with them.",
    "frozen column": "Fix the source: the column repeats a value; find the cache or default behind it.",
    "stale data": "Fix the source: it delivers old rows again; have the current ones delivered.",
    "duplicated rows": "Fix the source: it delivers rows more than once; the second ones were left out.",
    "clock": "Fix the source: check clock, time zone and time stamps of whoever writes the log.",
    "sampling": "Fix the telemetry: not every prediction is logged alike; see what is dropped or repeated.",
    "model version": "Roll back or finish the release: see which version should answer.",
    "train/serve skew": "Fix the features: columns do not hold what the model was trained on; compare the two ways they are made.",
    "label delay": "Wait for the outcomes: figures that need them are not to be read yet.",
    "outcomes stopped": "Fix the source of the outcomes: one kind, or all of them, no longer comes.",
    "covariate shift": "Watch: other people come than in the reference. Check the figures for them; retrain if they stay.",
    "prior shift": "Watch: the outcome itself became more or less frequent. Set the cut-off anew, or recalibrate.",
    "concept drift": "Retrain, or roll back if a release did it: the same inputs mean something else than before.",
    "prediction shift": "Check the release: the model answers differently to the same inputs. Roll back if nobody meant it to.",
    "unknown": "Look at the figures: nothing known explains them.",
}
"""The suggested next step for each kind of cause."""

_WHAT: Final[Mapping[str, str]] = {
    "source gone": "a source no longer delivers",
    "no data": "no new predictions come",
    "volume": "the log holds {size} of the rows that it usually does",
    "schema change": "columns of the log changed: {columns}",
    "type change": "{columns} {comes} as another type, or in another format",
    "missing values": "{columns} {is} missing in {size} more of the rows",
    "unit or scale change": "{columns} {arrives} at {size} {its} former size (unit or scale change{from})",
    "new categories": "{columns} {carries} values that the reference does not have ({size} of the rows)",
    "frozen column": "{columns} {stands} still",
    "stale data": "the rows repeat an earlier window",
    "duplicated rows": "rows are delivered more than once ({size} of them)",
    "clock": "the times of the rows are wrong",
    "sampling": "only {size} of the predictions are logged, compared with before",
    "model version": "another version of the model answers ({size} of the rows)",
    "train/serve skew": "{columns} hold other values than the model was trained on; they may have traded places",
    "label delay": "outcomes come later than they used to",
    "outcomes stopped": "outcomes of one kind no longer come",
    "covariate shift": "other people come than in the reference: {columns} moved",
    "prior shift": "the outcome became more or less frequent, and the scores moved with it",
    "concept drift": "the same inputs lead to other outcomes than before",
    "prediction shift": "the model answers differently although its inputs are as before",
    "unknown": "nothing that is known explains it",
}  # fmt: skip

_PLURAL: Final[Mapping[str, str]] = {
    "is": "are", "comes": "come", "arrives": "arrive", "carries": "carry", "stands": "stand",
}  # fmt: skip

_SHARES: Final = frozenset({
    "missing values", "new categories", "duplicated rows", "sampling", "volume", "model version",
})  # fmt: skip
"""Kinds whose size is told as a share of rows."""

_NAMED: Final[Mapping[str, str]] = {
    "selection_rate": "Approvals", "accuracy": "Accuracy", "base_rate": "The base rate", "roc_auc": "ROC AUC",
    "mean_absolute_error": "The mean absolute error",
}  # fmt: skip
"""Metrics as the subject of a sentence."""

_PART: Final[Mapping[str, str]] = {
    "covariate shift": "covariate", "prior shift": "covariate", "concept drift": "concept", "prediction shift": "concept",
    "model version": "concept", "label delay": "label delay", "outcomes stopped": "label delay",
}  # fmt: skip
"""The part of a change that is a kind of cause's own; faults of the data have that of broken data."""

_FROM: Final[Mapping[str, str]] = {
    "data quality": "broken data", "covariate": "who came", "concept": "what the model or the world did at the same inputs",
    "label delay": "outcomes that are still missing",
}  # fmt: skip


TIMES: Final = 10
"""A factor from which one speaks of times."""


def next_step(kind: str) -> str:
    """Return what to do about a kind of cause.

    >>> next_step("label delay")
    'Wait for the outcomes: figures that need them are not to be read yet.'
    """
    return NEXT.get(kind, NEXT["unknown"])


def sentence(cause: Cause) -> str:
    """Return one cause in one sentence, with since when.

    >>> sentence(Cause(model="loans", kind="unit or scale change", columns=("income",), size=0.72, unit="ratio", source="predictions"))
    'Most likely: income arrives at 0.72 of its former size (unit or scale change, from source predictions).'
    """
    what = _what(cause)
    begun = _since(cause.since)
    if cause.confidence != "named":
        return f"Can't tell why{begun}: {what}."
    return f"Most likely{begun}: {what}."


def sentences(causes: Sequence[Cause]) -> tuple[str, ...]:
    """Return the causes of a model in order, one sentence each."""
    return tuple(sentence(cause) for cause in causes)


def explained(causes: Sequence[Cause], drop: Mapping[str, Any] | None = None) -> str:
    """Return what a tired person reads first: what changed since when, the likeliest cause, and how much of the change comes from what.

    Parameters
    ----------
    drop
        The tables of `drop_attribution`, where a change was taken apart.
    """
    named = [cause for cause in causes if cause.confidence == "named"]
    first = _fitting(named, drop) if drop is not None and drop.get("parts") else next(iter([*named, *causes]), None)
    parts = []
    if drop is not None and drop.get("value") is not None and drop.get("reference") is not None:
        parts.append(_changed(drop, first.since if first is not None else None))
    if first is not None:
        parts.append(sentence(replace(first, since=None) if parts else first))
    if drop is not None:
        parts.append(apart(drop, it=_part(first) if first is not None and first.confidence == "named" else None))
    return " ".join(part for part in parts if part)


def _part(cause: Cause) -> str:
    return _PART.get(cause.kind, "data quality")


def _fitting(named: Sequence[Cause], drop: Mapping[str, Any]) -> Cause | None:
    """Return the cause that the largest part of a change is about; None where none is: an alarm of another column is no reason for it."""
    largest = max((part for part in drop["parts"] if part.get("value") is not None), key=lambda part: abs(part["value"]), default=None)
    if largest is None:
        return None
    about = {feature["column"] for feature in largest.get("features") or ()}
    fitting = [cause for cause in named if _part(cause) == largest["kind"]]
    if largest["kind"] == "data quality" and about:
        return next((cause for cause in fitting if about & {*cause.columns}), None)
    return next(iter(fitting), None)


def apart(drop: Mapping[str, Any], *, it: str | None = None) -> str:
    """Return how much of a change comes from what, largest first; why nothing is said where it could not be taken apart.

    `it` is the part that the sentence before has named.

    >>> apart({"metric": "selection_rate", "change": -0.071, "parts": [
    ...     {"kind": "covariate", "value": -0.010}, {"kind": "data quality", "value": -0.058}, {"kind": "concept", "value": -0.003}]})
    '5.8 of the 7.1 points come from broken data, 1.0 from who came, 0.3 from what the model or the world did at the same inputs.'
    """
    if not drop.get("parts"):
        return f"The change was not taken apart: {drop['reason']}." if drop.get("reason") else ""
    change = float(drop["change"])
    points = drop.get("metric") != "mean_absolute_error"
    scale = 100.0 if points else 1.0
    known = [part for part in drop["parts"] if part.get("value") is not None]
    known.sort(key=lambda part: -abs(part["value"]))
    told = [part for part in known if abs(part["value"]) >= max(0.02 * abs(change), 0.0005 if points else 0.0)]
    if not told:
        return ""
    digits = 1 if points else 3
    total = f"{abs(change) * scale:.{digits}f}"
    unit = " points" if points else ""
    said = []
    for place, part in enumerate(told):
        size = abs(part["value"]) * scale
        against = "" if part["value"] * change >= 0 else " the other way"
        of = f" of the {total}{unit} come" if not place else ""
        origin = "it" if part["kind"] == it else _FROM.get(part["kind"], part["kind"])
        said.append(f"{size:.{digits}f}{of}{against} from {origin}")
    return ", ".join(said) + "."


def _changed(drop: Mapping[str, Any], since: dt.datetime | int | None) -> str:
    name = _NAMED.get(str(drop["metric"]), glossary.term(str(drop["metric"])).title)
    before, now = float(drop["reference"]), float(drop["value"])
    unit = glossary.term(str(drop["metric"])).unit
    return f"{name} {'rose' if now > before else 'fell'} from {strings.number(before, unit)} to {strings.number(now, unit)}{_since(since)}."


def _what(cause: Cause) -> str:
    names = [strings.name_of(column) for column in cause.columns]
    listed = names[0] if len(names) == 1 else ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    text = _WHAT.get(cause.kind, _WHAT["unknown"])
    source = f", from source {strings.name_of(cause.source)}" if cause.source else ""
    if cause.kind == "unit or scale change" and (cause.unit != "ratio" or cause.size is None):
        return f"part of {listed or 'a column'} arrives in another unit or on another scale{source}"
    for one, several in _PLURAL.items():
        text = text.replace(f"{{{one}}}", several if len(names) > 1 else one)
    times = cause.size is not None and cause.size >= TIMES
    text = text.replace("{size} {its}", "{size} times its" if times else "{size} of its")
    if cause.kind == "model version" and cause.source:
        return f"the model's answers changed when version {strings.name_of(cause.source)} began to answer"
    return text.replace("{columns}", listed or "a column").replace("{size}", _size(cause)).replace("{from}", source)


def _size(cause: Cause) -> str:
    if cause.size is None:
        return "some"
    if cause.kind in _SHARES and cause.unit in ("proportion", "difference", "ratio"):
        return strings.number(cause.size, "percent")
    return f"{cause.size:.3g}" if cause.size < TIMES else f"{cause.size:,.0f}"


def _since(since: dt.datetime | int | None) -> str:
    if since is None:
        return ""
    if isinstance(since, int):
        return f" since row {since:,}"
    clock = "" if since.time() == dt.time() else f" {since:%H:%M}"
    return f" since {since:%a} {since.day} {since:%b}{clock}"
