"""Wording: numbers keep their meaning when rounded, names from data cannot rearrange a sentence, every measure has its words."""

from __future__ import annotations

import datetime as dt

import pytest

from reports import glossary, strings
from reports.figure import Figure

NAMES = [
    "accuracy",
    "balanced_accuracy",
    "true_positive_rate",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "positive_predictive_value",
    "negative_predictive_value",
    "f1",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
    "calibration_gap",
    "base_rate",
    "selection_rate",
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r_squared",
    "ndcg",
    "mean_reciprocal_rank",
    "hit_rate",
    "catalog_coverage",
    "exposure_gini",
    "word_error_rate",
    "character_error_rate",
    "mean_rating",
    "latency_p50",
    "latency_p95",
    "latency_p99",
    "error_rate",
    "cost_per_prediction",
    "energy_wh_per_prediction",
    "impact_ratio",
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equalized_odds_difference",
    "false_positive_rate_ratio",
    "predictive_parity_difference",
    "scoring_rate",
    "scoring_impact_ratio",
    "standardized_mean_difference",
    "odds_ratio",
    "exposure_ratio",
    "population_stability_index",
    "jensen_shannon_distance",
    "kolmogorov_smirnov",
    "wasserstein_distance",
    "chi_squared",
    "hellinger_distance",
    "l_infinity",
    "domain_classifier_auc",
    "attribution_shift",
    "missing_rate",
    "unseen_category_rate",
    "out_of_range_rate",
    "duplicate_rate",
    "volume",
    "freshness",
    "label_coverage",
    "quarantine_rate",
    "constant_column",
    "mean_absolute_attribution",
    "surrogate_fidelity",
    "model_mismatch_rate",
    "flip_rate",
    "evasion_rate",
    "smallest_flip_distance",
    "membership_inference_auc",
    "outlier_rate",
    "boundary_probe_rate",
    "extraction_score",
    "replay_rate",
    "outcome_flip_rate",
    "invariant_violations",
]


def figure(**more: object) -> Figure:
    """Make a figure from published column names."""
    return Figure.of({"name": "impact_ratio", "unit": "ratio", "slice": '{"sex": "Female"}', "reference_slice": '{"sex": "Male"}', **more})


DERIVED = (
    "estimated_accuracy",
    "estimated_roc_auc",
    "true_positive_rate_difference",
    "roc_auc_change",
    "selection_rate_version_difference",
    "mean_absolute_error_difference",
    "base_rate_bounds",
    "probability_weighted_selection_rate",
    "probability_weighted_impact_ratio",
)


@pytest.mark.parametrize("name", [*NAMES, *glossary.TERMS, *DERIVED])
def test_every_measure_has_a_name_and_a_one_line_definition(name: str) -> None:
    term = glossary.term(name)
    assert term.title
    assert term.definition.endswith(".")
    assert "\n" not in term.definition
    assert len(term.definition) < 200
    assert "_" not in term.title


def test_titles_are_told_apart() -> None:
    titles = [glossary.term(name).title for name in dict.fromkeys([*NAMES, *glossary.TERMS, *DERIVED])]
    assert sorted({t for t in titles if titles.count(t) > 1}) == []


def test_a_measure_nobody_has_named_reads_as_itself() -> None:
    assert glossary.term("brand_new_rate").title == "Brand new rate"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.54348, "percent", "54.3%"),
        (0.0, "percent", "0.0%"),
        (1.0, "percent", "100.0%"),
        (0.99964, "percent", "99.96%"),
        (0.0004, "percent", "0.04%"),
        (0.00004, "percent", "0.004%"),
        (-0.0617, "points", "−6.2 pp"),
        (-0.00001, "ratio", "0.00"),
        (0.78125, "ratio", "0.78"),
        (0.8712, "decimal", "0.871"),
        (0.0021, "decimal", "0.002"),
        (0.00021, "decimal", "0.0002"),
        (26.0, "hours", "1 d 2 h"),
        (1234567, "count", "1,234,567"),
        (123.4, "milliseconds", "123 ms"),
        (-1.5, "currency", "−1.50"),
        (0.0042, "currency", "0.0042"),
        (93784.0, "duration", "1 d 2 h"),
        (None, "ratio", "–"),
    ],
)
def test_numbers_by_unit(value: float | None, unit: str, text: str) -> None:
    assert strings.number(value, unit) == text


