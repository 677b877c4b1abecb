"""Reads of a snapshot: the right rows, worst first, and nothing stale when a new one is published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from connectors.errors import CandorError
from dashboard import data
from dashboard.destination import attribute_of, window_key
from reports.attention import attention, urgency
from reports.figure import Figure

from .fabricate import RUN, Case, snapshot, world


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> data.Snapshot:
    config = world(tmp_path_factory.mktemp("lender"), Case(windows=20))
    found = data.current(str(config))
    assert found is not None
    return found


def test_nothing_published_is_no_snapshot(tmp_path: Path) -> None:
    assert data.current(str(world(tmp_path, published=False))) is None


def test_a_missing_configuration_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CandorError, match=r"candor\.toml"):
        data.current(str(tmp_path / "candor.toml"))


def test_models_and_their_coverage(lender: data.Snapshot) -> None:
    cards, loans = data.models(lender, RUN)
    assert (cards.model, loans.title, loans.attributes) == ("cards", "Loan approvals", ("sex", "race"))
    assert loans.label_coverage == pytest.approx(0.72)


def test_windows_are_in_order_and_the_last_is_partial(lender: data.Snapshot) -> None:
    spans = data.spans(lender, RUN, "loans")
    assert len(spans) == 20
    assert [span.key for span in spans] == sorted(span.key for span in spans)
    assert [span.partial for span in spans] == [False] * 19 + [True]


def test_attention_is_worst_first_and_names_each_measure_once(lender: data.Snapshot) -> None:
    items = data.attention(lender, RUN, "loans")
    keys = [(item.figure.name, item.figure.column, str(item.figure.slice), item.figure.attribute) for item in items]
    assert len(keys) == len(set(keys))
    assert [urgency(item.figure) for item in items] == sorted(urgency(item.figure) for item in items)
    assert {item.figure.verdict for item in items} <= {"fail", "warn", "error"}
    assert data.attention(lender, RUN, "cards") == ()


def test_since_is_the_start_of_the_unbroken_run_of_complete_windows(lender: data.Snapshot) -> None:
    income = next(item for item in data.attention(lender, RUN, "loans") if item.figure.column == "income")
    past = [each for each in data.history(lender, RUN, income.figure) if not each.partial]
    bad = [each.verdict in ("fail", "warn") for each in past]
    first = len(bad) - bad[::-1].index(False)  # the window after the last calm one
    assert income.since == past[first].window_start
    assert income.windows == len(bad) - first
    assert income.figure.window_start == past[-1].window_start  # calm over the whole period, so the latest complete window is shown


def test_filters(lender: data.Snapshot) -> None:
    groups = data.figures(lender, RUN, "loans", names=("selection_rate",), population=False)
    assert {len(each.slice) for each in groups} == {1, 2}
    assert all(each.whole and each.version is None for each in groups)
    everyone = data.figures(lender, RUN, "loans", names=("accuracy",), population=True)
    assert [each.slice for each in everyone] == [{}]
    v32 = data.figures(lender, RUN, "loans", names=("accuracy",), population=True, version="v3.2")
    assert [each.version for each in v32] == ["v3.2"]
    span = data.spans(lender, RUN, "loans")[3]
    inside = data.figures(lender, RUN, "loans", window=span, column="income")
    assert {each.window_start for each in inside} == {span.start}
    assert {each.column for each in inside} == {"income"}


def test_a_slice_with_quotes_is_data_and_nothing_else(lender: data.Snapshot) -> None:
    figure = Figure(model="loans", name="impact_ratio", slice={"sex": "'; drop table findings; --"})
    assert data.history(lender, RUN, figure) == ()
    assert data.counts(lender, RUN, "loans")["fail"] > 0


def test_a_new_snapshot_is_seen_and_the_old_one_kept_apart(tmp_path: Path) -> None:
    config = world(tmp_path, Case(windows=4))
    old = data.current(str(config))
    assert old is not None
    assert len(data.models(old, RUN)) == 2
    snapshot(tmp_path / "candor.published" / "2.duckdb", Case(windows=4, models=(("loans", "Loans"),)))
    (tmp_path / "candor.published" / "CURRENT").write_text("2.duckdb\n", encoding="ascii")
    new = data.current(str(config))
    assert new is not None
    assert new != old
    assert [model.title for model in data.models(new, RUN)] == ["Loans"]
    assert len(data.models(old, RUN)) == 2


def test_order_of_urgency() -> None:
    def figure(verdict: str | None, value: float = 0.5, severity: str | None = "ticket") -> Figure:
        return Figure(name="impact_ratio", slice={}, value=value, threshold_min=0.8, severity=severity, verdict=verdict)

    worst_first = [
        figure("fail", severity="page"),
        figure("fail", 0.4),
        figure("fail", 0.7),
        figure("error"),
        figure("warn"),
        figure("insufficient"),
        figure(None),
        figure("pass", 0.9),
    ]
    assert sorted(worst_first[4:] + worst_first[:4], key=urgency) == worst_first


def test_the_sql_and_the_report_agree_on_what_needs_attention(lender: data.Snapshot) -> None:
    """The pages read it in SQL, the report and the command line in Python: same figures, same order, same beginnings."""
    everything = data.figures(lender, RUN, "loans", whole=None, versions=True)
    assert [(each.figure, each.since, each.windows) for each in data.attention(lender, RUN, "loans")] == [
        (each.figure, each.since, each.windows) for each in attention(everything)
    ]
    assert len(data.attention(lender, RUN, "loans")) > 5


def test_versions_are_in_the_order_in_which_they_answered(tmp_path: Path) -> None:
    """v10 came after v9, whatever its letters say; a measure that knows only the newer one, and stands first, changes nothing."""
    config = world(tmp_path, Case(windows=2))
    early, late = dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2)
    rows = [
        ("loans", "accuracy", "v10", late), ("loans", "selection_rate", "v10", late), ("loans", "selection_rate", "v9", early),
        ("cards", "accuracy", "v10", None), ("cards", "selection_rate", "v9", None), ("cards", "selection_rate", "v10", None),
    ]  # fmt: skip
    sql = 'insert into findings (run, model, "position", name, version, slice, whole, window_start) values (?, ?, ?, ?, ?, ?, ?, ?)'
    with duckdb.connect(str(next((tmp_path / "candor.published").glob("*.duckdb")))) as connection:
        connection.execute("delete from findings")
        for place, (model, name, version, start) in enumerate(rows):
            connection.execute(sql, [RUN, model, place, name, version, "{}", start is None, start])
    found = data.current(str(config))
    assert found is not None
    assert data.versions(found, RUN, "loans") == ("v9", "v10")
    assert data.versions(found, RUN, "cards") == ("v9", "v10")


def test_a_snapshot_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    """A column that pages read is not there; a table neither."""
    for statement, lacks in (
        ("alter table findings drop column severity", "its table “findings” has no column “severity”"),
        ("drop table errors", "it has no table “errors”"),
    ):
        folder = tmp_path / str(len(statement))
        folder.mkdir()
        config = world(folder, Case(windows=4))
        with duckdb.connect(str(next((folder / "candor.published").glob("*.duckdb")))) as connection:
            connection.execute(statement)
        found = data.current(str(config))
        assert found is not None
        with pytest.raises(CandorError) as said:
            data.runs(found)
        assert str(said.value) == f"This snapshot was published by another version of Candor ({lacks}); run candor audit."


def test_figures_of_one_attribute(lender: data.Snapshot) -> None:
    """The same as all figures about groups, sorted by attribute afterwards."""
    everything = data.figures(lender, RUN, "loans", population=False, columns=False)
    for attribute in data.attributes(lender, RUN, "loans"):
        mine = data.figures(lender, RUN, "loans", attribute=attribute, columns=False)
        assert mine == tuple(each for each in everything if attribute_of(each) == attribute)
        assert mine
    assert data.attributes(lender, RUN, "loans") == {
        attribute_of(each)
        for each in everything
        if not each.name.startswith("weak_spot")  # found by search, no attribute
    }


def test_rows_instead_of_a_clock(tmp_path: Path) -> None:
    config = world(tmp_path, Case(windows=12, clock=False))
    found = data.current(str(config))
    assert found is not None
    assert [span.key for span in data.spans(found, RUN, "loans")][:2] == ["0", "5000"]
    since = {item.since for item in data.attention(found, RUN, "loans")}
    assert all(each is None or isinstance(each, int) for each in since)
    assert window_key(dt.datetime(2026, 11, 3, 5), None) == "2026-11-03T05:00"
