"""The work of `candor evidently`: a budget of rows as evidently's own snapshot, for teams that live there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectors.config import Config
from connectors.errors import CandorError


def write(
    settings: Config, name: str, folder: Path, *, window: str | None, rows: int, say: Callable[[str], None]
) -> tuple[tuple[Path, Path], tuple[int, int], tuple[int, int]]:
    """Write evidently's snapshot of one window against the reference; gives the files, the rows used and the rows there were.

    Raises
    ------
    UsageError
        There is no such window.
    CandorError
        The log holds nothing to compare.
    """
    from audits.asked_window import position_of, split_window
    from audits.gather import gather
    from audits.probes.multivariate import NO_WINDOW
    from audits.probes.second_opinion import export
    from audits.probes.whole_rows import newest, sides
    from connectors.warehouse import open_warehouse

    model = settings.model(name)
    length, only = split_window(window)
    with open_warehouse(settings.warehouse) as warehouse:
        evidence = gather(warehouse, model, window=length, progress=say)
        place = newest(evidence) if only is None else position_of(evidence.windows, only)
        if place is None:
            raise CandorError(f"{name}: {NO_WINDOW}")
        held = sides(warehouse, model, evidence, place, rows=rows)
    if not held.names:
        raise CandorError(f"{name}: no column has values in the reference and in the window")
    say(f"{name}: evidently compares {len(held.rows[1]):,} rows with {len(held.rows[0]):,} of the reference")
    used = len(held.rows[0]), len(held.rows[1])
    return export(held.rows, folder), used, (held.rows[0].available, held.rows[1].available)
