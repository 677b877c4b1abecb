"""The commands about alerts: list, show, acknowledge, silence, unsilence, resolve, test."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from dashboard.cli_options import HERE, ConfigPath, OneModel, read_config

alerts = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]},
    help="See and answer alerts, silence them for a while, and test the channels.",
)  # fmt: skip

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Alerts, as `candor alerts list` names them.")]
Who = Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who says so. Default: the login.")]


@alerts.command("list")
def listed(
    config: ConfigPath = HERE,
    state: Annotated[
        Literal["open", "pending", "firing", "acknowledged", "silenced", "held-back", "resolved", "all"],
        typer.Option("--state", help="Which ones."),
    ] = "open",
    model: OneModel = None,
) -> None:
    """List alerts, newest first.

    \b
    Examples:
      candor alerts list
      candor alerts list --state resolved --model loans
    """
    from dashboard.commands.alerts import show_list

    raise typer.Exit(show_list(read_config(config, [model] if model else None), state=state, model=model, show=print))


@alerts.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="An alert.")],
    config: ConfigPath = HERE,
    json: Annotated[bool, typer.Option("--json", help="As the webhook sends it.")] = False,
) -> None:
    """Show one alert: what, how much, since when, why, what people did, who was told.

    \b
    Examples:
      candor alerts show 3f2a9c0d11b24e77-1
      candor alerts show 3f2a9c0d11b24e77-1 --json
    """
    from dashboard.commands.alerts import show_one

    raise typer.Exit(show_one(read_config(config, None), id, json=json, show=print))


@alerts.command()
def acknowledge(
    ids: Ids,
    config: ConfigPath = HERE,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What you are doing about it.")] = "",
    who: Who = None,
) -> None:
    """Say that somebody is on it: it is not told again.

    \b
    Examples:
      candor alerts acknowledge 3f2a9c0d11b24e77-1 --note "asking the bureau"
    """
    from dashboard.commands.alerts import acknowledge as run

    raise typer.Exit(run(read_config(config, None), ids, who=who, note=note, show=print))


@alerts.command()
def silence(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")],
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Alerts to silence; or say which with the options.")] = None,
    config: ConfigPath = HERE,
    model: OneModel = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only this rule.")] = None,
    column: Annotated[str | None, typer.Option("--column", metavar="NAME", help="Only this column.")] = None,
    slice: Annotated[list[str] | None, typer.Option("--slice", metavar="NAME=LEVEL", help="Only this group.")] = None,
    lasting: Annotated[str | None, typer.Option("--for", metavar="TIME", help='How long: "4h", "2d".')] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Until when: 2026-08-10T09:30.")] = None,
    who: Who = None,
) -> None:
    """Keep alerts quiet until a time; a silence has a reason and an end.

    \b
    Examples:
      candor alerts silence 3f2a9c0d11b24e77-1 --for 4h --reason "known: bureau feed"
      candor alerts silence --model loans --column income --until 2026-12-01 --reason "new tax source goes live"
    """
    from dashboard.commands.alerts import silence as run

    settings = read_config(config, [model] if model else None)
    code = run(
        settings, ids or [], model=model, rule=rule, column=column, slices=slice or [], reason=reason, lasting=lasting, until=until,
        who=who, show=print,
    )  # fmt: skip
    raise typer.Exit(code)


@alerts.command()
def unsilence(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="A silence, as `candor alerts list --state silenced` names it.")],
    config: ConfigPath = HERE,
    who: Who = None,
) -> None:
    """End a silence before its time.

    \b
    Examples:
      candor alerts unsilence 3
    """
    from dashboard.commands.alerts import unsilence as run

    raise typer.Exit(run(read_config(config, None), number, who=who, show=print))


@alerts.command()
def resolve(
    ids: Ids,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done; it is kept.")],
    config: ConfigPath = HERE,
    who: Who = None,
) -> None:
    """Close alerts by hand; they come back as new ones when the trouble does.

    \b
    Examples:
      candor alerts resolve 3f2a9c0d11b24e77-1 --note "income is gross again"
    """
    from dashboard.commands.alerts import resolve as run

    raise typer.Exit(run(read_config(config, None), ids, who=who, note=note, show=print))


@alerts.command("test")
def try_channels(
    config: ConfigPath = HERE,
    channel: Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Only this channel.")] = None,
) -> None:
    """Send a test message through the channels and say what came back; 3 when one failed.

    \b
    Examples:
      candor alerts test
      candor alerts test --channel on-call
    """
    from dashboard.commands.alerts import test

    raise typer.Exit(test(read_config(config, None), channel, show=print))
