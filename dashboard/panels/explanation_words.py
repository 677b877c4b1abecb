"""What the parts of Explanations say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports import strings
from reports.strings import count
from reports.subjects import spoken

TERMS = {
    "attribution": "How far a feature moves the score of a prediction, up or down, against what is usual (its SHAP value). "
    "The attributions of a prediction add up to its score.",
    "mean": "Mean size of the attribution over the rows that were read; on the log-odds where the model is made of trees.",
    "grows": "What the mean score does from the column's lowest values to its highest (partial dependence); see Effects for the curve.",
    "stability": "How alike the order of features stays when other rows serve as the background; 1 is the same order every time.",
    "keeps": "Share of the resamples in which the feature keeps its place.",
    "gap": "Share of the gap in mean logged score between the groups (of the answers, where no score is logged) that comes through this "
    "feature; empty where the gap may be chance.",
    "similarity": "How alike the order of features is to that of the reference (NDCG); 1 is the same order.",
    "shift": "Mean size of the attribution now, minus that in the reference.",
    "signed": "Mean attribution of the group minus that of the comparison group. "
    "Over all features, these add up to the gap in the mean answer of the model, or of the surrogate that stands in for it.",
    "interaction": "How far two features move the score together beyond what each does alone; mean size.",
    "dependence": "Mean score if everybody had this value of the column and kept all else (partial dependence).",
    "local": "The same, put together from small steps among the rows that are really there (accumulated local effects); "
    "it is centred on the mean, and is the one to read where columns move together.",
    "ice": "Where the middle 80% of single predictions would lie (individual conditional expectation).",
    "share": "Share of the sum of all mean attributions.",
    "proxy": "How well the column tells the group, as bias-corrected Cramér's V: 0 not at all, 1 completely.",
    "outside": "Rows whose value lies outside the range of the reference, or is a category that it does not hold.",
}

COMMAND = "audit --explain"
NOT_RUN = "Not run yet: this asks the model about rows of the log. Start it with this line:"
NOT_RUN_TITLE = "Nothing has been explained yet"
NOT_RUN_SENTENCE = (
    "An explanation asks the model, or a surrogate of it trained on the logged scores, about rows of the log. "
    "That takes seconds to minutes, and is kept. Start it with this line:"
)
REFUSED_TITLE = "Nothing can be explained as it is"
REFUSED_SENTENCE = "Once this is mended, the line below tries again; the rest of the audit stands."

USES = "What the score is made of"
USES_OF_SURROGATE = "What the surrogate's score is made of"
USES_LEAD = "Mean attribution of each feature with its 95% interval: how far it moves a score, whichever way."
NO_ATTRIBUTIONS = "No attribution could be computed in this run."
STABILITY = "How steady this order is"
BY_VERSION = "not for several versions together"
ORDER_BY_VERSION = "Not for several versions together: each version has an order of its own. Choose one in the menu above."

CALIBRATED = "Does the score mean what it says?"
CALIBRATED_LEAD = "Of the people with a given score, how many turned out positive; on the diagonal the score means what it says."
MORE_CALIBRATION = "Calibration by group, and the parts of the Brier score →"
NO_CALIBRATION = "Whether the score is calibrated needs scores and known outcomes."

BLIND = "What the model does not see"
BLIND_OF_SURROGATE = "What the surrogate was not given"
BLIND_LEAD = "Read this before you rely on the figures above."
NOT_KNOWN = "What the model is given is not known until it, or a surrogate of it, answers."
NO_BLIND = "Every column of the log is an input, every group has enough rows, and every value lies inside the range of the reference."

BEYOND = "lie outside the range of the reference"
UNSEEN = "hold a category that the reference lacks"
PROTECTED = "Protected attributes"
SEGMENTS = "Segments"
OTHERS = "Other columns of the log"

GROUPS = "Which features set groups apart"
GROUPS_LEAD = (
    "Mean attribution of a group minus that of the comparison group; right of zero the feature raises the group's score. "
    "A feature that also tells the group may be a proxy."
)
GROUPS_LEAD_OF_SURROGATE = (
    "First the whole gap in the log; then the surrogate's mean attribution of a group minus that of the comparison group. "
    "What the surrogate was not given has no line here, and may still be what sets the groups apart."
)
NO_GROUPS = "No attribution by group is in this run: it needs protected attributes, and two groups with enough rows."
EVERY_GROUP = "Every feature and group"
SIZES = "How much each feature moves the scores of each group"
SIZES_LEAD = "Mean attribution by group; a feature that matters far more to one group deserves a question."

OVER_TIME = "Attribution over time"
OVER_TIME_LEAD = "Mean attribution of each feature, window by window; a row that changes its tint is used otherwise than before."
NO_OVER_TIME = "Nothing is reported window by window: the log has a single window, or too few rows in each."
SIMILARITY = "Is the order still that of the reference?"
SIMILARITY_LEAD = "Features ranked by attribution, held against the reference's ranking; 1 is the same order."
NO_SIMILARITY = "The order was not compared with a reference's."
SHIFTS = "Whose attribution has shifted"
SHIFTS_LEAD = (
    "Mean attribution now minus that of the reference. q allows for every figure judged together; below 0.05 chance is no explanation."
)
NO_SHIFTS = "No attribution could be compared with the reference's."

INTERACTIONS = "Features that act together"
INTERACTIONS_LEAD = "Pairs whose effect is not the sum of the two, largest first; the curve of one alone does not tell their story."
NO_INTERACTIONS = "Interactions were not computed: they need a model made of trees, or a surrogate."

EFFECT = "What one column does to the score"
EFFECT_LEAD = (
    "The line is the mean score if everybody had this value, the band on it its 95% interval; "
    "the wide pale band holds the middle 80% of single predictions, all put at the same start (so it may pass 0 and 1)."
)
LOCAL = "The same among the rows that are there"
LOCAL_LEAD = "Small steps between neighbouring rows, added up and centred on zero: it asks for no person who could not exist."
NO_EFFECT = "No effect curve is in this run for this column."
EFFECTS = "Every column"
EFFECTS_LEAD = "From the lowest to the highest point of each curve."


def outside(column: str, share: str, kind: str) -> str:
    """A column's values leave the range of the reference."""
    return f"{strings.name_of(spoken(column))}: {share} of rows {kind}"


