"""What the searches share: excess, residuals within strata, q-values of the kept, and cells that no tally holds together."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import proportions_ztest

from audits.slices import Slice
from audits.weak_spots.lattice import inflation
from audits.weak_spots.overlap import Overlap
from audits.weak_spots.search import Cells, Sums, of_all, residual, search


def errors(hits, n):
    """Sums of errors."""
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    return Sums(n=n, total=hits, squared=hits)


def test_one_stratum_is_the_pooled_z_test():
    table = Cells(member=np.asarray([[True, False]]), sums=errors([30, 40], [100, 300]))
    z, _ = proportions_ztest([30, 40], [100, 300])
    assert residual(table, 0, np.zeros(2, dtype=int)) == pytest.approx(z, rel=1e-12)


def test_strata_are_cochran_mantel_haenszel():
    # Two strata of a slice inside and outside another: statsmodels divides each variance by n - 1 instead of n.
    table = Cells(member=np.asarray([[True, False, True, False]]), sums=errors([300, 400, 500, 500], [1000, 3000, 1000, 1500]))
    found = residual(table, 0, np.asarray([0, 0, 1, 1]))
    strata = StratifiedTable([np.asarray([[300, 700], [400, 2600]]), np.asarray([[500, 500], [500, 1000]])])
    assert found**2 == pytest.approx(strata.test_null_odds(correction=False).statistic, rel=1e-3)


def test_simpson_a_slice_that_is_bad_through_another_only():
    # Slice 0 errs at 50 % inside slice 1 and at 10 % outside, as everybody does there; it is merely more often inside.
    member = np.asarray([[True, False, True, False], [True, True, False, False]])
    sums = errors([400, 100, 20, 80], [800, 200, 200, 800])
    table = Cells(member=member, sums=sums)
    inside = sums.each(lambda x: member @ x)
    found = search(inside, sums.each(lambda x: x.sum()), lambda some: Cells(member=member[some], sums=sums), "error_rate")
    assert residual(table, 0, np.zeros(4, dtype=int)) > 10
    assert residual(table, 0, np.asarray([1, 1, 0, 0])) == pytest.approx(0, abs=1e-9)
    assert found.slices.tolist() == [1]
    assert found.explains[0].tolist() == [0]


def test_shadows_do_not_count_as_discoveries():
    # 0.01 of 20 tests would pass beside nineteen discoveries (Benjamini-Hochberg), and does not beside none.
    assert of_all(np.asarray([0.01]), 20) == pytest.approx([0.2])
    assert of_all(np.asarray([0.002, 1e-9, 0.004]), 20) == pytest.approx([0.02, 2e-8, 0.08 / 3])


def test_copies_of_a_row_inflate_the_variance_by_their_number():
    # Every unit group holds each row five times: the jackknife variance is five times that of as many single rows, about.
    draw = np.random.default_rng(1)
    n = np.full((32, 1), 50.0)
    hits = draw.binomial(10, 0.3, (32, 1)) * 5.0
    everybody = errors(hits[:, 0] + draw.binomial(10, 0.3, 32) * 5.0, n[:, 0] * 2)
    assert inflation(errors(hits, n), everybody)[0] == pytest.approx(5, rel=0.5)
    single = draw.binomial(50, 0.3, (32, 1)) * 1.0
    everybody = errors(single[:, 0] + draw.binomial(50, 0.3, 32), n[:, 0] * 2)
    assert inflation(errors(single, n), everybody)[0] < 2


def test_one_group_of_units_cannot_be_left_out():
    assert inflation(errors([[5.0]], [[10.0]]), errors([8.0], [30.0])).tolist() == [1.0]


def cells(**counts):
    """Slices and error sums of a table, by text such as race_A__sex_F=(errors, n)."""
    held = tuple(Slice.of([part.split("_") for part in text.split("__")]) for text in counts)
    return held, errors([hits for hits, _ in counts.values()], [n for _, n in counts.values()])


def test_fitted_cells_keep_every_table_held():
    both = cells(race_A__sex_F=(10, 100), race_A__sex_M=(10, 100), race_B__sex_F=(60, 200), race_B__sex_M=(20, 200))
    race = cells(race_A__region_n=(12, 150), race_A__region_s=(8, 50), race_B__region_n=(50, 300), race_B__region_s=(30, 100))
    sex = cells(sex_F__region_n=(45, 220), sex_F__region_s=(25, 80), sex_M__region_n=(17, 230), sex_M__region_s=(13, 70))
    wanted = [*both[0], *race[0], *sex[0]]
    table = Overlap(families=(both, race, sex)).cells(wanted)
    for name in ("n", "total"):
        held = np.concatenate([getattr(part, name) for _, part in (both, race, sex)])
        np.testing.assert_allclose(table.member @ getattr(table.sums, name), held, rtol=1e-4)


def test_without_overlap_between_tables_cells_are_spread_alike():
    # Region is as frequent in every intersection: n(A, F, north) = 100 x 1/2.
    both = cells(race_A__sex_F=(10, 100), race_A__sex_M=(10, 60), race_B__sex_F=(10, 40), race_B__sex_M=(10, 200))
    race = cells(race_A__region_n=(10, 80), race_A__region_s=(10, 80), race_B__region_n=(10, 120), race_B__region_s=(10, 120))
    table = Overlap(families=(both, race)).cells([Slice.of({"race": "A", "sex": "F", "region": "n"})])
    assert (table.member @ table.sums.n)[0] == pytest.approx(50)
