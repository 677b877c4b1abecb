"""From figures of robustness to charts and sentences: what disturbances do, how small a change turns a decision, signs in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports import glossary, series, strings
from reports.attention import BAD, urgency
from reports.charts import Curve, CurveChart, IntervalChart, Rule
from reports.figure import Figure

MOST: Final = 16
WITH_MODEL: Final = (
    ("model_mismatch_rate", "Is the model the one in the log?"), ("surrogate_fidelity", "Does the surrogate follow the model?"),
    ("flip_rate", "Do small disturbances turn decisions round?"),
    ("protected_flip_rate", "Does another group alone turn decisions round?"),
    ("smallest_flip_distance", "How small a change turns a decision round?"), ("evasion_rate", "Can it be fooled within what may change?"),
    ("rule_violation_rate", "Does it keep the declared rules?"), ("membership_inference_auc", "Can one tell who was in the training data?"),
)  # fmt: skip
FROM_LOG: Final = (
    ("invariant_violations", "Did anything happen that must never happen?"), ("boundary_probe_rate", "Does anybody feel for the cut-off?"),
    ("extraction_score", "Does anybody try to copy the model?"), ("replay_rate", "Are inputs sent again and again?"),
    ("flood_rate", "Does anybody flood it?"), ("outcome_flip_rate", "Do outcomes turn round together?"),
    ("outlier_rate", "Do strange inputs come?"), ("trigger_rate", "Does a hidden trigger decide?"),
)  # fmt: skip
QUESTIONS: Final = (*WITH_MODEL, *FROM_LOG)
SMALL: Final = ("flip_rate", "noise 0.1")
"""The disturbance that counts as a small one: of all that were tried the largest always turns most decisions, and answers nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question: the figure that tells it best, in a sentence; without a figure the reason why there is none."""

    name: str
    question: str
    answer: str
    figure: Figure | None
    run: bool
    """Whether anybody has asked yet."""
    applies: bool = True
    """Whether the run speaks of the measure at all, if only to say that it was not asked; of some tasks it has nothing to say."""


def verdicts(figures: Iterable[Figure], failures: Iterable[tuple[str, str]] = ()) -> list[Verdict]:
    """Answer every question from a model's whole-period figures and from what could not be computed (name, reason)."""
    held: dict[str, list[Figure]] = {}
    for each in figures:
        if each.whole and not each.slice and each.version is None and each.attribute is None:
            held.setdefault(each.name, []).append(each)
    why = dict(failures)
    told = [_verdict(name, question, held.get(name, []), why.get(name, "")) for name, question in QUESTIONS]
    return [each for each in told if each.figure is not None or each.name not in ABOUT_THE_ANSWERS]


ABOUT_THE_ANSWERS: Final = ("model_mismatch_rate", "surrogate_fidelity")
"""Of the model, or of the surrogate: the other one never has a figure, and what stands in the way of both is said before any question."""


def _verdict(name: str, question: str, found: Sequence[Figure], why: str) -> Verdict:
    known = [each for each in found if each.value is not None]
    if not known:
        reason = next((_about(each) for each in found if each.reason), why)
        ran = bool(found) or (bool(why) and "candor audit --" not in why)
        told = f"{reason[:1].upper()}{reason[1:].rstrip('.')}." if reason and ran else ""
        return Verdict(name=name, question=question, answer=strings.safe(told), figure=None, run=ran, applies=bool(found) or bool(why))
    chosen = worst(known)
    return Verdict(name=name, question=question, answer=f"{spoken(chosen)}.{_others(known, chosen)}", figure=chosen, run=True)


def spoken(figure: Figure) -> str:
    """Say a figure in a sentence; of a rule also what it asks, without which a share of rows says little."""
    rule = asked(figure.tables or {}) if figure.name == "rule_violation_rate" else ""
    return f"{strings.sentence(figure)} ({rule})" if rule else strings.sentence(figure)


def _about(figure: Figure) -> str:
    """Say why a figure has no value, and of what."""
    return f"{strings.name_of(figure.column)}: {figure.reason}" if figure.column is not None else figure.reason


def worst(known: Sequence[Figure]) -> Figure:
    """Return the figure that tells most: what the policy minds, else the column that stands for all or is a small disturbance, else the
    worst value.
    """
    small = next((each for each in known if (each.name, each.column) == SMALL), None)
    if small is not None and not any(each.verdict in BAD for each in known):
        return small
    low = glossary.term(known[0].name).better == "high"
    return min(known, key=lambda each: (urgency(each)[:2], each.column is not None and _in_all(known), _sign(each.value, low)))


def _in_all(known: Sequence[Figure]) -> bool:
    return any(each.column is None for each in known)


def _sign(value: float | None, low: bool) -> float:
    return (value or 0.0) if low else -(value or 0.0)


def _others(known: Sequence[Figure], chosen: Figure) -> str:
    """Say how many of several a policy minds, or how many break a rule at all."""
    parts = [each for each in known if each.column is not None]
    if len(parts) < 2 or chosen.column is None:
        return ""
    bad = sum(each.verdict in BAD for each in parts)
    if bad:
        return f" Of {strings.count(len(parts))}, {strings.count(bad)} {'is' if bad == 1 else 'are'} outside what is allowed."
    if (chosen.name, chosen.column) == SMALL:
        return ""
    if known[0].name in ("invariant_violations", "rule_violation_rate"):
        broken = sum((each.value or 0.0) > 0 for each in parts)
        return f" Of {strings.count(len(parts))}, {strings.count(broken)} {'is' if broken == 1 else 'are'} broken at all."
    return f" The worst of {strings.count(len(parts))}."


