"""What the pages about alerts say."""

from __future__ import annotations

import datetime as dt

from reports import strings
from reports.strings import count, duration, moment

ALERTS = "Alerts"
ALERT = "Alert"
BACK = "← All alerts"

STATES = {
    "firing": "Firing", "acknowledged": "Acknowledged", "silenced": "Silenced", "resolved": "Resolved", "held back": "Held back",
}  # fmt: skip
SEVERITIES = {"page": "Page", "ticket": "Ticket", "info": "Info"}

TERMS = {
    "incident": "Alerts that one upstream cause explains, across models. Whoever looks at the cause looks at all of them.",
    "mtta": "Median time from firing to acknowledgement, over alerts that somebody acknowledged in the last thirty days.",
    "acknowledge": "Somebody looks after it. It is not told again, and it resolves by itself when the rule is quiet.",
    "silence": "No messages until the end given. The rule goes on being judged, and the alert is listed under Silenced.",
    "heartbeat": "One mark for each of the last rounds of candor watch, the newest at the right.",
    "evidence": "How much the data speak against “nothing that matters has changed”, as a power of ten. It fires at the line.",
    "line": "The evidence that the budget of false alarms asks for. A stricter budget puts it higher.",
    "since": "Start of the first window of the change, as the rule sees it; not when somebody was told.",
    "held": "Not told, on purpose: an open alert higher up the pipeline explains it. It is told should that one resolve without it.",
    "effect": "The rule's figure in the newest window that could be judged, with its 95% interval.",
}

CALM = "Nothing is firing."
NONE = {
    "firing": CALM,
    "acknowledged": "Nobody is looking after an alert.",
    "silenced": "Nothing is silenced.",
    "resolved": "Nothing resolved in the last thirty days.",
}

YOUR_NAME = "Your name"
YOUR_NAME_HELP = "It stands beside what you do, for those who come after you. It is kept in this browser tab only."
WHO_FIRST = "Say who you are first: the others will want to know whom to ask."
PICK_FIRST = "Choose at least one alert first."
ALL = "Select all"
ACKNOWLEDGE = "Acknowledge"
SILENCE = "Silence"
SILENCE_NOW = "Silence until then"
REASON = "Why"
REASON_HINT = "planned backfill, known fault, …"
UNTIL = "For how long"
UNTIL_HINT = "choose an end"
NO_END = "A silence needs an end: choose for how long."
NO_REASON = "A silence needs a reason: the next person cannot ask you at night."
COMMENT = "Add a note"
COMMENT_HINT = "What you found, what you tried"
WRITE = "Write it down"
EMPTY_NOTE = "The note is empty."

ENDS = {
    "1h": ("1 hour", dt.timedelta(hours=1)),
    "4h": ("4 hours", dt.timedelta(hours=4)),
    "1d": ("1 day", dt.timedelta(days=1)),
    "3d": ("3 days", dt.timedelta(days=3)),
    "7d": ("7 days", dt.timedelta(days=7)),
    "30d": ("30 days", dt.timedelta(days=30)),
}
"""How long a silence may be; there is none without an end."""

PULSE = "Is anybody watching?"
ALIVE = "Watching"
DEAD = "Not watching"
NEVER = "Never started"
FAILING = "Watching, a source fails"
NEVER_SENTENCE = "Nobody is watching: rows that come in now are not judged. This line takes them in, judges them and tells people:"
SOURCES = "Newest prediction of each model"
NO_SOURCES = "No model has been looked at yet."
NO_ROUNDS = "No round has ended yet."

UNDELIVERED = "Not delivered"
UNTRIED = "nobody has tried to send it; candor watch does"
ALL_DELIVERED = "Every message has been delivered."
NO_CHANNELS = "Nobody is told: candor.toml names no channel ([[alerts.channels]]). Alerts are shown here only."
HELD = "Held back"
NOTHING_HELD = "No alert is held back."
ANSWERED = "Time to acknowledgement"

WHAT = "What the rule found"
ONSET = "Since when"
ONSET_LEAD = "Dotted lines are releases, incidents and changes of data."
CAUSES = "Likely causes"
CAUSES_LEAD = "Data quality first: a broken pipeline is more often the reason than a changed world."
SHIFT = "Shift"
NO_CAUSES = "No cause could be named from the figures of this run."
NEXT = "What to do"
RUNBOOK = "Runbook"
OWNER = "Owner"
NO_RUNBOOK = "none; name one in candor.toml (runbook)"
NO_OWNER = "nobody; name one in candor.toml (owner)"
WHERE = "Where it shows most"
WHERE_LEAD = "Columns and groups that moved most in the same window; each with its 95% interval."
NOWHERE = "No other column or group stands out in this window."
SIMILAR = "Similar alerts before"
NONE_SIMILAR = "No alert of this rule or column in the last thirty days."
HISTORY = "What happened"
NO_HISTORY = "Nothing has been written down yet."
TOLD = "Who was told"
NOBODY_TOLD = "No message has been sent about it."
ONE_INCIDENT = "Only the incident of this link is listed."
ALL_INCIDENTS = "Show all"
JSON = "The alert as receivers get it (JSON)"
UNKNOWN_ALERT = "This alert is not among those that are open or were resolved in the last thirty days."
NO_ALERT = "No alert is named in this link."
NOT_IN_RUN = "The run that this page shows does not hold this rule; newer or older runs may."

