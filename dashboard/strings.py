"""Wording that only the screen needs; what reports say too is in `reports.strings` and `reports.glossary`."""

from __future__ import annotations

import datetime as dt
import shlex

from reports import strings
from reports.strings import count, moment

PRODUCT = "Candor"

OVERVIEW = "Overview"
PERFORMANCE = "Performance"
FAIRNESS = "Fairness"
DRIFT = "Drift"
EXPLANATIONS = "Explanations"
ROBUSTNESS = "Robustness"
DATA = "Data"

WHOLE_PERIOD = "Whole period"
ALL_VERSIONS = "All versions"
RESET = "Reset the filters"
TABLE = "The same as a table"
COPY = "Copy link"
COPIED = "Copied"
RETRY = "Look again"
PART = "Part"
CLASS = "Class"
ALL_CLASSES = "All classes"

# A definition behind every term that is not a measure.
TERMS = {
    "environment": "Where the model runs, as named in candor.toml.",
    "model": "The model as named in candor.toml; below it, its versions.",
    "version": "Model versions seen in the log. Figures are about all of them together unless a version is named.",
    "window": "How the analysed period is cut, and which part of it this page shows.",
    "reference": "The period that drift and thresholds are judged against.",
    "freshness": "Time of the newest prediction in the log (UTC).",
    "labels": "Share of the predictions analysed whose outcome is known. Younger predictions may still be waiting for theirs.",
    "run": "The stored audit that every figure on this page comes from. Runs never change.",
    "interval": "95% interval: the values that the data do not rule out. How it was made stands in the tooltip of the number.",
    "n": "Rows behind the figure.",
    "threshold": "What the policy allows. Its rationale stands in the tooltip.",
    "status": "OK: inside the threshold. Warning: the value is outside, its interval is not. Critical: the whole interval is outside.",
    "q": "Significance adjusted for the number of figures judged together (Benjamini–Hochberg false discovery rate).",
    "group": "People who share a level of a protected attribute, or of several.",
    "unknown": "Rows whose group is not known: counted and shown, left out of comparisons between groups.",
    "quarantine": "Rows that could not be read or broke a rule, set aside with the reason; they are in no figure.",
    "duplicate": "Rows whose identity (model, version, id) had been taken in before; the first one counts.",
    "effect": "How far the window's distribution lies from the reference's. Effect sizes do not grow with the number of rows.",
    "maturity": "A window is mature when the outcomes of its predictions had time to become known.",
    "people": "How many people of the group the gap amounts to in this period: the gap times the group's rows.",
    "class": "One class of a task with several, against all the others.",
    "estimated": "What the figure is expected to be from the scores and the reference's outcomes, where outcomes are still to come.",
    "change": "Against the reference, where the reference has the figure; else against the first complete window.",
    "cutoff": "Scores at or above the cut-off are decided positive; one cut-off for everybody.",
    "bounds": "Not a confidence interval: the figure if every unknown outcome were the worst, and if every one were the best.",
    "explains": "Overlapping slices that err more often too, and no longer do once this one is taken out.",
    "effective_n": "How many rows of known group would say as much: (sum of the weights)² / sum of the squared weights.",
    "needed": "Rows of the group at which four samples in five would show the gap that the policy minds.",
    "guess": "How often the group is guessed right from this column alone; compare with always guessing the largest group.",
    "auc": "Of two people of different groups, the chance that this column puts them in order; 0.5 is a coin. Two groups only.",
    "gain": "The alternative's approval ratio over that of what it is held against; above 1 it is less disparate.",
    "kept": "Significantly less disparate, and not significantly worse by the yardstick.",
    "attention": "Measures outside their threshold over the whole period or in the latest complete window.",
}


def unknown_parameter(name: str, near: str | None) -> str:
    """A link says something in a word that no page knows."""
    return f"This link has a parameter “{strings.safe(name)}” that means nothing here" + (f"; did it mean “{near}”?" if near else ".")


def unreadable_parameter(name: str) -> str:
    """A link's value is too long or holds control characters."""
    return f"This link’s “{name}” cannot be read and was left out."


def unknown_value(name: str, value: str, shown: str | None, near: str | None) -> str:
    """A link asks for something that this run does not hold."""
    meant = f" Did it mean “{strings.safe(near)}”?" if near and near != shown else ""
    instead = f"; showing “{strings.safe(shown)}” instead." if shown else "; there is nothing to choose from."
    return f"This run has no {name} “{strings.safe(value[:80])}”{instead}{meant}"


