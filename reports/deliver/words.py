"""The wording of messages about alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from reports import glossary, strings
from reports.figure import Figure

SHOWN: Final = 10
"""How many alerts of an incident a message spells out."""
ALERT: Final = "Alert"
INCIDENT: Final = "Alerts of this incident"
RUNBOOK: Final = "Runbook"
DASHBOARD: Final = "Dashboard"
TRIAL: Final = "Candor: test message"
SEVERITY: Final = {"page": "Page", "ticket": "Ticket", "info": "Info"}
_STANDING: Final = {
    "firing": "", "worse": "Worse: ", "repeat": "Still firing: ", "acknowledged": "Acknowledged: ", "resolved": "Resolved: ",
}  # fmt: skip
_LEAD: Final = {"firing": "somebody should look.", "worse": "it has grown worse.", "repeat": "it goes on."}
_NEXT: Final = {
    "source_gone": "See whether the source still writes; when it does again, the missing rows are taken in by themselves.",
    "no_data": "See whether predictions are still made, then whether they still reach the source.",
    "schema_change": "Ask whoever writes the log what changed; if it is meant to stay, change candor.toml.",
    "quality": "Look at the source before the model: what it was given has changed. Fix the source, then see whether the figures recover.",
    "service": "Look at the service that answers: its load, its release, what it depends on.",
    "drift": "Look at what moved and since when. If a release began it, roll back; if the world changed, watch performance and retrain.",
    "performance": "Look at the worst slices and at what moved in the same window. If it began with a release, roll back.",
    "fairness": "Look at which group changed, the selection rate or its comparison, and whether a cut-off or a policy was moved.",
}  # fmt: skip


def title(body: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """One line: how it stands, the model, what the first alert is, and how many more there are."""
    alerts = body["alerts"]
    first = subject(alerts[0], titles, False)
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    return ("DRILL: " if body["drill"] else "") + _STANDING[body["kind"]] + first + more


def subject(alert: Mapping[str, Any], titles: Mapping[str, str], drill: bool) -> str:
    """What an incident is called from its first message to its last."""
    model = titles.get(alert["model"], alert["model"])
    return ("DRILL: " if drill else "") + f"{strings.safe(model)}: {headline(alert)}"


def lead(body: Mapping[str, Any]) -> str:
    """How it stands, where that is not told by the alerts themselves."""
    kind, first = body["kind"], body["alerts"][0]
    if kind == "acknowledged":
        note = f": {strings.safe(first['note'])}" if first["note"] else ""
        return f"{strings.safe(first['acknowledged_by'] or '')} is on it{note}."
    if kind == "resolved":
        left = f"; {body['open']} of this incident still open" if body["open"] else ""
        who = f" by {strings.safe(first['resolved_by'])}" if first["resolved_by"] else ""
        return f"Over{who}{left}."
    drill = "This is a drill: a fault was planted in a copy of the log. " if body["drill"] else ""
    return drill + f"{SEVERITY[body['severity']]}: {_LEAD[kind]}"


def headline(alert: Mapping[str, Any]) -> str:
    """An alert without its figures.

    >>> headline({"rule": "drift_evidence", "column": "income", "slice": {}, "reference_slice": None, "version": None, "attribute": None})
    'Drift of income'
    """
    if alert["rule"] == "drift_evidence":
        version = f", version {strings.name_of(alert['version'])}" if alert["version"] else ""
        return f"Drift of {strings.name_of(alert['column'])}{version}" if alert["column"] else f"Drift{version}"
    return strings.headline(_figure(alert))


def sentence(alert: Mapping[str, Any]) -> str:
    """One alert in one line: what, how much, since when."""
    since = f", since {_when(alert['since'])}" if alert["since"] is not None else ""
    if alert["suppressed"]:
        return f"{headline(alert)} {strings.DASH} too few rows to show the figure{since}"
    if alert["rule"] == "drift_evidence":
        if alert["value"] is None:
            return headline(alert) + since
        moved = strings.estimate(alert["value"], alert["low"], alert["high"], None, "percent")
        return f"{headline(alert)}: {moved} of rows moved, n = {strings.count(alert['n'])}{since}"
    if alert["reason"]:
        return f"{headline(alert)}: {strings.safe(alert['reason'])[:300]}{since}"
    if alert["value"] is None:
        return headline(alert) + since
    return strings.sentence(_figure(alert)) + since


def more(count: int) -> str:
    """How many alerts are not spelt out."""
    return f"… and {count - SHOWN} more alerts." if count > SHOWN else ""


def cause(alert: Mapping[str, Any]) -> str:
    """What is known of why."""
    found = alert["cause"]
    if found is None:
        return ""
    from audits.finding import Cause
    from reports.causes import sentence as cause_sentence

    since = found["since"] if isinstance(found["since"], int) else _time(found["since"])
    same = {name: found[name] for name in ("kind", "upstream", "source", "size", "low", "high", "unit")}
    return cause_sentence(Cause(model=alert["model"], columns=tuple(found["columns"]), since=since, **same))


def held_back(held: Sequence[Mapping[str, Any]]) -> str:
    """Which alerts are held back because this one explains them."""
    if not held:
        return ""
    shown = "; ".join(headline(alert) for alert in held[:3]) + ("; …" if len(held) > 3 else "")
    return f"Held back, since this explains {'it' if len(held) == 1 else 'them'}: {shown}."


def next_step(alert: Mapping[str, Any]) -> str:
    """What to do first."""
    if alert["cause"] is not None:
        from reports.causes import next_step as step

        return f"Next: {step(alert['cause']['kind'])}"
    found = _NEXT.get(alert["rule"]) or _NEXT.get(alert["family"], "")
    return f"Next: {found}" if found else ""


def people(owners: Sequence[str]) -> str:
    """Whose model it is."""
    return f"Owner: {', '.join(map(strings.safe, owners))}" if owners else ""


def runbook_of(model: str) -> str:
    """The label of one model's runbook among several."""
    return f"{RUNBOOK} of {strings.safe(model)}"


def trial(channel: str) -> str:
    """What a test message says."""
    return f"Candor can reach this channel ({strings.safe(channel)}). Nothing is wrong, and nothing is to be done."


def no_secret(variable: str) -> str:
    """The variable that holds a channel's key is not set."""
    return f"the environment variable {variable} is not set"


def unsendable() -> str:
    """A channel's key or settings hold what its protocol has no way to write."""
    return "its key or its settings hold characters that cannot be sent; look for letters beyond ASCII and line breaks"


def gone(channel: str) -> str:
    """The channel is not configured any more."""
    return f'candor.toml names no channel "{channel}" any more'


def _figure(alert: Mapping[str, Any]) -> Figure:
    window = alert.get("window") or {}
    broken = alert.get("threshold") or {}
    known = glossary.term(alert["rule"])
    window_of = {f"window_{side}": _time(window.get(side)) for side in ("start", "end")}
    rows = {name: window.get(name) for name in ("first_row", "last_row", "partial")}
    same = {name: alert.get(name) for name in ("slice", "reference_slice", "attribute", "column", "version", "value", "low", "high", "n")}
    limits = {"threshold_min": broken.get("min"), "threshold_max": broken.get("max")}
    unit = alert.get("unit") or known.unit
    return Figure.of({"name": alert["rule"], "unit": unit, "verdict": "fail", **same, **window_of, **rows, **limits})


def _when(since: str | int) -> str:
    return strings.moment(since if isinstance(since, int) else _time(since))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)
