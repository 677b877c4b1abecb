"""Every quality audit on logs that leave it little: true figures or reasons, never a crash, a NaN or a silent zero."""

from __future__ import annotations

import pytest

from audits.audit import missing
from audits.quality import AUDITS

LOGS = {
    "no features": [{"decision": i % 2, "outcome": i % 2} for i in range(6)],
    "one row": [{"x": 1.5, "k": "a", "decision": 1, "outcome": None}],
    "all missing": [{"x": None, "k": None, "decision": None, "outcome": None, "score": None} for _ in range(5)],
    "all not a number": [{"x": 1.0 if i < 3 else float("nan"), "day": i // 3} for i in range(9)],
    "an empty day": [{"x": float(i), "k": "abc"[i % 3], "day": 2 * (i % 2)} for i in range(9)],
    "new type of value": [{"k": "a", "day": 0}, {"k": "b", "day": 0}, {"k": "9", "day": 1}, {"k": None, "day": 2}],
}

OF_MORE = frozenset({
    "schema_change", "mixed_types", "repeated_window", "leakage_suspect", "sampling_rate_change", "prediction_count_mismatch",
    "duplicated_timestamps", "old_version_rate", "sample_ratio_mismatch", "label_arrival", "negative_outcome_arrival", "ingest_lag",
    "clock_skew", "source_gone", "error_rate", "train_serve_skew", "unexplained_score_shift", "format_change", "frozen_column",
})  # fmt: skip
"""What rests on facts that these logs do not have: batches, versions, identities, a gateway, outcomes, features."""


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.name)
def test_figures_stay_true_or_give_a_reason(evidence_of, figures, audit, log):
    evidence = evidence_of(LOGS[log])
    if not any(missing(evidence, need) for need in audit.needs):
        found = figures(audit, evidence)
        kinds = {column.kind for column in evidence.bins.columns}
        wanted = {"unseen_category_rate": {"categorical"}, "out_of_range_rate": {"numeric"}, "constant_column": {"categorical", "numeric"},
                  "category_explosion": {"categorical"}}  # fmt: skip
        assert found or audit.name in OF_MORE or not wanted[audit.name] & kinds
