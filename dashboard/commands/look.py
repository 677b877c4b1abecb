"""`candor init`: look at a folder's data files and guess, from names and values, what each column is.

Only the head of each file is read. A guess is written with what it rests on, so that a person can check it; nothing is audited on
a guess alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 20_000
SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json")
PACKED = (".gz", ".zst")

NAMES: dict[str, str] = {
    "outcome_time": r"outcome_?(time|date|at)|observed_(at|on)|label(l?ed)?_?(time|date|at)|known_at",
    "time": r"time|date|timestamp|datetime|ts|decided_at|created_at|predicted_at|scored_at|.*_(time|at|date|timestamp)",
    "version": r"(model_?)?version|model",
    "prompt_version": r"prompt_?version",
    "latency_ms": r"latency(_?ms)?|duration_?ms|response_?(time|ms)",
    "cost": r"cost(_usd|_eur)?|price_usd",
    "energy_wh": r"energy(_wh)?",
    "request": r"request_?id|trace_?id",
    "unit": r"(customer|user|person|patient|client|account|applicant|subject)_?(id|no|number)",
    "component": r"component",
    "client": r"client|api_?key|caller",
    "weight": r"(sample_?)?weight",
    "score": r"(.*_)?(score|prob|proba|probability|confidence|likelihood|pd)|y_(score|prob|proba|pred_proba)|p_\w+",
    "decision": r"decision|decided|approved|accepted|granted|selected|hired|admitted|flagged|predict(ed|ion)(_class|_label)?|y_(pred|hat)",
    "outcome": r"outcome|label(_value)?|target|actual|(ground_?)?truth|y(_true)?|class|observed|repaid|default(ed)?|churn(ed)?|employed",
    "id": r"id|uuid|key|.*_?(id|uuid)",
}
"""What columns of a role tend to be called; the first role whose name and values fit takes the column."""

PREDICTION = r"(?!.*_(id|no|ms|low|high|lower|upper)$)(.*_)?(predict(ed|ion)|pred|estimated?|forecast(ed)?|valuation|y?hat)(_.*)?"
MEASURED = rf"{NAMES['outcome']}|(actual|true|observed|real)_.*|.*_(actual|true|observed)"
"""What the prediction and the outcome of a regression tend to be called."""
MANY = 20
"""Numbers of more distinct values than this are measured, not classes."""

PROTECTED = (
    r"(.*_)?(sex|gender|race|rac\d\w|ethnicity|ethnic_group|age(_group|_cat|_band|p)?|disab\w*|religion|nationality|marital(_status)?|pregnan\w*|veteran|"
    r"skin_?tone|orientation)"
)
SEGMENT = r"(.*_)?(region|country|state|province|channel|branch|segment|product|site|market|language|platform|device)"
FAVORABLE = frozenset(
    {"1", "true", "yes", "y", "approved", "approve", "accepted", "granted", "hired", "admitted", "selected", "repaid", "good", "positive"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the files' heads: its name, kind (number, text, time or truth), distinct values and a few of them."""

    name: str
    kind: str
    distinct: int
    filled: int
    values: tuple[object, ...]
    low: float | None = None
    high: float | None = None

    @property
    def two_valued(self) -> bool:
        """Whether it says one of two things."""
        return self.distinct == 2

    @property
    def between_0_and_1(self) -> bool:
        """Whether it could be a probability."""
        return self.kind == "number" and self.low is not None and self.high is not None and self.low >= 0 and self.high <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Files of one shape: a glob relative to the folder, the columns of their heads, and what could be a score of several classes."""

    glob: str
    files: int
    columns: tuple[Column, ...]
    patterns: tuple[Column, ...] = ()


def look(folder: Path) -> list[Source]:
    """Read the head of each shape of file below `folder`.

    Raises
    ------
    UsageError
        There is no such folder, no data file in it, or none that can be read.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name the one that holds your log")
    shapes: dict[tuple[str, str, tuple[str, ...]], list[tuple[Path, pa.Table]]] = {}
    problems = []
    for path in data_files(folder):
        try:
            head = read_head(path)
        except (OSError, ValueError, UnicodeDecodeError) as error:
            problems.append(f"{path.relative_to(folder)} ({str(error).splitlines()[0][:120]})")
            continue
        if not head.num_columns:
            continue
        ending = "".join(path.suffixes[-2:]) if path.suffix in PACKED else path.suffix
        shapes.setdefault((path.parent.relative_to(folder).as_posix(), ending, tuple(sorted(head.column_names))), []).append((path, head))
    if not shapes:
        found = f"; could not read {'; '.join(problems[:3])}" if problems else ""
        raise UsageError(f"{folder}: no data files found (looked for {', '.join(SUFFIXES)}, also with {' or '.join(PACKED)}){found}")
    places = [(where, ending) for where, ending, _ in shapes]
    found_sources = []
    for (where, ending, _), members in shapes.items():
        alone = places.count((where, ending)) == 1
        prefix = "" if where == "." else f"{escape(where)}/"
        names = [path.name for path, _ in members]
        pattern = escape(names[0]) if len(names) == 1 else f"*{ending}" if alone else f"{escape(common_start(names))}*{ending}"
        head = members[0][1]
        columns = columns_of(head)
        found_sources.append(Source(glob=prefix + pattern, files=len(names), columns=columns, patterns=patterns_of(head, columns)))
    return found_sources


