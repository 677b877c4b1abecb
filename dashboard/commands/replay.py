"""Replay budgets of false alarms on a log, before one of them is written into candor.toml."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dashboard.commands.text import table

if TYPE_CHECKING:
    from audits.alarms.replay import Replay
    from audits.evidence import Evidence
    from connectors.alert_config import Budget
    from connectors.config import Config

SHOWN = 12
HEAD = ("budget", "rings per 30 days: reference", "analysed", "rings")
NOTHING = "no column and no threshold is watched"
SHORT = "The reference has too few windows to be replayed by itself: its column is empty."
QUIET = "The reference is taken to be quiet: what rings there is false. What rings on the analysed windows may be real."


def replay(settings: Config, model: str | None, budgets: Sequence[str], *, say: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Print, for each model, what each budget would have rung; nothing is stored but tallies.

    Raises
    ------
    UsageError
        A budget is none, or there is no such model.
    CandorError
        The warehouse holds no prediction of a model or cannot be opened.
    """
    from audits.gather import gather
    from connectors.errors import CandorError
    from connectors.warehouse import open_warehouse

    asked = [parsed(text) for text in budgets]
    chosen = [settings.model(name) for name in ([model] if model else settings.models)]
    if not settings.warehouse.path.exists():
        raise CandorError(f'{settings.warehouse.path}: there is no warehouse yet; run "candor ingest" first')
    with open_warehouse(settings.warehouse) as warehouse:
        for each in chosen:
            evidence = gather(warehouse, each, progress=say)
            for line in lines(evidence, asked):
                show(line)


def parsed(text: str) -> Budget:
    """A budget from the command line.

    Raises
    ------
    UsageError
        It is none.
    """
    from connectors.alert_config import Budget
    from connectors.config_values import budget
    from connectors.errors import UsageError

    try:
        found = budget(text)
    except ValueError as error:
        raise UsageError(f"--budget: {error}") from None
    assert isinstance(found, Budget)
    return found


def lines(evidence: Evidence, budgets: Sequence[Budget]) -> Iterator[str]:
    """What is printed of one model."""
    from audits.alarms.detector import detected
    from audits.alarms.rechecked import rechecked
    from audits.alarms.replay import STANDARD, replayed
    from audits.alarms.signals import kinds, watched
    from audits.examine import examine
    from audits.policy import thresholds

    found = detected(evidence)
    if found is None:
        yield f"{evidence.model.name}: {NOTHING}"
        return
    findings = watched(examine(evidence, thresholds(evidence.model), card={}).findings)
    figures = None
    if findings.num_rows:
        series = rechecked(evidence, findings, kinds(evidence, findings)[0])
        names = findings.column("name").to_pylist()
        figures = [names[row] for row in series.row.max(axis=1).tolist()], series.evidence
    yield from written(evidence.model.name, replayed(evidence, found, budgets or STANDARD, figures=figures))


def written(model: str, replays: Sequence[Replay]) -> Iterator[str]:
    """The table of one model, and when each budget would have rung."""
    yield f"{model}: what each budget would have rung"
    yield table(
        HEAD, [(str(r.budget), None if r.quiet is None else f"{r.quiet:.1f}", f"{r.rate:.1f}", len(r.rings)) for r in replays]
    )  # fmt: skip
    yield QUIET if any(r.quiet is not None for r in replays) else SHORT
    for r in replays:
        for when, what in r.rings[:SHOWN]:
            yield f"  {r.budget}: {when if when is not None else '?'}  {', '.join(what[:5])}{' and others' if len(what) > 5 else ''}"
        if len(r.rings) > SHOWN:
            yield f"  {r.budget}: and {len(r.rings) - SHOWN} more"
