"""`candor report`: one model's findings, from the last stored run into a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import CandorError

if TYPE_CHECKING:
    from audits.finding import AuditRun
    from connectors.config import Config
    from reports.chart_specs import Mark


def write_report(run: AuditRun, config: Config, model: str, *, template: str, format: str, output: Path) -> None:
    """Render one model of a run and put the file in place only once it is whole.

    Raises
    ------
    UsageError
        Such a template or format does not exist, or the model is not in the configuration.
    CandorError
        The run knows nothing of the model, or the file cannot be written.
    """
    from reports.registry import render

    config.model(model)
    if model not in {each.model for each in run.runs}:
        raise CandorError(f'run {run.id} has no findings for "{model}"; run "candor audit" first')
    write_whole(output, render(template, format, run, model=model, marks=marks(config, model)))


def marks(config: Config, model: str) -> list[Mark]:
    """List what happened to a model, as marks on its trends."""
    from connectors.actions import events
    from reports.chart_specs import Mark

    return [Mark(at=event.at, kind=event.kind, text=event.text) for event in events(config, model)]


def write_whole(output: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody reads half of one.

    Raises
    ------
    CandorError
        The folder is absent or cannot be written, or the disk is full.
    """
    written = None
    try:
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
