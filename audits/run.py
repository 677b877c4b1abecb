"""One audit from warehouse to record: gather evidence, measure, judge, store, publish."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audits.asked_window import split_window
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import AuditRun
from audits.policy import Entries, body, changes, fingerprint, thresholds
from audits.provenance import code_revision, combined, content, numbers
from audits.registry import check_policy
from connectors.actions import events
from connectors.config import Config, ModelConfig
from connectors.config_values import written
from connectors.errors import CandorError, UsageError, nearest

if TYPE_CHECKING:
    from connectors.warehouse import Warehouse

FORMAT = 1
KEPT_RUNS = 20


def silent(_: str) -> None:
    """Progress that nobody watches."""


def audit(
    config: Config, models: Sequence[str] | None = None, *, window: str | None = None, refreeze: bool = False,
    probes: Sequence[str] = (), rows: int | None = None, progress: Callable[[str], None] = silent,
    told: Callable[[str, CandorError], None] | None = None,
) -> AuditRun:  # fmt: skip
    """Audit models (all by default), store the run and publish it.

    Parameters
    ----------
    window
        Another window length ("1h", "1d", "1w", "1mo", "5000 rows"), or one window to report: a time in it ("2026-03-01",
        "2026-03-01T06:00") or, for a log without a clock, a row in it ("row 12000").
    refreeze
        Freeze bins anew on the reference.
    probes, rows
        Read rows for what counts cannot say, by option (`audits.what_if.PROBES`), at most so many rows a probe; what the configuration
        wants with every audit comes besides.
    told
        Given a model that cannot be audited and why; the others go on. Without it, and where none can be, the error is raised.

    Raises
    ------
    UsageError
        A model, a window or a measure of a policy does not exist.
    CandorError
        The warehouse holds no prediction of a model, is held by another process or cannot be written.
    """
    from audits import record
    from connectors.layout import check_identity
    from connectors.published import publish
    from connectors.validate import check_stored
    from connectors.warehouse import open_warehouse

    chosen = [config.model(name) for name in (models or config.models)]
    policies: dict[str, dict[str, Entries]] = {}
    length, only = split_window(window)
    if told is None:  # a slip in the file is found before anything is read
        for model in chosen:
            check_policy(model.name, model.policy)
    if not config.warehouse.path.exists():
        raise CandorError(f'{config.warehouse.path}: there is no warehouse yet; run "candor ingest" first')
    with open_warehouse(config.warehouse) as warehouse:
        runs, named, data, bins = [], {}, {}, {}
        broken: list[CandorError] = []
        for model in chosen:
            try:
                check_policy(model.name, model.policy)
                policies[model.name] = thresholds(model)
                check_identity(warehouse.connection, model, str(config.path))
                check_stored(warehouse.connection, model, str(config.path))
                evidence = evidence_for(
                    warehouse, config, model, window=length, refreeze=refreeze, probes=probes, rows=rows, progress=progress
                )
            except CandorError as error:
                if told is None:
                    raise
                told(model.name, error)
                broken.append(error)
                continue
            card = card_of(evidence, length or window_in_force(warehouse, evidence.model), ingested(warehouse, model))
            found = examine(evidence, policies[model.name], card=card, only=only)
            runs.append(found)
            named[model.name] = numbers(evidence)
            data[model.name], bins[model.name] = content(evidence), evidence.bins.fingerprint
        if broken and not runs:
            raise broken[0]
        policies = {each.model: policies[each.model] for each in runs}
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


def evidence_for(
    warehouse: Warehouse, config: Config, model: ModelConfig, *, window: str | None, refreeze: bool, probes: Sequence[str],
    rows: int | None, progress: Callable[[str], None],
) -> Evidence:  # fmt: skip
    """All that the audits of one model may know, checked against what the configuration asks for."""
    from audits.gather import gather
    from audits.what_if import run_probes, wanted, with_probes

    evidence = gather(warehouse, model, window=window, refreeze=refreeze, progress=progress)
    check_reference(evidence, str(config.path))
    check_groups(evidence, str(config.path))
    happened = tuple(each for each in events(config, model.name) if each.kind == "release")
    evidence = replace(with_probes(warehouse, evidence), ledger=replace(evidence.ledger, releases=happened))
    names = wanted(model, probes)
    if names:
        evidence = run_probes(warehouse, evidence, names, rows=rows, progress=progress)
    progress(f"{model.name}: measuring {evidence.coverage.analysed:,} predictions in {len(evidence.windows) - 1:,} windows")
    if evidence.units:
        progress(f'{model.name}: each figure again without each of {evidence.units} groups of "{model.columns.unit}"')
    return evidence


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
        "freshness": evidence.freshness, "ingested": loaded,
        "label_delay": None if model.label_delay is None else written(model.label_delay),
    }  # fmt: skip


def window_in_force(warehouse: Warehouse, model: ModelConfig) -> str:
    """The window length that the model is audited by."""
    from connectors.layout import resolve_window

    return resolve_window(warehouse, model)


def ingested(warehouse: Warehouse, model: ModelConfig) -> dt.datetime | None:
    """When rows of the model were last taken in."""
    found = warehouse.connection.execute("SELECT max(committed) FROM candor.ledger WHERE model = ?", [model.name]).fetchall()
    when: dt.datetime | None = found[0][0]
    return when
