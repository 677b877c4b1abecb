"""Criteria that conflict: what differing base rates rule out, in words with the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.fairness.extremes import equality_p, extremes, widest_difference
from audits.fairness.yardstick import ENOUGH_ROWS, Groups, compared_groups
from audits.figures import people
from audits.finding import Measurement
from audits.interval import share

LEVEL = 0.05
FEW = f"fewer than two known groups have {ENOUGH_ROWS} rows with a decision and a known outcome"


@audit(name="criteria_conflict", unit="difference", needs=("decision", "outcome", "protected"), units="rows")
def criteria_conflict(evidence: Evidence) -> Iterator[Measurement]:
    """The widest gap between the base rates of two groups, and which criteria it makes incompatible.

    Formula
        max_g p_g - min_g p_g over the whole period, with p_g the share of positive outcomes among the group's rows with a decision and a
        known outcome, of known groups with at least 30 such rows. Since FPR = p / (1 - p) x (1 - PPV) / PPV x TPR holds in every group,
        groups with different base rates that share PPV and TPR have different FPR; the reason says how different, at the two groups'
        common PPV and TPR. Likewise, shares of positive decisions, p TPR + (1 - p) FPR, differ where TPR and FPR are shared, unless
        decisions ignore the outcome; and calibrated scores have a mean as far apart as the base rates.
    Interval and test
        Newcombe interval of the two groups, cut at 0; chi-squared over all groups (two: z or Fisher's exact test). Where chance alone could
        make the base rates differ (p of 0.05 or more), the answer is "can't tell". n is the smaller of the two groups.
    Tables
        Each group's rates, the two groups, and the numbers of the sentences.
    When it misleads
        A base rate is what outcomes say: where they carry old discrimination, or are known for those selected only, so does the conflict.
        That criteria conflict says neither which one matters here nor that a gap is justified.
    Source
        A. Chouldechova (2017), Fair prediction with disparate impact, Big Data 5, equation 2.6; J. Kleinberg, S. Mullainathan and
        M. Raghavan (2017), Inherent Trade-Offs in the Fair Determination of Risk Scores, ITCS.
    """
    for groups in compared_groups(evidence):
        yield _of_attribute(evidence, groups)


def implied_false_positive_rate(base: float, predictive: float, found: float) -> float | None:
    """The false positive rate that follows from base rate, positive predictive value and true positive rate; None where there is none.

    >>> round(implied_false_positive_rate(0.5, 0.8, 0.8), 6), round(implied_false_positive_rate(0.2, 0.8, 0.8), 6)
    (0.2, 0.05)
    """
    if not 0 <= base < 1 or not predictive > 0:
        return None
    return base / (1 - base) * (1 - predictive) / predictive * found


def _of_attribute(evidence: Evidence, groups: Groups) -> Measurement:
    counts = evidence.counts
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    tp, fp, fn, tn = (getattr(counts, name)[0, 0, groups.slices] for name in names)
    n, positives = tp + fp + fn + tn, tp + fn
    enough = np.flatnonzero(n >= ENOUGH_ROWS)
    tables: dict[str, Any] = {"groups": [dict(evidence.slices[i].levels) for i in groups.slices[n > 0].tolist()]}
    rates = {
        "base_rate": share(positives, n), "positive_predictive_value": share(tp, tp + fp), "true_positive_rate": share(tp, positives),
        "false_positive_rate": share(fp, fp + tn),
    }  # fmt: skip
    tables |= {"n": [int(rows) for rows in n[n > 0]]}
    tables |= {name: [float(x) if np.isfinite(x) else None for x in values[n > 0]] for name, values in rates.items()}
    if len(enough) < 2:
        blank = np.full(1, np.nan)
        return measurement(
            "criteria_conflict", "difference", value=blank, low=blank, high=blank, n=np.zeros(1), method="", attribute=groups.attribute,
            reason=FEW, tables={0: tables} if tables["groups"] else None,
        )  # fmt: skip
    ends = extremes(positives[None, None, enough], n[None, None, enough])
    gap = widest_difference(ends)
    p_value = float(equality_p(positives[None, None, enough], n[None, None, enough])[0, 0])
    top, low = (int(enough[int(place[0, 0])]) for place in (ends.highest, ends.lowest))
    pair = [top, low]
    labels = [", ".join(level for _, level in evidence.slices[groups.slices[place]].levels) for place in pair]
    sentences, numbers = _sentences(labels, tp[pair], fp[pair], fn[pair], tn[pair], p_value)
    order = np.cumsum(n > 0) - 1
    tables |= {"highest": int(order[top]), "lowest": int(order[low]), "sentences": sentences, **numbers}
    return measurement(
        "criteria_conflict", "difference", value=gap.value.ravel(), low=gap.low.ravel(), high=gap.high.ravel(), n=np.rint(gap.n.ravel()),
        method="newcombe", attribute=groups.attribute, slice=0, p_value=np.asarray([p_value]), reason=" ".join(sentences),
        tables={0: tables},
        people=people(gap.value.ravel(), gap.low.ravel(), gap.high.ravel(), ends.n_low.ravel()),
    )  # fmt: skip


def _sentences(labels: list[str], tp: Floats, fp: Floats, fn: Floats, tn: Floats, p_value: float) -> tuple[list[str], dict[str, Any]]:
    """What is ruled out for two groups, the higher base rate first, and the numbers said."""
    n = tp + fp + fn + tn
    base = share(tp + fn, n)
    predictive, found = float(share(tp.sum(), (tp + fp).sum())), float(share(tp.sum(), (tp + fn).sum()))
    wrong = float(share(fp.sum(), (fp + tn).sum()))
    differ = base[0] > base[1] and p_value < LEVEL
    numbers: dict[str, Any] = {
        "conflict": True if differ else None, "shared_positive_predictive_value": _known(predictive),
        "shared_true_positive_rate": _known(found),
        "implied_false_positive_rate": [implied_false_positive_rate(float(p), predictive, found) for p in base],
    }  # fmt: skip
    rates = f"{_percent(base[0])} among {labels[0]} (n = {int(n[0]):,}) and {_percent(base[1])} among {labels[1]} (n = {int(n[1]):,})"
    if not differ:
        chance = "which chance alone can make differ, so no conflict is established."
        return [f"Can't tell: the positive outcome is as common as {rates}, {chance}"], numbers
    said = [f"The positive outcome is more common among {labels[0]} than among {labels[1]}: {rates}."]
    implied = numbers["implied_false_positive_rate"]
    if predictive >= 1 and found >= 1:
        numbers["conflict"] = False
        return [*said, "Decisions agree with every outcome, and then all criteria about errors hold at once."], numbers
    if None not in implied and found > 0 and predictive < 1:
        said.append(
            f"If a positive decision were right equally often in both ({_percent(predictive)}) and found the same share of positive "
            f"outcomes ({_percent(found)}), the false positive rate would have to be {_percent(implied[0])} for {labels[0]} and "
            f"{_percent(implied[1])} for {labels[1]}: equal predictive values and equal error rates cannot both hold."
        )
    if np.isfinite(found) and np.isfinite(wrong) and abs(found - wrong) > 0:
        shares = [float(p) * found + (1 - float(p)) * wrong for p in base]
        said.append(
            f"With the same error rates in both (true positive rate {_percent(found)}, false positive rate {_percent(wrong)}), "
            f"{_percent(shares[0])} and {_percent(shares[1])} would get the positive decision: equal error rates and equal shares of "
            "positive decisions cannot both hold."
        )
    said.append(
        f"Scores that are calibrated in both groups have means {100 * float(base[0] - base[1]):.1f} points apart, so they cannot also have "
        "the same mean among positive and the same mean among negative outcomes of both."
    )
    return said, numbers


def _percent(value: float | np.floating[Any]) -> str:
    return f"{100 * float(value):.1f} %"


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
