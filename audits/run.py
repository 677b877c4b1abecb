"""One audit from warehouse to record: gather evidence, measure, judge, store, publish."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audits import gaps
from audits.audit import Audit, missing
from audits.evidence import Evidence
from audits.finding import AuditRun, Failure, Measurement, ModelRun, Threshold
from audits.jackknife import Asked, able, jackknifed
from audits.judgement import findings_table
from audits.performance.maturity import immature
from audits.policy import Entries, body, changes, fingerprint, thresholds
from audits.provenance import code_revision, combined, content, numbers
from audits.registry import AUDITS, GROUPS, check_policy
from audits.window import Window
from connectors.config import Config, ModelConfig
from connectors.errors import CandorError, UsageError, nearest

if TYPE_CHECKING:
    from connectors.warehouse import Warehouse

FORMAT = 1
KEPT_RUNS = 20
CALENDAR = ("1h", "1d", "1w", "1mo")


def silent(_: str) -> None:
    """Progress that nobody watches."""

POOLED = '"{name}" has too many levels to compare all: the {n} most frequent are told apart, the rest is shown together as "(other)"'
AS_ROWS = 'these take rows that share one "{unit}" as independent, so their intervals may be too narrow: {names}'
NOT_RUN = "not run: candor audit --what-if"
WHAT_IF = {
    "reductions_frontier": "reductions", "weak_spot_by_features": "weak_spots", "weak_spot_by_features_log_loss": "weak_spots",
    "weak_spot_by_features_absolute_error": "weak_spots",
}  # fmt: skip
"""Measures that rest on rows read by `candor audit --what-if`, and the probe that reads them."""

ABOUT_FAVORABLE = frozenset({
    "selection_rate", "base_rate", "impact_ratio", "demographic_parity_difference", "demographic_parity_ratio", "odds_ratio",
    "standardized_mean_difference",
})  # fmt: skip
"""Measures about the favorable value: where a class of several is favorable, they are also reported without naming a class, and judged."""

COMPARED = frozenset({
    *(found.name for found in GROUPS["drift"]), *(name for name in gaps.NAMES if name.endswith(gaps.CHANGE)), "unseen_category_rate",
    "out_of_range_rate",
})  # fmt: skip
"""Measures that hold what is seen against the reference."""

HANDLE_UNITS = frozenset({"weak_spot", "weak_spot_log_loss", "weak_spot_absolute_error"})
"""Measures that know how to treat repeated units themselves."""


def audit(
    config: Config, models: Sequence[str] | None = None, *, window: str | None = None, refreeze: bool = False,
    what_if: bool = False, rows: int | None = None, progress: Callable[[str], None] = silent,
) -> AuditRun:  # fmt: skip
    """Audit models (all by default), store the run and publish it.

    Parameters
    ----------
    window
        Another window length ("1h", "1d", "1w", "1mo", "5000 rows"), or one window to report: a time in it ("2026-03-01",
        "2026-03-01T06:00") or, for a log without a clock, a row in it ("row 12000").
    refreeze
        Freeze bins anew on the reference.
    what_if, rows
        Read rows for what counts cannot say (alternatives to the model, weak spots over features), at most so many of them a probe.

    Raises
    ------
    UsageError
        A model, a window or a measure of a policy does not exist.
    CandorError
        The warehouse holds no prediction of a model, is held by another process or cannot be written.
    """
    from audits import record
    from audits.gather import gather
    from audits.what_if import run_probes, with_probes
    from connectors.layout import check_identity
    from connectors.published import publish
    from connectors.validate import check_stored
    from connectors.warehouse import open_warehouse

    chosen = [config.model(name) for name in (models or config.models)]
    policies = {model.name: thresholds(model) for model in chosen}
    for model in chosen:
        check_policy(model.name, model.policy)
    length, only = split_window(window)
    if not config.warehouse.path.exists():
        raise CandorError(f'{config.warehouse.path}: there is no warehouse yet; run "candor ingest" first')
    with open_warehouse(config.warehouse) as warehouse:
        for model in chosen:
            check_identity(warehouse.connection, model, str(config.path))
            check_stored(warehouse.connection, model, str(config.path))
        runs, named, data, bins = [], {}, {}, {}
        for model in chosen:
            evidence = gather(warehouse, model, window=length, refreeze=refreeze, progress=progress)
            check_reference(evidence, str(config.path))
            check_groups(evidence, str(config.path))
            evidence = with_probes(warehouse, evidence)
            if what_if:
                evidence = run_probes(warehouse, evidence, rows=rows, progress=progress)
            progress(f"{model.name}: measuring {evidence.coverage.analysed:,} predictions in {len(evidence.windows) - 1:,} windows")
            if evidence.units:
                progress(f'{model.name}: each figure again without each of {evidence.units} groups of "{model.columns.unit}"')
            card = card_of(evidence, length or window_in_force(warehouse, evidence.model), ingested(warehouse, model))
            runs.append(examine(evidence, policies[model.name], card=card, only=only))
            named[model.name] = numbers(evidence)
            data[model.name], bins[model.name] = content(evidence), evidence.bins.fingerprint
        created = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        before = {name: record.last_policy(warehouse, name) for name in policies}
        run = AuditRun(
            id=f"{created:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", format=FORMAT, created=created, code_revision=code_revision(),
            policy=fingerprint(policies), data=combined(data), bins=combined(bins), runs=runs,
            policy_changes=[each for name, was in before.items() if was is not None for each in changes(name, was, policies[name])],
        )  # fmt: skip
        record.store(warehouse, run, named, keep=KEPT_RUNS, policies={name: body(found) for name, found in policies.items()})
        publish(warehouse, config)
    return run


def examine(
    evidence: Evidence, policy: Mapping[str, Threshold | Entries], *, card: Mapping[str, Any], audits: Iterable[Audit] | None = None,
    only: str | None = None,
) -> ModelRun:  # fmt: skip
    """Measure and judge one model: a pure function of its evidence.

    Audits are asked of the evidence, of a multiclass task once a class where they know two classes only; where rows repeat units, intervals
    are made again by leaving units out; then come the gaps between figures. An audit whose needs the log does not meet is listed once with
    the reason; one that raises becomes an error, and the rest go on.
    """
    chosen = [found for found in (AUDITS.values() if audits is None else audits) if suits(found, evidence.model.task)]
    place = None if only is None else position_of(evidence.windows, only)
    asked, failures = ask(evidence, [found for found in chosen if found.name not in gaps.NAMES])
    if evidence.units:
        asked, noted = by_units(evidence, asked)
        failures += noted
    measured = [block for each in asked for block in each.blocks]
    wanted = {found.name for found in chosen} & gaps.NAMES
    if wanted:
        try:
            measured += [block for block in gaps.derive(evidence, measured) if block.name in wanted]
        except Exception as error:  # noqa: BLE001  the figures themselves stand
            failures.append(Failure(name="gaps", reason=_broken(error), error=True))
    failures += [Failure(name=found.name, reason=POOLED.format(n=len(found.levels), name=found.name)) for found in evidence.bins.attributes]
    said = immature(evidence)
    notes = {found.name: said for found in chosen if "outcome" in found.needs} if any(said) else {}
    measured = measured if place is None else [_within(block, place) for block in measured]
    return ModelRun(
        model=evidence.model.name, task=evidence.model.task, card=card, reference=evidence.reference, coverage=evidence.coverage,
        findings=findings_table(evidence, measured, policy, notes, COMPARED, ABOUT_FAVORABLE - set(evidence.model.policy)), errors=failures,
    )  # fmt: skip


def suits(found: Audit, task: str) -> bool:
    """Whether an audit has something to say about a task: one that knows two classes is asked of each class of several."""
    return task in found.tasks or (task == "multiclass" and "binary" in found.tasks)


def ask(evidence: Evidence, chosen: Iterable[Audit]) -> tuple[list[Asked], list[Failure]]:
    """Ask each audit of what it can be asked of; what it cannot say is listed once, also where it is the same for every class."""
    asked: list[Asked] = []
    failures: list[Failure] = []
    views: dict[int | None, Evidence] = {None: evidence}
    for found in chosen:
        reasons: dict[str, list[str]] = {}
        places = _places(evidence, found)
        for place, column in places:
            if place not in views:
                views[place] = evidence.of_class(place or 0)
            outcome = _one(found, views[place])
            if isinstance(outcome, Failure):
                if outcome.error:
                    failures.append(outcome)
                    break
                reasons.setdefault(outcome.reason, []).append(evidence.classes[place] if place is not None else "")
                continue
            about = [block if column < 0 else replace(block, column=np.full(len(block), column, dtype=np.int64)) for block in outcome]
            asked.append(Asked(audit=found, place=place, column=column, blocks=about))
        for reason, labels in reasons.items():
            whom = "" if len(labels) == len(places) else f" (for {', '.join(labels[:5])})"
            failures.append(Failure(name=found.name, reason=reason + whom))
    return asked, failures


def _places(evidence: Evidence, found: Audit) -> list[tuple[int | None, int]]:
    """The views of the evidence that an audit is asked of, as the class in view and the position in `topics` that its figures get."""
    if evidence.model.task != "multiclass" or "multiclass" in found.tasks:
        return [(None, -1)]
    topics = evidence.topics
    places: list[tuple[int | None, int]] = [(k, topics.index(label)) for k, label in enumerate(evidence.classes)]
    favorable = None if evidence.model.favorable is None else str(evidence.model.favorable)
    if favorable in evidence.classes and found.name in ABOUT_FAVORABLE:
        places.insert(0, (evidence.classes.index(favorable), -1))
    return places


def _one(found: Audit, seen: Evidence) -> list[Measurement] | Failure:
    """What one audit says of one view, or why it says nothing."""
    try:
        why = next((reason for reason in (missing(seen, need) for need in found.needs) if reason), None)
        if why is not None:
            return Failure(name=found.name, reason=why)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            blocks = list(found(seen))
    except Exception as error:  # noqa: BLE001  one broken measure must not take the others down
        return Failure(name=found.name, reason=_broken(error), error=True)
    if not any(len(block) for block in blocks):
        probe = WHAT_IF.get(found.name)
        not_run = probe is not None and probe not in seen.probes
        return Failure(name=found.name, reason=NOT_RUN if not_run else "the log holds nothing to measure it on")
    return blocks


def _broken(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def by_units(evidence: Evidence, asked: Sequence[Asked]) -> tuple[list[Asked], list[Failure]]:
    """Intervals that respect repeated units, where the groups of units are known; one note names the measures where they are not."""
    families: dict[str, list[str]] = {}
    for family, members in GROUPS.items():
        for member in members:
            families.setdefault(member.name, []).append(family)
    chosen = [each for each in asked if able(each.audit, families.get(each.audit.name, ()))]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        done = dict(zip(map(id, chosen), jackknifed(evidence, chosen), strict=True))
    found = [done.get(id(each), each) for each in asked]
    rest = {each.audit.name for each in asked if id(each) not in done} - HANDLE_UNITS
    shown = [name for name in ("drift", "quality", "estimated") if any(member.name in rest for member in GROUPS.get(name, ()))]
    listed = {member.name for name in shown for member in GROUPS[name]}
    shown += sorted(rest - listed)
    if not shown:
        return found, []
    return found, [Failure(name="unit", reason=AS_ROWS.format(unit=evidence.model.columns.unit, names=", ".join(shown)))]


def check_reference(evidence: Evidence, where: str) -> None:
    """Refuse a reference that the configuration asks for and no row belongs to: drift would be judged against something else.

    Raises
    ------
    UsageError
        No row lies before `until`, none is of `version`, or the sources with rows = "reference" brought none.
    """
    model, given = evidence.model, evidence.model.reference
    if evidence.reference.kind != "first window":
        return
    if given is not None and given.until is not None:
        found = f"no row lies before it: the log begins at {evidence.windows[0].start:%Y-%m-%d}"
        raise UsageError(f"{where}: models.{model.name}.reference.until is {given.until:%Y-%m-%d %H:%M}, but {found}")
    if given is not None and given.version is not None:
        known = sorted({str(partition.version) for partition in evidence.tally.partitions})
        raise UsageError(
            f'{where}: models.{model.name}.reference.version is "{given.version}", which no row has; {nearest(given.version, known)}'
        )
    named = [source.name for source in model.sources if source.rows == "reference"]
    if named:
        raise UsageError(f'{where}: models.{model.name}: the reference source "{named[0]}" has brought no rows; see "candor ingest"')


def check_groups(evidence: Evidence, where: str) -> None:
    """Refuse a comparison group that the log does not have.

    Raises
    ------
    UsageError
        The sentence names the key and the nearest level.
    """
    for position, each in enumerate(evidence.model.protected):
        if each.reference is None or each.probabilities is not None or each.column not in evidence.attributes:
            continue
        levels = [evidence.slices[place].levels[0][1] for place in evidence.known_groups(each.column).tolist()]
        if levels and each.reference not in levels:
            raise UsageError(
                f'{where}: models.{evidence.model.name}.protected[{position}].reference is "{each.reference}", which no row has in'
                f' "{each.column}"; {nearest(each.reference, levels)}'
            )


def _within(block: Measurement, window: int) -> Measurement:
    """The part of a block that is about one window."""
    kept = np.flatnonzero(block.window == window)
    arrays = ("window", "version", "slice", "reference_slice", "attribute", "column", "value", "low", "high", "n", "method", "p_value")
    tables = {new: block.tables[int(old)] for new, old in enumerate(kept) if int(old) in block.tables}
    people = None if block.people is None else (block.people[0][kept], block.people[1][kept], block.people[2][kept])
    return replace(
        block, **{name: getattr(block, name)[kept] for name in (*arrays, "reason")}, tables=tables, people=people,
        q_value=None if block.q_value is None else block.q_value[kept],
    )  # fmt: skip


def split_window(given: str | None) -> tuple[str | None, str | None]:
    """What "--window" asks for: a window length, or one window to report.

    >>> split_window("1w"), split_window("2026-03-01")
    (('1w', None), (None, '2026-03-01'))
    """
    if given is None:
        return None, None
    words = given.split()
    if given in CALENDAR or (len(words) == 2 and words[1] == "rows" and words[0].isdigit() and int(words[0]) > 0):
        return given, None
    if _moment(given) is None and _row(given) is None:
        raise UsageError(
            f'--window "{given}" is neither a length (1h, 1d, 1w, 1mo, "5000 rows") nor one window '
            '(2026-03-01, 2026-03-01T06:00, "row 12000")'
        )
    return None, given


def position_of(windows: Sequence[Window], wanted: str) -> int:
    """The window that a time or a row falls into.

    Raises
    ------
    UsageError
        The log has no such window.
    """
    moment, row = _moment(wanted), _row(wanted)
    for position, window in enumerate(windows[1:], start=1):
        if moment is not None and window.start is not None and window.end is not None and window.start <= moment < window.end:
            return position
        if row is not None and window.first_row is not None and window.last_row is not None and window.first_row <= row <= window.last_row:
            return position
    first, last = windows[0], windows[-1]
    if first.start is None:
        raise UsageError(f'no window holds "{wanted}": the log runs from row 0 to row {last.last_row}; write "row N"')
    raise UsageError(f'no window holds "{wanted}": the log runs from {first.start:%Y-%m-%d} to {last.end:%Y-%m-%d}')


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        return None
    return found.astimezone(dt.UTC).replace(tzinfo=None) if found.tzinfo is not None else found


def _row(text: str) -> int | None:
    words = text.split()
    return int(words[1]) if len(words) == 2 and words[0] == "row" and words[1].isdigit() else None


def card_of(evidence: Evidence, window: str, loaded: dt.datetime | None) -> dict[str, Any]:
    """The model's row of the published `models` table, as far as the run does not say it elsewhere."""
    model = evidence.model
    roles = model.columns.named()
    taken = {roles.get("score"), roles.get("latency_ms")}
    return {
        "model": model.name, "task": model.task, "title": model.title, "environment": model.environment, "owner": model.owner,
        "runbook": model.runbook, "window": window,
        "favorable": None if model.favorable is None else str(model.favorable),
        "positive": None if model.positive is None else str(model.positive),
        "attributes": json.dumps([name for name in model.attributes if name in evidence.attributes], ensure_ascii=False),
        "segments": json.dumps(list(model.segments), ensure_ascii=False),
        "features": sum(column.name not in taken for column in evidence.bins.columns),
        "freshness": evidence.freshness, "label_delay": duration(model.label_delay), "ingested": loaded,
    }  # fmt: skip


def duration(delay: dt.timedelta | None) -> str | None:
    """A delay as the configuration writes it.

    >>> duration(dt.timedelta(days=14)), duration(dt.timedelta(hours=36))
    ('14d', '36h')
    """
    if delay is None:
        return None
    minutes = round(delay.total_seconds() / 60)
    unit, size = next((u, s) for u, s in (("d", 1440), ("h", 60), ("m", 1)) if minutes % s == 0)
    return f"{minutes // size}{unit}"


def window_in_force(warehouse: Warehouse, model: ModelConfig) -> str:
    """The window length that the model is audited by."""
    from connectors.layout import resolve_window

    return resolve_window(warehouse, model)


def ingested(warehouse: Warehouse, model: ModelConfig) -> dt.datetime | None:
    """When rows of the model were last taken in."""
    found = warehouse.connection.execute("SELECT max(committed) FROM candor.ledger WHERE model = ?", [model.name]).fetchall()
    when: dt.datetime | None = found[0][0]
    return when
