"""`candor report`: one model's findings, from the last stored run into a file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import CandorError, UsageError

if TYPE_CHECKING:
    from audits.finding import AuditRun
    from connectors.config import Config
    from reports.alert_lines import AlertsOfPeriod
    from reports.charts import Mark


def write_report(run: AuditRun, config: Config, model: str, *, template: str, format: str, output: Path) -> None:
    """Export one model of a run and put the file in place only once it is whole; "-" is stdout.

    Raises
    ------
    UsageError
        Such a template or format does not exist, or the model is not in the configuration.
    CandorError
        The run knows nothing of the model, or the file cannot be written.
    """
    from reports.registry import export

    config.model(model)
    if model not in {each.model for each in run.runs}:
        raise CandorError(f'run {run.id} has no findings for "{model}"; run "candor audit" first')
    content = export(config, template, format, run, model=model, marks=marks(config, model), alerts=alerts(config, run, model))
    if str(output) == "-":
        sys.stdout.write(content.decode())
    else:
        write_whole(output, content)


def alerts(config: Config, run: AuditRun, model: str) -> AlertsOfPeriod:
    """The alerts of a model that fired since the period of a run began; all that are known, for a log without a clock."""
    from datetime import UTC, datetime

    from audits import alerting
    from reports.alert_lines import of_period
    from reports.figure import figures

    found = next(each.findings for each in run.runs if each.model == model)
    first = found.filter(found.column("whole")).slice(0, 1)
    start = next((figure.window_start for figure in figures(first)), None)
    known = alerting.alerts(config, now=datetime.now(UTC).replace(tzinfo=None), since=start)
    return of_period(known, model, start)


def marks(config: Config, model: str) -> list[Mark]:
    """List what happened to a model and to its policy, as marks on its trends."""
    from connectors.actions import events
    from connectors.published import open_published
    from reports.charts import Mark

    found = [Mark(at=event.at, kind=event.kind, text=event.text) for event in events(config, model)]
    names = "string_agg(DISTINCT name, ', ' ORDER BY name)"
    moment = 'coalesce(since, "at")'  # what has a date holds from then on, not from the audit that first saw it
    asked = f"SELECT {moment} AS moment, {names} AS names FROM policy_changes WHERE model = ? GROUP BY ALL ORDER BY moment"
    with open_published(config) as published:
        changed = published.table(asked, [model]).to_pylist() if "policy_changes" in published.names() else []
    return [*found, *(Mark(at=row["moment"], kind="policy", text=str(row["names"])) for row in changed)]


def write_whole(output: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody reads half of one; a pipe or a device is written to as it is.

    Raises
    ------
    CandorError
        The folder is absent or cannot be written, or the disk is full.
    """
    check_place(output)
    written = None
    try:
        if output.exists() and not output.is_file():
            with output.open("wb") as stream:
                stream.write(content)
            return
        output = output.resolve()  # a link stays a link
        handle, written = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(written, 0o666 & ~mask)
        os.replace(written, output)
    except OSError as error:
        raise CandorError(f"{output}: cannot be written ({error.strerror or error})") from error
    finally:
        if written is not None:
            Path(written).unlink(missing_ok=True)


def check_place(output: Path) -> None:
    """Refuse a place where no file can be, before the work that would fill it.

    Raises
    ------
    UsageError
        It is a folder, or no name at all.
    CandorError
        It lies in a folder that is absent.
    """
    if output.is_dir():
        raise UsageError(f"{output}: is a folder; name a file in it")
    if not output.parent.is_dir():
        raise CandorError(f"{output}: cannot be written, there is no folder {output.parent}; create it or name another")
