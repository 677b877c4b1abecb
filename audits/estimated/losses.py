"""Regression without outcomes: the error to be expected of a prediction, as the reference shows it at predictions like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.estimated.contradiction import FEWEST, LEVEL, SPANS, rolled
from audits.estimated.curve import ENOUGH
from audits.estimated.estimation import OUTSIDE, Checked, comparable
from audits.estimated.figures import Figure
from audits.estimated.realised import excess, widened
from audits.evidence import UNKNOWN, Evidence
from audits.histograms import COARSE
from audits.interval import share, z_of
from audits.once import once

POOLS = 40
"""Runs of score bins, each with about as many reference rows, in which errors are averaged."""

PRIOR = 20.0
"""Rows of everybody's loss that a slice's own is pulled towards in each run."""

TOLERANCE = 0.05
"""Departures of the mean absolute error, as a share of what was expected, that are let pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossEstimations:
    """All versions' estimates by [version, window, slice of `slices`], and what there is to check them against (all versions together)."""

    slices: Integers
    figures: Mapping[str, Figure]
    reason: NDArray[np.object_]
    method: NDArray[np.object_]
    checked: Checked | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Slices on one grid of runs: losses by [slice, run], rows by [version, window, slice, run]; `support`: has the reference outcomes?"""

    slices: Integers
    absolute: Floats
    squared: Floats
    labels: Floats
    support: NDArray[np.bool_]
    own: NDArray[np.bool_]
    refused: NDArray[np.object_]
    n: Floats
    known: Floats


@once
def loss_estimations(evidence: Evidence) -> LossEstimations:
    """The estimates of a log, made once."""
    layers = _layers(evidence)
    if isinstance(layers, str):
        nothing = np.full((1, 1, 1), "", dtype=object)
        none = np.zeros(1, dtype=np.int64)
        return LossEstimations(slices=none, figures={}, reason=nothing, method=nothing, checked=None, why=layers)
    windows = comparable(evidence)
    slices = np.concatenate([layer.slices for layer in layers])
    reference = evidence.reference_counts
    fourth = float(reference.total("error_4", labelled=True)[0, 0, 0])
    spread = float((layers[0].labels[0] * layers[0].squared[0] ** 2).sum())
    kurtosis = max(fourth / spread, 1.0) if spread > 0 else 1.0
    estimates = _joined([_figures(layer, layer.n, kurtosis) for layer in layers])
    known = _joined([_figures(layer, layer.known[0][windows], kurtosis) for layer in layers])
    reason, given = _withheld(evidence, layers, slices, windows)
    enough = np.concatenate([layer.known[0][windows].sum(axis=-1) for layer in layers], axis=-1) >= FEWEST
    seen = _realised(evidence, windows, slices)
    added = excess(known, seen, given & enough)
    past = np.searchsorted(windows, np.arange(len(evidence.windows)), side="left")
    past[0] = len(windows) + 1
    first = np.arange(len(evidence.versions))[:, None, None] == 0  # other versions have not been compared
    checked = Checked(
        windows=windows, enough=enough, given=given, realised=seen, plain=known,
        figures={name: widened(figure, added[name][:-2]) for name, figure in known.items()},
    )  # fmt: skip
    suffix = ", reference is the first window" if evidence.reference.kind == "first window" else ""
    texts = [("expected loss, own" if own else "expected loss, everybody's") + suffix for layer in layers for own in layer.own]
    texts[0] = "expected loss" + suffix
    return LossEstimations(
        slices=slices, figures={name: widened(figure, added[name][past] * first) for name, figure in estimates.items()}, reason=reason,
        method=np.asarray(texts, dtype=object), checked=checked,
    )  # fmt: skip


def _realised(evidence: Evidence, windows: Integers, slices: Integers) -> dict[str, Floats]:
    """Of all versions together, by [checked window, slice]."""
    place = np.ix_(windows, slices)
    scored, absolute, squared = (evidence.counts.total(name, labelled=True)[0][place] for name in ("scored", "error_abs", "error_2"))
    return {"mean_absolute_error": share(absolute, scored), "root_mean_squared_error": np.sqrt(share(squared, scored))}


def _layers(evidence: Evidence) -> list[_Layer] | str:
    """Single groups and segments in `POOLS` runs, intersections in the coarse bins; why there are none."""
    if evidence.bins.score_bins is None:
        return "no prediction is a number"
    many = np.asarray([len(found.attributes) > 1 for found in evidence.slices])
    fine, crossed = np.flatnonzero(~many).tolist(), np.flatnonzero(many).tolist()
    held = evidence.reference_error_margin(fine)
    labelled = held["n"][0]
    labels = float(labelled.sum())
    if labels < ENOUGH:
        return f"the reference has {labels:,.0f} outcomes of predictions; it takes {ENOUGH:,}"
    bins = np.arange(len(labelled))
    inside = (bins >= np.flatnonzero(labelled)[0]) & (bins <= np.flatnonzero(labelled)[-1])
    place = np.floor(POOLS * (np.cumsum(labelled) - labelled / 2) / labels)
    first = np.flatnonzero(np.append(True, (np.diff(place) > 0) | (np.diff(inside) != 0))).astype(np.int64)
    n, absolute, squared = (np.add.reduceat(held[name], first, axis=-1) for name in ("n", "error_abs", "error_2"))
    rows = [evidence.margin(fine, version=v)[0] for v in range(len(evidence.versions))]
    by_run = [np.add.reduceat(found, first, axis=-1) for found in rows]
    layers = [
        _layer(np.asarray(fine), n, absolute, squared, inside[first], np.stack([found.sum(axis=2) for found in by_run]),
               np.stack([found[:, :, :UNKNOWN].sum(axis=2) for found in by_run]))
    ]  # fmt: skip
    if crossed:
        coarse = bins * COARSE // len(bins)
        starts = np.flatnonzero(np.append(True, np.diff(coarse) > 0))
        common = {name: np.add.reduceat(held[name][0], starts) for name in held}
        crossed_rows = [evidence.coarse(crossed, version=v)[0] for v in range(len(evidence.versions))]
        layers.append(_crossed(evidence, np.asarray(crossed), common, crossed_rows))
    return layers


def _layer(
    slices: NDArray[np.int64], n: Floats, absolute: Floats, squared: Floats, support: NDArray[np.bool_], rows: Floats, known: Floats
) -> _Layer:  # fmt: skip
    """Fine slices: their own losses from `ENOUGH` outcomes on, else everybody's, unless their errors in the reference contradict those."""
    everybody = [np.where(n[0] > 0, total[0] / np.maximum(n[0], 1), total[0].sum() / n[0].sum()) for total in (absolute, squared)]
    own = n.sum(axis=1) >= ENOUGH
    mixed = [
        np.where(own[:, None], (total + PRIOR * common) / (n + PRIOR), common)
        for total, common in zip((absolute, squared), everybody, strict=True)
    ]
    counted = n.sum(axis=1)
    seen, thought = absolute.sum(axis=1), (n * everybody[0]).sum(axis=1)
    variance = (n * np.maximum(everybody[1] - everybody[0] ** 2, 0.0)).sum(axis=1)
    refused = _unlike(own, counted, seen, thought, variance)
    return _Layer(
        slices=slices, absolute=mixed[0], squared=mixed[1], labels=np.where(own[:, None], n, n[:1]), support=support, own=own,
        refused=refused, n=rows, known=known,
    )  # fmt: skip


