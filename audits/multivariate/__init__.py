"""Whole rows against whole rows: what `candor audit --multivariate` reads rows for."""

from audits.audit import Audit
from audits.multivariate.classifier_drift import classifier_drift
from audits.multivariate.context_aware_discrepancy import context_aware_discrepancy
from audits.multivariate.domain_classifier_auc import domain_classifier_auc
from audits.multivariate.least_squares_density_difference import least_squares_density_difference
from audits.multivariate.maximum_mean_discrepancy import maximum_mean_discrepancy
from audits.multivariate.online_cramer_von_mises import online_cramer_von_mises
from audits.multivariate.online_fisher import online_fisher
from audits.multivariate.reconstruction_error import reconstruction_error
from audits.multivariate.second_opinion import second_opinion
from audits.multivariate.spot_the_difference import spot_the_difference

AUDITS: tuple[Audit, ...] = (
    domain_classifier_auc,
    reconstruction_error,
    classifier_drift,
    maximum_mean_discrepancy,
    least_squares_density_difference,
    context_aware_discrepancy,
    spot_the_difference,
    online_cramer_von_mises,
    online_fisher,
    second_opinion,
)
