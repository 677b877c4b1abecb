"""A made-up snapshot of models that were explained and tried out: by their own file, by a surrogate, badly, or not at all.

Numbers are round, so that a page that shows them can be checked by eye; tables have the keys that audits write.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from audits.explanation import Budget, CutOff, Explanation, Prediction, Value
from audits.explanation_parts import (
    Case as Similar,
)
from audits.explanation_parts import Cases, Change, Counterfactual, Counterfactuals, Kept, Reason, Reasons, Share, Stability, Waterfall
from tests.dashboard.fabricate import CONFIG, RUN, TABLES, Case, Writer, fairness, insert, insert_model, performance, quality
from tests.dashboard.fabricate_robustness import from_log, with_model

FEATURES = {"income": 0.6, "debt": 0.25, "purpose": 0.1, "years_employed": 0.05}
READ = {"rows_used": 5000, "rows_available": 7200, "seconds": 2.5, "created": "2026-11-20T12:00:00Z"}
WAY = {"scale": "log-odds", "method": "tree", "background_used": 6000, "background_available": 6000}
N = 7200
CREATED = dt.datetime.now(dt.UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)


def explained(out: Writer, *, steady: float = 0.95, kind: str = "model") -> None:
    """Attributions of everybody, by group, by window and by version, with what is drawn from them."""
    for place, along in out.places():
        for name, size in FEATURES.items():
            more: dict[str, Any] = {"column": name, "window": place, "method": "t"}
            more["tables"] = json.dumps(READ | WAY) if place is None else None
            grown = size * (1 + along) if name == "debt" else size
            out.add("mean_absolute_attribution", "score", grown, grown - 0.01, grown + 0.01, 5000 if place is None else 400, **more)
            shift = grown - size
            out.add("attribution_shift", "score", shift, shift - 0.02, shift + 0.02, 5000 if place is None else 400, column=name,
                    window=place, p_value=0.001, q_value=0.002 if shift > 0.05 else 0.5)  # fmt: skip
        out.add("attribution_ranking_similarity", "score", 1.0 - 0.04 * along, 0.95 - 0.04 * along, 1.0, 400, window=place)
    for name, size in FEATURES.items():
        gap = {"income": -0.2, "debt": -0.05}.get(name, 0.01)
        for levels, value in (({"sex": "Female"}, gap), ({"race": "Black"}, gap / 2)):
            against = {"sex": "Male"} if "sex" in levels else {"race": "White"}
            about: dict[str, Any] = {
                "slice": json.dumps(levels), "reference_slice": json.dumps(against), "column": name, "attribute": next(iter(levels))
            }  # fmt: skip
            logged = -0.25 if kind == "model" else -0.65
            whole = {"logged_gap": logged, "explained_gap": -0.25, "unexplained_gap": logged + 0.25}
            parts = {part: {"value": at, "low": at - 0.03, "high": at + 0.03} for part, at in whole.items()}
            about["tables"] = json.dumps({"kind": kind, "scale": "log-odds", "gap": -0.25, "share": round(value / logged, 2)} | parts)
            out.add("mean_attribution_difference", "difference", value, value - 0.02, value + 0.02, 2400, q_value=0.001, **about)
        for level in ("Female", "Male"):
            of: dict[str, Any] = {"column": name, "slice": json.dumps({"sex": level})}
            out.add("mean_absolute_attribution", "score", size, size - 0.02, size + 0.02, 2400, **of)
        out.add("mean_absolute_attribution", "score", size, size - 0.01, size + 0.01, 2500, column=name, version="v3.2")
    out.add("proxy_strength", "score", 0.35, 0.33, 0.37, 18000, column="income", attribute="sex")
    order = {"order": list(FEATURES), "keeps_place": [0.98, 0.97, 0.9, 0.9], "parts": 20, "resamples": 200}
    out.add("attribution_stability", "score", steady, steady - 0.03, 1.0, 5000, tables=json.dumps(order))
    for pair, size in (("income × debt", 0.08), ("income × purpose", 0.02)):
        out.add("attribution_interaction", "score", size, size - 0.005, size + 0.005, 5000, column=pair, tables=json.dumps(READ))
    curves(out)


def curves(out: Writer) -> None:
    """What income (a number) and purpose (a category) do to the score."""
    at, mean = [0, 20_000, 40_000, 60_000, 80_000], [0.2, 0.35, 0.55, 0.65, 0.7]
    whole: dict[str, Any] = {"at": at, "mean": mean, "kind": "numeric", "share": [0.1, 0.3, 0.3, 0.2, 0.1]} | READ
    whole |= {"low": [each - 0.02 for each in mean], "high": [each + 0.02 for each in mean]}
    whole |= {"ice_p10": [0.0, 0.05, 0.2, 0.3, 0.3], "ice_p50": [0.0] * 5, "ice_p90": [0.0, 0.3, 0.5, 0.6, 0.65]}
    out.add("partial_dependence", "score", 0.5, 0.46, 0.54, 5000, column="income", tables=json.dumps(whole))
    local = {"at": at, "effect": [-0.2, -0.1, 0.05, 0.1, 0.15], "n": [0, 900, 1500, 1500, 1100], "kind": "numeric"} | READ
    local |= {"low": [-0.22, -0.12, 0.03, 0.08, 0.13], "high": [-0.18, -0.08, 0.07, 0.12, 0.17]}
    out.add("accumulated_local_effects", "score", 0.35, 0.31, 0.39, 5000, column="income", tables=json.dumps(local))
    levels = {"at": ["car", "home", "medical"], "mean": [0.5, 0.6, 0.45], "low": [0.48, 0.58, 0.43], "high": [0.52, 0.62, 0.47],
              "kind": "categorical"} | READ  # fmt: skip
    out.add("partial_dependence", "score", 0.15, 0.11, 0.19, 5000, column="purpose", tables=json.dumps(levels))


def mismatch(out: Writer, share: float) -> None:
    """The model's file, and how often it disagrees with the log."""
    hints = [{"kind": "swapped columns", "columns": ["income", "debt"], "share": 0.98}] if share > 0.01 else []
    tables = {"kind": "model", "format": "lightgbm", "file": "model.txt", "inputs": list(FEATURES), "tolerance": 0.001,
              "other_columns": ["sex", "race", "branch", "note"], "hints": hints} | READ  # fmt: skip
    value = share or 0.0
    out.add("model_mismatch_rate", "proportion", value, max(value - 0.01, 0.0), value + 0.001, 5000, tables=json.dumps(tables))


