"""How well figures estimated without outcomes agree with the realised ones; writes docs/estimated-performance.md.

Run `python -m benchmarks.estimated`: two minutes on one core. The census part takes the public employment data from ../shared/data; where
they are absent it says so, and the page keeps the simulated part only.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audits.estimated.estimation import Checked, estimations
from audits.evidence import Evidence
from audits.gather import gather
from benchmarks import estimated_worlds
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "estimated-performance.md"
MEASURES = ("accuracy", "balanced_accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value",
            "negative_predictive_value", "f1", "roc_auc", "average_precision", "log_loss", "brier_score", "base_rate")  # fmt: skip
BY_GROUP = ("accuracy", "true_positive_rate", "false_positive_rate", "roc_auc", "base_rate")
NAMES = {"SEX": {"1": "men", "2": "women"}, "RAC1P": {
    "1": "White", "2": "Black", "3": "American Indian", "4": "Alaska Native", "5": "American Indian, tribe not given", "6": "Asian",
    "7": "Pacific Islander", "8": "some other race", "9": "two or more races"}}  # fmt: skip

CONFIG = """version = 1

[warehouse]
path = "warehouse.duckdb"

[models.employment]
task = "binary"
protected = ["SEX", "RAC1P"]
features = []
window = "{window}"

[models.employment.columns]
id = "id"
score = "predicted_probability"
decision = "prediction"
outcome = "employed"

[[models.employment.sources]]
kind = "file"
path = "{data}/employment_MA_reference.parquet"
rows = "reference"

[[models.employment.sources]]
kind = "file"
path = "{data}/employment_MA_analysis.parquet"
rows = "predictions"

[[models.employment.sources]]
kind = "file"
path = "{data}/employment_MA_analysis_target.parquet"
rows = "outcomes"
"""

HEAD = """# Performance estimated without outcomes: how far to trust it

Outcomes come late or never. Until they do, Candor estimates what they will show (CBPE, confidence-based performance estimation): the
reference says how often outcomes are positive at each score, and a window's own scores and decisions do the rest. This page says how that
is done and how wrong it was. All figures are generated: `python -m benchmarks.estimated`.

## How it is made

- **Curve.** Isotonic regression of outcomes on the frozen score grid (about 960 cells), fitted on the reference's rows: from 1,000 labelled
  rows on a group has a curve of its own, below that everybody's, if its own reference outcomes do not contradict it. Each decision's rates
  are then moved on the logit so that the reference's own confusion counts come out exactly. Intersections of protected attributes have
  twenty cells.
- **Figures.** Expected true and false positives and negatives are sums over cells of rows times rate, everything else is a function of
  them; ranking measures are sums over pairs of cells, losses sums of the expected loss. No row is read.
- **Mix.** Where a window holds another mix of protected groups, or of decisions at a score, than the reference, and outcomes differ between
  them, rates are taken per cell of the protected cross and weighted to the window's own mix (as PAPE, Białek et al. 2025, does with a
  model of the features; here with counts). It is used where it changes the expected outcomes by more than 2.24 standard errors; the
  method says so.
- **Interval.** Where the realised figure should fall in 95 of 100 cases: the chance of the window's own outcomes (Poisson-binomial), the
  sampling of the reference, and, where past windows with outcomes were off by more than in three of four sound histories, their mean
  square error beyond chance.
- **Refusals.** No estimate where the reference has fewer than 1,000 outcomes of scored predictions, or fewer than 10 of either kind; where
  outcomes do not rise with the score (a rising curve misses the rates of twenty cells by more than 5 points on average, p < 0.001); where
  more than 5 % of a window's scores lie where the reference has no outcomes, or 5 % of its rows are of groups that it has no outcomes of.
- **"Can't tell".** Each window with outcomes is tested, alone and with the four before it: outcomes after either decision, and their slope
  in the score, against what was expected (chi-squared; 1 % over all slices of a window; departures up to 2 points are let pass). Where it
  fails, estimates of that slice are withheld until outcomes agree again. A shift of one group withholds that group, and whoever it makes
  up; other groups keep their estimates.
