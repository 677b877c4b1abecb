"""Candidates for weak spots over features: a lattice of one and two conditions, and the nodes of shallow trees, on one half of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.conditions import MISSING, Condition, Cut, mask
from audits.weak_spots.search import MIN_N, Cells, Flags, Sums, own_account

Conjunction = tuple[Condition, ...]
MOST_PAIRED = 500
"""Single conditions that are crossed with each other, at most: the surest."""

POOL, POLISHED, CHOSEN = 60, 30, 12
"""Candidates looked at closely, those whose cuts are moved about, and those that are chosen, at most."""

ALIKE = 0.8
"""Two candidates that share this part of the rows of either are one."""

SURE, NEEDED = 2.5, 2.5
"""z of a candidate, at least, and z of its excess over what each of its conditions leaves out: below it the condition is dropped."""

LARGEST = 0.5
"""A slice holds at most this part of the rows: of a larger one the rest is the better spot."""

TREES, DEPTH, LEAF = 4, 3, 0.005


@dataclass(frozen=True, kw_only=True)
class Half:
    """Rows to search: the codes of every column, the measure of each row, and the rows' groups where they are not independent."""

    codes: Mapping[str, Integers]
    x: Floats

    def sureness(self, n: Floats, total: Floats) -> Floats:
        """z of the excess of slices with these sums; -inf for those too small or too large."""
        size, all_ = len(self.x), self.x.sum()
        variance = max(float((self.x**2).mean() - self.x.mean() ** 2), 1e-300)
        fits = (n >= MIN_N) & (size - n >= MIN_N) & (n <= LARGEST * size)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (total - n * all_ / size) / np.sqrt(variance * n * (size - n) / size)
        return np.where(fits, z, -np.inf)

    def of(self, held: Flags) -> float:
        """z of one slice."""
        return float(self.sureness(np.asarray([held.sum()], dtype=np.float64), np.asarray([self.x[held].sum()]))[0])


def candidates(half: Half, cut: Sequence[Cut]) -> tuple[list[Conjunction], list[int], int]:
    """The slices to be tested on the other half, the set that each belongs to, and how many slices were looked at.

    A set is a chosen slice and what it is with fewer conditions: a condition that was added by chance loses on the other half.
    """
    single = [one for column in cut for one in literals(column, half.codes[column.column])]
    lattice, looked = _lattice(half, single)
    grown = list(_trees(half, cut))
    size = {column.column: column.size for column in cut}
    distinct = _distinct(half, dict.fromkeys([*lattice, *grown]), POOL)
    polished = [_needed(half, _polished(half, found, size)) for found in distinct[:POLISHED]] + distinct[POLISHED:]
    distinct = [found for found in _distinct(half, dict.fromkeys(polished), POOL) if half.of(mask(half.codes, found)) >= SURE]
    if not distinct:
        return [], [], looked + len(grown)
    from scipy.special import ndtr

    member = np.stack([mask(half.codes, found) for found in distinct])
    p_value = np.asarray(2 * ndtr(-np.asarray([half.of(held) for held in member])), dtype=np.float64)
    table = Cells(member=member, sums=Sums(n=np.ones(len(half.x)), total=half.x, squared=half.x**2))
    chosen = [distinct[i] for i in own_account(table, p_value, np.ones(len(distinct)), tests=len(distinct), most=CHOSEN).tolist()]
    sets = {found: number for number, found in enumerate(chosen)}
    for number, found in enumerate(chosen):
        for part in (part for length in range(len(found) - 1, 0, -1) for part in combinations(found, length)):
            if half.of(mask(half.codes, part)) >= SURE:
                sets.setdefault(part, number)
    return list(sets), list(sets.values()), looked + len(grown)


