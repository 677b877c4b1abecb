"""The audit `outcome_flip_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.robustness.from_log import OUTCOME_FLIPS, marked_rate


@audit(name="outcome_flip_rate", unit="proportion", needs=("outcome",), compared=True, units="rows", probe=OUTCOME_FLIPS)
def outcome_flip_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of outcomes that seem to have been turned round: somebody's went against what scores led to expect for a while, nobody else's.

    Formula
        What to expect: the share of favorable outcomes by the bin of the score (20, or the decision where there is no score) in the
        reference. Searched are all stretches of 1, 2, 4, ... buckets of each client, group and segment level, for fewer favorable outcomes
        than expected, for more, and for more that go against the odds either way. How far a stretch is off, beyond everybody else at the
        time, is held against how far the same client, group or segment was off before it, and of groups and segments also after it; the
        smaller excess counts. So what all share is no campaign, and neither is a group's change that stays; a client's is.
        Also taken off is what others of the same groups and versions share at the time. A stretch with p below 1 % over all stretches
        (Bonferroni) is a campaign; each is judged without the rows of surer ones. Each of its outcomes counts with the share of them that
        is beyond expectation. Windows that still wait for outcomes are left out, as those that come early are not like those that come
        late. All rows are read.
    Interval and test
        Wilson around the sum of these shares, over all labelled predictions of windows that have their outcomes. p of a campaign:
        Bennett's bound, with the variance widened by how much more than chance outcomes vary in the reference, and by how well what they
        are held against is known.
    Tables
        `campaigns`: by whom or what, level, direction, first and last window, rows, how many went that way and how many were expected, p.
    When it misleads
        A part of the world that changes alone and changes back looks like a campaign: a strike, a rule that was withdrawn. One that turns
        the outcomes of everybody, of a group until now, or a few dozen of a client's looks like chance or drift: see `concept_drift`. It is
        dated by when predictions were made, not by when outcomes were reported. An outcome that is reported anew is not kept, so that
        corrections cannot be told from flips.
    Source
        B. Biggio, B. Nelson and P. Laskov (2012), Poisoning Attacks against Support Vector Machines, ICML, for the attack; S. Boucheron, G.
        Lugosi and P. Massart (2013), Concentration Inequalities, for the bound. The search is ours.

    >>> unfavorable, expected, labelled = 183, 94.8, 6067
    >>> round((unfavorable - expected) / labelled, 4)
    0.0145
    """
    yield from marked_rate(evidence, OUTCOME_FLIPS, "outcome_flip_rate")