- **What it cannot see.** A change of the outcomes themselves (concept shift) before any outcome of it is known. Nothing can.
"""

CENSUS = """## On census data

A model's predictions of employment for {used:,} people in Massachusetts (American Community Survey; data set of NannyML). Reference: 2015,
{reference:,} rows; analysed: 2016 to 2018 in {windows} windows of 5,000 rows. Each window is estimated before its own outcomes are looked
at; those of earlier windows are known, and count for the interval and for "can't tell". Mean error is estimated minus realised. "Nothing
changed" is the error of taking the reference's figure for the window's.

### Everybody, by measure
"""

CHOSEN = """That past errors count from three of four sound histories on was chosen with these data in view: from nineteen of twenty on,
93.6 % lay inside. The simulated logs below have no past windows, so that none of it is in their figures."""


def main() -> None:
    parts = [HEAD]
    if all((DATA / f"employment_MA_{name}.parquet").exists() for name in ("reference", "analysis", "analysis_target")):
        parts.append(census())
    else:
        sys.stderr.write(f"{DATA}: the employment data are not there, so the census part of the page is left out\n")
    parts.append(estimated_worlds.report())
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    sys.stderr.write(f"{PAGE} written\n")


def census() -> str:
    """The part on the census data: windows of 5,000 rows, and the three years as one window each."""
    small = logged("5000 rows")
    years = logged("69600 rows")
    checked = estimations(small).versions[0].checked
    assert checked is not None
    windows, groups = len(checked.windows), slices(small)
    lines = [CENSUS.format(used=small.coverage.used, reference=small.reference.n, windows=windows)]
    lines += ['| measure | windows | mean absolute error | mean error | largest error | inside the interval | "nothing changed" |',
              "|---|---|---|---|---|---|---|"]  # fmt: skip
    unchanged = reference_figures(small)
    for name in MEASURES:
        found = errors(checked, name, 0)
        naive = np.abs(checked.realised[name][:, 0] - unchanged[name][0]).mean()
        numbers = f"{found['error']:.4f} | {found['bias']:+.4f} | {found['largest']:.4f} | {100 * found['coverage']:.0f}%"
        lines.append(f"| {name} | {found['windows']:.0f} | {numbers} | {naive:.4f} |")
    lines += ["", "### By group", "",
              "Mean absolute error and share of windows inside the interval; windows with 30 outcomes of the group or more.", "",
              "| group | reference outcomes | windows | can't tell | " + " | ".join(BY_GROUP) + " |",
              "|---" * (4 + len(BY_GROUP)) + "|"]  # fmt: skip
    lines += [group_line(small, checked, place, label) for place, label in groups]
    lines += ["", *yearly(years), "", *missed(checked, groups)]
    return "\n".join(lines) + "\n"


def group_line(evidence: Evidence, checked: Checked, place: int, label: str) -> str:
    """A group's row of the table."""
    pieces = estimations(evidence).pieces
    assert pieces is not None
    reason = estimations(evidence).versions[0].reason[1:, place]
    untold = sum(str(text).startswith("can't tell") for text in reason)
    cells = []
    for name in BY_GROUP:
        found = errors(checked, name, place)
        cells.append(f"{found['error']:.4f}, {100 * found['coverage']:.0f}%" if found["windows"] else "-")
    windows = int((checked.given & checked.enough)[:, place].sum())
    return f"| {label} | {pieces.labels[place]:,.0f} | {windows} | {untold} | " + " | ".join(cells) + " |"


