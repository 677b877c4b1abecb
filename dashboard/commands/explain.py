"""`candor explain`: one prediction, explained on the terminal, as JSON, or as a page for the person; each look is recorded."""

from __future__ import annotations

import getpass
import json as writer
import sys
from collections.abc import Callable
from pathlib import Path

from connectors.config import Config

SECONDS, ROWS = 10.0, 20_000


def explain(
    config: Config, model: str, id: str, *, version: str | None = None, json: str | None = None, handout: Path | None = None,
    seconds: float = SECONDS, rows: int = ROWS, say: Callable[[str], None], show: Callable[[str], object],
) -> None:  # fmt: skip
    """Explain one prediction, and write it where it is asked for.

    Parameters
    ----------
    json, handout
        Files for the whole explanation and for the page in plain words; "-" is stdout, in place of the summary.
    seconds
        What taking the answer apart and looking for counterfactuals may take, each.
    rows
        Past rows of either side that it is held against, at most.

    Raises
    ------
    UsageError
        No prediction has this id, or both files are stdout.
    CandorError
        The model has not been audited, the warehouse is held, or a file cannot be written.
    """
    from audits.explanation import to_json
    from audits.probes.explainer import Explainer
    from connectors.actions import record_view
    from connectors.errors import UsageError
    from dashboard.commands.report import check_place, write_whole

    given = [str(each) for each in (json, handout) if each is not None]
    if given.count("-") > 1:
        raise UsageError("--json - and --handout - both write to stdout; name a file for one of them")
    for each in given:
        if each != "-":
            check_place(Path(each))
    record_view(config, who(), model, id, version)
    with Explainer(config, model, rows=rows, progress=say) as explainer:
        found = explainer.explain(id, version=version, seconds=seconds)
    if json is not None:
        text = writer.dumps(to_json(found), ensure_ascii=False, allow_nan=False) + "\n"
        _written(text, str(json), write_whole)
    if handout is not None:
        from reports.explanation_handout import handout as page
        from reports.reading_level import grade

        text = page(found, owner=config.model(model).owner)
        _written(text, str(handout), write_whole)
        say(f"Reading level of the page: grade {max(grade(text), 0):.1f} (Flesch-Kincaid)")
    if "-" not in given:
        show(summary(found))


def summary(found: object) -> str:
    """Lay an explanation out for a terminal."""
    from audits.explanation import Explanation
    from dashboard.commands.text import cell
    from reports.explanation_words import TITLES, told

    assert isinstance(found, Explanation)
    blocks = ["\n".join([TITLES[part], *(f"  {cell(line)}" for line in lines)]) for part, lines in told(found).items()]
    return "\n\n".join(blocks)


def who() -> str:
    """Name the user of this machine who looks."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _written(text: str, target: str, write_whole: Callable[[Path, bytes], None]) -> None:
    if target == "-":
        sys.stdout.write(text)
    else:
        write_whole(Path(target), text.encode())
