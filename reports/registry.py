"""Which reports there are, and the one function that makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from audits.finding import AuditRun, ModelRun
from connectors.actions import exported, remember_export
from connectors.config import Config
from connectors.errors import UsageError, nearest
from reports import csv_tables, json_record
from reports.alert_lines import NONE, AlertsOfPeriod
from reports.charts import Mark
from reports.earlier_exports import Earlier, shown
from reports.figure import Figure, figures
from reports.suppression import suppressed

Writer = Callable[[AuditRun, ModelRun, Sequence[Figure], Sequence[Mark], AlertsOfPeriod], bytes]


def _html(run: AuditRun, model: ModelRun, found: Sequence[Figure], marks: Sequence[Mark], alerts: AlertsOfPeriod) -> bytes:
    from reports.html_page import audit

    return audit(run, model, found, marks, alerts)


def _csv(run: AuditRun, model: ModelRun, found: Sequence[Figure], marks: Sequence[Mark], alerts: AlertsOfPeriod) -> bytes:
    return csv_tables.findings(run, model, found, alerts)


def _json(run: AuditRun, model: ModelRun, found: Sequence[Figure], marks: Sequence[Mark], alerts: AlertsOfPeriod) -> bytes:
    return json_record.findings(run, model, found, alerts)


TEMPLATES: Final[Mapping[str, Mapping[str, Writer]]] = MappingProxyType(
    {"audit": MappingProxyType({"html": _html, "csv": _csv, "json": _json})}
)


def export(
    config: Config, template: str, format: str, run: AuditRun, *, model: str | None = None, marks: Sequence[Mark] = (),
    alerts: AlertsOfPeriod = NONE,
) -> bytes:  # fmt: skip
    """Return a report that leaves: like `render`, and beside small cells it withholds what an earlier export would give away.

    What it shows is remembered with the warehouse's actions, so that no later export of the model can be subtracted from this one.

    Raises
    ------
    UsageError
        As for `render`.
    CandorError
        The record of exports cannot be read or written.
    """
    writer, chosen = _asked(template, format, run, model)
    found = suppressed(list(figures(chosen.findings)), earlier=Earlier(exported(config, chosen.model)))
    content = writer(run, chosen, found, marks, alerts)
    remember_export(config, chosen.model, run.id, shown(found))
    return content


def render(
    template: str, format: str, run: AuditRun, *, model: str | None = None, marks: Sequence[Mark] = (), alerts: AlertsOfPeriod = NONE
) -> bytes:
    """Return a report about one model of a run, to look at; the same run gives the same bytes. What leaves goes through `export`.

    `model` may be left out when the run holds one model. `marks` are releases and incidents to draw on trends, `alerts` those
    that fired in the period. Small cells are withheld.

    Raises
    ------
    UsageError
        When there is no such template, format or model; the text lists those that there are.
    """
    writer, chosen = _asked(template, format, run, model)
    return writer(run, chosen, suppressed(list(figures(chosen.findings))), marks, alerts)


def _asked(template: str, format: str, run: AuditRun, model: str | None) -> tuple[Writer, ModelRun]:
    if template not in TEMPLATES:
        raise UsageError(f'There is no report template "{template}"; {nearest(template, TEMPLATES)}')
    writers = TEMPLATES[template]
    if format == "pdf":
        raise UsageError(f"PDF comes later; {', '.join(writers)} work today.")
    if format not in writers:
        raise UsageError(f'Report template "{template}" has no format "{format}"; it has {", ".join(writers)}.')
    return writers[format], _model(run, model)


def _model(run: AuditRun, name: str | None) -> ModelRun:
    names = [one.model for one in run.runs]
    if name is None:
        if len(names) == 1:
            return run.runs[0]
        raise UsageError(f"Run {run.id} holds {len(names)} models, name one of them: {', '.join(names)}")
    for one in run.runs:
        if one.model == name:
            return one
    raise UsageError(f'Run {run.id} has no model "{name}"; {nearest(name, names)}')
