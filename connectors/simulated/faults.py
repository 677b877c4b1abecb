"""The registry of faults that can be planted in a clean log: what benchmarks, drills and the tests of checks start from.

A fault takes a log as NumPy columns under the user's names, and the log with it differs from `since` on. Scores are as the model gave them
for the clean log, except where the fault is about the model: what a corrupt feature would do to a score, only the model knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.errors import CandorError, UsageError, nearest
from connectors.simulated import model_faults, row_faults, value_faults
from connectors.simulated.planting import Fault, Scene, is_numeric

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from connectors.config import Columns, ModelConfig, Value
    from connectors.simulated.planting import Log

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(name="missing values", says="two fifths of a numeric feature's values are missing", cause="missing values",
              rule="missing_rate_change", needs=("numeric",), function=value_faults.missing_values),
        Fault(name="column gone", says="a numeric feature is empty", cause="missing values", also=("schema change",),
              rule="missing_rate", needs=("numeric",), function=value_faults.column_gone),
        Fault(name="unit x1000", says="a numeric feature comes in a thousandth of its unit", cause="unit or scale change",
              rule="format_change", needs=("numeric",), function=value_faults.unit_change),
        Fault(name="net for gross", says="a numeric feature comes net of tax, 0.72 times the true one", cause="unit or scale change",
              also=("covariate shift",), rule="drift_evidence", needs=("numeric",), function=value_faults.net_for_gross),
        Fault(name="category renamed", says="the most frequent category is written in capitals", cause="new categories",
              rule="unseen_category_rate", needs=("text",), function=value_faults.category_renamed),
        Fault(name="new category", says="15 % of the rows carry a category that was never there", cause="new categories",
              rule="unseen_category_rate", needs=("text",), function=value_faults.new_category),
        Fault(name="category explosion", says="every category has a running number behind it", cause="new categories",
              rule="category_explosion", needs=("text",), function=value_faults.category_explosion),
        Fault(name="frozen column", says="a numeric feature repeats its last value", cause="frozen column", rule="frozen_column",
              needs=("numeric",), function=value_faults.frozen_column),
        Fault(name="columns swapped", says="two numeric features trade places", cause="train/serve skew",
              also=("unit or scale change", "covariate shift"), rule="drift_evidence", needs=("two numeric",),
              function=value_faults.columns_swapped),
        Fault(name="type change", says="a numeric feature is written as text with its unit", cause="type change", also=("schema change",),
              rule="schema_change", needs=("numeric",), function=value_faults.type_change),
        Fault(name="decimal comma", says="a numeric feature is written with a decimal comma", cause="type change",
              also=("schema change",), rule="format_change", needs=("numeric",), function=value_faults.decimal_comma),
        Fault(name="stale day", says="every day repeats the features of the day before the fault", cause="stale data",
              rule="repeated_window", needs=("time",), function=row_faults.stale_day),
        Fault(name="rows dropped", says="the larger half of a numeric feature's rows is lost on the way", cause="volume",
              also=("sampling", "covariate shift"), rule="volume_against_expected", needs=("numeric", "time"),
              function=row_faults.rows_dropped),
        Fault(name="delivered twice", says="every row is delivered twice", cause="duplicated rows", also=("volume",),
              rule="duplicate_rate", function=row_faults.delivered_twice),
        Fault(name="source gone", says="no row comes any more", cause="source gone", also=("no data", "volume"), rule="no_data",
              needs=("time",), function=row_faults.source_gone),
        Fault(name="telemetry overload", says="three rows of ten are logged, at random", cause="sampling", also=("volume",),
              rule="volume_against_expected", needs=("time",), function=row_faults.sampled),
        Fault(name="clock skew", says="rows are dated six hours ahead", cause="clock", rule="clock_skew", needs=("time",),
              function=row_faults.clock_skew),
        Fault(name="one time stamp", says="all rows of an hour carry the same time", cause="clock", rule="duplicated_timestamps",
              needs=("time",), function=row_faults.one_time_stamp),
        Fault(name="labels late", says="outcomes become known two weeks later", cause="label delay", also=("outcomes stopped",),
              rule="label_arrival", needs=("time", "outcome", "outcome_time"), function=row_faults.labels_late),
        Fault(name="negative labels stop", says="unfavorable outcomes are no longer reported", cause="outcomes stopped",
              also=("prior shift",), rule="negative_outcome_arrival", needs=("outcome",), function=row_faults.negative_labels_stop),
        Fault(name="old model answers", says="three rows of ten are answered by the version before", cause="model version",
              rule="old_version_rate", needs=("two versions",), function=model_faults.old_model_answers),
        Fault(name="model not pushed", says="the version before answers everything again", cause="model version",
              rule="old_version_rate", needs=("two versions",), function=model_faults.model_not_pushed),
        Fault(name="old hyper-parameters", says="scores are higher by 0.8 in log-odds under the same version", cause="prediction shift",
              also=("model version",), rule="unexplained_score_shift", needs=("score",), function=model_faults.score_shifted),
        Fault(name="covariate shift", says="large values of a numeric feature are more frequent", cause="covariate shift",
              rule="drift_evidence", needs=("numeric",), function=model_faults.covariate_shift),
        Fault(name="concept drift", says="a third of the outcomes turn around where a numeric feature is large", cause="concept drift",
              rule="concept_drift", needs=("numeric", "outcome"), function=model_faults.concept_drift),
        Fault(name="prior shift", says="the rarer outcome is more frequent", cause="prior shift", rule="base_rate_change",
              needs=("outcome",), function=model_faults.prior_shift),
    )
}  # fmt: skip
"""Every fault by its name."""


def plant(
    name: str, log: Log, roles: Columns, *, since: np.datetime64, rng: np.random.Generator, column: str | None = None,
    features: tuple[str, ...] | None = None, favorable: Value | None = 1,
) -> Log:  # fmt: skip
    """The log with a fault from `since` on; what is given is not changed.

    Parameters
    ----------
    log
        The user's column name -> values, all of one length, in the order of time; numbers miss as NaN, anything else as None.
    column
        The feature to act on, for faults about one; by default the first that fits.
    features
        Columns that are features; by default those without a role.
    favorable
        The outcome that benefits the person, as the log writes it.

    Raises
    ------
    UsageError
        There is no such fault.
    CandorError
        The log lacks what the fault acts on.
    """
    fault = find(name)
    scene = scene_of(log, roles, since=since, rng=rng, column=column, features=features, favorable=favorable)
    lacking = fault.lacking(log, scene)
    if lacking is not None:
        raise CandorError(f'the fault "{name}" cannot be planted: the log has no {lacking}')
    return fault.function(log, scene) if scene.after.any() else dict(log)


def find(name: str) -> Fault:
    """The fault of that name.

    Raises
    ------
    UsageError
        There is none; the sentence names the nearest.
    """
    if name not in FAULTS:
        raise UsageError(f'there is no fault "{name}"; {nearest(name, FAULTS)}')
    return FAULTS[name]


def possible(log: Log, roles: Columns, *, features: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Names of the faults that the log has everything for."""
    import numpy as np

    scene = scene_of(log, roles, since=np.datetime64("1970-01-01"), rng=np.random.default_rng(0), features=features)
    return tuple(name for name, fault in FAULTS.items() if fault.lacking(log, scene) is None)


