"""A model's decisions about rows of the log: the scorer, the rows it is asked about, and the score at which its decision turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.cut_off import CutOff, NoCutOff, learn
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.scorer import NoScorer, Scorer, scorers
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 20_000
"""Rows that a model is asked about at once: few calls, and none of them long."""
FIRST = 100
"""Rows that are asked about before the model's pace is known."""
LEARNED = 2_000
"""Rows that a cut-off is learned from at least, where the log has them."""
NO_DECISION = "a regression takes no decision that could turn"
UNDECIDED = "no prediction carries a decision"
UNANSWERED = "the model gives a number for none of the {n:,} predictions that it was asked about"


class OutOfTime(Exception):
    """The deadline has passed."""


@dataclass(kw_only=True)
class Decider:
    """One release's decisions about its rows, with what it was asked so far.

    Parameters
    ----------
    logged
        The decisions of the log: 1 favorable, 0 not, or the place of the class among the model's; NaN unknown.
    answers, decided
        Of the rows as logged: what the model says today, and the decision that follows; NaN where it does not answer.
    pace
        Seconds that one question took, of many asked at once.
    deadline
        The time (`time.monotonic`) after which nothing more is asked.
    """

    scorer: Scorer
    rows: ModelRows
    logged: Floats
    cut_off: CutOff
    answers: Floats
    decided: Floats
    pace: float = 0.0
    deadline: float = np.inf
    queries: int = 0
    calls: int = 0

    def ask(self, table: pa.Table) -> Floats:
        """The model's answers about rows.

        Raises
        ------
        OutOfTime
            The deadline has passed: at most one call of `CHUNK` rows runs over it.
        CandorError
            The model broke.
        """
        found = []
        for start in range(0, max(table.num_rows, 1), CHUNK):
            if time.monotonic() > self.deadline:
                raise OutOfTime
            part = table.slice(start, CHUNK)
            found.append(_asked(self.scorer, part))
            self.queries += part.num_rows
            self.calls += 1
        return np.concatenate(found)

    def decide(self, table: pa.Table) -> Floats:
        """The decisions that follow from the model's answers about rows: 1 favorable, 0 not, or a class; NaN without an answer."""
        return self.cut_off.decided(self.ask(table))

    def flipped(self, after: Floats) -> Floats:
        """[row] 1 where the decision is another than of the row as logged, else 0; NaN where either is unknown."""
        return np.where(np.isfinite(after) & np.isfinite(self.decided), after != self.decided, np.nan)

    def to_json(self) -> dict[str, Any]:
        """What is said of every model that was asked."""
        known = np.isfinite(self.logged) & np.isfinite(self.decided)
        return {
            "version": self.scorer.version, "kind": self.scorer.kind,
            "fidelity": None if self.scorer.fidelity is None else dict(self.scorer.fidelity), "cut_off": self.cut_off.to_json(),
            "rows": len(self.rows), "agreement": float((self.logged == self.decided)[known].mean()) if known.any() else None,
            "unanswered": int((~np.isfinite(self.decided)).sum()), "queries": self.queries, "calls": self.calls,
        }  # fmt: skip


@contextmanager
def deciders(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int, progress: Callable[[str], None], seconds: float = np.inf
) -> Iterator[tuple[list[Decider], list[dict[str, Any]]]]:
    """A decider for each release that answers; of each that does not, its version and the reason in one sentence.

    Rows are drawn once for all releases, so that each has its share of the log and pooled figures stand for the log; a release without a
    version gets the rows of all versions that have none of their own. A model that is missing or broken raises nothing: then there is no
    decider. A third of the seconds is for the decisions about the rows as logged: of a slow model there are then fewer rows.
    """
    with ExitStack() as stack:
        found: list[Decider] = []
        reasons: list[dict[str, Any]] = []
        try:
            if model.task == "regression":
                raise NoCutOff(NO_DECISION)
            opened = stack.enter_context(scorers(warehouse, model, evidence, progress=progress))
            wanted = list(dict.fromkeys(name for scorer in opened for name in scorer.names))
            held = read_rows(warehouse, model, evidence, rows=rows, extra=wanted)
        except (CandorError, NoCutOff) as error:
            reasons.append({"version": None, "reason": str(error)})
            opened = []
        versions = [scorer.version for scorer in opened]
        for place, (scorer, own) in enumerate(zip(opened, by_release(versions, evidence, held) if opened else (), strict=True)):
            try:
                more = partial(_more, warehouse, model, evidence, versions, place, scorer.names)
                found.append(decider(model, evidence, scorer, own, more, seconds=seconds / 3 * len(own) / max(len(held), 1)))
            except (CandorError, NoCutOff) as error:
                reasons.append({"version": scorer.version, "reason": str(error)})
        yield found, reasons


def fair_share(left: Sequence[Decider], end: float) -> float:
    """The seconds of the first of those that are left to be asked: its share of their rows, so that all are stopped at the same share."""
    return max(end - time.monotonic(), 0.0) * len(left[0].rows) / sum(len(one.rows) for one in left)


