"""Every fairness audit on logs that leave it little: true figures or reasons, never a crash, a NaN or a silent zero."""

from __future__ import annotations

import pytest

from audits.audit import missing
from audits.fairness import AUDITS


def person(sex, decision, outcome, score, **more):
    return {"sex": sex, "decision": decision, "outcome": outcome, "score": score, **more}


NO_COMPARISON = ("scoring_rate", "mean_prediction", "impact_ratio", "odds_ratio")
LOGS = {
    "one group": [person("F", i % 2, i % 3 == 0, i / 9) for i in range(9)],
    "a group of one": [*(person("F", i % 2, int(i % 3 == 0), i / 9) for i in range(9)), person("M", 1, 1, 0.5)],
    "everybody unknown": [person(None, i % 2, int(i % 3 == 0), i / 9) for i in range(9)],
    "constant score": [person("FM"[i % 2], i % 2, int(i % 3 == 0), 0.5) for i in range(9)],
    "no outcomes on one day": [person("FM"[i % 2], i % 2, None if i % 3 else 1, i / 9, day=int(i % 3 > 0)) for i in range(9)],
    "no decisions on one day": [person("FM"[i % 2], 1 if i % 3 else None, i % 2, i / 9, day=int(i % 3 > 0)) for i in range(9)],
    "no scores on one day": [person("FM"[i % 2], i % 2, i % 2, None if i % 3 else 0.3, day=int(i % 3 > 0)) for i in range(9)],
    "an empty day": [person("FM"[i % 2], i % 2, int(i % 3 == 0), i / 9, day=2 * (i % 2)) for i in range(9)],
    "one row": [person("F", 1, 1, 0.5)],
    "everybody favored": [person("FM"[i % 2], 1, 1, 0.5 + i / 20) for i in range(9)],
    "nobody favored": [person("FM"[i % 2], 0, 0, i / 20) for i in range(9)],
}


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.name)
def test_figures_stay_true_or_give_a_reason(evidence_of, figures, audit, log):
    evidence = evidence_of(LOGS[log], protected=("sex",))
    reasons = [why for need in audit.needs if (why := missing(evidence, need))]
    found = figures(audit, evidence) if not reasons else []
    assert found or reasons


@pytest.mark.parametrize("audit", [a for a in AUDITS if a.name not in NO_COMPARISON], ids=lambda a: a.name)
def test_one_group_is_no_comparison(evidence_of, figures, audit):
    found = figures(audit, evidence_of(LOGS["one group"], protected=("sex",)), window=0)
    assert all(f.value is None or f.reason == "reference group" for f in found)
