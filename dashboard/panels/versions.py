"""Versions side by side, with the difference to the version before."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import data, strings
from dashboard.components.figure_table import compact, signed, significance
from dashboard.components.markup import Column, known, measure, show, span, table
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import glossary
from reports import strings as wording
from reports.figure import Figure

SIDE_BY_SIDE = (
    "accuracy", "balanced_accuracy", "roc_auc", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "f1",
    "expected_calibration_error", "calibration_gap", "brier_score", "log_loss", "expected_cost", "selection_rate", "base_rate",
    "mean_absolute_error", "root_mean_squared_error", "r_squared", "mean_error", "interval_coverage", "latency_p95",
)  # fmt: skip
MOST = 3


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the table."""
    versions = data.versions(*context.key)
    if not versions:
        not_enough(strings.NO_VERSIONS)
        return
    names = [*SIDE_BY_SIDE, *(f"{name}_version_difference" for name in SIDE_BY_SIDE)]
    figures = scope.read(context, *names, window=None, whole=True, population=True, versions=True, tables=True)
    cells = {(each.version, each.name): each for each in figures}
    shown: list[str | None] = [*versions[-MOST:], None]
    held = [name for name in SIDE_BY_SIDE if any((version, name) in cells for version in versions)]
    columns = [Column(head="Measure", css="tight")]
    for version in shown:
        columns.append(Column(head=strings.ALL_VERSIONS if version is None else wording.name_of(version), css="num"))
        if compared(version, cells):
            columns += [Column(head=f"against {against(version, cells)}", css="num"), Column(head=known("q", "q"), css="num")]
    sizes: list[object] = [known("n", "n")]
    for version in shown:
        n = max((each.n for (one, name), each in cells.items() if one == version and each.n and not derived(name)), default=None)
        sizes += [wording.count(n), *(["", ""] if compared(version, cells) else [])]
    rows: list[list[object]] = [sizes]
    for name in held:
        row: list[object] = [measure(name)]
        for version in shown:
            figure = cells.get((version, name))
            row.append(compact(figure) if figure is not None else wording.DASH)
            if compared(version, cells):
                change = cells.get((version, f"{name}_version_difference"))
                row += [signed(change), significance(change.q_value)] if change is not None else [wording.DASH, wording.DASH]
        rows.append(row)
    marked = held.index(base) + 1 if (base := (context.view.measure or "").removesuffix("_version_difference")) in held else None
    worst = changed(figures)
    if worst:
        show(span(worst, "c-lead"))
    show(table(words.VERSIONS_LEAD, columns, rows, chosen=marked))
    if len(versions) > MOST:
        show(span(words.newest_versions(MOST, len(versions)), "c-note"))


def derived(name: str) -> bool:
    """Whether a name says a difference between versions."""
    return glossary.base_of(name, "_version_difference") is not None


def compared(version: str | None, cells: dict[tuple[str | None, str], Figure]) -> bool:
    """Whether a version is compared with the one before it."""
    return version is not None and any(one == version and derived(name) for one, name in cells)


def against(version: str | None, cells: dict[tuple[str | None, str], Figure]) -> str:
    """The version that another is compared with."""
    held = (each.tables or {} for (one, name), each in cells.items() if one == version and derived(name))
    return wording.name_of(next((str(tables["against"]) for tables in held if tables.get("against")), "the one before"))


def changed(figures: Sequence[Figure]) -> str:
    """In a sentence: how many differences chance does not explain, and the accuracy of the newest version against the one before."""
    compared_ = [each for each in figures if derived(each.name) and each.value is not None and each.q_value is not None]
    if not compared_:
        return ""
    clear = [each for each in compared_ if (each.q_value or 0.0) < 0.05]
    if not clear:
        return "No difference between a version and the one before it is larger than chance would make it (q ≥ 0.05)."
    first = min(clear, key=lambda each: SIDE_BY_SIDE.index(glossary.base_of(each.name, "_version_difference") or ""))
    some = f"{wording.count(len(clear))} of {wording.count(len(compared_))} differences are more than chance (q < 0.05)"
    return f"{some}: {wording.sentence(first)}."
