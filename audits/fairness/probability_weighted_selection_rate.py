"""Probability-weighted selection rate: for groups that are known by probabilities only."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import NO, Evidence
from audits.fairness.probability_groups import DECIDED, report, weighted_rate
from audits.finding import Measurement


@audit(name="probability_weighted_selection_rate", unit="proportion", needs=("decision", "probabilities"), units="rows")
def probability_weighted_selection_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of favorable decisions in a group to which each row belongs with a probability w.

    Formula
        Σ w over the rows decided favorably / Σ w over all decided rows.
    Interval
        What sampling and what the proxy leave open, one after the other: Wilson's interval with n = (Σ w)² / Σ w², the number of rows
        that weights so uneven are worth, laid around the least and the largest rate that are possible if, among rows with the same
        probability, the decision depends on the group. The tables hold both parts. n is that effective number of rows.
    When it misleads
        Within rows that the proxy cannot tell apart, decisions are taken to be as frequent inside the group as outside. Where members fare
        worse than their neighbours, the weighted gap is too small: that is what the bounds are for.
        Probabilities that are not calibrated for these people (a proxy made for the whole country, say) bias it, and the interval does
        not know. It says nothing about any one person: no row is ever given a group.
    Source
        J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell (2019), Fairness Under Unawareness, FAT*; N. Kallus, X. Mao and A. Zhou (2022),
        Management Science 68; L. Kish (1965), Survey Sampling, for the effective number of rows.
    """
    counts = evidence.weighted
    if counts is None:
        return
    hit, base = DECIDED.copy(), DECIDED.copy()
    hit[NO] = False
    yield from report(counts, "probability_weighted_selection_rate", weighted_rate(counts, hit, base, DECIDED))
