"""Which logs are simulated, and where their files are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.world import KINDS, World, shareable, world
from connectors.simulated.faults import FAULTS

QUARTER = 0.25
FEW = ("missing values", "unit x1000", "net for gross", "new category", "frozen column", "covariate shift", "prior shift",
       "old hyper-parameters", "telemetry overload", "stale day")  # fmt: skip
"""Faults of the largest logs, where all would take hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault as it is planted: all rows from its first window on, or a quarter of them."""

    fault: str
    share: float = 1.0

    @property
    def name(self) -> str:
        """A name for files and tables."""
        return self.fault if self.share == 1 else f"{self.fault}, a quarter of the rows"


@dataclass(frozen=True, kw_only=True)
class Size:
    """Logs of one size.

    Parameters
    ----------
    faulty, quiet
        Seeds of each kind of world with faults, and without for all tools.
    alone
        Further quiet seeds for Candor alone, which takes seconds where its peers take minutes.
    onset, horizon
        The analysed window that a fault begins with, and how many windows there are to notice it.
    streamed
        The reference is counted day by day and never held.
    """

    rows: int
    faulty: int
    quiet: int
    alone: int = 0
    kinds: tuple[str, ...] = tuple(KINDS)
    faults: tuple[str, ...] = tuple(FAULTS)
    quarters: bool = True
    peers: bool = True
    streamed: bool = False
    reference: int = 30
    analysed: int = 60
    onset: int = 30
    horizon: int = 14

    def world(self, kind: str) -> World:
        """The world of a kind at this size."""
        return world(kind, self.rows, reference=self.reference, analysed=self.analysed)

    def cases(self) -> Iterator[Case]:
        """Faults, then those that can hit a part of the rows only."""
        yield from (Case(fault=fault) for fault in self.faults)
        if self.quarters:
            yield from (Case(fault=fault, share=QUARTER) for fault in self.faults if shareable(fault))

    def logs(self) -> Iterator[tuple[str, int, bool, bool]]:
        """Kind, seed, whether faults are planted in it, whether the peers see it."""
        for kind in self.kinds:
            for seed in range(max(self.faulty, self.quiet) + self.alone):
                yield kind, seed, seed < self.faulty, self.peers and seed < max(self.faulty, self.quiet)

    def folder(self, root: Path, kind: str, seed: int) -> Path:
        """Where a log's files are."""
        return root / f"{self.rows}" / f"{kind}-{seed}"


FULL = (
    Size(rows=500, faulty=1, quiet=4, alone=14),
    Size(rows=5_000, faulty=1, quiet=2, alone=2, kinds=("overdispersed",)),
    Size(rows=50_000, faulty=1, quiet=1, kinds=("overdispersed",), faults=FEW[:6], analysed=30, onset=16, horizon=7, quarters=False),
    Size(rows=1_000_000, faulty=1, quiet=1, kinds=("overdispersed",), faults=FEW[:4], analysed=8, onset=4, horizon=4, quarters=False,
         peers=False, streamed=True),
)  # fmt: skip
QUICK = (Size(rows=500, faulty=1, quiet=2, alone=2, kinds=("overdispersed", "weekly")),)


def seeded(kind: str, seed: int) -> int:
    """The seed of a log's random numbers: no two kinds share one."""
    return 1_000 * (tuple(KINDS).index(kind) + 1) + seed
