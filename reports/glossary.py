"""A plain name and a one-line definition for every measure, names derived from other names included, and for every kind of interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from reports.terms import FAMILIES, TERMS, Family, Term

__all__ = ["FAMILIES", "METHODS", "TERMS", "Family", "Term", "base_of", "known", "method", "term"]

# How an interval was made, in words; the names are those that audits write into `method`.
METHODS: Final[dict[str, str]] = {
    "wilson": "Wilson score interval for a proportion",
    "wilson-f1": "Wilson score interval carried over to F1",
    "wilson over windows": "Wilson score interval over windows",
    "wilson at the best threshold": "Wilson score interval at the best cut-off",
    "wilson-effective-n": "Wilson score interval with the effective number of rows",
    "katz-effective-n": "Katz interval with the effective number of rows",
    "mover": "MOVER, from the intervals of the two figures",
    "mover-wilson": "MOVER, from the Wilson intervals of the parts",
    "mover-range": "MOVER over all pairs of groups, allowing for having picked the extremes",
    "newcombe": "Newcombe interval for a difference of proportions",
    "newcombe-5": "Newcombe's interval for an AUC (method 5)",
    "newcombe-range": "Newcombe interval over all pairs of groups, allowing for having picked the extremes",
    "newcombe at the threshold": "Newcombe interval at the cut-off",
    "katz-log": "Katz interval on the log of a ratio of proportions",
    "koopman-score": "Koopman score interval for a ratio of proportions (few events)",
    "woolf": "Woolf interval on the log of an odds ratio",
    "bootstrap": "percentiles of a bootstrap over tally cells",
    "multinomial": "percentiles of a multinomial bootstrap over tally cells",
    "poisson": "percentiles of a Poisson bootstrap over tally cells",
    "jackknife": "delete-a-group jackknife over units",
    "robust-z": "standard errors of the client's own figures, on the scale of ordinary clients",
    "delong": "DeLong interval for an AUC",
    "delong-weighted": "DeLong interval for an AUC over weighted rows",
    "delta": "normal interval by the delta method",
    "delta-logit": "normal interval by the delta method on the logit scale",
    "clt": "normal interval of a sum of independent parts",
    "normal": "normal interval",
    "adjusted-wald": "adjusted Wald interval",
    "mantel-haenszel": "normal interval on the log of the Mantel–Haenszel odds ratio",
    "dkw": "Dvoretzky–Kiefer–Wolfowitz band",
    "order-statistics": "interval between two order statistics",
    "poisson-garwood": "Garwood interval for a Poisson count",
    "t": "t interval for a mean",
    "stratified-t": "t interval for a mean over strata",
    "welch-t": "Welch's t interval for a difference of means",
    "welch": "Welch's interval for a difference of means",
    "log-odds": "normal interval on the log of an odds ratio",
    "logit": "normal interval on the logit scale",
    "bergsma": "interval of the bias-corrected Cramér's V (Bergsma)",
    "10 equal-mass bins": "over 10 bins of equally many rows",
    "cbpe": "estimated from calibrated scores (CBPE)",
    "isotonic": "isotonic calibration on the reference",
    "own curve": "of the group itself",
    "everybody's curve in 20 bins": "of everybody, in 20 score bins",
    "own rates in 20 bins": "with the group's own rates in 20 score bins",
    "bounds": "widened to what the group probabilities leave open",
    "back-test": "measured on windows whose outcomes have arrived",
    "worst and best case": "if all unknown outcomes were the worst, and the best",
    "by definition": "1 by definition; the comparison group itself",
    "e-value": "average of e-values over shares of rows and spans of windows",
    "exact": "exact; no sampling interval",
    "bootstrap over rows": "percentiles of a bootstrap over rows",
    "permutation": "test by permutation of rows; the interval is Student's t over parts of the rows",
    "online": "online detector, set to a mean run between false alarms",
    "evidently defaults": "evidently's own defaults",
}


def _lower(title: str) -> str:
    """Return a title for use inside another: an acronym and a name keep their capitals."""
    return (
        title
        if title[:2].isupper() or title.startswith(("Brier", "Cramér", "Jensen", "Kolmogorov", "Wasserstein"))
        else title[0].lower() + title[1:]
    )


def _estimated(base: Term) -> Term:
    text = f"{base.title} to be expected from the scores and the reference's outcomes; the realised figure should fall inside the interval."
    return replace(base, title=f"Estimated {_lower(base.title)}", definition=text, family="estimated")


def _weighted(base: Term) -> Term:
    text = (
        f"{base.title} with each row weighted by the probability that it belongs to the group; the interval holds the proxy's uncertainty."
    )
    return replace(base, title=f"{base.title}, by probability", definition=text, family="fairness")


def _realised(base: Term) -> Term:
    text = f"{base.title} minus what was to be expected of the same rows: the change that scores do not explain."
    return _gap(base, "Unexpected change in", text, "drift")


def _bounds(base: Term) -> Term:
    text = f"{base.title} if all unknown outcomes were the worst, and if all were the best; not a confidence interval."
    return replace(base, title=f"{base.title}, worst and best case", definition=text)


def _gap(base: Term, title: str, text: str, family: Family) -> Term:
    unit = "points" if base.unit == "percent" else base.unit if base.unit != "count" else "plain"
    return Term(title=f"{title} {_lower(base.title)}", definition=text, family=family, unit=unit, better="zero")


def _difference(base: Term) -> Term:
    return _gap(base, "Gap in", f"{base.title} of a group minus that of the comparison group.", "fairness")


def _change(base: Term) -> Term:
    return _gap(
        base, "Change in", f"{base.title} minus that of the reference, or of the first window where the reference has none.", base.family
    )


def _version_difference(base: Term) -> Term:
    return _gap(base, "New version's change in", f"{base.title} of a version minus that of the version before it.", base.family)


def _from_previous(base: Term) -> Term:
    text = f"{base.title} between a window and the window before it, in the place of the reference."
    return replace(base, title=f"{base.title}, from the window before", definition=text)


# A name made from another by a prefix or a suffix gets its words from the words of the other.
_PREFIXES: Final[dict[str, Callable[[Term], Term]]] = {
    "estimated_": _estimated, "probability_weighted_": _weighted, "realised_minus_estimated_": _realised,
}  # fmt: skip
_SUFFIXES: Final[dict[str, Callable[[Term], Term]]] = {
    "_version_difference": _version_difference, "_difference": _difference, "_change": _change, "_bounds": _bounds,
    "_from_previous": _from_previous,
}  # fmt: skip


def base_of(name: str, affix: str) -> str | None:
    """Return the name that a name was made from with that prefix or suffix; None where it was not, or is a measure of its own.

    >>> base_of("true_positive_rate_difference", "_difference"), base_of("demographic_parity_difference", "_difference")
    ('true_positive_rate', None)
    """
    if name in TERMS or not (name.startswith(affix) if affix in _PREFIXES else name.endswith(affix)):
        return None
    if affix == "_difference" and name.endswith("_version_difference"):
        return None
    base = name.removeprefix(affix) if affix in _PREFIXES else name.removesuffix(affix)
    return base if known(base) else None


@cache
def _found(name: str) -> Term | None:
    if name in TERMS:
        return TERMS[name]
    for affix, made in (_PREFIXES | _SUFFIXES).items():
        base = base_of(name, affix)
        if base is not None:
            return made(term(base))
    return None


def known(name: str) -> bool:
    """Whether a measure has words, of its own or derived."""
    return _found(name) is not None


def term(name: str) -> Term:
    """Return the term of a measure; names made from others are understood, an unknown name reads as itself.

    >>> term("impact_ratio").title
    'Approval ratio'
    >>> term("estimated_accuracy").title, term("true_positive_rate_difference").title, term("roc_auc_change").title
    ('Estimated accuracy', 'Gap in true positive rate', 'Change in ROC AUC')
    """
    return _found(name) or Term(title=name.replace("_", " ").capitalize(), definition="", family="performance", unit="plain")


def method(name: str | None) -> str:
    """Return how an interval was made, in words.

    >>> method("delong, widened by ties")
    'DeLong interval for an AUC, widened by ties'
    """
    if not name:
        return "no interval"
    if name.lower() in METHODS:
        return METHODS[name.lower()]
    # "delong, widened by ties": the parts of a method are said one by one.
    return ", ".join(METHODS.get(part.lower(), part.replace("-", " ").replace("_", " ")) for part in name.split(", "))
