"""Explaining predictions of one model one after another: rows, the opened model and finished answers are kept from one to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from audits.evidence import Evidence
from audits.explanation import Explanation, Prediction
from audits.probes.cut_off import NoCutOff
from audits.probes.ground import ROWS, Ground, cut_off_of, lay, moment, outcome_of
from audits.probes.model_rows import ModelRows, one_row
from audits.probes.one_asked import Asked, about_label
from audits.probes.one_prediction import explained
from audits.probes.rows import features
from audits.probes.scorer import SURROGATE, Scorer, about, releases, stored, target_of
from audits.standing import data_fingerprint, standing
from connectors.config import Config
from connectors.declared_check import check_declared
from connectors.errors import CandorError, UsageError, nearest
from connectors.schema import OWN_PREFIX, columns_of, table
from connectors.warehouse import LOCK_SECONDS, Warehouse, open_warehouse

SECONDS = 10.0
KEPT = 64
"""Finished explanations that are kept."""
NO_RELEASE = 'there is no model file for version "{version}"; name it in [models.{model}.model] under versions'
UNKNOWN = 'model "{model}": no prediction has the id "{id}"; {nearest}'
NO_VERSIONS = "the log does not say which version answered; leave it out"
OTHER_VERSION = 'model "{model}": the id "{id}" was not logged by version "{version}"; {nearest}'


class Explainer:
    """One model of a configuration; may be asked from several threads, one at a time.

    The warehouse is open for reading while rows are read, never while the model is asked.
    """

    def __init__(self, config: Config, name: str, *, rows: int = ROWS, progress: Callable[[str], None] = lambda _: None) -> None:
        self._config, self._model, self._rows, self._progress = config, config.model(name), rows, progress
        self._lock = threading.Lock()
        self._opened: dict[str | None, tuple[ExitStack, Scorer, object]] = {}
        self._grounds: dict[tuple[str, tuple[str, ...]], Ground] = {}
        self._held: dict[object, Explanation] = {}

    def close(self) -> None:
        """Let go of the model."""
        with self._lock:
            for version in list(self._opened):
                self._drop(version)

    def __enter__(self) -> Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def explain(
        self, id: str, *, version: str | None = None, seconds: float = SECONDS, patience: float = LOCK_SECONDS
    ) -> Explanation:  # fmt: skip
        """One prediction explained, or what was said of it before while rows, model and settings are the same.

        Parameters
        ----------
        version
            Which of the versions that logged this id; None for the newest.
        seconds
            What taking the answer apart and looking for counterfactuals may take, each.
        patience
            How long to wait for a warehouse that another process holds.

        Raises
        ------
        UsageError
            No prediction has this id, or not of this version, or a declared column is not in the log; the sentence names the nearest.
        CandorError
            The model has not been audited, or the warehouse is held by another process.
        """
        with self._lock:
            asked, key, release = self._read(id, version, seconds, patience)
            if key in self._held:
                return self._held[key]
            found = explained(asked)
            if asked.broken and release in self._opened:
                self._drop(release)  # the next one finds a process of its own
            elif not any(part.reason.startswith("it failed") for part in found.absent):
                self._held[key] = found
                while len(self._held) > KEPT:
                    self._held.pop(next(iter(self._held)))
            return found

    def _read(self, id: str, version: str | None, seconds: float, patience: float) -> tuple[Asked, object, str | None]:
        """Everything that the warehouse has to say; it is closed when this returns."""
        model = self._model
        with open_warehouse(self._config.warehouse, write=False, patience=patience) as warehouse:
            evidence = standing(warehouse, model)
            held = columns_of(warehouse.connection, model.name, "predictions")
            check_declared(model, {name: kind for name, kind in held.items() if not name.startswith(OWN_PREFIX)}, str(self._config.path))
            data = data_fingerprint(warehouse, evidence)
            rows, place, versions = self._row(warehouse, evidence, id, version)
            release, broken, scorer = self._scorer(warehouse, evidence, versions[place])
            names = scorer.names if scorer is not None else features(evidence.bins, model)
            laid = (data, names)
            if laid not in self._grounds:
                self._progress(f"{model.name}: reading past predictions")
                self._grounds = {key: held for key, held in self._grounds.items() if key[0] == data}
                self._grounds[laid] = lay(warehouse, model, evidence, names, rows=self._rows)
            outcome = outcome_of(warehouse, model.name, rows.key[place])
        ground = self._grounds[laid]
        row = rows.table.slice(place, 1)
        about = self._about(rows, place, versions, scorer, evidence, outcome)
        turn: Any
        try:
            turn = cut_off_of(ground, model, evidence, scorer, versions[place])
        except (NoCutOff, CandorError) as error:
            turn = str(error)
        asked = Asked(
            model=model, evidence=evidence, ground=ground, row=row, unit=_unit(rows, place, model.columns.unit), about=about,
            scorer=None if scorer is None else about_label(scorer, about.label), broken=broken, turn=turn, data=data,
            seconds=seconds, progress=lambda text: self._progress(f"{model.name}: {text}"),
        )  # fmt: skip
        print_of = None if scorer is None else scorer.fingerprint
        return asked, (data, print_of, str(rows.key[place]), versions[place], seconds), release

    def _row(
        self, warehouse: Warehouse, evidence: Evidence, id: str, version: str | None
    ) -> tuple[ModelRows, int, list[str | None]]:  # fmt: skip
        """Every row logged under the id with all its columns, the position of the one that is meant, and the version of each."""
        rows = one_row(warehouse, self._model, evidence, id, extra=stored(warehouse, self._model))
        if not len(rows):
            raise UsageError(UNKNOWN.format(model=self._model.name, id=id, nearest=_nearest(warehouse, self._model.name, id)))
        partitions = (evidence.tally if rows.side == "analysed" else evidence.reference_tally).partitions
        rows = rows.where(np.argsort([partitions[place].bucket for place in rows.partition.tolist()], kind="stable"))
        versions = [partitions[place].version for place in rows.partition.tolist()]
        if version is None:
            return rows, len(rows) - 1, versions
        if version not in versions:
            known = [each for each in versions if each is not None]
            told = nearest(version, known) if known else NO_VERSIONS
            raise UsageError(OTHER_VERSION.format(model=self._model.name, id=id, version=version, nearest=told))
        return rows, versions.index(version), versions

    def _scorer(self, warehouse: Warehouse, evidence: Evidence, version: str | None) -> tuple[str | None, str, Scorer | None]:
        """The release that answers for a version, why there is none, and what to ask."""
        file = self._model.model
        try:
            if file is None or file.format == SURROGATE:
                return self._surrogate(warehouse, evidence, version)
            known = releases(self._model)
            release = version if version in known else None
            if release is None and None not in known and version is not None:
                return None, NO_RELEASE.format(version=version, model=self._model.name), None
            release = release if release in known else known[0]
            path = file.versions.get(release or "", file.path)
            stamp = None if path is None else written(path)
            if release in self._opened and self._opened[release][2] != stamp:
                self._drop(release)
            if release not in self._opened:
                from connectors.model import open_model

                self._progress(f"{self._model.name}: opening the model")
                stack = ExitStack()
                columns = features(evidence.bins, self._model)
                loaded = stack.enter_context(open_model(self._model, release, columns=columns, others=stored(warehouse, self._model)))
                target = target_of(self._model, evidence, loaded.classes)
                scorer = Scorer(kind="model", asked=loaded, version=release, target=target, about=about(self._model))
                self._opened[release] = (stack, scorer, stamp)
            return release, "", self._opened[release][1]
        except CandorError as error:
            return None, str(error), None

    def _surrogate(self, warehouse: Warehouse, evidence: Evidence, version: str | None) -> tuple[str | None, str, Scorer | None]:
        from audits.probes.surrogate import surrogates

        stamp = data_fingerprint(warehouse, evidence)
        if version not in self._opened or self._opened[version][2] != stamp:
            found = surrogates(warehouse, self._model, evidence, progress=self._progress)
            chosen = next((each for each in found if each.version in (version, None)), None)
            if chosen is None:
                raise CandorError(f'there is no surrogate for version "{version}"')
            self._opened[version] = (ExitStack(), chosen, stamp)
        return version, "", self._opened[version][1]

    def _drop(self, release: str | None) -> None:
        stack, _, _ = self._opened.pop(release)
        stack.close()

    def _about(
        self, rows: ModelRows, place: int, versions: list[str | None], scorer: Scorer | None, evidence: Evidence, outcome: str | None
    ) -> Prediction:  # fmt: skip
        """What the log says of the prediction."""
        model = self._model
        label = _label(rows, place, scorer, evidence) if model.task == "multiclass" else None
        score = rows.score[place]
        if rows.score.ndim == 2:
            score = score[evidence.classes.index(label)] if label in evidence.classes else np.nan
        decided, known = (_favorable(codes[place], model.task, model.favorable, evidence) for codes in (rows.decision, rows.outcome))
        column = model.columns.decision
        logged = rows.table.column(column)[place].as_py() if column is not None and column in rows.table.column_names else None
        return Prediction(
            id=str(rows.key[place]), version=versions[place], versions=tuple(each for each in versions if each is not None),
            at=moment(float(rows.time[place])), score=float(score) if np.isfinite(score) else None,
            decision=None if logged is None or model.task == "regression" else str(logged), favorable=decided, outcome=outcome,
            outcome_favorable=known, label=label,
        )  # fmt: skip


def written(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What shows that a model's file was written anew: names, times and sizes, of a folder those of all that is in it."""
    found = [each for each in (path, *sorted(path.rglob("*"))) if each.is_file()]
    return tuple((str(each), each.stat().st_mtime_ns, each.stat().st_size) for each in found)


