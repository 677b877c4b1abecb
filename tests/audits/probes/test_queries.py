"""Attacks planted in a log with clients are found through ingest and audit; the same log without them, or without clients, says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.gather import gather
from audits.probed_cells import Cells
from audits.probes import outcome_flips, queries
from audits.run import audit
from connectors.config import load
from connectors.ingest import ingest
from connectors.simulated import attacks
from connectors.warehouse import open_warehouse

RATES = ("boundary_probe_rate", "replay_rate", "flood_rate")
PLANTED = ("scraper", "boundary prober", "replay", "flood")


def flipped(made: attacks.World) -> attacks.World:
    """Have one broker report every loan that was repaid as lost, for a week."""
    log = made.log
    week = (log["time"] >= made.since) & (log["time"] < made.since + np.timedelta64(7, "D"))
    hit = week & (log["client"] == attacks.BROKERS[0]) & (log["repaid"] == 1)
    planted = {**made.planted, "all": frozenset(log["id"][hit].tolist())}
    return replace(made, log={**log, "repaid": np.where(hit, 0.0, log["repaid"])}, planted=planted)


@pytest.fixture(scope="module")
def attacked() -> attacks.World:
    """Give a log with every attack that requests can show, and turned outcomes."""
    return flipped(attacks.world(seed=5, attacks=PLANTED, rows_per_day=70))


@pytest.fixture(scope="module")
def findings(attacked: attacks.World, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Give what an audit says of it, from file to finding."""
    config = load(attacks.write(tmp_path_factory.mktemp("attacked"), attacked))
    ingest(config)
    run = audit(config, probes=("queries", "outcome_flips"))
    assert not [failure for failure in run.runs[0].errors if failure.error]
    names = {*RATES, "extraction_score", "outcome_flip_rate"}
    return [found for found in run.runs[0].findings.to_pylist() if found["name"] in names]


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the function that runs both probes over a log written with another configuration."""

    def run(made: attacks.World, *, client: str = 'client = "client"', drop: str = "") -> tuple[Evidence, dict[str, Any], dict[str, Any]]:
        folder: Path = tmp_path_factory.mktemp("probed")
        path = attacks.write(folder, replace(made, log={name: values for name, values in made.log.items() if name != drop}))
        path.write_text(path.read_text(encoding="utf-8").replace('client = "client"', client), encoding="utf-8")
        config = load(path)
        ingest(config)
        model = config.model(attacks.MODEL)
        with open_warehouse(config.warehouse) as warehouse:
            evidence = gather(warehouse, model, progress=lambda _: None)
            bodies = [probe.run(warehouse, model, evidence, progress=lambda _: None) for probe in (queries, outcome_flips)]
        json.dumps([{name: value for name, value in body.items() if name != "cells"} for body in bodies], allow_nan=False)
        return evidence, bodies[0], bodies[1]

    return run


def whole(findings: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Pick the finding about everybody over the whole period."""
    return next(each for each in findings if each["name"] == name and each["whole"] and each["slice"] == "{}" and each["version"] is None)


def days(findings: list[dict[str, Any]], name: str) -> Iterator[tuple[np.datetime64, dict[str, Any]]]:
    """List the findings about everybody by day."""
    for each in findings:
        if each["name"] == name and not each["whole"] and each["slice"] == "{}":
            yield np.datetime64(each["window_start"], "D"), each


def test_each_attack_fails_its_measure_and_names_who(attacked: attacks.World, findings: list[dict[str, Any]]) -> None:
    found = {name: whole(findings, name) for name in (*RATES, "extraction_score", "outcome_flip_rate")}
    assert {name: each["verdict"] for name, each in found.items()} == dict.fromkeys(found, "fail")
    tables = {name: json.loads(each["tables"]) for name, each in found.items()}
    assert [each["client"] for each in tables["boundary_probe_rate"]["clients"]] == ["shop-11"]
    assert tables["boundary_probe_rate"]["cut_off"] == {"": attacks.APPROVE_AT}
    assert tables["extraction_score"]["clients"][0]["client"] == "newcomer"
    assert {each["client"] for each in tables["replay_rate"]["clusters"]} <= {"shop-03", "shop-19"}
    assert len(tables["replay_rate"]["clusters"]) == tables["replay_rate"]["in_all"] == 4
    assert {each["client"] for each in tables["flood_rate"]["bursts"]} == {"newcomer", "shop-23"}
    campaign = tables["outcome_flip_rate"]["campaigns"][0]
    assert (campaign["by"], campaign["level"], campaign["direction"]) == ("client", "broker-1", "reported unfavorable")


