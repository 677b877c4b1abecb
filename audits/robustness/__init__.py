"""How easily the model is fooled, and signs in the log that somebody tries."""

from __future__ import annotations

from audits.audit import Audit
from audits.robustness.boundary_probe_rate import boundary_probe_rate
from audits.robustness.evasion_rate import evasion_rate
from audits.robustness.extraction_score import extraction_score
from audits.robustness.flip_rate import flip_rate
from audits.robustness.flood_rate import flood_rate
from audits.robustness.invariant_violations import invariant_violations
from audits.robustness.membership_inference_auc import membership_inference_auc
from audits.robustness.model_mismatch_rate import model_mismatch_rate
from audits.robustness.outcome_flip_rate import outcome_flip_rate
from audits.robustness.outlier_rate import outlier_rate
from audits.robustness.protected_flip_rate import protected_flip_rate
from audits.robustness.replay_rate import replay_rate
from audits.robustness.rule_violation_rate import rule_violation_rate
from audits.robustness.smallest_flip_distance import smallest_flip_distance
from audits.robustness.trigger_rate import trigger_rate

AUDITS: tuple[Audit, ...] = (
    model_mismatch_rate,
    flip_rate,
    protected_flip_rate,
    evasion_rate,
    smallest_flip_distance,
    rule_violation_rate,
    membership_inference_auc,
    invariant_violations,
    outlier_rate,
    boundary_probe_rate,
    extraction_score,
    replay_rate,
    flood_rate,
    outcome_flip_rate,
    trigger_rate,
)
"""In the order of the page."""
