"""What each input adds to the model's margin, row by row, against the whole reference; summed by version, window and group.

Each release explains its own rows. The reference's rows are explained too, by their own release where it has a file, else by the first one,
so that a shift shows what changed in rows and releases alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.attribute import Attributions, attribute
from audits.probes.cells import tally_of
from audits.probes.interactions import Interactions, sampled_interactions, tree_interactions
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.scorer import Scorer, scorers
from audits.probes.shap_check import shap_check
from audits.probes.stability import stability
from audits.probes.tree_attributions import has_cover, path_dependent
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 10_000
BACKGROUND = 100_000
"""Rows of a reference that are its whole; of a larger one these are used, and the receipt says so."""
SECONDS = 60.0
"""For the attributions of one side of one release; a model that only answers is given up after it, and the rows done are said."""
INTERACTING, AMONG = 500, 8
"""Rows that pairs of inputs are taken from, and how many inputs pairs are looked for among: those with the largest attributions."""
PAIRS = 15
"""Pairs of inputs that are listed, the strongest first."""
CROSS = " × "
_SUMMED = 500
_PATHS = 2_000
LEAST = 1e-6
"""How near to 0 and 1 a logged probability is taken, for log-odds have no place for the two themselves."""
UNANSWERED = "the model gives no answer for these rows"
LINEAR = "a weighted sum has no interactions on the scale of its margin"

Sides = list[tuple[ModelRows, Mapping[tuple[str, str], Floats]]]


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Attributions of at most `rows` rows of the analysed period and as many of the reference; a model that breaks gives a reason."""
    began = time.monotonic()
    try:
        with scorers(warehouse, model, evidence, progress=progress) as found:
            names = tuple(dict.fromkeys(name for scorer in found for name in scorer.names))
            now = read_rows(warehouse, model, evidence, rows=rows, extra=names)
            behind = read_rows(warehouse, model, evidence, rows=BACKGROUND, side="reference", extra=names)
            if not len(now) or not len(behind):
                return _nothing("there are no rows to explain, or no reference to explain them against", evidence, began)
            body = _explained(found, model, evidence, now, behind, rows, progress)
            if not len(body["cells"]):
                return _nothing(UNANSWERED, evidence, began)
            return body | {"seconds": round(time.monotonic() - began, 2)}
    except CandorError as error:
        return _nothing(str(error), evidence, began)


