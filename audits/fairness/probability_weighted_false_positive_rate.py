"""Probability-weighted false positive rate: for groups that are known by probabilities only."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import NO, YES, Evidence
from audits.fairness.probability_groups import positive_decisions_among, report
from audits.finding import Measurement


@audit(name="probability_weighted_false_positive_rate", unit="proportion", needs=("decision", "outcome", "probabilities"), units="rows")
def probability_weighted_false_positive_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of positive decisions among negative outcomes in a group to which each row belongs with a probability w.

    Formula
        Σ w over rows decided positive with a negative outcome / Σ w over rows with a decision and a negative outcome, about `positive`, the
        value that the model predicts.
    Interval
        What sampling and what the proxy leave open, one after the other: Wilson's interval with n = (Σ w)² / Σ w², the number of rows
        that weights so uneven are worth, laid around the least and the largest rate that are possible if, among rows with the same
        probability, the decision depends on the group. The tables hold both parts. n is that effective number of rows.
    When it misleads
        Within rows that the proxy cannot tell apart, decisions and outcomes are taken to be as frequent inside the group as outside; the
        bounds say how far off the rate may be where they are not, for both counts of the ratio.
        Probabilities that are not calibrated for these people (a proxy made for the whole country, say) bias it, and the interval does
        not know. It says nothing about any one person: no row is ever given a group.
    Source
        J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell (2019), Fairness Under Unawareness, FAT*; N. Kallus, X. Mao and A. Zhou (2022),
        Management Science 68; L. Kish (1965), Survey Sampling, for the effective number of rows.
    """
    counts = evidence.weighted
    if counts is None:
        return
    same = evidence.counts.same
    found = positive_decisions_among(counts, NO if same else YES, same=same)
    yield from report(counts, "probability_weighted_false_positive_rate", found)
