"""The audit `outlier_rate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import newcombe, two_proportion_p, wilson
from audits.probed_cells import REFERENCE, Cells, listed, over_cells

PROBE = "outliers"
IN_FULL = "isolation_forest"
"""The detector that runs everywhere: its rates are also listed for each group in each window, for trends."""


@audit(name="outlier_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True, units="rows", probe=PROBE)
def outlier_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of rows that a detector fitted on the reference finds strange, by detector.

    Detectors
        alibi-detect's isolation forest, Mahalanobis distance and Gaussian mixture; with PyTorch also nearest neighbours, the local outlier
        factor, principal components and a one-class machine; without alibi-detect scikit-learn's isolation forest alone.
    Formula
        Rows whose score lies beyond a threshold, over rows asked about. Of the reference's rows a third fits the detector, a third
        sets the threshold so that 1 % lies beyond, and the last third says how many really do: the share that the figure is held against,
        group by group. The distance and the mixture look at numbers alone, the forest at texts too.
    Interval and test
        Wilson; p two-sided against the reference's last third (z, or Fisher's exact test). n is the rows asked about: a budget, those
        whose keys have the smallest digests, the same share of every window. Where the reference is the first window, that window and the
        whole period hold the very rows that they are tested against (less those that fitted the detector and set the threshold): the two
        sides are not apart, the difference is drawn towards 0 and p is too large. Other windows are not touched.
    Where
        For groups over the whole period, and for everybody in each window; the isolation forest for groups in windows, too.
    Tables
        `aimed`; `reference`: the share in the last third with its interval; `excess` over it with `excess_low` and `excess_high`
        (Newcombe), and by window in `windows`, where `n` is the window's rows asked about; `inputs` and `stands_out`: features by how well
        each alone sets flagged rows apart (area under the ROC curve, 0.5 where it does not); `library`, `threshold`, `seconds`; `not_run`:
        detectors that cannot run here, and why.
    When it misleads
        Drift makes outliers too: a season, a new shop or a new channel raises it as an attack does. 1 % of honest rows are flagged, so
        below an excess of a point or so an attack is lost in them. A level that the reference never had is "other", which a forest hardly
        sees: look at `unseen_category_rate`. An attacker who sends ordinary rows is no outlier.
    Source
        F. T. Liu, K. M. Ting and Z.-H. Zhou (2008), Isolation Forest, ICDM; P. C. Mahalanobis (1936), Proc. Natl. Inst. Sci. India 2;
        alibi-detect's IForest, Mahalanobis and GMM; R. G. Newcombe (1998), Statistics in Medicine 17.

    >>> flagged, asked, before, held = 30, 1000, 5, 500  # 3 % now, 1 % in the reference's last third
    >>> round(flagged / asked - before / held, 3)
    0.02
    """
    cells, body = Cells.of(evidence, PROBE), evidence.probes.get(PROBE, {})
    for name, said in body.get("detectors", {}).items():
        if "reason" in said and name in evidence.topics:
            nothing = np.full(1, np.nan)
            yield measurement(
                "outlier_rate", "proportion", value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="wilson",
                column=evidence.topics.index(name), reason=str(said["reason"]),
            )  # fmt: skip
    if cells is None:
        return
    for name in cells.columns("outlier_rate"):
        for block in over_cells(evidence, PROBE, "outlier_rate", "proportion", columns=[name]):
            now, before = cells.sums("outlier_rate", name), cells.sums("outlier_rate", name, side=REFERENCE)
            at = (block.version, block.window, block.slice)
            held = (before[1][0, 0][block.slice], before[0][0, 0][block.slice])
            p_value = np.where(held[1] > 0, two_proportion_p(now[1][at], now[0][at], *held), np.nan)
            found = replace(block, p_value=p_value, tables=_tables(evidence, name, block, now, before))
            yield found if name == IN_FULL else listed(found)


def _tables(
    evidence: Evidence, name: str, block: Measurement, now: tuple[Floats, Floats, Floats], before: tuple[Floats, Floats, Floats]
) -> dict[int, dict[str, Any]]:
    """What the finding about everybody in the whole period shows."""
    whole = np.flatnonzero((block.version == 0) & (block.window == 0) & (block.slice == 0))
    body = evidence.probes[PROBE]
    hits, n = before[1][0, 0, 0], before[0][0, 0, 0]
    if not len(whole) or not n:
        return {}
    low, high = wilson(hits, n)
    windows = np.flatnonzero(now[0][0, :, 0] > 0)
    share = now[1][0, windows, 0] / now[0][0, windows, 0] - hits / n
    least, most = newcombe(now[1][0, windows, 0], now[0][0, windows, 0], hits, n)
    table = dict(body["detectors"][name]) | {
        "aimed": body["aimed"], "not_run": body["not_run"],
        "reference": {"value": hits / n, "low": float(low), "high": float(high), "n": int(n)},
        "excess": float(share[0]), "excess_low": float(least[0]), "excess_high": float(most[0]),
        "windows": {
            "window": windows[1:].tolist(), "excess": share[1:].tolist(), "low": least[1:].tolist(), "high": most[1:].tolist(),
            "n": now[0][0, windows[1:], 0].astype(int).tolist(),
        },
    }  # fmt: skip
    return {int(whole[0]): table}
