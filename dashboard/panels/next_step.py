"""What to do about an alert: the runbook, the owner, the roll-back where one is configured, and when it resolves by itself."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.config import Config
from dashboard import alert_strings as said
from dashboard.alerting import Alert
from dashboard.components.markup import Html, link, show, span, text
from dashboard.destination import destination
from dashboard.page import PageContext
from dashboard.panels import causes, roll_back
from reports.strings import name_of, safe

SAFE = ("https://", "http://")


def draw(context: PageContext, alert: Alert, config: Config) -> None:
    """Draw the steps in the order in which they are tried, then who and where to read on."""
    steps = [*causes.steps(context, alert), *others(context, alert, config)]
    lines = "".join(f"<li>{text(each)}</li>" for each in dict.fromkeys(steps))
    show(Html(f'<ol class="c-steps">{lines}</ol>'))
    model = context.model
    facts = [(said.RUNBOOK, outside(model.runbook, said.NO_RUNBOOK)), (said.OWNER, mail(model.owner))]
    listed = "".join(f"<div><dt>{text(head)}</dt><dd>{what}</dd></div>" for head, what in facts)
    show(Html(f'<dl class="c-facts">{listed}</dl>'))
    if config.alerts.rollback is not None:
        roll_back.draw(context, alert, config)
        roll_back.asked(config, alert.model)


def others(context: PageContext, alert: Alert, config: Config) -> Sequence[Html]:
    """Steps that hold for every alert."""
    page, parameters = destination(alert.figure)
    look = link(f"Look at it on {context.links[page].title}", page, context.elsewhere(**parameters))
    quiet = config.alerts.resolve_after
    watch = f"If nothing has to be done, watch: it resolves by itself after {quiet} quiet {'window' if quiet == 1 else 'windows'}."
    return [Html(look), text(watch)]


def outside(address: str | None, absent: str) -> Html:
    """A link that leaves the dashboard, if it is one that a browser may follow."""
    if not address:
        return span(absent, "c-quiet")
    if not address.startswith(SAFE):
        return text(safe(address))
    return Html(f'<a class="c-link" href="{text(address)}" target="_blank" rel="noopener noreferrer">{text(address)}</a>')


def mail(owner: str | None) -> Html:
    """Whom to ask; an address can be written to."""
    if not owner:
        return span(said.NO_OWNER, "c-quiet")
    address = "@" in owner and " " not in owner
    return Html(f'<a class="c-link" href="mailto:{text(owner)}">{text(owner)}</a>') if address else text(name_of(owner))
