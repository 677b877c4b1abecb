"""`candor drill`: plant a fault in a shadow of a model, run the real path, page the real receiver, and say how long it took."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.config import Config, ModelConfig, load
from connectors.errors import CandorError, UsageError, nearest
from dashboard.watch import words

if TYPE_CHECKING:
    from audits.alert_state import Alert
    from dashboard.watch.round import Answer
    from dashboard.watch.shadow import Shadow

FAULTS = ("missing values", "frozen column", "new category", "unit x1000", "old hyper-parameters", "telemetry overload")
"""Faults of which the first that the log has everything for is planted when none is named."""
TASTE = 1_000
"""Rows in which it is tried whether a fault can be planted."""
PATIENCE = 30.0
"""Seconds that receivers get to take the page."""
ARRIVED, MISSED = 0, 3
DURING = "during.parquet"
"""The file that the newest rows come in."""


@dataclass(slots=True)
class Timeline:
    """Seconds since the faulty rows were written."""

    start: float = 0.0
    show: Callable[[str], None] = print

    def begin(self, what: str) -> None:
        """Start the clock."""
        self.start = time.monotonic()
        self.show(words.drill_step(0.0, "committed", what))

    def mark(self, step: str, what: str) -> float:
        """Say what happened, and when."""
        passed = time.monotonic() - self.start
        self.show(words.drill_step(passed, step, what))
        return passed


def drill(
    path: Path, *, model: str | None = None, fault: str | None = None, channel: str | None = None, keep: bool = False,
    say: Callable[[str], None], show: Callable[[str], None] = print,
) -> int:  # fmt: skip
    """Run a drill; gives 0 when the page arrived and 3 when it did not. The real warehouse and the real alerts are not touched.

    Raises
    ------
    UsageError
        There is no such model, fault or channel, or candor.toml names no channel.
    CandorError
        The log cannot be read, or lacks what the fault acts on.
    """
    from connectors.simulated.faults import FAULTS as KNOWN
    from connectors.simulated.faults import find, plant_in_table
    from dashboard.watch.shadow import shadow

    config = load(path)
    chosen = config.model(model) if model is not None else next(iter(config.models.values()))
    config = paging(config, channel)
    if fault is not None:
        find(fault)
    folder = Path(tempfile.mkdtemp(prefix="candor-drill-"))
    try:
        say(f"{chosen.name}: copying its reference and newest windows to {folder} …")
        made = shadow(config, chosen, folder)
        left = f", {made.left_out:,} older ones left out" if made.left_out else ""
        say(f"{chosen.name}: {made.reference:,} reference rows{left} and {made.copied:,} of the newest windows")
        name = fault or possible(made, chosen)
        plant_in_table(name, made.rows.slice(0, TASTE), chosen, seed=0)  # what cannot be planted is said before the work, not after
        show(f'Drill: "{name}" in {chosen.name}: {KNOWN[name].says} (rows {made.rows.num_rows:,}).')
        return run(made, chosen, name, say=say, show=show)
    finally:
        if keep:
            say(f"The shadow stays in {folder}; it holds rows of the log.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def paging(config: Config, channel: str | None) -> Config:
    """The configuration with the channels of the drill, which take any severity and model: what counts is whether they are reached.

    Raises
    ------
    UsageError
        There is no such channel, or none at all.
    """
    channels = config.alerts.channels
    if not channels:
        raise UsageError(f"{config.path}: names no channel, so nobody could be paged; write a [[alerts.channels]] section")
    if channel is not None and channel not in {each.name for each in channels}:
        raise UsageError(f'{config.path}: there is no channel "{channel}"; {nearest(channel, [each.name for each in channels])}')
    open_ = [replace(each, severities=("page", "ticket", "info"), models=None) for each in channels if channel in (None, each.name)]
    return replace(config, alerts=replace(config.alerts, channels=tuple(open_)))


def possible(made: Shadow, model: ModelConfig) -> str:
    """The first of `FAULTS` that the copied rows have everything for.

    Raises
    ------
    CandorError
        None fits.
    """
    from connectors.simulated.faults import plant_in_table

    for name in FAULTS:
        try:
            plant_in_table(name, made.rows.slice(0, TASTE), model, seed=0)
        except CandorError:
            continue
        return name
    raise CandorError(f"{model.name}: none of the usual faults fits this log; name one with --fault")


def run(made: Shadow, model: ModelConfig, fault: str, *, say: Callable[[str], None], show: Callable[[str], None]) -> int:
    """Audit the shadow as it was, write the faulty rows, audit again, deliver, close what was opened."""
    import pyarrow.parquet as pq

    from audits.alerting import deliveries, resolve
    from connectors.simulated.faults import plant_in_table
    from dashboard.watch.telling import deliver

    quiet = replace(made.config, alerts=replace(made.config.alerts, channels=()))
    audited(quiet, model.name, say)
    alerts = [*standing(quiet), *without_fault(made, quiet, model.name, say)]
    before = {alert.key for alert in alerts}
    if before:
        say(words.drill_standing(len(before)))
    calm = without(model, made, {alert.column for alert in alerts})
    pq.write_table(plant_in_table(fault, made.rows, calm, seed=0), made.folder / DURING)
    timeline = Timeline(show=show)
    timeline.begin(f"{made.rows.num_rows:,} rows written into the source")
    timeline.mark("audited", f"run {audited(made.config, model.name, say).run}")
    raised = [alert for alert in standing(made.config) if alert.key not in before]
    if not raised:
        show(words.drill_unseen(fault, len(before)))
        return MISSED
    timeline.mark("raised", "; ".join(f"{alert.rule}{f' of {alert.column}' if alert.column else ''}" for alert in raised[:3]))
    end = time.monotonic() + PATIENCE
    arrived: set[str] = set()
    while time.monotonic() < end:
        deliver(made.config, now())
        told = deliveries(made.config)
        for each in told:
            if each.state == "delivered" and each.channel not in arrived:
                arrived.add(each.channel)
                timeline.mark("delivered", f"{each.channel} ({each.kind}): {each.said}")
        if all(each.state in ("delivered", "superseded", "given up") for each in told):
            break
        time.sleep(0.2)
    missing = sorted({channel.name for channel in made.config.alerts.channels} - arrived)
    for name in missing:
        said = next((each.said for each in deliveries(made.config) if each.channel == name and each.said), "no message")
        show(words.drill_undelivered(name, said.removeprefix(f"{name}: ")))
    resolve(made.config, [alert.id for alert in raised], who="drill", note="end of the drill", now=now())
    deliver(made.config, now())
    if arrived:
        show(words.drill_schedule(made.config.watch.every.total_seconds()))
    return MISSED if missing else ARRIVED


def audited(config: Config, model: str, say: Callable[[str], None]) -> Answer:
    """Do one round.

    Raises
    ------
    CandorError
        The model failed.
    """
    from dashboard.watch.round import work

    answer = work(config, [model], progress=say, drill=True)
    for failure in answer.failures.values():
        raise CandorError(failure)
    return answer


def without_fault(made: Shadow, quiet: Config, model: str, say: Callable[[str], None]) -> list[Alert]:
    """The alerts that the newest rows raise as they are, found in a copy of the shadow: what they raise is not the fault's doing."""
    import pyarrow.parquet as pq

    control = made.folder / "control"
    shutil.copytree(made.folder, control, ignore=shutil.ignore_patterns("control"))
    try:
        pq.write_table(made.rows, control / DURING)
        apart = replace(
            quiet, path=control / quiet.path.name, folder=control,
            warehouse=replace(quiet.warehouse, path=control / quiet.warehouse.path.name),
        )  # fmt: skip
        audited(apart, model, say)
        return standing(apart)
    finally:
        shutil.rmtree(control, ignore_errors=True)


def without(model: ModelConfig, made: Shadow, alerting: Collection[str | None]) -> ModelConfig:
    """The model with those features only that no alert is about: a fault in one that drifts already would raise nothing new."""
    named = model.features
    features = named if named is not None else [name for name in made.rows.column_names if name not in model.assigned]
    calm = tuple(name for name in features if name not in alerting)
    return replace(model, features=calm) if calm else model


def standing(config: Config) -> list[Alert]:
    """The alerts of the shadow that fire now."""
    from audits.alerting import alerts

    return [alert for alert in alerts(config, now=now()) if alert.state == "firing" and alert.held_by is None]


def now() -> datetime:
    """UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
