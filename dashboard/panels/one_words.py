"""What the panels about one prediction say."""

from __future__ import annotations

from audits.explanation import Explanation
from reports import strings
from reports.strings import count

TERMS = {
    "attribution": "How far this value moves the score, up or down, against what is usual (its SHAP value).",
    "steady": "Of many drawings of what is usual, the share in which the value pushes to the same side.",
    "cost": "Sum of the changes, each in spreads of the reference; changing a category counts 1.",
    "near": "Distance in the inputs, in spreads of the reference.",
}

ONE = "One prediction"
ONE_LEAD = (
    "Why this score, in the model's own terms: what moved it, which past cases are like it, and what would have changed it. "
    "It describes the model, not the world: changing one's data need not change one's outcome."
)
RECORDED = "Looking up a prediction is recorded: who, when and which one."
ASK = "Id of the prediction"
ASK_HELP = "As in the id column of the log (columns.id in candor.toml)."
ASKED = "Explain"
NO_ID = "No prediction is asked for yet: type the id of one, as it stands in the log."
NO_ID_COLUMN = "The log has no ids (columns.id in candor.toml), so no single prediction can be looked up."
MADE_OF = "What the score is made of"
MADE_OF_LEAD = "From what is usual to this score, feature by feature; the steps add up."
REASONS = "Principal reasons"
REASONS_LEAD = "The features that held this score back most, in the words of candor.toml where it has them."
NO_REASONS = "No reason speaks against this prediction, or the decision was favorable."
WOULD_CHANGE = "What would have changed the decision"
WOULD_CHANGE_LEAD = "The nearest changes that the configuration allows and that turn the decision round, smallest first."
NO_CHANGE = "No allowed change was found that turns the decision round."
SIMILAR = "The most similar past cases"
SIMILAR_LEAD = "Nearest in the inputs, with what was decided and what became of them."
NO_SIMILAR = "No similar past case was found."
WORKING = "Asking the model…"
FAVORABLE = "favorable"
UNFAVORABLE = "unfavorable"
NOT_KNOWN = "not known yet"
NO_ATTRIBUTIONS = "What moved this score could not be computed."
ODD = {"missing": "missing", "unseen": "a category that the reference does not hold", "outside": "outside the range of the reference"}


def odd(kind: str | None) -> str:
    """What is unusual about a value."""
    return ODD.get(kind or "", "")


def surrogate(fidelity: str, n: int) -> str:
    """No model answers, but a surrogate."""
    return (
        "No model is configured: a surrogate trained on the logged scores is explained in its place. "
        f"It follows them with a fidelity (R²) of {fidelity} on {count(n)} rows that it had not seen; "
        "what it says of one person is a guess."
    )


def decided(found: Explanation) -> str:
    """What was decided of whom, and what became of it, in a sentence."""
    one = found.prediction
    parts = [f"Prediction {strings.name_of(one.id)}"]
    parts += [f"of {strings.moment(one.at)}"] if one.at is not None else []
    parts += [f"by version {strings.name_of(one.version)}"] if one.version is not None else []
    told = " ".join(parts)
    told += f": score {strings.number(one.score, 'decimal')}" if one.score is not None else ": no logged score"
    if one.decision is not None:
        side = "" if one.favorable is None else f" ({FAVORABLE if one.favorable else UNFAVORABLE})"
        told += f", decided “{strings.name_of(one.decision)}”{side}"
    if one.cut_off is not None:
        told += f", at a cut-off of {strings.number(one.cut_off.value, 'decimal')}"
    return told + (f"; the outcome was “{strings.name_of(one.outcome)}”." if one.outcome is not None else "; the outcome is not known yet.")


def mismatch(found: Explanation) -> str:
    """The model does not answer what was logged."""
    logged, answer = (strings.number(value, "decimal") for value in (found.prediction.score, found.prediction.answer))
    return f"The log has a score of {logged}, this model answers {answer}: what follows explains its answer, not the logged one."


def budget(part: str, used: int, available: int, seconds: float) -> str:
    """What one part of the explanation read and how long it took."""
    return f"{part.capitalize()}: {count(used)} of {count(available)} rows, {seconds:.2f} s."


def searched(wanted: str, label: str | None, threshold: float | None) -> str:
    """What was searched for."""
    what = f"“{strings.name_of(label)}”" if label is not None else f"the {wanted} decision"
    at = f", at a cut-off of {strings.number(threshold, 'decimal')}" if threshold is not None else ""
    return f"Searched: the least change that gives {what}{at}."


def asked(times: int, seconds: float, fixed: str, *, finished: bool) -> str:
    """How the search went, and what it left alone."""
    left = f" Left as they are: {fixed}." if fixed else ""
    ended = "" if finished else " The time was up before the search was done, so a smaller change may exist."
    return f"The model was asked {count(times)} times in {seconds:.2f} s.{left}{ended}"


def steady(same: float, size: int, draws: int, rows: int) -> str:
    """How far the answer hangs on the choice of what is usual."""
    return (
        f"In {strings.number(same, 'percent')} of {count(draws)} drawings of {count(rows)} reference rows, "
        f"the same {size} inputs weigh most, in whatever order."
    )


def usual(distance: float) -> str:
    """What a distance is to be held against."""
    return f"Half of all past cases lie nearer than {strings.number(distance, 'ratio')}."
