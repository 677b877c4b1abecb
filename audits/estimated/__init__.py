"""Performance estimated without outcomes, and how wrong such estimates were: one measure a file."""

from __future__ import annotations

from audits.audit import Audit
from audits.estimated.estimated_accuracy import estimated_accuracy
from audits.estimated.estimated_average_precision import estimated_average_precision
from audits.estimated.estimated_balanced_accuracy import estimated_balanced_accuracy
from audits.estimated.estimated_base_rate import estimated_base_rate
from audits.estimated.estimated_brier_score import estimated_brier_score
from audits.estimated.estimated_f1 import estimated_f1
from audits.estimated.estimated_false_negative_rate import estimated_false_negative_rate
from audits.estimated.estimated_false_positive_rate import estimated_false_positive_rate
from audits.estimated.estimated_log_loss import estimated_log_loss
from audits.estimated.estimated_mean_absolute_error import estimated_mean_absolute_error
from audits.estimated.estimated_negative_predictive_value import estimated_negative_predictive_value
from audits.estimated.estimated_positive_predictive_value import estimated_positive_predictive_value
from audits.estimated.estimated_roc_auc import estimated_roc_auc
from audits.estimated.estimated_root_mean_squared_error import estimated_root_mean_squared_error
from audits.estimated.estimated_true_negative_rate import estimated_true_negative_rate
from audits.estimated.estimated_true_positive_rate import estimated_true_positive_rate
from audits.estimated.estimation_coverage import estimation_coverage
from audits.estimated.estimation_error import estimation_error

AUDITS: tuple[Audit, ...] = (
    estimated_accuracy,
    estimated_balanced_accuracy,
    estimated_true_positive_rate,
    estimated_false_positive_rate,
    estimated_true_negative_rate,
    estimated_false_negative_rate,
    estimated_positive_predictive_value,
    estimated_negative_predictive_value,
    estimated_f1,
    estimated_roc_auc,
    estimated_average_precision,
    estimated_log_loss,
    estimated_brier_score,
    estimated_base_rate,
    estimated_mean_absolute_error,
    estimated_root_mean_squared_error,
    estimation_error,
    estimation_coverage,
)
