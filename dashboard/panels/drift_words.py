"""What the parts of Drift say."""

from __future__ import annotations

from reports import strings
from reports.strings import count

TERMS = {
    "answer": "Drifted: the evidence has passed the line that the budget of false alarms asks for. Stable: the whole interval of the "
    "shift lies inside the zone that does not matter. Can't tell: neither.",
    "shift": "Share of rows that would have to move to make the window look like the reference, after its usual variation; 95% interval.",
    "zone": "The largest shift that does not matter: alerts.zone of the model in candor.toml.",
    "evidence": "How much the data speak against “nothing that matters has changed”, as a power of ten; it fires at the line.",
    "mix": "How much of the change comes from who was there: groups of other sizes, each with the rate it had before.",
    "rate": "How much of the change comes from the groups themselves: other rates, each group as large as it is now.",
    "concept": "The same people fare otherwise: outcomes changed for given features.",
    "auc": "How well windows can be told apart from the reference by all columns together; 0.5 is a coin.",
    "replay": "What a budget would have done on this very history: alarms that would have been raised, and when.",
    "quiet": "Alarms on the reference alone, where nothing should be found: the budget says how many there may be.",
}

ANSWERS = "Has it drifted?"
ANSWERS_LEAD = "One answer per column for the newest complete window, or the one chosen; the evidence is gathered over windows."
NO_ANSWERS = "This run holds no evidence over time; audit again to have it."
QUANTILES = "Where it shifted"
QUANTILES_LEAD = "Quantiles of the window against those of the reference; the shift is in standard deviations of the reference."
NO_QUANTILES = "Quantiles are for numbers; this column has categories, or too few rows."

SPLIT = "Who came, or how they fared?"
SPLIT_LEAD = "The change from the reference, split exactly: other people (mix) or other rates for the same people (rate)."
NO_SPLIT = "A split needs a rate in the reference and in the window, and a group or segment to split over."
DROP = "What the change is made of"
DROP_LEAD = "Shares of the change that data quality, other people, other outcomes for the same people and late outcomes account for."
NO_DROP = "Not run yet: this reads rows of the log again. Start it with this line:"
MODEL_CAUSES = "Causes, data quality first"
NO_CAUSES = "No cause stands out in this run."

TOGETHER = "Can all columns together tell the windows apart?"
TOGETHER_LEAD = "Columns that each look calm can move together; a classifier, two distances and the detectors below look at all at once."
DETECTORS = "Detectors that follow the stream"
DETECTORS_LEAD = "Each looks at rows in their order and rings on its own account; they do not raise alerts."
SECOND = "A second opinion"
SECOND_LEAD = "What other libraries say of the same columns in the same window, beside ours."
STATISTIC = "Statistic"
LINE = "Line"
NO_GIVES_AWAY = "No column was singled out: the classifier has not run, or cannot tell the two apart."
GIVES_AWAY = "Columns that give it away"
NOT_RUN = "Not run yet: this reads rows of the log. Start it with this line:"

REPLAY = "What each budget would have done on this history"
REPLAY_LEAD = "Every budget judged the same windows; a mark is an alarm. The budget in force stands in bold."
NO_REPLAY = "No replay is in this run: it needs a reference of several windows."
CALIBRATION = "What the alarms were calibrated on"


def replayed(budget: str, alarms: float, quiet: float | None) -> str:
    """The replay in a sentence: "With 1 per 7d: 2.1 alarms per 30 days on this history, 0.3 on the reference alone."."""
    rest = f", {per_month(quiet)} on the reference alone" if quiet is not None else ""
    return f"With the budget in force, {strings.safe(budget)}: {per_month(alarms)} alarms per 30 days on this history{rest}."


def in_force(budget: str) -> str:
    """The budget in force is none of those replayed."""
    return f"The budget in force is {strings.safe(budget)}; the nearest of those below says about what it would have done."


def per_month(value: float) -> str:
    """A number of alarms in thirty days."""
    return strings.number(value, "plain") if value >= 10 or value == int(value) else f"{value:.1f}"


def rows_read(used: int, available: int, seconds: float | None) -> str:
    """What a probe was allowed and what it took."""
    took = f" in {seconds:.1f} s" if seconds is not None else ""
    return f"Read from {count(used)} of {count(available)} rows{took}."
