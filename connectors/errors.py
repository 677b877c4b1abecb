"""The two errors a person may see: each is one sentence that says what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CandorError(Exception):
    """An audit, a source, a lock or the disk failed; the text is one clear sentence for a person."""

    exit_code = 3


class UsageError(CandorError):
    """The command, the configuration or a file named in it is wrong; the text names the nearest valid choice."""

    exit_code = 2


def nearest(wrong: str, valid: Iterable[str], *, shown: int = 12) -> str:
    """Say which valid choice is nearest to a wrong one, or list the choices.

    Example
    -------
    >>> nearest("protectd", ["protected", "segments"])
    'did you mean "protected"?'
    >>> nearest("xyz", ["protected", "segments"])
    'valid are: protected, segments'
    >>> nearest("xyz", [])
    'there are none'
    """
    choices = [str(choice) for choice in valid]
    folded = {choice.casefold(): choice for choice in reversed(choices)}
    close = difflib.get_close_matches(wrong.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f'did you mean "{folded[close[0]]}"?'
    if not choices:
        return "there are none"
    more = f" and {len(choices) - shown} more" if len(choices) > shown else ""
    return f"valid are: {', '.join(choices[:shown])}{more}"
