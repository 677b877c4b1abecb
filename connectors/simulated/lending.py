"""A lender's prediction log: 90 days of loan applications, with faults planted where this page says.

The world, with the defaults (``days=90``):

=============================  =====================================================================================
27 Jun to 24 Sep 2026          about 250,000 applications, scored by model v3.1 and, from Monday 10 August, by v3.2
27 Jun to 26 Jul               the reference: the 30 days before ``until`` in the ``candor.toml`` beside the log
outcomes                       whether the loan was repaid, known 14 to 30 days after the decision (for the declined, from
                               the credit bureau); 8 % never come, so that the last two weeks have none at all
=============================  =====================================================================================

Always there: people of Asian descent live mostly in the West, where debts are higher, and owe a little less than their neighbours. In
every region they are approved more often than others, over all regions less often: Simpson's paradox. Nobody's surname is in the log, but
what a surname and the region say of a person's race is, as probabilities (`heritage.py`).

The faults, left out by ``faults=False`` (all else stays as it is, row for row):

* **approval gap**: from the release on, v3.2 takes ``GAP`` off the log-odds of every woman; before it, women and men are approved alike;
* **drifting feature**: from day 60 (26 August) ``income`` arrives net of tax, ``NET`` times the true one;
* **changed world**: from a week after the release on, applicants under 25 repay less than before, by ``HARDER`` in log-odds;
* **bad rows**: in the one CSV file, ``BAD_ROWS`` rows of each kind: an impossible time, a number that is none, no id; and as many with NaN;
* **delivered twice**: ``DUPLICATES`` rows of the first week come again in a file of their own.

The people are invented. Nobody's data is in here, and nothing about real lending follows from it.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.actions import Event

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MODEL = "loans"
DAYS = 90
END = datetime(2026, 9, 25, tzinfo=UTC)
APPROVE_AT = 0.7
GAP = 0.4
NET = 0.72
HARDER = 0.8
BAD_ROWS = 150
DUPLICATES = 1_500

WEEKEND = 0.7        # share of a weekday's applications
NEVER_LABELLED = 0.08
RACES = ("White", "Hispanic", "Black", "Asian", "Unknown")
RACE_SHARES = (0.56, 0.18, 0.14, 0.10, 0.02)
REGIONS = ("North", "East", "South", "West", "Islands")
REGION_SHARES = (0.26, 0.24, 0.28, 0.16, 0.06)
ASIAN_REGION_SHARES = (0.08, 0.08, 0.08, 0.70, 0.06)
WEST_DEBT, ASIAN_DEBT = 0.17, -0.05
PURPOSES = ("car", "home improvement", "debt consolidation", "education", "medical", "other")
EMPLOYMENTS = ("employee", "self-employed", "public sector", "retired", "none")
HOUSINGS = ("rent", "own", "mortgage")
CHANNELS = ("web", "app", "branch", "broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was written: the configuration to load, the model in it, the events of its life and where its faults begin."""

    folder: Path
    config: Path
    model: str
    start: datetime
    reference_until: datetime
    release: datetime
    drift_from: datetime
    end: datetime
    events: tuple[Event, ...]