def literals(cut: Cut, codes: Integers) -> Iterator[Condition]:
    """Conditions on one column: below and above each tenth, the middle fifths, each of a few values or levels, and missing."""
    name, size = cut.column, cut.size
    if (codes == MISSING).any():
        yield Condition(name, MISSING, MISSING)
    if cut.edges is None or size <= 6:
        yield from (Condition(name, code, code) for code in range(size))
    if cut.edges is None:
        return
    step = 1 if size <= 10 else 2
    for code in range(step - 1, size - 1, step):
        yield Condition(name, 0, code)
        yield Condition(name, code + 1, size - 1)
    if size > 6:
        fifths = np.unique(np.linspace(0, size, 6).astype(np.int64))
        yield from (Condition(name, int(a), int(b) - 1) for a, b in pairwise(fifths[1:-1]))


def _lattice(half: Half, single: Sequence[Condition]) -> tuple[list[Conjunction], int]:
    """The surest single conditions and pairs of them, and how many there are."""
    if not single:
        return [], 0
    held = np.stack([mask(half.codes, (one,)) for one in single])
    n, total = held.sum(axis=1).astype(np.float64), held @ half.x
    alone = half.sureness(n, total)
    found: list[Conjunction] = [(single[i],) for i in np.argsort(-alone)[:POOL].tolist()]
    usable = np.flatnonzero(n >= MIN_N)
    usable = usable[np.argsort(-alone[usable], kind="stable")[:MOST_PAIRED]]
    crossed = held[usable].astype(np.float32)
    number = {name: i for i, name in enumerate(dict.fromkeys(one.column for one in single))}
    columns = np.asarray([number[single[i].column] for i in usable.tolist()], dtype=np.int64)
    n_both = (crossed @ crossed.T).astype(np.float64)
    total_both = ((crossed * half.x.astype(np.float32)) @ crossed.T).astype(np.float64)
    z = half.sureness(n_both, total_both)
    z[columns[:, None] == columns[None, :]] = -np.inf
    z[np.tril_indices(len(usable))] = -np.inf
    best = np.argsort(-z, axis=None, kind="stable")[: 3 * POOL]
    first, second = np.unravel_index(best, z.shape)
    pairs = zip(usable[first].tolist(), usable[second].tolist(), strict=True)
    found += [tuple(sorted((single[a], single[b]))) for a, b in pairs]
    return found, len(single) + int(np.isfinite(z).sum())


def _trees(half: Half, cut: Sequence[Cut]) -> Iterator[Conjunction]:
    """All nodes of a few shallow trees; each next tree does without the columns that the ones before were split by first."""
    from sklearn.tree import DecisionTreeRegressor

    left = list(cut)
    for _ in range(TREES):
        parts = [part for column in left for part in _inputs(half, column)]
        if not parts:
            return
        matrix = np.column_stack([values for _, _, values in parts]).astype(np.float32)
        leaf = max(MIN_N, int(LEAF * len(half.x)))
        tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=leaf, random_state=0).fit(matrix, half.x).tree_
        if tree.feature[0] < 0:
            return
        lowest = {column.column: int(half.codes[column.column].min()) for column in left}
        yield from _nodes(tree, parts, lowest)
        left = [column for column in left if column.column != parts[tree.feature[0]][0].column]


def _inputs(half: Half, column: Cut) -> Iterator[tuple[Cut, int, Integers]]:
    """A numeric column as its codes (level -2), another as one flag a level."""
    codes = half.codes[column.column]
    if column.edges is not None:
        yield column, -2, codes
    else:
        yield from ((column, code, (codes == code).astype(np.int64)) for code in range(MISSING, column.size) if (codes == code).any())


