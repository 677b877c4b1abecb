"""`candor init`: write a commented `candor.toml` from a look at a folder's data files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from connectors.errors import CandorError, UsageError
from dashboard.commands.look import Column, Guess, Source, guess, look

ROLES = {
    "id": "what ties an outcome to its prediction",
    "time": "when the prediction was made; without it, the log is windowed by rows",
    "version": "which model answered",
    "score": "P(outcome is positive), before any cut-off",
    "prediction_low": "the interval given with the prediction",
    "prediction_high": "the interval given with the prediction",
    "decision": "what was done",
    "outcome": "what turned out to be true",
    "outcome_time": "when the outcome became known",
    "latency_ms": "how long the answer took",
    "cost": "what it cost",
    "energy_wh": "what it used",
    "unit": "rows of one unit are not independent: intervals respect it",
    "request": "ties the predictions of several models to one request",
    "component": "part of a multi-model system",
    "prompt_version": "which prompt",
    "client": "who asked",
    "weight": "how much the row counts",
}
MEANINGS = {
    "multiclass": {
        "score": "one probability a class; the class is what the * stands for",
        "decision": "what was done, one of the classes",
        "outcome": "what turned out to be true, one of the classes",
    },
    "regression": {"score": "the prediction", "outcome": "what turned out to be true, a number"},
}
"""What roles mean where the task is not binary; these columns are recognised by values more than by names."""
FAR_FROM_ALL = 12


def write_config(folder: Path, *, force: bool = False) -> tuple[Path, Guess, list[Source]]:
    """Write `folder`/candor.toml; it loads, or it is not written.

    Raises
    ------
    UsageError
        There is a candor.toml already, or nothing to look at.
    CandorError
        The folder cannot be written.
    """
    from connectors.config import load

    path = folder / "candor.toml"
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; edit it, or replace it with --force")
    sources = look(folder)
    guessed = guess(sources)
    draft = folder / ".candor.toml.draft"
    try:
        draft.write_text(text(folder, sources, guessed), encoding="utf-8")
        try:
            load(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise CandorError(f"{path}: cannot be written ({error.strerror})") from error
    return path, guessed, sources


def text(folder: Path, sources: list[Source], guessed: Guess) -> str:
    """Write the configuration: what was recognised as keys, the rest as comments that say what to put there."""
    return "\n".join(lines(folder, sources, guessed)) + "\n"


def lines(folder: Path, sources: list[Source], guessed: Guess) -> Iterator[str]:
    """Yield the lines of the configuration."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-")[:64] or "model"
    section = f"models.{name}"
    yield "# Written by `candor init` from the names and the first rows of the files below. Check every line marked CHECK."
    yield "version = 1"
    yield ""
    yield "[warehouse]"
    yield 'path = "candor.duckdb"          # created if absent'
    yield 'memory_limit = "2GB"'
    yield ""
    yield f"[{section}]"
    yield f"title = {quoted(folder.resolve().name or name)}"
    yield from task(guessed)
    if guessed.protected:
        yield f"protected = [{', '.join(protected(each) for each in guessed.protected)}]    # CHECK: groups to compare"
    else:
        yield '# protected = ["sex", { column = "age", edges = [25, 46] }]    # none recognised: groups to compare'
    if guessed.segments:
        yield f"segments = [{', '.join(quoted(each.name) for each in guessed.segments)}]    # other breakdowns"
    shown = ", ".join(quoted(each) for each in guessed.features[:FAR_FROM_ALL])
    more = f" and {len(guessed.features) - FAR_FROM_ALL} more" if len(guessed.features) > FAR_FROM_ALL else ""
    yield f"# features = [...]    # default: every column not named elsewhere: {shown or 'none'}{more}"
    yield '# window = "1d"       # 1h, 1d, 1w, 1mo or "5000 rows"; default: the shortest that gives at most 60 windows'
    yield '# label_delay = "14d" # how long an outcome takes to become known'
    yield '# owner = "you@example.org"'
    yield ""
    reference = [each for each in sources if kind(each, guessed) == "reference"]
    if not reference:
        yield f"# [{section}.reference]    # what drift is judged against; without it, the first complete window"
        if "time" in guessed.roles:
            yield "# until = 2026-02-01       # rows before it are the reference; or rows = 50000"
        else:
            yield "# rows = 50000"
        yield ""
    yield f"[{section}.columns]"
    special = MEANINGS.get(guessed.task, {})
    for role, meaning in (ROLES | special).items():
        if role in guessed.roles:
            yield f"{role} = {quoted(guessed.roles[role].name)}    # {'CHECK: ' if role in special else ''}{meaning}"
        elif role in ("id", "time", "score", "decision", "outcome") and (role, guessed.task) != ("decision", "regression"):
            yield f'# {role} = "..."    # none recognised: {meaning}'
    if guessed.task == "binary":
        yield "# positive = 1    # the outcome value that the score predicts; default: favorable"
    for source in sorted(sources, key=lambda each: kind(each, guessed) == "outcomes"):
        yield ""
        yield f"[[{section}.sources]]"
        yield 'kind = "file"'
        yield f"path = {quoted(source.glob)}    # {source.files} file{'s' if source.files > 1 else ''}, {len(source.columns)} columns"
        yield f'rows = "{kind(source, guessed)}"    # predictions, outcomes, both or reference'
    yield ""
    yield f"# [{section}.model]          # lets Candor explain and attack it; without it, a surrogate learns from the logged scores"
    yield '# format = "lightgbm"     # onnx, lightgbm, xgboost, skops, mlflow or http (then url)'
    yield '# path = "model.txt"'
    yield '# immutable = ["age"]     # what nobody can change'