def test_what_is_counted_is_what_was_planted(attacked: attacks.World, findings: list[dict[str, Any]]) -> None:
    log, analysed = attacked.log, attacked.log["time"] >= attacked.until
    names = ("income", "debt", "amount", "age", "tenure", "loyalty", "employment")
    rows = [tuple(line) for line in zip(*(log[name].tolist() for name in names), strict=True)]
    replayed = {row for row, hit in zip(rows, attacked.rows("replay").tolist(), strict=True) if hit}
    copies = np.asarray([row in replayed for row in rows]) & analysed  # the four originals too, where they are not of the reference
    day = log["time"].astype("datetime64[D]")
    for when, each in days(findings, "replay_rate"):
        here = analysed & (day == when)
        assert (each["n"], each["value"] * each["n"]) == (here.sum(), pytest.approx((copies & here).sum()))
    flood = next(each for when, each in days(findings, "flood_rate") if when == np.datetime64(attacked.since, "D"))
    both = attacked.rows("flood") | attacked.rows("scraper")
    own = np.isin(log["client"], ["shop-23"]) & (day == np.datetime64(attacked.since, "D")) & ~both
    assert both.sum() - 20 <= flood["value"] * flood["n"] <= both.sum() + own.sum()  # an hour's first or last few can be too few
    probes = whole(findings, "boundary_probe_rate")
    assert 100 <= probes["value"] * probes["n"] <= attacked.rows("boundary prober").sum()
    turned = whole(findings, "outcome_flip_rate")
    assert turned["value"] * turned["n"] == pytest.approx(len(attacked.planted["all"]), rel=0.35)


def test_an_attack_is_one_finding(findings: list[dict[str, Any]]) -> None:
    assert {(each["slice"], each["version"]) for each in findings} == {("{}", None)}


def test_the_same_log_without_attacks_is_quiet(probed: Any) -> None:
    evidence, body, flips = probed(attacks.world(seed=5, rows_per_day=70))
    assert body["reasons"] == {}
    cells = Cells.of(replace(evidence, probes={"queries": body, "outcome_flips": flips}), "queries")
    assert cells is not None
    n, marked, _ = cells.sums("boundary_probe_rate", "")
    np.testing.assert_array_equal(n[0, 0, 0], evidence.counts.rows[0, 0, 0])
    assert [cells.sums(name, "")[1].sum() for name in RATES] == [0.0, 0.0, 0.0]
    assert marked.shape == evidence.shape
    assert body["extraction_whole"]["score"] <= 0.67
    assert flips["tables"]["outcome_flip_rate"]["in_all"] == 0


def test_without_a_client_everybody_is_looked_at_together(probed: Any) -> None:
    made = flipped(attacks.world(seed=6, attacks=("boundary prober", "replay", "flood"), rows_per_day=70))
    evidence, body, _ = probed(made, client="", drop="client")
    assert (body["by"], body["note"]) == ("", queries.NOBODY)
    assert set(body["reasons"]) == {"extraction_score"}
    assert body["tables"]["boundary_probe_rate"]["clients"][0]["client"] is None
    assert body["tables"]["replay_rate"]["in_all"] == 4
    cells = Cells.of(replace(evidence, probes={"queries": body}), "queries")
    assert cells is not None
    n, marked, _ = cells.sums("replay_rate", "")
    groups = evidence.groups("sex")
    np.testing.assert_array_equal(n[0, :, 0], n[0][:, groups].sum(axis=1))
    np.testing.assert_allclose(marked[0, :, 0], marked[0][:, groups].sum(axis=1))
    assert 160 <= marked[0, 0, 0] <= 164  # those sent again, and the originals that are not of the reference
    since = str(made.since)[:10]
    assert {each["hour"][:10] for each in body["tables"]["flood_rate"]["bursts"]} == {since}


def test_without_a_client_the_unit_stands_in(probed: Any) -> None:
    _, body, flips = probed(flipped(attacks.world(seed=7, attacks=("scraper",), rows_per_day=70)), client='unit = "client"')
    assert (body["by"], body["note"]) == ("unit", queries.WITHOUT_CLIENT)
    assert body["tables"]["extraction_score"]["clients"][0]["client"] == "newcomer"
    assert flips["tables"]["outcome_flip_rate"]["campaigns"][0]["level"] == "broker-1"