def yearly(evidence: Evidence) -> list[str]:
    """Three windows of about a year: so large that chance hardly counts, and what remains is drift."""
    checked = estimations(evidence).versions[0].checked
    assert checked is not None
    lines = ["### A year at a time", "",
             "Three windows of 69,600 rows, almost exactly 2016, 2017 and 2018. With so many rows chance is small, and a slow drift of",
             "outcomes at the same score shows: misses are marked.", "",
             "| group | measure | 2016: estimated, realised | 2017 | 2018 |", "|---|---|---|---|---|"]  # fmt: skip
    for place, label in slices(evidence):
        for name in ("accuracy", "base_rate", "roc_auc"):
            figure, seen = checked.figures[name], checked.realised[name]
            cells = []
            for row in range(min(3, len(checked.windows))):
                value, real = figure.value[row, place], seen[row, place]
                if not (checked.given[row, place] and checked.enough[row, place] and np.isfinite(value) and np.isfinite(real)):
                    cells.append("can't tell")
                    continue
                inside = figure.low[row, place] <= real <= figure.high[row, place]
                interval = f"[{figure.low[row, place]:.3f}, {figure.high[row, place]:.3f}]"
                cells.append(f"{value:.3f} {interval}, {real:.3f}" + ("" if inside else " **miss**"))
            lines.append(f"| {label} | {name} | " + " | ".join(cells) + " |")
    return lines


def missed(checked: Checked, groups: Sequence[tuple[int, str]]) -> list[str]:
    """What is not met, said in words."""
    below = []
    for place, label in groups:
        for name in MEASURES:
            found = errors(checked, name, place)
            if found["windows"] >= 20 and found["coverage"] < 0.9:
                below.append(f"{label}: {name} {100 * found['coverage']:.0f}%")
    counts = [errors(checked, name, place) for place, _ in groups for name in MEASURES]
    inside = sum(found["coverage"] * found["windows"] for found in counts if found["windows"])
    total = sum(found["windows"] for found in counts)
    share = f"{100 * inside / total:.1f}% of {total:,.0f} realised figures"
    text = f"Over all measures and groups {share} lie inside their interval; 95 % was aimed at."
    return ["### What is not met", "", text, "", CHOSEN, "", "Below 90 %: " + ("; ".join(below) if below else "none") + "."]


def errors(checked: Checked, name: str, place: int) -> dict[str, float]:
    """Errors of one measure and slice over the windows for which an estimate was given."""
    figure, seen = checked.figures[name], checked.realised[name][:, place]
    value = figure.value[:, place]
    usable = checked.given[:, place] & checked.enough[:, place] & np.isfinite(value) & np.isfinite(seen)
    gap = (value - seen)[usable]
    inside = (seen >= figure.low[:, place] - 1e-12) & (seen <= figure.high[:, place] + 1e-12)
    if not len(gap):
        return {"windows": 0, "error": np.nan, "bias": np.nan, "largest": np.nan, "coverage": np.nan}
    return {"windows": len(gap), "error": float(np.abs(gap).mean()), "bias": float(gap.mean()), "largest": float(np.abs(gap).max()),
            "coverage": float(inside[usable].mean())}  # fmt: skip


def reference_figures(evidence: Evidence) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The reference's realised figures, by slice."""
    from audits.estimated.realised import realised
    from audits.estimated.rows import Rows

    pieces = estimations(evidence).pieces
    assert pieces is not None
    known, hits = pieces.joined("known")[None], pieces.joined("hits")[None]
    looked_up = evidence.of_reference()
    found = realised(looked_up, pieces, Rows(n=known, known=known, hits=hits), np.zeros(1, dtype=np.int64))
    return {name: values[0] for name, values in found.items()}


def slices(evidence: Evidence) -> list[tuple[int, str]]:
    """Everybody and the single groups, with their names."""
    found = []
    for place, one in enumerate(evidence.slices):
        if len(one.levels) == 1:
            attribute, level = one.levels[0]
            found.append((place, NAMES.get(attribute, {}).get(level, level)))
        elif not one.levels:
            found.append((place, "everybody"))
    return found


def logged(window: str) -> Evidence:
    """The census log, ingested into a folder of its own, and its evidence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candor.toml"
        path.write_text(CONFIG.format(window=window, data=DATA.as_posix()), encoding="utf-8")
        config = load(path)
        ingest(config)
        with open_warehouse(config.warehouse) as warehouse:
            return gather(warehouse, config.models["employment"], progress=quiet)


def quiet(_: str) -> None:
    """Progress that nobody watches."""


if __name__ == "__main__":
    main()
