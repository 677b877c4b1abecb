"""How well the model does: one measure a file, for everybody, each group, each segment and each window."""

from __future__ import annotations

from audits.audit import Audit
from audits.performance.absolute_error_p90 import absolute_error_p90
from audits.performance.accuracy import accuracy
from audits.performance.accuracy_bounds import accuracy_bounds
from audits.performance.average_precision import average_precision
from audits.performance.balanced_accuracy import balanced_accuracy
from audits.performance.base_rate import base_rate
from audits.performance.base_rate_bounds import base_rate_bounds
from audits.performance.brier_reliability import brier_reliability
from audits.performance.brier_resolution import brier_resolution
from audits.performance.brier_score import brier_score
from audits.performance.brier_uncertainty import brier_uncertainty
from audits.performance.calibration_gap import calibration_gap
from audits.performance.cost_per_prediction import cost_per_prediction
from audits.performance.energy_wh_per_prediction import energy_wh_per_prediction
from audits.performance.expected_calibration_error import expected_calibration_error
from audits.performance.f1 import f1
from audits.performance.false_negative_rate import false_negative_rate
from audits.performance.false_positive_rate import false_positive_rate
from audits.performance.false_positive_rate_bounds import false_positive_rate_bounds
from audits.performance.interval_coverage import interval_coverage
from audits.performance.interval_width import interval_width
from audits.performance.label_maturity import label_maturity
from audits.performance.label_selectivity import label_selectivity
from audits.performance.latency_p50 import latency_p50
from audits.performance.latency_p95 import latency_p95
from audits.performance.latency_p99 import latency_p99
from audits.performance.log_loss import log_loss
from audits.performance.mean_absolute_error import mean_absolute_error
from audits.performance.mean_error import mean_error
from audits.performance.mean_outcome import mean_outcome
from audits.performance.median_absolute_error import median_absolute_error
from audits.performance.negative_predictive_value import negative_predictive_value
from audits.performance.negative_predictive_value_bounds import negative_predictive_value_bounds
from audits.performance.positive_predictive_value import positive_predictive_value
from audits.performance.positive_predictive_value_bounds import positive_predictive_value_bounds
from audits.performance.r_squared import r_squared
from audits.performance.roc_auc import roc_auc
from audits.performance.root_mean_squared_error import root_mean_squared_error
from audits.performance.selection_rate import selection_rate
from audits.performance.true_negative_rate import true_negative_rate
from audits.performance.true_positive_rate import true_positive_rate
from audits.performance.true_positive_rate_bounds import true_positive_rate_bounds

AUDITS: tuple[Audit, ...] = (
    accuracy,
    balanced_accuracy,
    true_positive_rate,
    false_positive_rate,
    true_negative_rate,
    false_negative_rate,
    positive_predictive_value,
    negative_predictive_value,
    f1,
    roc_auc,
    average_precision,
    log_loss,
    brier_score,
    brier_reliability,
    brier_resolution,
    brier_uncertainty,
    expected_calibration_error,
    calibration_gap,
    base_rate,
    selection_rate,
    mean_error,
    mean_absolute_error,
    root_mean_squared_error,
    r_squared,
    median_absolute_error,
    absolute_error_p90,
    interval_coverage,
    interval_width,
    mean_outcome,
    label_maturity,
    label_selectivity,
    base_rate_bounds,
    accuracy_bounds,
    true_positive_rate_bounds,
    false_positive_rate_bounds,
    positive_predictive_value_bounds,
    negative_predictive_value_bounds,
    latency_p50,
    latency_p95,
    latency_p99,
    cost_per_prediction,
    energy_wh_per_prediction,
)
"""In the order of the page."""
