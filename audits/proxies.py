"""How protected groups are spread over the bins of each feature, counted once on the reference: what proxy strength is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats


@dataclass(frozen=True, kw_only=True)
class ProxyCounts:
    """Contingency tables of protected attributes and features on the reference rows.

    Parameters
    ----------
    groups
        Attribute to its levels, unknown ones included.
    bins
        Column to the names of its bins: at most 20, the last for missing values.
    counts
        Rows by [level, bin] for each (attribute, column).
    """

    groups: Mapping[str, tuple[str, ...]]
    bins: Mapping[str, tuple[str, ...]]
    counts: Mapping[tuple[str, str], Floats]

    def levels(self, attribute: str) -> tuple[str, ...]:
        """The levels of an attribute, in the order of the tables."""
        return self.groups[attribute]

    def table(self, attribute: str, column: str) -> Floats:
        """Rows by [level, bin], missing values last."""
        return self.counts[attribute, column]

    def to_json(self) -> str:
        """Canonical JSON."""
        tables = [[attribute, column, np.rint(n).astype(int).tolist()] for (attribute, column), n in self.counts.items()]
        return json.dumps({"groups": self.groups, "bins": self.bins, "counts": tables}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ProxyCounts:
        """The inverse of `to_json`."""
        data = json.loads(text)
        return cls(
            groups={name: tuple(levels) for name, levels in data["groups"].items()},
            bins={name: tuple(named) for name, named in data["bins"].items()},
            counts={(a, c): np.asarray(n, dtype=np.float64).reshape(len(data["groups"][a]), -1) for a, c, n in data["counts"]},
        )
