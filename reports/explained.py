"""What an explanation is about: the model file and how far it agrees with the log, or a surrogate and how closely it follows the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from reports import strings
from reports.figure import Figure
from reports.subjects import spoken

MISMATCH: Final = "model_mismatch_rate"
FIDELITY: Final = "surrogate_fidelity"
ATTRIBUTION: Final = "mean_absolute_attribution"
WORTH_SAYING: Final = 0.01
"""The share of answers that differ from the log from which on one may doubt that this is the model that was in use."""
OPTIONS: Final = ("--explain", "--robustness", "--attacks")
Kind = Literal["model", "surrogate", "refused", "not run"]

ABOUT_A_SURROGATE: Final = (
    "No model is configured, so a surrogate is looked at in its place: a model of our own, trained on the scores in the log. "
    "What follows is true of the surrogate; the model itself may use what the surrogate was not given."
)
NOT_RUN: Final = "Nothing has been explained or tried out yet: both need rows of the log, and so are done only when asked for."


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What is explained, in a sentence or two, and the figure that says how far to trust it."""

    kind: Kind
    words: str
    figure: Figure | None
    verdict: str | None

    @property
    def known(self) -> bool:
        """Whether there is something that answers."""
        return self.kind in ("model", "surrogate")

    @property
    def surrogate(self) -> bool:
        """Whether what answers is a surrogate, so that nothing may be said of the model itself."""
        return self.kind == "surrogate"


def basis(figures: Iterable[Figure], failures: Iterable[tuple[str, str]] = (), *, verb: str = "explained") -> Basis:
    """Say what is explained (or tried out), from the whole-period figures of a model and what could not be computed (name, reason)."""
    whole = [each for each in figures if each.whole and not each.slice and each.version is None]
    mismatch = next((each for each in whole if each.name == MISMATCH and each.column is None), None)
    fidelity = next((each for each in whole if each.name == FIDELITY and each.column is None), None)
    if mismatch is not None and mismatch.value is not None:
        return Basis(kind="model", words=of_model(mismatch, verb), figure=mismatch, verdict=mismatch.verdict)
    if fidelity is not None and fidelity.value is not None and fidelity.verdict != "fail":
        return Basis(kind="surrogate", words=of_surrogate(fidelity), figure=fidelity, verdict=fidelity.verdict)
    why = refusal([*((each.name, each.reason) for each in (mismatch, fidelity) if each is not None), *failures])
    if why:
        return Basis(kind="refused", words=f"Nothing is {verb}: {strings.safe(why)}.", figure=fidelity, verdict="insufficient")
    if fidelity is not None and fidelity.value is not None:
        return Basis(kind="refused", words=too_poor(fidelity, verb), figure=fidelity, verdict=fidelity.verdict)
    return Basis(kind="not run", words=NOT_RUN, figure=None, verdict=None)


def refusal(failures: Iterable[tuple[str, str]]) -> str:
    """Return the first reason why a model or a surrogate gives no answers; "" where nobody has asked yet."""
    about = (MISMATCH, FIDELITY, ATTRIBUTION)
    said = sorted((about.index(name), why) for name, why in failures if name in about and why and not not_run(why) and not plain(why))
    return said[0][1].rstrip(".") if said else ""


def plain(reason: str) -> bool:
    """Whether a reason only says that there was nothing to measure: a surrogate's fidelity where a model is there, and the reverse."""
    return reason.startswith(("the log holds nothing", "the configuration names"))


def not_run(reason: str) -> bool:
    """Whether a reason says that a probe was not asked for."""
    return any(option in reason for option in OPTIONS)


def of_model(figure: Figure, verb: str = "explained") -> str:
    """Say which file answers, and how often it disagrees with the log."""
    tables: Mapping[str, Any] = figure.tables or {}
    what = f"The model itself is {verb}{_file(tables)}: "
    share, around = strings.parts(figure.value, figure.low, figure.high, "percent")
    rows = f"of {strings.count(figure.n)} logged predictions" if figure.n else "of the logged predictions"
    if not figure.value:
        most = f" (95% interval up to {strings.number(figure.high, 'percent')})" if figure.high else ""
        return f"{what}its answer is the logged score in every one {rows}{most}."
    told = f"{what}its answer differs from the logged score in {share} {around} {rows}"
    if figure.value < WORTH_SAYING:
        return f"{told}."
    return f"{told}. Another file, other inputs or another order of columns was in use there; what follows is about the file."


def _file(tables: Mapping[str, Any]) -> str:
    parts = [str(tables[key]) for key in ("file", "format", "version") if tables.get(key)]
    return f" ({strings.safe(', '.join(parts))})" if parts else ""


