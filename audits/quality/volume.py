"""Volume: how many predictions a window holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="volume", unit="count", tasks=EVERY_TASK)
def volume(evidence: Evidence) -> Iterator[Measurement]:
    """Number of predictions in a window.

    Formula
        Rows, after quarantine and deduplication; for all versions together and for each version. A window without any row is 0, not
        left out. There is no figure over the whole period: windows are what is compared.
    Interval
        Garwood's exact interval of a Poisson mean: what the window could have held by chance at the same pace. n is the rows.
    When it misleads
        Real traffic varies more than Poisson and has a daily and weekly rhythm, so the interval is too narrow for calling a change
        unusual. A partial window has fewer rows because it is short; the reason says so.
    Source
        F. Garwood (1936), Biometrika 28.
    """
    from scipy.special import gammaincinv

    rows = evidence.counts.rows[:, 1:, 0]
    shown = rows > 0
    shown[0] = True
    version, window = np.nonzero(shown)
    n = rows[version, window]
    low = np.where(n > 0, gammaincinv(np.maximum(n, 1.0), 0.025), 0.0)
    partial = np.asarray([found.partial for found in evidence.windows[1:]], dtype=bool)
    yield measurement(
        "volume", "count", value=n, low=low, high=np.asarray(gammaincinv(n + 1.0, 0.975), dtype=np.float64), n=np.rint(n),
        method="poisson-garwood", window=window + 1, version=version, slice=0,
        reason=np.where(partial[window], "the window is partial", "").astype(object),
    )  # fmt: skip