def port_taken(port: int) -> str:
    """Another program listens where the dashboard should."""
    return f"Port {port} on 127.0.0.1 cannot be used (another program may hold it): choose one with candor serve --port {port + 1}."


def serving(address: str) -> str:
    """Said on the terminal when the pages can be opened."""
    return f"Dashboard: {address}  (Ctrl-C stops it)"


def other_version(table: str, column: str | None) -> str:
    """The snapshot does not hold what these pages read."""
    lacks = f"its table “{table}” has no column “{strings.safe(column)}”" if column else f"it has no table “{table}”"
    return f"This snapshot was published by another version of Candor ({lacks}); run candor audit."


def incident(number: str) -> str:
    """What a person sees of an error that nobody foresaw."""
    return f"Something went wrong here. The details are in the server’s log under incident {number}."


def command(verb: str, config: str) -> str:
    """A line to paste into a terminal.

    >>> command("audit", "my files/candor.toml")
    "candor audit -c 'my files/candor.toml'"
    """
    return f"candor {verb} -c {shlex.quote(config)}"


def first_command(config: str) -> str:
    """The line that takes in a log and audits it, where neither has happened yet."""
    return f"{command('ingest', config)} && {command('audit', config)}"


def overview_lead(models: int, troubled: int, warned: int, unknown: int) -> str:
    """The first sentence of the first page; `unknown` counts models that are stale or that nothing could be judged about."""
    noun, verb = ("model", "is") if models == 1 else ("models", "are")
    if troubled:
        needs = "needs" if troubled == 1 else "need"
        return f"{count(troubled)} of {count(models)} {noun} {needs} attention."
    if warned:
        return f"No model is critical; {count(warned)} of {count(models)} {'shows' if warned == 1 else 'show'} a warning."
    if unknown:
        some = f"{count(unknown)} of {count(models)} {noun}"
        return f"Nothing is known to be outside its threshold, but {some} could not be judged or {verb} stale."
    return "Nothing is outside its threshold." if models != 1 else "The model is inside every threshold that applies to it."


def tally(verdicts: dict[str, int]) -> str:
    """How many whole-period figures have which verdict: "2 critical · 1 warning · 30 OK"."""
    words = (("fail", "critical"), ("error", "error"), ("warn", "warning"), ("insufficient", "without enough data"), ("pass", "OK"))
    parts = [f"{count(verdicts[verdict])} {word}" for verdict, word in words if verdicts.get(verdict)]
    return " · ".join(parts) or "nothing judged"


def stale(newest: dt.datetime, age: str, window: str) -> str:
    """The log has stopped, or was never live."""
    return (
        f"The newest prediction is from {moment(newest)}, {age} ago: more than two windows of {window}. The figures below stand as of then."
    )


def no_labels(delay: str | None) -> str:
    """No outcome is known yet."""
    due = f" Outcomes are expected {delay} after the prediction." if delay else ""
    return "Approval rates, drift and data quality can be judged now; accuracy, error rates and calibration need known outcomes." + due


def filtered_out(what: str) -> str:
    """A filter leaves nothing."""
    return f"No {what} match these filters."


def spell(windows: int) -> str:
    """For how many windows something has been so, up to the latest complete one."""
    return f"{count(windows)} {'window' if windows == 1 else 'windows'} in a row" if windows else "whole period"


def unknown_group(n: int, attribute: str) -> str:
    """Rows without a known group."""
    return f"{count(n)} rows have no known {attribute}: counted here, left out of the comparisons."


def small_groups(names: list[str]) -> str:
    """Groups that are too small to judge."""
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"Not enough data to judge {shown}."


def shown_of(shown: int, total: int, what: str) -> str:
    """A list was cut."""
    return f"The first {count(shown)} of {count(total)} {what}."


EMPTY = "Nothing has been audited yet"
EMPTY_SENTENCE = "An audit reads the log, measures the model and publishes the run that these pages show. Start it with this line:"
UNTOUCHED_SENTENCE = "This line takes the log in, measures the model and publishes the run that these pages show:"
NO_MODELS = "This run holds no models"
NO_MODELS_SENTENCE = "Name a model in candor.toml, take in its log, and audit again:"
NEEDS_ATTENTION = "Needs attention"
CALM = "Nothing is outside its threshold."
NO_ANSWER = "No answer"
NO_THRESHOLD_HERE = "No threshold applies to gaps of this kind."
CALM_HERE = "Nothing here is outside its threshold."


