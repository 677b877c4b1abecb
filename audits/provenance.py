"""What a run rests on: fingerprints of its counts, the tallies it names and the code that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from audits.estimate import Integers
from audits.evidence import Evidence
from audits.tally import Tally


def numbers(evidence: Evidence) -> list[int]:
    """The tally numbers that the evidence was made of."""
    partitions = (*evidence.tally.partitions, *evidence.reference_tally.partitions)
    return sorted({n for p in partitions for n in (p.prediction_tally, p.outcome_tally) if n is not None})


def content(evidence: Evidence) -> str:
    """Fingerprint of the counts that a run rests on: partitions and whole numbers, in an order of their own.

    Sums of measured values are left out: their last digit depends on the order in which an engine adds. Tally numbers are, too, so that
    the same rows have the same fingerprint in another warehouse and after they were counted again.
    """
    digest = hashlib.sha256(evidence.bins.fingerprint.encode())
    for tally in (evidence.tally, evidence.reference_tally):
        _feed(digest, tally)
    return "sha256:" + digest.hexdigest()


def _feed(digest: Any, tally: Tally) -> None:
    identity = [(p.reference, p.bucket, p.version or "", p.rows) for p in tally.partitions]
    order = sorted(range(len(identity)), key=identity.__getitem__)
    place = _ranks(order)
    rank = _ranks(sorted(range(len(tally.slices)), key=lambda i: tally.slices[i].levels))
    digest.update(repr([identity[i] for i in order]).encode())
    for name, others in (("outcome", ("family", "decision", "outcome")), ("margin", ("outcome",)), ("bins", ("column",))):
        table = getattr(tally, name)
        columns = [place[table["partition"]], *(np.asarray(table[key], dtype=np.int64) for key in others)]
        if "slice" in table:
            used = np.unique(table["slice"])
            digest.update(repr(sorted(tally.slices[i].levels for i in used)).encode())
            columns.append(np.searchsorted(np.sort(rank[used]), rank[table["slice"]]))
        ranked = np.lexsort(columns)
        for column in (*columns, table["n"]):
            digest.update(np.ascontiguousarray(np.asarray(column)[ranked], dtype=np.int64).tobytes())


def _ranks(order: list[int]) -> Integers:
    """The place of each item in an order."""
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(len(order))
    return found


def combined(found: Mapping[str, str]) -> str:
    """One fingerprint of several models'; a single model's is its own."""
    if len(found) == 1:
        return next(iter(found.values()))
    return "sha256:" + hashlib.sha256(json.dumps(dict(found), sort_keys=True).encode()).hexdigest()


@cache
def code_revision() -> str:
    """The commit of the checkout that runs, else the installed version."""
    import subprocess
    from importlib import metadata

    folder = Path(__file__).resolve().parent.parent
    if (folder / ".git").exists():
        try:
            found = subprocess.run(
                ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
                capture_output=True, text=True, timeout=10, check=True,
            )  # fmt: skip
            return found.stdout.strip()
        except (OSError, subprocess.SubprocessError):
            pass
    try:
        return metadata.version("candor")
    except metadata.PackageNotFoundError:
        return "unknown"