def _crossed(evidence: Evidence, slices: NDArray[np.int64], common: Mapping[str, Floats], rows: list[Floats]) -> _Layer:
    """Intersections: everybody's losses by coarse bin, checked against their own errors in the reference."""
    labelled = common["n"]
    totals = (common["error_abs"], common["error_2"])
    absolute, squared = (np.where(labelled > 0, total / np.maximum(labelled, 1), total.sum() / labelled.sum()) for total in totals)
    n, _ = evidence.reference_coarse(slices.tolist())
    known = n.sum(axis=1)[:, :UNKNOWN].sum(axis=1)
    seen = evidence.reference_counts.total("error_abs", labelled=True)[0, 0, slices]
    none = np.zeros(len(slices), dtype=np.bool_)
    refused = _unlike(none, known.sum(axis=1), seen, known @ absolute, known @ np.maximum(squared - absolute**2, 0.0))
    shape = (len(slices), 1)
    return _Layer(
        slices=slices, absolute=np.tile(absolute, shape), squared=np.tile(squared, shape), labels=np.tile(labelled, shape),
        support=labelled > 0, own=none, refused=refused, n=np.stack([found.sum(axis=2) for found in rows]),
        known=np.stack([found[:, :, :UNKNOWN].sum(axis=2) for found in rows]),
    )  # fmt: skip


def _unlike(own: NDArray[np.bool_], n: Floats, seen: Floats, thought: Floats, variance: Floats) -> NDArray[np.object_]:
    from scipy.special import ndtr

    said = np.full(len(n), "", dtype=object)
    beyond = np.maximum(np.abs(seen - thought) - TOLERANCE * thought, 0.0) / np.sqrt(np.maximum(variance, 1e-300))
    failed = 2 * ndtr(-beyond) < LEVEL / max(int((~own & (n >= FEWEST)).sum()), 1)
    for place in np.flatnonzero(~own):
        count = f"{n[place]:,.0f} outcomes"
        if n[place] < FEWEST:
            said[place] = f"can't tell: the reference has {count} of it, too few to see whether everybody's errors hold"
        elif failed[place]:
            errors = f"{seen[place] / n[place]:.3g}, {thought[place] / n[place]:.3g} by everybody's"
            said[place] = f"can't tell: in the reference its mean absolute error was {errors}, and {count} are too few for its own"
    return said


