"""How decisions, errors and scores differ between groups of people."""

from audits.audit import Audit
from audits.fairness.demographic_parity_difference import demographic_parity_difference
from audits.fairness.demographic_parity_ratio import demographic_parity_ratio
from audits.fairness.equal_opportunity_difference import equal_opportunity_difference
from audits.fairness.equalized_odds_difference import equalized_odds_difference
from audits.fairness.false_positive_rate_ratio import false_positive_rate_ratio
from audits.fairness.impact_ratio import impact_ratio
from audits.fairness.odds_ratio import odds_ratio
from audits.fairness.predictive_parity_difference import predictive_parity_difference
from audits.fairness.scoring_impact_ratio import scoring_impact_ratio
from audits.fairness.scoring_rate import scoring_rate
from audits.fairness.standardized_mean_difference import standardized_mean_difference

AUDITS: tuple[Audit, ...] = (
    impact_ratio,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    false_positive_rate_ratio,
    predictive_parity_difference,
    odds_ratio,
    standardized_mean_difference,
    scoring_rate,
    scoring_impact_ratio,
)
