"""`candor demo`: a simulated world, from nothing to a report and a page on its worst finding."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import CandorError, UsageError, nearest

if TYPE_CHECKING:
    from audits.alert_state import Alert
    from audits.finding import AuditRun
    from connectors.actions import Event

WORLDS = ("lending",)
WRITTEN = ".world"
"""Marks a world that was written to the end: by which code, and up to which day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a demo leaves behind: the sentence to say, the report, and the page to open."""

    config: Path
    report: Path
    sentence: str
    page: str


def demo(world: str, say: Callable[[str], None], *, folder: Path = Path("demo")) -> Shown:
    """Simulate, ingest, audit and report; what an earlier run has finished is not done again.

    Raises
    ------
    UsageError
        No such world.
    CandorError
        A step failed.
    """
    if world not in WORLDS:
        raise UsageError(f'there is no world "{world}"; {nearest(world, WORLDS)}')
    home = folder / world
    try:
        config_path = simulate(home, say)
    except OSError as error:
        raise CandorError(f"{error.filename or home}: cannot be written ({error.strerror}); run this from a folder of your own") from error
    from audits.alerting import apply
    from audits.record import load as load_run
    from audits.run import audit
    from connectors.config import load
    from connectors.ingest import ingest
    from connectors.published import open_published
    from dashboard.commands.report import write_report
    from dashboard.commands.worst import link, worst

    config = load(config_path)
    taken = ingest(config, progress=say)
    report = home / "report.html"
    if taken or not report.exists():
        say("Auditing: performance, fairness, drift, data quality, explanations, robustness …")
        run: AuditRun = audit(config, probes=("--explain", "--robustness", "--attacks"), progress=say)
        told = apply(
            config, [signal for each in run.runs for signal in each.signals], now=run.created, run=run.id,
            causes={each.model: each.causes for each in run.runs},
        )  # fmt: skip
        say(raised(told.alerts))
    else:
        say("Nothing new since the last run: its audit stands.")
        with open_published(config) as published:
            run = load_run(published, None)
    if taken or not report.exists():
        write_report(run, config, next(iter(config.models)), template="audit", format="html", output=report)
    found = worst(run.runs)
    return Shown(
        config=config_path,
        report=report,
        sentence=found[0].sentence if found else "No finding needs attention.",
        page=link(found[0].figure) if found else "/",
    )


def raised(alerts: Sequence[Alert]) -> str:
    """How many alerts the audit raised, as `candor watch` would."""
    from audits.incidents import incidents

    firing = [alert for alert in alerts if alert.live]
    return f"{len(firing)} alerts in {len(incidents(firing))} incidents: candor alerts list"


def simulate(home: Path, say: Callable[[str], None]) -> Path:
    """Write the world into `home` unless it is there already, whole and by this code; give its configuration."""
    from connectors.simulated import lending

    mark = home / WRITTEN
    end = lending.latest_end(datetime.now(UTC))
    recipe = f"{fingerprint(Path(lending.__file__).parent)} {end:%Y-%m-%d}"
    if mark.exists() and mark.read_text(encoding="utf-8") == recipe:
        say(f"The simulated lender is in {home} already.")
    else:
        if home.exists() and not mark.exists() and any(home.iterdir()):
            raise UsageError(f"{home}: holds files that are not a demo's; move them away or run this from another folder")
        say(f"Simulating 90 days of a lender's decisions into {home} …")
        unfinished = home.with_name(f".{home.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        lending.world(unfinished, end=end)
        (unfinished / WRITTEN).write_text(recipe, encoding="utf-8")
        if home.exists():
            shutil.rmtree(home)
        unfinished.rename(home)
    mark_events(home / "candor.toml", lending.MODEL, lending.events(lending.DAYS, end))
    return home / "candor.toml"


def mark_events(config_path: Path, model: str, happened: Sequence[Event]) -> None:
    """Store the world's events, each once however often the demo runs."""
    from connectors.actions import add_event, events
    from connectors.config import load

    config = load(config_path)
    known = {(event.kind, event.text) for event in events(config, model)}
    for event in happened:
        if (event.kind, event.text) not in known:
            add_event(config, model, event.kind, event.at, event.text)


def fingerprint(folder: Path) -> str:
    """Tell one version of the simulation from another, so that an old world is replaced."""
    import hashlib

    return hashlib.sha256(b"".join(source.read_bytes() for source in sorted(folder.glob("*.py")))).hexdigest()


def closing(shown: Shown, port: int, *, serving: bool) -> str:
    """Write what a newcomer reads last: the finding, where it is shown, and the line for data of their own."""
    address = f"http://127.0.0.1:{port}{shown.page}"
    own = f"{command()} init my-data/"
    there = address if serving else f"{address}   (after: {command()} serve -c {shown.config})"
    return "\n".join(
        [
            "",
            f"  Worst finding   {shown.sentence}",
            f"  Report          {shown.report}",
            f"  Dashboard       {there}",
            f"  Your own data   {own}   (then ingest, audit, serve; see README.md)",
            "",
        ]
    )


def command() -> str:
    """Name the command as this person would have to type it."""
    typed = Path(sys.argv[0])
    if typed.name != "candor":
        return "candor"
    if shutil.which("candor") is not None:
        return "candor"
    try:
        return str(typed.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(typed)
