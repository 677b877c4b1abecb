"""A simulated log under watch: the evidence that Candor would have at the end of each day, without a warehouse.

It counts what `audits.count` counts and keeps the ledger that ingest keeps; tests/benchmarks/test_detection.py holds one against the other
on a log that went through both. What is gained: hundreds of logs a minute, and a clock that stands at the end of the day looked at.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins
from audits.evidence import Evidence
from audits.finding import Coverage, Reference
from audits.gather import cut
from audits.ledger import Arrivals, Batch, Ledger
from audits.tally import Tally
from audits.window import EPOCH, WindowLength
from benchmarks.detection.tallied import COLUMNS, SLICES, Part, freeze, part_of
from benchmarks.detection.world import FIRST, NUMERIC, Log, World, draw
from connectors.config import ModelConfig
from connectors.config import Reference as Until

FIRST_BUCKET = int(FIRST.astype(np.int64))


def readable(log: Log) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """Rows that ingest can store (each text of a column of numbers that is none refuses its row), and what each column refused."""
    refused = {}
    for name in NUMERIC:
        if log[name].dtype.kind == "O":
            refused[name] = np.asarray([isinstance(value, str) and not _is_number(value) for value in log[name].tolist()], dtype=bool)
    good = ~np.any([np.zeros(len(log["id"]), dtype=bool), *refused.values()], axis=0)
    return good, refused


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def reference_of(world: World, seed: int) -> tuple[Bins, Tally]:
    """The bins and the tally of a reference that is too large to hold: day by day, bins frozen on the rows of its first three days."""
    bins = freeze(draw(world, seed, range(min(3, world.reference))))
    parts = (part_of(draw(world, seed, range(day, day + 1)), bins, reference=True) for day in range(world.reference))
    return bins, reduce(add, (part.tally(np.datetime64("2100-01-01", "us")) for part in parts))


@dataclass(frozen=True)
class Watched:
    """One log under watch: the evidence at the end of any of its days.

    Parameters
    ----------
    log
        All rows, with `arrived`; numbers that came as text included. With `held`, those of the analysed days alone.
    held
        The bins and the tally of a reference that was counted before.
    """

    log: Log
    world: World
    given: ModelConfig
    held: tuple[Bins, Tally] | None = None

    @cached_property
    def model(self) -> ModelConfig:
        """The configuration, with what the reference is."""
        until = EPOCH + dt.timedelta(days=FIRST_BUCKET + self.world.reference)
        return replace(self.given, reference=Until(until=until))

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """Rows that ingest accepts: readable, and the first with their identity."""
        good, _ = readable(self.log)
        first = np.zeros(len(good), dtype=bool)
        first[np.unique(self.log["id"], return_index=True)[1]] = True
        return np.asarray(good & first)

    @cached_property
    def rows(self) -> Log:
        """Accepted rows, numbers as numbers again."""
        found = {name: values[self.kept] for name, values in self.log.items()}
        return {name: values.astype(np.float64) if name in NUMERIC else values for name, values in found.items()}

    @cached_property
    def boundary(self) -> np.datetime64:
        """Where the reference ends."""
        return np.datetime64(EPOCH + dt.timedelta(days=FIRST_BUCKET + self.world.reference), "us")

    @cached_property
    def bins(self) -> Bins:
        """Frozen on the reference."""
        if self.held is not None:
            return self.held[0]
        return freeze({name: values[self.rows["time"] < self.boundary] for name, values in self.rows.items()})

    @cached_property
    def reference(self) -> Tally:
        """The reference's tally, all its outcomes known."""
        if self.held is not None:
            return self.held[1]
        part = part_of({name: values[self.rows["time"] < self.boundary] for name, values in self.rows.items()}, self.bins, reference=True)
        return part.tally(np.datetime64("2100-01-01", "us"))

    @property
    def counted(self) -> tuple[Bins, Tally]:
        """The reference, for other logs that have the same."""
        return self.bins, self.reference

    @cached_property
    def analysed(self) -> Part:
        """The rest."""
        later = self.rows["time"] >= self.boundary
        return part_of({name: values[later] for name, values in self.rows.items()}, self.bins, reference=False)

    def evidence(self, newest: int) -> Evidence:
        """What is known a quarter of an hour after the end of analysed window `newest` (0 is the first)."""
        first = FIRST_BUCKET + self.world.reference
        now = np.datetime64(first + newest + 1, "D").astype("datetime64[us]") + np.timedelta64(15, "m")
        tally = self.analysed.tally(now).select(lambda part: part.bucket <= first + newest)
        days = self.rows["time"]
        seen = days < np.datetime64(first + newest + 1, "D")
        last = days[seen].max()
        length, came = WindowLength("1d"), self.log["arrived"] <= now
        spans, windows = cut(length, tally.partitions, last.astype("datetime64[us]").item(), 0)
        held = Reference(
            kind="until", start=EPOCH + dt.timedelta(days=FIRST_BUCKET), end=EPOCH + dt.timedelta(days=first),
            n=sum(part.rows for part in self.reference.partitions),
        )  # fmt: skip
        versions = sorted({str(part.version) for part in tally.partitions})
        labelled = (tally.outcome["outcome"] >= 0) & (tally.outcome["family"] == 0)
        accepted = int((self.kept & came).sum())
        good, _ = readable(self.log)
        return Evidence(
            model=self.model, bins=self.bins, tally=tally, reference_tally=self.reference, reference=held,
            coverage=Coverage(
                available=int(came.sum()), used=accepted, analysed=sum(part.rows for part in tally.partitions),
                quarantined=int((came & ~good).sum()), duplicate=int((came & good & ~self.kept).sum()),
                labelled=int(tally.outcome["n"][labelled].sum()),
            ),
            windows=windows, spans=spans,
            versions=(None, *versions) if len(versions) > 1 else (None,), slices=(SLICES[2], *SLICES[:2]), attributes=("sex",),
            columns=(*COLUMNS, "decision", "outcome"), clock=now.item(), freshness=last.astype("datetime64[us]").item(), seed=1, medians={},
            above={}, ledger=self.ledger(now),
        )  # fmt: skip

    def ledger(self, now: np.datetime64) -> Ledger:
        """What ingest has remembered by then: one batch of predictions and one of outcomes a day."""
        batches, arrivals = self._deliveries
        moment = now.item()
        kept = {each.number for each in batches if each.committed is not None and each.committed <= moment}
        rows = np.isin(arrivals.batch, list(kept))
        names = ("batch", "hour", "rows", "times", "future", "waited")
        keys = [tuple(key for key, keep in zip(values, rows, strict=True) if keep) for values in (arrivals.first_key, arrivals.last_key)]
        some = Arrivals(**{name: getattr(arrivals, name)[rows] for name in names}, first_key=keys[0], last_key=keys[1])
        return Ledger(batches=tuple(each for each in batches if each.number in kept), arrivals=some, sources=("log", "outcomes"))

    @cached_property
    def _deliveries(self) -> tuple[tuple[Batch, ...], Arrivals]:
        from benchmarks.detection.deliveries import deliveries

        return deliveries(self.log, self.kept, readable(self.log)[1])
