"""Where a figure is shown: the page and the parameters of the link that leads to exactly that figure."""

from __future__ import annotations

import datetime as dt

from dashboard.url_state import ALL
from reports import glossary, strings
from reports.figure import Figure


def window_key(start: dt.datetime | None, first_row: int | None) -> str:
    """How a window is written in a link: a day, a minute or a row number.

    >>> window_key(dt.datetime(2026, 11, 3), None), window_key(dt.datetime(2026, 11, 3, 5), None), window_key(None, 5000)
    ('2026-11-03', '2026-11-03T05:00', '5000')
    """
    if start is None:
        return str(first_row)
    return start.strftime("%Y-%m-%d") if start.time() == dt.time() else start.strftime("%Y-%m-%dT%H:%M")


ABOUT_COLUMNS = ("cochran_mantel_haenszel", "proxy_strength")
"""Measures of groups whose column is a segment or a feature, not a class."""


def attribute_of(figure: Figure) -> str | None:
    """The protected attribute, or the intersection, that a figure about groups belongs to.

    >>> attribute_of(Figure(name="accuracy", slice={"sex": "Female", "race": "Black"}))
    'race,sex'
    """
    return figure.attribute or ",".join(sorted(figure.slice)) or None


WHAT_IF = ("mitigation_frontier", "less_discriminatory_alternatives", "reductions_frontier", "quantile_impact_ratio", "threshold_curve")
BETWEEN = ("demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference", "equalized_odds_difference")
CALIBRATION = ("expected_calibration_error", "calibration_gap", "brier_reliability", "brier_resolution", "brier_uncertainty")
LABELS = ("label_maturity", "label_selectivity")


TOGETHER = (
    "domain_classifier_auc", "maximum_mean_discrepancy", "least_squares_density_difference", "reconstruction_error", "classifier_drift",
    "context_aware_discrepancy", "spot_the_difference", "online_fisher", "online_cramer_von_mises", "second_opinion",
)  # fmt: skip
"""Drift of all columns at once."""


def drift_part(name: str | None, column: str | None) -> str:
    """The part of Drift that shows a measure.

    >>> drift_part("population_stability_index", "income"), drift_part("accuracy_mix_effect", None), drift_part("drift_evidence", None)
    ('overview', 'why', 'alarms')
    """
    if name is None:
        return "overview"
    if name in TOGETHER:
        return "together"
    if name.endswith(("_mix_effect", "_rate_effect")) or name == "drop_attribution":
        return "why"
    if column is None:
        return "alarms" if name == "drift_evidence" else "why"
    return "column" if name == "quantile_shift" else "overview"


def performance_part(name: str) -> str:
    """The part of Performance that shows a measure of everybody.

    >>> performance_part("accuracy"), performance_part("base_rate_bounds"), performance_part("accuracy_version_difference")
    ('overview', 'labels', 'versions')
    """
    if name.startswith("weak_spot"):
        return "weak-spots"
    if name in LABELS or glossary.base_of(name, "_bounds"):
        return "labels"
    if glossary.base_of(name, "_version_difference"):
        return "versions"
    if name in ("threshold_curve", "expected_cost"):
        return "cut-offs"
    return "calibration" if name in CALIBRATION else "overview"


EXPLAINED = {
    "mean_attribution_difference": "groups", "attribution_shift": "time", "attribution_ranking_similarity": "time",
    "attribution_interaction": "pairs", "partial_dependence": "effects", "accumulated_local_effects": "effects",
}  # fmt: skip
TRIED = {
    "flip_rate": "disturbances", "protected_flip_rate": "disturbances", "rule_violation_rate": "rules", "invariant_violations": "rules",
    "smallest_flip_distance": "flips", "evasion_rate": "flips", "boundary_probe_rate": "log", "extraction_score": "log",
    "replay_rate": "log", "flood_rate": "log", "outcome_flip_rate": "log", "outlier_rate": "log", "trigger_rate": "log",
}  # fmt: skip


def explanation_part(name: str) -> str:
    """The part of Explanations that shows a measure.

    >>> explanation_part("mean_absolute_attribution"), explanation_part("partial_dependence")
    ('overview', 'effects')
    """
    return EXPLAINED.get(name, "overview")


def robustness_part(name: str) -> str:
    """The part of Robustness that shows a measure.

    >>> robustness_part("flip_rate"), robustness_part("membership_inference_auc")
    ('disturbances', 'overview')
    """
    return TRIED.get(name, "overview")


def fairness_part(name: str) -> str:
    """The part of Fairness that shows a measure of groups.

    >>> fairness_part("impact_ratio"), fairness_part("accuracy_difference"), fairness_part("criteria_conflict")
    ('groups', 'gaps', 'conflicts')
    """
    if name in WHAT_IF:
        return "what-if"
    if name in ("criteria_conflict", "cochran_mantel_haenszel"):
        return "conflicts"
    if name == "proxy_strength":
        return "proxies"
    if name == "detectable_gap":
        return "sample-size"
    if name.startswith("probability_weighted_"):
        return "by-probability"
    if name.endswith("_change"):
        return "trends"
    return "gaps" if name in BETWEEN or name.endswith("_difference") else "groups"


def destination(figure: Figure) -> tuple[str, dict[str, str | None]]:
    """Where a figure is shown: the page's address and the parameters that lead to it.

    >>> destination(Figure(name="population_stability_index", slice={}, column="income"))[0]
    'drift'
    """
    window = window_key(figure.window_start, figure.first_row) if not figure.whole and figure.at is not None else None
    family = glossary.term(figure.name).family
    if family == "quality":
        return "data", {"column": figure.column, "measure": figure.name, "window": window}
    if family in ("drift", "attribution"):
        part = drift_part(figure.name, figure.column)
        if part in ("overview", "column"):
            return "drift", {"part": part, "column": figure.column, "statistic": figure.name, "window": window or ALL}
        return "drift", {"part": part}
    if family in ("explanations", "robustness"):
        part = (explanation_part if family == "explanations" else robustness_part)(figure.name)
        return family, {
            "part": part, "measure": figure.name, "column": figure.column, "window": window, "version": figure.version,
            "attribute": attribute_of(figure), "group": strings.group(figure.slice) if figure.slice else None,
        }  # fmt: skip
    if figure.name.startswith("weak_spot"):
        return "performance", {"part": "weak-spots", "measure": figure.name}
    attribute = attribute_of(figure)
    if attribute is not None:
        group = strings.group(figure.slice) if figure.slice else None
        part = fairness_part(figure.name)
        label = figure.column if figure.name not in ABOUT_COLUMNS else None
        return "fairness", {
            "part": part, "attribute": attribute, "group": group, "measure": figure.name, "window": window, "version": figure.version,
            "column": label,
        }  # fmt: skip
    part = performance_part(figure.name)
    version = None if part == "versions" else figure.version
    return "performance", {
        "part": part, "measure": figure.name, "window": window, "version": version, "column": figure.column,
    }  # fmt: skip
