"""What an explanation of one prediction says, part by part, in plain sentences: for the page and the command line."""

from __future__ import annotations

from typing import Final

from audits.explanation import Explanation
from audits.explanation_parts import Counterfactual, Side
from reports import strings
from reports.explanation_values import change, changed, column_name, detail, reason, shown, value_line
from reports.quantities import count, number, parts

__all__ = [
    "TITLES", "absent", "attributions", "basis", "budget", "cases", "change", "changed", "column_name", "counterfactuals", "decision",
    "detail", "flags", "protected", "reason", "reasons", "shown", "stability", "told", "turned_lead", "value_line",
]  # fmt: skip
TITLES: Final = {
    "basis": "What is explained",
    "decision": "What was decided",
    "attributions": "What drove the answer",
    "stability": "How steady that is",
    "reasons": "Principal reasons",
    "cases": "Similar cases, and what became of them",
    "counterfactuals": "What would have turned it round",
    "absent": "What cannot be said",
    "budget": "What this rests on",
}
"""The parts in the order in which they are told."""

PART_NAMES: Final = {
    "model": "the model",
    "attributions": "what drove the answer",
    "stability": "how steady that is",
    "cases": "similar cases",
    "counterfactuals": "what would have turned it round",
    "reasons": "principal reasons",
}
SURROGATE: Final = (
    "No model file is configured, so a surrogate is explained: a model of our own, trained on the logged scores. "
    "It follows them with R squared {fidelity} out of fold. What it says need not be what the model did."
)
NOT_FOR_NOTICES: Final = "A surrogate's reasons are not the factors that were actually used: do not put them into an adverse action notice."
MISMATCH: Final = (
    "The model answers {answer} today where {score} was logged: another file or other inputs decided then. "
    "What follows is about the model as it answers today."
)
NOT_SHOWN: Final = (
    "Nothing in the log shows that this is the model that decided: no score was logged that its answer could be held against. "
    "What follows is about the model as it answers today."
)
ADDS_UP: Final = "The attributions add up from the reference's mean to this answer, on the {scale}."
STEADY: Final = (
    "With the reference rows drawn anew {draws} times, the same {size} inputs are the most telling ones in {same} of the draws, "
    "with the same first one in {first}."
)
NEAR: Final = "The {k} nearest logged predictions lie {first} to {last} spreads away; half of all lie beyond {usual}."
LATER: Final = "{later} of these {k} were logged later than this one, so nobody could know of them when it was decided."
SIDES: Final = {"favorable": "in favor", "unfavorable": "against", "neither": ""}
ODD: Final = {
    "missing": "is missing",
    "unseen": "holds a value that the reference does not",
    "outside": "lies outside the range of the reference",
}
NONE_FOUND: Final = "No possible change was found that turns the decision round, of {asked} that the {kind} was asked about in {seconds} s."
DEADLINE: Final = "The search was ended by its deadline of {deadline} s: there may be a cheaper one."
ANSWER_ONLY: Final = "This is what the {kind} would answer. Nobody says that one value can be changed alone, or that it should be."
TURNED: Final = {
    "favorable": "The decision would have been favorable if",
    "unfavorable": "The favorable decision would have been lost if",
    "neither": "The model would have decided otherwise if",
}
SURROGATE_TURNED: Final = {
    "favorable": "The surrogate would have decided favorably if",
    "unfavorable": "The surrogate would not have decided favorably if",
    "neither": "The surrogate would have decided otherwise if",
}
SIDE_BY_SIDE: Final = "For the same row the surrogate answers {answer}."
ADVERSE: Final = "The decision was adverse. These inputs pushed the answer against the person, the most telling first."
NOT_ADVERSE: Final = "The decision was favorable: no reason is owed. These inputs pushed against it all the same."
UNDECIDED: Final = "No decision is known. These inputs pushed against the person."
NO_PUSH: Final = "No input pushed against the person for certain."
FIRST_WINDOW: Final = "No reference is configured, so it is held against the first complete window."
PROTECTED: Final = "Apart from the reasons: {column} is a protected attribute, and the {kind} uses it."


def told(found: Explanation) -> dict[str, tuple[str, ...]]:
    """Sentences by part, in the order of `TITLES`; a part with nothing to say is left out."""
    made = {
        "basis": basis(found), "decision": decision(found), "attributions": attributions(found), "stability": stability(found),
        "reasons": reasons(found), "cases": cases(found), "counterfactuals": counterfactuals(found), "absent": absent(found),
        "budget": budget(found),
    }  # fmt: skip
    return {part: lines for part, lines in made.items() if lines}