def test_rounding_follows_the_number_that_the_json_shows() -> None:
    # 0.285 is stored as 0.284999…; the JSON says 0.285, and half goes to the even digit there.
    assert strings.number(0.285, "ratio") == "0.28"
    assert strings.number(0.295, "ratio") == "0.30"


@pytest.mark.parametrize("value", [0.7999, 0.79951, 0.799999])
def test_a_value_just_below_the_threshold_is_never_printed_as_the_threshold(value: float) -> None:
    said = strings.sentence(figure(value=value, low=0.7, high=0.9, n=50, threshold_min=0.8, verdict="warn"))
    printed = said.split("Male ")[1].split(" ")[0]
    assert float(printed) < 0.8
    assert said.endswith("below 0.80")


def test_bounds_that_differ_are_printed_differently() -> None:
    assert strings.parts(0.002, 0.0019, 0.0021, "percent") == ("0.20%", "[0.19%, 0.21%]")


def test_the_sentence_of_the_brief() -> None:
    found = figure(value=0.7812, low=0.7411, high=0.8204, n=4824, threshold_min=0.8, verdict="warn")
    assert strings.sentence(found) == "Approval ratio Female/Male 0.78 [0.74, 0.82], n = 4,824, below 0.80"
    assert strings.sentence(found, since=dt.datetime(2026, 11, 3)).endswith("below 0.80 since 3 Nov 2026")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"value": None, "reason": "no outcomes are known", "n": 0}, "Approval ratio Female/Male – no outcomes are known (n = 0)"),
        ({"value": float("nan")}, "Approval ratio Female/Male – not computed"),
        ({"value": 0.5, "n": 12, "verdict": "insufficient"}, "Approval ratio Female/Male 0.50, n = 12: not enough data to judge"),
        ({"value": None, "suppressed": True}, "Approval ratio Female/Male – suppressed"),
        (
            {
                "name": "population_stability_index",
                "slice": "{}",
                "reference_slice": None,
                "column": "income",
                "value": 0.31,
                "threshold_max": 0.2,
            },
            "Population stability index of income 0.310, above 0.2",
        ),
        (
            {
                "name": "demographic_parity_difference",
                "slice": "{}",
                "reference_slice": None,
                "attribute": "race,sex",
                "value": 0.12,
                "n": 90,
            },
            "Approval gap by race × sex 12.0 points, n = 90",
        ),
        ({"name": "accuracy", "slice": {}, "reference_slice": None, "value": 0.9, "version": "v2"}, "Accuracy, version v2 90.0%"),
    ],
)
def test_sentences(more: dict[str, object], text: str) -> None:
    assert strings.sentence(figure(**more)) == text


GAP = {"name": "true_positive_rate_difference", "unit": "difference", "value": -0.0612, "low": -0.0701, "high": -0.0524, "n": 5041}


def test_a_gap_is_said_in_points_and_in_people() -> None:
    said = "True positive rate Female against Male −6.1 points [−7.0, −5.2], n = 5,041, about 310 people"
    assert strings.sentence(figure(**GAP, people=308.5, whole=True)) == f"{said} in this period"
    window = {"window_start": dt.datetime(2026, 11, 3), "window_end": dt.datetime(2026, 11, 4)}
    assert strings.sentence(figure(**GAP, people=308.5, **window)) == f"{said} in 3 Nov 2026"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.2, "less than one person"), (1.2, "about 1 person"), (37.6, "about 38 people"), (308.5, "about 310 people"), (0, "about 0 people")],
)
def test_people_are_said_as_roughly_as_they_are_known(value: float, text: str) -> None:
    assert strings.people(value) == text


