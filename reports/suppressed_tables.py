"""Small counts inside a figure's tables: bins, strata, cut-offs and groups of fewer than ten people, and what gives them away.

A table stays whenever it can; what cannot stay becomes None in place, so that lists keep their length and a reader sees where
something is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports.figure import Figure

Levels = tuple[tuple[str, str], ...]

RATES: Final = ("selection_rate", "true_positive_rate", "false_positive_rate")
# Counts that stand alone: one of them small takes the dictionary that holds it along.
COUNTS: Final = frozenset({"n", "reference_n", "rows", "known", "reference_labels", "n_outside"})
# What one row held: however often it came, it may be one person's.
VALUES: Final = frozenset({"inputs"})
# Lists by stratum: the rows in it, and those of them that were selected.
STRATA: Final = (("decided", "selected"), ("reference_decided", "reference_selected"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known about the rest of the run: which groups are withheld, and how many rows a group's figure rests on."""

    hidden: Callable[[Levels], bool]
    n: Callable[[str, Levels], int | None]
    smallest: int


def levels_of(each: Mapping[str, Any]) -> Levels:
    """Return the levels that an entry of a table is about."""
    return tuple(sorted((each.get("slice") or {}).items()))


def cleaned(figure: Figure, around: Around, siblings: Sequence[Figure] = ()) -> Mapping[str, Any] | None:
    """Return the tables of a figure with small counts withheld; `siblings` are the same measure's figures of the attribute's groups."""
    tables = figure.tables
    if not tables:
        return tables
    clean = dict(tables)
    if figure.name == "threshold_curve":
        return _explored(clean, around)
    if "per_group" in clean or "alternatives" in clean or "points" in clean:
        return _options(clean, around)
    if figure.name == "criteria_conflict":
        return _conflict(clean, around)
    if figure.name == "quantile_impact_ratio":
        return _quantiles(clean, figure, around, siblings)
    if figure.name == "cochran_mantel_haenszel":
        return _strata(clean, around.smallest)
    if isinstance(clean.get("confusion"), list):
        return clean | {"confusion": confusion(clean["confusion"], around.smallest)}
    if isinstance(clean.get("telling"), list):
        clean["telling"] = [each for each in clean["telling"] if not _small_share(each["n"], each["share"], around.smallest)]
    if isinstance(clean.get("levels"), dict):  # values of a column and their rows: a rare one may name a person
        clean["levels"] = {level: rows for level, rows in clean["levels"].items() if rows >= around.smallest}
    if figure.name == "expected_cost" and isinstance(clean.get("n"), dict) and any(0 < c < around.smallest for c in clean["n"].values()):
        clean |= {"n": None, "share": None}
    return _nested(_binned(clean, around.smallest), around.smallest)


def _small(count: float | None, smallest: int) -> bool:
    return count is not None and 0 < round(count) < smallest


def _small_share(n: float | None, share: float | None, smallest: int) -> bool:
    """Whether a share of n rows, or what it leaves, is a small count."""
    return n is not None and share is not None and (_small(n * share, smallest) or _small(n * (1 - share), smallest))


def _binned(tables: dict[str, Any], smallest: int) -> dict[str, Any]:
    """Withhold small bins; one withheld bin takes the next smallest with it, because the total is known."""
    for key in ("reference", "window", "n"):
        counts = tables.get(key)
        if not isinstance(counts, list):
            continue
        small = covered([0 if c is None else c for c in counts], {i for i, c in enumerate(counts) if _small(c, smallest)}, smallest)
        if not small:
            continue
        beside = [key]
        if key == "n":
            beside = [name for name, column in tables.items() if isinstance(column, list) and len(column) == len(counts)]
        else:
            tables[f"{key}_total"] = sum(c for c in counts if c is not None)
        for name in beside:
            tables[name] = [None if i in small else v for i, v in enumerate(tables[name])]
    return tables


def covered(counts: Sequence[float], small: set[int], smallest: int) -> set[int]:
    """Return the places to withhold: the small ones, and the next smallest until at least two hold ten together."""
    small = set(small)
    while small and (len(small) == 1 or sum(counts[i] for i in small) < smallest):
        rest = [i for i, c in enumerate(counts) if i not in small and c]
        if not rest:
            break
        small.add(min(rest, key=lambda i: (counts[i], i)))
    return small


def _nested(tables: dict[str, Any], smallest: int) -> dict[str, Any]:
    """Withhold parts of a table that rest on a small count."""
    result: dict[str, Any] = {}
    for key, value in tables.items():
        if key in VALUES and isinstance(value, Mapping):
            result[key] = None
        elif isinstance(value, Mapping):
            result[key] = None if _rests_on_few(value, smallest) else _nested(_binned(dict(value), smallest), smallest)
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            result[key] = [_nested(dict(each), smallest) for each in value if not _rests_on_few(each, smallest)]
        else:
            result[key] = None if key in COUNTS and isinstance(value, (int, float)) and _small(value, smallest) else value
    return result


