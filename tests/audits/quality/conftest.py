"""A ledger from a few literal facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.ledger import Arrivals, Batch, Ledger
from audits.window import EPOCH
from tests.audits.conftest import FIRST_DAY

Row = dict[str, Any]


@pytest.fixture(scope="session")
def ledger_of() -> Callable[..., Ledger]:
    """Give the function that makes a ledger of batches and hours.

    A batch is a dictionary of `Batch`'s fields; `number` counts up from 1, `kind` is "predictions"; `committed`, `first` and `last` are
    hours since the first day began. An arrival is (batch, hour, rows) and what else `Arrivals` holds, by name; hours before 0 are the
    reference.
    """
    return build_ledger


def build_ledger(batches: list[Row], arrivals: list[tuple[int, int, int, Row]] = (), **given: Any) -> Ledger:  # type: ignore[assignment]
    """Make a ledger."""
    made = []
    for number, row in enumerate(batches, start=1):
        times = {name: moment(row[name]) for name in ("committed", "first", "last") if row.get(name) is not None}
        made.append(Batch(**({"number": number, "source": "log", "kind": "predictions"} | row | times)))

    def values(name: str, otherwise: Any) -> np.ndarray[Any, Any]:
        return np.asarray([found.get(name, otherwise if otherwise is not None else rows) for _, _, rows, found in arrivals], dtype=float)

    held = Arrivals(
        batch=np.asarray([each[0] for each in arrivals], dtype=np.int64),
        hour=np.asarray([FIRST_DAY * 24 + each[1] for each in arrivals], dtype=np.int64),
        rows=np.asarray([each[2] for each in arrivals], dtype=float), times=values("times", None), future=values("future", 0),
        waited=values("waited", 0), first_key=tuple(each[3].get("first_key") for each in arrivals),
        last_key=tuple(each[3].get("last_key") for each in arrivals),
    )  # fmt: skip
    return Ledger(batches=tuple(made), arrivals=held, **given)


def moment(hours: float) -> dt.datetime:
    """Name the moment so many hours after the first day began."""
    return EPOCH + dt.timedelta(days=FIRST_DAY, hours=hours)
