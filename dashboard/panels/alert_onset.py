"""The rule's figure over time, with releases, incidents and the onset marked."""

from __future__ import annotations

import datetime as dt

from dashboard import alert_strings as said
from dashboard import data
from dashboard.alerting import Alert
from dashboard.components import chart
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Html, show, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from reports import charts, drift_answers, strings
from reports.figure import Figure

ONSET = "onset"


def draw(context: PageContext, alert: Alert) -> None:
    """Draw the chart with a sentence before it."""
    past = history(context, alert)
    if not past:
        not_enough(said.NOT_IN_RUN)
        return
    clock = past[0].window_start is not None
    events = tuple(mark for mark in marks(context.snapshot, context.model, clock) if mark.kind != "policy")
    show(Html(f'<p class="c-lead">{text(sentence(alert, events))}</p>'))
    if isinstance(alert.since, dt.datetime) and clock:
        events = tuple(sorted((*events, charts.Mark(at=alert.since, kind=ONSET, text="")), key=lambda mark: mark.at))
    spec = trend(past[0].name, [("", past)], about=strings.subject(alert.figure), events=events)
    chart.draw(spec, key="onset-chart")
    chart.folded_table(spec)


def history(context: PageContext, alert: Alert) -> tuple[Figure, ...]:
    """The rule's figure in every window; of evidence of drift, the shift that it is evidence of."""
    if alert.rule != drift_answers.MEASURE or alert.figure.column is None:
        return data.history(context.snapshot, context.model.run, alert.figure)
    found = data.figures(*context.key, names=(alert.rule,), whole=False, column=alert.figure.column, tables=True)
    return tuple(map(drift_answers.shift, found))


def sentence(alert: Alert, events: tuple[charts.Mark, ...]) -> str:
    """Since when, and what had happened last before."""
    if alert.since is None:
        return f"Fired {strings.moment(alert.fired)}; when it began cannot be told."
    words = f"Changed since {strings.moment(alert.since)}"
    near = [(mark.at, mark) for mark in events if close(mark.at, alert.since)]
    if not near:
        return words + "; no release, incident or change of data was written down near it."
    at, latest = near[-1]
    side = (
        "before" if isinstance(alert.since, dt.datetime) and isinstance(at, dt.datetime) and at <= alert.since else "after the window began"
    )
    return f"{words}. Nearest event, {side}: {latest.kind} “{strings.safe(latest.text)}”, {strings.moment(at)}."


def close(at: dt.datetime | int, since: dt.datetime | int) -> bool:
    """Whether an event lies at most two weeks before an onset, or in the week after it began."""
    if not isinstance(at, dt.datetime) or not isinstance(since, dt.datetime):
        return False
    return dt.timedelta(days=-7) < since - at < dt.timedelta(days=14)
