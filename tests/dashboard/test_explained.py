"""Explanations and Robustness in every state: what is explained comes first, numbers have intervals, what was not run has its one line."""

from __future__ import annotations

import re
import time
from pathlib import Path

import duckdb
import pytest

from connectors.errors import CandorError
from dashboard import data
from dashboard.destination import destination
from dashboard.panels.disturbances import crossed
from dashboard.views import explanations, robustness
from reports import strings
from reports.figure import Figure

from .fabricate import RUN
from .fabricate_explained import BROKEN, REFUSED, one_prediction, world
from .test_pages import Open, fine, said, visit  # noqa: F401  (a fixture)

EXPLAINED = ("overview", "groups", "time", "pairs", "effects")
TRIED = ("overview", "disturbances", "flips", "rules", "log", "releases")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world(tmp_path_factory.mktemp("explained"))


@pytest.mark.parametrize(("page", "part"), [*(("explanations", part) for part in EXPLAINED), *(("robustness", part) for part in TRIED)])
def test_every_part_of_an_explained_model(page: str, part: str, visit: Open, config: Path) -> None:  # noqa: F811
    app = visit(page, config, model="loans", part=part)
    words = fine(app)
    assert "Link:" not in words
    assert "Not run yet" not in words
    assert "its answer is the logged score in every one of 5,000 logged predictions" in words
    images = re.findall(r"<img [^>]*>", " ".join(element.proto.body for element in app.get("html")))
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
    assert all(len(element.proto.alt) > 20 for element in app.get("plotly_chart"))
    assert len(app.get("plotly_chart")) <= 1
    expected = {
        ("explanations", "overview"): (
            "What moves the score most is income (52.2%), debt (34.8%) and purpose (8.7% of all attribution); 1 more shares the rest.",
            "income 0.600 [0.590, 0.610] 52.2% rises 5,000",
            "It knows its 4 inputs and nothing else: income, debt, purpose, years employed.",
            "Protected attributes that are no input: sex, race.",
            "Other columns of the log that are no input: branch, note.",
            "Groups with fewer than 100 rows, of which little can be said: Unknown (n = 72), Islander (n = 2).",
            "income: 2.0% [1.5%, 2.5%] of rows lie outside the range of the reference",
            "Calibration error",
            "income 1 98.0%",
            "On the log-odds, exactly over the trees, against 6,000 background rows; 200 resamples.",
            "Read from 5,000 of 7,200 rows in 2.5 s",
        ),
        ("explanations", "groups"): (
            "Female against Male: the mean logged score differs by −0.250 [−0.280, −0.220], on the log-odds; the model's inputs",
            "and 0.000 [−0.030, 0.030] is left unexplained.",
            "Female against Male −0.200 [−0.220, −0.180], n = 2,400. Income (0.35) also tells the group: look whether that is a proxy.",
            "income Female −0.200 [−0.220, −0.180] 0.001 80.0% 0.350 [0.330, 0.370] 2,400",
        ),
        ("explanations", "time"): ("debt +0.150 [0.130, 0.170] 0.002 +0.200 [0.180, 0.220] 0.002", "Ranking similarity 0.968"),
        ("explanations", "pairs"): ("Interaction of income × debt 0.080 [0.075, 0.085]",),
        ("explanations", "effects"): ("With income from 0 to 80,000 the mean score rises from 0.200 to 0.700",),
        ("robustness", "overview"): (
            "Rule violations of “more income never hurts” 12.0% [11.0%, 13.0%], n = 5,000, above 5%.",
            "above 5% (income +10%: the score must not fall by more than 0.020).",
            "Flip rate under noise 0.1 2.0% [1.8%, 2.2%], n = 5,000.",
            "Does another group alone turn decisions round? ○ No answer No protected attribute is an input of the model.",
            "loss 0.570 [0.550, 0.590] 0.510 [0.500, 0.520] 0.060 [0.040, 0.080] 9,000",
        ),
        ("robustness", "disturbances"): (
            "Flip rate under noise 0.1 2.0%",
            "Flip rate under noise 0.1, Female 3.0%",
            "noise 0.3 · Not judged 7.0% [6.3%, 7.7%] 5,000",
        ),
        ("robustness", "flips"): (
            "Smallest flip 0.800",
            "to adverse 0.500 [0.450, 0.550] 0.05 [0.05, 0.05] 0.25 [0.25, 0.25] farther 900 4,000",
            "The attacker: at most 3 spreads, 250,000 queries, 12.0 s.",
            "sex: Female 0.600 [0.500, 0.700] 41.7% [36.7%, 46.7%]",
        ),
        ("robustness", "rules"): (
            "more income never hurts ◆ Critical income +10%: the score must not fall by more than 0.020 12.0% [11.0%, 13.0%]",
            "a typo changes nothing · Not judged purpose typo: the score must stay the same",
            "the log has no column “zip”",
            "dose · Not judged dose > 40 4 0.06% [0.02%, 0.18%] 12 7,188",
        ),
        ("robustness", "log"): (
            "The first to look at is c-17: 280 small steps at the cut-off, 12 by chance; 60 repeated inputs.",
            "c-99 2,000 0.91 [0.85, 0.95]",
            "region = north reported unfavorable 2026-11-03 00:00 2026-11-04 00:00 120 90 10 < 0.001",
            "1 value decides whatever the rest of the row says; 40 rare values were looked at and 6 tested.",
            "Not run: nearest neighbours (torch is not installed).",
        ),
        ("robustness", "releases"): ("Flip rate under missing income", "in v3.2", "their intervals lie apart"),
    }[page, part]
    for each in expected:
        assert each in words, each