def drawn(shown: int, total: int) -> str:
    """Not every group has a plot."""
    return f"Drawn: {count(shown)} of {count(total)} groups, the widest gaps first; the table has them all."


def about(target: object) -> str:
    """Of several classes: the one whose chance is explained."""
    return f"About the chance of “{strings.name_of(str(target))}”: " if target not in (None, "") else ""


def may_be_proxies(found: Sequence[tuple[str, str]]) -> str:
    """Features that set a group apart and tell it as well."""
    named = " and ".join(f"{strings.name_of(spoken(name))} ({strength})" for name, strength in found[:3])
    return f" {named[:1].upper()}{named[1:]} also {'tells' if len(found) == 1 else 'tell'} the group: look whether that is a proxy."


def thin(groups: list[str], fewest: int) -> str:
    """Groups with too few rows to say anything of."""
    shown = ", ".join(groups[:6]) + (f" and {len(groups) - 6} more" if len(groups) > 6 else "")
    return f"Groups with fewer than {fewest} rows, of which little can be said: {shown}."


def rows_read(used: int, available: int, seconds: float | None, created: str) -> str:
    """What the probe read, how long it took and when."""
    took = f" in {seconds:.1f} s" if seconds is not None else ""
    dated = f", {created}" if created else ""
    return f"Read from {count(used)} of {count(available)} rows{took}{dated}."


SCALES = {"log-odds": "on the log-odds", "score": "on the score"}
METHODS = {"tree": "exactly over the trees", "linear": "exactly over the coefficients", "permutation": "by sampled orders of the inputs"}


def way(tables: Mapping[str, Any], resamples: int | None) -> str:
    """How the attributions were made."""
    background = tables.get("background_used")
    parts = [SCALES.get(str(tables.get("scale")), ""), METHODS.get(str(tables.get("method")), ""),
             f"against {count(background)} background rows" if background else ""]  # fmt: skip
    told = ", ".join(part for part in parts if part)
    again = f"; {count(resamples)} resamples" if resamples else ""
    return f"{told[:1].upper()}{told[1:]}{again}." if told else ""


HINTS = {
    "other class": "the answer of another class was logged", "log-odds": "log-odds were logged, not probabilities",
    "percent": "per cent were logged, not shares", "swapped columns": "two columns were swapped", "shifted columns": "columns were shifted",
    "level": "a category is written otherwise", "missing": "missing values were filled in otherwise", "rounded": "scores were rounded",
    "no relation": "the logged score has no relation to the answers",
}  # fmt: skip


def hint(found: Mapping[str, Any]) -> str:
    """What may be behind answers that differ from the log."""
    columns = ", ".join(strings.name_of(str(name)) for name in found.get("columns") or ())
    about = f" ({columns})" if columns else ""
    share = found.get("share")
    told = f"; {strings.number(share, 'percent')} of them would agree then" if share is not None else ""
    return f"It looks as if {HINTS.get(str(found.get('kind')), strings.safe(str(found.get('kind'))))}{about}{told}."
