"""What has changed in a policy, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audits.finding import PolicyChange


def changed(found: Iterable[PolicyChange]) -> Iterator[str]:
    """One line for each change.

    >>> list(changed([PolicyChange(model="loans", name="accuracy", field="min", before="0.7", after="0.75")]))
    ['loans: the policy has changed: accuracy min 0.7 -> 0.75']
    """
    for each in found:
        since = "" if each.since is None else f" (from {each.since:%Y-%m-%d})"
        what = each.name if each.field == "threshold" else f"{each.name} {each.field}"
        yield f"{each.model}: the policy has changed: {what}{since} {each.before or 'none'} -> {each.after or 'none'}"
