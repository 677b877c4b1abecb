"""One prediction, explained on request: what moved its score, reasons, what would have changed it, and similar past cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from audits.explanation import Explanation
from audits.explanation_parts import Case, Counterfactual
from connectors.errors import CandorError
from dashboard import data
from dashboard.components import chart
from dashboard.components.markup import Column, Html, known_in, show, span, table, text
from dashboard.components.states import banner, panel
from dashboard.page import PageContext
from dashboard.panels import one_words as words
from reports import attribution_series
from reports import strings as wording
from reports.explanation_handout import handout
from reports.explanation_words import change, flags, shown, told, turned_lead, value_line

MOST_VALUES, MOST_CHANGES, MOST_CASES, MOST_VIEWS = 30, 5, 10, 20


def draw(context: PageContext) -> None:
    """Ask for an id, and explain the prediction that the link names."""
    with panel("ask", words.ONE, words.ONE_LEAD):
        asked = ask(context)
        show(span(words.RECORDED, "c-note"))
        found = look_up(context, asked) if asked else None
        if not asked:
            banner(words.NO_ID, "info", "○")
        said = told(found) if found is not None else {}
        if found is not None:
            heads(found, said)
    if found is not None:
        in_full(found, said)
        for_the_person(context, found)
    looks(context)


def ask(context: PageContext) -> str:
    """The id in the link; the box writes it there."""
    wanted = context.view.prediction or ""
    with st.form("ask-prediction", border=False, enter_to_submit=True):
        box, button, _ = st.columns([3, 1, 4], vertical_alignment="bottom")
        with box:
            st.text_input(words.ASK, value=wanted, key="prediction-id", help=words.ASK_HELP, max_chars=200)
        with button:
            st.form_submit_button(words.ASKED, on_click=_write, type="primary")
    return wanted


def _write() -> None:
    wanted = str(st.session_state.get("prediction-id") or "").strip()
    if wanted:
        st.query_params["prediction"] = wanted
    else:
        st.query_params.pop("prediction", None)


def look_up(context: PageContext, id: str) -> Explanation | None:
    """Ask for the explanation, which writes down who looked; an error in its own sentence."""
    from dashboard import explaining  # what asks a model is not loaded for pages that do not

    version = context.view.version if context.view.version in data.versions(*context.key) else None
    try:
        with st.spinner(words.WORKING):
            return explaining.explained(context.snapshot.config, context.model.model, id, who=explaining.who(), version=version)
    except CandorError as error:
        banner(str(error), "fail", "✕ Error.")
        return None


def heads(found: Explanation, said: Mapping[str, Sequence[str]]) -> None:
    """What answered, where that is not the model as it was logged; what was decided, and what became of it."""
    for line in said.get("basis", ()):
        banner(line, "info" if found.kind == "surrogate" else "warn", words.SURROGATE if found.kind == "surrogate" else words.DIFFERS)
    show(Html(f'<p class="c-lead">{text(" ".join(said.get("decision", ())))}</p>'))
    notes = [*said.get("absent", ()), " · ".join(said.get("budget", ()))]
    show(Html('<p class="c-note">' + "<br>".join(text(line) for line in notes if line) + "</p>"))


def in_full(found: Explanation, said: Mapping[str, Sequence[str]]) -> None:
    """The parts of the explanation, each in a panel of its own."""
    why = {each.part: each.reason for each in found.absent}
    with panel("waterfall", known_in(words.TERMS, words.MADE_OF, "attribution"), words.MADE_OF_LEAD):
        waterfall(found, said, why.get("attributions") or why.get("model") or words.NO_ATTRIBUTIONS)
    left, right = st.columns(2, gap="small")
    with left, panel("reasons", words.REASONS, words.REASONS_LEAD):
        notes = flags(found) if found.reasons is not None else ()
        listed([line for line in said.get("reasons", ()) if line not in notes], why.get("reasons") or words.NO_REASONS)
        for line in notes:
            show(Html(f'<p class="c-note">{text(line)}</p>'))
    with right, panel("counterfactuals", words.WOULD_CHANGE, words.WOULD_CHANGE_LEAD):
        changes(found, said.get("counterfactuals", ()), why.get("counterfactuals") or words.NO_CHANGE)
    with panel("cases", words.SIMILAR, words.SIMILAR_LEAD):
        cases(found, said.get("cases", ()), why.get("cases") or words.NO_SIMILAR)


def nothing(reason: str) -> None:
    """Why a part is not there."""
    banner(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.", "info", "○")


def listed(lines: Sequence[str], otherwise: str) -> None:
    """A sentence, and what it is about one below the other."""
    if not lines:
        nothing(otherwise)
        return
    show(Html(f'<p class="c-lead">{text(lines[0])}</p>'))
    if len(lines) > 1:
        show(Html('<ul class="c-causes">' + "".join(f"<li>{text(line)}</li>" for line in lines[1:]) + "</ul>"))


def waterfall(found: Explanation, said: Mapping[str, Sequence[str]], otherwise: str) -> None:
    """The sum as a picture, with every input beside it."""
    spec = attribution_series.of_one(found)
    if spec is None or found.waterfall is None:
        nothing(otherwise)
        return
    for line in said.get("attributions", ())[:1]:
        show(Html(f'<p class="c-lead">{text(line)}</p>'))
    left, right = st.columns([6, 5], gap="medium")
    with left:
        chart.picture(spec, width=680)
    with right:
        held = {each.column: each for each in found.values}
        kept = {each.column: each for each in (found.stability.kept if found.stability is not None else ())}
        columns = [
            Column(head="Input", css="tight"), Column(head="Here", css="num"), Column(head="Usually", css="num quiet"),
            Column(head=known_in(words.TERMS, "Attribution", "attribution"), css="num"),
            Column(head=known_in(words.TERMS, "Steady", "steady"), css="num quiet"),
        ]  # fmt: skip
        rows = []
        for share in found.waterfall.shares[:MOST_VALUES]:
            usual, steady = held.get(share.column), kept.get(share.column)
            value, interval = wording.parts(share.attribution, share.low, share.high, "decimal")
            rows.append([
                wording.name_of(share.column), span(shown(share.value), title=value_line(usual) if usual is not None else ""),
                shown(usual.typical) if usual is not None else wording.DASH,
                Html(f"{text(('+' if share.attribution > 0 else '') + value)} {span(interval, 'c-note')}"),
                wording.number(steady.same_side, "percent") if steady is not None else wording.DASH,
            ])  # fmt: skip
        show(table(words.MADE_OF, columns, rows, height=380))
    for line in said.get("stability", ()):
        show(span(line, "c-note"))


def changes(found: Explanation, said: Sequence[str], otherwise: str) -> None:
    """The nearest changes that turn the decision round."""
    turned = found.counterfactuals
    if turned is None:
        nothing(otherwise)
        return
    if turned.found:
        columns = [
            Column(head="Change", css="wide"), Column(head=known_in(words.TERMS, "Size", "cost"), css="num"),
            Column(head="Score then", css="num"),
        ]  # fmt: skip
        rows = [
            [in_words(each), wording.number(each.cost, "ratio"), wording.number(each.score, "decimal", against=turned.threshold)]
            for each in turned.found[:MOST_CHANGES]
        ]
        show(Html(f'<p class="c-lead">{text(turned_lead(found, turned.wanted))}:</p>'))
        show(table(words.WOULD_CHANGE, columns, rows))
    show(Html(f'<p class="c-note">{text(" ".join(said[len(turned.found) :]))}</p>'))


def in_words(each: Counterfactual) -> Html:
    """The changes that go together."""
    return Html("<br>".join(text(change(one)) for one in each.changes))


def cases(found: Explanation, said: Sequence[str], otherwise: str) -> None:
    """Similar past cases, and what became of them."""
    held = found.cases
    if held is None or not held.cases:
        nothing(otherwise)
        return
    show(Html(f'<p class="c-lead">{text(" ".join(said))}</p>'))
    shares = found.waterfall.shares if found.waterfall is not None else ()
    names = [each.column for each in shares if each.column in held.cases[0].values][:4] or list(held.cases[0].values)[:4]
    columns = [
        Column(head="Case", css="tight"), Column(head="When", css="tight quiet"),
        Column(head=known_in(words.TERMS, "Distance", "near"), css="num"),
        *(Column(head=wording.name_of(name), css="num") for name in names), Column(head="Score", css="num"),
        Column(head="Decided", css="tight"), Column(head="Outcome", css="tight"),
    ]  # fmt: skip
    show(table(words.SIMILAR, columns, [case(each, names) for each in held.cases[:MOST_CASES]], height=360))


def case(each: Case, names: Sequence[str]) -> list[object]:
    """One case as a line."""
    decided, became = (wording.DASH if side is None else words.FAVORABLE if side else words.UNFAVORABLE
                       for side in (each.favorable, each.outcome_favorable))  # fmt: skip
    if each.outcome is not None:
        became = wording.name_of(each.outcome) + (f" ({became})" if each.outcome_favorable is not None else "")
    elif each.outcome_favorable is None:
        became = words.NOT_KNOWN
    return [
        wording.name_of(each.id), wording.moment(each.at) + (words.LATER if each.later else ""), wording.number(each.distance, "ratio"),
        *(shown(each.values.get(name)) for name in names), wording.number(each.score, "decimal"), decided, became,
    ]  # fmt: skip


def for_the_person(context: PageContext, found: Explanation) -> None:
    """The page in plain words that can be handed to the person, to read and to keep."""
    with st.expander(words.HANDOUT):
        page = handout(found, owner=context.model.owner)
        st.code(page, language=None)
        st.download_button(words.KEEP, page, file_name=words.HANDOUT_FILE, mime="text/plain", on_click="ignore")


def looks(context: PageContext) -> None:
    """Who looked at which prediction lately."""
    from dashboard import explaining

    found = explaining.views(context.snapshot.config, context.model.model, MOST_VIEWS)
    if not found:
        return
    with st.expander(words.LOOKS):
        heads_ = [Column(head="When", css="tight"), Column(head="Who", css="tight"), Column(head="Prediction", css="tight"),
                  Column(head="Version", css="wide quiet")]  # fmt: skip
        rows = [[wording.moment(each.at), wording.name_of(each.who), wording.name_of(each.id),
                 wording.name_of(each.version) if each.version else wording.DASH] for each in found]  # fmt: skip
        show(table(words.LOOKS, heads_, rows, height=300))
