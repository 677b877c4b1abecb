"""From evidence to judged findings: which audits are asked of what, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audits import gaps
from audits.alarms.signals import signals
from audits.asked_window import position_of, within
from audits.audit import Audit, missing
from audits.causes import causes
from audits.evidence import Evidence
from audits.finding import Failure, Measurement, ModelRun, Threshold
from audits.jackknife import Asked, able, jackknifed
from audits.judgement import findings_table
from audits.performance.maturity import immature
from audits.policy import Entries
from audits.registry import AUDITS, GROUPS
from audits.what_if import PROBES

POOLED = '"{name}" has too many levels to compare all: the {n} most frequent are told apart, the rest is shown together as "(other)"'
AS_ROWS = 'these take rows that share one "{unit}" as independent, so their intervals may be too narrow: {names}'
NOT_RUN = "not run: candor audit {option}"
FAVORABLE = frozenset(found.name for found in AUDITS.values() if found.favorable)
COMPARED = frozenset(found.name for found in AUDITS.values() if found.compared)


def examine(
    evidence: Evidence, policy: Mapping[str, Threshold | Entries], *, card: Mapping[str, Any], audits: Iterable[Audit] | None = None,
    only: str | None = None,
) -> ModelRun:  # fmt: skip
    """Measure and judge one model: a pure function of its evidence.

    Audits are asked of the evidence, of a multiclass task once a class where they know two classes only; where rows repeat units, intervals
    are made again by leaving units out; then come the gaps between figures. An audit whose needs the log does not meet is listed once with
    the reason; one that raises becomes an error, and the rest go on.
    """
    chosen = [found for found in (AUDITS.values() if audits is None else audits) if suits(found, evidence.model.task)]
    place = None if only is None else position_of(evidence.windows, only)
    asked, failures = ask(evidence, [found for found in chosen if found.name not in gaps.NAMES])
    if evidence.units:
        asked, noted = by_units(evidence, asked)
        failures += noted
    measured = [block for each in asked for block in each.blocks]
    wanted = {found.name for found in chosen} & gaps.NAMES
    if wanted:
        try:
            measured += [block for block in gaps.derive(evidence, measured) if block.name in wanted]
        except Exception as error:  # noqa: BLE001  the figures themselves stand
            failures.append(Failure(name="gaps", reason=_broken(error), error=True))
    failures += [Failure(name=found.name, reason=POOLED.format(n=len(found.levels), name=found.name)) for found in evidence.bins.attributes]
    said = immature(evidence)
    notes = {found.name: said for found in chosen if "outcome" in found.needs} if any(said) else {}
    measured = measured if place is None else [within(block, place) for block in measured]
    found = ModelRun(
        model=evidence.model.name, task=evidence.model.task, card=card, reference=evidence.reference, coverage=evidence.coverage,
        findings=findings_table(evidence, measured, policy, notes, COMPARED, FAVORABLE - set(evidence.model.policy)),
        errors=failures,
    )  # fmt: skip
    return found if place is not None else told(evidence, found, policy)


def told(evidence: Evidence, found: ModelRun, policy: Mapping[str, Threshold | Entries]) -> ModelRun:
    """The run with what there is to tell somebody at once, and why."""
    try:
        found = replace(found, signals=signals(evidence, found.findings, policy))
        return replace(found, causes=causes(found, model=evidence.model))
    except Exception as error:  # noqa: BLE001  the figures stand, and the error is told as any other
        return replace(found, errors=[*found.errors, Failure(name="signals", reason=_broken(error), error=True)])


def suits(found: Audit, task: str) -> bool:
    """Whether an audit has something to say about a task: one that knows two classes is asked of each class of several."""
    return task in found.tasks or (task == "multiclass" and "binary" in found.tasks)


def ask(evidence: Evidence, chosen: Iterable[Audit]) -> tuple[list[Asked], list[Failure]]:
    """Ask each audit of what it can be asked of; what it cannot say is listed once, also where it is the same for every class."""
    asked: list[Asked] = []
    failures: list[Failure] = []
    views: dict[int | None, Evidence] = {None: evidence}
    for found in chosen:
        reasons: dict[str, list[str]] = {}
        places = _places(evidence, found)
        for place, column in places:
            if place not in views:
                views[place] = evidence.of_class(place or 0)
            outcome = _one(found, views[place])
            if isinstance(outcome, Failure):
                if outcome.error:
                    failures.append(outcome)
                    break
                reasons.setdefault(outcome.reason, []).append(evidence.classes[place] if place is not None else "")
                continue
            about = [block if column < 0 else replace(block, column=np.full(len(block), column, dtype=np.int64)) for block in outcome]
            asked.append(Asked(audit=found, place=place, column=column, blocks=about))
        for reason, labels in reasons.items():
            whom = "" if len(labels) == len(places) else f" (for {', '.join(labels[:5])})"
            failures.append(Failure(name=found.name, reason=reason + whom))
    return asked, failures


def _places(evidence: Evidence, found: Audit) -> list[tuple[int | None, int]]:
    """The views of the evidence that an audit is asked of, as the class in view and the position in `topics` that its figures get."""
    if evidence.model.task != "multiclass" or "multiclass" in found.tasks:
        return [(None, -1)]
    topics = evidence.topics
    places: list[tuple[int | None, int]] = [(k, topics.index(label)) for k, label in enumerate(evidence.classes)]
    favorable = None if evidence.model.favorable is None else str(evidence.model.favorable)
    if favorable in evidence.classes and found.favorable:
        places.insert(0, (evidence.classes.index(favorable), -1))
    return places


def _one(found: Audit, seen: Evidence) -> list[Measurement] | Failure:
    """What one audit says of one view, or why it says nothing."""
    try:
        why = next((reason for reason in (missing(seen, need) for need in found.needs) if reason), None)
        if why is not None:
            return Failure(name=found.name, reason=why)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            blocks = list(found(seen))
    except Exception as error:  # noqa: BLE001  one broken measure must not take the others down
        return Failure(name=found.name, reason=_broken(error), error=True)
    if not any(len(block) for block in blocks):
        return _nothing(found, seen)
    return blocks


def _nothing(found: Audit, seen: Evidence) -> Failure:
    """Why an audit found nothing: its probe was not run, or could not answer, or there is nothing to measure."""
    body = seen.probes.get(found.probe)
    reason = None if body is None else body.get("reasons", {}).get(found.name) or body.get("reason")
    if body is not None and reason:
        return Failure(name=found.name, reason=str(reason), error=bool(body.get("error")))
    option = next((option for option, names in PROBES.items() if found.probe in names and body is None), None)
    return Failure(name=found.name, reason="the log holds nothing to measure it on" if option is None else NOT_RUN.format(option=option))


def _broken(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def by_units(evidence: Evidence, asked: Sequence[Asked]) -> tuple[list[Asked], list[Failure]]:
    """Intervals that respect repeated units, where the groups of units are known; one note names the measures where they are not."""
    families: dict[str, list[str]] = {}
    for family, members in GROUPS.items():
        for member in members:
            families.setdefault(member.name, []).append(family)
    chosen = [each for each in asked if able(each.audit, families.get(each.audit.name, ()))]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        done = dict(zip(map(id, chosen), jackknifed(evidence, chosen), strict=True))
    found = [done.get(id(each), each) for each in asked]
    rest = {each.audit.name for each in asked if id(each) not in done and each.audit.units != "own"}
    shown = [name for name in ("drift", "quality", "estimated") if any(member.name in rest for member in GROUPS.get(name, ()))]
    listed = {member.name for name in shown for member in GROUPS[name]}
    shown += sorted(rest - listed)
    if not shown:
        return found, []
    return found, [Failure(name="unit", reason=AS_ROWS.format(unit=evidence.model.columns.unit, names=", ".join(shown)))]
