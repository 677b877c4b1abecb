"""Do intervals and tests of drift hold in small windows and with many categories: `python -m benchmarks.drift_intervals`.

Samples are drawn from shares that are known, measured by the functions that the measures use, and the outcome written to docs/drift.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from audits.drift.chi_squared import cramers_v_squared
from audits.drift.hellinger_distance import divergence as hellinger
from audits.drift.jensen_shannon_distance import divergence as jensen_shannon
from audits.drift.l_infinity import largest_change
from audits.drift.population_stability_index import index
from audits.drift.two_samples import Samples, around
from audits.estimate import Floats
from benchmarks.page import with_part

PAGE = Path(__file__).parent.parent / "docs" / "drift.md"
SAMPLES, SEED = 4000, 20260101
MEASURES: dict[str, Callable[[Samples], tuple[Floats, Floats, Floats]]] = {
    "index": index, "Jensen-Shannon": jensen_shannon, "Hellinger": hellinger, "Cramér's V": cramers_v_squared,
}  # fmt: skip
SIZES = ((5000, 10), (5000, 30), (5000, 100), (5000, 1000), (100, 100), (200, 1000), (50000, 5000))


def shares(kind: str) -> tuple[Floats, Floats]:
    """Shares of the reference and of a window that has moved a little: ten equal bins, or a hundred categories of falling frequency."""
    if kind == "10 bins":
        return np.full(10, 0.1), np.linspace(0.06, 0.14, 10)
    rank = np.arange(1, 101)
    before = 1 / rank**1.3
    now = before * np.linspace(1.4, 0.6, 100) ** np.where(rank % 2 == 1, 1, -1)
    return before / before.sum(), now / now.sum()


def drawn(p: Floats, q: Floats, n: int, m: int) -> Samples:
    """Pairs of samples, each as one column with one window."""
    draw = np.random.default_rng(SEED)
    reference, windows = draw.multinomial(n, p, (SAMPLES, 1)), draw.multinomial(m, q, (SAMPLES, 1))
    return Samples(columns=(), reference=reference.astype(np.float64), windows=windows.astype(np.float64))


def missed(p: Floats, q: Floats, n: int, m: int) -> list[float]:
    """Share of the pairs whose interval misses the true figure, by measure, the largest change last."""
    found = drawn(p, q, n, m)
    many = Samples(columns=(), reference=p[None, None] * n * 1e6, windows=q[None, None] * m * 1e6)
    outside = []
    for measure in MEASURES.values():
        truth = measure(many)[0]
        low, high = around(*measure(found), p_value=found.p_value)
        outside.append(float(np.mean((low > truth + 1e-6) | (high < truth - 1e-6))))
    low, high = largest_change(found)
    truth = np.abs(p - q).max()
    return [*outside, float(np.mean((low > truth + 1e-9) | (high < truth - 1e-9)))]


def table() -> str:
    """Both tables as Markdown."""
    names = " | ".join((*MEASURES, "largest change"))
    rule = "|---" * (len(MEASURES) + 3) + "|"
    same = [f"| bins | n, m | {names} | p < 0.05 |", rule + "---|"]
    moved = [f"| bins | n, m | {names} |", rule]
    for kind in ("10 bins", "100 categories"):
        p, q = shares(kind)
        for n, m in SIZES:
            sizes = f"| {kind} | {n:,}, {m:,} | "
            rejected = float(np.mean(drawn(p, p, n, m).p_value < 0.05))
            same.append(sizes + " | ".join(f"{100 * x:.1f}" for x in (*missed(p, p, n, m), rejected)) + " |")
            moved.append(sizes + " | ".join(f"{100 * x:.1f}" for x in missed(p, q, n, m)) + " |")
    return (
        f"Of {SAMPLES:,} pairs of samples, n rows of the reference and m of the window, how many in 100 had an interval that misses the "
        "true figure; 5 are allowed. Nothing moved, and how often the test says otherwise:\n\n" + "\n".join(same)
        + "\n\nA small move (shares of ten bins from 6 to 14 % instead of 10; a hundred categories up or down by up to 40 %):\n\n"
        + "\n".join(moved)
    )  # fmt: skip


def main() -> None:
    """Write the tables."""
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "intervals", table()), encoding="utf-8")
    sys.stderr.write(f"{PAGE.name} written\n")


if __name__ == "__main__":
    main()