def _rests_on_few(value: Mapping[str, Any], smallest: int) -> bool:
    """Whether an entry of a table rests on a small count."""
    return any(_small(n, smallest) for name, n in value.items() if name in COUNTS and isinstance(n, (int, float)))


def confusion(rows: Sequence[Sequence[int]], smallest: int) -> list[list[int | None]]:
    """Withhold the small cells of a confusion matrix, and more until no row or column total gives one away.

    >>> confusion([[500, 4, 30], [20, 300, 40], [15, 25, 600]], 10)
    [[500, None, None], [None, 300, None], [None, None, 600]]
    """
    lines = [[(r, c) for c in range(len(row))] for r, row in enumerate(rows)]
    lines += [[(r, c) for r in range(len(rows))] for c in range(len(rows[0]) if rows else 0)]
    gone = {(r, c) for r, row in enumerate(rows) for c, n in enumerate(row) if _small(n, smallest)}
    changed = bool(gone)
    while changed:
        changed = False
        for line in lines:
            counts = [rows[r][c] for r, c in line]
            inside = {i for i, place in enumerate(line) if place in gone}
            wanted = covered(counts, inside, smallest)
            if wanted != inside:
                gone |= {line[i] for i in wanted}
                changed = True
    return [[None if (r, c) in gone else n for c, n in enumerate(row)] for r, row in enumerate(rows)]


def _strata(tables: dict[str, Any], smallest: int) -> dict[str, Any]:
    """Withhold strata in which few were decided upon, few selected or few refused; the totals over them are known."""
    decided = [a + b for a, b in zip(tables["decided"], tables["reference_decided"], strict=True)]
    small = {
        i for i in range(len(decided)) for n, k in STRATA
        if _small(tables[n][i], smallest) or _small(tables[k][i], smallest) or _small(tables[n][i] - tables[k][i], smallest)
    }  # fmt: skip
    gone = covered(decided, small, smallest)
    return {
        name: [None if i in gone else v for i, v in enumerate(column)]
        if isinstance(column, list) and len(column) == len(decided) and name != "levels"
        else column
        for name, column in tables.items()
    }


def steps(counts: Iterable[float | None], total: float, smallest: int) -> set[int]:
    """Return the places of a falling or rising count at which it is small, leaves few, or differs little from the last one kept.

    >>> sorted(steps([0, 4, 30, 33, 55, 96, 100], 100, 10))
    [1, 3, 5]
    """
    gone, last = set(), None
    for place, count in enumerate(counts):
        if count is None:
            continue
        near = last is not None and _small(abs(count - last), smallest)
        if _small(count, smallest) or _small(total - count, smallest) or near:
            gone.add(place)
        else:
            last = count
    return gone


def together(counts: Sequence[Sequence[float | None]], gone: list[set[int]], smallest: int) -> list[set[int]]:
    """Add to what is withheld of each group, place by place, the next smallest group where the rest would give one away."""
    for place in range(max(map(len, counts), default=0)):
        known = [group[place] or 0 for group in counts]
        for group in covered(known, {g for g, places in enumerate(gone) if place in places}, smallest):
            gone[group].add(place)
    return gone


def _blanked(column: Any, places: set[int]) -> Any:
    """Return a column of estimates, or a plain one, with places withheld."""
    if isinstance(column, Mapping):
        return {name: _blanked(values, places) for name, values in column.items()}
    return [None if i in places else v for i, v in enumerate(column)] if isinstance(column, list) else column


def _explored(tables: dict[str, Any], around: Around) -> dict[str, Any]:
    """Withhold cut-offs at which few of a group are on one side, or few lie between it and the cut-off before."""
    everywhere = len(tables.get("threshold") or ())
    groups = [dict(each) for each in tables.get("groups") or () if not around.hidden(levels_of(each))]
    dropped = len(groups) < len(tables.get("groups") or ())
    for rate in RATES:
        sizes = [each.get("scored") if rate == "selection_rate" else around.n(rate, levels_of(each)) for each in groups]
        counts = [_counted(each.get(rate), n) for each, n in zip(groups, sizes, strict=True)]
        gone = [steps(c, n or 0, around.smallest) if n else set(range(everywhere)) for c, n in zip(counts, sizes, strict=True)]
        gone = together(counts, gone, around.smallest)
        for each, places in zip(groups, gone, strict=True):
            each[rate] = _blanked(each.get(rate), places)
            if rate == "selection_rate":
                each["impact_ratio"] = _blanked(each.get("impact_ratio"), set().union(*gone))
        if rate == "selection_rate" and "groups" in tables:
            withheld = set(range(everywhere)) if dropped else set().union(*gone)
            tables |= {name: _blanked(tables.get(name), withheld) for name in ("impact_ratio", "lowest", "highest")}
    if "groups" in tables:
        tables["groups"] = [each | {"log": None} if _small_log(each, around) else each for each in groups]
    own = steps(_counted(tables.get("selection_rate"), tables.get("scored")), tables.get("scored") or 0, around.smallest)
    for name, column in tables.items():
        if isinstance(column, Mapping) and isinstance(column.get("value"), list) and name != "impact_ratio":
            tables[name] = _blanked(column, own)
    return tables