def disturbances(figures: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return the flip rate of each disturbance, worst first; None where none has a value."""
    known = sorted((each for each in figures if each.value is not None and each.column is not None), key=lambda each: -(each.value or 0.0))
    if not known:
        return None
    term, unit = glossary.term(known[0].name), series.unit_of(known[0])
    title = f"{term.title}, the {most} worst of {len(known)} disturbances" if len(known) > most else term.title
    points = tuple(series.point(each, strings.name_of(each.column)) for each in known[:most])
    minimum, maximum = series.limits(known)
    alt = f"{title}. {'; '.join(point.said(unit) for point in points)}."
    return IntervalChart(title=title, unit=unit, alt=alt, points=points, minimum=minimum, maximum=maximum, head="Disturbance")


def strengths(figures: Sequence[Figure], kind: str = "noise") -> CurveChart | None:
    """Return the flip rate of one kind of disturbance as it grows; None with fewer than two sizes."""
    sized = [(float(size), each) for each in figures if each.value is not None and (size := _size(each, kind)) is not None]
    if len(sized) < 2:
        return None
    sized.sort(key=lambda pair: pair[0])
    x = tuple(size for size, _ in sized)
    curve = Curve(
        name="", x=x, y=tuple(each.value for _, each in sized), low=tuple(each.low for _, each in sized),
        high=tuple(each.high for _, each in sized),
    )  # fmt: skip
    said = "; ".join(f"{strings.number(size, 'decimal')}: {strings.number(each.value, 'percent')}" for size, each in sized)
    _, maximum = series.limits([each for _, each in sized])
    return CurveChart(
        title="Flip rate by size of the noise", unit="percent", alt=f"Flip rate by size of the noise, in spreads of each column: {said}.",
        x_title="noise, in spreads of each column", x_unit="ratio", curves=(curve,),
        levels=(Rule(at=maximum, text=f"max {strings.threshold(maximum, 'percent')}"),) if maximum is not None else (),
    )  # fmt: skip


def _size(figure: Figure, kind: str) -> float | None:
    tables: Mapping[str, Any] = figure.tables or {}
    return tables.get("size") if tables.get("kind") == kind else None


def reach(figure: Figure | None) -> CurveChart | None:
    """Return the share of decisions that some allowed change of at most this size turns round; None without a curve."""
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    held: Mapping[str, Any] = tables.get("curve") or {}
    places = [float(at) for at in held.get("distance") or ()]
    if len(places) < 2 or len(held.get("value") or ()) != len(places):
        return None
    low, high = (tuple(held.get(name) or ()) for name in ("low", "high"))
    curve = Curve(name="", x=tuple(places), y=tuple(held["value"]), low=low, high=high)
    within = tables.get("within")
    pairs = [(at, value) for at, value in zip(places, held["value"], strict=True) if value is not None]
    picked = pairs[:: max(1, len(pairs) // 6)]
    said = "; ".join(f"{strings.number(at, 'ratio')}: {strings.number(value, 'percent')}" for at, value in picked)
    alt = f"Share of decisions turned round by the size of the change, in spreads: {said}."
    return CurveChart(
        title="Decisions turned round", unit="percent", alt=alt, x_title="size of the change, in spreads", x_unit="ratio", curves=(curve,),
        rules=(Rule(at=float(within), text="evasion rate"),) if within is not None else (),
    )  # fmt: skip


def in_full(levels: Mapping[str, str] | None) -> str:
    """Name a group with its attribute, for lists in which groups of several attributes stand; {} is everyone.

    >>> in_full({"sex": "Female"}), in_full({})
    ('sex: Female', 'Everyone')
    """
    named = (f"{strings.name_of(name)}: {strings.name_of(level)}" for name, level in sorted((levels or {}).items()))
    return ", ".join(named) or strings.group({})


WAYS: Final = {"up": "rise", "down": "fall"}


def asked(tables: Mapping[str, Any]) -> str:
    """What a rule asks, in a sentence; "" where that is not known.

    >>> asked({"kind": "monotone", "change": "+10%", "columns": ["income"], "direction": "up", "by": 0.02})
    'income +10%: the score must not fall by more than 0.020'
    """
    columns = ", ".join(strings.name_of(str(name)) for name in tables.get("columns") or ())
    change, by = strings.safe(str(tables.get("change") or "")), float(tables.get("by") or 0.0)
    direction = str(tables.get("direction") or "up")
    other = WAYS["down" if direction == "up" else "up"]
    size = strings.number(by, "decimal")
    must = {
        "invariant": f"must stay within {size}" if by else "must stay the same",
        "monotone": f"must not {other}" + (f" by more than {size}" if by else ""),
        "directional": f"must {WAYS.get(direction, 'move')}" + (f" by at least {size}" if by else ""),
    }.get(str(tables.get("kind")), "must hold")
    return f"{columns} {change}: the score {must}" if columns else ""


def by_group(figures: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return one figure for each group, the whole first; None where none has a value."""
    known = [each for each in figures if each.value is not None]
    if not known:
        return None
    term, unit = glossary.term(known[0].name), series.unit_of(known[0])
    low = term.better == "high"
    known.sort(key=lambda each: (bool(each.slice), (each.value or 0.0) if low else -(each.value or 0.0)))
    points = tuple(series.point(each, in_full(each.slice)) for each in known[:most])
    minimum, maximum = series.limits(known)
    alt = f"{term.title} by group. {'; '.join(point.said(unit) for point in points)}."
    return IntervalChart(title=term.title, unit=unit, alt=alt, points=points, minimum=minimum, maximum=maximum)
