"""What `candor watch` says on a terminal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reports.times import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.watch.lock import Holder


def span(seconds: float) -> str:
    """Write a stretch of time.

    >>> span(0.34), span(75)
    ('0.3 s', '1 min 15 s')
    """
    return f"{seconds:.1f} s" if seconds < 10 else duration(timedelta(seconds=seconds))


def unwritable(path: Path, why: str) -> str:
    """The lock file cannot be opened."""
    return f"{path}: cannot be written ({why}); the watcher keeps its lock there"


def taken(path: Path, holder: Holder | None) -> str:
    """A second watcher was started."""
    who = "another process" if holder is None else f"process {holder.pid} on {holder.host}, since {holder.since} UTC,"
    return f"{path}: {who} is watching this warehouse already; stop that one first"


def begins(models: int, every: float, pid: int) -> str:
    """The first line."""
    return f"Watching {models:,} {'model' if models == 1 else 'models'}, looking every {span(every)} (process {pid}; Ctrl-C stops it)"


def ends(reason: str) -> str:
    """The last line."""
    return f"Stopped watching ({reason}). What was stored stays; the next watcher goes on from there."


def round_done(at: str, rows: int, audited: Sequence[str], seconds: float, changes: str) -> str:
    """One line for a round that found something to do."""
    news = f"{rows:,} new {'row' if rows == 1 else 'rows'}" if rows else "no new rows"
    what = (
        f"audited {', '.join(audited[:4])}{f' and {len(audited) - 4:,} more' if len(audited) > 4 else ''}"
        if audited
        else "nothing to audit"
    )
    return f"{at}  {news}; {what} in {span(seconds)}{'; ' + changes if changes else ''}"


def working(step: str) -> str:
    """How far a round is that takes long."""
    return f"          … {step}"


def changed(raised: int, resolved: int) -> str:
    """What became of alerts in a round.

    >>> changed(2, 0), changed(0, 0)
    ('2 alerts raised', '')
    """
    parts = [(raised, "raised"), (resolved, "resolved")]
    return ", ".join(f"{number:,} {'alert' if number == 1 else 'alerts'} {word}" for number, word in parts if number)


def fails(at: str, model: str, reason: str, wait: float) -> str:
    """A model's round failed: said once, until it goes well again."""
    return f"{at}  {model}: {reason} (tried again, first after {span(wait)}; said once)"


def back(at: str, model: str, seconds: float) -> str:
    """What failed goes well again."""
    return f"{at}  {model}: works again after {span(seconds)}"


def clock_jumped(at: str, seconds: float) -> str:
    """The wall's clock and the one that only goes forward parted."""
    if seconds < 0:
        return f"{at}  the clock went back by {span(-seconds)}; waiting is not affected, rows dated after now are quarantined until then"
    return f"{at}  the clock went forward by {span(seconds)}, or this machine slept"


def clock_behind(at: str, last: str) -> str:
    """A watcher starts earlier than the last one ended."""
    return f"{at}  the clock is behind the last round's ({last} UTC): one of them was wrong"


def config_refused(at: str, reason: str) -> str:
    """candor.toml was changed into something that cannot be used."""
    return f"{at}  {reason}; the configuration from before stays in force"


def config_changed(at: str) -> str:
    """candor.toml was changed and is in force."""
    return f"{at}  candor.toml has changed: in force from now on"


def stalled(seconds: float) -> str:
    """A round's process was silent too long."""
    return f"the round gave no sign of life for {span(seconds)} and was ended"


def died(code: int, last: str) -> str:
    """A round's process ended without an answer."""
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the round's process ended with {how}" + (f": {last}" if last else "")


def undelivered(at: str, reason: str) -> str:
    """Delivery itself could not be tried."""
    return f"{at}  alerts cannot be delivered: {reason}"


def receivers(at: str, failed: int, reason: str) -> str:
    """Receivers did not take messages: said once, until one does."""
    noun = "message is" if failed == 1 else "messages are"
    return f"{at}  {failed:,} {noun} kept and tried again: {reason}"


def delivered(at: str, count: int) -> str:
    """Messages reached their receivers."""
    return f"{at}  {count:,} {'message' if count == 1 else 'messages'} delivered"


def heartbeat_failed(at: str, reason: str) -> str:
    """The heartbeat's address did not answer: said once, until it does."""
    return f"{at}  the heartbeat could not be sent: {reason}"


def heartbeat_withheld(at: str, seconds: float) -> str:
    """Pages have been waiting so long that the dead-man's switch should speak."""
    return f"{at}  no heartbeat is sent: a page has been waiting for its receiver for {span(seconds)}"


def lost(at: str, reason: str) -> str:
    """The watcher cannot store what it found."""
    return f"{at}  {reason} (tried again at every look; said once)"


def found(at: str) -> str:
    """The watcher can store again."""
    return f"{at}  what was found can be stored again"


def warehouse_moved(path: Path) -> str:
    """warehouse.path was changed under a running watcher."""
    return f"{path}: warehouse.path has changed; stop the watcher and start it again for the new one"


def drill_step(seconds: float, step: str, what: str) -> str:
    """One line of a drill's timeline.

    >>> drill_step(3.24, "raised", "missing_rate of income")
    '+   3.2 s  raised     missing_rate of income'
    """
    return f"+{seconds:6.1f} s  {step:<10} {what}"


def drill_standing(count: int) -> str:
    """Alerts that the log raises by itself."""
    return f"{count:,} {'alert stands' if count == 1 else 'alerts stand'} without the fault: no part of the drill"


def drill_unseen(fault: str, standing: int) -> str:
    """The fault raised nothing new."""
    more = f" ({standing:,} stand without it, and it may hide behind one of them)" if standing else ""
    return f'No page: "{fault}" raised no new alert{more}.'


def drill_undelivered(channel: str, said: str) -> str:
    """A receiver did not take the page."""
    return f"No page at {channel}: {said}"


def drill_schedule(every: float) -> str:
    """What a drill leaves out."""
    return f"On schedule, up to {span(every)} pass before the watcher looks, and about two seconds before its round begins."