def of_file(out: Writer) -> None:
    """The model's own file answers, and all was asked."""
    mismatch(out, 0.0)
    explained(out)
    with_model(out)
    from_log(out, attacked=True)


def of_surrogate(out: Writer) -> None:
    """No file: a surrogate answers; nothing was attacked, and the log is quiet."""
    tables = {"kind": "surrogate", "learner": "LightGBM", "floor": 0.8, "inputs": list(FEATURES), "other_columns": ["sex"]} | READ
    out.add("surrogate_fidelity", "score", 0.93, 0.92, 0.94, 5000, tables=json.dumps(tables))
    explained(out, steady=0.9, kind="surrogate")
    from_log(out, attacked=False)


def another_model(out: Writer) -> None:
    """A file that is not the one that was in use."""
    mismatch(out, 0.4)
    explained(out)


ASKED = ("model_mismatch_rate", "surrogate_fidelity", "mean_absolute_attribution", "mean_attribution_difference", "flip_rate",
         "protected_flip_rate", "evasion_rate", "smallest_flip_distance", "rule_violation_rate", "membership_inference_auc")  # fmt: skip
LOGGED = ("boundary_probe_rate", "extraction_score", "replay_rate", "flood_rate", "outcome_flip_rate", "outlier_rate", "trigger_rate",
          "invariant_violations")  # fmt: skip
REFUSED = "the surrogate follows the logged scores with R² 0.43 only, and at least 0.80 is asked for"
BROKEN = "models/model.txt: the model needs more than its 2 GB of memory and was stopped"
WORLDS: dict[str, tuple[Callable[[Writer], None] | None, str]] = {
    "loans": (of_file, ""), "surrogate": (of_surrogate, ""), "another": (another_model, ""), "refused": (None, REFUSED),
    "broken": (None, BROKEN), "unasked": (None, "not run: candor audit --explain"), "older": (None, ""),
}  # fmt: skip
"""Models by what was done with them, and the reason that stands in the way."""


