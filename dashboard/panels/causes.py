"""Why it probably happened: causes in sentences, data quality before the model, each with the figures that speak for it."""

from __future__ import annotations

from collections.abc import Sequence

from audits.finding import Cause
from dashboard import alert_strings as said
from dashboard import data
from dashboard.alerting import Alert
from dashboard.components.alert_status import mark
from dashboard.components.markup import Html, link, show, span, text
from dashboard.page import PageContext
from reports import causes as wording
from reports import glossary
from reports.drift_answers import MEASURE
from reports.strings import display_unit, name_of, parts

MOST = 6
EVIDENCE = 4
MODEL = frozenset({"covariate shift", "prior shift", "concept drift", "prediction shift", "model version", "unknown"})
"""Causes that lie in the world or in the model; all others lie in the data."""


def of_alert(context: PageContext, alert: Alert) -> None:
    """Causes that explain this alert, else those about its column, else all of the model."""
    listed(context, about(context, alert))


def of_model(context: PageContext) -> None:
    """Every cause of the run."""
    listed(context, data.causes(*context.key))


def about(context: PageContext, alert: Alert) -> tuple[Cause, ...]:
    """The causes of the run that speak of an alert."""
    found = data.causes(*context.key)
    column = alert.figure.column
    mine = tuple(each for each in found if alert.signal in each.explains)
    return mine or tuple(each for each in found if column is not None and column in each.columns) or found


def listed(context: PageContext, found: Sequence[Cause]) -> None:
    """One item a cause: what kind it is, the sentence, and the figures."""
    if not found:
        show(span(said.NO_CAUSES, "c-lead"))
        return
    ordered = sorted(found, key=lambda each: (each.confidence != "named", each.kind in MODEL))
    lines = []
    for each in ordered[:MOST]:
        sure = mark("◆", "Likely", "warn") if each.confidence == "named" else mark("○", "Can't tell", "insufficient")
        sentence = wording.sentence(each)
        figures = ", ".join(figure(context, row) for row in each.evidence[:EVIDENCE])
        kind = span(each.kind[:1].upper() + each.kind[1:], "c-note")
        below = f"<br>{span(Html(figures), 'c-note')}" if figures else ""
        lines.append(f"<li>{sure} {kind}<br>{text(sentence)}{below}</li>")
    show(Html(f'<ul class="c-causes">{"".join(lines)}</ul>'))


def figure(context: PageContext, row: object) -> Html:
    """A figure that a cause rests on, as a link to its column."""
    held = row if isinstance(row, dict) else {}
    name, column = str(held.get("name") or ""), held.get("column")
    unit = "percent" if name == MEASURE else display_unit(name)
    value, interval = parts(held.get("value"), held.get("low"), held.get("high"), unit)
    title = said.SHIFT if name == MEASURE else glossary.term(name).title
    label = f"{title} {value} {interval}".strip()
    if column is None:
        return text(label)
    shown = f"{title} of {name_of(str(column))} {value} {interval}".strip()
    return link(shown, "drift", context.elsewhere(part="column", column=str(column)))


def steps(context: PageContext, alert: Alert) -> Sequence[Html]:
    """What the causes suggest to do, those in the data first."""
    ordered = sorted(about(context, alert), key=lambda each: each.kind in MODEL)
    return [text(step) for step in dict.fromkeys(wording.next_step(each.kind) for each in ordered if each.confidence == "named") if step]
