"""What the parts of Robustness say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports import strings
from reports.strings import count
from reports.subjects import detector

TERMS = {
    "flip": "The model's decision after the change is another one than before it.",
    "strength": "How strong the disturbance is, in the spread of the column in the reference.",
    "distance": "The smallest change found that turns the decision round, in spreads of the reference, over the columns that may change.",
    "evasion": "An attacker who sees only the answers changes what may change, within values that occur, until the decision turns.",
    "rule": "A rule of candor.toml about how the score must, or must not, answer to a change of an input.",
    "invariant": "What must never happen, declared in candor.toml; counted on every prediction of the log.",
    "membership": "How well somebody who sees only scores can tell rows that the model was trained on from others; 0.5 is a coin.",
    "boundary": "Queries that sit closer to the cut-off than chance would have it, from one client.",
    "extraction": "How much a client's queries look like an attempt to copy the model: many, spread out evenly, unlike anybody else's.",
    "replay": "Inputs that repeat earlier inputs exactly, from the same or another client.",
    "flood": "Windows in which a client sent far more than it usually does.",
    "outcome": "Outcomes that came back the other way round together, in one corner of the log: how poisoning looks.",
    "outlier": "Inputs unlike anything in the reference, by the detector that is named.",
    "trigger": "A small set of values that occurs with one outcome almost always: how a backdoor looks.",
    "control": "The same attack on a model that has seen none of the rows: what is above 0.5 here is drift, not memory.",
    "client": "Who asked (columns.client in candor.toml).",
}

TRIED = "tried out"
WITH_MODEL = "audit --robustness"
FROM_LOG = "audit --attacks"
NOT_RUN = "Not run yet: this asks the model about rows of the log. Start it with this line:"
LOG_NOT_RUN = "Not run yet: this reads rows of the log, and needs no model. Start it with this line:"
NOT_RUN_TITLE = "Nothing has been tried out yet"
NOT_RUN_SENTENCE = (
    "What a small disturbance does to decisions is asked of the model, or of a surrogate of it; "
    "signs of an attack are looked for in the log. Both read rows. Start them with this line:"
)

ASK_MODEL = "Asked of the model"
ASK_LOG = "Told by the log alone"
AGAIN = "Once what stands in the way is mended, this line asks again:"
NOTHING_FOUND = "Nothing was found."
YES = "yes"
NO = "no"

VERDICTS = "What was found"
VERDICTS_LEAD = "One line for each question; those that a threshold judges say whether it holds."
NO_VERDICTS = "No figure of robustness is in this run."

NOISE = "What small disturbances do"
NOISE_LEAD = "Share of decisions that turn round when one kind of disturbance is put on the inputs, with its 95% interval."
NO_NOISE = "No disturbance was tried in this run."
NO_STRENGTHS = "No disturbance was tried in more than one size."
STRENGTHS = "From a little to a lot"
STRENGTHS_LEAD = "The same, as each disturbance grows."
NOISE_GROUPS = "Whose decisions are the most fragile"
NOISE_GROUPS_LEAD = (
    "Flip rate of each group under each disturbance, the most fragile group first; "
    "a group whose decisions turn round more easily is served worse."
)
NO_NOISE_GROUPS = "No flip rate by group is in this run."
PROTECTED = "What if the person were of another group?"
PROTECTED_LEAD = "Share of decisions that turn round when only the protected attribute is changed."
NO_PROTECTED = "No protected attribute could be changed for what was asked; that does not say that none is used."

FLIPS = "How small a change turns a decision round"
FLIPS_LEAD = (
    "The smallest allowed change that turns a decision round, in spreads of the reference: so many decisions need no more than that."
)
NO_FLIPS = "No smallest change was searched in this run."
FLIPS_GROUPS = "By group"
FLIPS_GROUPS_LEAD = "The usual smallest change of each group's decisions; shorter means that less is needed."
NO_FLIPS_GROUPS = "No smallest change by group is in this run."
EITHER_WAY = "either way"
FARTHER = "farther"
EVASION = "Can the model be fooled within what may change?"
EVASION_LEAD = "Share of unfavorable decisions that an attacker who sees only the answers turns round within the allowed changes."
NO_EVASION = "No attacker was tried in this run."

RULES = "Declared rules"
RULES_LEAD = "How the score must, or must not, answer to a change of an input; each with the share of rows that break it."
NO_RULES = "No rule is declared (models.….rules in candor.toml)."
INVARIANTS = "What must never happen"
INVARIANTS_LEAD = "Declared invariants, counted on every prediction of the log."
NO_INVARIANTS = "No invariant is declared (models.….invariants in candor.toml)."
MEMBERSHIP = "Can one tell who was in the training data?"
MEMBERSHIP_LEAD = "0.5 is a coin; the nearer to 1, the more the model remembers single rows."
NO_MEMBERSHIP = 'Membership needs training rows (a source with rows = "reference") and known outcomes.'

SIGNALS = "Signs of an attack in the log"
SIGNALS_LEAD = "What was looked for, and how much of it there is. A sign is a reason to look, not a proof of intent."
NO_SIGNALS = "No sign was looked for in this run."
CLIENTS = "Clients, most suspicious first"
CLIENTS_LEAD = "What each client sent, and which of its queries look like probing, copying, replaying or flooding."
NO_CLIENTS = "The log names no clients (columns.client in candor.toml), so queries are told apart by their content only."
CALM_CLIENTS = "No client stands out."
COPYING = {
    "volume": "many queries", "coverage": "spread over all inputs", "unseen": "inputs that are new", "off_distribution": "odd inputs",
    "sweeps": "one input at a time", "regular_timing": "like clockwork",
}  # fmt: skip
REPLAYS = "Inputs that came again and again"
REPLAYS_LEAD = "The same values in every input, more often than such rows repeat by chance."
NO_REPLAYS = "No input came more often than chance would have it."
INPUTS = "Strange inputs"
INPUTS_LEAD = "Rows unlike the reference, by several detectors; each is set so that few rows of the reference itself count."
NO_INPUTS = "No detector of inputs has run."
TRIGGERS = "Rare values that decide by themselves"
TRIGGERS_LEAD = "A value that turns any row round, whatever the rest of it says, is how a backdoor looks from outside."
NO_TRIGGERS = "No trigger was looked for: that needs decisions."
OVER_TIME = "Over time"
OVER_TIME_LEAD = "One line per sign, window by window."
NOTHING_OVER_TIME = "None of the signs was seen in any window."
NO_OVER_TIME = "Nothing is reported window by window."
OUTCOMES = "Outcomes that turned together"
OUTCOMES_LEAD = "Corners of the log in which outcomes came back the other way round."
NO_OUTCOMES = "No corner of the log stands out."

RELEASES = "Release by release"
RELEASES_LEAD = "The same questions for every version, side by side; the sentence says what differs most between the two newest."
NO_RELEASES = "Nothing was tried version by version in this run."

HOLDS = "Nothing that was judged is outside its threshold."
UNJUDGED = "No threshold judges what was found."


def partly(questions: Sequence[str]) -> str:
    """Some questions were not asked."""
    return f"Not asked in this run: {' '.join(questions)} This line asks:"


def by_chance(value: float | None) -> str:
    """What chance would make of a count: whole numbers where they are large.

    >>> by_chance(0.2), by_chance(12.4)
    ('0.20', '12')
    """
    return strings.number(value, "ratio") if value is None or value < 10 else count(round(value))


def quantile(share: float) -> str:
    """The head of a quantile's column.

    >>> quantile(0.05)
    '5% by'
    """
    return f"{strings.number(share, 'percent').replace('.0%', '%')} by"


def searched(queries: int | None, seconds: float | None, budget: float | None) -> str:
    """What the attacker was allowed, and what it used."""
    parts = [f"at most {strings.number(budget, 'plain')} spreads" if budget is not None else "",
             f"{count(queries)} queries" if queries is not None else "", f"{seconds:.1f} s" if seconds is not None else ""]  # fmt: skip
    told = ", ".join(part for part in parts if part)
    return f"The attacker: {told}." if told else ""


def compared(training: int, served: int) -> str:
    """Which rows were held against which."""
    return f"{count(training)} training rows against {count(served)} that the model was not trained on."


def calibrated(clients: int) -> str:
    """Against whom a client's queries were held."""
    return f"Held against {count(clients)} ordinary {'client' if clients == 1 else 'clients'} of this log."


