"""How fast attributions of trees are, beside the libraries that give them too: `python -m benchmarks.explain`.

`python -m benchmarks.explain rates` makes the rates at which proxies and shifts are found instead. Both go to docs/explanations.md.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.explanations.attributed import Moments, difference
from audits.interval import benjamini_hochberg, wilson
from audits.probes.shap_check import as_dictionary
from audits.probes.tree_attributions import interventional, path_dependent
from benchmarks.page import with_part
from connectors.model_formats import lightgbm_file, xgboost_file
from connectors.model_parts import Trees

PAGE = Path(__file__).parent.parent / "docs" / "explanations.md"
COLUMNS, TREES = 20, 200
SEEDS = 100
ROWS = 2000
MODELS = 5
"""Models that worlds of one kind take in turn."""

NO_INTERACTIONS = "; trees of one split"
Line = tuple[str, str, str, str, str]


def world(rows: int, seed: int) -> tuple[Floats, Any]:
    """Rows of twenty numbers, a tenth of one of them missing, and an outcome that five of them and an interaction make."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, COLUMNS)).astype(np.float32).astype(np.float64)
    x[draw.random(rows) < 0.1, 7] = np.nan
    margin = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(x[:, 3]) + 0.5 * np.nan_to_num(x[:, 7])
    return x, (margin + draw.normal(size=rows) > 0).astype(int)


def boosted(x: Floats, y: Any, *, depth: int, trees: int = TREES, leaves: int = 31) -> Any:
    """A LightGBM booster."""
    import lightgbm

    told = {"objective": "binary", "num_leaves": leaves, "max_depth": depth, "verbose": -1, "num_threads": 1 + (len(x) > 10_000)}
    return lightgbm.train(told, lightgbm.Dataset(x, y), trees)


def read(booster: Any) -> Trees:
    """Its trees, from its file."""
    trees = lightgbm_file.read_trees(booster.model_to_string())
    assert trees is not None
    return trees


def timed(work: Callable[[], Any], scale: float = 1.0) -> tuple[tuple[str, str], Any]:
    """Seconds of the faster of two goes, and processor seconds of it over all cores; and what the work gave."""
    goes, found = [], None
    for _ in range(2):
        start = time.perf_counter(), time.process_time()
        found = work()
        goes.append((scale * (time.perf_counter() - start[0]), scale * (time.process_time() - start[1])))
    wall, busy = min(goes)
    return (f"{wall:.{1 if wall >= 1 else 2}f}", f"{busy:.{1 if busy >= 1 else 2}f}"), found


def speed() -> str:
    """The tables of speed."""
    import lightgbm
    import shap
    import woodelf
    import xgboost

    lines: list[Line] = []
    x, y = world(100_000, 0)
    libraries = {"LightGBM": lightgbm, "XGBoost": xgboost, "shap": shap, "woodelf-explainer": woodelf}
    told = ", ".join(f"{name} {library.__version__}" for name, library in libraries.items())
    for name, depth in (("LightGBM, depth at most 6", 6), ("LightGBM, any depth", -1)):
        booster = boosted(x, y, depth=depth)
        lines += _path_dependent(name, booster, x)
        lines += _interventional(name, booster, x)
    lines += _xgboost(x, y)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    others = max(os.getloadavg()[0] - 1, 0.0)
    return f"""### Speed

{TREES} trees of 31 leaves, {COLUMNS} columns, one of them with missing values; on 2 cores, with {others:.0f} other processes waiting for
them; the faster of two goes; {told}.
Where a library would take minutes, fewer rows were timed and the time is scaled up, which the line says. The difference is the largest
to shap's values on 200 rows (path-dependent) or 20 rows x 100 background rows (interventional): of a larger background shap takes 100 rows
by itself.

| Work | By | Seconds | Processor seconds | Difference to shap |
|---|---|---|---|---|
{table}
"""


