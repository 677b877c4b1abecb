"""Drift in its parts, and the checks of the log on Data: the answer first, numbers with intervals, the line that runs what was not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from .fabricate import Case, world
from .test_pages import Open, fine, visit  # noqa: F401  (a fixture)

PARTS = ("overview", "column", "why", "together", "alarms")
LOANS = (("loans", "Loan approvals"),)
STATES = {
    "normal": Case(windows=12, models=LOANS),
    "calm": Case(windows=12, models=LOANS, faults=False),
    "probes run": Case(windows=12, models=LOANS, what_if=True),
    "no labels yet": Case(windows=12, models=LOANS, labels=False),
    "too few rows": Case(windows=2, models=LOANS, small=True),
    "rows instead of a clock": Case(windows=12, models=LOANS, clock=False),
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: world(tmp_path_factory.mktemp("world"), case) for name, case in STATES.items()}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("part", PARTS)
def test_every_part_in_every_state(part: str, state: str, visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("drift", worlds[state], part=part))
    assert "Link:" not in words
    drifted = state in ("normal", "probes run", "no labels yet", "rows instead of a clock")
    assert ("has drifted since" in words) == drifted
    if state == "calm":
        assert "No column has drifted: of 11 columns, 10 stable, 1 can't be told." in words


def test_the_answer_comes_first_with_its_size(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("drift", worlds["normal"]))
    assert "1 of 11 columns has drifted (9 stable, 1 can't be told)." in words
    assert words.index("Has it drifted?") < words.index("of every column, window by window")
    assert "◆ Drifted" in words
    assert "○ Can't tell" in words
    assert "● Stable" in words


def test_one_column_has_its_distribution_and_every_statistic(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("drift", worlds["normal"], part="column", column="debt")
    words = fine(app)
    assert "Distribution of debt" in words
    assert "Statistics of debt" in words
    assert "Nobody can tell whether column debt has drifted" in words
    assert app.selectbox(key="choose-column").value == "debt"


def test_why_splits_the_change_of_a_rate(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("drift", worlds["normal"], part="why"))
    # 70.0 % to 64.0 %: 1.5 points because other people came, 4.5 because each group fared worse
    assert (
        "Approval rate 64.0%, from 70.0% in the reference: −1.5 points [−2.0, −1.0] because other people came, "
        "−4.5 points [−5.5, −3.5] because the same people by sex fare otherwise." in words
    )
    assert "44.0% → 50.0%" in words
    assert "Not run yet" in words


def test_why_takes_a_drop_apart_where_that_was_run(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("drift", worlds["probes run"], part="why")
    words = fine(app)
    assert "Accuracy 78.8%" in words
    assert "3.0 of the 4.2 points come from broken data" in words
    assert "logged in another unit" in words
    assert "Read from 5,000 of 7,200 rows in 3.4 s." in words
    assert not app.code


def test_together_says_how_to_run_it_or_what_it_found(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("drift", worlds["normal"], part="together")
    fine(app)
    assert {code.value for code in app.code} == {f"candor audit --multivariate -c {worlds['normal']}"}
    app = visit("drift", worlds["probes run"], part="together")
    words = fine(app)
    assert not app.code
    assert "Domain classifier AUC 0.600 [0.590, 0.620]" in words  # the newest complete window, 10: 0.5 + 0.01 x 10
    assert "above its line from row 300 on." in words
    assert "Wasserstein" in words


def test_alarms_replay_budgets(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("drift", worlds["normal"], part="alarms"))
    # the second of five budgets: 4.0 − 0.5 alarms on this history, 3.0 / 5 on the reference
    assert "With the budget in force, 1 per 7d: 3.5 alarms per 30 days on this history, 0.6 on the reference alone." in words
    for budget in ("1 per 1d", "1 per 14d", "1 per 30d", "1 per 90d"):
        assert budget in words
    assert "What the alarms were calibrated on: 30 windows of the reference, season: weekday." in words


def test_a_link_to_evidence_of_all_columns_opens_alarms(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    assert "What each budget would have done" in fine(visit("drift", worlds["normal"], statistic="drift_evidence", part="alarms"))
    assert "Evidence of drift of every column" in fine(visit("drift", worlds["normal"], statistic="drift_evidence", column="income"))


def test_data_tells_what_the_checks_found(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("data", worlds["normal"]))
    for part in (
        "number → text", "new: purpose_v2; gone: branch; zip: number → text",  # columns
        "600 logged, 750 served", "hardly any outcome is due yet",  # checks
        "The log: silent for 2 h, 3 d allowed.",  # nothing has come for
    ):  # fmt: skip
        assert part in words, part
    sources = words.index("When rows last came")
    assert "◆ Critical" in words[sources : words.index("6 batches", sources) if "6 batches" in words[sources:] else None]
    calm = fine(visit("data", worlds["calm"]))
    assert "1 column looks as in the reference; none came, went or changed its kind." in calm