def add(connection: duckdb.DuckDBPyConnection, name: str, kind: str, case: Case, title: str) -> None:
    """Add one model, of which the kind in `WORLDS` was made."""
    fill, reason = WORLDS[kind]
    out, rng = Writer(name, case), random.Random(0)
    performance(out, rng)
    fairness(out, rng)
    quality(out, rng)
    if kind == "loans":
        out.add("out_of_range_rate", "proportion", 0.02, 0.015, 0.025, N, column="income")
    if fill is not None:
        fill(out)
    fields = [part.strip().split(" ")[0] for part in TABLES["findings"].split(", ")]
    insert(connection, "findings", fields, [[row.get(each.strip('"')) for each in fields] for row in out.rows])
    insert_model(connection, name, title, case, out)
    failed = [(each, reason) for each in ASKED] if reason else []
    failed += [(each, "not run: candor audit --attacks") for each in LOGGED] if reason else []
    if kind == "loans":
        failed = [("protected_flip_rate", "no protected attribute is an input of the model")]
    for each, why in failed:
        connection.execute("insert into errors values (?, ?, ?, ?, false)", [RUN, name, each, why])


def snapshot(path: Path) -> Path:
    """Write the snapshot: one model for each way in which a model can be explained or not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    case = Case(windows=6, newest=CREATED)
    with duckdb.connect(str(path)) as connection:
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        connection.execute("insert into runs values (?, ?, 1, '0.1.0', 'sha256:p', 'sha256:d', 'sha256:b')", [RUN, case.newest])
        for name in WORLDS:
            mine = replace(case, newest=CREATED - dt.timedelta(days=40)) if name == "surrogate" else case
            add(connection, name, name, mine, "Loan approvals" if name == "loans" else name.capitalize())
    return path


def one_prediction() -> Explanation:
    """An explanation of one refused application."""
    shares = (
        Share(column="income", value=21_000, attribution=-0.8, low=-0.9, high=-0.7, side="unfavorable"),
        Share(column="debt", value=300.0, attribution=0.15, low=0.1, high=0.2, side="favorable"),
    )
    fall = Waterfall(scale="log-odds", method="tree", exact=True, base=0.0, total=-0.65, base_score=0.5, total_score=0.343, shares=shares)
    kept = (Kept(column="income", top=1.0, same_side=1.0), Kept(column="debt", top=0.9, same_side=0.95))
    case = Similar(id="b-7", version="v3.2", at=CREATED, later=False, distance=0.2, score=0.4, favorable=True, outcome="1",
                outcome_favorable=True, values={"income": 22_000, "debt": 250.0})  # fmt: skip
    change = Change(column="income", before=21_000, after=30_000, spreads=0.45)
    turned = Counterfactuals(
        wanted="favorable", label=None, threshold=0.5, fixed=("sex",), asked=900, seconds=0.3, deadline=2.0, finished=True,
        found=(Counterfactual(changes=(change,), cost=0.45, score=0.52, nearest=0.1),),
    )  # fmt: skip
    reason = Reason(column="income", level="low", value=21_000, typical=48_000, attribution=-0.8, protected=False, stable=1.0,
                    sentence="Income too low for the amount asked")  # fmt: skip
    about = Prediction(
        id="a-1", version="v3.2", versions=("v3.2",), at=CREATED, score=0.343, answer=0.343, matches=True, tolerance=0.001, decision="0",
        favorable=False, cut_off=CutOff(value=0.5, agreement=0.99, n=7200, above="favorable"), outcome=None, outcome_favorable=None,
    )  # fmt: skip
    return Explanation(
        model="loans", title="Loan approvals", task="binary", kind="model", fingerprint="0123456789abcdef", data="sha256:d",
        created=CREATED, prediction=about, values=(Value(column="income", value=21_000, typical=48_000, low=20_000, high=90_000),
                                                   Value(column="debt", value=300.0, typical=900.0, low=100.0, high=4000.0)),
        waterfall=fall, stability=Stability(draws=200, rows=5000, size=2, same=0.97, first=1.0, kept=kept),
        cases=Cases(cases=(case,), known=3, share=0.66, low=0.2, high=0.93, decided=5, decided_favorable=4, overall=0.7, usual=1.4),
        counterfactuals=turned, reasons=Reasons(adverse=True, reasons=(reason,)),
        budgets=(Budget(part="attributions", rows_used=5000, rows_available=7200, seconds=0.2),),
    )  # fmt: skip


def world(folder: Path) -> Path:
    """Write a candor.toml and its published snapshot; return the path of the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "candor.toml"
    config.write_text(CONFIG, encoding="utf-8")
    snapshot(folder / "candor.published" / "1.duckdb")
    (folder / "candor.published" / "CURRENT").write_text("1.duckdb\n", encoding="utf-8")
    return config