def scene_of(
    log: Log, roles: Columns, *, since: np.datetime64, rng: np.random.Generator, column: str | None = None,
    features: tuple[str, ...] | None = None, favorable: Value | None = 1,
) -> Scene:  # fmt: skip
    """Where a fault acts: rows from `since` on (all rows of a log without a clock), and the features that fit."""
    import numpy as np

    taken = set(roles.named().values())
    chosen = tuple(name for name in (features if features is not None else log) if name in log and name not in taken)
    ranked = [column, *(name for name in chosen if name != column)] if column in log else list(chosen)
    numbers = [name for name in ranked if name is not None and is_numeric(log[name])]
    texts = [name for name in ranked if name is not None and log[name].dtype.kind in "OU"]
    size = len(next(iter(log.values()), np.zeros(0)))
    time = log[roles.time].astype("datetime64[us]") if roles.time in log else None
    return Scene(
        roles=roles, since=since.astype("datetime64[us]"), rng=rng, numeric=next(iter(numbers), None),
        second=numbers[1] if len(numbers) > 1 else None, text=next(iter(texts), None), features=chosen, favorable=favorable,
        after=np.ones(size, dtype=bool) if time is None else time >= since.astype("datetime64[us]"),
    )  # fmt: skip


def arrived(log: Log, roles: Columns, now: np.datetime64) -> Log:
    """What of a log is known at a moment: rows made before it, and of their outcomes those that were known before it."""
    import numpy as np

    from connectors.simulated.planting import changed, kept

    moment = now.astype("datetime64[us]")
    found = kept(log, log[roles.time].astype("datetime64[us]") <= moment) if roles.time in log else dict(log)
    if roles.outcome_time not in found or roles.outcome not in found:
        return found
    assert roles.outcome is not None
    assert roles.outcome_time is not None
    later = ~(found[roles.outcome_time].astype("datetime64[us]") <= moment)
    empty: Any = np.nan if found[roles.outcome].dtype.kind in "iufb" else None
    found = changed(found, roles.outcome, later, np.asarray([empty]))
    never = np.asarray([np.datetime64("NaT", "us")]).astype(found[roles.outcome_time].dtype)
    return changed(found, roles.outcome_time, later, never)


def plant_in_table(name: str, table: pa.Table, model: ModelConfig, *, seed: int, since: np.datetime64 | None = None) -> pa.Table:
    """An Arrow table of a model's rows with a fault, planted from `since` on, or in all rows.

    Columns keep their types where the fault leaves them one; a column of numbers and texts becomes text.

    Raises
    ------
    UsageError
        There is no such fault.
    CandorError
        The log lacks what the fault acts on.
    """
    import numpy as np
    import pyarrow as pa

    log = {column: _values(table.column(column)) for column in table.column_names}
    aside = {*model.attributes, *model.segments, *(name for name in table.column_names if name.startswith("candor:"))}
    features = model.features if model.features is not None else tuple(name for name in table.column_names if name not in aside)
    start = since if since is not None else np.datetime64("1677-09-22")
    found = plant(name, log, model.columns, since=start, rng=np.random.default_rng(seed), features=features, favorable=model.favorable)
    made = {}
    for column, values in found.items():
        kind = table.schema.field(column).type
        try:
            made[column] = pa.array(values, kind, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            made[column] = _as_found(values)
    return pa.table(made)


def _values(column: Any) -> Any:
    """An Arrow column as NumPy: whole numbers that miss become floats, texts and booleans objects."""
    import numpy as np
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_timestamp(kind):
        plain = column.to_numpy()
        return plain.astype("datetime64[us]") if kinds.is_timestamp(kind) else plain
    return np.asarray(column.to_pylist(), dtype=object)


def _as_found(values: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None or value != value else str(value) for value in values.tolist()], pa.string())
