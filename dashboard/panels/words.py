"""What panels say: titles, the sentence before a chart, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from reports import strings
from reports.strings import count

REALISED = "Realised and estimated over time"
REALISED_LEAD = (
    "Solid: as it came true. Dashed: as expected from the scores, before outcomes are known. Shaded windows still wait for outcomes."
)
NO_ESTIMATES = "Nothing is estimated for this measure, so only what came true is drawn."
MEASURES_LEAD = (
    "What came true, what was expected, and how it compares with the reference; each with its 95% interval. Choose one to follow it."
)

ARRIVAL = "How outcomes arrive"
ARRIVAL_LEAD = "Share of all predictions whose outcome is known, by days since the prediction; outcomes still to come are allowed for."
NO_ARRIVAL = "How fast outcomes arrive needs the time of each outcome, or a label delay in candor.toml."
MATURITY = "Which windows are mature"
MATURITY_LEAD = "Of the outcomes due by now, the share that is known. A window far below the others has lost outcomes, not late ones."
NO_MATURITY = "No share of due outcomes can be given."
SELECTIVE = "Are outcomes seen alike after either decision?"
NO_SELECTIVE = "Whether outcomes are seen selectively needs decisions and outcomes."
ALIKE = "Outcomes are known about as often after either decision, so figures about outcomes speak of everybody."
BOUNDS = "Worst and best case"
BOUNDS_LEAD = (
    "Brackets, not confidence intervals: from the figure if every unknown outcome were the worst to the figure if every one were the best. "
    "The dot is the figure on known outcomes."
)
NO_BOUNDS = "No worst and best case is needed: outcomes are not seen selectively, for everybody or for any group."

RELIABILITY = "Reliability"
RELIABILITY_LEAD = "Of the people with a given score, how many turned out positive; on the diagonal the score means what it says."
TOP_LABEL_LEAD = "Of the predictions made with a given confidence, how many were right; on the diagonal the confidence means what it says."
NO_RELIABILITY = "The reliability curve needs scores and known outcomes."
BY_GROUP = "Reliability by group"
BY_GROUP_LEAD = "A curve below the diagonal: the group is promised more than comes true. The largest six groups are drawn."
NO_BY_GROUP = "No group has a reliability curve here: choose the whole period, or another attribute."
BRIER = "What the Brier score is made of"
BRIER_LEAD = (
    "Brier score = reliability − resolution + uncertainty: how wrong the scores are, how well they tell cases apart, how hard cases are."
)
NO_BRIER = "The Brier score needs scores and known outcomes."
CALIBRATION_GROUPS = "Calibration of every group"

EXPLORER = "Cut-offs on the score"
EXPLORER_LEAD = "Every rate at every cut-off for everybody, on the scored rows with known outcomes; bands are 95% intervals."
NO_EXPLORER = "The explorer needs scores; a model without a logged score has no cut-off to move."
AT_CUT_OFF = "At this cut-off, beside today's decisions"
CUT_OFF_GROUPS = "The same cut-off, by group"
CUT_OFF_GROUPS_LEAD = "One cut-off for everybody; what it would mean for each group. The ratio is over the comparison group."
CHOSEN = "chosen"
TODAY = "today"
COST = "Expected cost"
NO_COST = "No costs are configured: name them in candor.toml under costs, in currency per decision."
NOT_TODAY = "Today's decisions do not follow one cut-off."
CUT_OFF_MOVE = "Move the cut-off; the link keeps it."

WEAK_SPOTS = "Weak spots among groups and segments"
WEAK_SPOTS_LEAD = (
    "Slices in which the model errs more often than elsewhere, worst first; intervals and q allow for all slices that were tried."
)
WEAK_FEATURES = "Weak spots by feature"
WEAK_FEATURES_LEAD = "Conditions on features, found on one half of the rows and measured on the other half."
NO_WEAK_SPOTS = "Weak spots need decisions and known outcomes."
NOT_RUN = "Not run yet: this search reads rows of the log again. Start it with this line:"

VERSIONS = "Versions side by side"
VERSIONS_LEAD = "Whole period, every version on the predictions it made. A version may have seen other people than the one before it."


def newest_versions(shown: int, total: int) -> str:
    """A table of versions was cut."""
    return f"The newest {count(shown)} of {count(total)} versions."


CONFUSION = "Confusion matrix"
CONFUSION_LEAD = "What was decided (rows) against what came true (columns); on the diagonal the two agree."
NO_CONFUSION = "The confusion matrix needs decisions and known outcomes."
PER_CLASS = "Class by class"
PER_CLASS_LEAD = "Each class against all the others, most frequent class first."
NO_PER_CLASS = "No figure could be computed class by class."
BY_SIZE = "Error by size of the prediction"
BY_SIZE_LEAD = "Ten bins of about equally many rows: above zero the model predicts too much, below zero too little."
NO_BY_SIZE = "Errors by size need predictions and known outcomes."

ONE_NUMBER = "One number for each criterion"
ONE_NUMBER_LEAD = "The widest gap among all groups; criteria can conflict, so none alone settles the question."
GAPS_TABLE = "Every gap"
GAPS_TABLE_LEAD = (
    "Each group minus the comparison group. q is adjusted for every figure judged together; below 0.05 chance is no explanation."
)
NO_GAPS = "A gap needs two groups with enough data."
NO_BETWEEN = "No single number could be computed: it takes two groups with enough data."

CONFLICT = "Criteria that cannot hold together"
CONFLICT_LEAD = "Where base rates differ, equal precision, equal error rates and equal approval exclude one another."
NO_CONFLICT = "Conflicts between criteria need decisions and known outcomes of two groups."
WITHIN = "Within the levels of a segment"
WITHIN_LEAD = (
    "A gap can come from who is in which segment: odds of a favorable decision against the comparison group, level by level, and pooled."
)
NO_WITHIN = "No segment is declared (segments in candor.toml), so no gap was looked at level by level."
NO_PARADOX = "No gap turns round within the levels of a segment."
PARADOX = "Simpson's paradox."

FRONTIER = "What other cut-offs would do"
FRONTIER_LEAD = "Common cut-offs and alternatives that treat everybody by the same rule; towards the lower right is better for all."
NO_FRONTIER = "A frontier needs scores and known outcomes of two groups."
PER_GROUP = "Show thresholds that differ by group"
DISPARATE = "Possible disparate treatment."
DISPARATE_NOTE = (
    "Squares are thresholds chosen by protected group: for analysis only, never recommended here; many laws forbid deciding so."
)
ALTERNATIVES = "Less discriminatory alternatives"
NO_ALTERNATIVES = "No alternative was searched."
RETRAINED = "Models retrained under a constraint"
RETRAINED_LEAD = (
    "The same kind of learner, trained again with a limit on the gap, measured on rows it has not seen; a first look, not a release."
)
NO_RETRAINED = "No retrained model is in this run."
BY_SHARE = "If only scores decided"
BY_SHARE_LEAD = (
    "Ratio of selection rates if the best-scored share of everybody were selected, share by share: "
    "where the scores alone already separate groups."
)

PROXIES = "Which features give a group away"
PROXIES_LEAD = (
    "Bias-corrected Cramér's V on the reference: 0 tells nothing, 1 tells everything; 0.1 is customarily called weak, 0.3 medium."
)
NO_PROXIES = "Proxies need protected attributes and features in the reference."
TOGETHER = "All features together"

BY_PROBABILITY = "Groups that may not be asked for"
BY_PROBABILITY_LEAD = (
    "Nobody's group is known: each row counts with the probability of belonging to it. "
    "The interval holds chance and what the proxy leaves open."
)
BY_PROBABILITY_PARTS = "What the intervals are made of"
NO_BY_PROBABILITY = "No attribute is given as probabilities (protected … probabilities in candor.toml)."

SIZE = "How small a gap could be seen"
SIZE_LEAD = "The smallest gap in approval rates that this many rows show four times in five, beside the gap that the policy minds."
NO_SIZE = "How small a gap could be seen needs two groups with decisions."

SOURCES_LEAD = "When rows last came from each source, and whether it still answers."
NOT_JUDGED_SOURCE = "This run did not judge how long the source may be silent."
CHECKS = "Checks of the log"
CHECKS_LEAD = "Silence, lag, counts, versions and clocks in the newest complete window, most urgent first."
NO_CHECKS = "No check of the log as a whole was computed for this run."
SCHEMA = "Changes of columns"
SCHEMA_LEAD = "Columns that came, went or changed their kind, and columns that no longer look as they did in the reference."
NO_SCHEMA = "No check of the log's columns was computed for this run."
THE_LOG = "the log"

POLICY = "Policy in force"
POLICY_LEAD = "Every threshold that judged a figure of this run: what it allows, why, by whose word, and since when."
NO_POLICY = "No threshold judged anything in this run."
CHANGES = "Changes of the policy"
NO_CHANGES = "The policy has said the same in every audit of this model."
WORTH_KNOWING = "Worth knowing"
WORTH_KNOWING_LEAD = "Not judged by any threshold, but said before figures are acted upon."


def past_error(title: str, wrong: str, inside: int, windows: int) -> str:
    """How far earlier estimates of a measure lay from what came true."""
    held = f"{inside} of {windows}" if windows > 1 else ("it" if inside else "none")
    return (
        f"Past estimates of {title.lower() if not title[:2].isupper() else title} were off by {wrong} on average over "
        f"{windows} {'window' if windows == 1 else 'windows'} whose outcomes have arrived; {held} fell inside the estimate’s interval."
    )


def untold(windows: int, reason: str) -> str:
    """Windows for which no estimate is given."""
    return f"No estimate in {windows} {'window' if windows == 1 else 'windows'}: {strings.safe(reason)}."


def searched(tested: int, found: int) -> str:
    """How many slices were tried, and how many stood out."""
    tried = f"{count(tested)} {'slice was' if tested == 1 else 'slices were'} tried"
    return f"{tried}; {count(found)} {'stands' if found == 1 else 'stand'} out on {'its' if found == 1 else 'their'} own account."


def rows_read(used: int, available: int) -> str:
    """How many rows of the log a probe read."""
    return f"Read from {count(used)} of {count(available)} rows."


def selective(favorable: tuple[int, int], unfavorable: tuple[int, int]) -> str:
    """Outcomes are seen more often after one decision than after the other."""
    told = " and ".join(f"{count(known)} of {count(rows)} {word} decisions"
                        for word, (known, rows) in (("favorable", favorable), ("unfavorable", unfavorable)))  # fmt: skip
    return f"Outcomes are seen selectively: known for {told}. Figures about outcomes speak of those only."


def alternatives(kept: int, searched_: int) -> str:
    """What the search for alternatives came to."""
    if not searched_:
        return NO_ALTERNATIVES
    if kept:
        some = f"{count(kept)} of {count(searched_)} alternatives {'is' if kept == 1 else 'are'}"
        return f"{some} less disparate without losing more than allowed."
    return f"None of the {count(searched_)} alternatives searched is less disparate without being worse."


def small_groups(names: Sequence[str]) -> str:
    """Groups too small to show a gap that matters."""
    if not names:
        return "Every group is large enough to show a gap of the size that the policy minds."
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"Too few rows to see a gap of the size that the policy minds: {shown}. No finding there is not the same as no gap."


def schema_kind(before: str | None, after: str | None) -> str:
    """How a column's kind changed: "number → text", "new (text)", "gone (was number)"."""
    if before is None:
        return f"new ({strings.safe(str(after))})"
    return f"gone (was {strings.safe(before)})" if after is None else f"{strings.safe(before)} → {strings.safe(after)}"


def schema_calm(columns: int) -> str:
    """Nothing changed in the log's columns."""
    some = f"{count(columns)} {'column' if columns == 1 else 'columns'}" if columns else "The log"
    verb = "look" if columns > 1 else "looks"
    return f"{some} {verb} as in the reference; none came, went or changed its kind."
