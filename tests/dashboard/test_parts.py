"""Every part of Performance and Fairness in its states: what it says, what it leaves out, and the links that lead to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.destination import destination, fairness_part, performance_part
from dashboard.views import fairness, performance
from reports.figure import Figure

from .fabricate import RUN
from .test_pages import PARTS, Open, fine, said, visit, worlds  # noqa: F401  (fixtures)


def part_of(app: AppTest) -> object:
    """The part that the control above the panels shows."""
    return next(each for each in app.get("button_group") if each.key == "choose-part").value


@pytest.mark.parametrize("state", ["normal", "no labels yet", "too few rows", "rows instead of a clock", "probes run"])
@pytest.mark.parametrize(("page", "part"), PARTS)
def test_every_part_in_every_state(page: str, part: str, state: str, visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit(page, worlds[state], model="loans", part=part)
    words = fine(app)
    offered = {each.key: each.title for each in (performance.PARTS if page == "performance" else fairness.PARTS)}
    assert ("Link:" in words) == (
        offered[part] not in [option.content for each in app.get("button_group") for option in each.proto.options]
    )
    images = re.findall(r"<img [^>]*>", " ".join(element.proto.body for element in app.get("html")))
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
    assert all(len(element.proto.alt) > 20 for element in app.get("plotly_chart"))
    assert len(app.get("plotly_chart")) <= 1  # each costs a browser a quarter of a second


def test_estimates_stand_beside_what_came_true(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["normal"], model="loans", measure="accuracy"))
    assert "82.0% [80.0%, 84.0%]" in words  # the estimate, in the table
    assert (
        "Past estimates of accuracy were off by 0.5 points on average over 4 windows whose outcomes have arrived; 3 of 4 fell inside"
        in words
    )
    assert "No estimate in 1 window: can't tell: the scores left the range of the reference." in words
    assert "−2.5 pp [−3.0, −2.0]" in words  # the change against the reference
    charts = " ".join(
        element.proto.spec for element in visit("performance", worlds["normal"], model="loans", measure="accuracy").get("plotly_chart")
    )
    assert "Realised" in charts
    assert "Estimated" in charts


def test_what_nobody_can_tell_is_said_and_never_ok(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["no labels yet"], model="loans"))
    assert "ROC AUC ○ Can't tell" in words
    assert "Accuracy" in words  # estimated, although nothing came true


def test_labels_say_how_outcomes_arrive_and_whose(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["normal"], model="loans", part="labels"))
    assert "Of the outcomes that arrive, half do within 10 days and 95 of 100 within 20; 97.0% of predictions get one" in words
    assert "Outcomes are seen selectively: known for 2,592 of 3,600 favorable decisions and 518 of 3,600 unfavorable decisions." in words
    words = fine(visit("performance", worlds["no labels yet"], model="loans", part="labels"))
    assert "No outcome is due yet" in words


def test_the_cut_off_of_the_link_is_shown_for_everybody_and_by_group(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("performance", worlds["normal"], model="loans", part="cut-offs", cut="0.58")
    words = fine(app)
    assert app.select_slider(key="choose-cut").value == "0.6"  # the nearest there is
    assert "At 0.6" in words
    assert "55.0% [54.0%, 56.0%]" in words  # approval rate there
    assert "Lowest ratio at 0.6: 0.80 [0.79, 0.81]." in words
    app.select_slider(key="choose-cut").set_value("0.3").run()
    assert app.query_params["cut"] in ("0.3", ["0.3"])
    assert "Lowest ratio at 0.3: 0.95 [0.94, 0.96]." in fine(app)


def test_a_cut_off_that_is_no_number_is_told(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["normal"], model="loans", part="cut-offs", cut="high"))
    assert "This run has no cut-off “high”; showing “0.5” instead." in words  # today's


def test_a_search_that_was_not_run_gives_its_line(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    for page, part in (("performance", "weak-spots"), ("fairness", "proxies"), ("fairness", "what-if")):
        app = visit(page, worlds["normal"], model="loans", part=part, **({"attribute": "sex"} if page == "fairness" else {}))
        fine(app)
        assert f"candor audit --what-if -c {worlds['normal']}" in [code.value for code in app.code]
        assert not visit(page, worlds["probes run"], model="loans", part=part, **({"attribute": "sex"} if page == "fairness" else {})).code


def test_weak_spots_are_in_words_with_people(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["probes run"], model="loans", part="weak-spots"))
    line = "race = Black and region = north 1,200 2.9% 31.0% [27.0%, 35.0%] 12.0% [11.0%, 13.0%]"
    assert f"{line} +19.0 pp [15.0, 23.0] < 0.001 230 race = Black" in words
    assert "38 slices were tried; 1 stands out on its own account." in words
    assert "Read from 5,000 of 7,200 rows." in words


def test_versions_are_compared_with_the_one_before(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["normal"], model="loans", part="versions"))
    assert "against v3.1" in words
    assert "−2.5 pp [−4.0, −1.0] 0.001" in words
    assert "1 of 1 differences are more than chance" in words


def test_gaps_are_said_in_people(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("fairness", worlds["normal"], model="loans", part="gaps", attribute="sex"))
    assert "Approval rate Female against Male −16.0 points [−18.0, −14.0], n = 3,600, about 580 people in this period." in words


def test_conflicts_are_said_before_they_are_tabled(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("fairness", worlds["normal"], model="loans", part="conflicts", attribute="sex"))
    assert words.index("Both cannot hold.") < words.index("Male 3,600 75.0%")
    assert "Simpson's paradox. In all, Female less often, but within 2 of 2 levels of region more often." in words
    assert "2 of 2" in words


def test_thresholds_by_group_are_off_until_asked_for_and_then_marked(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("fairness", worlds["normal"], model="loans", part="what-if", attribute="sex")
    assert "Possible disparate treatment." not in fine(app)
    assert "per-group" not in " ".join(element.proto.spec for element in app.get("plotly_chart"))
    app.toggle(key="show-per-group").set_value(True).run()
    assert app.query_params["analysis"] in ("per-group", ["per-group"])
    assert "Possible disparate treatment." in fine(app)
    assert "per-group" in " ".join(element.proto.spec for element in app.get("plotly_chart"))
    assert "1 of 1 alternatives is less disparate without losing more than allowed." in said(app)


def test_groups_known_by_probability_say_what_the_proxy_leaves_open(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("fairness", worlds["normal"], model="loans", part="by-probability"))
    assert "North Approval ratio 0.85 [0.70, 1.00] [0.80, 0.90] [0.70, 1.00] 80 7,200" in words


def test_a_group_too_small_says_when_it_will_be_large_enough(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("fairness", worlds["normal"], model="loans", part="sample-size", attribute="sex"))
    assert "Too few rows to see a gap of the size that the policy minds: Female." in words
    assert re.search(r"3,600 3\.0 pp 2\.0 pp 14,400 no \d{1,2} \w{3} \d{4}", words)


def test_another_part_forgets_what_it_would_not_know(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    app = visit("fairness", worlds["normal"], model="loans", part="by-probability", attribute="sex")
    assert "Link:" not in fine(app)  # another attribute, because this part has none of “sex”: no mistake in the link
    app = visit("fairness", worlds["normal"], model="loans", measure="detectable_gap", group="Female", attribute="sex")
    assert app.query_params.get("part") is None
    assert "How small a gap could be seen" in fine(app)


def test_a_part_that_the_run_has_nothing_of_is_not_offered(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["one model"], model="loans", part="versions"))
    assert "This run has no part “versions”; showing “overview” instead." in words


def test_a_regression_has_its_errors_by_size(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["regression"], model="loans"))
    assert "Mean absolute error 10" in words
    words = fine(visit("performance", worlds["regression"], model="loans", part="sizes"))
    assert "100 to 199 150 4 [2, 6] 10 14 720" in words
    words = fine(visit("fairness", worlds["regression"], model="loans"))
    assert "Mean error" in words


def test_several_classes_have_a_confusion_matrix_and_a_menu(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("performance", worlds["multiclass"], model="loans", part="classes"))
    assert "home 500 20 5 525" in words
    assert "Selection rate" in words  # of a class nobody says that it is approved
    app = visit("fairness", worlds["multiclass"], model="loans", column="office")
    assert "0.86 [0.84, 0.87]" in fine(app)
    assert app.selectbox(key="choose-column").value == "office"


def test_one_broken_panel_of_a_part_leaves_the_others(visit: Open, worlds: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dashboard.panels.maturity.draw", broken)
    app = visit("performance", worlds["normal"], model="loans", part="labels")
    words = said(app)
    assert not app.exception
    assert re.search(r"under incident [0-9a-f]{8}", words)
    assert "secret detail" not in words
    assert "Outcomes are seen selectively" in words


def test_thresholds_show_their_grounds_and_changes(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("data", worlds["normal"], model="loans"))
    assert "Approval ratio 0.80 or more Four-fifths screen, 29 CFR 1607.4(D). 29 CFR 1607.4(D)" in words
    assert "min 0.75 0.8" in words  # the change
    charts = " ".join(
        element.proto.spec for element in visit("fairness", worlds["normal"], model="loans", part="trends").get("plotly_chart")
    )
    assert "policy: Approval ratio" in charts


def test_overview_says_what_is_worth_knowing(visit: Open, worlds: dict[str, Path]) -> None:  # noqa: F811
    words = fine(visit("overview", worlds["normal"]))
    assert "Worth knowing" in words
    assert "Weak spot where race = Black and region = north 19.0 points" in words


def test_every_measure_leads_to_a_part_that_there_is(worlds: dict[str, Path]) -> None:  # noqa: F811
    parts = {"performance": {each.key for each in performance.PARTS}, "fairness": {each.key for each in fairness.PARTS}}
    snapshot = data.current(str(worlds["normal"]))
    assert snapshot is not None
    for figure in data.figures(snapshot, RUN, "loans", whole=None, versions=True):
        page, query = destination(figure)
        assert page not in parts or query["part"] in parts[page]
    assert performance_part("threshold_curve") == "cut-offs"
    assert fairness_part("impact_ratio") == "groups"


def test_a_class_leads_to_itself_and_a_segment_does_not() -> None:
    of_class = Figure(name="impact_ratio", slice={"sex": "F"}, reference_slice={"sex": "M"}, attribute="sex", column="office", whole=True)
    assert destination(of_class)[1]["column"] == "office"
    within = Figure(
        name="cochran_mantel_haenszel", slice={"sex": "F"}, reference_slice={"sex": "M"}, attribute="sex", column="region", whole=True
    )
    assert destination(within) == (
        "fairness",
        {
            "part": "conflicts",
            "attribute": "sex",
            "group": "F",
            "measure": "cochran_mantel_haenszel",
            "window": None,
            "version": None,
            "column": None,
        },
    )


def test_releases_stand_in_the_order_in_which_they_answered() -> None:
    """v10 came after v9, whatever their letters say, and a measure that knows fewer versions leaves the order as it is."""
    from dashboard.panels.by_release import in_order, moved

    def of(version: str, value: float, name: str = "flip_rate", wide: float = 0.01) -> Figure:
        return Figure(name=name, slice={}, unit="proportion", version=version, value=value, low=value - wide, high=value + wide)

    found = [of("v9", 0.1, "evasion_rate"), of("v8", 0.1), of("v9", 0.1), of("v10", 0.3)]
    assert in_order(found) == ["v8", "v9", "v10"]
    # 0.2 apart with intervals 0.02 wide says more than 3 spreads apart with intervals 2 wide
    far = [of("v9", 1.0, "smallest_flip_distance", 1.0), of("v10", 6.0, "smallest_flip_distance", 1.0)]
    cells = {(each.name, each.column, each.version): each for each in [*found, *far]}
    told = moved(cells, [("smallest_flip_distance", None), ("flip_rate", None)], in_order(found))
    assert "30.0%" in told
    assert "in v10" in told
