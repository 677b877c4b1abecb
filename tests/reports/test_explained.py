"""Explanations and robustness in the report: what is explained comes first, every figure is somewhere, and small counts stay in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audits.finding import AuditRun, Failure
from reports import attribution_series, clients, explained, robustness_series
from reports.charts import CurveChart, IntervalChart, to_plotly, to_svg
from reports.figure import Figure, figures
from reports.suppression import side, suppressed
from tests.reports.test_sections import page_of, text_of

Make = Callable[..., AuditRun]
Row = Callable[..., dict[str, Any]]
READ = {"rows_used": 5000, "rows_available": 9000}


def whole(name: str, value: float | None, **more: Any) -> Figure:
    """A figure about everybody over the whole period."""
    return Figure(**{"name": name, "slice": {}, "value": value, "n": 5000, "whole": True} | more)


def attributed(finding: Row, kind: str = "model") -> list[dict[str, Any]]:
    """Attributions of two features, of everybody, a group and a version."""
    rows = [finding("mean_absolute_attribution", "score", v, low=v - 0.01, high=v + 0.01, n=5000, column=c)
            for c, v in (("income", 0.6), ("debt", 0.2))]  # fmt: skip
    rows.append(finding("mean_absolute_attribution", "score", 0.5, n=2000, column="income", slice={"sex": "F"}))
    rows.append(finding("mean_absolute_attribution", "score", 0.4, n=2000, column="income", version="v2"))
    gap: dict[str, Any] = {"slice": {"sex": "F"}, "reference_slice": {"sex": "M"}, "attribute": "sex", "column": "income"}
    whole = {"logged_gap": -0.6, "explained_gap": -0.2, "unexplained_gap": -0.4}
    parts = {name: {"value": value, "low": value - 0.05, "high": value + 0.05} for name, value in whole.items()}
    gap["tables"] = {"kind": kind, "scale": "log-odds"} | parts
    rows.append(finding("mean_attribution_difference", "difference", -0.2, low=-0.25, high=-0.15, n=2000, **gap))
    return rows


def test_what_is_explained_is_said_first(one: Make, finding: Row) -> None:
    tables = {"file": "model.txt", "format": "lightgbm", "inputs": ["income", "debt"], "other_columns": ["branch"]} | READ
    mismatch = finding("model_mismatch_rate", "proportion", 0.0, low=0.0, high=0.0007, n=5000, tables=tables)
    said = text_of(page_of(one(mismatch, *attributed(finding))), "explanations")
    first = "The model itself is explained (model.txt, lightgbm): its answer is the logged score in every one of 5,000 logged predictions"
    assert said.startswith(f"Explanations {first}")
    assert "What moves the score most is income (75.0%) and debt (25.0% of all attribution)." in said
    for line in ("Mean attribution of income 0.600", "Mean attribution of income F 0.500", "of income, version v2 0.400"):
        assert line in said.replace("income, F", "income F"), line
    assert "F against M" in said
    assert "It knows its 2 inputs and nothing else: income, debt. Columns of the log that are no input: branch." in said


def test_a_surrogate_says_how_closely_it_follows_and_refuses_below_its_floor(one: Make, finding: Row) -> None:
    tables = {"floor": 0.8, "inputs": ["income", "debt"], "other_columns": ["sex"]}
    good = finding("surrogate_fidelity", "score", 0.93, low=0.92, high=0.94, n=5000, tables=tables)
    said = text_of(page_of(one(good, *attributed(finding, "surrogate"))), "explanations")
    assert "F against M: the mean logged score differs by −0.600 [−0.650, −0.550], on the log-odds; the columns that" in said
    assert "−0.400 [−0.450, −0.350] is left unexplained. The rest may come from columns that the log lacks" in said
    told = "follows the logged scores with a fidelity of 0.930 [0.920, 0.940] on 5,000 rows that it had not seen"
    assert f"{told}; below 0.8 it would refuse." in said
    assert "What moves the surrogate's score most is income" in said
    assert "Columns of the log not given to the surrogate: sex. Whether the model uses it cannot be told from here." in said
    for acquittal in ("nothing else", "no input"):
        assert acquittal not in said
    poor = whole("surrogate_fidelity", 0.43, low=0.4, high=0.46, verdict="fail", threshold_min=0.8)
    told = "Nothing is explained: the surrogate follows the logged scores with a fidelity of 0.430 [0.400, 0.460] only"
    assert explained.basis([poor]).words.startswith(told)


@pytest.mark.parametrize(
    ("failures", "kind", "words"),
    [
        ([], "not run", "Nothing has been explained or tried out yet"),
        ([("mean_absolute_attribution", "not run: candor audit --explain")], "not run", "Nothing has been explained or tried out yet"),
        ([("mean_absolute_attribution", "model.txt: this is a pickle")], "refused", "Nothing is explained: model.txt: this is a pickle."),
    ],
)
def test_without_an_answer_the_reason_is_said(failures: list[tuple[str, str]], kind: str, words: str) -> None:
    found = explained.basis([], failures)
    assert found.kind == kind
    assert found.words.startswith(words)


def test_a_model_that_differs_from_the_log_is_said_to() -> None:
    found = explained.basis([whole("model_mismatch_rate", 0.4, low=0.38, high=0.42)], verb="tried out")
    assert found.words.startswith("The model itself is tried out: its answer differs from the logged score in 40.0% [38.0%, 42.0%]")
    assert "Another file, other inputs or another order of columns" in found.words


def test_robustness_answers_every_question_that_was_asked(one: Make, finding: Row) -> None:
    noise = [finding("flip_rate", "proportion", rate, low=rate - 0.01, high=rate + 0.01, n=5000, column=f"noise {size}",
                     tables={"kind": "noise", "size": size}) for size, rate in ((0.1, 0.02), (1.0, 0.3))]  # fmt: skip
    client = {"client": "c-17", "rows": 400, "probes": 280, "expected": 12.0, "p_value": 1e-12}
    few = {"client": "c-18", "rows": 4, "probes": 4, "expected": 0.1, "p_value": 1e-6}
    probing = finding("boundary_probe_rate", "proportion", 0.04, n=7000, tables={"clients": [client, few]})
    run = one(*noise, probing, errors=[Failure(name="evasion_rate", reason="the model answers too slowly")])
    said = text_of(page_of(run), "robustness")
    assert "Do small disturbances turn decisions round? Not judged Flip rate under noise 0.1 2.0% [1.0%, 3.0%], n = 5,000." in said
    assert "Can it be fooled within what may change? No answer The model answers too slowly." in said
    assert "c-17: 280 small steps at the cut-off, 12 by chance." in said
    assert "c-18" not in page_of(run)  # four rows may be one person
    assert "Every figure (3)" in said


def test_nothing_is_left_for_further_figures(one: Make, finding: Row) -> None:
    page = page_of(one(*attributed(finding), finding("membership_inference_auc", "score", 0.57, column="loss")))
    assert "Further figures" not in page
    assert "Membership inference AUC" in text_of(page, "robustness")


def test_what_was_asked_of_few_rows_withholds_no_figure_of_the_whole_log(finding: Row, one: Make) -> None:
    everybody = finding("selection_rate", "proportion", 0.5, n=900, slice={"sex": "F"}, attribute="sex")
    probed = finding("flip_rate", "proportion", 0.5, n=4, slice={"sex": "F"}, attribute="sex", column="typo")
    shown = suppressed(list(figures(one(everybody, probed).runs[0].findings)))
    assert [each.suppressed for each in shown] == [False, True]
    assert side("mean_attribution_difference") == "mean_attribution_difference"


def test_values_of_a_repeated_input_do_not_leave(finding: Row, one: Make) -> None:
    cluster = {"rows": 60, "client": "c-1", "inputs": {"income": 21000}}
    found = finding("replay_rate", "proportion", 0.01, tables={"clusters": [cluster, {"rows": 3, "client": "c-2", "inputs": {}}]})
    shown = suppressed(list(figures(one(found).runs[0].findings)))[0]
    assert (shown.tables or {})["clusters"] == [{"rows": 60, "client": "c-1", "inputs": None}]


CURVE = {"at": [0, 10, 20], "mean": [0.2, 0.4, 0.9], "low": [0.1, 0.3, 0.8], "high": [0.3, 0.5, 1.0], "kind": "numeric",
         "ice_p10": [0.0, 0.1, 0.5], "ice_p90": [0.0, 0.3, 0.8]}  # fmt: skip


def test_a_curve_has_single_predictions_behind_it() -> None:
    spec = attribution_series.effect(whole("partial_dependence", 0.7, column="income", tables=CURVE))
    assert isinstance(spec, CurveChart)
    assert spec.bands[0].low == pytest.approx((0.2, 0.3, 0.7))  # 0.2, where the curve starts, plus each row's way from its own start
    table = spec.data_table()
    assert table.columns == ("Income", "Partial dependence of income", attribution_series.SINGLE)
    assert table.rows[0] == ("0", "0.200 [0.100, 0.300]", "0.200 to 0.200")
    assert attribution_series.SINGLE in to_svg(spec)
    assert len(to_plotly(spec, "dark").data) == 5  # a pair for each of the two bands, and the line


def test_a_category_is_drawn_as_dots_and_a_withheld_place_draws_nothing() -> None:
    tables = {"at": ["car", "home"], "mean": [0.5, 0.6], "low": [0.4, 0.5], "high": [0.6, 0.7], "kind": "categorical"}
    figure = whole("partial_dependence", 0.1, column="purpose", tables=tables)
    spec = attribution_series.effect(figure)
    assert isinstance(spec, IntervalChart)
    assert [point.label for point in spec.points] == ["car", "home"]
    assert attribution_series.direction(figure) == "is highest for home"
    assert attribution_series.effect(whole("partial_dependence", 0.1, column="purpose", tables=tables | {"at": ["car", None]})) is None


def test_noise_grows_along_its_sizes() -> None:
    found = [whole("flip_rate", rate, column=str(size), tables={"kind": kind, "size": size})
             for size, rate, kind in ((1.0, 0.3, "noise"), (0.1, 0.02, "noise"), (2, 0.5, "rounding"))]  # fmt: skip
    spec = robustness_series.strengths(found)
    assert spec is not None
    assert (spec.curves[0].x, spec.curves[0].y) == ((0.1, 1.0), (0.02, 0.3))
    assert robustness_series.strengths(found[:1]) is None


def test_the_worst_stands_for_several_unless_one_stands_for_all() -> None:
    distance = [whole("smallest_flip_distance", value, column=column) for column, value in ((None, 0.8), ("to adverse", 0.1))]
    assert robustness_series.worst(distance).column is None
    alone = whole("protected_flip_rate", None, column="sex", reason="it is no input")
    assert next(e for e in robustness_series.verdicts([alone]) if e.name == "protected_flip_rate").answer == "Sex: it is no input."
    broken = [whole("rule_violation_rate", value, column=name, verdict=verdict)
              for name, value, verdict in (("a", 0.9, "pass"), ("b", 0.1, "fail"))]  # fmt: skip
    assert robustness_series.worst(broken).column == "b"
    answer = next(each for each in robustness_series.verdicts(broken) if each.name == "rule_violation_rate").answer
    assert answer.endswith("Of 2, 1 is outside what is allowed.")


def test_clients_are_put_together_with_the_most_suspicious_first() -> None:
    copying = {"clients": [{"client": "a", "score": 0.9, "rows": 100}, {"client": "b", "score": 0.3, "rows": 50}]}
    probing = {"clients": [{"client": "b", "probes": 30, "expected": 1.0, "p_value": 1e-9, "rows": 50}]}
    found = clients.merged(copying, probing, {"bursts": [{"client": "a"}]}, {"clusters": [{"client": "c", "rows": 40}]})
    assert [each["client"] for each in found] == ["b", "a", "c"]  # 1 + 0.3, 0.9 + 0.2, 0.2
    assert clients.sentence(found[2]) == "c: 40 repeated inputs"
