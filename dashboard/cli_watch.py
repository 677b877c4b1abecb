"""The commands that keep an eye on models: watch, drill, replay, rollback."""

from __future__ import annotations

from typing import Annotated

import typer

from dashboard.cli_options import HERE, ConfigPath, ModelName, OneModel, read_config, say


def watch(
    config: ConfigPath = HERE,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
) -> None:
    """Ingest, audit, raise alerts, publish and deliver, again and again, until Ctrl-C or SIGTERM.

    How often, and whom to tell, is in candor.toml: [watch] and [alerts]. A second watcher of the same warehouse ends with 2.

    \b
    Examples:
      candor watch
      candor watch -c my-data/candor.toml --once
    """
    from dashboard.watch.loop import watch as run

    run(config, say=say, once=once)


def drill(
    config: ConfigPath = HERE,
    model: OneModel = None,
    fault: Annotated[str | None, typer.Option("--fault", metavar="NAME", help="The fault to plant; a wrong name lists them.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Deliver to this channel only.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the shadow copy.")] = False,
) -> None:
    """Plant a fault in a shadow copy of the newest windows and time it to the real receiver, marked DRILL.

    The warehouse and the real alerts are not touched. Exit code 3 when the message did not arrive.

    \b
    Examples:
      candor drill
      candor drill --model loans --fault "unit x1000" --channel on-call
    """
    from dashboard.commands.drill import drill as run

    raise typer.Exit(run(config, model=model, fault=fault, channel=channel, keep=keep, say=say, show=print))


def replay(
    config: ConfigPath = HERE,
    model: OneModel = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="TEXT", help='A budget, "1 per 30d"; may be given several times. Default: five.')
    ] = None,
) -> None:
    """Replay budgets of false alarms on the log: how often each would have rung, before it is written into candor.toml.

    \b
    Examples:
      candor replay
      candor replay --model loans --budget "1 per 7d" --budget "1 per 90d"
    """
    from dashboard.commands.replay import replay as run

    run(read_config(config, [model] if model else None), model, budget or [], say=say, show=print)


def rollback(
    model: ModelName,
    to: Annotated[str, typer.Option("--to", metavar="VERSION", help="The version that should answer again.")],
    config: ConfigPath = HERE,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept and sent.")] = "",
    send: Annotated[bool, typer.Option("--send", help="Send it, where alerts.rollback.dry_run is false.")] = False,
) -> None:
    """Show, and with --send send, the signed call that asks the serving side to go back to a version.

    Candor never sends it by itself.

    \b
    Examples:
      candor rollback --model loans --to v3.1
      candor rollback --model loans --to v3.1 --reason "approvals of women fell" --send
    """
    from dashboard.commands.rollback import rollback as run

    run(read_config(config, [model]), model, to, reason=reason, send=send, show=print)
