"""Whether the same score still means the same, as shares that can move: outcomes at equal scores, with the reference's mix of scores."""

from __future__ import annotations

import numpy as np

from audits.alarms.shares import Counted
from audits.drift.two_samples import coarse_bins
from audits.estimate import Floats
from audits.evidence import NO, YES, Evidence

AT_EQUAL_SCORES, WITH_SCORE = "outcomes at equal scores", "outcomes that go with the score"


def concept(evidence: Evidence, held: Evidence, judged: Floats) -> Counted | None:
    """The outcome at equal scores; None without scores, outcomes or two classes.

    Parameters
    ----------
    held
        The reference in windows.
    judged
        1 for the analysed windows that are judged, 0 for those that are not.
    """
    grid, outcome = evidence.bins.score_bins, evidence.model.columns.outcome
    if grid is None or outcome is None or outcome not in evidence.columns or evidence.task != "binary":
        return None
    starts, _ = coarse_bins(grid)
    rows, reference = (
        np.asarray(side.decided_runs([0], [starts]).sum(axis=1)[1:]) for side in (evidence, held)
    )  # [window, outcome, decile]
    total = reference[:, [NO, YES]].sum(axis=0)
    mix = total.sum(axis=0) / max(float(total.sum()), 1.0)
    if not total.sum() or (mix > 0).sum() < 2:
        return None
    usual = total[1] / np.maximum(total.sum(axis=0), 1)
    rank = np.cumsum(mix) - mix / 2
    contrasts = np.stack([np.concatenate([np.zeros_like(rank), np.ones_like(rank), [0.0]]), np.concatenate([1 - rank, rank, [0.5]])])
    return Counted(
        name=outcome, ordered=False, reference=_evened(reference, mix, usual), windows=_evened(rows, mix, usual) * judged[:, None],
        named=(AT_EQUAL_SCORES, WITH_SCORE), contrasts=contrasts,
    )  # fmt: skip


def _evened(rows: Floats, mix: Floats, usual: Floats) -> Floats:
    """Rows by [window, outcome within decile] as if every window had the reference's mix of scores, as many as they are worth.

    A window is worth 1/Σ w²/n rows, with w the mix and n its rows of a decile; a decile without an outcome has the usual ones.
    """
    n = rows[:, [NO, YES]].sum(axis=1)
    yes = np.where(n > 0, rows[:, YES] / np.maximum(n, 1), usual)
    worth = np.where(n.sum(axis=1) > 0, 1 / (mix**2 / np.maximum(n, 0.5)).sum(axis=1), 0.0)
    worth = np.minimum(worth, n.sum(axis=1))[:, None]
    return np.concatenate([worth * mix * (1 - yes), worth * mix * yes, np.zeros((len(n), 1))], axis=1)
