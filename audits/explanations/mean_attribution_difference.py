"""The audit `mean_attribution_difference`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE, SIGNED, difference, listed, said
from audits.fairness.yardstick import compared_groups, of_group, reference_groups
from audits.finding import Measurement
from audits.probed_cells import Cells


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
        `gap`: the sum over inputs. `share`: the figure over that gap, where the gap itself is beyond chance.
    When it misleads
        A difference is no fault by itself: groups differ in what the model rightly uses too, and the figure does not say which it is; see
        `proxy_strength` for how well an input tells the group. Where inputs go together, the credit goes to those the model uses, so that
        a proxy may hide behind another one. On log-odds a gap does not translate into points of the score.
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
            mine = tuple(values[..., groups.slices] for values in (n, mean, variance))
            theirs = tuple(of_group(values, beside, absent=np.nan) for values in mine)
            found[column] = difference((mine[0], mine[1], mine[2]), (np.nan_to_num(theirs[0]), theirs[1], theirs[2]))
        gap = np.sum([np.nan_to_num(each[0]) for each in found.values()], axis=0)
        total = _beyond_chance(found, gap)
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
                    int(i): _tables(evidence, int(version[i]), float(gap[at][i]), float(value[at][i]), bool(total[at][i]))
                    for i in np.flatnonzero((window == 0) & np.isfinite(value[at]))
                },
            )  # fmt: skip


def _tables(evidence: Evidence, version: int, gap: float, value: float, told: bool) -> dict[str, object]:
    made = said(evidence, evidence.versions[version])
    return {"scale": made["scale"], "kind": made["kind"], "gap": gap, "share": value / gap if told else None}


def _beyond_chance(found: dict[str, tuple[Floats, Floats, Floats, Floats]], gap: Floats) -> Floats:
    """Whether the gap is larger than what its parts' errors could add up to, all on one side."""
    reach = np.sum([np.nan_to_num(high - value) for value, _, high, _ in found.values()], axis=0)
    return np.asarray(np.abs(gap) > reach)
