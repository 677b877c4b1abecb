"""Every page in every state, without a browser: what it says, and that nothing raises."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from connectors.actions import add_event
from connectors.config import load
from dashboard import data, views
from dashboard.destination import destination
from dashboard.page import REGISTRY
from dashboard.serve import CONFIG
from reports import strings

from .fabricate import Case, world

PERFORMANCE = ("overview", "labels", "calibration", "cut-offs", "weak-spots", "versions")
FAIRNESS = ("groups", "gaps", "trends", "conflicts", "what-if", "proxies", "by-probability", "sample-size")
PARTS = [("performance", part) for part in PERFORMANCE] + [("fairness", part) for part in FAIRNESS]
PAGES = ("overview", "alerts", "alert", "performance", "fairness", "drift", "explanations", "robustness", "data")
OF_THEIR_OWN = ("explanations", "robustness")  # their states are in test_explained; here only worlds in which nothing was asked
NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
STATES = {
    "normal": Case(windows=12),
    "calm": Case(windows=12, faults=False),
    "no labels yet": Case(windows=12, labels=False),
    "too few rows": Case(windows=2, small=True),
    "stale": Case(windows=12, newest=NOW - dt.timedelta(days=40)),
    "rows instead of a clock": Case(windows=12, clock=False),
    "no protected attributes": Case(windows=12, attributes=()),
    "one model": Case(windows=12, models=(("loans", "Loan approvals"),), versions=False),
    "probes run": Case(windows=12, models=(("loans", "Loan approvals"),), what_if=True),
    "regression": Case(windows=12, models=(("loans", "Loan approvals"),), task="regression"),
    "multiclass": Case(windows=12, models=(("loans", "Loan approvals"),), task="multiclass"),
}

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: world(tmp_path_factory.mktemp("world"), case) for name, case in STATES.items()}


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of a world, with query parameters."""

    def go(page: str, config: Path, **query: str) -> AppTest:
        monkeypatch.setenv(CONFIG, str(config))
        app = AppTest.from_string(f"from dashboard.app import run\nrun(only={page!r})", default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return go


def said(app: AppTest) -> str:
    """All words on the page, tags taken out."""
    html = " ".join(element.proto.body for element in app.get("html"))
    links = " ".join(element.proto.label for element in app.get("page_link"))
    text = unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))
    return re.sub(r"\s+", " ", text) + " " + links.replace("\\", "")


def fine(app: AppTest) -> str:
    """The page's words, after checking that nothing on it failed."""
    assert not app.exception
    words = said(app)
    assert "under incident" not in words  # how an error that nobody foresaw is told
    return words


def test_the_pages_are_registered() -> None:
    assert tuple(REGISTRY) == PAGES
    assert set(views.__all__) == set(PAGES)


@pytest.mark.parametrize(
    ("page", "state"),
    [(page, state) for page in PAGES for state in STATES
     if page not in OF_THEIR_OWN or state in ("no labels yet", "rows instead of a clock", "regression", "multiclass")],
)  # fmt: skip
def test_every_page_in_every_state(page: str, state: str, visit: Open, worlds: dict[str, Path]) -> None:
    words = fine(visit(page, worlds[state], model="loans"))
    for part in ("Environment", "production", "Reference", "Newest prediction", "Outcomes known", "Run"):
        assert part in words
    assert ("▲ Stale." in words) == (state == "stale")
    assert ("○ No outcomes yet." in words) == (state == "no labels yet")


def test_overview_puts_the_worst_first_and_says_since_when(visit: Open, worlds: dict[str, Path]) -> None:
    words = fine(visit("overview", worlds["normal"]))
    assert "1 of 2 models needs attention." in words
    assert words.index("Loan approvals production") < words.index("Card limits production")
    worst = data.attention(data.current(str(worlds["normal"])), "a3f1c2d4e5b60718", "loans")[0]  # type: ignore[arg-type]
    assert f"{worst.figure.value:.2f} [" in words
    assert "below 0.80 since" in words


def test_every_line_leads_to_the_figure_it_is_about(visit: Open, worlds: dict[str, Path]) -> None:
    """The page behind a line of Overview says the line's own sentence: that group, that window, that measure, since then."""
    snapshot = data.current(str(worlds["normal"]))
    assert snapshot is not None
    lines = data.grouped(data.attention(snapshot, "a3f1c2d4e5b60718", "loans"))
    pages = set()
    for item, _ in lines:
        page, query = destination(item.figure)
        app = visit(page, worlds["normal"], model="loans", **{name: value for name, value in query.items() if value})
        words = fine(app)
        pages.add(page)
        assert "Link:" not in words
        assert strings.sentence(item.figure, since=item.since) in words
    assert {"fairness", "drift"} <= pages


def test_overview_is_calm_when_all_is_well(visit: Open, worlds: dict[str, Path]) -> None:
    words = fine(visit("overview", worlds["calm"]))
    assert "Nothing is outside its threshold." in words
    assert "Critical" not in words
    assert "Warning" not in words