def test_a_surrogate_is_announced_before_anything_it_says_and_a_stale_log_keeps_its_numbers(visit: Open, config: Path) -> None:  # noqa: F811
    words = fine(visit("explanations", config, model="surrogate"))
    lead = words.index("It follows the logged scores with a fidelity of 0.930 [0.920, 0.940] on 5,000 rows that it had not seen")
    assert lead < words.index("What the surrogate's score is made of")
    assert "Protected attributes not given to the surrogate: sex, race. Whether the model uses them cannot be told from here." in words
    for acquittal in ("nothing else", "no input", "the model does not see"):
        assert acquittal not in words
    assert "○ A surrogate." in words
    assert "▲ Stale." in words
    assert "income 0.600" in words


def test_what_a_surrogate_leaves_of_the_logged_gap_is_said_before_its_features(visit: Open, config: Path) -> None:  # noqa: F811
    words = fine(visit("explanations", config, model="surrogate", part="groups"))
    told = words.index(
        "the mean logged score differs by −0.650 [−0.680, −0.620], on the log-odds; the columns that the surrogate was given carry "
        "−0.250 [−0.280, −0.220], and −0.400 [−0.430, −0.370] is left unexplained. The rest may come from columns that the log lacks"
    )
    assert "it acquits nobody" in words
    assert told < words.index("Female against Male −0.200")


def test_a_quiet_log_has_no_suspects(visit: Open, config: Path) -> None:  # noqa: F811
    words = fine(visit("robustness", config, model="surrogate", part="log"))
    for each in ("No client stands out.", "No value decides by itself", "No corner of the log stands out.", "No input came more often"):
        assert each in words, each


def test_a_file_that_is_another_model_is_said_to_be(visit: Open, config: Path) -> None:  # noqa: F811
    words = fine(visit("explanations", config, model="another"))
    assert "▲ Another model?" in words
    assert "its answer differs from the logged score in 40.0%" in words
    assert "It looks as if two columns were swapped (income, debt); 98.0% of them would agree then." in words


@pytest.mark.parametrize(("model", "reason"), [("refused", REFUSED), ("broken", BROKEN), ("unasked", ""), ("older", "")])
@pytest.mark.parametrize("page", ["explanations", "robustness"])
def test_what_stands_in_the_way_is_said_with_the_one_line(page: str, model: str, reason: str, visit: Open, config: Path) -> None:  # noqa: F811
    app = visit(page, config, model=model)
    words = fine(app)
    assert not reason or f"Nothing is {'explained' if page == 'explanations' else 'tried out'}: {reason}." in words
    lines = [code.value for code in app.code]
    if page == "explanations":
        assert lines == [f"candor audit --explain -c {config}"]
        assert ("Nothing has been explained yet" in words) == (not reason)
        assert "Calibration error" in words  # what needs no model is there
    else:
        assert f"candor audit --attacks -c {config}" in lines
        assert f"candor audit --robustness -c {config}" in lines
        assert ("Nothing has been tried out yet." in words) == (not reason)


def test_a_choice_of_column_and_window_stays_in_the_link(visit: Open, config: Path) -> None:  # noqa: F811
    app = visit("explanations", config, model="loans", part="effects", column="purpose")
    assert "Over the categories of purpose the mean score goes from 0.450 (medical) to 0.600 (home)." in fine(app)
    app = visit("explanations", config, model="loans", version="v3.2")
    assert "income 0.600 [0.590, 0.610] 60.0%" in fine(app)