def _counted(column: Mapping[str, Any] | None, n: float | None) -> list[float | None]:
    values = (column or {}).get("value") or []
    return [None if v is None or n is None else v * n for v in values]


def _small_log(each: Mapping[str, Any], around: Around) -> bool:
    rate = ((each.get("log") or {}).get("selection_rate") or {}).get("value")
    return _small_share(each.get("scored"), rate, around.smallest)


def _quantiles(tables: dict[str, Any], figure: Figure, around: Around, siblings: Sequence[Figure]) -> dict[str, Any]:
    """Withhold shares at which few of the group, or of the comparison group, are on one side; the groups add up to the share of all."""
    held = [each for each in siblings if each.tables and each.n]
    counts = [[None if r is None else r * (each.n or 0) for r in (each.tables or {}).get("rate") or []] for each in held]
    gone = together(counts, [steps(c, each.n or 0, around.smallest) for c, each in zip(counts, held, strict=True)], around.smallest)
    own = next((places for places, each in zip(gone, held, strict=True) if each is figure), set(range(len(tables.get("shares") or ()))))
    n = around.n(figure.name, tuple(sorted((figure.reference_slice or {}).items())))
    rates = tables.get("reference_rate") or []
    own |= steps([None if r is None or n is None else r * n for r in rates], n, around.smallest) if n else set(range(len(rates)))
    return {
        name: _blanked(column, own) if isinstance(column, list) and name not in ("shares", "thresholds") else column
        for name, column in tables.items()
    }


def _options(tables: dict[str, Any], around: Around) -> dict[str, Any]:
    """Withhold groups inside every way of deciding: those that are withheld, and rates that few people make up."""

    def walked(value: Any) -> Any:
        if isinstance(value, list):
            found = [walked(each) for each in value]
            return [each for each in found if each is not None] if any(isinstance(each, Mapping) for each in value) else found
        if not isinstance(value, Mapping):
            return value
        if "slice" in value:
            levels = levels_of(value)
            n = around.n("selection_rate", levels)
            if around.hidden(levels) or _small(value.get("n"), around.smallest):
                return {"slice": value["slice"], "n": None, "reason": "suppressed"} if "reason" in value else None
            rate = value.get("selection_rate")
            known = rate.get("value") if isinstance(rate, Mapping) else rate
            if _small_share(n, known, around.smallest):
                value = {name: None if name in RATES else each for name, each in value.items()}
        return {name: walked(each) for name, each in value.items()}

    result: dict[str, Any] = walked(tables)
    common = result.get("common")
    if isinstance(common, Mapping):
        sizes = [each["n"] for each in tables.get("groups") or () if each.get("n")]
        gone = _telling(common, min(sizes, default=0), around.smallest)
        result["common"] = {name: column if name == "threshold" else _blanked(column, gone) for name, column in common.items()}
    return result


def _telling(common: Mapping[str, Any], n: int, smallest: int) -> set[int]:
    """Return the cut-offs at which gap and ratio, taken together, give the two extreme groups' rates, and these are few people."""
    gone = set()
    gaps, ratios = ((common.get(name) or {}).get("value") or [] for name in ("demographic_parity_difference", "impact_ratio"))
    for place, (gap, ratio) in enumerate(zip(gaps, ratios, strict=False)):
        if gap is None or ratio is None or ratio >= 1:
            continue
        highest = gap / (1 - ratio)
        if _small(n * highest * ratio, smallest) or _small(n * (1 - highest), smallest):
            gone.add(place)
    return gone


def _conflict(tables: dict[str, Any], around: Around) -> dict[str, Any]:
    """Withhold groups in the comparison of criteria; the two that the sentences are about decide about the whole in `suppression`."""
    groups = tables.get("groups") or []
    gone = {i for i, each in enumerate(groups) if around.hidden(tuple(sorted(each.items())))}
    return {name: _blanked(column, gone) if isinstance(column, list) and name != "groups" and len(column) == len(groups) else column
            for name, column in tables.items()}  # fmt: skip