def data_files(folder: Path) -> Iterator[Path]:
    """Yield the data files at most three folders deep, in order, leaving hidden ones and Candor's own out."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if len(parts) > 4 or any(part.startswith(".") or part.endswith(".published") for part in parts) or not path.is_file():
            continue
        if (path.suffixes[-2] if path.suffix in PACKED and len(path.suffixes) > 1 else path.suffix) in SUFFIXES:
            yield path


def read_head(path: Path) -> pa.Table:
    """Read about `ROWS` rows of a file, whatever its format."""
    import pyarrow as pa

    plain = path.suffixes[-2] if path.suffix in PACKED else path.suffix
    if plain == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            batch = next(file.iter_batches(batch_size=ROWS), None)
            return pa.Table.from_batches([batch]) if batch is not None else file.schema_arrow.empty_table()
    with pa.input_stream(path, compression={".gz": "gzip", ".zst": "zstd"}.get(path.suffix)) as stream:
        text = stream.read(8_000_000)
    lines = text.split(b"\n")[: ROWS + 1]
    if len(text) == 8_000_000 and len(lines) > 1:
        lines.pop()
    head = b"\n".join(lines).strip()
    if not head:
        return pa.table({})
    if plain in (".jsonl", ".ndjson", ".json"):
        from pyarrow import json

        return json.read_json(pa.BufferReader(head))
    from pyarrow import csv

    parse = csv.ParseOptions(delimiter=delimiter(lines[0].decode("utf-8-sig")))
    return csv.read_csv(pa.BufferReader(head), parse_options=parse, convert_options=csv.ConvertOptions(strings_can_be_null=True))


def delimiter(header: str) -> str:
    r"""Give the delimiter that a header line uses most: comma, semicolon, tab or bar.

    >>> delimiter("id;score;decision"), delimiter("only")
    (';', ',')
    """
    return max(",;\t|", key=header.count)


def common_start(names: Sequence[str]) -> str:
    """Give what file names have in common, up to the last letter before the digits begin."""
    first, last = min(names), max(names)
    same = next((i for i, each in enumerate(first) if i >= len(last) or last[i] != each), len(first))
    return first[:same].rstrip("0123456789")


def columns_of(head: pa.Table) -> tuple[Column, ...]:
    """Describe each column of a head."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as is_a

    found = []
    for name in head.column_names:
        values = head[name]
        if is_a.is_nested(values.type):
            continue
        if is_a.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if is_a.is_boolean(values.type):
            kind = "truth"
        elif is_a.is_integer(values.type) or is_a.is_floating(values.type) or is_a.is_decimal(values.type):
            kind = "number"
        elif is_a.is_temporal(values.type) or looks_like_time(values):
            kind = "time"
        else:
            kind = "text"
        distinct = pc.unique(values.drop_null())
        low = high = None
        if kind == "number" and len(distinct):
            ends = pc.min_max(values.cast(pa.float64()))
            low, high = ends["min"].as_py(), ends["max"].as_py()
        shown = tuple(distinct.slice(0, 12).to_pylist())
        found.append(
            Column(name=name, kind=kind, distinct=len(distinct), filled=len(values) - values.null_count, values=shown, low=low, high=high)
        )
    return tuple(found)


