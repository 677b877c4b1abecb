"""Which features give a protected group away, one by one and all together."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.components import chart
from dashboard.components.figure_table import compact, reason, significance
from dashboard.components.markup import Column, Html, known, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from dashboard.panels.weak_spots import not_run
from reports import charts, series
from reports import strings as wording
from reports.figure import Figure

MOST = 12


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the strongest features with their intervals, the table, and what all features together tell."""
    found = scope.read(
        context, "proxy_strength", attribute=scope.attribute, columns=None, column=None, window=None, whole=True, version=None, tables=True
    )
    own = sorted((each for each in found if each.column is not None and each.value is not None), key=lambda each: -(each.value or 0.0))
    if not own:
        not_enough(next((reason(each) for each in found if each.reason), words.NO_PROXIES))
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(own[0]))}.</p>'))
    points = tuple(series.point(each, wording.name_of(each.column)) for each in own[:MOST])
    alt = f"{words.PROXIES}: {'; '.join(point.said('decimal') for point in points)}."
    chart.picture(charts.IntervalChart(title=words.PROXIES, unit="decimal", alt=alt, points=points, head="Feature"), width=760)
    columns = [
        Column(head="Feature", css="tight"),
        Column(head="Strength [95%]", css="num"),
        Column(head=known("q", "q"), css="num"),
        Column(head=known("Best guess right", "guess"), css="num"),
        Column(head="Largest group", css="num"),
        Column(head=known("AUC", "auc"), css="num"),
        Column(head="What tells most", css="wide quiet"),
        Column(head=known("n", "n"), css="num"),
    ]
    show(table(words.PROXIES, columns, [line(each) for each in own], height=380))


def line(figure: Figure) -> Sequence[object]:
    """One feature."""
    held = figure.tables or {}
    top = next(iter(held.get("telling") or ()), None)
    telling = (
        f"{wording.name_of(top['bin'])}: {wording.number(top['share'], 'percent')} {wording.name_of(top['level'])}, "
        f"{wording.number(top['overall'], 'percent')} of all"
        if top
        else wording.DASH
    )
    return [
        wording.name_of(figure.column),
        compact(figure),
        significance(figure.q_value),
        wording.number(held.get("accuracy"), "percent"),
        wording.number(held.get("majority"), "percent"),
        wording.number(held.get("auc"), "decimal"),
        telling,
        wording.count(figure.n),
    ]


def together(context: PageContext, scope: Scope) -> None:
    """What all features together tell of the group, or the line that finds out."""
    found = scope.read(context, "proxy_strength", attribute=scope.attribute, window=None, whole=True, version=None, tables=True)
    figure = next((each for each in found if each.column is None), None)
    if figure is None or figure.value is None or not figure.tables:
        why = reason(figure) if figure is not None else ""
        if figure is None or "--what-if" in why:
            not_run(context)
        else:
            not_enough(why)
        return
    held = figure.tables
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    said = []
    for key, title, unit in (("auc", "AUC", "decimal"), ("balanced_accuracy", "balanced accuracy of the guess", "percent")):
        if held.get(key) is not None:
            said.append(f"{title} {' '.join(wording.parts(held[key], held.get(f'{key}_low'), held.get(f'{key}_high'), unit))}")
    if held.get("chance") is not None:
        said.append(f"guessing blindly is right in {wording.number(held['chance'], 'percent')}")
    if said:
        show(span(f"{'; '.join(said)}.", "c-sentence"))
    if held.get("recall"):
        rows = [[wording.name_of(level), wording.number(share, "percent")] for level, share in held["recall"].items()]
        show(table(words.TOGETHER, [Column(head="Group", css="tight"), Column(head="Recognised", css="num")], rows))
    if held.get("rows_used"):
        show(span(words.rows_read(int(held["rows_used"]), int(held.get("rows_available") or held["rows_used"])), "c-note"))
