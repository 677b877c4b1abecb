"""How many years of school a text asks for, measured."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_NUMBER: Final = re.compile(r"\d[\d,.]*")
_END: Final = re.compile(r"[.!?:]+(?:\s|$)|\n+")
_VOWELS: Final = re.compile(r"[aeiouy]+")
SILENT: Final = ("e", "es", "ed")


def syllables(word: str) -> int:
    """Count the syllables of an English word: groups of vowels, less a silent ending; at least one.

    >>> [syllables(word) for word in ("cat", "score", "table", "decision", "asked", "wanted")]
    [1, 1, 2, 3, 1, 2]
    """
    low = word.lower()
    found = len(_VOWELS.findall(low))
    silent = low.endswith(SILENT) and not low.endswith(("le", "les", "ted", "ded", "ses", "zes", "ces", "ges", "ee", "ie", "ied"))
    return max(found - silent, 1)


def grade(text: str) -> float:
    """Return the Flesch-Kincaid grade: 0.39 words / sentences + 11.8 syllables / words - 15.59; a list's items are sentences.

    Numbers count as words of one syllable. It knows nothing of meaning: short words in a muddle read as easy.

    Source: J. P. Kincaid et al. (1975), Derivation of new readability formulas for Navy enlisted personnel, Research Branch Report 8-75.

    Raises
    ------
    ValueError
        There is no word in the text.

    >>> round(grade("The cat sat on the mat."), 2)  # 0.39 x 6 + 11.8 x 6 / 6 - 15.59
    -1.45
    """
    sentences = [part for part in _END.split(text) if _WORD.search(part)]
    words = [word for part in sentences for word in _WORD.findall(part)]
    if not words:
        raise ValueError("no word in it")
    numbers = sum(len(_NUMBER.findall(part)) for part in sentences)
    total = len(words) + numbers
    return 0.39 * total / len(sentences) + 11.8 * (sum(map(syllables, words)) + numbers) / total - 15.59
