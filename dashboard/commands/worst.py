"""Which findings of a run to say first, since when they hold, and the link that shows them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audits.finding import AuditRun, ModelRun
    from reports.figure import Figure

BAD = ("fail", "warn", "error")
SEVERITIES = ("page", "ticket", "info")


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
    """List what is wrong over a whole period, worst first (see `urgency`).

    Where no whole period is judged (a log too short, a threshold only windows have), windows are listed instead.
    """
    import pyarrow.compute as pc

    from reports.figure import figures

    found: list[Worst] = []
    for run in runs:
        judged = run.findings.filter(pc.and_(pc.is_valid(run.findings["verdict"]), pc.not_equal(run.findings["verdict"], "insufficient")))
        steps: defaultdict[Hashable, list[Figure]] = defaultdict(list)
        wholes: list[Figure] = []
        for figure in figures(judged):
            if figure.whole:
                wholes.append(figure)
            elif not figure.partial:
                steps[key(figure)].append(figure)
        bad = [figure for figure in wholes if figure.verdict in BAD]
        if not bad:
            last = [series[-1] for series in steps.values() if series[-1].verdict in BAD]
            bad = sorted(last, key=lambda figure: figure.position)
        found += [Worst(figure=replace_model(figure, run.model), since=since(steps[key(figure)])) for figure in bad]
    return sorted(found, key=lambda each: urgency(each.figure))


def replace_model(figure: Figure, model: str) -> Figure:
    """Give the figure its model's name, which the findings table of one model leaves out."""
    from dataclasses import replace

    return replace(figure, model=model)


def key(figure: Figure) -> Hashable:
    """What a figure has in common with itself in another window."""
    pairs = (figure.slice, figure.reference_slice or {})
    return (figure.name, figure.version, *(tuple(sorted(each.items())) for each in pairs), figure.attribute, figure.column)


def since(series: Sequence[Figure]) -> datetime | int | None:
    """Give the start of the last unbroken stretch of bad windows, None when the latest window is not bad."""
    start = None
    for figure in series:
        start = (start if start is not None else figure.at) if figure.verdict in BAD else None
    return start


def urgency(figure: Figure) -> tuple[int, int, int, bool, float]:
    """Order findings, worst first: verdict and severity, then the broad before the narrow, then distance from the threshold.

    Of thirty groups the one with the most extreme value is the one that chance has helped most; a gap between two whole groups is
    said before the gap in one corner of it, and all versions before one.
    """
    severity = SEVERITIES.index(figure.severity) if figure.severity in SEVERITIES else len(SEVERITIES)
    verdict = {"fail": 0, "error": 1, "warn": 2}.get(figure.verdict or "", 3)
    breadth = max(len(figure.slice), (figure.attribute or "").count(",") + 1 if figure.attribute else 0)
    return (verdict, severity, breadth, figure.version is not None, -excess(figure))


def excess(figure: Figure) -> float:
    """How far outside its threshold a value lies, in proportion to the threshold; 0 inside."""
    for edge, side in ((figure.threshold_min, -1), (figure.threshold_max, 1)):
        if edge is not None and figure.value is not None and side * (figure.value - edge) > 0:
            return abs(figure.value - edge) / max(abs(edge), 1e-9)
    return 0.0


QUALITY = frozenset(
    {
        "missing_rate", "unseen_category_rate", "out_of_range_rate", "duplicate_rate", "volume", "freshness", "label_coverage",
        "quarantine_rate", "constant_column",
    }
)  # fmt: skip


def link(figure: Figure) -> str:
    """Give the page of the dashboard, with its query, that shows a figure."""
    from urllib.parse import urlencode

    from dashboard.url_state import View, encode

    if figure.name in QUALITY:
        page, view = "data", View(model=figure.model)
    elif figure.column is not None:
        page, view = "drift", View(model=figure.model, column=figure.column, statistic=figure.name)
    elif figure.attribute is not None or figure.slice:
        page, view = "fairness", View(model=figure.model, attribute=figure.attribute, measure=figure.name)
    else:
        page, view = "performance", View(model=figure.model, measure=figure.name)
    return f"/{page}?{urlencode(encode(view))}"
