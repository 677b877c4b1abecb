"""How far each column of a log has moved away from its reference."""

from audits.audit import Audit
from audits.drift import realised_minus_estimated
from audits.drift.chi_squared import chi_squared
from audits.drift.concept_drift import concept_drift
from audits.drift.from_previous import from_previous
from audits.drift.hellinger_distance import hellinger_distance
from audits.drift.jensen_shannon_distance import jensen_shannon_distance
from audits.drift.kolmogorov_smirnov import kolmogorov_smirnov
from audits.drift.l_infinity import l_infinity
from audits.drift.label_delay_drift import label_delay_drift
from audits.drift.missing_rate_change import missing_rate_change
from audits.drift.population_stability_index import population_stability_index
from audits.drift.quantile_shift import quantile_shift
from audits.drift.vanished_categories import vanished_categories
from audits.drift.wasserstein_distance import wasserstein_distance

STATISTICS: tuple[Audit, ...] = (
    population_stability_index,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    wasserstein_distance,
    hellinger_distance,
    chi_squared,
    l_infinity,
)
"""Distances between two samples of a column."""

GENERATED: tuple[Audit, ...] = (*realised_minus_estimated.AUDITS, *(from_previous(found) for found in STATISTICS))
"""Measures made of others, which have no file of their own."""

AUDITS: tuple[Audit, ...] = (
    *STATISTICS,
    quantile_shift,
    missing_rate_change,
    vanished_categories,
    concept_drift,
    label_delay_drift,
    *GENERATED,
)
