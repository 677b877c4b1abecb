"""The audit `extraction_score`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.robustness.from_log import QUERIES, unknown


@audit(name="extraction_score", unit="score", needs=("columns",), tasks=EVERY_TASK, compared=True, units="own", probe=QUERIES)
def extraction_score(evidence: Evidence) -> Iterator[Measurement]:
    """How much the most suspicious client's requests look like copying the model, 0 to 1: the mean of its three strongest signs of six.

    Formula
        Signs, each 0 up to the fence and 1 from twice the fence on: volume (rows in a bucket), coverage (how many coarse cells of the input
        space its rows reach, far more or far fewer than as many rows of the reference would), unseen (share of rows that repeat none of its
        own), off distribution (mean of -log of how often the reference has such values), sweeps (share of its steps that change exactly one
        input), regular timing (-log of the local variation of gaps). Each is put on the scale of the ordinary clients of the reference
        (median, and 1.4826 times the median distance from it, with the client's own standard error), and on that of the client's own past
        where it has one: the smaller counts. The fence is where Student's t lets 1 % of logs have any client pass in any sign.
        Over the whole period and in each bucket, for clients of at least 20 rows there; all rows are read. Needs 8 such clients.
    Interval and test
        1.96 standard errors of the highest client's own figures either way: how sure it is of that client, not of the highest of many. No
        p-value: the fence allows for all clients and buckets. n is that client's rows, in the whole period or its highest bucket.
    Tables
        `clients`: score, low, high, rows, signs, the figures behind them; `ordinary`: clients that it was calibrated on; `fence`.
    When it misleads
        Two signs make no copy: a broker that joins is large, a new nightly job is large and regular, and both stay at or below 2/3. Whoever
        copies with requests that look like everybody's, slowly, or through many clients, is not seen. A client that did so in the reference
        is usual. Few ordinary clients put the fence far out.
    Source
        F. Tramèr et al. (2016), Stealing Machine Learning Models via Prediction APIs, USENIX Security; M. Juuti et al. (2019), PRADA, IEEE
        EuroS&P, for detecting it by its queries; S. Shinomoto, K. Shima and J. Tanji (2003), Neural Computation 15, for local variation.

    >>> signs = {"volume": 1.0, "coverage": 0.96, "unseen": 0.0, "off_distribution": 1.0, "sweeps": 0.0, "regular_timing": 1.0}
    >>> sum(sorted(signs.values())[-3:]) / 3
    1.0
    """
    why = unknown(evidence, QUERIES, "extraction_score", unit="score")
    if why:
        yield why
        return
    body = evidence.probes.get(QUERIES, {})
    whole, buckets = body.get("extraction_whole"), body.get("extraction", ())
    if whole is None:
        return
    found = [(0, whole)]
    for place, (first, end) in enumerate(evidence.spans[1:], start=1):
        inside = [each for each in buckets if first <= each["bucket"] < end]
        if inside:
            found.append((place, max(inside, key=lambda each: (each["score"], each["rows"]))))
    value, low, high = (np.asarray([each[name] for _, each in found]) for name in ("score", "low", "high"))
    yield measurement(
        "extraction_score", "score", value=value, low=low, high=high, n=np.asarray([each["rows"] for _, each in found]), method="robust-z",
        window=np.asarray([place for place, _ in found]), slice=0, tables={0: body["tables"]["extraction_score"]},
    )  # fmt: skip
