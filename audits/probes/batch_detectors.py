"""alibi-detect's detectors of a shift of whole rows: a classifier, and with PyTorch kernels, densities, contexts and differences.

Its permutation p-values leave the observed statistic out, so that none can be trusted to be above 0; they are counted again here as
(1 + b) / (1 + B), b of B permutations being at least as large (B. Phipson and G. K. Smyth, 2010).
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.probes.whole_rows import Sides, spread

QUIET = ("TQDM_DISABLE", "TRANSFORMERS_NO_ADVISORY_WARNINGS")
"""Variables that keep bars and advice off the screen."""
PERMUTATIONS = 200
PARTS = 5
LEAST = 100
NO_LIBRARY = "not run: alibi-detect is not installed"
NO_TORCH = "not run: it needs PyTorch, an optional extra"
MOST_ROWS: Mapping[str, int] = {
    "classifier_drift": 5_000, "maximum_mean_discrepancy": 1_000, "least_squares_density_difference": 1_000,
    "context_aware_discrepancy": 500, "spot_the_difference": 1_000,
}  # fmt: skip
"""Rows of either side that a detector is given: kernels compare every row with every other."""


def available(name: str) -> str:
    """Why a detector cannot run here; empty when it can."""
    if importlib.util.find_spec("alibi_detect") is None:
        return NO_LIBRARY
    return NO_TORCH if name != "classifier_drift" and importlib.util.find_spec("torch") is None else ""


def detected(name: str, held: Sides, contexts: Mapping[str, tuple[Any, Any]], *, seed: int) -> dict[str, Any]:
    """What one detector says of the window against the reference, with the rows it was given.

    It is given one row of each unit, since p-values take rows to be independent.
    `contexts` holds, by segment, the levels of the reference's and of the window's rows.
    """
    why = available(name)
    if why:
        return {"reason": why}
    some, (first, second) = held.thinned(MOST_ROWS[name]), held.firsts(MOST_ROWS[name])
    contexts = {segment: (before[first], now[second]) for segment, (before, now) in contexts.items()}
    rows = {"reference_rows_used": len(some.reference), "rows_used": len(some.window)}
    if min(rows.values()) < LEAST or not some.names:
        return {"reason": f"it needs {LEAST} rows of either side", **rows}
    with quietly(seed):
        return _DETECTORS[name](some, contexts, seed) | {"n": len(some.window)} | rows


@contextmanager
def quietly(seed: int) -> Any:
    """Run the library without bars, warnings and advice, and with its random numbers fixed."""
    silent = logging.root.manager.disable
    before = {name: os.environ.get(name) for name in QUIET}
    state = np.random.get_state()  # noqa: NPY002  the library draws from NumPy's global generator
    torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") is not None else None
    torch_state = None if torch is None else torch.get_rng_state()
    try:
        os.environ.update(dict.fromkeys(QUIET, "1"))
        logging.disable(logging.WARNING)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        if torch is not None:
            torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(torch_state)
        logging.disable(silent)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def counted(share: float, permutations: int = PERMUTATIONS) -> float:
    """A p-value that counts the observed statistic among the permuted ones.

    >>> counted(0.0, 99), counted(1.0, 99)
    (0.01, 1.0)
    """
    return (1 + round(share * permutations)) / (1 + permutations)


def _classifier(held: Sides, contexts: Mapping[str, Any], seed: int) -> dict[str, Any]:
    from alibi_detect.cd import ClassifierDrift
    from sklearn.linear_model import LogisticRegression

    detector = ClassifierDrift(
        held.reference.astype(np.float32), LogisticRegression(max_iter=200), backend="sklearn", n_folds=5, train_size=None, seed=seed
    )
    found = detector.predict(held.window.astype(np.float32))["data"]
    value, n, m = float(found["distance"]), len(held.reference), len(held.window)
    half = float(np.sqrt(np.log(2 / 0.05) / 2 * (1 / n + 1 / m)))
    return {
        "value": value, "low": max(value - half, 0.0), "high": min(value + half, 1.0), "method": "dkw", "p_value": float(found["p_val"]),
    }  # fmt: skip


def _by_parts(held: Sides, value: float, distance: Callable[[Floats, Floats], float]) -> dict[str, float]:
    """An interval around the figure of all rows, as wide as its values on parts of them ask for."""
    parts = zip(np.array_split(held.reference, PARTS), np.array_split(held.window, PARTS), strict=True)
    low, high = spread(np.asarray([distance(a, b) for a, b in parts]))
    half = (high - low) / 2
    return {"low": value - half, "high": value + half}


def _kernel(held: Sides, contexts: Mapping[str, Any], seed: int) -> dict[str, Any]:
    from alibi_detect.cd import MMDDrift

    def distance(a: Floats, b: Floats) -> float:
        return float(MMDDrift(a.astype(np.float32), backend="pytorch", n_permutations=1).predict(b.astype(np.float32))["data"]["distance"])

    detector = MMDDrift(held.reference.astype(np.float32), backend="pytorch", n_permutations=PERMUTATIONS)
    found = detector.predict(held.window.astype(np.float32))["data"]
    p_value, value = counted(float(found["p_val"])), float(found["distance"])
    return {"value": value, "p_value": p_value, "method": "permutation", **_by_parts(held, value, distance)}


def _density(held: Sides, contexts: Mapping[str, Any], seed: int) -> dict[str, Any]:
    from alibi_detect.cd import LSDDDrift

    detector = LSDDDrift(held.reference.astype(np.float32), backend="pytorch", n_permutations=PERMUTATIONS)
    found = detector.predict(held.window.astype(np.float32))["data"]
    p_value = counted(float(found["p_val"]))
    return {"value": float(found["distance"]), "low": None, "high": None, "p_value": p_value, "method": "permutation"}


def _in_context(held: Sides, contexts: Mapping[str, Any], seed: int) -> dict[str, Any]:
    from alibi_detect.cd import ContextMMDDrift, _domain_clf
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    if not contexts:
        return {"reason": "the configuration declares no segments that could be a context"}
    before, now = _contexts(contexts, len(held.reference), len(held.window))
    own = _domain_clf.CalibratedClassifierCV
    # alibi-detect 0.13 asks scikit-learn for cv="prefit", which has another name since 1.6.
    _domain_clf.CalibratedClassifierCV = lambda fitted, method, cv: CalibratedClassifierCV(FrozenEstimator(fitted), method=method)
    try:
        detector = ContextMMDDrift(
            held.reference.astype(np.float32), before.astype(np.float32), backend="pytorch", n_permutations=PERMUTATIONS, verbose=False
        )
        found = detector.predict(held.window.astype(np.float32), now.astype(np.float32))["data"]
    finally:
        _domain_clf.CalibratedClassifierCV = own
    return {
        "value": float(found["distance"]), "low": None, "high": None, "p_value": counted(float(found["p_val"])), "method": "permutation",
        "contexts": list(contexts),
    }  # fmt: skip


def _contexts(contexts: Mapping[str, tuple[Any, Any]], n: int, m: int) -> tuple[Floats, Floats]:
    """One number a level of each segment, 0 or 1."""
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    for before, now in contexts.values():
        levels = sorted({str(level) for level in (*before[:n].tolist(), *now[:m].tolist())})
        for side, values in zip(parts, (before[:n], now[:m]), strict=True):
            side.append(np.stack([values.astype(str) == level for level in levels], axis=1).astype(np.float64))
    return np.concatenate(parts[0], axis=1), np.concatenate(parts[1], axis=1)


def _difference(held: Sides, contexts: Mapping[str, Any], seed: int) -> dict[str, Any]:
    from alibi_detect.cd import SpotTheDiffDrift

    detector = SpotTheDiffDrift(
        held.reference.astype(np.float32), backend="pytorch", n_diffs=1, epochs=10, batch_size=64, learning_rate=0.01, seed=seed, verbose=0
    )
    found = detector.predict(held.window.astype(np.float32))["data"]
    weight = np.abs(np.asarray(found["diffs"])[0])
    by_column = np.asarray([weight[held.owner == place].max() for place in range(len(held.names))])
    order = np.argsort(-by_column)
    value, n, m = float(found["distance"]), len(held.reference), len(held.window)
    half = float(np.sqrt(np.log(2 / 0.05) / 2 * (1 / n + 1 / m)))
    return {
        "value": value, "low": max(value - half, 0.0), "high": min(value + half, 1.0), "method": "dkw", "p_value": float(found["p_val"]),
        "features": [held.names[i] for i in order], "importance": [float(by_column[i]) for i in order],
    }  # fmt: skip


_DETECTORS: Mapping[str, Callable[[Sides, Mapping[str, Any], int], dict[str, Any]]] = {
    "classifier_drift": _classifier, "maximum_mean_discrepancy": _kernel, "least_squares_density_difference": _density,
    "context_aware_discrepancy": _in_context, "spot_the_difference": _difference,
}  # fmt: skip
NAMES = tuple(_DETECTORS)
