"""The simulated lender: the same bytes every time, and each fault exactly where the module says it is."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from connectors.simulated import lending
from connectors.simulated.lending import BAD_ROWS, DUPLICATES, GAP, NET, World, world


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("sound"), faults=False)


def digests(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


def parquet(made: World) -> pa.Table:
    files = sorted(file for file in (made.folder / "predictions").glob("*.parquet") if "again" not in file.name)
    return pa.concat_tables([pq.read_table(file) for file in files])


def the_csv(made: World) -> pa.Table:
    (path,) = (made.folder / "predictions").glob("*.csv.gz")
    with gzip.open(path) as file:
        names = file.readline().decode().strip().replace('"', "").split(",")
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True)
    return csv.read_csv(path, convert_options=as_text)


def approval(made: World, sex: str, *, released: bool) -> float:
    log = parquet(made)
    at = pa.scalar(made.release.replace(tzinfo=None), pa.timestamp("s"))
    when = pc.greater_equal(log["decided_at"], at) if released else pc.less(log["decided_at"], at)
    return float(pc.mean(log.filter(pc.and_(when, pc.equal(log["sex"], sex)))["approved"]).as_py())


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        world(tmp_path / name, days=30, rows_per_day=400)
    world(tmp_path / "other", days=30, rows_per_day=400, seed=7)
    one = digests(tmp_path / "one")
    assert len(one) >= 8
    assert one == digests(tmp_path / "two")
    other = digests(tmp_path / "other")
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] == other[name]} == {"candor.toml"}


def test_size_and_calendar(faulty: World) -> None:
    log = parquet(faulty)
    assert 200_000 < len(log) + len(the_csv(faulty)) < 300_000
    assert [faulty.start.date(), faulty.reference_until.date(), faulty.release.date(), faulty.drift_from.date()] == [
        np.datetime64(day).item() for day in ("2026-06-27", "2026-07-27", "2026-08-10", "2026-08-26")
    ]
    assert faulty.release.weekday() == 0
    assert pc.max(log["decided_at"]).as_py() < faulty.end.replace(tzinfo=None)
    settings = tomllib.loads(faulty.config.read_text())
    assert settings["models"]["loans"]["reference"]["until"] == faulty.reference_until.date()
    loans = settings["models"]["loans"]
    named = {*loans["columns"].values(), *loans["features"], *loans["protected"][-1]["probabilities"].values()}
    assert named - {"repaid", "observed_at"} <= set(log.column_names)


def test_approval_gap_opens_with_the_release(faulty: World, sound: World) -> None:
    # GAP = 0.4 of log-odds near an approval rate of 0.65: the women's rate falls to about 0.46, seven tenths of the men's.
    assert GAP == 0.4
    assert approval(faulty, "Female", released=False) / approval(faulty, "Male", released=False) == pytest.approx(1, abs=0.02)
    assert 0.65 < approval(faulty, "Female", released=True) / approval(faulty, "Male", released=True) < 0.75
    assert approval(sound, "Female", released=True) / approval(sound, "Male", released=True) == pytest.approx(1, abs=0.02)
    assert approval(faulty, "Male", released=True) == approval(sound, "Male", released=True)


def test_income_drifts_from_its_day_and_nothing_else_does(faulty: World, sound: World) -> None:
    drifted, plain = parquet(faulty), parquet(sound)
    late = pc.greater_equal(drifted["decided_at"], pa.scalar(faulty.drift_from.replace(tzinfo=None), pa.timestamp("s"))).to_numpy()
    before, after = plain["income"].to_numpy(), drifted["income"].to_numpy()
    assert np.array_equal(before[~late], after[~late])
    assert np.array_equal(np.round(before[late] * NET), after[late])
    touched = {name for name in drifted.column_names if not drifted[name].equals(plain[name])}
    assert touched == {"income", "probability", "approved"}


def test_bad_rows_are_in_the_csv_alone(faulty: World, sound: World) -> None:
    spoilt = the_csv(faulty)
    assert pc.sum(pc.equal(spoilt["decided_at"], "2026-02-31 25:61:00")).as_py() == BAD_ROWS
    assert pc.sum(pc.equal(spoilt["loan_amount"], "twelve thousand")).as_py() == BAD_ROWS
    assert pc.sum(pc.equal(spoilt["income"], "NaN")).as_py() == BAD_ROWS
    assert spoilt["application_id"].null_count == BAD_ROWS
    whole = the_csv(sound)
    assert len(whole) == len(spoilt)
    assert whole["application_id"].null_count == 0
    assert not pc.any(pc.equal(whole["income"], "NaN")).as_py()


def test_duplicates_are_the_first_rows_again(faulty: World, sound: World) -> None:
    (again,) = (faulty.folder / "predictions").glob("*_again.parquet")
    assert pq.read_table(again).equals(parquet(faulty).slice(0, DUPLICATES).combine_chunks())
    assert not list((sound.folder / "predictions").glob("*_again.parquet"))
    ids = Counter(parquet(sound)["application_id"].to_pylist() + the_csv(sound)["application_id"].to_pylist())
    assert max(ids.values()) == 1


def test_outcomes_come_late_or_never(faulty: World) -> None:
    told = [json.loads(line) for file in sorted((faulty.folder / "outcomes").iterdir()) for line in file.read_text().splitlines()]
    assert len({row["application_id"] for row in told}) == len(told)
    decided = dict(zip(*(parquet(faulty)[name].to_pylist() for name in ("application_id", "decided_at")), strict=True))
    lags = [
        (np.datetime64(row["observed_at"].removesuffix("Z")) - np.datetime64(decided[row["application_id"]])) / np.timedelta64(1, "D")
        for row in told
        if row["application_id"] in decided
    ]
    assert min(lags) >= 14
    assert max(lags) <= 30
    newest = max(decided[row["application_id"]] for row in told if row["application_id"] in decided)
    assert (faulty.end.replace(tzinfo=None) - newest).days >= 14
    old = [key for key, at in decided.items() if (faulty.end.replace(tzinfo=None) - at).days > 30]
    known = {row["application_id"] for row in told}
    assert np.mean([key in known for key in old]) == pytest.approx(1 - lending.NEVER_LABELLED, abs=0.005)


def outcomes(made: World) -> dict[str, int]:
    """What became of each application."""
    lines = [json.loads(line) for file in sorted((made.folder / "outcomes").iterdir()) for line in file.read_text().splitlines()]
    return {row["application_id"]: row["repaid"] for row in lines}


def test_outcomes_follow_the_changed_world_alone(faulty: World, sound: World) -> None:
    """Known for the same people in both worlds; worse, and only worse, for the young from a week after the release on."""
    changed, plain = outcomes(faulty), outcomes(sound)
    assert changed.keys() == plain.keys()
    differ = {key for key in plain if plain[key] != changed[key]}
    assert all(plain[key] == 1 for key in differ)
    log = parquet(sound)
    late = pc.greater_equal(log["decided_at"], pa.scalar(sound.release.replace(tzinfo=None) + dt.timedelta(days=7), pa.timestamp("s")))
    young = log.filter(pc.and_(late, pc.less(log["age"], 25)))["application_id"].to_pylist()
    assert differ & set(log["application_id"].to_pylist()) <= set(young)
    told = [key for key in young if key in plain]
    # 0.8 off log-odds of about 1.1 makes a rate of 0.75 one of 0.57
    assert np.mean([plain[key] for key in told]) - np.mean([changed[key] for key in told]) == pytest.approx(0.17, abs=0.04)


def test_the_west_turns_the_order_round(sound: World) -> None:
    """People of Asian descent are approved more often than others in every region, and less often over all."""
    log = parquet(sound)
    asian = pc.equal(log["race"], "Asian")

    def gap(rows: pa.Table, mask: pa.ChunkedArray) -> float:
        return float(pc.mean(rows.filter(mask)["approved"]).as_py() - pc.mean(rows.filter(pc.invert(mask))["approved"]).as_py())

    assert gap(log, asian) < -0.02
    for region in lending.REGIONS:
        here = log.filter(pc.equal(log["region"], region))
        assert gap(here, pc.equal(here["race"], "Asian")) > 0.01, region


def test_what_a_surname_tells_is_calibrated(sound: World) -> None:
    """Probabilities add up to one, and of the people with about 0.8 four in five are of that race."""
    log = parquet(sound)
    held = {race: log[f"p_{race.lower()}"].to_numpy() for race in lending.RACES[:-1]}
    np.testing.assert_allclose(sum(held.values()), 1.0, atol=3e-4)
    true = log["race"].to_numpy(zero_copy_only=False)
    for race, chance in held.items():
        for low in (0.0, 0.2, 0.4, 0.6, 0.8):
            some = (chance >= low) & (chance < low + 0.2) & (true != "Unknown")
            assert np.mean(true[some] == race) == pytest.approx(chance[some].mean(), abs=0.02), (race, low)


@pytest.mark.parametrize("arguments", [{"days": 29}, {"rows_per_day": 299}])
def test_too_small_a_world_is_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 30 days of 301 rows"):
        world(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())
