"""All audits by the name of their findings: one explicit dictionary."""

from __future__ import annotations

from collections.abc import Mapping

from audits import (
    alarms,
    attribution,
    drift,
    estimated,
    explanations,
    fairness,
    gaps,
    multivariate,
    performance,
    quality,
    robustness,
    tradeoffs,
    weak_spots,
)
from audits.audit import Audit
from connectors.errors import UsageError, nearest

GROUPS: Mapping[str, tuple[Audit, ...]] = {
    "performance": (*performance.AUDITS, *gaps.PERFORMANCE),
    "estimated": estimated.AUDITS,
    "fairness": (*fairness.AUDITS, *gaps.FAIRNESS),
    "weak_spots": weak_spots.AUDITS,
    "tradeoffs": tradeoffs.AUDITS,
    "drift": (*drift.AUDITS, *alarms.AUDITS, *multivariate.AUDITS),
    "attribution": attribution.AUDITS,
    "quality": quality.AUDITS,
    "explanations": explanations.AUDITS,
    "robustness": robustness.AUDITS,
}
"""What each page and each part of a report is about, in order."""

AUDITS: Mapping[str, Audit] = {audit.name: audit for audits in GROUPS.values() for audit in audits}


def find(name: str) -> Audit:
    """The audit of that name.

    Raises
    ------
    UsageError
        There is none; the sentence names the nearest.
    """
    if name not in AUDITS:
        raise UsageError(f'there is no audit "{name}"; {nearest(name, AUDITS)}')
    return AUDITS[name]


def check_policy(model: str, names: Mapping[str, object]) -> None:
    """Refuse a threshold for a measure that does not exist.

    Raises
    ------
    UsageError
        The sentence names the key and the nearest measure.
    """
    for name in names:
        if name not in AUDITS:
            raise UsageError(f'models.{model}.policy: there is no measure "{name}"; {nearest(name, AUDITS)}')