def _path_dependent(name: str, booster: Any, x: Floats) -> Iterator[Line]:
    import pandas as pd
    import shap
    from woodelf.explainer import WoodelfExplainer

    work, trees = f"{name}: 100,000 rows path-dependent", read(booster)
    seconds, ours = timed(lambda: path_dependent(trees, x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = shap.TreeExplainer(as_dictionary(trees), feature_perturbation="tree_path_dependent")
        theirs = np.asarray(oracle.shap_values(x[:200], check_additivity=False)).reshape(200, COLUMNS)
        yield work, "Candor", *seconds, _apart(ours.values[:200], theirs)
        frame = pd.DataFrame(x)
        explainer = WoodelfExplainer(booster, frame, feature_perturbation="tree_path_dependent")
        explainer.background_data = None
        seconds, values = timed(lambda: explainer.shap_values(pd.DataFrame(x), verbose=False))
        yield work, "woodelf-explainer", *seconds, _apart(values[:200], theirs)
        seconds, _ = timed(lambda: oracle.shap_values(x[:2000], check_additivity=False), 50)
        yield work, "shap (2,000 rows timed)", *seconds, "0"
    seconds, values = timed(lambda: booster.predict(x[:5000], pred_contrib=True, num_threads=2), 20)
    yield work, "LightGBM `pred_contrib` (5,000 rows timed)", *seconds, _apart(values[:200, :-1], theirs)


def _interventional(name: str, booster: Any, x: Floats) -> Iterator[Line]:
    import pandas as pd
    import shap
    from woodelf.explainer import WoodelfExplainer

    work, trees = f"{name}: 5,000 rows against 5,000 background rows", read(booster)
    rows, behind = x[:5000], x[5000:10_000]
    seconds, _ = timed(lambda: interventional(trees, rows, behind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # more than 100 background rows the library samples down by itself
        oracle = shap.TreeExplainer(as_dictionary(trees), data=behind[:100], feature_perturbation="interventional")
        pairs, given = timed(lambda: oracle.shap_values(rows[:20], check_additivity=False), 25e6 / 2000)
        theirs = np.asarray(given).reshape(20, COLUMNS)
        yield work, "Candor", *seconds, _apart(interventional(trees, rows[:20], behind[:100]).values, theirs)
        explainer = WoodelfExplainer(booster, pd.DataFrame(behind))
        try:
            taken, _ = timed(lambda: explainer.shap_values(pd.DataFrame(rows), verbose=False))
            few = WoodelfExplainer(booster, pd.DataFrame(behind[:100])).shap_values(pd.DataFrame(rows[:20]), verbose=False)
            yield work, "woodelf-explainer", *taken, _apart(few, theirs)
        except AttributeError:  # it calls a function of NumPy 2 where a path is long
            yield work, "woodelf-explainer", "needs NumPy 2", "", ""
        yield work, "shap (20 rows x 100 timed)", *pairs, "0"
    one, _ = timed(lambda: interventional(trees, rows[:1], behind))
    yield f"{name}: one row against 5,000 background rows", "Candor", *one, ""


def _xgboost(x: Floats, y: Any) -> Iterator[Line]:
    import shap
    import xgboost

    work = "XGBoost, depth 6: 100,000 rows path-dependent"
    told = {"objective": "binary:logistic", "max_depth": 6, "nthread": 2}
    booster = xgboost.train(told, xgboost.DMatrix(x, y, feature_names=[f"x{i}" for i in range(COLUMNS)]), TREES)
    trees = xgboost_file.load(booster.save_raw("json"), {}).parts()
    assert isinstance(trees, Trees)
    seconds, ours = timed(lambda: path_dependent(trees, x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = shap.TreeExplainer(as_dictionary(trees), feature_perturbation="tree_path_dependent")
        theirs = np.asarray(oracle.shap_values(x[:200], check_additivity=False)).reshape(200, COLUMNS)
    yield work, "Candor", *seconds, _apart(ours.values[:200], theirs)
    rows = xgboost.DMatrix(x, feature_names=booster.feature_names)
    few = rows.slice(np.arange(5000))
    seconds, values = timed(lambda: booster.predict(few, pred_contribs=True), 20)
    yield work, "XGBoost `pred_contribs` (5,000 rows timed)", *seconds, _apart(values[:200, :-1], theirs)


def _apart(one: Floats, other: Floats) -> str:
    return f"{float(np.abs(np.asarray(one) - other).max()):.0e}"


@cache
def taught(seed: int, used: bool, apart: bool = False) -> Trees:
    """A model of six independent columns, or of the first five; `apart` has trees of one split, and so no interactions."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(4000, 6))
    margin = x[:, 0] + 0.5 * x[:, 1] + 0.3 * x[:, 2] * x[:, 3] + (0.7 * x[:, 5] if used else 0.0)
    y = (draw.random(4000) < 1 / (1 + np.exp(-margin))).astype(int)
    size = {"depth": 1, "trees": 150, "leaves": 2} if apart else {"depth": -1, "trees": 60, "leaves": 15}
    return read(boosted(x[:, : 6 if used else 5], y, **size))


def proxies(seed: int, rows: int, distance: float, used: bool, apart: bool = False) -> tuple[bool, bool]:
    """Whether the planted proxy was found (q < 0.05), and whether any other column was, in one world.

    Parameters
    ----------
    rows
        Of each of the two groups.
    distance
        By how many standard deviations the proxy's mean differs between the groups.
    used, apart
        Whether the model was taught with it, and whether it can have no interactions.
    """
    draw, columns = np.random.default_rng(1000 + seed), 6 if used else 5
    trees = taught(seed % MODELS, used, apart)
    group = np.repeat([0, 1], rows)
    x = draw.normal(size=(2 * rows, 6))
    x[:, 5] += distance * group
    behind = draw.normal(size=(3000, 6))
    behind[:, 5] += distance * draw.integers(0, 2, 3000)
    phi = np.zeros((2 * rows, 6))
    phi[:, :columns] = interventional(trees, x[:, :columns], behind[:, :columns]).values
    q = benjamini_hochberg(difference(_moments(phi[group == 1]), _moments(phi[group == 0]))[3])
    return bool(q[5] < 0.05), bool((q[:5] < 0.05).any())


def shifts(seed: int, rows: int, change: float, apart: bool = False) -> tuple[bool, bool]:
    """Whether a column whose spread changed was found to be used more or less (q < 0.05), and whether any other was."""
    draw, trees = np.random.default_rng(1000 + seed), taught(seed % MODELS, True, apart)
    before, now = draw.normal(size=(2, rows, 6))
    now[:, 5] *= change
    sizes = [np.abs(interventional(trees, x, before).values) for x in (before, now)]
    q = benjamini_hochberg(difference(_moments(sizes[1]), _moments(sizes[0]))[3])
    return bool(q[5] < 0.05), bool((q[:5] < 0.05).any())


def _moments(values: Floats) -> Moments:
    return np.full(values.shape[1], float(len(values))), values.mean(axis=0), values.var(axis=0, ddof=1)


def rates() -> str:
    """The tables of rates over seeds."""
    lines = []
    worlds = [(True, 0.0, False), (False, 1.0, False), *((True, distance, False) for distance in (0.1, 0.25, 0.5, 1.0)), (True, 1.0, True)]
    for used, distance, apart in worlds:
        found = _over(partial(proxies, rows=ROWS, distance=distance, used=used, apart=apart))
        what = f"{'used' if used else 'not used'} by the model, {distance:g} deviations apart" + (NO_INTERACTIONS if apart else "")
        lines.append(f"| {what} | {found[0]} | {found[1]} |")
        print(lines[-1], file=sys.stderr, flush=True)
    shifted = []
    for change, apart in ((1.0, False), (1.1, False), (1.25, False), (1.5, False), (1.5, True)):
        found = _over(partial(shifts, rows=ROWS, change=change, apart=apart))
        shifted.append(f"| {change:g}{NO_INTERACTIONS if apart else ''} | {found[0]} | {found[1]} |")
        print(shifted[-1], file=sys.stderr, flush=True)
    proxy, shift = "\n".join(lines), "\n".join(shifted)
    return f"""### How often a proxy and a shift are found

{SEEDS} worlds a line: a model of 60 trees on six independent columns, the last of which may differ between two groups of {ROWS:,} rows
(a proxy). Found is q < 0.05 over the six columns; in brackets the 95 % interval of the rate. In the first line nothing is different, and no
more than 5 in 100 worlds should have anything called. Where the proxy is called, others are called along with it in some worlds: trees
learn small interactions of it with other columns, in which the groups then do differ. Trees of one split can learn none.

| The column | It is found | Any other called |
|---|---|---|
{proxy}

Shift of attributions: a column's spread is multiplied between reference and window, everything else stays; {ROWS:,} rows on either side.
Others are called along with it by the same interactions: a large shift has company.

| Spread times | It is found | Any other called |
|---|---|---|
{shift}
"""


def _over(trial: Callable[[int], tuple[bool, bool]]) -> list[str]:
    hits = np.asarray([trial(seed) for seed in range(SEEDS)]).sum(axis=0)
    low, high = wilson(hits, SEEDS)
    return [f"{hit / SEEDS:.1%} ({a:.1%} to {b:.1%})" for hit, a, b in zip(hits, low, high, strict=True)]


def main(asked: str) -> None:
    """Write one part of the page."""
    name, make = ("attribution rates", rates) if asked == "rates" else ("attribution speed", speed)
    text = make()
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "speed")