def latest_end(now: datetime) -> datetime:
    """Give the last midnight before `now` that falls on the weekday of `END`: the same log, moved by whole weeks.

    >>> latest_end(datetime(2026, 11, 20, 15, tzinfo=UTC)).date().isoformat()
    '2026-11-20'
    """
    return END + timedelta(weeks=(now - END) // timedelta(weeks=1))


def calendar(days: int, end: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """Give the start, the end of the reference, the release (a Monday near the middle) and the start of the drift."""
    start = end - timedelta(days=days)
    middle = start + timedelta(days=days // 2)
    return start, start + timedelta(days=days // 3), middle - timedelta(days=middle.weekday()), start + timedelta(days=2 * days // 3)


def events(days: int = DAYS, end: datetime = END) -> tuple[Event, ...]:
    """Give what happened to the model in a log of so many days, oldest first."""
    _, _, release, drift_from = calendar(days, end)
    return (
        Event(kind="release", at=release.replace(tzinfo=None), text="model v3.2"),
        Event(kind="data", at=drift_from.replace(tzinfo=None), text="income now comes from the tax office"),
    )


def world(
    folder: Path | str, *, seed: int = 2026, days: int = DAYS, rows_per_day: int = 2_800, faults: bool = True, end: datetime = END
) -> World:
    """Write the log, its outcomes and a ``candor.toml`` into `folder`; the same arguments give the same bytes.

    Parameters
    ----------
    folder : created if absent; files of the same names are overwritten.
    seed : of everything that looks like chance.
    days : length of the log, at least 30.
    rows_per_day : applications on an average day.
    faults : plant the faults listed at the top of this file.
    end : the midnight (UTC) at which the log ends.

    Raises
    ------
    ValueError : fewer than 30 days, or too few rows to hold the faults.
    """
    import numpy as np

    fewest = (4 * BAD_ROWS + DUPLICATES) // 7 + 1
    if days < 30 or rows_per_day < fewest:
        raise ValueError(f"a lending world needs at least 30 days of {fewest} rows; got {days} of {rows_per_day}")
    folder = Path(folder)
    start, until, release, drift_from = calendar(days, end)
    random = np.random.default_rng(seed)
    seconds = arrivals(random, start, days, rows_per_day)
    columns = applications(random, seconds, start)
    released = (release - start).total_seconds()
    repaid = decide(random, columns, seconds, release=released, gap=GAP if faults else 0.0, harder=HARDER if faults else 0.0)
    guess(np.random.default_rng([seed, 1]), columns)
    if faults:
        late = seconds >= (drift_from - start).total_seconds()
        columns["income"][late] = np.round(columns["income"][late] * NET)
    write_predictions(folder / "predictions", columns, seconds, start, days, faults=faults)
    write_outcomes(folder / "outcomes", random, columns, repaid, seconds, start, days)
    config = folder / "candor.toml"
    config.write_text(CONFIG.format(until=until.date().isoformat()), encoding="utf-8")
    return World(
        folder=folder,
        config=config,
        model=MODEL,
        start=start,
        reference_until=until,
        release=release,
        drift_from=drift_from,
        end=end,
        events=events(days, end),
    )


def arrivals(random: np.random.Generator, start: datetime, days: int, rows_per_day: int) -> Floats:
    """Draw when applications come: whole seconds since `start`, sorted; fewer at weekends and none before seven in the morning."""
    import numpy as np

    weekday = np.array([(start + timedelta(days=day)).weekday() for day in range(days)])
    weight = np.where(weekday >= 5, WEEKEND, 1.0)
    counts = random.poisson(rows_per_day * weight / weight.mean())
    day = np.repeat(np.arange(days), counts)
    hour = 7 + 16.5 * random.beta(1.6, 1.9, len(day))
    return np.sort(day * 86_400 + np.floor(hour * 3_600)).astype(np.float64)


def applications(random: np.random.Generator, seconds: Floats, start: datetime) -> dict[str, Any]:
    """Draw the people and what they ask for: one array per column of the log, before any model has seen them."""
    import numpy as np

    n = len(seconds)

    def one_of(levels: tuple[str, ...], shares: tuple[float, ...]) -> NDArray[np.object_]:
        drawn: NDArray[np.object_] = np.array(levels, dtype=object)[random.choice(len(levels), n, p=np.array(shares) / sum(shares))]
        return drawn

    race = one_of(RACES, RACE_SHARES)
    age = np.clip(np.round(18 + 62 * random.beta(1.5, 2.6, n)), 18, 79).astype(np.int64)
    thinner = np.select([race == "Black", race == "Hispanic"], [-0.09, -0.06], 0.0)
    income = np.round(np.exp(random.normal(10.7 + thinner, 0.45)))
    amount = np.round(np.exp(random.normal(9.2, 0.6, n)), -2)
    columns = {
        "application_id": np.char.add("A", np.char.zfill(np.arange(n).astype(str), 7)),
        "decided_at": np.datetime64(start.replace(tzinfo=None), "s") + seconds.astype("timedelta64[s]"),
        "sex": one_of(("Female", "Male"), (0.48, 0.52)),
        "race": race,
        "age": age,
        "region": np.where(race == "Asian", one_of(REGIONS, ASIAN_REGION_SHARES), one_of(REGIONS, REGION_SHARES)),
        "income": income,
        "loan_amount": np.maximum(amount, 500.0),
        "term_months": random.choice(np.array([12, 24, 36, 48, 60]), n, p=[0.1, 0.2, 0.35, 0.2, 0.15]),
        "debt_ratio": np.round(random.beta(2.2, 5.0, n), 4),
        "utilization": np.round(random.beta(1.6, 2.8, n), 4),
        "credit_years": np.round(np.clip((age - 18) * random.beta(2.0, 2.0, n), 0, None), 1),
        "delinquencies": random.poisson(0.35, n),
        "inquiries": random.poisson(1.1, n),
        "purpose": one_of(PURPOSES, (0.27, 0.18, 0.24, 0.12, 0.06, 0.13)),
        "employment": one_of(EMPLOYMENTS, (0.62, 0.13, 0.14, 0.08, 0.03)),
        "housing": one_of(HOUSINGS, (0.42, 0.21, 0.37)),
        "channel": one_of(CHANNELS, (0.41, 0.33, 0.16, 0.10)),
    }
    more = WEST_DEBT * (columns["region"] == "West") + ASIAN_DEBT * (race == "Asian")
    columns["debt_ratio"] = np.round(np.clip(columns["debt_ratio"] + more, 0.0, 1.0), 4)
    columns["utilization"][random.random(n) < 0.015] = np.nan    # written as a missing value: some people have no card
    return columns


def guess(random: np.random.Generator, columns: dict[str, Any]) -> None:
    """Add what surname and region say of everybody's race."""
    from connectors.simulated.heritage import guessed

    known, shares = RACES[:-1], RACE_SHARES[:-1]
    of_region = {race: ASIAN_REGION_SHARES if race == "Asian" else REGION_SHARES for race in known}
    living = {
        region: [share * of_region[race][place] for race, share in zip(known, shares, strict=True)] for place, region in enumerate(REGIONS)
    }
    for race, chances in guessed(random, columns["race"], columns["region"], known, living).items():
        columns[f"p_{race.lower()}"] = chances


def decide(
    random: np.random.Generator, columns: dict[str, Any], seconds: Floats, *, release: float, gap: float, harder: float
) -> NDArray[np.bool_]:
    """Add version, score, decision, latency and cost to `columns`; give who would repay.

    Repayment follows the person alone, and `harder` makes it so much harder for the young from a week after the release on. The score knows
    the log-odds of before with some noise; `gap` is what the newer version takes off every woman's.
    """
    import numpy as np

    n = len(seconds)
    newer = seconds >= release
    utilization = np.nan_to_num(columns["utilization"], nan=0.36)
    merit = (
        1.15
        + 0.30 * (np.log(columns["income"]) - 10.7)
        - 2.4 * (columns["debt_ratio"] - 0.342)
        - 1.9 * (utilization - 0.36)
        - 0.75 * (columns["delinquencies"] - 0.35)
        - 0.22 * (columns["inquiries"] - 1.1)
        + 0.004 * (columns["credit_years"] - 11)
        - 0.35 * (np.log(columns["loan_amount"]) - 9.2)
    )
    late = seconds >= release + 7 * 86_400
    able = merit - harder * (late & (columns["age"] < 25))
    repaid: NDArray[np.bool_] = random.random(n) < 1 / (1 + np.exp(-able))
    seen = merit + random.normal(0.0, 0.3, n) - gap * (newer & (columns["sex"] == "Female"))
    columns["model_version"] = np.where(newer, "v3.2", "v3.1")
    columns["probability"] = np.round(1 / (1 + np.exp(-seen)), 6)
    columns["approved"] = (columns["probability"] >= APPROVE_AT).astype(np.int64)
    columns["latency_ms"] = np.round(np.exp(random.normal(3.6, 0.35, n)), 2)
    columns["cost_usd"] = np.round(0.0004 + 0.00001 * random.poisson(6, n), 6)
    return repaid


def write_predictions(folder: Path, columns: dict[str, Any], seconds: Floats, start: datetime, days: int, *, faults: bool) -> None:
    """Write one Parquet file a week, except the week before the drift, which is a gzipped CSV: the one that holds the bad rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    in_csv = 2 * days // 3 // 7 - 1
    for week in range(-(-days // 7)):
        first, end = np.searchsorted(seconds, [week * 7 * 86_400, (week + 1) * 7 * 86_400])
        rows = table.slice(first, end - first)
        name = f"loans-{(start + timedelta(days=7 * week)).date().isoformat()}"
        if week == in_csv:
            write_csv(folder / f"{name}.csv.gz", rows, faults=faults)
        else:
            pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
    if faults:
        pq.write_table(table.slice(0, DUPLICATES), folder / f"loans-{start.date().isoformat()}_again.parquet", compression="zstd")


def write_csv(path: Path, rows: pa.Table, *, faults: bool) -> None:
    """Write `rows` as gzipped CSV; with faults, spoil ``4 * BAD_ROWS`` of them, evenly spread, one kind after the other."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    text = {name: pc.cast(rows[name], pa.string()).to_numpy(zero_copy_only=False) for name in rows.column_names}
    if faults:
        spoilt = np.linspace(10, rows.num_rows - 10, 4 * BAD_ROWS).astype(np.int64)
        text["decided_at"][spoilt[0::4]] = "2026-02-31 25:61:00"
        text["loan_amount"][spoilt[1::4]] = "twelve thousand"
        text["application_id"][spoilt[2::4]] = None
        text["income"][spoilt[3::4]] = "NaN"
    plain = pa.table({name: pa.array(values, pa.string(), from_pandas=True) for name, values in text.items()})
    with path.open("wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
        csv.write_csv(plain, packed, csv.WriteOptions(quoting_style="needed"))


def write_outcomes(
    folder: Path,
    random: np.random.Generator,
    columns: dict[str, Any],
    repaid: NDArray[np.bool_],
    seconds: Floats,
    start: datetime,
    days: int,
) -> None:
    """Write what became known before the world ends, as JSON lines, one file a month of becoming known."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    folder.mkdir(parents=True, exist_ok=True)
    n = len(seconds)
    known = np.floor(seconds + 86_400 * random.uniform(14, 30, n))
    told = (random.random(n) >= NEVER_LABELLED) & (known < days * 86_400)
    order = np.flatnonzero(told)[np.argsort(known[told], kind="stable")]
    at = np.datetime64(start.replace(tzinfo=None), "s") + known[order].astype("timedelta64[s]")
    lines = pc.binary_join_element_wise(
        '{"application_id": "',
        pa.array(columns["application_id"][order]),
        '", "repaid": ',
        pa.array(np.where(repaid[order], "1", "0")),
        ', "observed_at": "',
        pa.array(np.datetime_as_string(at)),
        'Z"}\n',
        "",
    )
    months = at.astype("datetime64[M]")
    for month in np.unique(months):
        first, end = np.searchsorted(months, [month, month + 1])
        text = "".join(lines.slice(first, end - first).to_pylist())
        (folder / f"repaid-{month}.jsonl").write_text(text, encoding="utf-8")


CONFIG = """\
# A simulated lender. Every key is explained in docs/configuration.md; whatever your own log lacks is left out.
version = 1

[warehouse]
path = "candor.duckdb"

[models.loans]
title = "Loan approvals"
task = "binary"
favorable = 1                        # approved, and repaid
protected = [
    "sex",
    "race",
    {{ column = "age", edges = [25, 46] }},
    # For those who may not ask: what surname and region say of race. It is compared as probabilities, nobody is put into a group.
    {{ column = "heritage", probabilities = {{ White = "p_white", Hispanic = "p_hispanic", Black = "p_black", Asian = "p_asian" }} }},
]
segments = ["region", "channel"]
features = ["income", "loan_amount", "term_months", "debt_ratio", "utilization", "credit_years", "delinquencies", "inquiries",
    "purpose", "employment", "housing"]
window = "1w"
environment = "demo"
label_delay = "30d"
owner = "credit-risk@example.org"
runbook = "https://example.org/runbooks/loans"

[models.loans.reference]             # the first 30 days are what the rest is compared with
until = {until}

[models.loans.columns]               # ours = "yours"
id = "application_id"
time = "decided_at"
version = "model_version"
score = "probability"
decision = "approved"
outcome = "repaid"
outcome_time = "observed_at"
latency_ms = "latency_ms"
cost = "cost_usd"

[models.loans.costs]                 # what a decision costs by how it turns out; a gain is negative
true_positive = -450
false_positive = 2600
false_negative = 450

[models.loans.model]                 # the lender keeps its model to itself: a surrogate learns from the logged scores
immutable = ["credit_years", "delinquencies", "inquiries"]

[[models.loans.rules]]               # what the score must do when an application changes
name = "more income never hurts"
kind = "monotone"
columns = ["income"]
change = "+10%"
direction = "up"
by = 0.02

[[models.loans.rules]]
name = "a larger loan is not safer"
kind = "monotone"
columns = ["loan_amount"]
change = "+20%"
direction = "down"
by = 0.02

[[models.loans.invariants]]          # what must never be seen, counted on every row
name = "approved below the cut-off"
never = "approved = 1 and probability < 0.7"
severity = "page"

[models.loans.reasons]               # what a person is told when a column counted against them
income = {{ low = "Income too low for the amount asked", high = "Income out of the range that we know" }}
debt_ratio = "Too much of the income goes to debts"
utilization = "Too much of the card limits is in use"
delinquencies = "Payments were late in the past"
inquiries = "Too many applications for credit lately"
credit_years = "The credit history is too short"
loan_amount = "The amount asked is too high"

[[models.loans.sources]]
kind = "file"
path = "predictions/*.parquet"
rows = "predictions"

[[models.loans.sources]]
kind = "file"
path = "predictions/*.csv.gz"
rows = "predictions"

[[models.loans.sources]]
kind = "file"
path = "outcomes/*.jsonl"
rows = "outcomes"
"""