def _figures(layer: _Layer, n: Floats, kurtosis: float) -> dict[str, Figure]:
    """Both figures of some rows by [..., slice], with intervals on the logarithmic scale: errors have a long tail."""
    total = n.sum(axis=-1)
    weight = n / np.maximum(total, 1.0)[..., None]
    found = {}
    variances = np.maximum(layer.squared - layer.absolute**2, 0.0), (kurtosis - 1) * layer.squared**2
    names, means = ("mean_absolute_error", "root_mean_squared_error"), (layer.absolute, layer.squared)
    for name, mean, each in zip(names, means, variances, strict=True):
        value = np.where(total > 0, (weight * mean).sum(axis=-1), np.nan)
        variance = (weight * each).sum(axis=-1) / np.maximum(total, 1.0) + (weight**2 * each / np.maximum(layer.labels, 1.0)).sum(axis=-1)
        relative = np.divide(np.sqrt(variance), value, out=np.zeros_like(value), where=value > 0)
        half, root = (relative, value) if name == "mean_absolute_error" else (relative / 2, np.sqrt(value))
        factor = np.exp(np.minimum(z_of() * half, 50.0))
        found[name] = Figure(
            value=root, low=root / factor, high=root * factor, n=total, deviation=np.nan_to_num(root * half), range=(0.0, np.inf)
        )
    return found


def _joined(parts: list[dict[str, Figure]]) -> dict[str, Figure]:
    keys = ("value", "low", "high", "n", "deviation")
    joined = {name: {k: np.concatenate([getattr(part[name], k) for part in parts], axis=-1) for k in keys} for name in parts[0]}
    return {name: Figure(**arrays, range=parts[0][name].range) for name, arrays in joined.items()}


def _withheld(
    evidence: Evidence, layers: list[_Layer], slices: Integers, windows: Integers
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Why estimates are withheld, by [version, window, slice]; and where one was given before the outcomes, by [checked window, slice]."""
    refused = np.concatenate([layer.refused for layer in layers])
    reason = np.full((len(evidence.versions), len(evidence.windows), len(slices)), "", dtype=object)
    given = np.ones((len(windows), len(slices)), dtype=np.bool_)
    for version in range(len(evidence.versions)):
        tested = [_tested(evidence, layer, version, windows) for layer in layers]
        failed, seen, thought, span = (np.concatenate([part[i] for part in tested], axis=-1) for i in range(4))
        latest = np.searchsorted(windows, np.arange(len(evidence.windows)), side="right") - 1
        for window in range(len(evidence.windows)):
            row = len(windows) - 1 if window == 0 else int(latest[window])
            for place in np.flatnonzero(failed[row]) if row >= 0 else ():
                last = "window" if span[row, place] == 1 else f"{span[row, place]:.0f} windows"
                errors = f"{seen[row, place]:.3g}, estimated {thought[row, place]:.3g}"
                reason[version, window, place] = f"can't tell: in the last {last} with outcomes the mean absolute error was {errors}"
        if version == 0 and len(windows):
            given[1:] = ~failed[:-1]
        for layer, first in zip(layers, np.cumsum([0] + [len(layer.slices) for layer in layers[:-1]]), strict=True):
            total = layer.n[version].sum(axis=-1)
            outside = share((layer.n[version] * ~layer.support).sum(axis=-1), total)
            for window, place in zip(*np.nonzero(np.nan_to_num(outside) > OUTSIDE), strict=True):
                text = f"{100 * outside[window, place]:.0f}% of the predictions lie where the reference has no outcomes"
                reason[version, window, first + place] = f"{text} (at most {100 * OUTSIDE:.0f}%)"
    reason[..., refused != ""] = refused[refused != ""]
    return reason, given & (refused == "")


def _tested(evidence: Evidence, layer: _Layer, version: int, windows: Integers) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Where errors contradict what was expected by [checked window, slice]; observed and expected mean error; over how many windows."""
    from scipy.special import ndtr

    shape = (len(windows), len(layer.slices))
    if not len(windows):
        return np.zeros(shape, dtype=np.bool_), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    known = layer.known[version][windows]
    seen = evidence.counts.total("error_abs", labelled=True)[version][np.ix_(windows, layer.slices)]
    each = np.maximum(layer.squared - layer.absolute**2, 0.0)
    best, kept = np.ones(shape), np.zeros((3, *shape))
    for span in SPANS:
        rows, errors = rolled(known, span, axis=0), rolled(seen, span, axis=0)
        n, thought = rows.sum(axis=-1), (rows * layer.absolute).sum(axis=-1)
        variance = (rows * each).sum(axis=-1) + (rows**2 * each / np.maximum(layer.labels, 1.0)).sum(axis=-1)
        beyond = np.maximum(np.abs(errors - thought) - TOLERANCE * thought, 0.0) / np.sqrt(np.maximum(variance, 1e-300))
        p_value = np.where(n >= FEWEST, 2 * ndtr(-beyond), 1.0)
        together = np.broadcast_to(np.minimum(span, np.arange(len(windows)) + 1)[:, None], shape)
        details = np.stack([share(errors, n), share(thought, n), together])
        kept, best = np.where(p_value < best, details, kept), np.minimum(p_value, best)
    tests = max(len(layer.slices), 1) * len(SPANS)
    return best < LEVEL / tests, kept[0], kept[1], kept[2]