def _label(rows: ModelRows, place: int, scorer: Scorer | None, evidence: Evidence) -> str | None:
    """Of several classes the favorable one; where none is declared the one decided for, else the one that scores highest."""
    favorable = evidence.model.favorable
    if favorable is not None:
        return str(favorable)
    code = rows.decision[place]
    if np.isfinite(code) and code >= 0:
        return evidence.classes[int(code)]
    if rows.score.ndim == 2 and np.isfinite(rows.score[place]).any():
        return evidence.classes[int(np.nanargmax(rows.score[place]))]
    return None if scorer is None else scorer.target


def _favorable(code: float, task: str, favorable: object, evidence: Evidence) -> bool | None:
    if task == "regression" or not np.isfinite(code):
        return None
    if task != "multiclass":
        return bool(code == 1)
    return None if favorable is None else bool(code >= 0 and evidence.classes[int(code)] == str(favorable))


def _unit(rows: ModelRows, place: int, column: str | None) -> object:
    if column is None or column not in rows.table.column_names:
        return rows.key[place]
    return rows.table.column(column).cast("string")[place].as_py()


def _nearest(warehouse: Warehouse, model: str, id: str) -> str:
    """The end of the sentence about an id that nobody has."""
    sql = f"""SELECT id, levenshtein(id, $1) FROM (SELECT CAST("candor:key" AS VARCHAR) AS id FROM {table(model, "predictions")})
    ORDER BY levenshtein(id, $1), jaro_winkler_similarity(id, $1) DESC, id LIMIT 1"""
    found = warehouse.connection.execute(sql, [id[:200]]).fetchall()
    if not found:
        return "there are none"
    near = 2 * int(found[0][1]) <= len(id)  # half of it is right, else it is no slip of the pen
    return f'the nearest is "{found[0][0]}"' if near else "none is like it"
