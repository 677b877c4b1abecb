"""The audit `partial_dependence`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.explanations.effect_curves import PROBE, ranges
from audits.finding import Measurement


@audit(name="partial_dependence", unit="score", tasks=EVERY_TASK, units="own", probe=PROBE)
def partial_dependence(evidence: Evidence) -> Iterator[Measurement]:
    """How far the mean answer moves when every row is given one value of a column after the other, and all else is kept.

    Formula
        PD(v) = mean over rows of f(v, the row's other columns); the figure is max PD - min PD. v runs over 20 quantiles of the logged
        values between the 1st and the 99th percentile (every value where there are fewer), or over the 20 most frequent levels. f is the
        probability of the positive outcome, of the favorable class among several, or the number of a regression.
    Tables
        `at`, `mean`, `low`, `high`: the curve, Student's t over rows. `ice_p10`, `ice_p50`, `ice_p90`: quantiles over rows of each row's
        own curve (ICE) less its first point; where they run apart, the column acts differently in different rows. `share`: rows near each
        point.
    Interval
        Student's t of the difference between the curve's highest and lowest point, row by row; that the two points were picked is not
        accounted for, so that a flat curve's figure is a little above 0. n is the rows that the model answered at every value; one row a
        unit where the log names one. Work stops after 30 seconds: inputs that were not reached have no figure, but that reason.
    When it misleads
        Where columns go together: rows are asked about combinations that nobody has, and f is made up there. Compare
        `accumulated_local_effects`, which stays among the rows that are there. A flat mean may hide curves that run against each other:
        look at the ICE quantiles. It says what the model does, never what a change would do to people.
    Source
        J. Friedman (2001), Annals of Statistics 29; A. Goldstein et al. (2015), Journal of Computational and Graphical Statistics 24, for
        ICE.

    >>> import numpy as np
    >>> f = lambda x, z: x * z  # of two rows with z = 1 and z = 3, x set to 0, 1 and 2
    >>> [float(np.mean([f(x, z) for z in (1, 3)])) for x in (0, 1, 2)]
    [0.0, 2.0, 4.0]
    """
    yield from ranges(evidence, "partial_dependence", "partial")
