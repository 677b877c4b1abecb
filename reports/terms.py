"""The words of every measure that an audit may report: its plain name, a one-line definition, how its number is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Family = Literal[
    "performance", "service", "estimated", "fairness", "weak_spots", "tradeoffs", "drift", "attribution", "quality", "explanations",
    "robustness",
]  # fmt: skip
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)
"""Families in the order in which a report treats them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What a measure is called on screen, what it says in one line, and how its number is written.

    `unit` is a display unit: percent, points, ratio, decimal, count, milliseconds, duration, currency, plain.
    `better` says which side is good, for ordering only; verdicts come from the policy.
    """

    title: str
    definition: str
    family: Family
    unit: str
    better: Literal["high", "low", "one", "zero"] | None = None


def _terms(family: Family, *rows: tuple[str, str, str, Literal["high", "low", "one", "zero"] | None, str]) -> dict[str, Term]:
    return {name: Term(title=title, unit=unit, better=better, definition=text, family=family) for name, title, unit, better, text in rows}


def _effects(*rates: tuple[str, str, str]) -> dict[str, Term]:
    """Return the words of the two effects on each rate: its name, what it is called in a sentence, and the unit of its changes."""
    found = {}
    for rate, called, unit in rates:
        mix = f"What a change of who is counted adds to the change of {called}, as if each level had fared alike."
        fare = f"What a change of how each level fares adds to the change of {called}, as if the same people had come."
        found |= _terms("attribution", (f"{rate}_mix_effect", f"Mix effect on {called}", unit, "zero", mix))
        found |= _terms("attribution", (f"{rate}_rate_effect", f"Rate effect on {called}", unit, "zero", fare))
    return found


TERMS: Final[dict[str, Term]] = {
    **_terms(
        "performance",
        ("accuracy", "Accuracy", "percent", "high", "Share of decisions that match the outcome."),
        ("balanced_accuracy", "Balanced accuracy", "percent", "high",
         "Mean of the true positive and the true negative rate; does not reward guessing the common outcome."),
        ("true_positive_rate", "True positive rate", "percent", "high", "Share of actual positives that the model finds (recall)."),
        ("false_positive_rate", "False positive rate", "percent", "low", "Share of actual negatives that the model calls positive."),
        ("true_negative_rate", "True negative rate", "percent", "high", "Share of actual negatives that the model calls negative."),
        ("false_negative_rate", "False negative rate", "percent", "low", "Share of actual positives that the model misses."),
        ("positive_predictive_value", "Precision", "percent", "high", "Share of positive calls that turn out positive."),
        ("negative_predictive_value", "Negative predictive value", "percent", "high", "Share of negative calls that turn out negative."),
        ("f1", "F1 score", "decimal", "high", "Harmonic mean of precision and the true positive rate, 0 to 1."),
        ("roc_auc", "ROC AUC", "decimal", "high",
         "Chance that a random positive scores above a random negative, ties counting half; 0.5 is a coin."),
        ("average_precision", "Average precision", "decimal", "high",
         "Precision averaged over every score cut-off; compare with the base rate."),
        ("log_loss", "Log loss", "decimal", "low", "Mean surprise at the outcome given the score, in nats; 0 is perfect."),
        ("brier_score", "Brier score", "decimal", "low", "Mean squared distance between score and outcome; 0 is perfect."),
        ("expected_calibration_error", "Calibration error", "percent", "low",
         "Mean distance between score and observed rate over score bins of equal size."),
        ("calibration_gap", "Calibration gap", "points", "zero",
         "Mean score minus the observed rate; above zero the model promises too much."),
        ("base_rate", "Base rate", "percent", None, "Share of known outcomes that are favorable."),
        ("selection_rate", "Approval rate", "percent", None, "Share of decisions that are favorable (selection rate)."),
        ("mean_error", "Mean error", "plain", "zero", "Mean of prediction minus outcome; the bias."),
        ("mean_absolute_error", "Mean absolute error", "plain", "low", "Mean size of the error, in the outcome's unit."),
        ("root_mean_squared_error", "Root mean squared error", "plain", "low", "Size of the error with large errors weighing more."),
        ("r_squared", "R squared", "decimal", "high", "Share of the outcome's variance that the prediction accounts for."),
        ("ndcg", "NDCG", "decimal", "high", "Quality of the ranking against the best possible order, 0 to 1."),
        ("mean_reciprocal_rank", "Mean reciprocal rank", "decimal", "high", "Mean of 1 over the rank of the first relevant item."),
        ("hit_rate", "Hit rate", "percent", "high", "Share of lists that hold at least one relevant item."),
        ("catalog_coverage", "Catalogue coverage", "percent", "high", "Share of the catalogue that was shown at all."),
        ("exposure_gini", "Exposure concentration", "decimal", "low",
         "Gini coefficient of exposure over items; 1 means that one item gets everything."),
        ("word_error_rate", "Word error rate", "percent", "low", "Words inserted, deleted or replaced, per word of the reference."),
        ("character_error_rate", "Character error rate", "percent", "low",
         "Characters inserted, deleted or replaced, per character of the reference."),
        ("mean_rating", "Mean rating", "plain", "high", "Mean of the ratings given; only those who rate are heard."),
    ),
    **_terms(
        "service",
        ("latency_p50", "Median latency", "milliseconds", "low", "Half of the predictions were answered within this time."),
        ("latency_p95", "Latency, 95th percentile", "milliseconds", "low", "95 of 100 predictions were answered within this time."),
        ("latency_p99", "Latency, 99th percentile", "milliseconds", "low", "99 of 100 predictions were answered within this time."),
        ("error_rate", "Error rate", "percent", "low", "Share of requests that failed."),
        ("cost_per_prediction", "Cost per prediction", "plain", "low", "Mean cost of one prediction, in the log's currency."),
        ("energy_wh_per_prediction", "Energy per prediction", "plain", "low", "Mean energy of one prediction, in watt-hours."),
    ),
    **_terms(
        "performance",
        ("median_absolute_error", "Median absolute error", "plain", "low",
         "Half of the errors are smaller than this, in the outcome's unit."),
        ("absolute_error_p90", "Absolute error, 90th percentile", "plain", "low",
         "Nine of ten errors are smaller than this, in the outcome's unit."),
        ("interval_coverage", "Coverage of predicted intervals", "percent", None,
         "Share of outcomes inside the interval that the model predicted; compare with the level it promises."),
        ("interval_width", "Width of predicted intervals", "plain", "low", "Mean width of the predicted intervals, in the outcome's unit."),
        ("mean_outcome", "Mean outcome", "plain", None, "Mean of the known outcomes."),
        ("brier_reliability", "Brier reliability", "decimal", "low",
         "Part of the Brier score that comes from miscalibration: how far scores lie from the observed rates."),
        ("brier_resolution", "Brier resolution", "decimal", "high",
         "Part of the Brier score that telling cases apart takes off: how far observed rates lie from the base rate."),
        ("brier_uncertainty", "Brier uncertainty", "decimal", None,
         "Brier score of always answering the base rate; the model cannot change it."),
        ("label_maturity", "Outcomes that have arrived", "percent", "high", "Share of the outcomes due by now that are known."),
        ("label_selectivity", "Selective outcomes", "points", "zero",
         "Share of favorable decisions whose outcome is known minus that of unfavorable ones; 0 where outcomes are seen alike."),
    ),
    **_terms(
        "estimated",
        ("estimation_error", "Error of past estimates", "percent", "low",
         "Mean distance between the estimate and the realised figure, over windows whose outcomes have since arrived."),
        ("estimation_coverage", "Coverage of past estimates", "percent", "high",
         "Share of windows whose realised figure fell inside the interval of its estimate; 95% was promised."),
    ),
    **_terms(
        "weak_spots",
        ("weak_spot", "Weak spot", "points", "low",
         "How much more often the model errs inside a slice than outside it; found by search and corrected for the search."),
        ("weak_spot_log_loss", "Weak spot (log loss)", "decimal", "low",
         "How much larger the log loss is inside a slice than outside it; found by search and corrected for the search."),
        ("weak_spot_absolute_error", "Weak spot (absolute error)", "plain", "low",
         "How much larger the mean error is inside a slice than outside it; found by search and corrected for the search."),
        ("weak_spot_by_features", "Weak spot by features", "points", "low",
         "How much more often the model errs inside a slice of the features, on rows that did not help to find the slice."),
        ("weak_spot_by_features_absolute_error", "Weak spot by features (absolute error)", "plain", "low",
         "How much larger the mean error is inside a slice of the features, on rows that did not help to find the slice."),
        ("weak_spot_by_features_log_loss", "Weak spot by features (log loss)", "decimal", "low",
         "How much larger the log loss is inside a slice of the features, on rows that did not help to find the slice."),
    ),
    **_terms(
        "tradeoffs",
        ("expected_cost", "Expected cost per prediction", "currency", "low",
         "Mean cost of a decision, from the costs that the configuration gives each kind of right and wrong decision."),
        ("threshold_curve", "Accuracy at the best common cut-off", "percent", "high",
         "The highest accuracy that one cut-off on the logged scores reaches for everybody; its curve holds every other cut-off."),
        ("mitigation_frontier", "Approval gap that a common cut-off can reach", "points", "low",
         "The smallest gap in approval rates that one cut-off for everybody reaches within a point of accuracy and balanced accuracy."),
        ("less_discriminatory_alternatives", "Approval ratio of the best alternative", "ratio", "high",
         "The highest approval ratio among alternatives that are less disparate than today, and not less accurate (or dearer)."),
        ("reductions_frontier", "Approval gap that a retrained model can reach", "points", "low",
         "The smallest gap in approval rates of a model retrained under a fairness constraint, within a point of accuracy."),
    ),
    **_terms(
        "fairness",
        ("false_negative_rate_ratio", "False negative rate ratio", "ratio", "one",
         "False negative rate of a group over that of the comparison group."),
        ("true_positive_rate_ratio", "True positive rate ratio", "ratio", "one",
         "True positive rate of a group over that of the comparison group."),
        ("mean_prediction", "Mean prediction", "plain", None, "Mean of the predictions, whether or not their outcomes are known."),
        ("cochran_mantel_haenszel", "Common odds ratio", "ratio", "one",
         "Odds of a favorable decision against the comparison group within each level of a segment, pooled (Cochran–Mantel–Haenszel)."),
        ("quantile_impact_ratio", "Approval ratio at a cut-off share", "ratio", "one",
         "Approval ratio if the best-scored share of everybody were selected; the curve holds every share."),
        ("residual_standardized_mean_difference", "Residual standardised mean difference", "plain", "zero",
         "100 times the gap in mean score that remains at equal outcomes, over the standard deviation of all."),
        ("criteria_conflict", "Gap between base rates", "points", "zero",
         "Largest gap between the groups' base rates; where it is not zero, calibration and equal error rates cannot both hold."),
        ("detectable_gap", "Smallest gap that would be seen", "points", "low",
         "Smallest gap in approval rates that this many rows show with 80% power."),
        ("proxy_strength", "Proxy strength", "decimal", "low",
         "How well a feature tells a protected attribute, as bias-corrected Cramér's V: 0 not at all, 1 completely."),
    ),
    **_terms(
        "fairness",
        ("impact_ratio", "Approval ratio", "ratio", "one",
         "Approval rate of a group over that of the group with the highest rate (impact ratio); 1 is parity."),
        ("demographic_parity_difference", "Approval gap", "points", "zero",
         "Highest minus lowest approval rate among the groups (demographic parity difference)."),
        ("demographic_parity_ratio", "Lowest approval ratio", "ratio", "one",
         "Lowest over highest approval rate among the groups (demographic parity ratio)."),
        ("equal_opportunity_difference", "Equal opportunity gap", "points", "zero",
         "Among people whose outcome is favorable: highest minus lowest share that got the favorable decision, among the groups."),
        ("equalized_odds_difference", "Equalized odds gap", "points", "zero",
         "The larger of two gaps among the groups: in favorable decisions where the outcome is favorable, and where it is not."),
        ("false_positive_rate_ratio", "False positive ratio", "ratio", "one",
         "False positive rate of a group over that of the comparison group."),
        ("predictive_parity_difference", "Precision gap", "points", "zero",
         "Precision of a group minus that of the comparison group (predictive parity)."),
        ("scoring_rate", "Scoring rate", "percent", None, "Share of a group that scores above the median of everyone scored."),
        ("scoring_impact_ratio", "Scoring ratio", "ratio", "one", "Scoring rate of a group over that of the group with the highest rate."),
        ("standardized_mean_difference", "Standardised mean difference", "plain", "zero",
         "100 times the difference in mean score between a group and the comparison group, over the standard deviation of all."),
        ("odds_ratio", "Odds ratio", "ratio", "one", "Odds of a favorable decision in a group over the odds in the comparison group."),
        ("exposure_ratio", "Exposure ratio", "ratio", "one", "Exposure of a group's items over that of the comparison group's."),
    ),
    **_terms(
        "drift",
        ("population_stability_index", "Population stability index", "decimal", "low",
         "How far the shares over the reference's bins have moved; 0 is no change, above 0.2 is usually called large."),
        ("drift_evidence", "Evidence of drift", "decimal", "low",
         "How surprising the newest windows would be if nothing that matters had moved, in powers of ten: 3 is once in 1,000 windows."),
        ("jensen_shannon_distance", "Jensen–Shannon distance", "decimal", "low",
         "Distance between two distributions, base 2: 0 the same, 1 disjoint."),
        ("kolmogorov_smirnov", "Kolmogorov–Smirnov distance", "decimal", "low",
         "Largest gap between the two cumulative distributions, 0 to 1."),
        ("wasserstein_distance", "Wasserstein distance", "decimal", "low",
         "Mean shift needed to turn one distribution into the other, in standard deviations of the reference."),
        ("chi_squared", "Cramér's V", "decimal", "low",
         "Strength of the chi-squared evidence that category shares differ, freed of n: 0 equal shares, 1 disjoint."),
        ("hellinger_distance", "Hellinger distance", "decimal", "low", "Distance between two distributions: 0 the same, 1 disjoint."),
        ("l_infinity", "Largest category shift", "points", "low", "Largest change in the share of any one category."),
        ("missing_rate_change", "Change in missing values", "points", "zero",
         "Share of rows in which the column is empty, minus that of the reference."),
        ("quantile_shift", "Shift of the median", "decimal", "zero",
         "How far the median has moved, in standard deviations of the reference; above zero is up."),
        ("vanished_categories", "Vanished categories", "count", "low",
         "Categories of the reference of which at least five rows were to be expected and none came."),
        ("label_delay_drift", "Label delay drift", "points", "low",
         "Largest gap between the shares of outcomes known within so many days, now and in the reference."),
        ("concept_drift", "Concept drift", "decimal", "low",
         "Mean change of the outcome rate at equal scores; in a regression of the error, in standard deviations of the outcome."),
        ("domain_classifier_auc", "Domain classifier AUC", "decimal", "low",
         "How well a classifier tells the window from the reference; 0.5 means it cannot."),
        ("attribution_shift", "Attribution shift", "decimal", "low", "How far the ranking of what drives the scores has changed."),
    ),
    **_effects(
        ("accuracy", "accuracy", "points"), ("selection_rate", "the approval rate", "points"), ("base_rate", "the base rate", "points"),
        ("true_positive_rate", "the true positive rate", "points"), ("false_positive_rate", "the false positive rate", "points"),
        ("mean_error", "the mean error", "plain"), ("mean_absolute_error", "the mean absolute error", "plain"),
    ),
    **_terms(
        "attribution",
        ("drop_attribution", "Change taken apart", "points", "zero",
         "How much of a change comes from who came, from what the world did, from broken data and from outcomes still missing."),
        ("drop_attribution_absolute_error", "Change of the error taken apart", "plain", "zero",
         "How much of a change of the mean absolute error comes from who came, from the world, from broken data and from late outcomes."),
    ),
    **_terms(
        "quality",
        ("missing_rate", "Missing values", "percent", "low", "Share of rows in which the column is empty."),
        ("unseen_category_rate", "Unseen categories", "percent", "low", "Share of rows with a category that the reference does not hold."),
        ("out_of_range_rate", "Out of range", "percent", "low", "Share of rows outside the range of the reference."),
        ("duplicate_rate", "Duplicate rows", "percent", "low", "Share of received rows whose identity had been received before."),
        ("volume", "Volume", "count", None, "Number of predictions in the window."),
        ("freshness", "Freshness", "duration", "low",
         "Time from the newest prediction to the audit."),
        ("label_coverage", "Outcomes known", "percent", "high", "Share of predictions whose outcome is known."),
        ("quarantine_rate", "Quarantined rows", "percent", "low", "Share of received rows set aside as unreadable or invalid."),
        ("constant_column", "Constant column", "plain", "low", "1 when the column holds a single value throughout the window, else 0."),
    ),
    **_terms(
        "explanations",
        ("mean_absolute_attribution", "Mean attribution", "decimal", None, "Mean size of a feature's contribution to the score."),
        ("surrogate_fidelity", "Surrogate fidelity", "decimal", "high", "How closely the surrogate follows the model that it explains."),
    ),
    **_terms(
        "robustness",
        ("model_mismatch_rate", "Model mismatch", "percent", "low", "Share of rows whose logged score differs from the model's answer."),
        ("flip_rate", "Flip rate", "percent", "low", "Share of decisions that a small perturbation turns around."),
        ("evasion_rate", "Evasion rate", "percent", "low",
         "Share of decisions that an attacker can turn around within the allowed changes."),
        ("smallest_flip_distance", "Smallest flip", "decimal", "high", "Smallest change that turns a decision around."),
        ("membership_inference_auc", "Membership inference AUC", "decimal", "low",
         "How well an outsider can tell who was in the training data; 0.5 means they cannot."),
        ("outlier_rate", "Outliers", "percent", "low", "Share of inputs unlike anything in the reference."),
        ("boundary_probe_rate", "Boundary probes", "percent", "low", "Share of queries that hug the decision boundary."),
        ("extraction_score", "Extraction score", "decimal", "low", "How much a client's queries look like an attempt to copy the model."),
        ("replay_rate", "Replays", "percent", "low", "Share of inputs that repeat earlier inputs exactly."),
        ("outcome_flip_rate", "Outcome flips", "percent", "low", "Share of outcomes that were reported one way and then the other."),
        ("invariant_violations", "Invariant violations", "count", "low", "Number of predictions that broke a declared rule."),
    ),
}  # fmt: skip