DEEDS = {
    "opened": "was noticed",
    "firing": "fired",
    "told": "was told",
    "acknowledged": "acknowledged it",
    "silenced": "was silenced",
    "heard again": "is told again, the silence is over",
    "held back": "was held back, explained by",
    "released": "is no longer held back",
    "severity": "changed its urgency",
    "resolved": "resolved",
    "comment": "wrote",
}
"""What happened to an alert, after who did it; nobody is named where Candor did."""

ROLL_BACK = "Roll back"
VERSION_BEFORE = "Version to go back to"
DRY_RUN = "dry run: written down, not sent"
SHOW_REQUEST = "Show the request"
SEND_IT = "Ask for the roll-back"


def lead(incidents: int, alerts: int, models: int) -> str:
    """The first sentence of the page when something fires."""
    inside = f"{count(alerts)} {'alert' if alerts == 1 else 'alerts'}"
    things = f"{count(incidents)} {'incident' if incidents == 1 else 'incidents'}"
    verb = "is" if incidents == 1 else "are"
    about = f"about {count(models)} {'model' if models == 1 else 'models'}"
    return f"{things} {verb} firing, {inside} {about}." if alerts > 1 else f"{inside} is firing, {about}."


def answered(median: dt.timedelta | None, n: int) -> str:
    """How fast alerts are acknowledged: "12 min, median of 7"."""
    if median is None:
        return "none acknowledged in 30 days"
    return f"{duration(median)}, {'one alert' if n == 1 else f'median of {count(n)} alerts'} in 30 days"


def ago(span: dt.timedelta) -> str:
    """How long ago something was.

    >>> ago(dt.timedelta(seconds=40)), ago(dt.timedelta(seconds=-3))
    ('40 s ago', 'just now')
    """
    return "just now" if span.total_seconds() < 1 else f"{duration(span)} ago"


def last_round(span: dt.timedelta) -> str:
    """The calm half of the first sentence: "Last round 40 s ago."."""
    return f"Last round {ago(span)}."


def dead(span: dt.timedelta, every: dt.timedelta) -> str:
    """The watcher has stopped, or its machine has."""
    return (
        f"The last round was {ago(span)}; one is due every {duration(every)}. Nothing that happened since is on this page, and no alert "
        "can fire. Start the watcher again with this line:"
    )


def due(span: dt.timedelta) -> str:
    """When the next round is expected."""
    return f"in {duration(span)}" if span.total_seconds() > 0 else "now"


def rounds(good: int, failed: int) -> str:
    """What the strip of rounds says in words."""
    total = good + failed
    return f"{count(good)} of the last {count(total)} {'round' if total == 1 else 'rounds'} went well" + (
        f", {count(failed)} failed." if failed else "."
    )


def down(since: dt.datetime, tries: int, reason: str) -> str:
    """A source that does not answer."""
    return f"fails since {moment(since)} ({count(tries)} {'try' if tries == 1 else 'tries'}): {strings.safe(reason)}"


def several(alerts: int, models: int) -> str:
    """How large an incident is."""
    words = f"{count(alerts)} {'alert' if alerts == 1 else 'alerts'}"
    return words if models < 2 else f"{words}, {count(models)} models"


def looked_after(n: int) -> str:
    """How many alerts somebody looks after."""
    return f"{count(n)} acknowledged" if n else ""


def more(n: int) -> str:
    """Folded away below the worst alerts of an incident."""
    return f"{count(n)} more"


def chosen(verb: str, picked: int) -> str:
    """A button that says how many alerts it is about: "Acknowledge 3"."""
    return f"{verb} {count(picked)}" if picked else verb


def done(verb: str, n: int) -> str:
    """After a button was pressed: "3 alerts acknowledged."."""
    return f"{count(n)} {'alert' if n == 1 else 'alerts'} {verb}."


def undelivered(waiting: int, failed: int) -> str:
    """Above the list of messages that have not arrived."""
    parts = [f"{count(waiting)} {'message waits' if waiting == 1 else 'messages wait'}"] if waiting else []
    parts += [f"{count(failed)} {'was' if failed == 1 else 'were'} given up"] if failed else []
    return " and ".join(parts) + "." if parts else ALL_DELIVERED


def held_back(n: int) -> str:
    """Above the list of messages that were not sent on purpose."""
    return f"{count(n)} {'alert is' if n == 1 else 'alerts are'} not told, on purpose." if n else NOTHING_HELD


def explained(by: str) -> str:
    """What holds an alert back."""
    return f"explained by {by}"


def roll_back(current: str, *, dry: bool) -> str:
    """Above the choice of a version to go back to."""
    rest = (
        "Nothing is sent from here while dry_run is on in candor.toml; the request is shown and written down."
        if dry
        else ("The request is shown before it is sent; the serving side decides.")
    )
    return f"Version {strings.name_of(current)} answers now. {rest}"


def sent(answer: str) -> str:
    """The roll-back was asked for."""
    return f"Sent: {answer}."


def siblings(others: int) -> str:
    """Above an alert that belongs to an incident with others."""
    return f"One incident with {count(others)} {'other alert' if others == 1 else 'other alerts'}."


def budget(words: str) -> str:
    """By which budget of false alarms a rule was judged."""
    return f"{words}, for all models together"


def own_budget(own: str, all_: str) -> str:
    """The part of one model in the budget of all."""
    return f"{own} for this model, of {all_} for all together"