def left_out(found: Mapping[str, str]) -> str:
    """Detectors that did not run, and why; one reason that several share is said once."""
    by_reason: dict[str, list[str]] = {}
    for name, why in found.items():
        by_reason.setdefault(why.removeprefix("not run: "), []).append(detector(name))
    return "Not run: " + "; ".join(f"{', '.join(names)} ({why})" for why, names in by_reason.items()) + "."


def triggers(found: int, searched_: int, tested: int) -> str:
    """What the search for triggers came to."""
    tried = f"{count(searched_)} rare values were looked at and {count(tested)} tested"
    if not found:
        return f"No value decides by itself: {tried}."
    return f"{count(found)} {'value decides' if found == 1 else 'values decide'} whatever the rest of the row says; {tried}."


def first_of(shown: int, total: int) -> str:
    """A list was cut."""
    return f"The first {count(shown)} of {count(total)}."


def no_change(version: str, before: str) -> str:
    """Two versions are alike in everything that was tried."""
    return f"Between {strings.name_of(before)} and {strings.name_of(version)} no interval lies apart from the other."


def changed(what: str, version: str, now: str, before_version: str, before: str) -> str:
    """The widest difference between the two newest versions."""
    return f"{what}: {now} in {strings.name_of(version)}, {before} in {strings.name_of(before_version)}; their intervals lie apart."