def basis(found: Explanation) -> tuple[str, ...]:
    """What was asked: always first."""
    if found.kind == "surrogate":
        fidelity = found.fidelity
        value = " ".join(parts(fidelity.value, fidelity.low, fidelity.high, "decimal")).strip() if fidelity is not None else strings.DASH
        return (SURROGATE.format(fidelity=value),)
    about = found.prediction
    if found.kind == "model" and about.matches is False:
        return (MISMATCH.format(answer=number(about.answer, "decimal"), score=number(about.score, "decimal")),)
    if found.kind == "model" and about.score is None:
        return (NOT_SHOWN,)
    return ()


def decision(found: Explanation) -> tuple[str, ...]:
    """Decision, score, cut-off and outcome."""
    about, cut = found.prediction, found.prediction.cut_off
    when = f" on {strings.moment(about.at)}" if about.at is not None else ""
    which = f", by version {strings.name_of(about.version)}" if about.version is not None else ""
    words = {True: "favorable", False: "not favorable", None: "not known"}
    said = "" if about.decision is None else f" (logged as {strings.name_of(about.decision)})"
    lines = [f"{strings.name_of(about.id)}{which}{when}."]
    if found.task != "regression":
        plain = said and about.favorable is None  # nobody says what is favorable
        lines.append(f"The decision was {strings.name_of(about.decision) if plain else words[about.favorable] + said}.")
    if len(about.versions) > 1:
        lines.append(f"Several versions logged this id: {', '.join(map(strings.name_of, about.versions))}.")
    of_label = "" if about.label is None else f" for {strings.name_of(about.label)}"
    if about.score is None:
        today = "" if about.answer is None else f" Today the {found.kind or 'model'} answers {number(about.answer, 'decimal')}."
        lines.append(f"No score was logged{of_label}.{today}")
    else:
        unit = "plain" if found.task == "regression" else "decimal"
        beside = about.answer if found.kind == "surrogate" else None
        against = None if cut is None else cut.value
        lines.append(f"The score{of_label} was {number(about.score, unit, against=against)}.")
        if beside is not None:
            lines.append(SIDE_BY_SIDE.format(answer=number(beside, unit, against=against)))
    if cut is not None:
        side = "from there on" if cut.above == "favorable" else "up to there"
        share = number(cut.agreement, "percent")
        lines.append(
            f"Decisions turn at {turning(cut.value)}, favorable {side}: {share} of {count(cut.n)} logged decisions follow that."
        )
    if about.outcome is not None:
        known = "" if about.outcome_favorable is None else f" ({words[about.outcome_favorable]})"
        lines.append(f"The outcome is known: {strings.name_of(about.outcome)}{known}.")
    else:
        lines.append("The outcome is not known yet.")
    lines += [f"{column_name(value.column)} {ODD[value.odd]}." for value in found.values if value.odd is not None]
    return tuple(lines)


def turning(value: float) -> str:
    """A cut-off, with as many digits as it has: what is rounded lies on another side of some scores.

    >>> turning(0.5), turning(0.4998)
    ('0.500', '0.4998')
    """
    short = number(value, "decimal")
    exact = strings.threshold(value, "decimal")
    return exact if len(exact) > len(short) else short


def attributions(found: Explanation) -> tuple[str, ...]:
    """The five largest, where they start and end."""
    fall = found.waterfall
    if fall is None:
        return ()
    method = {"tree": "exact, over the trees", "linear": "exact, over the coefficients"}.get(fall.method, "sampled orders of the inputs")
    odds = fall.scale == "log-odds"
    lines = [
        f"{ADDS_UP.format(scale=fall.scale)} From {number(fall.base, 'decimal')} to {number(fall.total, 'decimal')}"
        + (f", as a score from {number(fall.base_score, 'decimal')} to {number(fall.total_score, 'decimal')}" if odds else "")
        + f" ({method})."
    ]
    for share in fall.shares[:5]:
        value, interval = parts(share.attribution, share.low, share.high, "decimal")
        sign = "+" if share.attribution > 0 else ""
        side = f", {SIDES[share.side]}" if SIDES[share.side] else ""
        size = f"{sign}{value} {interval}".strip()
        lines.append(f"{column_name(share.column)} = {shown(share.value)}: {size}{side}")
    return tuple(lines)


def stability(found: Explanation) -> tuple[str, ...]:
    """How often the same inputs come out on top."""
    steady = found.stability
    if steady is None:
        return ()
    same, first = number(steady.same, "percent"), number(steady.first, "percent")
    return (STEADY.format(draws=count(steady.draws), size=count(steady.size), same=same, first=first),)


def reasons(found: Explanation) -> tuple[str, ...]:
    """At most four, each with its value; protected attributes flagged."""
    held = found.reasons
    if held is None:
        return ()
    flagged = flags(found)
    if not held.reasons:
        return (NO_PUSH, *flagged)
    lead = ADVERSE if held.adverse else UNDECIDED if found.prediction.favorable is None else NOT_ADVERSE
    warned = (NOT_FOR_NOTICES,) if found.kind == "surrogate" else ()
    numbered = [f"{place}. {reason(each)} ({detail(each)})" for place, each in enumerate(held.reasons, start=1)]
    return (lead, *warned, *numbered, *flagged)