def _more(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, versions: Sequence[str | None], place: int, names: Sequence[str]
) -> ModelRows:
    """Enough rows of one release, and of no other, to learn its cut-off from."""
    held = read_rows(warehouse, model, evidence, rows=LEARNED, version=versions[place], extra=names)
    return by_release(versions, evidence, held)[place]


def by_release(releases: Sequence[str | None], evidence: Evidence, rows: ModelRows) -> list[ModelRows]:
    """Of rows of the analysed period those that each release is asked about, with how many there were; every row is of one release."""
    named = frozenset(version for version in releases if version is not None)
    found = []
    for release in releases:
        mine = np.asarray([answers_for(release, p.version, named) for p in evidence.tally.partitions], dtype=np.bool_)
        available = sum(p.rows for p, each in zip(evidence.tally.partitions, mine.tolist(), strict=True) if each)
        found.append(replace(rows.where(mine[rows.partition]), available=available))
    return found


def answers_for(release: str | None, version: str | None, named: frozenset[str]) -> bool:
    """Whether a release is asked about rows of a version, None being no version at all; `named` have releases of their own.

    >>> [answers_for(None, version, frozenset({"v1"})) for version in (None, "v1", "v2")], answers_for("v1", "v1", frozenset({"v1"}))
    ([True, False, True], True)
    """
    return version == release if release is not None else version not in named


def decider(
    model: ModelConfig, evidence: Evidence, scorer: Scorer, rows: ModelRows, more: Callable[[], ModelRows], *, seconds: float = np.inf
) -> Decider:
    """One release's decisions about the rows that it answers within the seconds; few rows learn the cut-off from `more` of them.

    Raises
    ------
    NoCutOff
        Nothing tells at which score the decision turns, or there are no rows.
    CandorError
        The model broke, or wants a column that the log does not have.
    """
    lacking = [name for name in scorer.names if name not in rows.table.column_names]
    if lacking:
        raise NoScorer(f'the model wants "{lacking[0]}", which the log does not have')
    if not len(rows):
        raise NoCutOff("none of the rows drawn is of this version")
    began = time.monotonic()
    answers = in_time(partial(_asked, scorer), rows.table, began + seconds)
    rows = rows if len(answers) == len(rows) else rows.where(np.arange(len(answers)))
    pace = (time.monotonic() - began) / len(rows)
    logged = _logged(model, evidence, scorer, rows, answers)
    favorable = scorer.classes.index(str(model.favorable)) if answers.ndim == 2 and str(model.favorable) in scorer.classes else -1
    learned, queries = (answers, logged), len(rows)
    if len(rows) < LEARNED:
        others = more()
        told = in_time(partial(_asked, scorer), others.table, time.monotonic() + seconds)
        queries += len(told)
        learned = (told, _logged(model, evidence, scorer, others.where(np.arange(len(told))), told))
    if not np.isfinite(learned[1]).any():
        raise NoCutOff(UNDECIDED)
    if not np.isfinite(learned[0]).any():
        raise NoCutOff(UNANSWERED.format(n=len(learned[0])))
    cut_off = learn(*learned, favorable=favorable)
    if model.task == "multiclass" and answers.ndim == 1 and scorer.target != str(model.favorable):
        cut_off = replace(cut_off, sided=False)
    return Decider(
        scorer=scorer, rows=rows, logged=logged, cut_off=cut_off, answers=answers, decided=cut_off.decided(answers), pace=pace,
        queries=queries, calls=-(-queries // CHUNK),
    )  # fmt: skip


def _logged(model: ModelConfig, evidence: Evidence, scorer: Scorer, rows: ModelRows, answers: Floats) -> Floats:
    """The decisions of the log as the model's answers are decided."""
    if answers.ndim == 2:
        return in_classes(scorer, evidence.classes, rows.decision)
    if model.task == "multiclass":  # one number a row, of one class: the decision is for that class, or not
        target = evidence.classes.index(scorer.target) if scorer.target in evidence.classes else -1
        return np.where(np.isfinite(rows.decision), rows.decision == target, np.nan)
    return rows.decision


def in_time(ask: Callable[[pa.Table], Floats], table: pa.Table, until: float) -> Floats:
    """A model's answers about the first rows: as many as there is time for (`time.monotonic`), and the first few in any case."""
    found: list[Floats] = [] if table.num_rows else [ask(table)]
    began, done, size = time.monotonic(), 0, FIRST
    while done < table.num_rows and (not done or time.monotonic() < until):
        found.append(ask(table.slice(done, size)))
        done += len(found[-1])
        now = time.monotonic()
        size = int(np.clip((until - now) * done / max(now - began, 1e-9), FIRST, CHUNK))
    return np.concatenate(found)


def _asked(scorer: Scorer, table: pa.Table) -> Floats:
    return np.asarray(scorer.predict(table.select(list(scorer.names))), dtype=np.float64)


def in_classes(scorer: Scorer, classes: tuple[str, ...], decision: Floats) -> Floats:
    """Logged decisions, codes of the log's classes, as places among the model's classes; -1 for one that it does not know."""
    order = np.asarray([*(float(scorer.classes.index(name)) if name in scorer.classes else -1.0 for name in classes), -1.0])
    return np.where(np.isfinite(decision), order[np.where(np.isfinite(decision), decision, -1).astype(np.int64)], np.nan)