def _nodes(tree: object, parts: Sequence[tuple[Cut, int, Integers]], lowest: Mapping[str, int]) -> Iterator[Conjunction]:
    """The conditions that lead to each node below the root; `lowest` says by column whether values are missing."""
    feature, threshold = tree.feature, tree.threshold  # type: ignore[attr-defined]
    children = (tree.children_left, tree.children_right)  # type: ignore[attr-defined]
    waiting: list[tuple[int, dict[str, tuple[int, int]], tuple[Condition, ...]]] = [(0, {}, ())]
    while waiting:
        node, ranges, flags = waiting.pop()
        conditions = [Condition(name, first, last) for name, (first, last) in ranges.items()]
        if node:
            yield tuple(sorted((*conditions, *flags)))
        if feature[node] < 0:
            continue
        column, code, _ = parts[feature[node]]
        for side, child in enumerate(children):
            if code == -2:
                first, last = ranges.get(column.column, (min(lowest[column.column], 0), column.size - 1))
                split = int(np.floor(threshold[node]))
                narrowed = (first, min(last, split)) if side == 0 else (max(first, split + 1), last)
                waiting.append((int(child[node]), {**ranges, column.column: narrowed}, flags))
            else:
                flag = Condition(column.column, code, code, other=side == 0)
                waiting.append((int(child[node]), ranges, (*flags, flag)))


def _polished(half: Half, found: Conjunction, size: Mapping[str, int]) -> Conjunction:
    """The conjunction with its cuts moved, or one condition left out, as long as that makes it surer."""
    best = half.of(mask(half.codes, found))
    for _ in range(4):
        tries = [*_moved(found, size), *((found[:i] + found[i + 1 :]) for i in range(len(found)) if len(found) > 1)]
        z = [half.of(mask(half.codes, each)) for each in tries]
        if not tries or max(z) <= best:
            break
        best, found = max(z), tries[int(np.argmax(z))]
    return found


def _needed(half: Half, found: Conjunction) -> Conjunction:
    """The conjunction without conditions whose absence makes no clear difference."""
    while len(found) > 1:
        rest = [found[:i] + found[i + 1 :] for i in range(len(found))]
        inner = mask(half.codes, found)
        z = [_contrast(half, inner, mask(half.codes, part) & ~inner) for part in rest]
        if min(z) >= NEEDED:
            break
        found = rest[int(np.argmin(z))]
    return found


def _contrast(half: Half, one: Flags, other: Flags) -> float:
    """z of the mean of some rows minus that of others."""
    inside, outside = half.x[one], half.x[other]
    if not len(inside) or not len(outside):
        return 0.0
    spread = float(np.concatenate([inside, outside]).var()) * (1 / len(inside) + 1 / len(outside))
    return float((inside.mean() - outside.mean()) / np.sqrt(spread)) if spread > 0 else 0.0


def _moved(found: Conjunction, size: Mapping[str, int]) -> Iterator[Conjunction]:
    for i, one in enumerate(found):
        if one.other or one.last == MISSING or one.last - one.first == size[one.column] - 1:
            continue
        for down, up in product((-2, -1, 0, 1, 2), repeat=2):
            first = one.first if one.first <= 0 else one.first + down
            last = one.last if one.last == size[one.column] - 1 else one.last + up
            if (first, last) != (one.first, one.last) and max(first, 0) <= last < size[one.column] and (first > 0 or one.first <= 0):
                yield (*found[:i], Condition(one.column, first, last), *found[i + 1 :])


def _distinct(half: Half, found: Iterable[Conjunction], most: int) -> list[Conjunction]:
    """Candidates, surest first, without those that are nearly the same as a surer one."""
    held = {one: mask(half.codes, one) for one in found}
    sure = {one: half.of(rows) for one, rows in held.items()}
    kept: list[Conjunction] = []
    for one in sorted(held, key=lambda each: (-sure[each], len(each), each)):
        if np.isfinite(sure[one]) and not any(_alike(held[one], held[other]) for other in kept):
            kept.append(one)
            if len(kept) >= most:
                break
    return kept


def _alike(rows: Flags, other: Flags) -> bool:
    shared = int((rows & other).sum())
    return shared > ALIKE * (int(rows.sum()) + int(other.sum()) - shared)
