"""Two clocks: one that only goes forward, for waiting, and the wall's, for windows; and the moment when they part."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

JUMP = 30.0
"""Seconds by which the wall's clock may drift or be slewed between two looks without a word."""


@dataclass(slots=True)
class Clock:
    """Both clocks, and what they said when they were last compared."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _last: tuple[float, float] | None = field(default=None, init=False)

    def now(self) -> datetime:
        """UTC, without a zone, as the warehouse has it."""
        return datetime.fromtimestamp(self.wall(), UTC).replace(tzinfo=None)

    def jump(self) -> float:
        """Seconds by which the wall's clock jumped since the last call; 0.0 where it did not, negative where it went back.

        A machine that slept looks like a jump forward: the clock that only goes forward stands still meanwhile.

        >>> steady, wall = iter([0.0, 60.0, 120.0]), iter([1_000.0, 1_060.2, -2_480.0])
        >>> clock = Clock(monotonic=lambda: next(steady), wall=lambda: next(wall))
        >>> [round(clock.jump()) for _ in range(3)]
        [0, 0, -3600]
        """
        steady, wall = self.monotonic(), self.wall()
        before, self._last = self._last, (steady, wall)
        if before is None:
            return 0.0
        jumped = (wall - before[1]) - (steady - before[0])
        return jumped if abs(jumped) > JUMP else 0.0
