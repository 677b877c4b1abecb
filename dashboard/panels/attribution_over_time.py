"""Attributions window by window: how large each is, whose has shifted from the reference's, and whether the order is still the same."""

from __future__ import annotations

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import compact, signed, significance
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, known, known_in, show, table, text
from dashboard.page import PageContext
from dashboard.panels import explanation_words as words
from dashboard.panels.absent import absent
from dashboard.panels.log_checks import newest
from reports import explained, series
from reports import strings as wording
from reports.figure import Figure

SHIFT, SIMILARITY = "attribution_shift", "attribution_ranking_similarity"
MOST = 20


def sizes(context: PageContext) -> None:
    """Mean attribution of each feature in each window, as a map with its table."""
    past = data.figures(*context.key, names=(explained.ATTRIBUTION,), whole=False, population=True, columns=True)
    order = ordered([each for each in past if each.value is not None])
    spec = series.heat(past, order[:MOST]) if order else None
    if spec is None:
        absent(context, (explained.ATTRIBUTION,), words.NO_OVER_TIME, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    chart.picture(spec, width=1280)
    chart.folded_table(spec)


def ordered(figures: list[Figure]) -> list[str]:
    """Features by their largest attribution in any window."""
    largest: dict[str, float] = {}
    for each in figures:
        largest[each.column or ""] = max(largest.get(each.column or "", 0.0), each.value or 0.0)
    return sorted(largest, key=lambda name: (-largest[name], name))


def similarity(context: PageContext) -> None:
    """Whether features are ranked as in the reference."""
    past = data.figures(*context.key, names=(SIMILARITY,), whole=False, population=True, columns=False)
    known_ = [each for each in past if each.value is not None]
    if not known_:
        absent(context, (SIMILARITY,), words.NO_SIMILARITY, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    last = newest(known_)[0]
    show(Html(f'<p class="c-lead">{text(wording.sentence(last))}.</p>'))
    clock = past[0].window_start is not None
    spec = trend(SIMILARITY, [("", past)], events=marks(context.snapshot, context.model, clock))
    chart.picture(spec, width=620)
    chart.folded_table(spec)


def shifts(context: PageContext) -> None:
    """How far each feature's attribution now differs from the reference's: over the whole period, and in the newest complete window."""
    found = data.figures(*context.key, names=(SHIFT,), whole=None, population=True, columns=True)
    whole = {each.column: each for each in found if each.whole and each.value is not None}
    latest = {each.column: each for each in newest([each for each in found if not each.whole and each.value is not None])}
    columns = sorted({*whole, *latest}, key=lambda name: -max(abs(side[name].value or 0.0) for side in (whole, latest) if name in side))
    if not columns:
        absent(context, (SHIFT,), words.NO_SHIFTS, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    clearest = [*whole.values(), *latest.values()]
    widest = min(clearest, key=lambda each: (each.q_value is None or each.q_value >= 0.05, -abs(each.value or 0.0)))
    show(Html(f'<p class="c-lead">{text(wording.sentence(widest))}.</p>'))
    held = attributions(context)
    heads = [
        Column(head="Feature", css="tight"), Column(head=known_in(words.TERMS, "Shift, whole period [95%]", "shift"), css="num"),
        Column(head=known("q", "q"), css="num"), Column(head="Newest complete window [95%]", css="num"),
        Column(head=known("q", "q"), css="num"), Column(head="Mean attribution", css="num"),
    ]  # fmt: skip
    rows = []
    for name in columns[:MOST]:
        sides = [(signed(side[name]), significance(side[name].q_value)) if name in side else (wording.DASH, wording.DASH)
                 for side in (whole, latest)]  # fmt: skip
        rows.append([wording.name_of(name), *sides[0], *sides[1], compact(held[name]) if name in held else wording.DASH])
    marked = next((place for place, name in enumerate(columns[:MOST]) if name == context.view.column), None)
    show(table(words.SHIFTS, heads, rows, chosen=marked, height=360))


def attributions(context: PageContext) -> dict[str | None, Figure]:
    """Mean attribution of each feature over the whole period."""
    found = data.figures(*context.key, names=(explained.ATTRIBUTION,), population=True, columns=True)
    return {each.column: each for each in found if each.value is not None}
