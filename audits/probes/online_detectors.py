"""alibi-detect's online detectors over the newest rows, one by one: Cramér-von Mises of the score, Fisher's test of the decision."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.probes.batch_detectors import NO_LIBRARY, quietly
from audits.probes.drop_rows import Rows

REFERENCE_ROWS = 1_000
STREAM_ROWS = 300
RUN_TIME = 1_500
"""Rows between false alarms that a detector is set to, on average."""
WINDOWS = (50,)
BOOTSTRAPS = 10 * RUN_TIME
LEAST = 200


def streamed(name: str, before: Rows, now: Rows, *, seed: int) -> dict[str, Any]:
    """Feed the window's newest rows to a detector in the order of time: its statistic against its line, and when it first passed."""
    if importlib.util.find_spec("alibi_detect") is None:
        return {"reason": NO_LIBRARY}
    column = "score" if name == "online_cramer_von_mises" else "decision"
    reference, stream = (getattr(side, column) for side in (before, now))
    order = np.argsort(now.time, kind="stable") if np.isfinite(now.time).all() else np.arange(len(now))
    stream = stream[order]
    reference, stream = reference[np.isfinite(reference)][:REFERENCE_ROWS], stream[np.isfinite(stream)][-STREAM_ROWS:]
    used = {"reference_rows_used": len(reference), "rows_used": len(stream), "column": column}
    if len(reference) < LEAST or len(stream) < LEAST // 2:
        return {"reason": f"it needs {LEAST} rows of the reference with a {column} and {LEAST // 2} of the window", **used}
    if np.ptp(reference) == 0:
        return {"reason": f"the {column} is the same in every row of the reference", **used}
    if column == "decision" and not np.isin(reference, (0.0, 1.0)).all():
        return {"reason": "it is for decisions with two values", **used}
    with quietly(seed):
        statistic, line = _cramer_von_mises(reference, stream) if column == "score" else _fisher(reference.astype(np.int64), stream)
    with np.errstate(invalid="ignore"):
        over = statistic > line
    share = float(over[np.isfinite(statistic)].mean()) if np.isfinite(statistic).any() else 0.0
    rang = bool(over.any())
    return {
        "value": share, "low": None, "high": None, "n": len(stream), "method": "online", "p_value": None, "rang": rang,
        "first": int(np.argmax(over)) + 1 if rang else None, "run_time": RUN_TIME, "windows": list(WINDOWS),
        "t": list(range(1, len(stream) + 1)), "statistic": _listed(statistic), "line": _listed(line), **used,
    }  # fmt: skip


def _listed(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _cramer_von_mises(reference: Floats, stream: Floats) -> tuple[Floats, Floats]:
    """For each row the statistic of the window that is nearest to its line, and that line."""
    from alibi_detect.cd import CVMDriftOnline

    detector = CVMDriftOnline(
        reference[:, None].astype(np.float32), ert=RUN_TIME, window_sizes=list(WINDOWS), n_bootstraps=BOOTSTRAPS, n_features=1,
        verbose=False,
    )  # fmt: skip
    return _followed(detector, stream.astype(np.float32))


def _fisher(reference: Any, stream: Floats) -> tuple[Floats, Floats]:
    """Both directions: the chance of a favorable decision went up, or down."""
    from alibi_detect.cd import FETDriftOnline

    found = []
    for values, held in ((stream, reference), (1 - stream, 1 - reference)):
        detector = FETDriftOnline(
            held[:, None], ert=2 * RUN_TIME, window_sizes=list(WINDOWS), n_bootstraps=2 * BOOTSTRAPS, n_features=1, alternative="greater",
            verbose=False,
        )  # fmt: skip
        found.append(_followed(detector, values.astype(np.int64)))
    up, down = found
    nearer = np.nan_to_num(up[0] - up[1], nan=-np.inf) >= np.nan_to_num(down[0] - down[1], nan=-np.inf)
    return np.where(nearer, up[0], down[0]), np.where(nearer, up[1], down[1])


def _followed(detector: Any, stream: Any) -> tuple[Floats, Floats]:
    statistic, line = np.full(len(stream), np.nan), np.full(len(stream), np.nan)
    for place, value in enumerate(stream):
        said = detector.predict(np.asarray([value]))["data"]
        now = np.asarray(said["test_stat"], dtype=np.float64).ravel()
        limit = np.broadcast_to(np.asarray(said["threshold"], dtype=np.float64).ravel(), now.shape)
        if np.isfinite(now).any():
            best = int(np.nanargmax(now - limit))
            statistic[place], line[place] = now[best], limit[best]
    return statistic, line
