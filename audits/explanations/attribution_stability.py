"""The audit `attribution_stability`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.explanations.attributed import PROBE
from audits.finding import Measurement


@audit(name="attribution_stability", unit="score", tasks=EVERY_TASK, units="own", probe=PROBE)
def attribution_stability(evidence: Evidence) -> Iterator[Measurement]:
    """How alike the order of inputs by attribution stays when other rows might have been the reference: 1 where it never changes.

    Formula
        Kendall's tau between the order by mean |φ| against the whole reference and that against a resampled one, averaged over 500
        resamples. The reference is dealt into six parts which are resampled with replacement; φ against a resample is the mean of those
        against its parts.
    Interval
        The range of tau in 95 of 100 resamples: how far one reference of this size may lead another way. n is the rows whose order it is.
    Tables
        `order`, and `keeps_place`: how often each input keeps its place.
    When it misleads
        Inputs that hardly matter swap places freely and pull it down: look at the first ones in `keeps_place`. It is about the background
        only; a model trained again may use other inputs. Of a sampled attribution, sampling noise counts as instability.
    Source
        M. Kendall (1938), Biometrika 30, 81-93; H. Yuan et al. (2022), arXiv:2204.11351, for how attributions move with the background.

    >>> orders = [(1, 2, 3), (2, 1, 3)]  # ranks of three inputs; of three pairs one is turned around
    >>> round((2 - 1) / 3, 3)
    0.333
    """
    body = evidence.probes.get(PROBE, {})
    places = {version: place for place, version in enumerate(evidence.versions)}
    found = [(places.get(each["version"], 0), each["stability"]) for each in body.get("releases", []) if each.get("stability")]
    once = dict(reversed(found))  # of several releases whose version the log no longer has, the first
    if not once:
        return
    version, each = np.asarray(list(once), dtype=np.int64), list(once.values())

    def numbers(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray([one[name] for one in each], dtype=np.float64)

    value = numbers("value")
    yield measurement(
        "attribution_stability", "score", value=value, low=np.minimum(numbers("low"), value), high=np.maximum(numbers("high"), value),
        n=numbers("rows"), method="bootstrap of parts of the background", window=0, version=version, slice=0,
        tables={i: {key: one[key] for key in ("order", "keeps_place", "parts", "resamples")} for i, one in enumerate(each)},
    )  # fmt: skip
