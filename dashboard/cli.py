"""The command line. What a command does is in `dashboard/commands/`; heavy libraries are imported when one runs, not before.

Exit codes: 0 done; 1 a finding failed (only with ``--gate``); 2 the command, the configuration or a named file; 3 an audit, a source,
a lock or the disk; 130 Ctrl-C. Progress goes to stderr, results to stdout.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from connectors.errors import CandorError, UsageError
from dashboard.cli_alerts import alerts
from dashboard.cli_explain import explain
from dashboard.cli_options import HERE, ConfigPath, ModelName, ModelNames, Port, read_config, say, when
from dashboard.cli_watch import drill, replay, rollback, watch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from audits.finding import AuditRun


class Commands(TyperGroup):
    """The group of all commands: whatever goes wrong in one becomes a sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command and make sure that what it printed has arrived."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None

    def list_commands(self, ctx: Any) -> list[str]:
        """Keep the order in which a newcomer meets them."""
        return list(self.commands)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line: every error is one sentence on stderr."""
    if not sys.warnoptions and not os.environ.get("CANDOR_DEBUG"):
        warnings.simplefilter("ignore")  # they name lines of code: for those who write it, not for those who run it
    pressed: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        run(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def run(pressed: Sequence[int]) -> None:
    """Run the command line; `pressed` tells whether Ctrl-C was, for a library may answer it with an error of its own."""
    try:
        app(prog_name="candor")
    except KeyboardInterrupt:
        stop("stopped", 130)
    except Exception as error:
        if pressed:
            stop("stopped", 130)
        give_up(error)


def give_up(error: Exception) -> None:
    """Turn an error into its sentence and its exit code."""
    if isinstance(error, CandorError):
        stop(str(error), error.exit_code)
    if isinstance(error, MemoryError):
        stop("out of memory; lower warehouse.memory_limit or close other programs", 3)
    if isinstance(error, OSError):
        stop(f"{error.filename or 'the system'}: {error.strerror or error}", 3)
    if os.environ.get("CANDOR_DEBUG"):
        raise error
    first = next(iter(str(error).splitlines()), "")[:300]
    stop(f"this is a fault in Candor: {type(error).__name__}: {first} (CANDOR_DEBUG=1 shows where)", 3)


def stop(sentence: str, code: int) -> None:
    """Say what went wrong, on one line, and leave."""
    from dashboard.commands.text import cell

    print(f"candor: {cell(sentence)}", file=sys.stderr)
    raise SystemExit(code)


@app.callback()
def candor() -> None:
    """Audit and monitor deployed models from their prediction logs.

    \b
    First steps:
      candor demo                a simulated lender, audited; opens the dashboard
      candor init my-data/       writes my-data/candor.toml from a look at the files in it
      candor ingest -c my-data/candor.toml
      candor audit -c my-data/candor.toml
      candor serve -c my-data/candor.toml
    """


@app.command()
def demo(
    world: Annotated[str, typer.Argument(help="What to simulate: lending.")] = "lending",
    serve: Annotated[bool, typer.Option(" /--no-serve", help="End without a server.", show_default=False)] = True,
    port: Port = 8501,
) -> None:
    """Simulate a world, ingest it, audit it, write a report and open the dashboard on the worst finding.

    Everything goes into ./demo/WORLD; running it again reuses what is there.

    \b
    Examples:
      candor demo
      candor demo lending --no-serve
    """
    from dashboard.commands import demo as demonstration

    shown = demonstration.demo(world, say)
    print(demonstration.closing(shown, port, serving=serve), flush=True)
    if serve:
        say("Ctrl-C ends the dashboard; what was written stays.")
        open_dashboard(shown.config, port, shown.page)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds the log's files.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a candor.toml that is there.")] = False,
) -> None:
    """Write a commented candor.toml from a look at the data files in DIR.

    \b
    Examples:
      candor init
      candor init my-data/
    """
    from dashboard.commands.init import write_config
    from dashboard.commands.text import table

    path, guessed, sources = write_config(folder, force=force)
    print(table(["files", "glob", "columns"], [[each.files, each.glob, len(each.columns)] for each in sources]))
    rows = [[role, column.name, ", ".join(map(str, column.values[:3]))] for role, column in guessed.roles.items()]
    rows += [["protected", column.name, ", ".join(map(str, column.values[:3]))] for column in guessed.protected]
    if rows:
        print("\n" + table(["role", "column", "values"], rows))
    print(f"\nWrote {path}. Check it, then: candor ingest -c {path}")


@app.command()
def ingest(config: ConfigPath = HERE, model: ModelNames = None) -> None:
    """Read new rows from the sources into the warehouse; bad rows go to quarantine, with their reasons.

    Ingesting a file again changes nothing. The exit code is 0 even when rows were quarantined.

    \b
    Examples:
      candor ingest
      candor ingest -c my-data/candor.toml --model loans
    """
    settings = read_config(config, model)
    from connectors.ingest import ingest as take_in
    from dashboard.commands.text import table
    from reports import strings

    taken = take_in(settings, model or None, progress=say)
    if not taken:
        print("Nothing new: every file has been ingested already.")
        return
    names = ("model", "path", "received", "accepted", "duplicate", "quarantined", "outcomes")
    print(table(names, [[getattr(row, name) for name in names] for row in taken]))
    sums = [sum(getattr(row, name) or 0 for row in taken) for name in ("received", "accepted", "duplicate", "quarantined")]
    print(strings.ledger(*sums))


@app.command()
def audit(
    config: ConfigPath = HERE,
    model: ModelNames = None,
    window: Annotated[
        str | None, typer.Option(metavar="SPEC", help='A length (1h, 1d, 1w, 1mo, "5000 rows") or one window (2026-03-01, "row 12000").')
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write the whole run as JSON; - for stdout.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 when a finding failed.")] = False,
    refreeze: Annotated[bool, typer.Option("--refreeze", help="Freeze bins and calibration anew on the reference.")] = False,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Read rows for what counts cannot say: alternatives to the model, weak spots over features.")
    ] = False,
    multivariate: Annotated[
        bool, typer.Option("--multivariate", help="Read rows to hold whole rows of the newest window against the reference.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Ask the model, or a surrogate of it, what it uses: attributions, effects of single columns.")
    ] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Ask the model how easily it is turned: noise, declared rules, evasion, membership.")
    ] = False,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Look for attacks in the log: copying, probing, replays, floods, flipped outcomes, triggers.")
    ] = False,
    rows: Annotated[
        int | None, typer.Option("--rows", min=1, metavar="N", help="The most rows that each of what reads rows may read.")
    ] = None,
) -> None:
    """Audit what has been ingested, store the run and publish it for reports and the dashboard.

    Figures come from counts. What --what-if, --multivariate, --explain, --robustness and --attacks have found is kept, and shown by later
    audits with its date and the rows it used.

    \b
    Examples:
      candor audit
      candor audit --what-if --rows 50000
      candor audit --multivariate
      candor audit --explain --robustness --attacks
      candor audit --model loans --json run.json
      candor audit --gate --json - > run.json
    """
    settings = read_config(config, model)
    from audits.registry import AUDITS
    from audits.run import audit as examine
    from audits.what_if import PROBES

    tasks = sorted({task for each in AUDITS.values() for task in each.tasks})
    for each in (settings.model(name) for name in model or settings.models):
        if each.task not in tasks:
            raise UsageError(f'{config}: models.{each.name}.task is "{each.task}"; only {", ".join(tasks)} models can be audited so far')
    if json not in (None, "-"):
        from dashboard.commands.report import check_place

        check_place(Path(json))
    asked = [option for option, told in zip(PROBES, (what_if, multivariate, explain, robustness, attacks), strict=True) if told]
    if rows is not None and not asked:
        raise UsageError(f"--rows is for {', '.join(PROBES)}: other figures come from counts of all rows")
    run = examine(settings, model or None, window=window, refreeze=refreeze, probes=asked, rows=rows, progress=say)
    if json is not None:
        write_json(run, json)
    if json != "-":
        summarise(run)
    from dashboard.commands.policy import changed

    for line in changed(run.policy_changes):
        print(line, file=sys.stderr if json == "-" else sys.stdout)
    from dashboard.commands.worst import failed

    errors = [(each.model, failure) for each in run.runs for failure in each.errors if failure.error]
    for name, failure in errors:
        print(f"candor: {name}: {failure.name} failed: {failure.reason}", file=sys.stderr)
    if errors:
        raise typer.Exit(3)
    if gate and (count := failed(run)):
        print(f"candor: {count:,} findings failed", file=sys.stderr)
        raise typer.Exit(1)


def write_json(run: AuditRun, target: str) -> None:
    """Write a run in the format that others read; to stdout for "-"."""
    import json

    from audits.run_json import to_json
    from dashboard.commands.report import write_whole

    text = json.dumps(to_json(run), ensure_ascii=False, allow_nan=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        write_whole(Path(target), text.encode())


def summarise(run: AuditRun) -> None:
    """Print what an audit found: counts by verdict, then what is worst."""
    from dashboard.commands.text import table
    from dashboard.commands.worst import counts, worst

    verdicts = ("fail", "warn", "pass", "insufficient", "error", None)
    tallies = [(each, counts(each)) for each in run.runs]
    head = ["model", "used", "fail", "warn", "pass", "not enough data", "error", "not judged"]
    print(table(head, [[each.model, each.coverage.used, *(count[verdict] for verdict in verdicts)] for each, count in tallies]))
    found = worst(run.runs)
    for each in found[:5]:
        print(f"  {each.figure.verdict}: {each.sentence}" + (f"  ({each.figure.model})" if len(run.runs) > 1 else ""))
    if len(found) > 5:
        print(f"  and {len(found) - 5:,} more: candor serve, or candor report")
    print(f"Run {run.id}")


@app.command()
def report(
    model: ModelName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - for stdout.")],
    config: ConfigPath = HERE,
    template: Annotated[str, typer.Option(metavar="NAME", help="What to report: audit.")] = "audit",
    format: Annotated[str, typer.Option(metavar="FORMAT", help="html, csv or json.")] = "html",
) -> None:
    """Write a report of the last audit: self-contained HTML, CSV or JSON, with small cells suppressed.

    \b
    Examples:
      candor report --model loans -o loans.html
      candor report --model loans --template audit --format csv -o loans.csv
    """
    settings = read_config(config, [model])
    from audits.record import load as load_run
    from connectors.published import open_published
    from dashboard.commands.report import write_report

    with open_published(settings) as published:
        run = load_run(published, model=model)
    write_report(run, settings, model, template=template, format=format, output=output)
    if str(output) != "-":
        print(output)


@app.command()
def evidently(
    model: ModelName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for evidently.json and evidently.html.")],
    config: ConfigPath = HERE,
    window: Annotated[str | None, typer.Option(metavar="SPEC", help="A window, by a time or row in it. Default: the newest.")] = None,
    rows: Annotated[int, typer.Option(min=2, metavar="N", help="The most rows of the window, and of the reference.")] = 20_000,
) -> None:
    """Write a window against the reference as evidently's own snapshot (JSON and HTML), for teams that live there.

    It holds shares of rows' values as evidently draws them, from a budget of rows; nothing is suppressed in it.

    \b
    Examples:
      candor evidently --model loans -o evidently/
      candor evidently --model loans --window 2026-09-01 --rows 5000 -o evidently/
    """
    from dashboard.commands.evidently import write

    paths, used, available = write(read_config(config, [model]), model, output, window=window, rows=rows, say=say)
    for path in paths:
        print(path)
    say(f"Rows used: {used[1]:,} of the window's {available[1]:,}, {used[0]:,} of the reference's {available[0]:,}")


@app.command()
def serve(config: ConfigPath = HERE, port: Port = 8501) -> None:
    """Open the dashboard, on this machine only, until Ctrl-C. It reads published runs, never the log.

    \b
    Examples:
      candor serve
      candor serve -c my-data/candor.toml --port 8600
    """
    read_config(config, None)
    open_dashboard(config, port, "/")


for command in (watch, replay, drill, rollback, explain):
    app.command()(command)
app.add_typer(alerts, name="alerts")


def open_dashboard(config: Path, port: int, page: str) -> None:
    """Serve until Ctrl-C, which is how a server is meant to end: its exit code is 130 all the same."""
    from dashboard.serve import serve as run_server

    run_server(config, port, page)


@app.command()
def query(sql: Annotated[str, typer.Argument(help="One SELECT.")], config: ConfigPath = HERE) -> None:
    """Ask the published tables with SQL: read only, no files, no network.

    Tables: runs, models, findings, signals, causes, errors, policy_changes, probes, ledger, quarantine, quarantine_reasons.

    \b
    Examples:
      candor query "select name, slice, value, low, high, n from findings where whole and verdict = 'fail'"
      candor query "select * from quarantine_reasons"
      candor query "select model, path, received, accepted, duplicate, quarantined from ledger"
    """
    from connectors.published import open_published
    from dashboard.commands.text import table

    with open_published(read_config(config, None)) as published:
        found = published.table(sql)
    names = found.column_names
    print(table(names, zip(*(found.column(i).to_pylist() for i in range(len(names))), strict=True)))
    say(f"{found.num_rows:,} rows")


@app.command()
def event(
    text: Annotated[str, typer.Argument(help="What happened, in a few words.")],
    model: ModelName,
    kind: Annotated[Literal["release", "incident", "data", "note"], typer.Option(help="What sort of thing it was.")],
    at: Annotated[str, typer.Option("--at", metavar="T", help="When: 2026-08-10 or 2026-08-10T09:30; UTC unless it says otherwise.")],
    config: ConfigPath = HERE,
) -> None:
    """Mark a release, an incident, a change of data or a note on every trend of a model.

    \b
    Examples:
      candor event --model loans --kind release --at 2026-08-10 "v3.2"
      candor event --model loans --kind incident --at 2026-08-26T14:30 "bureau feed down for two hours"
    """
    from connectors.actions import add_event

    settings = read_config(config, [model])
    moment = when(at)
    add_event(settings, model, kind, moment, text)
    print(f"{model}: {kind} at {moment:%Y-%m-%d %H:%M} UTC: {text}")


@app.command()
def doctor(config: ConfigPath = HERE) -> None:
    """Check versions against their pins, name the extras, and look at the warehouse.

    \b
    Examples:
      candor doctor
      candor doctor -c my-data/candor.toml
    """
    from dashboard.commands.doctor import examine
    from dashboard.commands.text import table

    if config != HERE and not config.exists():
        raise UsageError(f"{config}: no such file")
    found = list(examine(config if config.exists() else None))
    print(table(["part", "thing", "state", "found"], [[each.part, each.thing, each.state, each.found] for each in found]))
    wrong = [each for each in found if each.state == "wrong"]
    if wrong:
        said = wrong[0].found if wrong[0].found.startswith(wrong[0].thing) else f"{wrong[0].thing}: {wrong[0].found}"
        kind = UsageError if wrong[0].part == "config" else CandorError
        raise kind(said + (f"; and {len(wrong) - 1} more above" if len(wrong) > 1 else ""))


if __name__ == "__main__":
    main()
