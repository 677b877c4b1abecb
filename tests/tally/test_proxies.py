"""Groups by feature bin come out alike on every engine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audits.probes.proxies import coarse, counted
from tests.tally.conftest import World


def test_groups_are_counted_by_bin_on_every_engine(world: World) -> None:
    found = counted(world.engine, world.log, world.bins, [0, 1])
    assert found is not None
    frame = world.predictions[world.predictions["candor:partition"] <= 1]
    sex = frame["sex"].fillna("Unknown")
    assert found.levels("sex") == ("Female", 'Ma"le', "Unknown")
    assert found.levels("age") == ("25-45", "46+", "<25")
    for name in ("x", "k"):
        cut = coarse(world.bins.by_name[name])
        assert cut.edges is not None
        place = np.where(frame[name].isna(), cut.size, np.searchsorted(cut.edges, frame[name], side="right"))
        wanted = pd.crosstab(sex, place).reindex(columns=range(cut.size + 1), fill_value=0)
        np.testing.assert_array_equal(found.table("sex", name), wanted)
    colour = frame["colour"].where(frame["colour"].isin(["red", "green", "blue"]) | frame["colour"].isna(), "(other)").fillna("missing")
    wanted = pd.crosstab(sex, colour).reindex(columns=found.bins["colour"], fill_value=0)
    np.testing.assert_array_equal(found.table("sex", "colour"), wanted)
    assert "score" not in found.bins
