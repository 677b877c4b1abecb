"""The audit report as one self-contained HTML page: no script, no request, readable in light and dark, printable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from audits.finding import AuditRun, ModelRun
from reports import charts, glossary, palette, pen, strings
from reports.alert_lines import NONE, AlertsOfPeriod, when
from reports.attention import BAD, notes
from reports.charts import ChartSpec, HeatMap, Mark, ReliabilityChart
from reports.figure import Figure
from reports.scales import position
from reports.sections import drift, explanations, fairness, performance, rest, robustness, tradeoffs
from reports.sections.lines import MOST_ITEMS, Findings, attention

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

WIDE = 1080.0


def audit(run: AuditRun, model: ModelRun, figures: Sequence[Figure], marks: Sequence[Mark] = (), alerts: AlertsOfPeriod = NONE) -> bytes:
    """Return the full audit report about one model; `figures` are those to show, small cells already withheld."""
    found = Findings(all=figures, marks=marks)
    attributes, segments = fairness.breakdowns(found, model)
    items = attention(figures)
    coverage = model.coverage
    accepted = coverage.available - coverage.duplicate - coverage.quarantined
    style = stylesheet()
    failures = [(each.name, each.reason) for each in model.errors]
    text = (
        _environment()
        .get_template("audit.html.jinja")
        .render(
            run=run,
            model=model,
            card=model.card,
            style=style,
            policy=_policy(style),
            title=model.card.get("title") or model.model,
            period=_period(figures),
            known=found.one("label_coverage"),
            reference=_reference(model),
            ledger=strings.ledger(coverage.available, accepted, coverage.duplicate, coverage.quarantined),
            accepted=accepted,
            items=items,
            notes=notes(figures),
            most_items=MOST_ITEMS,
            critical=sum(item.verdict in ("fail", "error") for item in items),
            warnings=sum(item.verdict == "warn" for item in items),
            used=performance.used(found),
            performance=performance.performance(found),
            versions=performance.versions(found),
            classes=performance.classes(found),
            attributes=attributes,
            segments=segments,
            weighted=fairness.weighted(found),
            proxies=fairness.proxies(found),
            tradeoffs=tradeoffs.tradeoffs(found, {part.title for part in attributes if part.items}),
            alerts=alerts,
            drift=drift.drift(found, model.causes),
            quality_trends=rest.quality_trends(found),
            quality=rest.quality(found),
            explanations=explanations.explanations(found, failures),
            robustness=robustness.robustness(found, failures),
            rules=rest.policy(found),
            changes=rest.policy_changes(run, model.model),
            gaps=[*rest.gaps(found), *((glossary.term(f.name).title, f.reason) for f in model.errors if not f.error)],
            errors=[f for f in model.errors if f.error],
            methods=rest.methods(found),
            marks=sorted(marks, key=lambda mark: position(mark.at)),
            withheld=sum(f.suppressed for f in figures),
            withheld_bad=_withheld_bad(model, figures),
        )
    )
    return text.encode("utf-8", "replace")


def _withheld_bad(model: ModelRun, figures: Sequence[Figure]) -> int:
    """Count the withheld figures over the whole period, all versions together, that are outside their policy; not which they are."""
    verdicts = model.findings.column("verdict").to_pylist()
    return sum(f.suppressed and f.whole and f.version is None and v in BAD for f, v in zip(figures, verdicts, strict=True))


def _period(figures: Sequence[Figure]) -> str:
    whole = next((f for f in figures if f.whole), None)
    return strings.window_of(whole) if whole is not None else strings.DASH


def _reference(model: ModelRun) -> str:
    reference = model.reference
    span = strings.window(reference.start, reference.end, reference.first_row, reference.last_row)
    kind = {
        "until": "rows before the analysed period",
        "rows": "the first rows",
        "version": "an earlier version",
        "source": "a source of its own",
        "first window": "the first complete window, which is also analysed",
    }.get(reference.kind, reference.kind)
    return f"{span}, n = {strings.count(reference.n)} ({kind})" if span != strings.DASH else f"{kind}, n = {strings.count(reference.n)}"


def _policy(style: str) -> str:
    """Return the content security policy: nothing may load or run; the one style sheet is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def stylesheet() -> str:
    """Return the style sheet with the colours of both themes in front."""
    light, dark = (";".join(f"{name}:{value}" for name, value in palette.variables(theme).items()) for theme in ("light", "dark"))
    return f":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n" + (
        files("reports") / "templates" / "audit.css"
    ).read_text("utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def draw(spec: ChartSpec) -> Markup:
        # to_svg escapes through the XML library; what it returns is markup.
        wide = isinstance(spec, HeatMap)
        return Markup(charts.to_svg(spec, "page", width=WIDE) if wide else charts.to_svg(spec, "page"))

    def mark(verdict: str | None) -> Markup:
        return Markup(pen.icon(verdict))

    made.filters.update(safe_name=_safe, count=strings.count, moment=strings.moment)
    made.globals.update(
        draw=draw,
        mark=mark,
        word=strings.verdict_word,
        term=glossary.term,
        dash=strings.DASH,
        when=when,
        percent=lambda share: strings.number(share, "percent"),
        narrow=lambda spec: ("narrow" if len(spec.curves) == 1 else "middling") if isinstance(spec, ReliabilityChart) else "",
        wide=lambda spec: isinstance(spec, HeatMap),
    )
    return made


def _safe(value: Any) -> str:
    return strings.safe(str(value)) if value not in (None, "") else strings.DASH
