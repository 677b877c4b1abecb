"""How decisions, errors and scores differ between groups of people."""

from audits.audit import Audit
from audits.fairness.cochran_mantel_haenszel import cochran_mantel_haenszel
from audits.fairness.criteria_conflict import criteria_conflict
from audits.fairness.demographic_parity_difference import demographic_parity_difference
from audits.fairness.demographic_parity_ratio import demographic_parity_ratio
from audits.fairness.detectable_gap import detectable_gap
from audits.fairness.equal_opportunity_difference import equal_opportunity_difference
from audits.fairness.equalized_odds_difference import equalized_odds_difference
from audits.fairness.false_negative_rate_ratio import false_negative_rate_ratio
from audits.fairness.false_positive_rate_ratio import false_positive_rate_ratio
from audits.fairness.impact_ratio import impact_ratio
from audits.fairness.mean_prediction import mean_prediction
from audits.fairness.odds_ratio import odds_ratio
from audits.fairness.predictive_parity_difference import predictive_parity_difference
from audits.fairness.probability_weighted_false_positive_rate import probability_weighted_false_positive_rate
from audits.fairness.probability_weighted_impact_ratio import probability_weighted_impact_ratio
from audits.fairness.probability_weighted_selection_rate import probability_weighted_selection_rate
from audits.fairness.probability_weighted_true_positive_rate import probability_weighted_true_positive_rate
from audits.fairness.proxy_strength import proxy_strength
from audits.fairness.quantile_impact_ratio import quantile_impact_ratio
from audits.fairness.residual_standardized_mean_difference import residual_standardized_mean_difference
from audits.fairness.scoring_impact_ratio import scoring_impact_ratio
from audits.fairness.scoring_rate import scoring_rate
from audits.fairness.standardized_mean_difference import standardized_mean_difference
from audits.fairness.true_positive_rate_ratio import true_positive_rate_ratio

AUDITS: tuple[Audit, ...] = (
    impact_ratio,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    true_positive_rate_ratio,
    false_positive_rate_ratio,
    false_negative_rate_ratio,
    predictive_parity_difference,
    odds_ratio,
    cochran_mantel_haenszel,
    standardized_mean_difference,
    residual_standardized_mean_difference,
    scoring_rate,
    scoring_impact_ratio,
    quantile_impact_ratio,
    mean_prediction,
    criteria_conflict,
    detectable_gap,
    proxy_strength,
    probability_weighted_selection_rate,
    probability_weighted_impact_ratio,
    probability_weighted_true_positive_rate,
    probability_weighted_false_positive_rate,
)
