"""The command that explains one prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli_options import HERE, ConfigPath, OneModel, read_config, say


def explain(
    id: Annotated[str, typer.Option("--id", metavar="ID", help="The prediction, as in the log's id column.")],
    config: ConfigPath = HERE,
    model: OneModel = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="Which of the versions that logged this id. Default: the newest.")
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write the explanation as JSON; - for stdout.")] = None,
    handout: Annotated[
        Path | None, typer.Option("--handout", metavar="FILE", help="Write the page for the person, in plain words; - for stdout.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, metavar="S", help="The most seconds that each search may take.")] = 10.0,
    rows: Annotated[int, typer.Option("--rows", min=100, metavar="N", help="The most past rows it is held against.")] = 20_000,
) -> None:
    """Explain one prediction: what drove it, similar past cases, what would turn it round, reasons in plain words.

    It is asked of the model in [models.NAME.model], or of a surrogate trained on the logged scores, whose fidelity comes first. Each look
    is recorded.

    \b
    Examples:
      candor explain --model loans --id A-10023
      candor explain --model loans --id A-10023 --json - > explanation.json
      candor explain --model loans --id A-10023 --handout letter.txt
    """
    from dashboard.commands.explain import explain as run

    settings = read_config(config, [model] if model is not None else None)
    name = model if model is not None else next(iter(settings.models))
    run(settings, name, id, version=version, json=json, handout=handout, seconds=seconds, rows=rows, say=say, show=print)
