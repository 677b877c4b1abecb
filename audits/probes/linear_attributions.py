"""Exact Shapley values of a weighted sum, by [row, input]: each coefficient times how far the row lies from the background's mean.

φ_i = Σ over the numbers of input i of β (x - x̄). This is the interventional game: inputs that are left out take the background's values
whatever the others are. Where inputs go together, an input that the model uses gets all of the credit and one that merely goes with it
none; and coefficients of opposite signs on two inputs that go together can give both large values that cancel.

Source: E. Strumbelj and I. Kononenko (2014), Knowledge and Information Systems 41, 647-665.
"""

from __future__ import annotations

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.tree_attributions import Exact
from connectors.model_parts import Linear


def linear_attributions(linear: Linear, matrix: Floats, background: Floats, owner: Integers) -> Exact:
    """Attributions of rows [row, column] against the means of a background; columns of one input are added up.

    A row in which something is missing gets NaN: a weighted sum has no answer for it. Background rows with anything missing are left out.
    """
    known = background[np.isfinite(background).all(axis=1)]
    if not len(known):
        return Exact(values=np.full((len(matrix), len(linear.encode.inputs)), np.nan), base=float("nan"))
    each = (matrix - known.mean(axis=0)) * linear.coefficients
    each[~np.isfinite(matrix).all(axis=1)] = np.nan
    values = np.zeros((len(linear.encode.inputs), len(matrix)))
    np.add.at(values, owner, each.T)
    return Exact(values=np.ascontiguousarray(values.T), base=float(linear.margin(known).mean()))
