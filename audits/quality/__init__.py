"""Whether the log itself can be trusted: what is missing, new, impossible, late or left out."""

from audits.audit import Audit
from audits.quality.category_explosion import category_explosion
from audits.quality.clock_skew import clock_skew
from audits.quality.constant_column import constant_column
from audits.quality.duplicate_rate import duplicate_rate
from audits.quality.duplicated_timestamps import duplicated_timestamps
from audits.quality.error_rate import error_rate
from audits.quality.format_change import format_change
from audits.quality.freshness import freshness
from audits.quality.frozen_column import frozen_column
from audits.quality.ingest_lag import ingest_lag
from audits.quality.label_arrival import label_arrival
from audits.quality.label_coverage import label_coverage
from audits.quality.leakage_suspect import leakage_suspect
from audits.quality.missing_rate import missing_rate
from audits.quality.mixed_types import mixed_types
from audits.quality.negative_outcome_arrival import negative_outcome_arrival
from audits.quality.no_data import no_data
from audits.quality.old_version_rate import old_version_rate
from audits.quality.out_of_range_rate import out_of_range_rate
from audits.quality.prediction_count_mismatch import prediction_count_mismatch
from audits.quality.quarantine_rate import quarantine_rate
from audits.quality.repeated_window import repeated_window
from audits.quality.sample_ratio_mismatch import sample_ratio_mismatch
from audits.quality.sampling_rate_change import sampling_rate_change
from audits.quality.schema_change import schema_change
from audits.quality.source_gone import source_gone
from audits.quality.train_serve_skew import train_serve_skew
from audits.quality.unexplained_score_shift import unexplained_score_shift
from audits.quality.unseen_category_rate import unseen_category_rate
from audits.quality.volume import volume
from audits.quality.volume_against_expected import volume_against_expected

AUDITS: tuple[Audit, ...] = (
    missing_rate,
    unseen_category_rate,
    out_of_range_rate,
    constant_column,
    schema_change,
    format_change,
    mixed_types,
    frozen_column,
    category_explosion,
    repeated_window,
    train_serve_skew,
    unexplained_score_shift,
    leakage_suspect,
    volume,
    volume_against_expected,
    sampling_rate_change,
    prediction_count_mismatch,
    duplicate_rate,
    duplicated_timestamps,
    quarantine_rate,
    old_version_rate,
    sample_ratio_mismatch,
    label_coverage,
    label_arrival,
    negative_outcome_arrival,
    freshness,
    ingest_lag,
    clock_skew,
    no_data,
    source_gone,
    error_rate,
)
"""Every data-quality and telemetry measure, in the order of the page: columns, model, rows, outcomes, time."""