def _nothing(reason: str, evidence: Evidence, began: float) -> dict[str, Any]:
    return {
        "reason": reason, "rows_used": 0, "rows_available": evidence.coverage.analysed, "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


def _explained(
    found: Sequence[Scorer], model: ModelConfig, evidence: Evidence, now: ModelRows, behind: ModelRows, rows: int,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """The probe's answer from rows of both sides."""
    sides: Sides = []
    releases: list[dict[str, Any]] = []
    mine, theirs = _release_of(found, evidence, now), np.maximum(_release_of(found, evidence, behind), 0)
    earlier = np.arange(min(len(behind), rows))
    for place, scorer in enumerate(found):
        told = _teller(progress, f"{model.name}: attributions" + (f" of {scorer.version}" if scorer.version else ""))
        parts = [now.where(mine == place), behind.where(earlier[theirs[earlier] == place])]
        release: dict[str, Any] = {
            "version": scorer.version, "fingerprint": scorer.fingerprint, "kind": scorer.kind, "target": scorer.target or None,
            "fidelity": None if scorer.fidelity is None else dict(scorer.fidelity), "inputs": list(scorer.names),
            "background_used": len(behind), "background_available": behind.available,
        }  # fmt: skip
        if any(len(part) for part in parts):
            both, turn = _alternating(parts)
            given = attribute(scorer, both, behind.table, seconds=SECONDS, seed=evidence.seed, progress=told)
            release |= _about(given) | {"background_used": given.background}
            for side, part in enumerate(parts):
                chosen = np.flatnonzero(turn[: len(given)] == side)
                used = part.where(np.arange(len(chosen)))
                values = given.values[chosen]
                sides.append((used, _quantities(given.names, values) | _margins(scorer, evidence, used, values, given)))
                release |= {f"{part.side}_used": len(used), f"{part.side}_available": len(part)}
                if np.isfinite(values).any() and "order" not in release:
                    release |= _besides(scorer, used, values, behind.table, given, sides, evidence.seed)
        releases.append(release)
    reasons = {"attribution_interaction": LINEAR} if all(each.get("method") == "linear" for each in releases) else {}
    done = {side: sum(release.get(f"{side}_used", 0) for release in releases) for side in ("analysed", "reference")}
    return {
        "cells": tally_of(evidence, *sides), "releases": releases, "rows_used": done["analysed"], "rows_available": now.available,
        "reference_used": done["reference"], "reference_available": behind.available,
        "kind": found[0].kind, "reasons": reasons,
    }  # fmt: skip


def _release_of(found: Sequence[Scorer], evidence: Evidence, rows: ModelRows) -> Integers:
    """[row] The scorer of the row's version, else the one for every version; -1 for none."""
    order = {scorer.version: place for place, scorer in enumerate(found)}
    partitions = (evidence.tally if rows.side == "analysed" else evidence.reference_tally).partitions
    places = np.asarray([order.get(p.version, order.get(None, -1)) for p in partitions] or [-1], dtype=np.int64)
    return np.asarray(places[rows.partition], dtype=np.int64)


def _teller(progress: Callable[[str], None], what: str) -> Callable[[float], None]:
    """Tells each tenth once."""
    last = [-1]

    def tell(share: float) -> None:
        tenth = int(share * 10)
        if tenth > last[0] or share >= 1:
            progress(f"{what}: {share:.0%}")
        last[0] = tenth if share < 1 else -1

    return tell


def _alternating(parts: Sequence[ModelRows]) -> tuple[pa.Table, Integers]:
    """Rows of both sides in turn, so that time running out leaves both with their share; and which side each is of."""
    import pyarrow as pa

    first, second = (part.table for part in parts)
    turn = np.repeat(np.arange(2), [len(part) for part in parts])
    share = np.concatenate([(np.arange(len(part)) + 0.5) / max(len(part), 1) for part in parts])
    order = np.argsort(share, kind="stable")
    both = pa.concat_tables([first, second.select(first.column_names).cast(first.schema)])
    return both.take(order), turn[order]


def _quantities(names: Sequence[str], values: Floats) -> dict[tuple[str, str], Floats]:
    found: dict[tuple[str, str], Floats] = {}
    for place, name in enumerate(names):
        found["mean_absolute_attribution", name] = np.abs(values[:, place])
        found["attribution", name] = values[:, place]
    return found


def _margins(
    scorer: Scorer, evidence: Evidence, used: ModelRows, values: Floats, given: Attributions
) -> dict[tuple[str, str], Floats]:  # fmt: skip
    """Of each row the logged score and the answer that the attributions add up to, on one scale, and what the answer misses of the log.

    All three are of the same rows, where any score is logged at all. On log-odds, a logged 0 or 1 counts as a millionth from it.
    """
    score = used.score
    if score.ndim > 1:
        classes = list(evidence.classes or ())
        score = score[:, classes.index(scorer.target)] if scorer.target in classes else np.full(len(used), np.nan)
    score = np.asarray(score, dtype=np.float64)
    if given.scale == "log-odds":
        outside = (score < 0) | (score > 1)
        inside = np.clip(np.where(outside, np.nan, score), LEAST, 1 - LEAST)
        score = np.log(inside) - np.log1p(-inside)
    answer = values.sum(axis=1) + given.base
    rest = score - answer
    known = np.isfinite(rest)
    score = np.where(known, score, np.nan)
    answer = np.where(known, answer, np.nan) if known.any() else answer
    return {("logged_score", ""): score, ("explained_score", ""): answer, ("unexplained_score", ""): rest}


def _about(given: Attributions) -> dict[str, Any]:
    """How the values were made, and how far from exact they are."""
    error = None if given.se is None or not np.isfinite(given.se).any() else float(np.nanmean(given.se))
    return {"method": given.method, "scale": given.scale, "base": _number(given.base), "standard_error": error}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _besides(
    scorer: Scorer, used: ModelRows, values: Floats, background: pa.Table, given: Attributions, sides: Sides, seed: int
) -> dict[str, Any]:  # fmt: skip
    """What is said of one release beside its cells: the order of inputs, how stable it is, the other game's answer, interactions."""
    size = np.nan_to_num(np.nanmean(np.abs(values), axis=0))
    order = np.argsort(-size, kind="stable")
    found: dict[str, Any] = {
        "order": [given.names[place] for place in order], "mean_absolute": [float(size[place]) for place in order],
        "stability": stability(scorer, used.table, background, method=given.method, seed=seed),
    }  # fmt: skip
    trees = scorer.trees() if given.method == "tree" else None
    if trees is not None:
        matrix, behind = scorer.matrix(used.table.slice(0, _PATHS)), scorer.matrix(background)
        assert matrix is not None
        assert behind is not None
        some = values[:_SUMMED]
        found["check"] = shap_check(trees, matrix, behind)
        found["adds_up_to"] = float(np.max(np.abs(some.sum(axis=1) + given.base - trees.margin(matrix[:_SUMMED])), initial=0.0))
        if has_cover(trees):
            other = np.abs(path_dependent(trees, matrix, scorer.owner()).values).mean(axis=0)
            found |= {"path_dependent": [float(other[place]) for place in order], "path_dependent_rows": len(matrix)}
    if given.method != "linear" and len(given.names) > 1:
        part = used.where(np.arange(min(len(used), INTERACTING)))
        pairs = _interactions(scorer, part.table, background, given.method, order, seed)
        strongest = sorted(pairs.values, key=lambda pair: -float(np.nanmean(np.abs(pairs.values[pair]))))[:PAIRS]
        if strongest:
            named = {pair: CROSS.join(given.names[place] for place in pair) for pair in strongest}
            quantities = {("attribution_interaction", named[pair]): np.abs(pairs.values[pair]) for pair in strongest}
            sides.append((part.where(np.arange(pairs.rows)), quantities))
        found |= {"interaction_rows": pairs.rows, "interaction_pairs": len(pairs.values)}
    return found


def _interactions(
    scorer: Scorer, table: pa.Table, background: pa.Table, method: str, order: Integers, seed: int
) -> Interactions:  # fmt: skip
    """Pairs among the largest inputs: all that share a path in trees; of a model that only answers, as many as are listed."""
    largest, trees = sorted(order[:AMONG].tolist()), scorer.trees()
    if method == "tree" and trees is not None:
        matrix, behind = scorer.matrix(table), scorer.matrix(background)
        assert matrix is not None
        assert behind is not None
        return tree_interactions(trees, matrix, behind, scorer.owner(), largest)
    pairs = [(i, j) for i in order[:6].tolist() for j in order[:6].tolist() if i < j][:PAIRS]
    return sampled_interactions(scorer.answer, table, background, scorer.names, pairs, seconds=SECONDS / 2, seed=seed)
