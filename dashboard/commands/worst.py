"""Which findings of a run to say first, since when they hold, and the link that shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audits.finding import AuditRun, ModelRun
    from reports.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """A finding that needs attention, and the start of the unbroken stretch of windows in which it has."""

    figure: Figure
    since: datetime | int | None

    @property
    def sentence(self) -> str:
        """The finding in one line."""
        from reports import strings

        return strings.sentence(self.figure, since=self.since)


def counts(run: ModelRun) -> Counter[str | None]:
    """Count the verdicts over the whole analysed period; None stands for figures that nobody judges."""
    table = run.findings
    return Counter(verdict for verdict, whole in zip(table["verdict"].to_pylist(), table["whole"].to_pylist(), strict=True) if whole)


def failed(run: AuditRun) -> int:
    """Count the findings that failed, whole period and windows alike: what ``--gate`` looks at."""
    return sum(model.findings["verdict"].to_pylist().count("fail") for model in run.runs)


def worst(runs: Sequence[ModelRun]) -> list[Worst]:
    """List what needs attention, worst first: what the first page of the dashboard lists, in its order (`reports.attention`)."""
    import pyarrow.compute as pc

    from reports.attention import attention, urgency
    from reports.figure import figures

    found: list[Worst] = []
    for run in runs:
        judged = run.findings.filter(pc.and_(pc.is_valid(run.findings["verdict"]), pc.not_equal(run.findings["verdict"], "insufficient")))
        items = attention(replace(figure, position=place) for place, figure in enumerate(figures(judged)))
        found += [Worst(figure=replace(item.figure, model=run.model), since=item.since) for item in items]
    return sorted(found, key=lambda each: urgency(each.figure))


def link(figure: Figure) -> str:
    """Give the page of the dashboard, with its query, that shows a figure."""
    from urllib.parse import urlencode

    from dashboard.destination import destination
    from dashboard.url_state import View, encode

    page, parameters = destination(figure)
    return f"/{page}?{urlencode(encode(View(model=figure.model, **parameters)))}"
