"""Our attributions of trees held against the library shap's, on some rows of the very model that is explained."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.probes.tree_attributions import has_cover, interventional, path_dependent
from audits.probes.tree_paths import limits

if TYPE_CHECKING:
    from connectors.model_parts import Trees

ROWS, BACKGROUND = 10, 50
"""The library asks every pair of rows, some microseconds each."""
MOST_NODES = 200_000


def shap_check(trees: Trees, matrix: Floats, background: Floats) -> dict[str, Any] | None:
    """The largest difference to shap's values over some rows, for either game; None where the ensemble is too large to ask twice.

    Columns are held against columns: where several belong to one input, ours are taken column by column too.
    """
    if len(trees.left) > MOST_NODES or not len(matrix):
        return None
    import shap

    rows, behind = matrix[:ROWS], background[:BACKGROUND]
    found: dict[str, Any] = {"library": f"shap {shap.__version__}", "rows": len(rows), "background": len(behind)}
    ours = interventional(trees, rows, behind).values
    found["interventional"] = float(np.abs(ours - _theirs(shap.TreeExplainer, trees, rows, behind)).max())
    if has_cover(trees):
        found["path_dependent"] = float(np.abs(path_dependent(trees, rows).values - _theirs(shap.TreeExplainer, trees, rows, None)).max())
    return found


def _theirs(explainer: Callable[..., Any], trees: Trees, rows: Floats, behind: Floats | None) -> Floats:
    """The library's values by [row, column]."""
    kind = "tree_path_dependent" if behind is None else "interventional"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = explainer(as_dictionary(trees), data=behind, feature_perturbation=kind)
        return np.asarray(made.shap_values(rows, check_additivity=False), dtype=np.float64).reshape(rows.shape)


def as_dictionary(trees: Trees) -> dict[str, Any]:
    """The ensemble as shap takes models that it does not know."""
    limit = np.where(trees.left >= 0, limits(trees), 0.0)
    found = []
    for first, end in zip(trees.offsets[:-1].tolist(), trees.offsets[1:].tolist(), strict=True):
        part = slice(first, end)
        children = {
            f"children_{side}": np.where(nodes[part] >= 0, nodes[part] - first, -1)
            for side, nodes in (("left", trees.left), ("right", trees.right), ("default", trees.default))
        }
        found.append(children | {
            "features": trees.feature[part], "thresholds": limit[part], "values": trees.value[part][:, None],
            "node_sample_weight": trees.cover[part].copy(),  # the library writes into it
        })  # fmt: skip
    return {"trees": found, "base_offset": trees.base, "internal_dtype": np.float64, "input_dtype": np.float64}
