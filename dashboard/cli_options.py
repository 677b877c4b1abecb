"""What several commands take, and how they read the configuration and speak."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.config import Config

ConfigPath = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.")]
ModelName = Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="The model, as [models.NAME] in candor.toml.")]
OneModel = Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Only this model. Default: all, or the first.")]
ModelNames = Annotated[
    list[str] | None, typer.Option("--model", "-m", metavar="NAME", help="Only this model; may be given several times. Default: all.")
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on, on this machine only.")]
HERE = Path("candor.toml")


def say(progress: str) -> None:
    """Report progress."""
    print(progress, file=sys.stderr, flush=True)


def read_config(path: Path, models: list[str] | None) -> Config:
    """Load the configuration and make sure that the named models are in it."""
    from connectors.config import load

    config = load(path)
    for name in models or ():
        config.model(name)
    return config


def when(text: str) -> datetime:
    """Read a time as a person types it, as UTC unless it names an offset."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f'--at: "{text}" is no time; write 2026-08-10 or 2026-08-10T09:30') from None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f'--at: "{text}" lies outside the calendar; write 2026-08-10 or 2026-08-10T09:30') from None