def task(guessed: Guess) -> Iterator[str]:
    """Yield the lines that say what kind of answers the model gives, and which of them is favorable."""
    roles = guessed.roles
    if guessed.task == "multiclass":
        classes = [quoted(str(each)) for each in roles["score"].values]
        more = f" and {len(classes) - FAR_FROM_ALL} more" if len(classes) > FAR_FROM_ALL else ""
        yield f'task = "multiclass"    # CHECK: {quoted(roles["score"].name)} add up to 1: {", ".join(classes[:FAR_FROM_ALL])}{more}'
        yield f"# favorable = {classes[0]}    # the class that benefits the person; left out, each class is looked at for itself"
    elif guessed.task == "regression":
        both = f"{quoted(roles['score'].name)} and {quoted(roles['outcome'].name)}"
        yield f'task = "regression"    # CHECK: {both} are numbers of many values'
    else:
        yield 'task = "binary"'
        judged = roles.get("decision") or roles.get("outcome")
        seen = f"; {quoted(judged.name)} holds {', '.join(value(each) for each in judged.values)}" if judged is not None else ""
        yield f"favorable = {value(guessed.favorable)}    # CHECK: the value that benefits the person{seen}"


def kind(source: Source, guessed: Guess) -> str:
    """Guess what the rows of a source are."""
    names = {column.name for column in (*source.columns, *source.patterns)}
    has = {role for role, column in guessed.roles.items() if column.name in names}
    if re.search(r"reference|baseline|train", source.glob.lower()):
        return "reference"
    if "outcome" not in has:
        return "predictions"
    return "both" if has & {"score", "decision"} or "id" not in has else "outcomes"


def protected(column: Column) -> str:
    """Write a protected column; numbers of many values are grouped by edges."""
    if column.kind == "number" and column.distinct > 10:
        return f"{{ column = {quoted(column.name)}, edges = [{', '.join(edges(column))}] }}"
    return quoted(column.name)


def edges(column: Column) -> list[str]:
    """Give the edges that ages are commonly grouped by where the values straddle them, else the thirds of the range."""
    low, high = column.low or 0.0, column.high or 1.0
    if low < 25 and high >= 46:
        return ["25", "46"]
    thirds = [low + (high - low) / 3, low + 2 * (high - low) / 3]
    whole = high - low > 10
    return [str(round(each)) if whole else f"{each:.4g}" for each in thirds]


def quoted(name: str) -> str:
    """Write a TOML string."""
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(found: object) -> str:
    """Write a TOML value."""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, (int, float)):
        return str(int(found)) if float(found).is_integer() else repr(found)
    return quoted(str(found))