def flags(found: Explanation) -> tuple[str, ...]:
    """One sentence for each protected attribute that is used: a note, no reason."""
    return tuple(PROTECTED.format(column=column_name(name), kind=found.kind or "model") for name in protected(found))


def protected(found: Explanation) -> tuple[str, ...]:
    """Protected attributes that moved this answer."""
    guarded = {value.column for value in found.values if value.protected}
    shares = () if found.waterfall is None else found.waterfall.shares
    return tuple(share.column for share in shares if share.column in guarded and share.side != "neither")


def cases(found: Explanation) -> tuple[str, ...]:
    """What became of the nearest rows."""
    near = found.cases
    if near is None:
        return ()
    ends = _gap(near.cases[0].distance), _gap(near.cases[-1].distance)
    lines = [NEAR.format(k=count(len(near.cases)), first=ends[0], last=ends[1], usual=_gap(near.usual))]
    later = sum(each.later for each in near.cases)
    if later:
        lines.append(LATER.format(later=count(later), k=count(len(near.cases))))
    about = found.prediction
    label = strings.name_of(about.label) if about.label is not None and about.favorable is None else None
    if near.decided:
        how = "favorably" if label is None else f"as {label}"
        lines.append(f"{count(near.decided_favorable)} of {count(near.decided)} were decided {how}.")
    if near.share is None:
        lines.append("The outcome of none of them is known.")
        return tuple(lines)
    unit = "plain" if found.task == "regression" else "percent"
    value, interval = parts(near.share, near.low, near.high, unit)
    what = "their mean outcome is" if found.task == "regression" else f"the share of {label or 'favorable ones'} is"
    overall = "" if near.overall is None else f"; over all rows it is {number(near.overall, unit)}"
    lines.append(f"Outcomes are known of {count(near.known)}: {what} {value} {interval}".rstrip() + f"{overall}.")
    return tuple(lines)


def _gap(value: float) -> str:
    return number(value, "ratio")


def counterfactuals(found: Explanation) -> tuple[str, ...]:
    """What the model would decide otherwise for."""
    turned = found.counterfactuals
    if turned is None:
        return ()
    if not turned.found:
        lines = [NONE_FOUND.format(kind=found.kind or "model", asked=count(turned.asked), seconds=number(turned.seconds, "ratio"))]
        return (*lines, *(() if turned.finished else (DEADLINE.format(deadline=number(turned.deadline, "ratio")),)))
    lead = turned_lead(found, turned.wanted)
    scores = [number(each.score, "decimal", against=turned.threshold) for each in turned.found]
    pairs = zip(scores, turned.found, strict=True)
    lines = [f"{lead} {changed(each)}: {_then(each)}score {score}, cost {_gap(each.cost)} spreads." for score, each in pairs]
    if turned.fixed:
        lines.append(f"Not touched: {', '.join(map(column_name, turned.fixed))}.")
    if not turned.finished:
        lines.append(DEADLINE.format(deadline=number(turned.deadline, "ratio")))
    return (*lines, ANSWER_ONLY.format(kind=found.kind or "model"))


def turned_lead(found: Explanation, wanted: Side) -> str:
    """Who would have decided how: of a surrogate nothing is told as the model's."""
    return (SURROGATE_TURNED if found.kind == "surrogate" else TURNED)[wanted]


def _then(each: Counterfactual) -> str:
    return "" if each.decision is None else f"{strings.name_of(each.decision)}, "


def absent(found: Explanation) -> tuple[str, ...]:
    """Every part that could not be made, and why; one reason that several share is said once."""
    parts_of: dict[str, list[str]] = {}
    for each in found.absent:
        parts_of.setdefault(each.reason, []).append(PART_NAMES.get(each.part, each.part))
    return tuple(f"{', '.join(names).capitalize()}: {strings.safe(why)}." for why, names in parts_of.items())


def budget(found: Explanation) -> tuple[str, ...]:
    """Rows and seconds of each part."""
    lines = [
        f"{PART_NAMES.get(each.part, each.part).capitalize()}: {count(each.rows_used)} of {count(each.rows_available)} rows, "
        f"{number(each.seconds, 'ratio')} s"
        for each in found.budgets
    ]
    if found.reference == "first window":
        lines.append(FIRST_WINDOW)
    if found.fingerprint is not None:
        lines.append(f"{found.kind} {found.fingerprint[:12]}, data {found.data.removeprefix('sha256:')[:12]}")
    return tuple(lines)
