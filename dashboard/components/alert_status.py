"""Where an alert stands, as icon, word and colour; the word alone is enough to understand it."""

from __future__ import annotations

from dashboard import alert_strings as said
from dashboard.alerting import Alert
from dashboard.components.markup import Html, text
from reports.strings import safe

ICONS = {"page": "◆", "ticket": "▲", "info": "·"}
CSS = {"page": "fail", "ticket": "warn", "info": "none"}
STATE_ICONS = {"acknowledged": "◐", "silenced": "○", "resolved": "●", "held back": "○"}
STATE_CSS = {"acknowledged": "warn", "silenced": "none", "resolved": "pass", "held back": "none"}


def severity(name: str, tip: str = "") -> Html:
    """How urgent an alert is."""
    word = said.SEVERITIES.get(name, safe(name))
    return mark(ICONS.get(name, "·"), word, CSS.get(name, "none"), tip)


def state(alert: Alert) -> Html:
    """Where an alert stands; while it fires, how urgent it is."""
    if alert.state == "firing":
        return severity(alert.severity, said.STATES["firing"])
    return mark(STATE_ICONS[alert.state], said.STATES[alert.state], STATE_CSS[alert.state], said.SEVERITIES.get(alert.severity, ""))


def mark(icon: str, word: str, css: str, tip: str = "") -> Html:
    """Icon and word in a status colour."""
    title = f' title="{text(tip)}"' if tip else ""
    return Html(f'<span class="c-status {css}"{title}><i aria-hidden="true">{icon}</i>{text(word)}</span>')