def attention_lead(findings: int, figures: int) -> str:
    """Above the list of findings."""
    if not findings:
        return "No measure is outside its threshold, over the whole period or in the latest complete window."
    wide = f"{count(figures)} figures" if figures > 1 else "1 figure"
    return f"{wide} outside the threshold, over the whole period or in the latest complete window; the worst of each kind, worst first."


def and_more(more: int) -> str:
    """After a finding that stands for others of its kind."""
    return f"; and {count(more)} more like it" if more else ""


def open_page(title: str) -> str:
    """A link to where a figure is shown."""
    return f"Open in {title} →"


def show_all(total: int) -> str:
    """A switch below a list that was cut."""
    return f"Show all {count(total)}"


MEASURES = "Measures"
NO_PERFORMANCE = "No performance figure could be computed for this window; the Data page says what is missing."
NO_WINDOWS = "This measure is not reported window by window."


def still_waiting(reason: str) -> str:
    """Figures of outcomes will still change."""
    return f"So far {reason}: figures that rest on outcomes will still change."


def trend_note(baseline: bool) -> str:
    """Below a trend."""
    return "Shaded: 95% interval. Hollow: partial window or not enough data." + (" Dotted line: whole period." if baseline else "")


def thin_groups(groups: int, rows: int) -> str:
    """Lines that would be noise."""
    return f"Not drawn: {count(groups)} {'group' if groups == 1 else 'groups'} with fewer than {rows} rows in most windows."


Z_SCORE = "How many standard errors the group's rate lies from that of the group it is compared with."
GROUPS_WORST = "groups, worst first"
GROUPS_LEAD = "Every group with every rate and its 95% interval; worst first, unknown last."
COMPARED = "The group that the others are compared with: the one with the highest rate, unless the policy names another."
OVER_TIME = "Over time"
OVER_TIME_LEAD = "One line per group, worst groups first; the comparison group of a ratio is always 1 and is left out."
NO_ATTRIBUTES = "This model declares no protected attributes, or none of them is in the log: name them in candor.toml under protected."
NOTHING_JUDGED = "No figure here could be judged; what is missing stands below."
NO_DRIFT = "Drift needs a reference and at least one feature, score or decision; the Data page says what is missing."
NO_MOVE = "No column has moved beyond its threshold over the whole period."
MAP_LEAD = "Click a cell to see the distributions below."
DISTRIBUTION_LEAD = "Share of rows in each bin; the bins are the reference's own."
STATISTICS_LEAD = "Every statistic reported for this column, most urgent first."
NO_DISTRIBUTION = "No distribution is stored for this column and window."
LEDGER = "Ledger"
LEDGER_LEAD = "Every row received is accounted for."
BALANCED = "The sums agree."
UNBALANCED = "The sums do not agree: run candor doctor."
SOURCES = "Sources"
NO_BATCHES = "Nothing has been taken in for this model."
LOG_OVER_TIME = "The log over time"
LOG_OVER_TIME_LEAD = "A sudden step is more often a broken pipeline than a changed world."
QUARANTINE_LEAD = "Rows that no figure includes, by reason."
NO_QUARANTINE = "No row was set aside."
REASONS = "Reasons for quarantine"
QUARANTINED_ROWS = "The rows"
COLUMNS = "Columns"
COLUMNS_LEAD = "Share of rows, most urgent column first."
NO_COLUMN_RATES = "No rate per column was computed for this run."
GAPS = "Not computed"
GAPS_LEAD = "What this run does not say, and why."
NO_GAPS_DATA = "Everything that applies to this model was computed."


def sources_lead(batches: int) -> str:
    """Above the table of batches."""
    return f"{count(batches)} {'batch' if batches == 1 else 'batches'}, newest first."


def map_note(limit: float | None, unit: str) -> str:
    """Below the heat map."""
    edge = f" Allowed: {strings.policy(None, limit, unit)}." if limit is not None else ""
    return f"Darker (lighter on a dark screen) is further from the reference; ▲ warning, ◆ critical.{edge}"


WORST_GROUPS = "Worst groups"
NO_VERSIONS = "The log names no model versions (columns.version in candor.toml), or only one."
NO_THRESHOLD = "No threshold applies to the measures that could be computed."
STALE = "Stale"

MORE_RATES = "More rates"
MORE_GAPS = "More gaps"
CUT_OFF = "Cut-off"
NOT_SEARCHED = "What was not searched"
BOUNDS_OF_GROUPS = "Groups whose outcomes are seen selectively"
