"""True positive rate ratio: each group's true positive rate over the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.yardstick import compared_groups, selection_yardstick
from audits.finding import Measurement


@audit(name="true_positive_rate_ratio", unit="ratio", needs=("decision", "outcome", "protected"))
def true_positive_rate_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """True positive rate of each group over that of the reference group.

    Formula
        (TP_g / (TP_g + FN_g)) / (TP_r / (TP_r + FN_r)), about `positive`, the value that the model predicts:
        where `positive` is the favorable value, it is the share of people who deserve the favorable decision and get it.
        The reference group r is that of `impact_ratio`.
    Interval and test
        Katz log interval, Koopman's score below five events; pooled z or Fisher's exact test as in `impact_ratio`. n is the group's rows
        with a decision and a positive outcome.
    When it misleads
        Where rates are near 1, a ratio hides what `false_negative_rate_ratio` shows: 0.98 over 0.99 is twice the misses. Where outcomes
        are known for the selected only, it is 1 whatever the model does.
    Source
        M. Hardt, E. Price and N. Srebro (2016), Equality of Opportunity in Supervised Learning.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("true_positive_rate_ratio", "ratio", groups)
            continue
        hits = counts.true_positives[..., groups.slices]
        n = hits + counts.false_negatives[..., groups.slices]
        reference = selection_yardstick(evidence, groups)
        found = ratios(hits, n, reference, zero="the reference group has no true positive, so there is no rate to compare with")
        yield per_group(evidence, "true_positive_rate_ratio", "ratio", groups, reference, found, counted=(hits, n))
