"""What a leaf gives to each input on its path, for every pattern of a row: the arithmetic behind exact attributions of trees.

A leaf of value w plays the game v(S) = w Π_{i in S} c_i Π_{i not in S} b_i, with c the pattern of the explained row and b that of a
background row. Its Shapley values are integrals over the diagonal of the game's multilinear extension (Owen 1972),

    φ_i = w ∫ (c_i - b_i) Π_{j ≠ i} (t c_j + (1 - t) b_j) dt,

polynomials of degree d - 1 in t, so Gauss-Legendre with d/2 nodes is exact. The mean over the background,
T_t(c) = E Π_j (t c_j + (1 - t) b_j), is made for all 2^d patterns at once, input by input. With A = Σ_t T_t / t and B = Σ_t T_t / (1 - t),
weighted by the quadrature, φ_i(c) is A(c) - A(c without i) - B(c without i) where c_i = 1, and -B(c) where c_i = 0.

Source: G. Owen (1972), Management Science 18, 64-79; M. Grabisch and M. Roubens (1999), Int. J. of Game Theory 28, for interactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

Patterns = NDArray[Any]


@cache
def nodes(d: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, 1] that integrate polynomials up to degree d - 1 exactly.

    >>> t, weight = nodes(4)
    >>> round(float((weight * t**3).sum()), 12)
    0.25
    """
    t, weight = np.polynomial.legendre.leggauss(max((d + 1) // 2, 1))  # type: ignore[no-untyped-call]
    return (t + 1) / 2, weight / 2


def dense(frequency: Floats) -> Floats:
    """Attributions of leaves of value 1 by [leaf, player, pattern], from the background's frequencies by [leaf, pattern].

    Both leaves of a split: see `mirrored`.

    >>> dense(np.asarray([[0.25, 0.75]]))  # one player; a background row passes with chance 3/4
    array([[[-0.75,  0.25]]])
    """
    size = frequency.shape[1]
    d = size.bit_length() - 1
    if (frequency.max(axis=1) == 1).all():
        return _against_one(np.argmax(frequency, axis=1), d)
    found = np.ascontiguousarray(frequency.T)  # leaves last: what is next to each other is then treated alike
    a, b = np.zeros_like(found), np.zeros_like(found)
    for t, weight in zip(*nodes(d), strict=True):
        _gather(_transformed(found, t), t, weight, a, b)
    return np.ascontiguousarray(_given(a, b, d).transpose(2, 0, 1))


def _transformed(frequency: Floats, t: float, about: int = -1) -> Floats:
    """E Π_k (t c_k + (1 - t) b_k) for every pattern c, by [pattern, leaf]; the factor of the player it is about is c_j - b_j instead."""
    size, leaves = frequency.shape
    made = frequency.copy()
    kept = np.empty((size // 2, leaves))
    for bit in range(size.bit_length() - 1):
        cell = made.reshape(size >> (bit + 1), 2, 1 << bit, leaves)
        failing, passing, spare = cell[:, 0], cell[:, 1], kept.reshape(size >> (bit + 1), 1 << bit, leaves)
        if bit == about:
            np.negative(passing, out=spare)
            passing[:] = failing
        else:
            np.multiply(passing, 1 - t, out=spare)
            failing *= t
            passing += failing
        failing[:] = spare
    return made


def _gather(made: Floats, t: float, weight: float, a: Floats, b: Floats) -> None:
    """Add one node of the quadrature to both sums."""
    made *= weight / t
    a += made
    made *= t / (1 - t)
    b += made


def _given(a: Floats, b: Floats, d: int) -> Floats:
    """Attributions by [player, pattern, leaf] from the two sums by [pattern, leaf]."""
    size, leaves = a.shape
    found = np.empty((d, size, leaves))
    for player in range(d):
        shape = (size >> (player + 1), 2, 1 << player, leaves)
        one, other, out = a.reshape(shape), b.reshape(shape), found[player].reshape(shape)
        np.negative(other[:, 0], out=out[:, 0])
        np.subtract(one[:, 1], one[:, 0], out=out[:, 1])
        out[:, 1] -= other[:, 0]
    return found


def _against_one(background: Integers, d: int) -> Floats:
    """The same where all background rows have one pattern at each leaf: see `sparse`."""
    c: Integers = np.arange(1 << d, dtype=np.int64)
    bits = _bits(c, d)
    q = np.rint(d - bits.sum(axis=1)).astype(np.int64)
    up, down = weights(d)
    p = np.rint(d - _bits(background, d).sum(axis=1)).astype(np.int64)
    reached = (c | background[:, None]) == (1 << d) - 1
    gains, losses = up[p[:, None], q] * reached, down[p[:, None], q] * reached
    found = np.empty((len(background), d, 1 << d))
    for player in range(d):
        own = (1.0 - ((background >> player) & 1))[:, None]
        found[:, player] = np.where(bits[:, player] > 0, gains * own, -losses)
    return found


def mirrored(frequency: Floats, value: Floats, sibling: Floats) -> Floats:
    """Attributions of twigs by [twig, player, pattern]: a leaf, and its sibling whose pattern differs in the last bit (0 for none)."""
    found = dense(frequency) * value[:, None, None]
    both = np.flatnonzero(sibling != 0)
    if len(both):
        half = frequency.shape[1] // 2
        other = dense(np.roll(frequency[both], half, axis=1)) * sibling[both][:, None, None]
        found[both] += np.roll(other, half, axis=2)
    return found


def product(share: Floats) -> Floats:
    """Frequencies of patterns by [leaf, pattern] where inputs pass independently with these shares [leaf, player].

    >>> product(np.asarray([[0.5, 0.75]]))
    array([[0.125, 0.125, 0.375, 0.375]])
    """
    found = np.ones((len(share), 1))
    for player in range(share.shape[1]):
        p = share[:, [player]]
        found = np.concatenate([found * (1 - p), found * p], axis=1)
    return found


def _bits(pattern: Patterns, d: int) -> Floats:
    """Bits of patterns as 0.0 and 1.0, [pattern, player]."""
    return np.asarray((pattern.astype(np.int64)[:, None] >> np.arange(d)) & 1, dtype=np.float64)


def sparse(pattern: Patterns, background: Patterns, frequency: Floats, d: int) -> Floats:
    """Attributions of a leaf of value 1 by [player, pattern], for some patterns only and a background of some patterns.

    Every pair of patterns: those that both fail at an input give nothing; p inputs pass only for the row, q only for the background,
    each of the former gets (p - 1)! q! / (p + q)!, each of the latter - p! (q - 1)! / (p + q)! (Lundberg et al. 2020, algorithm 3).
    """
    c, b = _bits(pattern, d), _bits(background, d)
    found = np.zeros((d, len(pattern)))
    up, down = weights(d)
    step = max(1, 2_000_000 // max(len(background), 1))
    q = np.rint(d - c.sum(axis=1)).astype(np.int64)  # a background row must pass wherever the row does not
    for first in range(0, len(pattern), step):
        some = slice(first, first + step)
        ones = c[some].sum(axis=1)
        shared = c[some] @ b.T
        p = np.rint(ones[:, None] - shared).astype(np.int64)
        reached = np.rint(b.sum(axis=1)[None, :] - shared).astype(np.int64) == q[some][:, None]
        weight = np.where(reached, frequency[None, :], 0.0)
        gains, losses = weight * up[p, q[some][:, None]], weight * down[p, q[some][:, None]]
        found[:, some] = np.where(c[some] > 0, gains @ (1 - b), -losses.sum(axis=1, keepdims=True)).T
    return found


def sparse_product(pattern: Patterns, share: Floats) -> Floats:
    """Attributions of a leaf of value 1 by [player, pattern] where inputs pass independently with these shares."""
    d = len(share)
    c = _bits(pattern, d).T
    found = np.zeros((d, len(pattern)))
    for t, weight in zip(*nodes(d), strict=True):
        factor = t * c + (1 - t) * share[:, None]
        before = np.concatenate([np.ones((1, len(pattern))), np.cumprod(factor[:-1], axis=0)])
        after = np.concatenate([np.cumprod(factor[:0:-1], axis=0)[::-1], np.ones((1, len(pattern)))])
        found += weight * (c - share[:, None]) * before * after
    return found


@cache
def weights(d: int) -> tuple[Floats, Floats]:
    """What each of p inputs gains and each of q inputs loses, by [p, q].

    >>> up, down = weights(2)
    >>> float(up[1, 1]), float(down[1, 1]), float(up[2, 0])
    (0.5, 0.5, 0.5)
    """
    from math import factorial

    up, down = np.zeros((d + 1, d + 1)), np.zeros((d + 1, d + 1))
    for p in range(d + 1):
        for q in range(d + 1 - p):
            if p:
                up[p, q] = factorial(p - 1) * factorial(q) / factorial(p + q)
            if q:
                down[p, q] = factorial(p) * factorial(q - 1) / factorial(p + q)
    return up, down


def pairs(frequency: Floats, about: Sequence[int]) -> Floats:
    """Shapley interaction values of leaves of value 1 by [leaf, pair, pattern]; pairs i < j in order, both of which it is about.

    φ_ij = ∫ (c_i - b_i)(c_j - b_j) Π_{k ≠ i, j} (t c_k + (1 - t) b_k) dt.
    """
    leaves, size = frequency.shape
    d = size.bit_length() - 1
    each = np.zeros((d, d, size, leaves))
    held = np.ascontiguousarray(frequency.T)
    for j in about:  # with input j's factor replaced by its difference, what is left is a game of the others
        a, b = np.zeros_like(held), np.zeros_like(held)
        for t, weight in zip(*nodes(d - 1), strict=True):
            _gather(_transformed(held, t, j), t, weight, a, b)
        each[:, j] = _given(a, b, d)
    return np.ascontiguousarray(each[tuple(np.asarray(_named(about)).T)].transpose(2, 0, 1))


def _named(about: Sequence[int]) -> list[tuple[int, int]]:
    return [(i, j) for place, i in enumerate(about) for j in about[place + 1 :]]


def sparse_pairs(pattern: Patterns, background: Patterns, frequency: Floats, d: int, about: Sequence[int]) -> Floats:
    """The same by [pair, pattern] for some patterns of the row and of the background, as in `sparse`.

    Of p inputs that pass only for the row and q that pass only for the background, two of the former interact by
    (p - 2)! q! / (p + q - 1)!, two of the latter by p! (q - 2)! / (p + q - 1)!, one of either by - (p - 1)! (q - 1)! / (p + q - 1)!.
    """
    from math import factorial

    c, b = _bits(pattern, d), _bits(background, d)
    mine, across, theirs = (np.zeros((d + 1, d + 1)) for _ in range(3))
    for p in range(d + 1):
        for q in range(d + 1 - p):
            whole = factorial(max(p + q - 1, 0))
            mine[p, q] = factorial(p - 2) * factorial(q) / whole if p > 1 else 0.0
            across[p, q] = -factorial(p - 1) * factorial(q - 1) / whole if p and q else 0.0
            theirs[p, q] = factorial(p) * factorial(q - 2) / whole if q > 1 else 0.0
    found = []
    for row in c:
        reached = ((1 - b) * (1 - row)).sum(axis=1) == 0
        p = np.rint(((1 - b) * row).sum(axis=1)).astype(np.int64)
        q = int(np.rint(d - row.sum()))
        weight = frequency * reached
        only = (1 - b) * row
        missing = 1 - row
        both = (only * (weight * mine[p, np.minimum(q, d - p)])[:, None]).T @ only
        mixed = np.outer((only * (weight * across[p, np.minimum(q, d - p)])[:, None]).sum(axis=0), missing)
        lost = np.outer(missing, missing) * (weight * theirs[p, np.minimum(q, d - p)]).sum()
        found.append((both + mixed + mixed.T + lost)[tuple(np.asarray(_named(about)).T)])
    return np.asarray(found).reshape(len(c), -1).T
