"""What the probe `attributions` summed, as measures need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probed_cells import REFERENCE, Cells

PROBE = "attributions"
SIZE, SIGNED = "mean_absolute_attribution", "attribution"
Moments = tuple[Floats, Floats, Floats]
"""n, mean and variance."""


def release_of(evidence: Evidence, version: str | None = None) -> Mapping[str, Any]:
    """What the probe said of the release that explains this version of the log; of the first one where no version is named."""
    found = evidence.probes.get(PROBE, {}).get("releases", [])
    mine = [each for each in found if each["version"] == version]
    every = [each for each in found if each["version"] is None]
    return next(iter([*mine, *every, *found]), {})


def said(evidence: Evidence, version: str | None = None) -> dict[str, Any]:
    """What every table of attributions says of how they were made."""
    body, release = evidence.probes.get(PROBE, {}), release_of(evidence, version)
    names = (
        "kind", "method", "scale", "target", "fidelity", "base", "background_used", "background_available", "standard_error", "adds_up_to",
        "check",
    )  # fmt: skip
    return {name: release.get(name) for name in names} | {name: body.get(name) for name in ("rows_used", "rows_available", "created")}


def listed(evidence: Evidence) -> NDArray[np.bool_]:
    """Which cells are listed: reported ones, of intersections those of the whole period only, lest each input doubles the list."""
    crossed = np.asarray([len(found.attributes) > 1 for found in evidence.slices])
    single = np.arange(evidence.shape[1]) > 0
    return np.asarray(evidence.reported & ~(single[None, :, None] & crossed))


def reference_moments(cells: Cells, quantity: str, column: str, slice: int = 0) -> Moments:
    """Of the reference, as numbers that broadcast over version x window."""
    n, mean, variance = (found[0, 0, slice] for found in cells.means(quantity, column, side=REFERENCE))
    return np.asarray(n), np.asarray(mean), np.asarray(variance)


def difference(first: Moments, second: Moments) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean of the first minus mean of the second, its interval and p-value (Welch): value, low, high, p.

    t = (x̄ - ȳ) / √(s²/n + r²/m), with Satterthwaite's degrees of freedom. NaN where either has fewer than two rows.

    Source: B. L. Welch (1947), Biometrika 34, 28-35.

    >>> one = (np.asarray(4.0), np.asarray(3.0), np.asarray(2.0))
    >>> two = (np.asarray(4.0), np.asarray(1.0), np.asarray(2.0))
    >>> [round(float(x), 4) for x in difference(one, two)]
    [2.0, -0.4469, 4.4469, 0.0924]
    """
    from scipy.special import stdtr, stdtrit

    (n, x, s), (m, y, r) = first, second
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = np.where(n > 1, s / n, np.nan), np.where(m > 1, r / m, np.nan)
        error = np.sqrt(one + two)
        free = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (m - 1))
        value = x - y
        reach = np.where(error > 0, stdtrit(np.where(error > 0, free, 1.0), 0.5 + 0.95 / 2) * error, error)
        p_value = np.where(error > 0, 2 * stdtr(np.where(error > 0, free, 1.0), -np.abs(value) / error), np.where(value == 0, 1.0, 0.0))
    p_value = np.where(np.isfinite(error) & np.isfinite(value), p_value, np.nan)
    return np.asarray(value), np.asarray(value - reach), np.asarray(value + reach), np.asarray(p_value)