def test_a_figure_with_too_few_rows_says_how_many_it_needs() -> None:
    few = {"value": 0.7, "n": 37, "verdict": "insufficient", "reason": "judged from 200 rows on"}
    assert strings.sentence(figure(**few)).endswith("0.70, n = 37. Not enough data: n = 37, needs 200")
    assert strings.sentence(figure(**few | {"value": None})).endswith("– Not enough data: n = 37, needs 200")


def test_what_cannot_be_told_is_said_and_is_neither_ok_nor_too_little_data() -> None:
    reason = "can't tell: the scores of this group no longer mean what they meant on the reference"
    withheld = figure(name="estimated_accuracy", unit="proportion", reference_slice=None, value=None, reason=reason, verdict="insufficient")
    assert strings.sentence(withheld) == f"Estimated accuracy for Female – {reason}"
    assert strings.standing(withheld) == "Can't tell"


def test_a_weak_spot_says_what_is_inside_and_what_is_not() -> None:
    tables = {"inside": 0.31, "outside": 0.12, "measure": "error_rate", "words": "race = Black and region = north"}
    spot = figure(name="weak_spot", slice={"race": "Black", "region": "north"}, reference_slice=None, value=0.19, n=1200, tables=tables)
    assert strings.sentence(spot) == (
        "Weak spot where race = Black and region = north 19.0 points, n = 1,200, 31.0% against 12.0% elsewhere"
    )


def test_names_made_of_other_names_get_their_words_from_them() -> None:
    assert glossary.term("true_positive_rate_difference").title == "Gap in true positive rate"
    assert glossary.term("true_positive_rate_difference").unit == "points"
    assert glossary.term("roc_auc_change").unit == "decimal"
    assert glossary.term("demographic_parity_difference").title == "Approval gap"  # a name of its own, though it ends like a gap
    assert not glossary.known("nobody_knows_difference")
    assert strings.display_unit("mean_error_difference", "outcome") == "plain"


def test_names_from_data_cannot_turn_a_sentence_around() -> None:
    hostile = "a\u202egnp.exe\x00\nb"
    said = strings.sentence(figure(slice={"sex": hostile}, value=0.5))
    assert "\u202e" not in said
    assert "\n" not in said
    assert "⟨U+202E⟩" in said
    arabic = strings.sentence(figure(slice={"sex": "أنثى"}, value=0.5))
    assert "\u2068أنثى\u2069/Male" in arabic


def test_empty_and_missing_levels_have_a_name() -> None:
    assert strings.group({"sex": " "}) == "(empty)"
    assert strings.name_of(None) == "(missing)"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-11-03", "2026-11-04", "3 Nov 2026"),
        ("2026-11-02", "2026-11-09", "2–8 Nov 2026"),
        ("2026-10-26", "2026-11-02", "26 Oct – 1 Nov 2026"),
        ("2025-12-29", "2026-01-05", "29 Dec 2025 – 4 Jan 2026"),
        ("2026-12-01", "2027-01-01", "Dec 2026"),
        ("2026-11-03T14:00", "2026-11-03T15:00", "3 Nov 2026, 14:00–15:00 UTC"),
        ("2026-11-03T23:00", "2026-11-04T00:00", "3 Nov 2026, 23:00 – 4 Nov 2026, 00:00 UTC"),
    ],
)
def test_windows(start: str, end: str, text: str) -> None:
    assert strings.window(dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)) == text


def test_windows_of_rows_and_partial_ones() -> None:
    assert strings.window(None, None, 5000, 9999, partial=True) == "rows 5,000–9,999 (partial)"
    assert strings.window(None, None) == "–"


def test_each_verdict_has_its_own_word_and_shape() -> None:
    verdicts = ("pass", "warn", "fail", "insufficient", "error", None)
    assert len({strings.verdict_word(v) for v in verdicts}) == len(verdicts)
    assert len({strings.verdict_icon(v) for v in verdicts}) == len(verdicts)


def test_every_audit_that_exists_has_its_words() -> None:
    from audits.registry import AUDITS

    assert [name for name in AUDITS if not glossary.known(name)] == []
