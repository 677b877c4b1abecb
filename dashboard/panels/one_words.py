"""What the panels about one prediction say; what an explanation says of itself is in `reports.explanation_words`."""

from __future__ import annotations

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
WORKING = "Asking for the explanation…"
SURROGATE = "○ A surrogate."
DIFFERS = "▲ Another model?"
MADE_OF = "What the score is made of"
MADE_OF_LEAD = "From what is usual to this score, input by input; the steps add up. Whiskers: the choice of what counts as usual."
NO_ATTRIBUTIONS = "What moved this score could not be computed."
REASONS = "Principal reasons"
REASONS_LEAD = "The inputs that pushed against the person most, in the words of candor.toml where it has them."
NO_REASONS = "No reasons were worked out for this prediction."
WOULD_CHANGE = "What would have changed the decision"
WOULD_CHANGE_LEAD = "The nearest changes that the configuration allows and that turn the decision round, smallest first."
NO_CHANGE = "No search for a change was made."
SIMILAR = "The most similar cases"
SIMILAR_LEAD = "Nearest in the inputs, with what was decided and what became of them; those logged later than this one say so."
NO_SIMILAR = "No similar case was found."
FAVORABLE = "favorable"
UNFAVORABLE = "unfavorable"
LATER = ", later"
NOT_KNOWN = "not known yet"
HANDOUT = "The page for the person, in plain words"
KEEP = "Keep as a text file"
HANDOUT_FILE = "about-the-decision.txt"
LOOKS = "Who looked lately"
