"""A change of a rate as a sum: who was there, and how each group fared; as a waterfall, then level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import data
from dashboard.components import chart
from dashboard.components.choose import choose
from dashboard.components.markup import Column, Html, known_in, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import drift_words as words
from reports import charts, glossary
from reports import strings as wording
from reports.figure import Figure

SUFFIX = "_mix_effect"
MOST = 12


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the menus, the sentence, the waterfall and the levels."""
    held = sorted(name for name in data.names(*context.key) if name.endswith(SUFFIX))
    found = data.figures(*context.key, names=tuple(held), window=scope.window, tables=True, columns=None) if held else ()
    splits = {(each.name.removesuffix(SUFFIX), about(each)): each for each in found if split(each) is not None}
    if not splits:
        not_enough(next((each.reason for each in found if each.reason), words.NO_SPLIT))
        return
    rates = list(dict.fromkeys(rate for rate, _ in splits))
    first, second, _ = st.columns([1.4, 1.4, 3], vertical_alignment="bottom")
    with first:
        rate = choose(context, "measure", "Rate", rates, words=title_of, default=worst(splits)[0]) or rates[0]
    segments = [segment for name, segment in splits if name == rate]
    default = worst({key: each for key, each in splits.items() if key[0] == rate})[1]
    with second:
        segment = choose(context, "attribute", "Split over", segments, words=wording.attribute, default=default) or segments[0]
    tables = split(splits[rate, segment]) or {}
    show(Html(f'<p class="c-lead">{text(sentence(rate, segment, tables))}</p>'))
    chart.picture(waterfall(rate, segment, tables), width=900)
    levels(segment, tables, wording.display_unit(rate))


def title_of(rate: str) -> str:
    """A rate's plain name."""
    return glossary.term(rate).title


def about(figure: Figure) -> str:
    """What a change is split over: a protected attribute, a segment, or the score."""
    return figure.attribute or figure.column or ""


def split(figure: Figure) -> Mapping[str, Any] | None:
    """The tables of a split, where it could be computed."""
    tables = figure.tables or {}
    return tables if tables.get("mix_effect") is not None and tables.get("rate_effect") is not None else None


def worst(splits: Mapping[tuple[str, str], Figure]) -> tuple[str, str]:
    """The split of the largest change, and among those the one over which the mix matters most."""
    return max(splits, key=lambda key: (abs((splits[key].tables or {}).get("change") or 0.0), abs(splits[key].value or 0.0)))


def sentence(rate: str, segment: str, tables: Mapping[str, Any]) -> str:
    """The split in one sentence."""
    title, unit = glossary.term(rate).title, wording.display_unit(rate)
    step = "points" if unit == "percent" else unit
    before, now = wording.number(tables.get("reference"), unit), wording.number(tables.get("value"), unit)
    against = "the first complete window" if tables.get("against") == "first window" else "the reference"
    parts = [spoken(tables.get(f"{name}_effect"), tables.get(f"{name}_low"), tables.get(f"{name}_high"), step) for name in ("mix", "rate")]
    moved = f"{title} {now}, from {before} in {against}: {parts[0]} because other people came"
    return f"{moved}, {parts[1]} because the same people by {wording.attribute(segment)} fare otherwise."


def waterfall(rate: str, segment: str, tables: Mapping[str, Any]) -> charts.WaterfallChart:
    """Reference, mix, rate, now; the largest levels of each are in the table."""
    unit = wording.display_unit(rate)
    steps = tuple(
        charts.Step(
            label=label, size=float(tables[f"{name}_effect"]), low=tables.get(f"{name}_low"), high=tables.get(f"{name}_high"), group=group
        )
        for label, name, group in (("Who came (mix)", "mix", 5), ("How they fared (rate)", "rate", 2))
    )
    start, end = float(tables["reference"]), float(tables["value"])
    title = f"{glossary.term(rate).title} split over {wording.attribute(segment)}"
    return charts.WaterfallChart(
        title=title, unit=unit, step_unit="points" if unit == "percent" else unit, alt=f"{title}. {sentence(rate, segment, tables)}",
        start_label="Reference", start=start, end_label="Now", end=end, steps=steps,
    )  # fmt: skip


def levels(segment: str, tables: Mapping[str, Any], unit: str) -> None:
    """Level by level: shares and rates then and now, and what each adds."""
    names = ("levels", "n", "reference_n", "reference_share", "share", "reference_rates", "rates", "mix_parts", "rate_parts")
    lines = [dict(zip(names, line, strict=False)) for line in zip(*(tables.get(name) or () for name in names), strict=False)]
    lines.sort(key=lambda line: -abs(line["mix_parts"] or 0.0) - abs(line["rate_parts"] or 0.0))
    step = "points" if unit == "percent" else unit
    rows: list[Sequence[object]] = []
    for line in lines[:MOST]:
        rows.append(
            [
                wording.name_of(str(line["levels"])),
                f"{wording.number(line['reference_share'], 'percent')} → {wording.number(line['share'], 'percent')}",
                f"{wording.number(line['reference_rates'], unit)} → {wording.number(line['rates'], unit)}",
                signed(line["mix_parts"], step), signed(line["rate_parts"], step),
                f"{wording.count(line['reference_n'])} → {wording.count(line['n'])}",
            ]
        )  # fmt: skip
    heads = [
        Column(head=wording.attribute(segment), css="tight"), Column(head="Share of rows", css="num"), Column(head="Rate", css="num"),
        Column(head=known_in(words.TERMS, "Mix", "mix"), css="num"), Column(head=known_in(words.TERMS, "Rate effect", "rate"), css="num"),
        Column(head="n", css="num quiet"),
    ]  # fmt: skip
    show(table(words.SPLIT, heads, rows, height=300))


def spoken(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """A part inside a sentence, where percentage points are called points, once."""
    shown = " ".join(part for part in wording.parts(value, low, high, unit) if part)
    return shown.replace(" pp", " points", 1).replace(" pp", "") if unit == "points" else shown


def signed(value: float | None, unit: str) -> str:
    """A part with its sign."""
    return wording.DASH if value is None else ("+" if value > 0 else "") + wording.number(value, unit)
