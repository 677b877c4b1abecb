"""Causes of drift where no data is broken: what moved with what tells a shift of people from one of the model or of the world."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace

from audits.cause_figures import At, Figure, Figures, order
from audits.finding import Cause, Signal
from connectors.config import ModelConfig

ALONE = 0.15
"""The score moved alone where the feature that moved furthest moved, for sure, less than this part of it."""

LED = 1.0
"""A feature moved the score where it moved at least this many times as far; in between an outcome that became more frequent moves both."""

EVERYBODY = "{}"

CALIBRATED = frozenset({"calibration_gap", "expected_calibration_error"})
"""Measures of whether a score means what it says."""

CONCEPT = 0.02
"""Change of the outcome rate at equal scores from which the world changed."""

FEW = 10
"""Outcomes of a score bin below which it says nothing."""

SURE = 2.0
"""Standard errors by which the mean change of log-odds must differ from none."""

EVEN = 0.5
"""How far the change of log-odds may differ between score bins, as a part of its mean, and still be a shift of the base rate."""


def drifts(name: str, left: Sequence[Signal], figures: Figures, model: ModelConfig | None) -> list[Cause]:
    """Causes of the raised signals that broken columns and logs do not explain."""
    roles = {} if model is None else model.columns.named()
    answers = [column for role, column in roles.items() if role in ("score", "decision")]
    outcome = roles.get("outcome")
    aside = [*answers, *(column for role, column in roles.items() if role in ("outcome", "latency_ms"))]
    features = [s for s in left if s.family in ("drift", "quality") and s.column is not None and s.column not in aside]
    found = [] if features else _of_releases(name, left, figures, answers)
    rest = [s for s in left if not any(s.key in cause.explains for cause in found)]
    said = [s for s in rest if s.column in answers or s.rule == "unexplained_score_shift"]
    about = [s for s in rest if s.column == outcome and outcome is not None]
    about += [s for s in rest if s.family == "performance" and s.column is None and s not in about and s.slice == EVERYBODY]
    found += _named(name, features, said, about, figures, answers, aside)
    return [*found, *_of_groups(name, rest, figures)]


def _of_releases(name: str, left: Sequence[Signal], figures: Figures, answers: Sequence[str]) -> list[Cause]:
    """What began when a version did: one cause a version."""
    about = [s for s in left if s.column in answers or (s.column is None and s.family in ("performance", "fairness"))]
    about += [s for s in left if s.rule == "unexplained_score_shift"]
    found = []
    for version, at in figures.releases.items():
        signals = [s for s in about if _at_once(s, at)]
        if signals:
            cause = _cause(name, "model version", signals, None)
            found.append(replace(cause, source=version, since=at, upstream=f"{name}|{version}|model version"))
            about = [s for s in about if s not in signals]
    return found


def _of_groups(name: str, left: Sequence[Signal], figures: Figures) -> list[Cause]:
    """Scores that came to mean something else for one group: of each attribute one cause."""
    found: dict[str, list[Signal]] = {}
    for signal in left:
        if signal.rule in CALIBRATED and signal.slice != EVERYBODY and signal.since != figures.first:
            found.setdefault(signal.attribute or signal.slice, []).append(signal)
    return [
        replace(_cause(name, "concept drift", signals, None), upstream=f"{name}|{about}|concept drift") for about, signals in found.items()
    ]


def _named(
    name: str, features: Sequence[Signal], said: Sequence[Signal], about: Sequence[Signal], figures: Figures, answers: Sequence[str],
    aside: Sequence[str],
) -> list[Cause]:  # fmt: skip
    found: list[Cause] = []
    concept = figures.latest("concept_drift")
    changed = concept is not None and (concept.low or 0.0) > CONCEPT and not _older(concept, figures, [*about, *said, *features])
    even = concept is not None and _even(concept)
    if said and not features:
        kind = _of_answers(figures, answers, aside)
        if kind == "prior shift" and changed and not even:
            kind = "concept drift"
        found.append(_cause(name, kind, [*said, *about], figures.at("unexplained_score_shift", None), said))
        about = []  # what another score means is another matter
    elif features:
        prior = bool(said) and (
            even if changed else _of_answers(figures, answers, aside) == "prior shift" and (about or _several(features))
        )
        together = [*features, *said, *(about if prior else [])]
        found.append(_cause(name, "prior shift" if prior else "covariate shift", together, None, features))
    alone = concept is not None and not found  # outcomes moved, and nothing else that shows
    if concept is not None and about and (changed or alone) and not (found and even):
        found.append(_cause(name, "prior shift" if even and not found else "concept drift", about, concept))
    return found


def _several(features: Sequence[Signal]) -> bool:
    return len({signal.column for signal in features}) > 1


def _of_answers(figures: Figures, answers: Sequence[str], aside: Sequence[str]) -> str:
    """What moved the score: itself, the base rate, or a feature; by how far features moved beside it, chance taken off.

    How far is the share of rows that would have to move (`drift_evidence`).
    """
    effects = {column: figures.at("drift_evidence", column) for column in figures.columns("drift_evidence")}
    known = {column: figure.tables["effect"] for column, figure in effects.items() if figure is not None and figure.tables.get("effect")}
    score = max((float(known[column]["value"]) for column in answers if column in known), default=0.0)
    features = [effect for column, effect in known.items() if column not in aside]
    if score <= 0 or not features:
        return "prediction shift"
    if max(float(effect["low"]) for effect in features) < ALONE * score:
        return "prediction shift"
    return "prior shift" if max(float(effect["value"]) for effect in features) < LED * score else "covariate shift"


def _older(concept: Figure, figures: Figures, signals: Sequence[Signal]) -> bool:
    """Whether the newest outcomes are of a window from before the change."""
    at = next((at for (held, _, at), figure in figures.held.items() if figure is concept and held == "concept_drift"), None)
    begun = [signal.since for signal in signals if signal.since is not None]
    if at is None or not begun or any(isinstance(each, int) != isinstance(at, int) for each in begun):
        return False
    return all(each > at for each in begun)  # type: ignore[operator]


def _even(concept: Figure) -> bool:
    """Whether the log-odds of the outcome moved alike in every score bin, as they do where its base rate alone changed.

    Alike is within chance (Cochran's Q), or differing by less than half of the mean.
    """
    parts = []
    for a, b, m, n in zip(*(concept.tables.get(key) or () for key in ("reference_level", "level", "reference", "n")), strict=False):
        if a is None or b is None or not 0 <= a <= 1 or not 0 <= b <= 1 or m < FEW or n < FEW:
            continue
        counts = (a * m + 0.5, (1 - a) * m + 0.5, b * n + 0.5, (1 - b) * n + 0.5)
        parts.append((math.log(counts[2] / counts[3]) - math.log(counts[0] / counts[1]), 1 / sum(1 / each for each in counts)))
    total = sum(weight for _, weight in parts)
    if len(parts) < 3:
        return False
    mean = sum(move * weight for move, weight in parts) / total
    apart = sum(weight * (move - mean) ** 2 for move, weight in parts)
    sure = abs(mean) * math.sqrt(total) > SURE
    free = len(parts) - 1
    return bool(sure and (apart <= free + 2 * math.sqrt(2 * free) or math.sqrt(apart / total) <= EVEN * abs(mean)))


NEAR = 2
"""Windows by which the beginning of a change, which is itself an estimate, may lie from a release."""


def _at_once(signal: Signal, at: At) -> bool:
    """Whether a signal's change began in a window, give or take two."""
    begun = signal.since
    if isinstance(at, dt.datetime) and isinstance(begun, dt.datetime):
        length = None if signal.window_start is None or signal.window_end is None else signal.window_end - signal.window_start
        return abs(at - begun) <= NEAR * (length or dt.timedelta(0))
    if isinstance(at, int) and isinstance(begun, int):
        size = 0 if signal.first_row is None or signal.last_row is None else signal.last_row - signal.first_row + 1
        return abs(at - begun) <= NEAR * size
    return False


def _cause(name: str, kind: str, signals: Sequence[Signal], figure: Figure | None, sized: Sequence[Signal] | None = None) -> Cause:
    """A cause of these signals: as large as the largest of them, or as a figure says."""
    largest = max(sized or signals, key=lambda signal: (signal.rule == "drift_evidence", abs(signal.value or 0.0)))
    columns = tuple(dict.fromkeys(signal.column for signal in signals if signal.column is not None))
    begun: list[At] = [signal.since for signal in signals if signal.since is not None]
    evidence = [Figures.of_signal(signal).as_evidence() for signal in signals]
    if figure is not None:
        evidence.insert(0, figure.as_evidence())
    sizes: Signal | Figure = largest if figure is None else figure
    return Cause(
        model=name, kind=kind, columns=columns, since=min(begun, key=order, default=None), size=sizes.value, low=sizes.low, high=sizes.high,
        unit=sizes.unit, upstream=f"{name}||{kind}", explains=tuple(signal.key for signal in signals), evidence=tuple(evidence),
    )  # fmt: skip