def patterns_of(head: pa.Table, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Find names with a * that stand for three or more probabilities that add up to 1 in nearly every row; their values are the classes.

    Zeros and ones alone, which add up to 1 where they encode a feature, are no probabilities.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    could_be = [column.name for column in columns if column.between_0_and_1 and column.name.isprintable() and "*" not in column.name]
    breaks = [(name, each) for name in could_be for each in re.finditer(r"[\W_]", name)]
    cuts = Counter([(name[: each.end()], "") for name, each in breaks] + [("", name[each.start() :]) for name, each in breaks])
    found = []
    for (before, after), times in cuts.items():
        least = len(before) + len(after)
        fitting = [c for c in columns if c.name.startswith(before) and c.name.endswith(after) and len(c.name) > least]
        members = [column for column in fitting if column.name in could_be]
        if times < 3 or len(members) < 3 or all(column.distinct <= 2 for column in members):
            continue
        total = reduce(pc.add, (head[column.name].cast(pa.float64()) for column in members))
        if (pc.mean(pc.less_equal(pc.abs(pc.subtract(total, 1.0)), 0.02)).as_py() or 0) < 0.95:
            continue
        labels = tuple(column.name[len(before) : len(column.name) - len(after)] for column in members)
        pattern = Column(name=f"{before}*{after}", kind="number", distinct=len(labels), filled=len(total), values=labels)
        if all(column in members or holds(column, pattern) for column in fitting):
            found.append(pattern)
    return tuple(sorted(found, key=lambda each: -each.distinct))


def holds(column: Column, pattern: Column) -> bool:
    """Whether a column's values are the classes of a pattern."""
    return column.kind == "text" and 2 <= column.distinct <= pattern.distinct and set(column.values) <= set(pattern.values)


def looks_like_time(values: Any) -> bool:
    """Whether text reads as ISO dates or times."""
    some = values.drop_null().slice(0, 50).to_pylist()
    if not some or not all(isinstance(each, str) for each in some):
        return all(isinstance(each, (date, datetime)) for each in some) and bool(some)
    try:
        for each in some:
            datetime.fromisoformat(each)
    except ValueError:
        return False
    return all(len(each) >= 8 and not each.isdigit() for each in some)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the columns of a log seem to be."""

    roles: dict[str, Column]
    protected: tuple[Column, ...]
    segments: tuple[Column, ...]
    features: tuple[str, ...]
    favorable: object
    task: str = "binary"


def guess(sources: Sequence[Source]) -> Guess:
    """Match columns to roles by name and by value; each role and each column is used once."""
    columns: dict[str, Column] = {}
    for source in sorted(sources, key=lambda each: -len(each.columns)):  # of two files, the one with outcomes only is the narrower
        for column in source.columns:
            columns.setdefault(column.name, column)
    usable = {name: column for name, column in columns.items() if name.isprintable() and 0 < len(name) <= 200}
    roles = class_roles(sources, list(usable.values()))
    task = "multiclass" if roles else "binary"
    for label in roles["score"].values if roles else ():
        usable.pop(roles["score"].name.replace("*", str(label)), None)
    for role, names in NAMES.items():
        if task == "multiclass" and role in ("score", "decision", "outcome"):
            continue
        for column in usable.values():
            if column not in roles.values() and re.fullmatch(names, column.name.strip().lower().replace(" ", "_")) and fits(role, column):
                roles[role] = column
                break
    if task == "binary" and "decision" not in roles:
        scores = (c for c in usable.values() if c not in roles.values() and re.fullmatch(NAMES["score"], c.name.lower()) and c.two_valued)
        roles.update(("decision", column) for column in scores)
    if task == "binary" and "outcome" not in roles:
        roles.update(outcome_alone(sources, roles, [column for column in usable.values() if column.two_valued]))
    if task == "binary" and not {"decision", "outcome"} & set(roles):
        measured = number_roles(sources, roles, usable)
        roles |= measured
        task = "regression" if measured else task
    rest = [column for column in usable.values() if column not in roles.values()]
    protected = tuple(c for c in rest if re.fullmatch(PROTECTED, c.name.lower()) and (c.kind == "number" or c.distinct <= 50))
    segments = tuple(
        c for c in rest if c not in protected and re.fullmatch(SEGMENT, c.name.lower()) and c.kind != "time" and c.distinct <= 50
    )
    features = tuple(c.name for c in rest if c not in protected and c not in segments and c.kind != "time")
    judged = roles.get("decision") or roles.get("outcome")
    values = judged.values if judged is not None else (1,)
    known = [value for value in values if str(value).strip().lower().removesuffix(".0") in FAVORABLE]
    favorable = known[0] if known else max(values, key=str, default=1)
    return Guess(roles=roles, protected=protected, segments=segments, features=features, favorable=favorable, task=task)


def class_roles(sources: Sequence[Source], columns: Sequence[Column]) -> dict[str, Column]:
    """Find score, decision and outcome of a model of several classes; nothing, unless a column holds the classes.

    Where names do not tell, the decision is the fuller column of those beside the score: outcomes come late.
    """
    for source, pattern in [(each, pattern) for each in sources for pattern in each.patterns]:
        held = [column for column in columns if holds(column, pattern) and not re.fullmatch(PROTECTED, column.name.lower())]
        held.sort(key=lambda column: (column not in source.columns, -column.filled))
        roles = {role: c for role in ("decision", "outcome") for c in reversed(held) if re.fullmatch(NAMES[role], c.name.lower())}
        unnamed = [column for column in held if column not in roles.values()]
        if "decision" not in roles and unnamed and unnamed[0] in source.columns:
            roles["decision"] = unnamed.pop(0)
        if "outcome" not in roles and unnamed:
            roles["outcome"] = unnamed[0]
        if roles:
            return {"score": pattern} | roles
    return {}


def number_roles(sources: Sequence[Source], roles: dict[str, Column], columns: dict[str, Column]) -> dict[str, Column]:
    """Find prediction, its interval and outcome of a regression; nothing, unless there are both a prediction and an outcome."""
    free = {name: column for name, column in columns.items() if column not in roles.values() or column is roles.get("score")}
    many = [column for column in free.values() if column.kind == "number" and column.distinct > MANY]
    ends = (("_low", "_high"), ("_lower", "_upper"))
    both = [(column.name, column.name + low, column.name + high) for column in many for low, high in ends]
    intervals = {name: (free[low], free[high]) for name, low, high in both if low in free and high in free}
    predictions = [c for c in many if re.fullmatch(PREDICTION, c.name.lower())] or [c for c in many if c.name in intervals]
    for prediction in predictions:
        others = [column for column in many if column is not prediction]
        named = [c for c in others if re.fullmatch(MEASURED, c.name.lower()) and not re.fullmatch(PREDICTION, c.name.lower())]
        named += [c for c in others if prediction.name in {f"predicted_{c.name}", f"estimated_{c.name}", f"pred_{c.name}"}]
        named += [c for c in others if prediction.name.startswith(f"{c.name}_")]
        found = {"outcome": named[0]} if named else outcome_alone(sources, roles, others)
        if found:
            interval = dict(zip(("prediction_low", "prediction_high"), intervals.get(prediction.name, ()), strict=False))
            return {"score": prediction} | interval | found
    return {}


def outcome_alone(sources: Sequence[Source], roles: dict[str, Column], could_be: Collection[Column]) -> dict[str, Column]:
    """Find the outcome in a file that has nothing else but the id and, perhaps, a time."""
    for source in sources if "id" in roles else ():
        others = [column for column in source.columns if column.name != roles["id"].name and column.kind != "time"]
        if len(others) == 1 and len(source.columns) > 1 and others[0] in could_be and others[0] not in roles.values():
            return {"outcome": others[0]}
    return {}


def fits(role: str, column: Column) -> bool:
    """Whether a column's values allow the role that its name suggests."""
    if role in ("time", "outcome_time"):
        return column.kind == "time"
    if role == "score":
        return column.between_0_and_1 and column.distinct > 2
    if role in ("decision", "outcome"):
        return column.two_valued and column.kind != "time"
    if role == "id":
        return column.kind in ("text", "number") and column.filled > 0 and column.distinct > 0.9 * column.filled
    if role in ("latency_ms", "cost", "energy_wh", "weight"):
        return column.kind == "number"
    if role == "unit":
        return column.kind in ("text", "number") and column.distinct < column.filled
    return column.kind in ("text", "number", "truth")
