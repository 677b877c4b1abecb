"""Write the log of an invented medical helpline: who should care for themselves, see a doctor, or get an ambulance.

A model gives each call three probabilities and takes the largest. It was trained on calls in the country's main language, so that it
hears less of what callers in other languages say. Callers ring again: about three calls each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parent / "data"
CLASSES = ("self-care", "doctor", "ambulance")
LANGUAGES = ("main", "other")
CALLERS, CALLS, DAYS = 1_500, 4_500, 42


def main() -> None:
    """Draw callers and calls, answer them, and log it."""
    draw = np.random.default_rng(11)
    language = draw.choice(LANGUAGES, CALLERS, p=[0.75, 0.25])
    age = np.clip(draw.normal(46, 19, CALLERS).round(), 18, 95).astype(int)
    frail = draw.normal(0, 0.8, CALLERS)
    caller = draw.integers(0, CALLERS, CALLS)
    fever, pain = draw.normal(0, 1, (2, CALLS))
    need = 0.9 * fever + 1.1 * pain + 0.5 * frail[caller] + 0.012 * (age[caller] - 46)
    true = np.stack([-1.1 * need + 0.7, np.zeros(CALLS) + 0.3, 1.2 * need - 1.6], axis=1)
    outcome = (true + draw.gumbel(size=true.shape)).argmax(axis=1)

    heard = np.where(language[caller] == "main", 1.0, 0.55)  # what gets across of what is said
    seen = heard * (0.9 * fever + 1.1 * pain) + 0.012 * (age[caller] - 46)
    score = np.exp(np.stack([-1.1 * seen + 0.7, np.zeros(CALLS) + 0.3, 1.2 * seen - 1.6], axis=1))
    score = (score / score.sum(axis=1, keepdims=True)).round(5)
    at = np.sort(draw.integers(0, DAYS * 86_400, CALLS))
    log = pd.DataFrame({
        "call": np.arange(CALLS),
        "caller": [f"c{number:04d}" for number in caller],
        "at": pd.Timestamp("2026-03-02") + pd.to_timedelta(at, unit="s"),
        "language": language[caller],
        "age": age[caller],
        "fever": fever.round(3),
        "pain": pain.round(3),
        **{f"p_{name}": score[:, place] for place, name in enumerate(CLASSES)},
        "advice": np.asarray(CLASSES)[score.argmax(axis=1)],
        "needed": np.asarray(CLASSES)[outcome],
    })  # fmt: skip
    log.loc[draw.random(CALLS) < 0.1, "needed"] = None  # nobody called back to say
    DATA.mkdir(exist_ok=True)
    log.to_csv(DATA / "calls.csv", index=False)
    print(f"Logged {CALLS:,} calls of {log['caller'].nunique():,} callers in {DATA}")


if __name__ == "__main__":
    main()
