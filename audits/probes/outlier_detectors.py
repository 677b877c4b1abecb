"""Detectors of single rows that are unlike the reference's: alibi-detect's, and scikit-learn's where that is not installed.

Each is fitted on rows of the reference as numbers (`measured` ones are normal scores, the others 0 or 1) and gives every row a score, the
larger the stranger. What alibi-detect 0.13 has for
TensorFlow alone, its autoencoders and its detectors of adversarial inputs, does not run here and says so.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats

Flags = NDArray[np.bool_]
Score = Callable[[Floats], Floats]
ALIBI, TORCH = "alibi_detect", "torch"
LIBRARY, STAND_IN = "alibi-detect", "scikit-learn"
NO_LIBRARY = "not run: alibi-detect is not installed"
NO_TORCH = "not run: it needs PyTorch, an optional extra"
NO_TENSORFLOW = "not run: alibi-detect 0.13 has it for TensorFlow alone"
ELSEWHERE = ("autoencoder", "variational_autoencoder", "autoencoding_gaussian_mixture", "adversarial_autoencoder", "model_distillation")
"""What alibi-detect has for TensorFlow alone."""
OF_SERIES: Mapping[str, str] = {"spectral_residual": "not run: it looks for odd moments of one series, not for odd rows"}
TREES = 100
MIXTURE = 5
NEIGHBOURS = 20
COMPARED = 2_000
"""Rows of the reference that a detector which compares every row with every other is given."""
KEPT = 0.01
"""Directions with less than this share of the average variance are left out: dividing by next to nothing would make everything strange."""
BATCH = 256


def absent(name: str) -> str:
    """Why a detector cannot run here; empty when it can."""
    if name in ELSEWHERE or name in OF_SERIES:
        return OF_SERIES.get(name, NO_TENSORFLOW)
    if importlib.util.find_spec(ALIBI) is None:
        return "" if name == "isolation_forest" else NO_LIBRARY
    return NO_TORCH if name in WITH_TORCH and importlib.util.find_spec(TORCH) is None else ""


def library(name: str) -> str:
    """Whose detector runs under a name."""
    return STAND_IN if name == "isolation_forest" and importlib.util.find_spec(ALIBI) is None else LIBRARY


def _forest(x: Floats, measured: Flags, seed: int) -> Score:
    if importlib.util.find_spec(ALIBI) is None:
        from sklearn.ensemble import IsolationForest

        trees = IsolationForest(n_estimators=TREES, random_state=seed % 2**32).fit(x)
        return lambda rows: np.asarray(-trees.score_samples(rows), dtype=np.float64)
    from alibi_detect.od import IForest

    detector = IForest(threshold=0.0, n_estimators=TREES)
    detector.fit(x)
    return lambda rows: np.asarray(detector.score(rows), dtype=np.float64)


def _mahalanobis(x: Floats, measured: Flags, seed: int) -> Score:
    """alibi-detect's detector learns from every row that it scores; it is put back after each batch, lest it gets used to an attack."""
    from alibi_detect.od import Mahalanobis

    turn = whitened(x, measured)
    learned = turn(x)
    detector = Mahalanobis(threshold=0.0, n_components=learned.shape[1])
    for start in range(0, len(learned), BATCH):
        detector.score(learned[start : start + BATCH])
    state = {name: getattr(detector, name) for name in ("mean", "C", "n", "clip")}

    def score(rows: Floats) -> Floats:
        found = []
        turned = turn(rows)
        for start in range(0, len(turned), BATCH):
            for name, value in state.items():
                setattr(detector, name, value)
            found.append(detector.score(turned[start : start + BATCH]))
        return np.concatenate(found) if found else np.zeros(0)

    return score


def _mixture(x: Floats, measured: Flags, seed: int) -> Score:
    from alibi_detect.od._gmm import GMM

    turn = whitened(x, measured)
    detector = GMM(n_components=MIXTURE, backend="sklearn")
    detector.fit(turn(x), max_epochs=200)
    return lambda rows: np.asarray(detector.score(turn(rows)), dtype=np.float64)


def _neighbours(x: Floats, measured: Flags, seed: int) -> Score:
    from alibi_detect.od._knn import KNN

    return _of_torch(KNN(k=NEIGHBOURS, backend="pytorch", device="cpu"), x)


def _density(x: Floats, measured: Flags, seed: int) -> Score:
    from alibi_detect.od._lof import LOF

    return _of_torch(LOF(k=NEIGHBOURS, backend="pytorch", device="cpu"), x)


def _components(x: Floats, measured: Flags, seed: int) -> Score:
    from alibi_detect.od._pca import PCA

    return _of_torch(PCA(n_components=max(x.shape[1] // 2, 1), backend="pytorch", device="cpu"), x)


def _machine(x: Floats, measured: Flags, seed: int) -> Score:
    from alibi_detect.od._svm import SVM

    # its other way, "sgd", asks scikit-learn for what that no longer has
    return _of_torch(SVM(nu=0.05, n_components=100, optimization="bgd", backend="pytorch", device="cpu"), x)


def _of_torch(detector: object, x: Floats) -> Score:
    """A detector of the newer kind, which takes single precision; it compares rows with `COMPARED` of the reference's."""
    detector.fit(x[:COMPARED].astype(np.float32))  # type: ignore[attr-defined]

    def score(rows: Floats) -> Floats:
        batches = np.array_split(rows.astype(np.float32), max(-(-len(rows) // COMPARED), 1))
        return np.concatenate([np.asarray(detector.score(batch), dtype=np.float64) for batch in batches])  # type: ignore[attr-defined]

    return score


def whitened(x: Floats, measured: Flags) -> Score:
    """The map of rows to their principal components, each over its standard deviation in `x`; directions that hardly vary are left out.

    Of numbers alone where there are two or more: a level that three rows in a hundred have would be six deviations out whenever it comes.
    """
    used = np.flatnonzero(measured) if measured.sum() > 1 else np.arange(x.shape[1])
    mean = x[:, used].mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(x[:, used] - mean, rowvar=False).reshape(len(used), len(used)))
    kept = variance > KEPT * max(float(variance.mean()), 1e-12)
    turn = axes[:, kept] / np.sqrt(variance[kept])
    return lambda rows: np.asarray((rows[:, used] - mean) @ turn, dtype=np.float64)


WITH_TORCH: Mapping[str, Callable[[Floats, Flags, int], Score]] = {
    "nearest_neighbours": _neighbours, "local_outlier_factor": _density, "principal_components": _components,
    "one_class_machine": _machine,
}  # fmt: skip
DETECTORS: Mapping[str, Callable[[Floats, Flags, int], Score]] = {
    "isolation_forest": _forest, "mahalanobis": _mahalanobis, "gaussian_mixture": _mixture, **WITH_TORCH,
}  # fmt: skip
