"""The rule of an alert and what it found: effect, interval, n, both windows, and how much evidence there is."""

from __future__ import annotations

from connectors.config import Config
from dashboard import alert_strings as said
from dashboard.alerting import Alert
from dashboard.components.markup import Html, known, known_in, measure, show, span, text
from dashboard.components.strip import reference_words
from dashboard.page import PageContext
from dashboard.panels.drift_answers import power
from reports import glossary, strings
from reports.drift_answers import MEASURE
from reports.figure import Figure

FACT = "A fact, not an estimate: it is raised when it happens."


def draw(context: PageContext, alert: Alert, config: Config) -> None:
    """Draw the list of facts."""
    figure = alert.figure
    unit = "percent" if figure.name == MEASURE else strings.display_unit(figure.name, figure.unit)
    value, interval = strings.parts(figure.value, figure.low, figure.high, unit)
    allowed = strings.policy(figure.threshold_min, figure.threshold_max, unit)
    rows: list[tuple[object, object]] = [
        ("Rule", measure(alert.rule)),
        ("About", strings.subject(figure).removeprefix("of ").removeprefix("for ") or "everybody"),
        (known_in(said.TERMS, "Effect", "effect"), effect(figure, value, interval)),
        (known("n", "n"), f"{strings.count(figure.n)} rows" if figure.n is not None else strings.DASH),
        ("Allowed", allowed or strings.DASH),
        ("Window judged", strings.window_of(figure)),
        ("Held against", reference_words(context.model)),
        (known_in(said.TERMS, "Changed since", "since"), strings.moment(alert.since)),
        (known_in(said.TERMS, "Evidence", "evidence"), evidence(alert)),
        ("Budget of false alarms", budget(config, alert.model) if alert.line is not None else strings.DASH),
    ]
    if figure.version:
        rows.insert(2, ("Version", strings.name_of(figure.version)))
    if figure.reason:
        rows.append(("Said", strings.safe(figure.reason)))
    said_ = glossary.term(alert.rule).definition
    listed = "".join(f"<div><dt>{text(head)}</dt><dd>{text(what)}</dd></div>" for head, what in rows)
    show(Html((f'<p class="c-sentence">{text(said_)}</p>' if said_ else "") + f'<dl class="c-facts">{listed}</dl>'))


def effect(figure: Figure, value: str, interval: str) -> Html:
    """The number and its interval, or why there is none."""
    if figure.value is None:
        return span(figure.reason or "none: the rule states a fact", "c-quiet")
    return Html(f"<b>{text(value)}</b> {span(interval, 'c-note')}")


def evidence(alert: Alert) -> Html:
    """How much evidence there is, and how much it takes: "10^6.2, fires at 10^3.1"."""
    if alert.evidence is None or alert.line is None:
        return span(FACT, "c-quiet")
    return Html(f"<b>{power(alert.evidence)}</b> {known_in(said.TERMS, 'fires at', 'line')} {power(alert.line)}")


def budget(config: Config, model: str) -> str:
    """The budget that the rule shares in."""
    own = config.models[model].alerts.budget if model in config.models else None
    if own is None or own == config.alerts.budget:
        return said.budget(str(config.alerts.budget))
    return said.own_budget(str(own), str(config.alerts.budget))
