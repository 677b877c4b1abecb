"""Simulated logs whose outcomes are known: realised figures fall inside the estimates' intervals as often as they should."""

from __future__ import annotations

import numpy as np
import pytest

from audits.estimated.figures import expect, figures
from audits.estimated.pieces import Pieces, assemble
from audits.estimated.ranking import Runs, ranked
from audits.estimated.rows import split

SIZE, SEEDS = 202, 150


def table(draw: np.random.Generator, n: int, shape: tuple[float, float]) -> np.ndarray:
    """Rows by [decision, outcome, bin]: scores of a beta distribution, outcomes by a curve that is not the score, cut off at 0.5."""
    score = draw.beta(*shape, n)
    outcome = draw.random(n) < 1 / (1 + np.exp(-(0.3 + 1.5 * np.log(score / (1 - score)))))
    found = np.zeros((3, 3, SIZE))
    np.add.at(found, ((score > 0.5).astype(int), outcome.astype(int), 1 + np.minimum((score * (SIZE - 2)).astype(int), SIZE - 3)), 1)
    return found


def coarse(found: np.ndarray) -> np.ndarray:
    """The same in twenty bins."""
    return np.add.reduceat(found, np.flatnonzero(np.append(True, np.diff(np.arange(SIZE) * 20 // SIZE) > 0)), axis=-1)


def lay_out(reference: np.ndarray) -> Pieces:
    """Lay out pieces for everybody alone."""
    mean = (np.arange(SIZE) - 0.5) / (SIZE - 2)
    everybody, within = np.zeros(2, dtype=np.int64), np.ones((1, 1), dtype=bool)
    found = assemble(everybody, reference[None], coarse(reference)[None], mean, within, reported=False)
    assert isinstance(found, Pieces)
    return found


@pytest.mark.parametrize(("n", "shape"), [(60, (2, 3)), (1000, (2, 3)), (1000, (3, 2)), (5000, (3, 2))])
def test_coverage(draw: np.random.Generator, n: int, shape: tuple[float, float]) -> None:
    """Without a shift and with one of the scores, for small windows and large: 90 to 99.5 % of 150 samples: 95 % by chance."""
    inside: dict[str, int] = {}
    for _ in range(SEEDS):
        pieces = lay_out(table(draw, 4000, (2, 3)))
        seen = table(draw, n, shape)
        rows = split(np.concatenate([np.add.reduceat(seen, pieces.parts[0].bins, axis=-1), coarse(seen)], axis=-1)[None], True)
        found = figures(pieces, expect(pieces, rows.n), same=True)
        tn, fn, fp, tp = (float(seen[d, o].sum()) for d in (0, 1) for o in (0, 1))
        runs = Runs(starts=np.zeros(1, dtype=np.int64), lengths=np.asarray([SIZE]))
        each, hits = seen.sum(axis=(0, 1)), seen[:, 1].sum(axis=0)
        real = {
            "accuracy": (tp + tn) / n, "true_positive_rate": tp / (tp + fn), "false_positive_rate": fp / (fp + tn),
            "positive_predictive_value": tp / (tp + fp), "f1": 2 * tp / (2 * tp + fp + fn), "base_rate": (tp + fn) / n,
            "roc_auc": float(ranked(runs, each, hits, np.zeros(SIZE))[0][0]),
        }  # fmt: skip
        for name, value in real.items():
            inside[name] = inside.get(name, 0) + int(found[name].low[0, 0] - 1e-9 <= value <= found[name].high[0, 0] + 1e-9)
    assert {name: hits for name, hits in inside.items() if not 0.90 <= hits / SEEDS <= 0.995} == {}