def test_one_broken_panel_leaves_the_others(visit: Open, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dashboard.panels.blind_spots.draw", broken)
    app = visit("explanations", config, model="loans")
    words = said(app)
    assert not app.exception
    assert re.search(r"under incident [0-9a-f]{8}", words)
    assert "secret detail" not in words
    assert "What moves the score most" in words


def test_one_prediction_is_asked_for_and_explained(visit: Open, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    asked: list[tuple[object, ...]] = []

    def explained(path: str, model: str, id: str, *, who: str, version: str | None = None) -> object:
        asked.append((path, model, id, who, version))
        if id != "a-1":
            raise CandorError("loans: no prediction a-2; the nearest id is a-1")
        return one_prediction()

    monkeypatch.setattr("dashboard.explaining.explained", explained)
    monkeypatch.setattr("dashboard.explaining.views", lambda *_: [])
    monkeypatch.setattr("dashboard.explaining.who", lambda: "ana")
    app = visit("explanations", config, model="loans", part="one")
    words = fine(app)
    assert "Looking up a prediction is recorded" in words
    assert "No prediction is asked for yet" in words
    assert asked == []
    app.text_input(key="prediction-id").set_value("a-1")
    app.button[0].click().run()
    words = fine(app)
    assert asked[-1] == (str(config), "loans", "a-1", "ana", None)
    for each in (
        "The decision was not favorable", "income 21,000 48,000 −0.800 [−0.900, −0.700] 100.0%", "1. Income too low for the amount asked",
        "income had been 30,000 in place of 21,000 0.45 0.520", "b-7", "4 of 5 were decided favorably",
    ):  # fmt: skip
        assert each in words, each
    assert any("About the decision on your case" in code.value and "credit-risk@example.org" in code.value for code in app.code)
    image = next(each for each in re.findall(r'alt="([^"]*)"', " ".join(e.proto.body for e in app.get("html"))) if "What is usual" in each
                 or "what is usual" in each)  # fmt: skip
    assert "to −0.650, this prediction" in image
    assert "no prediction a-2; the nearest id is a-1" in fine(visit("explanations", config, model="loans", prediction="a-2"))


def test_every_line_about_these_measures_leads_to_its_figure(visit: Open, config: Path) -> None:  # noqa: F811
    snapshot = data.current(str(config))
    assert snapshot is not None
    parts = {"explanations": {each.key for each in explanations.PARTS}, "robustness": {each.key for each in robustness.PARTS}}
    for figure in data.figures(snapshot, RUN, "loans", whole=None, versions=True):
        page, query = destination(figure)
        assert page not in parts or query["part"] in parts[page]
    bad = next(each for each in data.attention(snapshot, RUN, "loans") if each.figure.name == "rule_violation_rate")
    page, query = destination(bad.figure)
    words = fine(visit(page, config, model="loans", **{name: value for name, value in query.items() if value}))
    assert strings.sentence(bad.figure, since=bad.since) in words
    figure = next(each for each in data.figures(snapshot, RUN, "loans", names=("attribution_shift",), whole=False) if each.column == "debt")
    page, query = destination(figure)
    words = fine(visit(page, config, model="loans", **{name: value for name, value in query.items() if value}))
    assert strings.sentence(figure) in words


def test_a_page_of_cached_results_is_there_in_time(visit: Open, config: Path) -> None:  # noqa: F811
    app = visit("robustness", config, model="loans", part="log")  # the part with the most on it
    start = time.process_time()
    fine(app.run())
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize(("versions", "offered"), [((), False), (("v1",), False), (("v1", "v2"), True)])
def test_releases_are_compared_where_there_are_two(
    visit: Open, config: Path, monkeypatch: pytest.MonkeyPatch, versions: tuple[str, ...], offered: bool  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(data, "versions", lambda *_: versions)
    words = fine(visit("robustness", config, model="loans", part="releases"))
    assert ("Link:" not in words) == offered  # a link to a part that is not offered says so
    assert ("Version not told apart" in words) == (not versions)


def test_groups_of_two_attributes_with_one_name_are_two_and_a_cut_list_says_so() -> None:
    groups = [{"sex": "Unknown"}, {"race": "Unknown"}, *({"region": f"r{i}"} for i in range(8))]
    figures = [Figure(name="flip_rate", unit="proportion", column="typo", slice=each, value=0.1, n=50) for each in groups]
    drawn = crossed("Groups", figures, ["typo"])
    assert "sex: Unknown" in drawn
    assert "race: Unknown" in drawn
    assert "The first 8 of 10 groups." in drawn
    assert "The first" not in crossed("Groups", figures[:8], ["typo"])


def test_what_only_single_versions_have_is_not_taken_for_not_run(visit: Open, tmp_path: Path) -> None:  # noqa: F811
    config = world(tmp_path)
    with duckdb.connect(str(next(tmp_path.rglob("*.duckdb")))) as connection:
        names = "('attribution_stability', 'partial_dependence')"
        connection.execute(f"update findings set version = 'v3.2' where model = 'loans' and name in {names}")
    words = fine(visit("explanations", config, model="loans"))
    assert "Not for several versions together: each version has an order of its own." in words
    assert "income 0.600 [0.590, 0.610] 52.2% not for several versions together 5,000" in words
    assert "Not run yet" not in words
    of_one = fine(visit("explanations", config, model="loans", version="v3.2"))
    assert "several versions together" not in of_one
    assert "rises" in of_one
