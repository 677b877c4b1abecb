"""Whether the log itself can be trusted: what is missing, new, impossible, late or left out."""

from audits.audit import Audit
from audits.quality.constant_column import constant_column
from audits.quality.duplicate_rate import duplicate_rate
from audits.quality.freshness import freshness
from audits.quality.label_coverage import label_coverage
from audits.quality.missing_rate import missing_rate
from audits.quality.out_of_range_rate import out_of_range_rate
from audits.quality.quarantine_rate import quarantine_rate
from audits.quality.unseen_category_rate import unseen_category_rate
from audits.quality.volume import volume

AUDITS: tuple[Audit, ...] = (
    missing_rate,
    unseen_category_rate,
    out_of_range_rate,
    constant_column,
    volume,
    freshness,
    label_coverage,
    duplicate_rate,
    quarantine_rate,
)