def test_performance_follows_the_measure_of_the_link(visit: Open, worlds: dict[str, Path]) -> None:
    app = visit("performance", worlds["normal"], model="loans", measure="roc_auc")
    fine(app)
    assert app.selectbox(key="choose-measure").value == "roc_auc"


def test_a_choice_changes_the_link(visit: Open, worlds: dict[str, Path]) -> None:
    app = visit("performance", worlds["normal"], model="loans")
    app.selectbox(key="choose-measure").set_value("f1").run()
    assert app.query_params["measure"] == "f1"
    assert "F1 score" in fine(app)


def test_fairness_counts_the_unknown_and_marks_the_small(visit: Open, worlds: dict[str, Path]) -> None:
    words = fine(visit("fairness", worlds["normal"], model="loans", attribute="sex"))
    assert "144 rows have no known sex: counted here, left out of the comparisons." in words  # 2 % of 12 × 600
    words = fine(visit("fairness", worlds["normal"], model="loans", attribute="race"))
    assert "Not enough data to judge Islander." in words


def test_fairness_without_attributes_says_what_to_do(visit: Open, worlds: dict[str, Path]) -> None:
    assert "name them in candor.toml under protected" in fine(visit("fairness", worlds["no protected attributes"], model="loans"))


def test_too_few_rows_says_how_many_there_are_and_how_many_it_takes(visit: Open, worlds: dict[str, Path]) -> None:
    app = visit("fairness", worlds["too few rows"], model="loans")
    fine(app)
    tips = " ".join(element.proto.body for element in app.get("html"))
    assert re.search(r"n = \d+, need 30", tips)
    assert "Not enough data" in said(app)


def test_drift_opens_on_the_worst_column_and_its_latest_window(visit: Open, worlds: dict[str, Path]) -> None:
    app = visit("drift", worlds["normal"], model="loans")
    assert "Distribution of income" in fine(app)
    assert app.selectbox(key="choose-column").value == "income"
    assert app.selectbox(key="choose-window").value != "all"


def test_data_shows_the_equation_and_the_quarantine(visit: Open, worlds: dict[str, Path]) -> None:
    app = visit("data", worlds["normal"], model="loans")
    words = fine(app)
    assert re.search(r"25,952 received = 24,000 accepted \+ 1,500 duplicate \+ 452 quarantined", words)
    assert "The sums agree." in words
    assert "loans-week-2.csv:1000" in words
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_filter_that_leaves_nothing_can_be_reset(visit: Open, worlds: dict[str, Path], tmp_path: Path) -> None:
    app = visit("fairness", worlds["normal"], model="loans", version="v3.1")
    assert "No groups match these filters." in fine(app)
    app.button[0].click().run()
    assert "version" not in app.query_params
    assert "No groups match these filters." not in fine(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_that_asks_for_what_is_not_there(page: str, visit: Open, worlds: dict[str, Path]) -> None:
    words = fine(visit(page, worlds["normal"], model="laons", modle="x"))
    assert "has no model “laons”; showing “loans” instead" in words
    assert "did it mean “model”?" in words


@pytest.mark.parametrize("page", PAGES)
def test_nothing_published_yet_offers_one_command(page: str, visit: Open, tmp_path: Path) -> None:
    config = world(tmp_path, published=False)
    app = visit(page, config)
    assert "Nothing has been audited yet" in fine(app)
    assert [code.value for code in app.code] == [f"candor ingest -c {config} && candor audit -c {config}"]
    load(config).warehouse.path.touch()  # the log has been taken in
    assert [code.value for code in visit(page, config).code] == [f"candor audit -c {config}"]
    assert len(app.button) == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_missing_configuration_is_one_sentence(page: str, visit: Open, tmp_path: Path) -> None:
    words = fine(visit(page, tmp_path / "candor.toml"))
    assert "✕ Error." in words
    assert "candor.toml" in words


def test_one_broken_panel_leaves_the_others(visit: Open, worlds: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dashboard.panels.sources.draw", broken)
    app = visit("data", worlds["normal"], model="loans")
    words = said(app)
    assert not app.exception
    assert re.search(r"under incident [0-9a-f]{8}", words)
    assert "secret detail" not in words
    assert "25,952 received" in words


def test_events_mark_the_trends(visit: Open, tmp_path: Path) -> None:
    config = world(tmp_path, Case(windows=12))
    add_event(load(config), "loans", "release", NOW - dt.timedelta(days=5), "v3.2")
    app = visit("performance", config, model="loans")
    fine(app)
    charts = " ".join(element.proto.spec for element in app.get("plotly_chart"))
    assert "release: v3.2" in charts


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("alert") and page not in OF_THEIR_OWN])
def test_every_chart_has_alt_text(page: str, visit: Open, worlds: dict[str, Path]) -> None:
    app = visit(page, worlds["normal"], model="loans")
    charts = app.get("plotly_chart")
    assert all(len(element.proto.alt) > 20 for element in charts)
    images = re.findall(r"<img [^>]*>", " ".join(element.proto.body for element in app.get("html")))
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
    assert charts or images
