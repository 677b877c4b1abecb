"""Small planted worlds of two periods: a lender who looks at income, debt and region."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.probes.drop_rows import Rows

SIZE = 2000


def people(seed: int, *, debt: float = 0.0, size: int = SIZE) -> dict[str, Any]:
    """Draw people; `debt` moves everybody's by so many standard deviations."""
    draw = np.random.default_rng(seed)
    return {
        "draw": draw, "income": np.exp(draw.normal(10.0, 0.5, size)), "debt": draw.normal(debt, 1.0, size),
        "region": draw.choice(np.array(["N", "W"], dtype=object), size, p=[0.7, 0.3]), "noise": draw.normal(size=size),
    }  # fmt: skip


def answered(who: dict[str, Any], *, seen: Floats | None = None, harder: float = 0.0, cut: float = 0.5) -> tuple[Floats, Floats, Floats]:
    """Give scores, decisions and outcomes: the model looks at `seen` incomes, people repay by their true ones.

    `harder` makes it harder, in log-odds, for people with much debt; the model does not know.
    """
    draw, income = who["draw"], who["income"] if seen is None else seen
    rest = -0.9 * who["debt"] + 0.4 * (who["region"] == "N")
    known = np.log(np.nan_to_num(income, nan=np.exp(9.0))) - 10
    score = 1 / (1 + np.exp(-(1.2 * known + rest + draw.normal(0, 0.3, len(known)))))
    able = 1.2 * (np.log(who["income"]) - 10) + rest - harder * (who["debt"] > 0.5)
    return score, (score > cut).astype(np.float64), (draw.random(len(known)) < 1 / (1 + np.exp(-able))).astype(np.float64)


def rows(who: dict[str, Any], answers: tuple[Floats, Floats, Floats], *, logged: Any = None, lag: Floats | None = None) -> Rows:
    """Lay a period out as the probe reads it; `logged` are other incomes than the true ones."""
    score, decision, outcome = answers
    n = len(score)
    return Rows(
        numeric={"income": who["income"] if logged is None else logged, "debt": who["debt"], "noise": who["noise"]},
        categorical={"region": who["region"]}, decision=decision, outcome=outcome, score=score, time=np.zeros(n),
        lag=np.full(n, np.nan) if lag is None else lag, unit=np.arange(n), fold=np.arange(n) * 7919 % 65536, available=n,
    )  # fmt: skip


def quiet(seed: int = 1) -> Rows:
    """Give a period in which nothing is wrong."""
    who = people(seed)
    return rows(who, answered(who))
