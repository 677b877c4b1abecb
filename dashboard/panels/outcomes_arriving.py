"""How outcomes arrive: the share known by days since the prediction."""

from __future__ import annotations

from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Html, show, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import series
from reports import strings as wording
from reports.figure import Figure


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the curve with its table."""
    found = scope.read(context, "label_maturity", population=True, window=None, whole=True, version=None, tables=True)
    spec = series.lag(found[0]) if found else None
    if spec is None:
        not_enough(reason(found[0]) if found and found[0].reason and found[0].value is None else words.NO_ARRIVAL)
        return
    show(Html(f'<p class="c-lead">{text(arrival(found[0]))}</p>'))
    chart.picture(spec)
    chart.folded_table(spec)


def arrival(figure: Figure) -> str:
    """How long outcomes take, in words."""
    tables = figure.tables or {}
    said = []
    if tables.get("median_days") is not None and tables.get("days_95") is not None:
        half, most = (wording.number(float(tables[key]), "plain") for key in ("median_days", "days_95"))
        said.append(f"of the outcomes that arrive, half do within {half} days and 95 of 100 within {most}")
    if tables.get("eventually") is not None:
        said.append(f"{wording.number(tables['eventually'], 'percent')} of predictions get one")
    if figure.value is not None:
        said.append(f"{wording.number(figure.value, 'percent')} of the {wording.count(round(tables.get('due') or 0))} due by now are known")
    sentence = "; ".join(said)
    return sentence[:1].upper() + sentence[1:] + "." if sentence else ""
