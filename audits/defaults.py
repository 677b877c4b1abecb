"""The thresholds in force where the configuration sets none, each with its rationale and who says so."""

from __future__ import annotations

from collections.abc import Mapping

from audits.finding import Threshold

_PARITY = (
    "A gap of ten percentage points between groups is the customary line for a closer look; no law sets it, so set your own where you know "
    "what a point costs"
)
_CALIBRATION = "Scores that are five points off on average move every decision that is made by comparing them with a cost or a price"

DEFAULTS: Mapping[str, Threshold] = {
    threshold.name: threshold
    for threshold in (
        Threshold(
            name="impact_ratio", min=0.8, severity="page",
            rationale="The four-fifths rule: a selection rate below 80 % of the highest group's is regarded as evidence of adverse impact",
            source="29 CFR 1607.4(D)",
        ),
        Threshold(
            name="demographic_parity_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360: fair between -0.1 and 0.1",
        ),
        Threshold(
            name="equal_opportunity_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360: fair between -0.1 and 0.1",
        ),
        Threshold(
            name="equalized_odds_difference", min=-0.1, max=0.1, rationale=_PARITY,
            source="Bellamy et al. (2018), AI Fairness 360, for each of the two rates",
        ),
        Threshold(
            name="expected_calibration_error", max=0.05, min_n=1250,
            rationale=_CALIBRATION + ". Judged from 1,250 rows on: with fewer, noise alone passes five points in over 1 cell of 20",
            source="A convention of ours; compare Guo et al. (2017), where calibrated networks stay below it",
        ),
        Threshold(
            name="calibration_gap", min=-0.05, max=0.05, min_n=400,
            rationale=_CALIBRATION + ". Judged from 400 rows on: with fewer, chance alone passes five points in over 1 cell of 20",
            source="A convention of ours; 400 = (1.96 / 0.05)² / 4, rounded up, for outcomes as varied as they can be",
        ),
        Threshold(
            name="population_stability_index", max=0.2, min_n=200,
            rationale="Above 0.2 a column is customarily said to have shifted; others draw the line at 0.25, and read 0.1 as a first sign. "
            "Judged from 200 rows on: with fewer, ten bins pass it by chance in over 1 case of 20, the reference being as small",
            source="N. Siddiqi, Credit Risk Scorecards (2006)",
        ),
        Threshold(
            name="jensen_shannon_distance", max=0.1, min_n=650,
            rationale="The default alarm of widely used monitors; about where the population stability index passes 0.06. "
            "Judged from 650 rows on: with fewer, ten bins pass it by chance in over 1 case of 20, the reference being as small",
            source="Evidently and NannyML, default threshold",
        ),
        Threshold(
            name="quarantine_rate", max=0.01,
            rationale="More than one bad row in a hundred is a broken feed rather than a slip, and figures then speak of the rest only",
            source="A convention of ours",
        ),
        Threshold(
            name="duplicate_rate", max=0.01,
            rationale="More than one repeated row in a hundred means that something is sent twice; repeats are left out of every figure",
            source="A convention of ours",
        ),
        Threshold(
            name="missing_rate", max=0.5,
            rationale="A column that is missing in most rows tells the model little: it stopped coming, or should not be a feature",
            source="A convention of ours: it catches a column that went away; a lower line for one column is yours to set",
        ),
        Threshold(
            name="unseen_category_rate", max=0.01,
            rationale="The model never learned from values that its reference did not hold",
            source="A convention of ours; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="out_of_range_rate", max=0.01,
            rationale="Values beyond everything in the reference are extrapolation, or a change of unit",
            source="A convention of ours; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="schema_change", max=0, min_n=0,
            rationale="A column that appears, vanishes or changes its type was changed by somebody: nothing of it is chance",
            source="A fact; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="format_change", max=0.01,
            rationale="More than one value in a hundred in another format than the reference's: another writer, unit or locale",
            source="A convention of ours; compare Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="mixed_types", max=0.01,
            rationale="More than one value in a hundred of another kind than the column's: two writers share it",
            source="A convention of ours",
        ),
        Threshold(
            name="frozen_column", min=0.1, min_n=50, severity="page",
            rationale="A column that varies less than a tenth as much as in the reference stands still",
            source="A convention of ours",
        ),
        Threshold(
            name="category_explosion", max=2, min_n=100,
            rationale="Twice as many categories in use as in the reference: an identity or free text got into the column",
            source="A convention of ours",
        ),
        Threshold(
            name="repeated_window", max=0, min_n=30, severity="page",
            rationale="All counts of all features equal to an earlier window's do not happen by chance: old data was sent again",
            source="A fact",
        ),
        Threshold(
            name="volume_against_expected", min=0.7, max=1.5, min_n=0,
            rationale="Less than 70 % or more than 150 % of the rows that this hour or weekday usually brings, beyond its usual "
            "variation",
            source="A convention of ours",
        ),
        Threshold(
            name="sampling_rate_change", min=0.9, max=1.1, min_n=30,
            rationale="A tenth more or fewer of the predictions made are in the log than in the reference: telemetry drops or repeats "
            "them",
            source="A convention of ours",
        ),
        Threshold(
            name="prediction_count_mismatch", min=0.99, max=1.01, min_n=0,
            rationale="What the gateway served and what the log holds should agree; one in a hundred is a lossy path",
            source="A convention of ours",
        ),
        Threshold(
            name="sample_ratio_mismatch", max=0.02, min_n=100,
            rationale="Shares of traffic two points off what was declared are a fault of the split, and comparisons of versions rest on "
            "it",
            source="A convention of ours; Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch",
        ),
        Threshold(
            name="old_version_rate", max=0.01, severity="page",
            rationale="A version that was replaced should answer nothing",
            source="A convention of ours",
        ),
        Threshold(
            name="train_serve_skew", max=0.1, min_n=200,
            rationale="Served values should look like those the model was trained on from the first window on; 0.1 is where two samples "
            "visibly differ",
            source="A convention of ours; Breck et al. (2019), Data Validation for Machine Learning",
        ),
        Threshold(
            name="unexplained_score_shift", max=0.05, min_n=200,
            rationale="A score that moves while no feature does comes of another model, code or parameters",
            source="A convention of ours",
        ),
        Threshold(
            name="label_arrival", min=0.8, min_n=50,
            rationale="Fewer than 80 % of the outcomes that the reference would have had at this age: they are late or lost",
            source="A convention of ours",
        ),
        Threshold(
            name="negative_outcome_arrival", min=0.5, min_n=30,
            rationale="Fewer than half of the unfavorable outcomes that the reference would have had: bad news stopped coming",
            source="A convention of ours",
        ),
        Threshold(
            name="leakage_suspect", max=0.9, min_n=100,
            rationale="A single column that explains nine tenths of the outcome mostly is the outcome",
            source="A convention of ours; Kaufman et al. (2012), Leakage in Data Mining",
        ),
        Threshold(
            name="clock_skew", max=0.001,
            rationale="Rows dated after they arrived were dated by a wrong clock or zone",
            source="A convention of ours; five minutes' grace as in RFC 4120",
        ),
        Threshold(
            name="duplicated_timestamps", max=0.2, min_n=100,
            rationale="Many more rows than in the reference share one time: a batch or a stopped clock dates them",
            source="A convention of ours",
        ),
        Threshold(
            name="error_rate", max=0.01,
            rationale="One failed request in a hundred is a usual limit of a service objective; set your own",
            source="A convention of ours",
        ),
        Threshold(
            name="trigger_rate", max=0, min_n=0, severity="page",
            rationale="A rare value that decides by itself is a rule that nobody declared, or somebody's back door",
            source="A convention of ours; Gu, Dolan-Gavitt and Garg (2017), BadNets",
        ),
        Threshold(
            name="invariant_violations", max=0, min_n=0, severity="page",
            rationale="What was declared never to happen happened",
            source="A fact: the configuration declares it",
        ),
        Threshold(
            name="no_data", max=1, min_n=0, severity="page",
            rationale="No new row for longer than is allowed (watch.no_data_after, else three windows)",
            source="A fact",
        ),
        Threshold(
            name="source_gone", max=1, min_n=0, severity="page",
            rationale="A source has been silent three times as long as it ever was",
            source="A fact",
        ),
        Threshold(
            name="model_mismatch_rate", max=0.01, min_n=100,
            rationale="Beyond the tolerance, a logged score that the file does not answer again came from another model, or from other "
            "columns; more than one in a hundred is no slip of rounding, and what is explained is then another model",
            source="A convention of ours",
        ),
        Threshold(
            name="attribution_ranking_similarity", min=0.9, min_n=200,
            rationale="Below 0.9 inputs near the top of the order have changed places; swaps among small ones hardly count",
            source="Amazon SageMaker Clarify, which reports a violation below 0.9; 200 rows are a convention of ours",
        ),
        Threshold(
            name="boundary_probe_rate", max=0, severity="page",
            rationale="Rows count only where chance explains the steps of no client of the whole log in 99 logs of 100: any is "
            "somebody who feels for the cut-off",
            source="A convention of ours; found and false alarms are measured in docs/attack-signals.md",
        ),
        Threshold(
            name="extraction_score", max=0.67, min_n=20, severity="page",
            rationale="Up to two thirds two signs are enough, and a new broker or a nightly job has two; beyond it three agree",
            source="A convention of ours; found and false alarms are measured in docs/attack-signals.md",
        ),
        Threshold(
            name="replay_rate", max=0.01,
            rationale="More than one request in a hundred belongs to inputs that came far more often than the reference explains",
            source="A convention of ours",
        ),
        Threshold(
            name="flood_rate", max=0.05,
            rationale="More than one request in twenty came in an hour in which its client sent far more than ever",
            source="A convention of ours",
        ),
        Threshold(
            name="outcome_flip_rate", max=0, severity="page",
            rationale="Outcomes count only where chance explains no stretch of the whole log in 99 logs of 100, and neither a lasting "
            "change nor one that others share does: any is a campaign, or a part of the world that changed alone and changed back",
            source="A convention of ours; found and false alarms are measured in docs/attack-signals.md",
        ),
    )
}  # fmt: skip
"""Thresholds in force where the configuration sets none. A measure that is not here is reported, not judged."""
