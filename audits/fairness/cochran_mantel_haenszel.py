"""Cochran-Mantel-Haenszel: the odds ratio of selection that is left once a segment is held fixed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.estimate import Floats
from audits.evidence import YES, Evidence
from audits.fairness.compare import ONE_GROUP
from audits.fairness.strata import Tables, common_odds_ratio, conditional_independence, homogeneity
from audits.fairness.yardstick import Flags, Groups, compared_groups, of_group, selection_yardstick
from audits.finding import Measurement
from audits.interval import share, z_of

NO_ODDS = "no odds ratio: no level has both kinds of decision about the two groups"
NO_SEGMENT = "the configuration names no segment that the log has, so there is nothing to hold fixed"
ROUGH = "the p-value is rough: fewer than five decisions could have gone either way"
ENOUGH_EVENTS = 5.0


@audit(name="cochran_mantel_haenszel", unit="ratio", needs=("decision", "protected"))
def cochran_mantel_haenszel(evidence: Evidence) -> Iterator[Measurement]:
    """Odds of the favorable decision in each group over the odds in the reference group, within the levels of a segment.

    Formula
        Σ a d / N over Σ b c / N, summed over the known levels of the segment in `column` in which both groups were decided on, with a
        and b the group's favorable and other decisions, c and d the reference group's, N their sum. The reference group is that of
        `impact_ratio`. For single attributes.
    Interval and test
        Robins, Breslow and Greenland's interval; Cochran, Mantel and Haenszel's chi-squared without continuity correction (its p-value).
        `homogeneity` in the tables is Breslow and Day's test, with Tarone's correction, that all levels share the odds ratio. n is the
        group's decided rows in those levels.
    Tables
        For the whole period: the counts and the odds ratio of every level, the odds ratio without the segment (`crude`), and `opposite`,
        the number of levels whose gap has the other sign. Where that is most of them, `simpson` is true and the reason says so in words.
    When it misleads
        One number stands for all levels: where they differ (`homogeneity`), read the levels. A segment that is itself the result of
        discrimination, such as the job somebody was steered to, explains a gap away without justifying it.
    Source
        N. Mantel and W. Haenszel (1959), JNCI 22; J. Robins, N. Breslow and S. Greenland (1986), Biometrics 42; N. E. Breslow and N. E. Day
        (1980), Statistical Methods in Cancer Research I; E. H. Simpson (1951), J. R. Stat. Soc. B 13; P. J. Bickel, E. A. Hammel and
        J. W. O'Connell (1975), Science 187, for the paradox in admissions.
    """
    segments = [name for name in evidence.model.segments if any(found.attributes == (name,) for found in evidence.slices)]
    if evidence.model.task == "multiclass":
        yield _nothing("a segment is held fixed for decisions of two kinds only")
        return
    if not segments:
        yield _nothing(NO_SEGMENT)
        return
    for groups in compared_groups(evidence):
        if evidence.attributes[groups.attribute] in evidence.model.attributes and len(groups.slices):
            for segment in segments:
                yield _across(evidence, groups, segment)


def _across(evidence: Evidence, groups: Groups, segment: str) -> Measurement:
    attribute = evidence.attributes[groups.attribute]
    levels = [found for found in evidence.slices if found.attributes == (segment,)]
    known = np.asarray([place for place, found in enumerate(levels) if found.known], dtype=np.int64)
    every = evidence.groups(attribute).tolist()
    rows = np.asarray([every.index(place) for place in groups.slices.tolist()], dtype=np.int64)
    table = evidence.crossed(attribute, segment)[:, rows][:, :, known]
    hits, n = table[..., YES, :].sum(axis=-1), table[..., : YES + 1, :].sum(axis=(-2, -1))  # [window, group, level]
    reference = selection_yardstick(evidence, groups)[0]
    hits_r, n_r = (of_group(values.swapaxes(1, 2), reference[:, None].repeat(len(known), 1)).swapaxes(1, 2) for values in (hits, n))
    tables = Tables.of(hits, n, hits_r, n_r)
    value, low, high = common_odds_ratio(tables)
    statistic, p_value, carried = conditional_independence(tables)
    kept = (n.sum(axis=-1) > 0) & (np.arange(len(rows)) != reference[:, None])
    window, place = np.nonzero(kept)
    usable = np.isfinite(value[kept])
    reason = np.where(usable, np.where(carried[kept] < ENOUGH_EVENTS, ROUGH, ""), NO_ODDS).astype(object)
    names = [dict(levels[i].levels)[segment] for i in known.tolist()]
    details: dict[int, dict[str, Any]] = {}
    for i in np.flatnonzero((window == 0) & usable).tolist():
        group = int(place[i])
        one = Tables(**{name: getattr(tables, name)[0, group] for name in ("a", "b", "c", "d")})
        details[i] = {"segment": segment} | _levels(one, names) | {"chi_squared": float(statistic[0, group])}
        if details[i]["simpson"]:
            own, beside = (evidence.slices[groups.slices[g]].levels[0][1] for g in (group, int(reference[0])))
            reason[i] = paradox(own, beside, segment, one, details[i]["opposite"])
    found = measurement(
        "cochran_mantel_haenszel", "ratio", value=value[kept], low=low[kept], high=high[kept],
        n=np.where((n > 0) & (n_r > 0), n, 0.0).sum(axis=-1)[kept], method="mantel-haenszel", window=window, slice=groups.slices[place],
        reference_slice=np.where(reference < 0, -1, groups.slices[reference])[window], attribute=groups.attribute,
        column=evidence.topics.index(segment), p_value=np.where(np.isfinite(value), p_value, np.nan)[kept], reason=reason, tables=details,
    )  # fmt: skip
    return found if len(found) else _nothing(ONE_GROUP, groups.attribute, evidence.topics.index(segment))


def _levels(one: Tables, names: list[str]) -> dict[str, Any]:
    """What the strata of one group say, as named numbers."""
    both = one.size > 0
    a, b, c, d = one.a[both], one.b[both], one.c[both], one.d[both]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = a * d / (b * c)
        half = z_of() * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        crude, width = _crude(one)
    finite = np.isfinite(half) & np.isfinite(ratio)
    statistic, free, p_value = homogeneity(one, common_odds_ratio(one)[0])
    gaps = share(a, a + b) - share(c, c + d)
    overall = share(a.sum(), (a + b).sum()) - share(c.sum(), (c + d).sum())
    opposite = int((gaps * overall < 0).sum())
    return {
        "levels": [name for name, kept in zip(names, both.tolist(), strict=True) if kept],
        "selected": _whole(a), "decided": _whole(a + b), "reference_selected": _whole(c), "reference_decided": _whole(c + d),
        "odds_ratio": _or_none(ratio, finite), "low": _or_none(ratio * np.exp(-half), finite),
        "high": _or_none(ratio * np.exp(half), finite),
        "crude": {"odds_ratio": crude, "low": crude * math.exp(-width), "high": crude * math.exp(width)} if math.isfinite(width) else None,
        "homogeneity": {"statistic": float(statistic), "df": int(free), "p_value": float(p_value)} if math.isfinite(statistic) else None,
        "opposite": opposite, "simpson": opposite > len(gaps) / 2,
    }  # fmt: skip


def paradox(group: str, reference: str, segment: str, one: Tables, opposite: int) -> str:
    """Simpson's paradox in words.

    >>> one = Tables.of(np.array([8.0, 18.0]), np.array([10.0, 90.0]), np.array([63.0, 1.0]), np.array([90.0, 10.0]))
    >>> paradox("Female", "Male", "department", one, 2)[:99]
    'Simpson’s paradox: in all, Female got the favorable decision 38.0 points less often than Male (26.0'
    """
    both = one.size > 0
    own, beside = (share(hits[both].sum(), (hits + rest)[both].sum()) for hits, rest in ((one.a, one.b), (one.c, one.d)))
    points = 100 * (float(own) - float(beside))
    less, more = ("less", "more") if points < 0 else ("more", "less")
    return (
        f"Simpson’s paradox: in all, {group} got the favorable decision {abs(points):.1f} points {less} often than {reference} "
        f"({100 * float(own):.1f} % against {100 * float(beside):.1f} %), but within {opposite} of {int(both.sum())} levels of {segment} "
        f"{more} often: the gap in all comes from who is in which level"
    )


def _crude(one: Tables) -> tuple[float, float]:
    """The odds ratio of all strata put together, and half the width of its logarithm's interval."""
    a, b, c, d = (float(values.sum()) for values in (one.a, one.b, one.c, one.d))
    if not min(a, b, c, d):
        return math.nan, math.nan
    return a * d / (b * c), z_of() * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _whole(values: Floats) -> list[int]:
    return [int(value) for value in np.rint(values)]


def _or_none(values: Floats, known: Flags) -> list[float | None]:
    return [value if kept else None for value, kept in zip(values.tolist(), known.tolist(), strict=True)]


def _nothing(reason: str, attribute: int = -1, column: int = -1) -> Measurement:
    empty = np.full(1, np.nan)
    return measurement(
        "cochran_mantel_haenszel", "ratio", value=empty, low=empty, high=empty, n=np.zeros(1), method="", attribute=attribute,
        column=column, reason=reason,
    )  # fmt: skip
