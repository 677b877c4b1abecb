"""docs/detection.md: the tables of what was noticed, how soon, at what price, and what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.detection.compare import THRESHOLDS, Share, Trials, at_rate, by_fault, false_alarms, laid_out
from benchmarks.detection.diagnoses import diagnosis_table
from benchmarks.detection.plan import QUARTER, Size
from benchmarks.detection.readings import READINGS, Reading, figures_of, trials
from benchmarks.detection.world import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "detection.md"
RATES = (("one false alarm in 30 days", 1 / 30), ("one in 200 days", 1 / 200))
MODELS, WEEK = 200, 7

HEAD = """# Which faults are noticed, how soon, and at what price

Simulated logs with a fault planted in them, and the same logs without one, looked at by Candor, by
[evidently](https://github.com/evidentlyai/evidently) 0.7.23 and by [nannyml](https://github.com/NannyML/nannyml) 0.13.1. Every figure on
this page is generated: `python -m benchmarks.detection` takes half an hour on one core, `--quick` some minutes.

**The logs.** A model with nine numeric features (skewed, bounded, whole-numbered, heavy-tailed), five categorical ones (with rare levels),
scores, decisions, outcomes that come days later, latencies. One window is a day. Logs are of {many} kinds: {kinds}.
A log has {reference} reference days, and the fault begins on day {onset} after them. The faults are those of
`connectors/simulated/faults.py`; each hits all rows, and, where that can be said of it, also a quarter of the rows, as when one server
of four is wrong.

**What counts.** Every tool says of each of its series how far it is beyond its line. An alert opens when a series passes the line, and
stays open until it was quiet for two days; alerts that open on one day are one alarm. A fault is noticed by the first alert that
opens within {horizon} days and that the same log without the fault does not open on that day, so that chance that rings anyway is no
detection. For equal rates, each tool's threshold is raised until the logs without faults ring no more often than allowed, nor on more
than one day of five (an alert that never closes opens seldom); of the thresholds that hold this, the lowest is taken.
The peers are given the benefit of every doubt: of several ways of reading them (any column, two, three, half of them, with or without their
other checks) the one that notices most at that rate is shown; an error that they raise counts as an alarm; they know every outcome at
once. Candor is asked in one way only; where a fault changes what is known on a day (labels, rows that do not come), on what was known at
the end of each day, else on the log as it was at the end.

**What this does not show.** The faults are those that Candor's checks were written against; nobody knows how it does on faults that nobody
thought of. The peers see rows, as their users give them to them, and not the deliveries that rows come by, so they cannot know of a source
that is gone or of rows that came twice. Logs that were not made here stand at the end.
"""


def percent(share: float) -> str:
    """A share in percent."""
    return "—" if not np.isfinite(share) else f"{100 * share:.0f} %"


def interval(found: Share) -> str:
    """A share with its interval."""
    return f"{100 * found.value:.0f} % ({100 * found.low:.0f}–{100 * found.high:.0f})"


def per_month(rate: float) -> str:
    """False alarms in 30 days."""
    return f"{30 * rate:.1f}" if rate else "0"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in rows), ""]


class Results:
    """Trials by tool's reading and share of rows, computed once."""

    def __init__(self, root: Path, size: Size, tools: Sequence[str]) -> None:
        self.root, self.size = root, size
        self.tools = ("candor", *tools) if size.peers else ("candor",)
        self._kept: dict[tuple[str, float, str | None], Trials] = {}

    def of(self, reading: Reading, share: float = 1.0, kind: str | None = None) -> Trials:
        """All logs as one tool reads them."""
        key = (reading.words, share, kind)
        if key not in self._kept:
            self._kept[key] = trials(self.root, self.size, reading, share=share, kind=kind)
        return self._kept[key]

    @property
    def shares(self) -> tuple[float, ...]:
        """Parts of the rows that faults hit."""
        return (1.0, QUARTER) if self.size.quarters else (1.0,)

    def readings(self, tool: str) -> list[Reading]:
        """The ways in which a tool is read: one for Candor."""
        held = [reading for reading in READINGS if reading.tool == tool]
        return held[:1] if tool == "candor" else held

    def best(self, tool: str, allowed: float) -> Reading:
        """The reading that notices most at a rate."""

        def noticed(reading: Reading) -> float:
            return sum(at_rate(self.of(reading, share), allowed, draws=1).value for share in self.shares)

        return max(self.readings(tool), key=noticed)

    def tuned(self, tool: str, allowed: float, share: float) -> float:
        """The share noticed where a threshold is set for each kind of log, at the best reading of each."""
        found = []
        for kind in self.size.kinds:
            values = [at_rate(self.of(reading, share, kind), allowed, draws=1).value for reading in self.readings(tool)]
            found.append(max(values))
        return float(np.mean(found))


def by_default(results: Results) -> list[str]:
    """What each tool does unless told otherwise."""
    rows = []
    for reading in READINGS:
        if reading.default and reading.tool in results.tools:
            found = [at_rate(results.of(reading, share), None) for share in results.shares]
            delay = f"{found[0].delay:.0f}" if np.isfinite(found[0].delay) else "—"
            rates = [per_month(found[0].rate), percent(found[0].ringing)]
            rows.append([reading.words, *rates, *(interval(each) for each in found), delay])
    heads = ["all rows hit", "a quarter hit"][: len(results.shares)]
    measured = ["as delivered", "false alarms in 30 quiet days", "quiet days that ring"]
    return table([*measured, *(f"noticed, {head}" for head in heads), "days to notice (median)"], rows)


def at_equal_rates(results: Results) -> list[str]:
    """The comparison that counts."""
    rows = []
    for words, allowed in RATES:
        for tool in results.tools:
            reading = results.best(tool, allowed)
            found = [at_rate(results.of(reading, share), allowed) for share in results.shares]
            tuned = [percent(results.tuned(tool, allowed, share)) for share in results.shares] if len(results.size.kinds) > 1 else []
            delay = f"{found[0].delay:.0f}" if np.isfinite(found[0].delay) else "—"
            rows.append([words, reading.words, *(interval(each) for each in found), delay, " / ".join(tuned)])
    heads = [f"noticed, {head}" for head in ("all rows hit", "a quarter hit")][: len(results.shares)]
    return table(["false alarms", "read as", *heads, "days to notice", "threshold set for each kind of log"], rows)


def fault_by_fault(results: Results, share: float) -> list[str]:
    """Each fault at one false alarm in 30 days."""
    allowed, found = RATES[0][1], []
    for tool in results.tools:
        held = results.of(results.best(tool, allowed), share)
        found.append(by_fault(held, at_rate(held, allowed, draws=1).place))
    rows = []
    for case in results.size.cases():
        if case.share == share:
            cells = [each[case.fault] for each in found]
            texts = [f"{percent(part)}, {delay:.0f} d" if part else "**missed**" for part, delay in cells]
            rows.append([case.fault, *texts])
    return table(["fault", *("Candor" if tool == "candor" else tool for tool in results.tools)], rows)


def false_pages(root: Path, sizes: Sequence[Size]) -> list[str]:
    """What 200 models cost a team that is on call, at the default budget, with nothing the matter."""
    rows = []
    place = int(np.searchsorted(THRESHOLDS, 0.0))
    every, total = 0, {"any": 0.0, "page": 0.0}
    for size in sizes:
        for kind in size.kinds:
            counted, days = dict.fromkeys(total, 0.0), 0
            for each, seed, _, _ in size.logs():
                if each != kind:
                    continue
                held = figures_of(size.folder(root, each, seed) / "quiet", "candor", size.reference)
                days += size.analysed
                for name in counted:
                    kept = held if name == "any" else {key: by for key, by in held.items() if key.startswith("page/")}
                    if kept:
                        counted[name] += float(false_alarms(laid_out(kept, range(size.analysed)), THRESHOLDS[place : place + 1])[0])
            rows.append([f"{size.rows:,}", KINDS[kind].words, f"{days:,}", *(f"{n:.0f}" for n in counted.values())])
            every, total = every + days, {name: n + counted[name] for name, n in total.items()}
    weekly = [f"{n * MODELS * WEEK / every:.2f} (at most {_upper(n) * MODELS * WEEK / every:.2f})" for n in total.values()]
    rows.append(["all", "", f"{every:,}", *(f"{n:.0f}" for n in total.values())])
    said = (
        f"With {MODELS} models that is a week {weekly[0]} false alarms of any kind and {weekly[1]} false pages for the whole team; in"
        " brackets the upper end of the 95 % interval (Poisson). The budget asked for by default is one a week."
    )
    return [*table(["rows a day", "kind of log", "quiet days", "false alarms", "false pages"], rows), said]


def _upper(n: float) -> float:
    """The upper end of the 95 % interval of a Poisson mean; of none seen, the rule of three."""
    from scipy.special import gammaincinv

    return float(gammaincinv(n + 1.0, 0.975 if n else 0.95))


def text(root: Path, sizes: Sequence[Size], tools: Sequence[str], *, quick: bool, elsewhere: Sequence[str]) -> str:
    """The whole page."""
    first = sizes[0]
    held = [kind for kind in KINDS if any(kind in size.kinds for size in sizes)]
    words = "; ".join(KINDS[kind].words for kind in held)
    parts = [HEAD.format(kinds=words, many=len(held), reference=first.reference, onset=first.onset + 1, horizon=first.horizon)]
    if quick:
        parts += ["This is the quick run: one size and few seeds, so intervals are wide.", ""]
    results = [Results(root, size, tools) for size in sizes]
    parts += ["## At equal rates of false alarms", ""]
    for each in results:
        parts += [f"### {each.size.rows:,} rows a day", "", *_limits(each), *at_equal_rates(each)]
    parts += ["## As delivered", ""]
    for each in results:
        parts += [f"### {each.size.rows:,} rows a day", "", *by_default(each)]
    parts += ["## Fault by fault, at one false alarm in 30 days", ""]
    for each in results:
        for share in each.shares:
            hit = "all rows hit" if share == 1 else "a quarter of the rows hit"
            parts += [f"### {each.size.rows:,} rows a day, {hit}", "", *fault_by_fault(each, share)]
    parts += ["## What is named as the cause", "", *diagnosis_table(root, sizes)]
    parts += ["## What a team of 200 models hears on quiet days", "", *false_pages(root, sizes), ""]
    parts += list(elsewhere)
    return "\n".join(parts).rstrip() + "\n"


def _limits(results: Results) -> list[str]:
    """What was done otherwise at this size."""
    size = results.size
    said = []
    if len(size.faults) < 26 or len(size.kinds) < len(KINDS):
        said.append(f"{len(size.faults)} of the faults, {', '.join(size.kinds)} logs only")
    if (size.reference, size.analysed) != (30, 60):
        said.append(
            f"{size.reference} reference days, the fault on day {size.onset + 1} of {size.analysed}, {size.horizon} days to notice it"
        )
    if not size.peers:
        said.append("Candor alone, since the peers would take days")
    elif size.rows > 5_000:
        said.append("evidently compares with 150,000 rows drawn of the reference")
    quiet = sum(peers for *_, peers in size.logs())
    seeds = sum(broken for _, _, broken, _ in size.logs())
    said.append(f"logs with each fault: {seeds}; quiet logs: {sum(1 for _ in size.logs())} for Candor, {quiet} for its peers")
    text = "; ".join(said)
    return [f"{text[0].upper()}{text[1:]}.", ""]


def write(root: Path, sizes: Sequence[Size], tools: Sequence[str], *, quick: bool, elsewhere: Sequence[str] = ()) -> None:
    """Write the page."""
    PAGE.write_text(text(root, sizes, tools, quick=quick, elsewhere=elsewhere), encoding="utf-8")
