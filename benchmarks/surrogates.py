"""What a surrogate says where the log lacks something that the model uses: `python -m benchmarks.surrogates`, three minutes on one core.

Results go to docs/explanations.md.

The model knows five columns. The log lacks one of them, and has another that the model does not use but that goes along with it (their
correlation is 0.7). The more the model rests on what the log lacks, the lower the fidelity, and the more the surrogate says of the column
that was never used.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.curves import accumulated, axis, edge_shares
from audits.probes.level_order import order_of
from audits.probes.surrogate import FLOOR, FOLDS, Lesson, trained
from audits.probes.surrogate_trees import fold_of
from benchmarks.page import with_part
from connectors.config import Columns, ModelConfig

PAGE = Path(__file__).parent.parent / "docs" / "explanations.md"
ROWS = 10_000
HIDDEN = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
"""How much the model rests on what the log lacks: log-odds per standard deviation. The strongest other column has 1.5."""

USED = ("debt", "income", "age", "region")


def world(draw: np.random.Generator) -> pa.Table:
    """People: debt and income go together, and so do tenure, which is not logged, and loyalty, which the model does not use."""
    debt, tenure = draw.normal(size=(2, ROWS))
    return pa.table(
        {
            "debt": debt, "income": -0.6 * debt + 0.8 * draw.normal(size=ROWS), "age": draw.uniform(-1.7, 1.7, ROWS),
            "region": draw.choice(["north", "east", "south", "west"], ROWS), "loyalty": 0.7 * tenure + 0.71 * draw.normal(size=ROWS),
            "tenure": tenure,
        }
    )  # fmt: skip


def model(rows: pa.Table, hidden: float) -> Floats:
    """The model's probability."""
    x = {name: rows.column(name).to_numpy() for name in rows.column_names if name != "region"}
    where = np.asarray([{"north": 0.0, "east": 0.4, "south": 0.8, "west": -0.4}[name] for name in rows.column("region").to_pylist()])
    z = -1.5 * x["debt"] + 1.0 * x["income"] + 0.8 * x["age"] ** 2 - 0.8 + where + hidden * x["tenure"]
    return np.asarray(1 / (1 + np.exp(-z)), dtype=np.float64)


def effect(ask: Any, rows: pa.Table, name: str) -> float:
    """The range of a column's accumulated local effects."""
    edges = axis(rows.column(name), edge_shares(ROWS))
    assert edges is not None
    order = None if edges.numeric else order_of(rows, name, edges.place, len(edges))
    return float(accumulated(ask, rows, name, edges, order)["range"]["value"])


def one(seed: int, hidden: float) -> tuple[float, float, float, float]:
    """Fidelity; the largest error of an effect and the unused column's effect, over the model's largest; agreement of decisions."""
    rows = world(np.random.default_rng(seed))
    score = model(rows, hidden)
    logged = rows.drop_columns(["tenure"])
    keys = [str(i) for i in range(ROWS)]
    lesson = Lesson(
        rows=logged, score=score, decision=(score > 0.5).astype(np.float64), fold=fold_of(keys, FOLDS),
        unit=np.arange(ROWS), of="score", available=ROWS,
    )  # fmt: skip
    config = ModelConfig(name="m", title="m", columns=Columns(score="score"))
    surrogate, told = trained(lesson, config, cast("Evidence", SimpleNamespace(classes=())))
    assert surrogate is not None
    true = {name: effect(lambda some: model(some, hidden), rows, name) for name in USED}
    found = {name: effect(surrogate.predict, logged, name) for name in (*USED, "loyalty")}
    largest = max(true.values())
    error = max(abs(found[name] - true[name]) for name in USED)
    return told["fidelity"]["value"], error / largest, found["loyalty"] / largest, told["fidelity"]["agreement"] or np.nan


def main() -> None:
    """Write the table into its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    heads = ("Weight of what the log lacks", "Fidelity (R²)", "Decisions that agree", "Largest error of an effect", "Unused column", "")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for hidden in HIDDEN:
        value, error, unused, agreed = np.mean([one(seed, hidden) for seed in range(asked.seeds)], axis=0)
        shares = [f"{share * 100:.0f} %" for share in (agreed, error, unused)]
        lines.append(f"| {hidden:g} | {value:.2f} | {' | '.join(shares)} | {'' if value >= FLOOR else 'refused'} |")
        print(lines[-1])
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "surrogates", "\n".join(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
