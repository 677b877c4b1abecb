"""The audit `mean_attribution_difference`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, SIGNED, Moments, difference, listed, said
from audits.fairness.yardstick import compared_groups, of_group, reference_groups
from audits.finding import Measurement
from audits.probed_cells import Cells

GAPS = {"logged_gap": "logged_score", "explained_gap": "explained_score", "unexplained_gap": "unexplained_score"}
"""What the tables hold, and the quantities that it is the gap of."""


@audit(name="mean_attribution_difference", unit="difference", needs=("protected",), tasks=EVERY_TASK, units="own", probe=PROBE)
def mean_attribution_difference(evidence: Evidence) -> Iterator[Measurement]:
    """How much of the gap in mean margin between a group and its comparison group comes in through each input: where proxies show.

    Formula
        mean of φ in the group minus mean of φ in the comparison group, signed; see `mean_absolute_attribution` for φ. Over all inputs the
        figures add up to the gap in mean margin between the two groups, whatever the base. An input that stands for the group (a proxy)
        and that the model uses carries much of that gap; one that the group does not differ in, or that the model does not use, carries
        none.
    Interval and test
        Welch's t over rows; one row a unit and window where the log names a unit. q-values are over all inputs, groups and windows.
        Of intersections only the whole period is listed.
    Tables
        `gap`: the sum over inputs. `logged_gap`, `explained_gap`, `unexplained_gap`: the gap in mean logged score, in the mean answer of
        the model or surrogate for the same rows and scale, and the difference of the two, each with its interval. `share`: the figure over
        the logged gap, or over the explained one where no score is logged; none where that gap's interval holds 0.
    When it misleads
        A difference is no fault by itself: groups differ in what the model rightly uses too, and the figure does not say which it is; see
        `proxy_strength` for how well an input tells the group. Where inputs go together, the credit goes to those the model uses, so that
        a proxy may hide behind another one. Of a surrogate, all of it is about the surrogate: small figures acquit nobody while the
        logged gap is larger than the explained one, for the model may use what the surrogate was not given. On log-odds a gap does not
        translate into points of the score.
    Source
        S. Lundberg (2020), Explaining Quantitative Measures of Fairness, shap documentation; T. Begley et al. (2020), Explainability for
        fair machine learning, arXiv:2010.07389.

    >>> import numpy as np
    >>> phi = np.asarray([[0.5, -0.1], [0.7, 0.1], [-0.4, 0.1], [-0.6, -0.1]])  # two rows of the group, two of the comparison group
    >>> (phi[:2].mean(axis=0) - phi[2:].mean(axis=0)).round(2)
    array([1.1, 0. ])
    """
    cells = Cells.of(evidence, PROBE)
    if cells is None:
        return
    columns, topics, kept = cells.columns(SIGNED), evidence.topics, listed(evidence)
    moments = {column: cells.means(SIGNED, column) for column in columns}
    for groups in compared_groups(evidence):
        if len(groups.slices) < 2:
            continue
        beside = reference_groups(evidence, groups)
        found = {}
        for column, (n, mean, variance) in moments.items():
            found[column] = _compared((n, mean, variance), groups.slices, beside)
        gap = np.sum([np.nan_to_num(each[0]) for each in found.values()], axis=0)
        whole = {name: _compared(cells.means(quantity, ""), groups.slices, beside)[:3] for name, quantity in GAPS.items()}
        own = np.arange(len(groups.slices)) == beside[..., None]
        for column, (value, low, high, p_value) in found.items():
            n = moments[column][0][..., groups.slices]
            at = np.nonzero((n > 0) & ~own & kept[..., groups.slices] & (beside[..., None] >= 0))
            version, window, place = at
            yield measurement(
                "mean_attribution_difference", "difference", value=value[at], low=low[at], high=high[at], n=n[at], method="welch-t",
                window=window, version=version, slice=groups.slices[place], attribute=groups.attribute, p_value=p_value[at],
                reference_slice=groups.slices[beside[version, window]], column=topics.index(column),
                reason=np.where(np.isfinite(value[at]), "", "too few rows of the group or of its comparison group").astype(object),
                tables={
                    int(i): _tables(
                        evidence, int(version[i]), float(gap[at][i]), float(value[at][i]),
                        {name: [float(one[at][i]) for one in parts] for name, parts in whole.items()},
                    )
                    for i in np.flatnonzero((window == 0) & np.isfinite(value[at]))
                },
            )  # fmt: skip


def _compared(moments: Moments, slices: Integers, beside: Integers) -> tuple[Floats, Floats, Floats, Floats]:
    """Each group against its comparison group."""
    n, mean, variance = (values[..., slices] for values in moments)
    m, other, spread = (of_group(values, beside, absent=np.nan) for values in (n, mean, variance))
    return difference((n, mean, variance), (np.nan_to_num(m), other, spread))


def _tables(evidence: Evidence, version: int, gap: float, value: float, whole: Mapping[str, Sequence[float]]) -> dict[str, object]:
    made = said(evidence, evidence.versions[version])
    known = {
        name: dict(zip(("value", "low", "high"), parts, strict=True)) if np.isfinite(parts).all() else None for name, parts in whole.items()
    }  # fmt: skip
    of = known["logged_gap"] or known["explained_gap"]
    share = value / of["value"] if of is not None and (of["low"] > 0 or of["high"] < 0) else None
    return {"scale": made["scale"], "kind": made["kind"], "gap": gap, "share": share} | known