def of_surrogate(figure: Figure) -> str:
    """Say that a surrogate answers, and how closely it follows the logged scores."""
    value, around = strings.parts(figure.value, figure.low, figure.high, "decimal")
    on = f" on {strings.count(figure.n)} rows that it had not seen" if figure.n else ""
    floor = (figure.tables or {}).get("floor", figure.threshold_min)
    least = f"; below {strings.threshold(float(floor), 'decimal')} it would refuse" if floor is not None else ""
    return f"{ABOUT_A_SURROGATE} It follows the logged scores with a fidelity of {value} {around}{on}{least}."


def too_poor(figure: Figure, verb: str = "explained") -> str:
    """Say that the surrogate does not follow the scores well enough to stand for the model."""
    value, around = strings.parts(figure.value, figure.low, figure.high, "decimal")
    floor = (figure.tables or {}).get("floor", figure.threshold_min)
    least = f", and at least {strings.threshold(float(floor), 'decimal')} is asked for" if floor is not None else ""
    return f"Nothing is {verb}: the surrogate follows the logged scores with a fidelity of {value} {around} only{least}."


def features(figures: Iterable[Figure]) -> list[Figure]:
    """Return the mean attribution of every feature for everyone over the whole period, largest first."""
    mine = [
        each for each in figures
        if each.name == ATTRIBUTION and each.whole and not each.slice and each.version is None and each.column is not None
        and each.value is not None
    ]  # fmt: skip
    return sorted(mine, key=lambda each: -(each.value or 0.0))


def uses(figures: Iterable[Figure], *, most: int = 3, surrogate: bool = False) -> str:
    """Say what the model, or a surrogate, leans on, from the figures of a run."""
    return shares(features(figures), most=most, surrogate=surrogate)


def shares(found: Sequence[Figure], *, most: int = 3, surrogate: bool = False) -> str:
    """Say which features make up most of what moves the score; `found` are attributions, largest first.

    >>> shares([Figure(name=ATTRIBUTION, slice={}, column=c, value=v) for c, v in (("income", 0.7), ("debt", 0.2), ("age", 0.1))])
    'What moves the score most is income (70.0%), debt (20.0%) and age (10.0% of all attribution).'
    """
    total = sum(each.value or 0.0 for each in found)
    if not found or not total:
        return ""
    named = [strings.name_of(spoken(each.column or "")) for each in found[:most]]
    told = [f"{name} ({strings.number((each.value or 0.0) / total, 'percent')})" for name, each in zip(named, found, strict=False)]
    told[-1] = f"{told[-1][:-1]} of all attribution)"
    several = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    more = len(found) - most
    rest = f"; {strings.count(more)} more {'shares' if more == 1 else 'share'} the rest" if more > 0 else ""
    return f"What moves {WHOSE_SCORE[surrogate]} most is {several}{rest}."


WHOSE_SCORE: Final = {False: "the score", True: "the surrogate's score"}
EVERY_COLUMN: Final = "Every feature in the log is an input; whatever is not in the log, it cannot know."
EVERY_COLUMN_GIVEN: Final = "Every feature in the log was given to the surrogate; what the model knows besides cannot be told from here."


def knows(names: Sequence[str], *, surrogate: bool = False) -> str:
    """Say all that a model is given; of a surrogate, that this tells nothing of what the model is given.

    >>> knows(["mean_radius", "age"])
    'It knows its 2 inputs and nothing else: mean radius, age.'
    >>> knows(["age"], surrogate=True)
    'The surrogate was given one column: age. What the model itself is given cannot be told from here.'
    """
    if surrogate:
        columns = f"{strings.count(len(names))} columns" if len(names) != 1 else "one column"
        return f"The surrogate was given {columns}: {_listed(names)}. What the model itself is given cannot be told from here."
    what = f"{strings.count(len(names))} inputs" if len(names) != 1 else "one input"
    return f"It knows its {what} and nothing else: {_listed(names)}."


def not_inputs(kind: str, names: Sequence[str], *, surrogate: bool = False) -> str:
    """Say which columns of the log a model is not given; a surrogate that was not given them says nothing of the model's use of them."""
    if surrogate:
        them = "it" if len(names) == 1 else "them"
        return f"{kind} not given to the surrogate: {_listed(names)}. Whether the model uses {them} cannot be told from here."
    return f"{kind} that are no input: {_listed(names)}. What they tell reaches the score only through columns that are."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(strings.name_of(spoken(name)) for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def blind(found: Basis) -> list[str]:
    """Say what a model knows and which columns of the log it does not; nothing where its inputs are not known."""
    tables: Mapping[str, Any] = (found.figure.tables if found.figure is not None else None) or {}
    inputs, rest = ([str(each) for each in tables.get(name) or ()] for name in ("inputs", "other_columns"))
    if not found.known or not inputs:
        return []
    about = found.surrogate
    every = EVERY_COLUMN_GIVEN if about else EVERY_COLUMN
    return [knows(inputs, surrogate=about), not_inputs("Columns of the log", rest, surrogate=about) if rest else every]
